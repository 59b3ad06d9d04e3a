//===- WarpGroups.cpp - Groups of rows by antidiagonals, by warps ---------===//

#include "WarpGroups.h"

#include "../Constants.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

void WarpGroups::build() {
  findPlace();
  b.when(b.less(firstGroup, groups), [&] {
    Values none(2 * kBlocks, b.f32(-kInfinity));
    // Some row of the warp sees a key of some block.
    firstRow = b.mul(firstGroup, sampled.stride);
    lastRow = b.sub(b.min(b.add(firstRow, kGroups * sampled.stride), args.rows), 1);
    Value firstKey = b.mul(firstBlock, op.blockKeys);
    Value seen = anySees(firstKey, b.add(firstKey, kBlocks * op.blockKeys));
    Values masses = b.choose(seen, [&] { return findMasses(); }, none);
    for (int64_t n = 0; n < kBlocks; ++n)
      for (int64_t r = 0; r < 2; ++r)
        store(masses[2 * n + r], b.add(firstBlock, n), r);
  });
}

void WarpGroups::findPlace() {
  Value warp = findWarp();
  Value number = b.add(b.mul(b.blockId(), kWarps), warp), perRow = b.ceilDiv(args.keyBlocks, kBlocks);
  firstGroup = b.mul(b.div(number, perRow), kGroups);
  firstBlock = b.mul(b.rem(number, perRow), kBlocks);
  groups = b.ceilDiv(args.rows, sampled.stride);
  for (int64_t r = 0; r < 2; ++r)
    group[r] = b.add(firstGroup, b.add(b.shiftRight(lane, 2), 8 * r));
  queries = rows.address(args.q, batch, head);
  keys = rows.address(args.k, batch, b.div(head, args.kvShare));
}

Value WarpGroups::sees(Value row, Value key) {
  Value seen = b.both(b.less(row, args.rows), b.less(key, tile.highKey(row)));
  if (!hasLowBound(op))
    return seen;
  Value isNear = b.less(b.sub(lowKey(row), 1), key);
  return b.both(seen, b.either(isNear, b.less(key, args.mask.sinks)));
}

Values WarpGroups::findMasses() {
  Values zeros(8 * kBlocks, b.f32(0.0));
  // Sums, then counts.
  Value hidden = b.f32(op.scale < 0 ? kInfinity : -kInfinity); // its z is -inf
  Values total = b.loop(b.i32(0), b.i32(sampled.stride), zeros, [&](Value t, ValueRange given) -> Values {
    Values next(given), scores = scorePairs(t);
    for (int64_t n = 0; n < kBlocks; ++n) {
      for (int64_t e = 0; e < 2; ++e) {
        Value column = b.add(b.shiftLeft(b.bitAnd(lane, 3), 1), e);
        Value keyGroup = b.add(b.mul(b.add(firstBlock, n), kColumns), column);
        Value key = b.add(b.mul(keyGroup, sampled.stride), b.sub(b.i32(sampled.stride - 1), t));
        for (int64_t r = 0; r < 2; ++r) {
          int64_t at = 4 * n + 2 * r + e;
          Value isSeen = sees(b.add(b.mul(group[r], sampled.stride), t), key);
          isSeen = b.both(isSeen, b.cmpf(arith::CmpFPredicate::UNE, scores[at], hidden));
          next[at] = b.addf(next[at], b.select(isSeen, scores[at], b.f32(0.0)));
          Value &count = next[4 * kBlocks + at];
          count = b.addf(count, b.select(isSeen, b.f32(1.0), b.f32(0.0)));
        }
      }
    }
    return next;
  });
  Values masses;
  for (int64_t n = 0; n < kBlocks; ++n)
    for (int64_t r = 0; r < 2; ++r) {
      int64_t at = 4 * n + 2 * r;
      masses.push_back(massOf(ValueRange(total).slice(at, 2), ValueRange(total).slice(4 * kBlocks + at, 2)));
    }
  return masses;
}

Values WarpGroups::scorePairs(Value t) {
  Values scores(4 * kBlocks, b.f32(0.0));
  Value lastRow = b.sub(args.rows, 1), lastKey = b.sub(args.keys, 1), row[2];
  for (int64_t r = 0; r < 2; ++r)
    row[r] = b.min(b.add(b.mul(group[r], sampled.stride), t), lastRow);
  for (int64_t chunk = 0; chunk < rows.chunks(); ++chunk) {
    Values pairs = rows.load(queries, args.q, row[0], chunk);
    llvm::append_range(pairs, rows.load(queries, args.q, row[1], chunk));
    for (int64_t n = 0; n < kBlocks; ++n) {
      Value keyGroup = b.add(b.mul(b.add(firstBlock, n), kColumns), b.shiftRight(lane, 2));
      Value key = b.add(b.mul(keyGroup, sampled.stride), b.sub(b.i32(sampled.stride - 1), t));
      rows.multiplyAdd(MutableArrayRef(scores).slice(4 * n, 4), pairs,
                       rows.load(keys, args.k, b.min(key, lastKey), chunk));
    }
  }
  return scores;
}

Value WarpGroups::massOf(ValueRange sums, ValueRange counts) {
  Value none = b.f32(-kInfinity), zero = b.f32(0.0), scale = b.f32(op.scale * kLog2E), y[2];
  for (int64_t e = 0; e < 2; ++e) {
    Value mean = b.create<LLVM::FDivOp>(b.mulf(sums[e], scale), counts[e]);
    y[e] = b.select(b.cmpf(arith::CmpFPredicate::OGT, counts[e], zero), mean, none);
  }
  Value top = b.maxf(y[0], y[1]);
  top = b.maxf(top, b.exchange(top, 1));
  top = b.maxf(top, b.exchange(top, 2));
  // -inf - 0 stays -inf.
  Value shift = b.negf(b.select(b.cmpf(arith::CmpFPredicate::OEQ, top, none), zero, top));
  Value sum = tile.sumOfRow(b.addf(b.exp2(b.addf(y[0], shift)), b.exp2(b.addf(y[1], shift))));
  return b.addf(top, b.log2(sum));
}

/// A group is in the query block that has its rows.
void WarpGroups::store(Value mass, Value block, int64_t r) {
  Value isMine = b.both(b.less(block, args.keyBlocks), b.less(group[r], groups));
  b.when(b.both(isMine, b.equal(b.bitAnd(lane, 3), 0)), [&] {
    Value ofHead = b.mul(b.extend(b.add(b.mul(batch, args.heads), head)), b.extend(args.queryBlocks));
    Value list = b.add(ofHead, b.extend(b.div(group[r], sampled.perBlock)));
    Value place = b.add(b.mul(list, b.extend(args.keyBlocks)), b.extend(block));
    place = b.add(b.mul(place, b.i64(sampled.perBlock)), b.extend(b.rem(group[r], sampled.perBlock)));
    b.store(mass, args.masses, place);
  });
}
