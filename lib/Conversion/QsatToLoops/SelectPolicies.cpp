//===- SelectPolicies.cpp - What each policy of amplified_select takes ----===//
// Policies are of two kinds: those that compare with a cut, which may depend on the
// row, and those that take the first blocks of an order.

#include "SelectKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------===//

/// The mean over the list's heads of the lse of the query block.
static Value loadLse(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value first = b.mul(s.list, s.group);
  Value sum = b.loop(b.index(0), s.group, 1, {b.constant(s.f32, 0.0)},
                     [&](Value g, ValueRange sum) {
                       Value x = b.load(s.lse, {s.batch, b.add(first, g), s.block});
                       return TaskBuilder::Values{b.addf(sum[0], x)};
                     })[0];
  return b.divf(sum, b.toFloat(s.group, s.f32));
}

/// The largest eligible p, 0 where there is none.
static Value largestEligible(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value zero = b.constant(s.f32, 0.0);
  return b.loop(b.index(0), s.blocksN, 1, {zero}, [&](Value j, ValueRange top) {
    Value larger = b.maxf(b.load(s.p, {j}), top[0]);
    return TaskBuilder::Values{b.select(b.load(s.eligible, {j}), larger, top[0])};
  })[0];
}

/// key = p * spread of the kv head that the list's first head reads.
static void weighBySpread(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value perSpread = b.div(s.heads, b.max(b.dim(s.spread, 1), 1));
  Value kvHead = b.div(b.mul(s.list, s.group), perSpread);
  b.loop(s.blocksN, [&](Value j) {
    Value weight = b.load(s.spread, {s.batch, kvHead, j});
    b.store(b.mulf(b.load(s.p, {j}), weight), s.key, {j});
  });
}

/// Marks the eligible blocks with values[J] >= cut.
static void markFrom(SelectKernel &s, Value values, Value cut) {
  TaskBuilder &b = s.b;
  b.loop(s.blocksN, [&](Value j) {
    Value above = b.cmpf(arith::CmpFPredicate::OGE, b.load(values, {j}), cut);
    Value taken = b.both(b.load(s.eligible, {j}), above);
    b.store(b.either(b.load(s.forced, {j}), taken), s.marked, {j});
  });
}

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

/// Marks the `length` first of the eligible by `values`, and the forced.
static void markFirst(SelectKernel &s, Value length) {
  TaskBuilder &b = s.b;
  b.loop(s.blocksN, [&](Value j) { b.store(b.load(s.forced, {j}), s.marked, {j}); });
  b.loop(b.min(length, s.order->size()), [&](Value place) {
    b.store(b.boolean(true), s.marked, {s.order->blockAt(place)});
  });
}

/// The length of the shortest prefix of the order whose p sum to theta * the total.
static Value prefixWithMass(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value target = b.mulf(s.theta(), s.eligibleSum(s.p));
  return b.loop(b.index(0), s.order->size(), 1, {b.constant(s.f32, 0.0), b.index(0)},
                [&](Value place, ValueRange carried) {
                  Value reached = b.cmpf(arith::CmpFPredicate::OGE, carried[0], target);
                  Value more = b.addf(carried[0], b.load(s.p, {s.order->blockAt(place)}));
                  return TaskBuilder::Values{
                      b.select(reached, carried[0], more),
                      b.select(reached, carried[1], b.add(carried[1], 1))};
                })[1];
}

/// ceil(alpha * n^exponent), in f64, n the number of eligible blocks.
static Value budgetOf(SelectKernel &s) {
  TaskBuilder &b = s.b;
  FloatType f64 = b.getF64Type();
  Value n = b.toFloat(s.order->size(), f64);
  Value exponent = b.constant(f64, s.op.getExponent().convertToDouble());
  Value alpha = b.constant(f64, s.op.getAlpha().convertToDouble());
  Value budget = b.create<math::CeilOp>(b.mulf(alpha, b.create<math::PowFOp>(n, exponent)));
  // Before the conversion: what no integer holds is more than all blocks anyway.
  Value all = b.cmpf(arith::CmpFPredicate::OGE, budget, n);
  Value least = b.select(all, n, budget);
  return b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), least));
}

/// sums += p; key = sums: p accumulated over the query blocks up to this one.
static void accumulateRow(SelectKernel &s) {
  TaskBuilder &b = s.b;
  b.loop(s.blocksN, [&](Value j) {
    Value sum = b.addf(b.load(s.sums, {j}), b.load(s.p, {j}));
    b.store(sum, s.sums, {j});
    b.store(sum, s.key, {j});
  });
}

/// The uniform number of one block: see the op's description.
static Value uniformOf(SelectKernel &s, Value j) {
  TaskBuilder &b = s.b;
  Value block = b.add(s.block, b.div(s.at[2], s.op.getBlockM()));
  Value keyBlock = b.add(j, b.div(s.at[3], s.op.getBlockN()));
  Value list = b.add(s.list, b.div(s.at[1], b.max(s.group, 1)));
  Value x = b.hash(s.op.getSeed(), {{0x9E3779B9u, b.add(keyBlock, 1)},
                                    {0x85EBCA77u, block},
                                    {0xC2B2AE3Du, list},
                                    {0x27D4EB2Fu, b.add(s.batch, s.at[0])}});
  Value high = b.create<arith::ShRUIOp>(x, b.i32(9));
  Value half = b.addf(b.create<arith::SIToFPOp>(s.f32, high), b.constant(s.f32, 0.5));
  return b.mulf(half, b.constant(s.f32, 0x1p-23));
}

/// key = log p + Gumbel noise.
static void drawRow(SelectKernel &s) {
  TaskBuilder &b = s.b;
  auto log = [&](Value x) -> Value { return b.create<math::LogOp>(x); };
  Value zero = b.constant(s.f32, 0.0);
  b.loop(s.blocksN, [&](Value j) {
    Value inner = b.subf(zero, log(uniformOf(s, j)));
    b.store(b.subf(log(b.load(s.p, {j})), log(inner)), s.key, {j});
  });
}

//===----------------------------------------------------------------------===//
// Policies
//===----------------------------------------------------------------------===//

void qsat::markByPolicy(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value k = b.index(s.op.getK());
  auto takeFirst = [&](Value values, function_ref<Value()> length) {
    s.appendToOrder(values, s.eligible);
    markFirst(s, length());
  };
  switch (s.op.getPolicy()) {
  case Policy::Threshold:
    return markFrom(s, s.p, s.theta());
  case Policy::LogitThreshold:
    return markFrom(s, s.p, b.create<math::ExpOp>(b.subf(s.theta(), loadLse(s))));
  case Policy::RelativeThreshold:
    return markFrom(s, s.p, b.mulf(s.theta(), largestEligible(s)));
  case Policy::Residual:
    weighBySpread(s);
    return markFrom(s, s.key, b.mulf(s.theta(), s.eligibleSum(s.key)));
  case Policy::TopK:
    return takeFirst(s.p, [&] { return k; });
  case Policy::Mass:
    return takeFirst(s.p, [&] { return prefixWithMass(s); });
  case Policy::Budget:
    return takeFirst(s.p, [&] { return budgetOf(s); });
  case Policy::HeavyHitter:
    accumulateRow(s);
    return takeFirst(s.key, [&] { return k; });
  case Policy::Measure:
    drawRow(s);
    return takeFirst(s.key, [&] { return k; });
  }
}
