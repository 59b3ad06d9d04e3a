//===- TiledAttention.cpp - Attention by warps that share tiles -----------===//

#include "TiledAttention.h"

#include <numeric>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

TiledPlan::TiledPlan(const FlashOp &op)
    : width(cast<MemRefType>(op.q.getType()).getDimSize(3)),
      valueWidth(cast<MemRefType>(op.v.getType()).getDimSize(3)) {
  constexpr int64_t kMostRows = 128;
  int64_t widest = std::max(width, valueWidth);
  // A thread has the queries (D / 4 registers), the outputs (Dv / 2) and, of a
  // tile, scores and weights (3/4 of its keys).
  tileKeys = widest <= 128 ? 64 : widest <= 192 ? 32 : 16;
  blocks = 1; // two would leave 128 registers, too few for lists and regions
  int64_t rows = op.isSparse ? std::gcd(op.blockRows, kMostRows) : kMostRows;
  warps = rows / WarpAttention::kRows;
  partKeys = op.isSparse ? std::gcd(op.blockKeys, tileKeys) : tileKeys;
}

TiledAttention::TiledAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const WarpArguments &args,
                               ValueRange captures, Value shared)
    : WarpAttention(b, op, args, captures, shared, plan.tileKeys / plan.partKeys, plan.partKeys), plan(plan) {}

void TiledAttention::build() {
  findPlace();
  KeyWalk::Span span = op.isSparse ? keyWalk.listed(batch, head, args.heads, b.div(firstRow, op.blockRows))
                                   : keyWalk.visible(firstRow, b.min(place.lastRow, b.sub(args.rows, 1)));
  finish(visit(span));
}

/// The last rows first: they see most keys under a causal mask.
void TiledAttention::findPlace() {
  head = b.create<NVVM::BlockIdYOp>(b.getI32Type());
  batch = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  firstRow = b.mul(b.sub(b.sub(b.gridSize(), 1), b.blockId()), plan.rows());
  place.partKeys = partKeys;
  place.firstRow = firstRow;
  place.lastRow = b.add(firstRow, plan.rows() - 1);
  place.column = b.shiftLeft(b.bitAnd(lane, 3), 1);
  place.batch = batch;
  for (int64_t r = 0; r < 2; ++r) {
    place.row[r] = b.add(b.add(firstRow, b.mul(warp, kRows)), b.add(b.shiftRight(lane, 2), 8 * r));
    place.head[r] = head;
  }
}

TiledAttention::State TiledAttention::visit(const KeyWalk::Span &span) {
  Value kvHead = b.div(head, args.kvShare), zero = b.i32(0);
  Value keys = address(args.k, batch, kvHead), values = address(args.v, batch, kvHead);
  auto slotOf = [&](Value t) { return b.add(shared, b.mul(b.bitAnd(t, 1), plan.tileBytes())); };
  auto start = [&](Value t, ValueRange firstKeys) {
    b.when(b.less(t, span.count), [&] {
      Value slot = slotOf(t);
      copyRows(slot, keys, args.k.row, firstKeys, width, plan.threads(), thread);
      copyRows(b.add(slot, plan.keyBytes()), values, args.v.row, firstKeys, valueWidth, plan.threads(), thread);
    });
    b.commitCopies();
  };

  start(zero, keyWalk.firstKeys(span, zero));
  Value queries[2], isInside[2], base = address(args.q, batch, head);
  for (int64_t r = 0; r < 2; ++r) {
    queries[r] = b.add(base, b.mul(b.mul(b.extend(place.row[r]), args.q.row), b.i64(2)));
    isInside[r] = b.less(place.row[r], args.rows);
  }
  Values left = loadQueries(queries, isInside);

  // Carried: the keys of the tile to start next, looked up one step before.
  Values carried = keyWalk.firstKeys(span, b.i32(1));
  llvm::append_range(carried, empty().flatten());
  Values last = b.loop(zero, span.count, carried, [&](Value t, ValueRange given) -> Values {
    State state = State::unflatten(given.drop_front(parts));
    b.waitCopies(0);
    b.syncBlock(); // all threads' copies are here, and all have read the tile before
    start(b.add(t, 1), given.take_front(parts));
    Values next = keyWalk.firstKeys(span, b.add(t, 2));
    place.firstKeys = keyWalk.firstKeys(span, t);
    Value tile = slotOf(t);
    Values scores = scoreTile.modify(score(left, tile), place);
    update(state, scores, b.add(tile, plan.keyBytes()));
    llvm::append_range(next, state.flatten());
    return next;
  });
  return State::unflatten(ValueRange(last).drop_front(parts));
}

/// O / l; lse; kept: 1, or 0 where a row saw nothing.
void TiledAttention::finish(const State &state) {
  Value zero = b.f32(0.0), base = address(args.o, batch, head);
  int64_t bytes = output.getWidth() / 8;
  for (int64_t r = 0; r < 2; ++r) {
    Value sum = scoreTile.sumOfRow(state.l[r]), row = place.row[r];
    Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
    Value factor = b.select(isEmpty, zero, b.reciprocal(sum));
    b.when(b.less(row, args.rows), [&] {
      Value first = b.add(b.mul(b.extend(row), args.o.row), b.extend(place.column));
      Value at = b.add(base, b.mul(first, b.i64(bytes)));
      for (int64_t c = 0; c < valueWidth / 8; ++c)
        storePair(b.mulf(state.o[4 * c + 2 * r], factor), b.mulf(state.o[4 * c + 2 * r + 1], factor),
                  b.add(at, b.i64(8 * c * bytes)));
      if (!args.lse && !args.kept)
        return;
      b.when(b.equal(place.column, 0), [&] {
        Value number = b.add(b.mul(batch, args.heads), head);
        Value at = b.add(b.mul(b.extend(number), b.extend(args.rows)), b.extend(row));
        if (args.lse)
          b.store(scoreTile.logSumExp(state.m[r], sum), args.lse, at);
        if (args.kept)
          b.store(b.select(isEmpty, zero, b.f32(1.0)), args.kept, at);
      });
    });
  }
}
