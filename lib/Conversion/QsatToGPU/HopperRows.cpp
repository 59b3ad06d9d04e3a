//===- HopperRows.cpp - The mass of rows in key blocks, on warpgroups -----===//

#include "../Constants.h"
#include "GatherRows.h"
#include "HopperRows.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

void HopperRows::build() {
  thread = b.threadId();
  warpgroup = b.uniform(b.shiftRight(thread, 7));
  // Thread blocks side by side share keys.
  Value item = b.blockId(), rowTile = b.rem(item, args.rowTiles), rest = b.div(item, args.rowTiles);
  Value chunk = b.rem(rest, args.chunks), headOfAll = b.div(rest, args.chunks);
  batch = b.div(headOfAll, args.heads);
  head = b.rem(headOfAll, args.heads);
  firstIndex = b.mul(rowTile, plan.rows());
  allRows = b.mul(args.queryBlocks, sampled.perBlock);
  begin = b.mul(chunk, args.chunkBlocks);
  end = b.min(b.add(begin, args.chunkBlocks), endFor(rowAt(b.add(firstIndex, plan.rows() - 1))));
  if (hasLowBound(op)) {
    Value low = b.max(b.add(rowAt(firstIndex), args.mask.lowShift), b.i32(0));
    Value isSink = b.less(b.mul(begin, plan.keys), args.mask.sinks);
    begin = b.select(isSink, begin, b.max(begin, b.div(low, plan.keys)));
  }
  b.when(b.less(begin, end), [&] {
    b.when(b.equal(thread, 0), [&] {
      for (int64_t stage = 0; stage < plan.stages; ++stage) {
        b.initBarrier(at(plan.full() + 8 * stage), 1);
        b.initBarrier(at(plan.empty() + 8 * stage), 4 * plan.groups);
      }
      b.fenceBarrierInit();
      b.prefetchMap(args.k);
    });
    b.syncBlock();
    b.when(b.equal(warpgroup, 0), [&] { produce(); }, [&] { consume(); });
  });
}

HopperRows::Ring HopperRows::next(Ring ring) {
  Value stage = b.add(ring.stage, 1), wraps = b.equal(stage, plan.stages);
  return {b.select(wraps, b.i32(0), stage), b.bitXor(ring.phase, b.select(wraps, b.i32(1), b.i32(0)))};
}

Value HopperRows::rowAt(Value index) {
  index = b.min(index, b.sub(allRows, 1));
  Value block = b.div(index, sampled.perBlock), t = b.rem(index, sampled.perBlock);
  Value first = b.mul(block, sampled.blockRows);
  Value last = b.sub(b.min(b.sub(args.rows, first), b.i32(sampled.blockRows)), 1);
  return b.add(first, b.min(b.add(b.mul(t, sampled.stride), sampled.first), last));
}

Value HopperRows::endFor(Value lastRow) {
  return b.ceilDiv(b.max(tile.highKey(lastRow), b.i32(0)), plan.keys);
}

void HopperRows::produce() {
  b.releaseRegisters(plan.producerRegisters);
  b.when(b.equal(thread, 0), [&] {
    Value zero = b.i32(0), kvHead = b.div(head, args.kvShare);
    b.loop(begin, end, {zero, zero}, [&](Value block, ValueRange carried) -> Values {
      Ring ring{carried[0], carried[1]};
      b.wait(at(plan.empty(), ring.stage, 8), b.bitXor(ring.phase, 1));
      Value barrier = at(plan.full(), ring.stage, 8);
      b.arriveExpecting(barrier, plan.keyBytes());
      b.loadBox(at(plan.k, ring.stage, plan.keyBytes()), args.k, barrier,
                {zero, b.mul(block, plan.keys), zero, kvHead, batch});
      ring = next(ring);
      return {ring.stage, ring.phase};
    });
  });
}

//===----------------------------------------------------------------------===//
// Consumers
//===----------------------------------------------------------------------===//

void HopperRows::consume() {
  b.takeRegisters(plan.consumerRegisters);
  group = b.sub(warpgroup, 1);
  inGroup = b.bitAnd(thread, 127);
  lane = b.bitAnd(thread, 31);
  Value firstOfGroup = b.add(firstIndex, b.mul(group, HopperRowsPlan::kGroupRows));
  loadQueries(firstOfGroup);
  Rows rows = findRows(firstOfGroup);

  // The blocks past what its own rows see a group only hands back.
  Value own = b.min(end, endFor(rows.place.lastRow));
  own = b.select(b.less(firstOfGroup, allRows), b.max(own, begin), begin);
  Values carried{b.i32(0), b.i32(0), rows.reference[0], rows.reference[1]};
  carried = b.loop(begin, own, carried, [&](Value block, ValueRange carried) -> Values {
    Ring ring{carried[0], carried[1]};
    rows.reference[0] = carried[2], rows.reference[1] = carried[3];
    visitBlock(ring, block, rows);
    ring = next(ring);
    return {ring.stage, ring.phase, rows.reference[0], rows.reference[1]};
  });
  carried.resize(2);
  b.loop(own, end, carried, [&](Value, ValueRange carried) -> Values {
    Ring ring{carried[0], carried[1]};
    b.wait(at(plan.full(), ring.stage, 8), ring.phase);
    release(ring);
    ring = next(ring);
    return {ring.stage, ring.phase};
  });
}

void HopperRows::release(Ring ring) {
  b.when(b.equal(lane, 0), [&] { b.arrive(at(plan.empty(), ring.stage, 8)); });
}

void HopperRows::loadQueries(Value firstOfGroup) {
  auto times = [&](Value a, Value c) { return b.createOrFold<arith::MulIOp>(b.extend(a), c); };
  Value q = b.create<LLVM::PtrToIntOp>(b.getI64Type(), args.q);
  Value base = b.add(times(batch, args.strides[0]), times(head, args.strides[1]));
  GatheredRows rows{b.add(at(plan.q), b.mul(group, plan.queryBytes())), HopperRowsPlan::kGroupRows, plan.width, inGroup,
                    b.add(group, 1)};
  gatherRows(b, rows, [&](Value r) {
    Value place = b.add(base, times(rowAt(b.add(firstOfGroup, r)), args.strides[2]));
    return b.add(q, b.mul(place, b.i64(2)));
  });
}

HopperRows::Rows HopperRows::findRows(Value first) {
  Rows rows;
  rows.place.partKeys = plan.keys;
  rows.place.firstRow = rowAt(first);
  rows.place.lastRow = rowAt(b.add(first, 63));
  rows.place.column = b.shiftLeft(b.bitAnd(lane, 3), 1);
  rows.place.batch = batch;
  Value warp = b.shiftRight(inGroup, 5), headOfAll = b.add(b.mul(batch, args.heads), head);
  auto times = [&](Value a, Value c) { return b.createOrFold<arith::MulIOp>(a, b.extend(c)); };
  auto plus = [&](Value a, Value c) { return b.createOrFold<arith::AddIOp>(a, b.extend(c)); };
  for (int64_t r = 0; r < 2; ++r) {
    Value index = b.add(b.add(first, b.shiftLeft(warp, 4)), b.add(b.shiftRight(lane, 2), 8 * r));
    rows.place.row[r] = rowAt(index);
    rows.place.head[r] = head;
    // masses [B,H,Mb,Nb,R]
    Value block = b.div(index, sampled.perBlock), t = b.rem(index, sampled.perBlock);
    Value place = plus(times(b.extend(headOfAll), args.queryBlocks), block);
    rows.target[r] = plus(times(times(place, args.keyBlocks), b.i32(sampled.perBlock)), t);
    rows.reference[r] = b.f32(-std::numeric_limits<double>::infinity());
    rows.stores[r] = b.both(b.equal(b.bitAnd(lane, 3), 0), b.less(index, allRows));
  }
  return rows;
}

/// While one group looks at its scores, products of others run.
void HopperRows::visitBlock(Ring ring, Value block, Rows &rows) {
  b.wait(at(plan.full(), ring.stage, 8), ring.phase);
  Value queries = b.descriptor(b.add(at(plan.q), b.mul(group, plan.queryBytes())));
  Value keys = b.descriptor(at(plan.k, ring.stage, plan.keyBytes()));
  Values scores = b.startProduct(queries, keys, plan.keys, plan.width, element);
  b.waitProducts(0);
  release(ring);
  rows.place.firstKeys = {b.mul(block, plan.keys)};
  storeMasses(scores, block, rows);
}

/// log2 of the sum of 2^(scale S) over the keys, by row. Any number does to keep the
/// powers within range, so most blocks need no maximum: the largest mass of a row so
/// far is near that of the next, or far above, where what underflows does not count
/// beside it. Where it is too low the sum is infinite, and the maximum is taken.
void HopperRows::findMasses(ValueRange scores, Rows &rows, Value masses[2]) {
  Value scale = b.f32(tile.exponentScale()), isGood;
  Values quick;
  for (int64_t r = 0; r < 2; ++r) {
    Value shift = b.negf(rows.reference[r]), chains[2];
    for (size_t c = 0; c < scores.size(); c += 4) {
      for (int64_t e = 0; e < 2; ++e) {
        Value power = b.exp2(b.fma(scores[c + 2 * r + e], scale, shift));
        chains[e] = chains[e] ? b.addf(chains[e], power) : power;
      }
    }
    Value sum = tile.sumOfRow(b.addf(chains[0], chains[1]));
    // False for NaN: that of a row that has seen nothing yet, too.
    Value isFinite = b.cmpf(arith::CmpFPredicate::OLT, sum, b.f32(kInfinity));
    isGood = isGood ? b.both(isGood, isFinite) : isFinite;
    quick.push_back(b.addf(rows.reference[r], b.log2(sum)));
  }
  auto kind = NVVM::VoteSyncKind::all;
  Value allGood = b.create<NVVM::VoteSyncOp>(b.getI1Type(), b.i32(-1), isGood, kind);
  Values found = b.choose(
      b.bitXor(allGood, b.create<arith::ConstantIntOp>(1, 1)),
      [&]() -> Values {
        SoftmaxState state;
        Values weights(scores);
        tile.softmax(weights, state, /*isFirst=*/true, {});
        Values exact;
        for (int64_t r = 0; r < 2; ++r) // -inf where the row sees none of the keys
          exact.push_back(b.fma(state.m[r], scale, b.log2(tile.sumOfRow(state.l[r]))));
        return exact;
      },
      quick);
  for (int64_t r = 0; r < 2; ++r) {
    masses[r] = found[r];
    rows.reference[r] = b.maxf(rows.reference[r], found[r]);
  }
}

void HopperRows::storeMasses(Values scores, Value block, Rows &rows) {
  Value masses[2], step = b.extend(b.mul(block, sampled.perBlock));
  findMasses(tile.modify(scores, rows.place), rows, masses);
  for (int64_t r = 0; r < 2; ++r)
    b.when(rows.stores[r], [&] {
      b.store(masses[r], args.masses, b.createOrFold<arith::AddIOp>(rows.target[r], step));
    });
}
