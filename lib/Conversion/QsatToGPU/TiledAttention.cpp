//===- TiledAttention.cpp - Attention by products of warps ----------------===//

#include "TiledAttention.h"

using namespace mlir;
using namespace qsat;

void TiledAttention::build() {
  findPlaces();
  KeyWalk::Span span = op.isSparse ? keyWalk.listed(batch, head, args.heads, b.div(firstRow, op.blockRows))
                                   : keyWalk.visible(firstRow, b.min(lastRow, b.sub(args.rows, 1)));
  Value base = address(args.q, batch, head);
  auto firstKeys = [&](Value t) { return keyWalk.firstKeys(span, t); };
  auto queryRow = [&](Value inBlock) -> QueryRow {
    Value row = b.add(firstRow, inBlock);
    return {b.add(base, b.mul(b.mul(b.extend(row), args.q.row), b.i64(2))), b.less(row, args.rows)};
  };
  SmallVector<State> states = visit(b.div(head, args.kvShare), span.count, firstKeys, queryRow, places);
  for (auto [state, place] : llvm::zip_equal(states, places))
    finish(state, place);
}

/// The last rows first: they see most keys under a causal mask.
void TiledAttention::findPlaces() {
  head = b.create<NVVM::BlockIdYOp>(b.getI32Type());
  batch = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  firstRow = b.mul(b.sub(b.sub(b.gridSize(), 1), b.blockId()), plan.rows());
  lastRow = b.add(firstRow, plan.rows() - 1);
  for (int64_t g = 0; g < plan.groups; ++g) {
    ScoreTile::Place place = placeInBlock(firstRow, lastRow);
    for (int64_t r = 0; r < 2; ++r) {
      place.row[r] = b.add(firstRow, rowInBlock(g, r));
      place.head[r] = head;
    }
    places.push_back(place);
  }
}

/// O / l; lse; kept: 1, or 0 where a row saw nothing.
void TiledAttention::finish(const State &state, const ScoreTile::Place &place) {
  Value zero = b.f32(0.0), base = address(args.o, batch, head);
  int64_t bytes = output.getWidth() / 8;
  for (int64_t r = 0; r < 2; ++r) {
    Value sum = scoreTile.sumOfRow(state.l[r]), row = place.row[r];
    b.when(b.less(row, args.rows), [&] {
      Value first = b.add(b.mul(b.extend(row), args.o.row), b.extend(place.column));
      storeRow(state, r, sum, b.add(base, b.mul(first, b.i64(bytes))));
      if (!args.lse && !args.kept)
        return;
      b.when(b.equal(place.column, 0), [&] {
        Value number = b.add(b.mul(batch, args.heads), head);
        Value at = b.add(b.mul(b.extend(number), b.extend(args.rows)), b.extend(row));
        if (args.lse)
          b.store(scoreTile.logSumExp(state.m[r], sum), args.lse, at);
        if (args.kept)
          b.store(b.select(b.cmpf(arith::CmpFPredicate::OEQ, sum, zero), zero, b.f32(1.0)), args.kept, at);
      });
    });
  }
}
