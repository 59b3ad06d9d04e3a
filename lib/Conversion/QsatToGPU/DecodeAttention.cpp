//===- DecodeAttention.cpp - Attention of few rows to many keys -----------===//

#include "../Constants.h"
#include "DecodeAttention.h"

#include "qsat/Runtime/GPUScratch.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Columns of O that a thread merges.
static constexpr int64_t kColumns = 4;
/// Shares that are read at once, for so many places at once: their latencies are
/// most of what merging takes.
static constexpr int64_t kBatch = 10, kPlaces = 2;

DecodePlan::DecodePlan(const FlashOp &op, const GPUTarget &target)
    : width(cast<MemRefType>(op.q.getType()).getDimSize(3)),
      valueWidth(cast<MemRefType>(op.v.getType()).getDimSize(3)), startsEarly(target.hasEarlyLaunch) {
  constexpr int64_t kMost = 6, kLeast = 2;
  for (warps = 8; warps > 0; warps /= 2)
    for (stages = kMost; stages >= kLeast; --stages)
      if (sharedBytes() <= target.sharedBytes)
        return;
  llvm_unreachable("two tiles of the widest heads fit the smallest shared memory");
}

DecodeAttention::DecodeAttention(NvidiaBuilder &b, const FlashOp &op, const DecodePlan &plan,
                                 const WarpArguments &args, ValueRange captures, Value shared)
    : WarpAttention(b, op, args, captures, shared, /*parts=*/1, /*partKeys=*/kStep), plan(plan) {}

void DecodeAttention::build() {
  if (plan.startsEarly) { // and lets the next one: that waits, too
    b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::launch_dependents);
    b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::wait);
  }
  share = b.blockId();
  ring = b.add(shared, b.mul(warp, plan.ringBytes()));
  Rows rows = findRows();
  State state = visit(rows);
  shareWithBlock(state, rows);
  finish(rows);
}

DecodeAttention::Rows DecodeAttention::findRows() {
  Rows rows;
  Value y = b.create<NVVM::BlockIdYOp>(b.getI32Type()), z = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  Value ofGroup = b.mul(args.rowHeads, args.rows), tiles = b.ceilDiv(ofGroup, kRows);
  rows.batch = z;
  rows.firstHead = b.mul(b.div(y, tiles), args.rowHeads);
  rows.first = b.mul(b.rem(y, tiles), kRows);
  rows.count = b.min(b.sub(ofGroup, rows.first), b.i32(kRows));
  rows.group = b.add(b.mul(z, b.create<NVVM::GridDimYOp>(b.getI32Type())), y);
  return rows;
}

//===----------------------------------------------------------------------===//
// A warp
//===----------------------------------------------------------------------===//

ScoreTile::Place DecodeAttention::findPlace(const Rows &rows) {
  ScoreTile::Place place{{}, kStep, b.i32(0), b.sub(args.rows, 1), {}, b.shiftLeft(b.bitAnd(lane, 3), 1), rows.batch, {}};
  Value lastHead = b.sub(args.heads, 1);
  for (int64_t r = 0; r < 2; ++r) {
    Value row = b.add(rows.first, b.add(b.shiftRight(lane, 2), 8 * r));
    place.row[r] = b.rem(row, args.rows);
    place.head[r] = b.min(b.add(rows.firstHead, b.div(row, args.rows)), lastHead);
  }
  return place;
}

void DecodeAttention::copyTile(Value slot, ValueRange firstKeys) {
  copyRows(slot, keys, args.k.row, firstKeys, width, 32, lane);
  copyRows(b.add(slot, plan.keyBytes()), values, args.v.row, firstKeys, valueWidth, 32, lane);
}

DecodeAttention::State DecodeAttention::visit(const Rows &rows) {
  ScoreTile::Place place = findPlace(rows);
  Value kvHead = b.div(rows.firstHead, args.kvShare), zero = b.i32(0);
  keys = address(args.k, rows.batch, kvHead);
  values = address(args.v, rows.batch, kvHead);
  KeyWalk::Span span = op.isSparse ? keyWalk.listed(rows.batch, rows.firstHead, args.heads, /*rowBlock=*/zero)
                                   : keyWalk.visible(place.firstRow, place.lastRow);
  // Shares differ by one tile at most; the warps of a block take turns.
  Value least = b.div(span.count, args.splits), more = b.rem(span.count, args.splits);
  Value begin = b.add(b.mul(share, least), b.min(share, more));
  Value tiles = b.add(least, b.select(b.less(share, more), b.i32(1), zero));
  Value count = b.ceilDiv(b.max(b.sub(tiles, warp), zero), plan.warps), first = b.add(begin, warp);
  auto firstKeys = [&](Value i) { return keyWalk.firstKeys(span, b.add(first, b.mul(i, plan.warps))); };
  auto start = [&](Value i, Value slot, ValueRange keys) {
    b.when(b.less(i, count), [&] { copyTile(b.add(ring, b.mul(slot, plan.tileBytes())), keys); });
    b.commitCopies();
  };

  int64_t ahead = plan.stages - 1;
  for (int64_t i = 0; i < ahead; ++i)
    start(b.i32(i), b.i32(i), firstKeys(b.i32(i)));
  Value queries[2], isInside[2];
  for (int64_t r = 0; r < 2; ++r) {
    Value rowOffset = b.mul(b.mul(b.extend(place.row[r]), args.q.row), b.i64(2));
    queries[r] = b.add(address(args.q, rows.batch, place.head[r]), rowOffset);
    isInside[r] = b.less(b.add(b.shiftRight(lane, 2), 8 * r), rows.count);
  }
  Values left = loadQueries(queries, isInside);

  // Carried: the tile's slot, and the keys of the tile to start next, which are
  // looked up one step before.
  Values carried{zero};
  llvm::append_range(carried, firstKeys(b.i32(ahead)));
  llvm::append_range(carried, empty().flatten());
  Values last = b.loop(zero, count, carried, [&](Value i, ValueRange given) -> Values {
    Value slot = given[0];
    State state = State::unflatten(given.drop_front(2));
    b.waitCopies(ahead - 1);
    b.syncWarp(); // all lanes' copies are here, and all have read the slot before
    Value previous = b.select(b.equal(slot, 0), b.i32(ahead), b.sub(slot, 1));
    start(b.add(i, ahead), previous, given.slice(1, 1));
    Values following = firstKeys(b.add(i, ahead + 1));
    place.firstKeys = firstKeys(i);
    Value tile = b.add(ring, b.mul(slot, plan.tileBytes()));
    Values scores = scoreTile.modify(score(left, tile), place);
    update(state, scores, b.add(tile, plan.keyBytes()));
    Values next{b.select(b.equal(slot, ahead), zero, b.add(slot, 1))};
    llvm::append_range(next, following);
    llvm::append_range(next, state.flatten());
    return next;
  });
  b.waitCopies(0);
  return State::unflatten(ValueRange(last).drop_front(2));
}

//===----------------------------------------------------------------------===//
// The block
//===----------------------------------------------------------------------===//

/// O, m and l of the warp to its part of shared memory.
void DecodeAttention::shareWithBlock(State &state, const Rows &rows) {
  b.syncBlock(); // the areas are where rings of other warps were
  for (int64_t r = 0; r < 2; ++r) {
    Value row = b.add(b.shiftRight(lane, 2), 8 * r), sum = scoreTile.sumOfRow(state.l[r]);
    // As the weights were computed: any other rounding would scale them.
    Value exponent = b.mulf(state.m[r], b.f32(scoreTile.exponentScale()));
    b.when(b.less(row, rows.count), [&] {
      auto [place, statistics] = placesInBlock(warp, row, b.shiftLeft(b.bitAnd(lane, 3), 1));
      for (int64_t c = 0; c < valueWidth / 8; ++c)
        for (int64_t e = 0; e < 2; ++e)
          b.storeShared(state.o[4 * c + 2 * r + e], b.add(place, 32 * c + 4 * e));
      b.when(b.equal(b.bitAnd(lane, 3), 0), [&, statistics = statistics] {
        b.storeShared(exponent, statistics);
        b.storeShared(sum, b.add(statistics, 4));
      });
    });
  }
  b.syncBlock();
}

void DecodeAttention::forEachColumns(const Rows &rows, Value thread, int64_t threads,
                                     function_ref<void(Value, Value)> body) {
  int64_t perRow = valueWidth / kColumns;
  Value mine = b.max(b.sub(b.mul(rows.count, perRow), thread), b.i32(0));
  b.loop(b.i32(0), b.ceilDiv(mine, threads), {}, [&](Value i, ValueRange) -> Values {
    Value number = b.add(thread, b.mul(i, threads));
    body(b.div(number, perRow), b.mul(b.rem(number, perRow), kColumns));
    return {};
  });
}

std::pair<Value, Value> DecodeAttention::placesInBlock(Value warp, Value row, Value column) {
  Value area = b.add(shared, b.mul(warp, plan.outputBytes()));
  Value o = b.add(b.mul(row, plan.outputPitch()), b.shiftLeft(column, 2));
  Value statistics = b.add(b.shiftLeft(row, 3), kRows * plan.outputPitch());
  return {b.add(area, o), b.add(area, statistics)};
}

DecodeAttention::Part DecodeAttention::merge(ArrayRef<Part> parts) {
  Part merged{parts[0].m, {}, {}};
  for (const Part &part : parts.drop_front())
    merged.m = b.maxf(merged.m, part.m);
  // A row that has seen nothing: -inf - 0 stays -inf.
  Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, merged.m, b.f32(-kInfinity));
  Value shift = b.negf(b.select(isEmpty, b.f32(0.0), merged.m));
  merged.l = b.f32(0.0);
  merged.o.assign(kColumns, merged.l);
  for (const Part &part : parts) {
    Value weight = b.exp2(b.addf(part.m, shift));
    merged.l = b.fma(weight, part.l, merged.l);
    for (auto [sum, o] : llvm::zip_equal(merged.o, part.o))
      sum = b.fma(weight, o, sum);
  }
  return merged;
}

DecodeAttention::Part DecodeAttention::mergeWarps(Value row, Value column) {
  SmallVector<Part> parts;
  for (int64_t w = 0; w < plan.warps; ++w) {
    auto [place, statistics] = placesInBlock(b.i32(w), row, column);
    Part part{b.loadSharedF32(statistics), b.loadSharedF32(b.add(statistics, 4)), {}};
    for (int64_t c = 0; c < kColumns; ++c)
      part.o.push_back(b.loadSharedF32(b.add(place, 4 * c)));
    parts.push_back(part);
  }
  return merge(parts);
}

/// Merges the warps, and, where keys are split, the shares: each warp those that
/// it takes turns for, then again all warps.
void DecodeAttention::finish(const Rows &rows) {
  Value isSplit = b.less(b.i32(1), args.splits);
  auto storeAll = [&] {
    forEachColumns(rows, thread, plan.threads(), [&](Value row, Value column) {
      storeResult(rows, mergeWarps(row, column), row, column);
    });
  };
  auto shareAll = [&] {
    forEachColumns(rows, thread, plan.threads(), [&](Value row, Value column) {
      storeRecord(rows, mergeWarps(row, column), row, column);
    });
    b.when(isLastShare(rows), [&] {
      mergeSharesOfWarp(rows);
      b.syncBlock();
      storeAll();
    });
  };
  b.when(isSplit, shareAll, storeAll);
}

//===----------------------------------------------------------------------===//
// The shares
//===----------------------------------------------------------------------===//

Value DecodeAttention::record(const Rows &rows, Value share) {
  Value base = b.create<LLVM::PtrToIntOp>(b.getI64Type(), args.scratch);
  Value number = b.add(b.mul(b.extend(rows.group), b.extend(args.splits)), b.extend(share));
  return b.add(b.add(base, b.i64(kScratchCounters * 4)), b.mul(number, b.i64(plan.recordBytes())));
}

/// Where row and column of O lie in a record, and m and l of the row.
static std::pair<Value, Value> placesOf(DeviceBuilder &b, Value record, Value row, Value column, int64_t valueWidth) {
  Value o = b.add(b.mul(row, 4 * valueWidth), b.shiftLeft(column, 2));
  Value statistics = b.add(b.shiftLeft(row, 3), WarpAttention::kRows * 4 * valueWidth);
  return {b.add(record, b.extend(o)), b.add(record, b.extend(statistics))};
}

void DecodeAttention::storeRecord(const Rows &rows, const Part &part, Value row, Value column) {
  auto [o, statistics] = placesOf(b, record(rows, share), row, column, valueWidth);
  b.storeGlobal(part.o, o);
  b.when(b.equal(column, 0), [&, statistics = statistics] { b.storeGlobal({part.m, part.l}, statistics); });
}

/// True in all threads of the block that is the last to come here. The counter
/// wraps to 0: ready for the next launch.
Value DecodeAttention::isLastShare(const Rows &rows) {
  Value flag = b.add(shared, plan.flag());
  b.syncBlock();
  b.when(b.equal(thread, 0), [&] {
    b.fenceDevice();
    Value counter = b.create<LLVM::GEPOp>(b.pointer(), b.getI32Type(), args.scratch, ValueRange{rows.group});
    Value last = b.sub(args.splits, 1);
    Value taken = b.create<LLVM::AtomicRMWOp>(LLVM::AtomicBinOp::uinc_wrap, counter, last,
                                              LLVM::AtomicOrdering::monotonic);
    b.fenceDevice();
    b.storeShared(b.select(b.equal(taken, last), b.i32(1), b.i32(0)), flag);
  });
  b.syncBlock();
  return b.equal(b.loadShared(flag), 1);
}

/// The shares whose number is the warp's but for multiples of the warps, as if
/// they were what the warp has seen.
void DecodeAttention::mergeSharesOfWarp(const Rows &rows) {
  int64_t perRow = valueWidth / kColumns;
  Value count = b.mul(rows.count, perRow), last = b.sub(count, 1);
  b.loop(b.i32(0), b.ceilDiv(count, 32 * kPlaces), {}, [&](Value i, ValueRange) -> Values {
    SmallVector<Place> places;
    Values isInside;
    for (int64_t p = 0; p < kPlaces; ++p) {
      Value number = b.add(b.add(lane, b.mul(i, 32 * kPlaces)), 32 * p);
      isInside.push_back(b.cmp(arith::CmpIPredicate::sle, number, last));
      number = b.min(number, last);
      places.push_back({b.div(number, perRow), b.mul(b.rem(number, perRow), kColumns)});
    }
    for (auto [place, part, stores] : llvm::zip_equal(places, mergeShares(rows, places), isInside)) {
      auto [o, statistics] = placesInBlock(warp, place.row, place.column);
      b.when(stores, [&, &place = place, &part = part, o = o, statistics = statistics] {
        for (auto [c, value] : llvm::enumerate(part.o))
          b.storeShared(value, b.add(o, 4 * c));
        b.when(b.equal(place.column, 0), [&] {
          b.storeShared(part.m, statistics);
          b.storeShared(part.l, b.add(statistics, 4));
        });
      });
    }
    return {};
  });
}

SmallVector<DecodeAttention::Part> DecodeAttention::mergeShares(const Rows &rows, ArrayRef<Place> places) {
  Value none = b.f32(-kInfinity), zero = b.f32(0.0), last = b.sub(args.splits, 1);
  auto unflatten = [&](ValueRange values) {
    SmallVector<Part> parts;
    for (size_t p = 0; p < places.size(); ++p, values = values.drop_front(2 + kColumns))
      parts.push_back({values[0], values[1], Values(values.slice(2, kColumns))});
    return parts;
  };
  auto flatten = [](ArrayRef<Part> parts) {
    Values values;
    for (const Part &part : parts) {
      values.append({part.m, part.l});
      llvm::append_range(values, part.o);
    }
    return values;
  };
  SmallVector<Part> start(places.size(), {none, zero, Values(kColumns, zero)});
  Value batches = b.ceilDiv(b.ceilDiv(args.splits, plan.warps), kBatch);
  Values merged = b.loop(b.i32(0), batches, flatten(start), [&](Value batch, ValueRange given) -> Values {
    SmallVector<SmallVector<Part>> parts;
    for (const Part &part : unflatten(given))
      parts.push_back({part});
    for (int64_t i = 0; i < kBatch; ++i) {
      Value turn = b.add(b.mul(batch, kBatch), i), number = b.add(b.mul(turn, plan.warps), warp);
      Value isShare = b.cmp(arith::CmpIPredicate::sle, number, last), from = record(rows, b.min(number, last));
      for (auto [place, partsOfPlace] : llvm::zip_equal(places, parts)) {
        auto [o, statistics] = placesOf(b, from, place.row, place.column, valueWidth);
        Values pair = b.loadGlobal(statistics, 2), columns = b.loadGlobal(o, kColumns);
        // The last again, instead of none, has no weight.
        for (Value &value : columns)
          value = b.select(isShare, value, zero);
        partsOfPlace.push_back({b.select(isShare, pair[0], none), b.select(isShare, pair[1], zero), columns});
      }
    }
    SmallVector<Part> sums;
    for (ArrayRef<Part> partsOfPlace : parts)
      sums.push_back(merge(partsOfPlace));
    return flatten(sums);
  });
  return unflatten(merged);
}

/// O / l; lse; kept: 1, or 0 where a row saw nothing.
void DecodeAttention::storeResult(const Rows &rows, const Part &part, Value row, Value column) {
  Value flat = b.add(rows.first, row), zero = b.f32(0.0);
  Value head = b.add(rows.firstHead, b.div(flat, args.rows)), inHead = b.rem(flat, args.rows);
  Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, part.l, zero);
  Value factor = b.select(isEmpty, zero, b.reciprocal(part.l));
  Value place = b.add(b.mul(b.extend(inHead), args.o.row), b.extend(column));
  Value at = b.add(address(args.o, rows.batch, head), b.mul(place, b.i64(output.getWidth() / 8)));
  for (int64_t c = 0; c < kColumns; c += 2)
    storePair(b.mulf(part.o[c], factor), b.mulf(part.o[c + 1], factor), b.add(at, b.i64(c * output.getWidth() / 8)));
  if (!args.lse && !args.kept)
    return;
  b.when(b.equal(column, 0), [&] {
    Value number = b.add(b.mul(rows.batch, args.heads), head);
    Value place = b.add(b.mul(b.extend(number), b.extend(args.rows)), b.extend(inHead));
    if (args.lse)
      b.store(scoreTile.logOfSum(part.m, part.l), args.lse, place);
    if (args.kept)
      b.store(b.select(isEmpty, zero, b.f32(1.0)), args.kept, place);
  });
}
