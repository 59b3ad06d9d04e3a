//===- SharedTiles.cpp - Attention by warps that share tiles --------------===//

#include "SharedTiles.h"

#include <numeric>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Of 16 rows each, whose sums two groups of a warp have registers for: the keys of a
/// tile, found by what ptxas says; 0: none. Lists, regions and windows need some
/// themselves, as do drawn rows, and copies of rows that threads do not divide.
static int64_t keysOfPairs(const FlashOp &op, int64_t width, int64_t valueWidth) {
  int64_t widest = std::max(width, valueWidth);
  if (widest > 128 || op.isSparse || op.region)
    return 0;
  bool isPlain = hasHighBound(op) && !hasLowBound(op) && !isa<AuditOp>(op.op) && width == 128 && valueWidth == 128;
  return widest <= 64 ? 64 : isPlain ? 48 : 32;
}

TiledPlan::TiledPlan(const FlashOp &op, const GPUTarget &target)
    : width(cast<MemRefType>(op.q.getType()).getDimSize(3)),
      valueWidth(cast<MemRefType>(op.v.getType()).getDimSize(3)) {
  constexpr int64_t kMostRows = 128, kReserved = 1024; // bytes of each block, by the device
  int64_t widest = std::max(width, valueWidth), ofBlock = op.isSparse ? std::gcd(op.blockRows, kMostRows) : kMostRows;
  // A thread has the outputs (Dv / 2 registers) and, of a tile, scores and weights
  // (3/4 of its keys) of each group; of a single one also the queries (D / 4).
  auto divide = [&](int64_t groupsOfWarp, int64_t keys) {
    groups = groupsOfWarp;
    warps = ofBlock / (WarpAttention::kRows * groups);
    tileKeys = keys;
  };
  // Two blocks on a multiprocessor, if they fit: one computes while the other waits.
  auto fitsTwice = [&] { return 2 * (sharedBytes() + kReserved) <= target.sharedBytes + kReserved; };
  int64_t keys = keysOfPairs(op, width, valueWidth);
  divide(2, keys);
  for (; keys > 32 && !fitsTwice(); divide(2, keys))
    keys -= 16;
  // Of twice as many warps two blocks would leave 128 registers to a thread.
  if (keys == 0 || !fitsTwice())
    divide(1, widest <= 128 ? 64 : widest <= 192 ? 32 : 16);
  blocks = groups;
  partKeys = op.isSparse ? std::gcd(op.blockKeys, tileKeys) : tileKeys;
}

SharedTiles::SharedTiles(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const WarpArguments &args,
                         ValueRange captures, Value shared)
    : WarpAttention(b, op, args, captures, shared, plan.tileKeys / plan.partKeys, plan.partKeys), plan(plan) {}

Value SharedTiles::rowInBlock(int64_t group, int64_t r) {
  Value ofWarp = b.mul(warp, kRows * plan.groups);
  return b.add(ofWarp, b.add(b.shiftRight(lane, 2), kRows * group + 8 * r));
}

ScoreTile::Place SharedTiles::placeInBlock(Value firstRow, Value lastRow) {
  ScoreTile::Place place;
  place.partKeys = partKeys;
  place.firstRow = firstRow;
  place.lastRow = lastRow;
  place.column = b.shiftLeft(b.bitAnd(lane, 3), 1);
  place.batch = batch;
  return place;
}

/// Starts copies of the block's queries, 16 bytes at a time, behind the tiles.
void SharedTiles::copyQueries(QueryRows queryRows) {
  constexpr int64_t kBytes = 16;
  int64_t perRow = 2 * width / kBytes, pieces = plan.rows() * perRow;
  for (int64_t first = 0; first < pieces; first += plan.threads()) {
    Value piece = b.add(thread, first), row = b.div(piece, perRow), column = b.mul(b.rem(piece, perRow), kBytes);
    QueryRow source = queryRows(row);
    b.copyAsync(b.add(b.add(shared, plan.queries()), b.add(b.mul(row, pitch(width)), column)),
                b.add(source.address, b.extend(column)), source.isInside);
  }
}

/// What a warp has in registers of its only group.
Values SharedTiles::loadQueries(QueryRows queryRows) {
  QueryRow rows[] = {queryRows(rowInBlock(0, 0)), queryRows(rowInBlock(0, 1))};
  return WarpAttention::loadQueries({rows[0].address, rows[1].address}, {rows[0].isInside, rows[1].isInside});
}

SmallVector<SharedTiles::State> SharedTiles::visit(Value kvHead, Value count, FirstKeys firstKeys, QueryRows queryRows,
                                                   MutableArrayRef<ScoreTile::Place> places) {
  Value zero = b.i32(0), keys = address(args.k, batch, kvHead), values = address(args.v, batch, kvHead);
  auto slotOf = [&](Value t) { return b.add(shared, b.mul(b.bitAnd(t, 1), plan.tileBytes())); };
  auto start = [&](Value t, ValueRange firstKeys) {
    b.when(b.less(t, count), [&] {
      Value slot = slotOf(t);
      copyRows(slot, keys, args.k.row, firstKeys, width, plan.threads(), thread);
      copyRows(b.add(slot, plan.keyBytes()), values, args.v.row, firstKeys, valueWidth, plan.threads(), thread);
    });
    b.commitCopies();
  };
  auto flatten = [](ArrayRef<State> states) {
    Values all;
    for (const State &state : states)
      llvm::append_range(all, state.flatten());
    return all;
  };
  auto unflatten = [&](ValueRange all) {
    SmallVector<State> states;
    for (size_t each = all.size() / plan.groups; !all.empty(); all = all.drop_front(each))
      states.push_back(State::unflatten(all.take_front(each)));
    return states;
  };

  if (plan.sharesQueries())
    copyQueries(queryRows);
  start(zero, firstKeys(zero));
  Values loaded;
  if (!plan.sharesQueries())
    loaded = loadQueries(queryRows);
  // The lane's row of four matrices: rows 0-7, 8-15 by columns 0-7, 8-15.
  Value ofWarp = b.add(b.mul(warp, kRows * plan.groups), b.bitAnd(lane, 15));
  Value queries = b.add(b.add(shared, plan.queries()),
                        b.add(b.mul(ofWarp, pitch(width)), b.shiftLeft(b.shiftRight(lane, 4), 4)));
  auto left = [&](int64_t group, int64_t step) {
    if (!plan.sharesQueries())
      return Values(ValueRange(loaded).slice(4 * step, 4));
    return b.loadMatrices(b.add(queries, group * kRows * pitch(width) + step * kStep * 2), /*transposed=*/false);
  };

  // Carried: the keys of the tile to start next, if they are looked up, one step before.
  Values carried = op.isSparse ? firstKeys(b.i32(1)) : Values();
  int64_t lookedUp = carried.size();
  llvm::append_range(carried, flatten(SmallVector<State>(plan.groups, empty())));
  Values last = b.loop(zero, count, carried, [&](Value t, ValueRange given) -> Values {
    SmallVector<State> states = unflatten(given.drop_front(lookedUp));
    Values ahead = op.isSparse ? Values(given.take_front(lookedUp)) : firstKeys(b.add(t, 1));
    b.waitCopies(0);
    b.syncBlock(); // all threads' copies are here, and all have read the tile before
    start(b.add(t, 1), ahead);
    Values next = op.isSparse ? firstKeys(b.add(t, 2)) : Values(), keysOfTile = firstKeys(t);
    Value tile = slotOf(t);
    SmallVector<Values> scores = score(plan.groups, left, tile);
    for (auto [ofGroup, place] : llvm::zip_equal(scores, places)) {
      place.firstKeys = keysOfTile;
      ofGroup = scoreTile.modify(ofGroup, place);
    }
    update(states, scores, b.add(tile, plan.keyBytes()));
    llvm::append_range(next, flatten(states));
    return next;
  });
  return unflatten(ValueRange(last).drop_front(lookedUp));
}

void SharedTiles::storeRow(const State &state, int64_t r, Value sum, Value address) {
  Value zero = b.f32(0.0);
  Value factor = b.select(b.cmpf(arith::CmpFPredicate::OEQ, sum, zero), zero, b.reciprocal(sum));
  for (int64_t c = 0; c < valueWidth / 8; ++c)
    storePair(b.mulf(state.o[4 * c + 2 * r], factor), b.mulf(state.o[4 * c + 2 * r + 1], factor),
              b.add(address, b.i64(c * output.getWidth())));
}
