//===- SortedOrder.cpp - Exact orders of blocks by keys -------------------===//

#include "SortedOrder.h"

using namespace mlir;
using namespace qsat;

static constexpr int64_t kBlockBits = 30;

SortedOrder::SortedOrder(TaskBuilder &b, Value capacity)
    : b(b), first(b.scratch(b.getI64Type(), {capacity})),
      second(b.scratch(b.getI64Type(), {capacity})),
      length(b.scratch(b.getIndexType(), {b.index(1)})) {
  clear();
}

void SortedOrder::clear() { b.store(b.index(0), length, {b.index(0)}); }
Value SortedOrder::size() { return b.load(length, {b.index(0)}); }

void SortedOrder::append(Value block, Value key, Value forced) {
  // -0 + 0 = +0: equal keys get equal bits. Of the bits of a negative float all but
  // the sign are reversed.
  Value canonical = b.addf(key, b.constant(b.getF32Type(), 0.0));
  Value bits = b.create<arith::BitcastOp>(b.getI32Type(), canonical);
  Value flip = b.create<arith::AndIOp>(b.create<arith::ShRSIOp>(bits, b.i32(31)),
                                       b.i32(INT32_MAX));
  // NaN comes last.
  Value isNaN = b.cmpf(arith::CmpFPredicate::UNO, key, key);
  Value integer = b.select(isNaN, b.i32(INT32_MIN), b.create<arith::XOrIOp>(bits, flip));
  Value ordered = b.create<arith::ExtSIOp>(b.getI64Type(), integer);
  Value number = b.sub(b.i64((int64_t(1) << kBlockBits) - 1), b.toI64(block));
  Value packed = b.add(b.create<arith::ShLIOp>(ordered, b.i64(kBlockBits)), number);
  Value lifted = b.add(packed, b.select(forced, b.i64(int64_t(1) << 62), b.i64(0)));
  Value at = size();
  b.store(lifted, first, {at});
  b.store(b.add(at, 1), length, {b.index(0)});
}

/// Merges the runs [low, middle) and [middle, high) of `from` into `to`, descending.
static void mergeRuns(TaskBuilder &b, Value from, Value to, Value low, Value middle, Value high) {
  b.loop(low, high, 1, {low, middle}, [&](Value place, ValueRange heads) {
    Value left = heads[0], right = heads[1];
    Value noRight = b.ge(right, high), someLeft = b.less(left, middle);
    // Loads of an exhausted run are of some other place, and unused.
    Value a = b.load(from, {b.min(left, b.sub(high, 1))});
    Value c = b.load(from, {b.min(right, b.sub(high, 1))});
    Value takeLeft = b.both(someLeft, b.either(noRight, b.gt(a, c)));
    b.store(b.select(takeLeft, a, c), to, {place});
    return TaskBuilder::Values{b.select(takeLeft, b.add(left, 1), left),
                               b.select(takeLeft, right, b.add(right, 1))};
  });
}

void SortedOrder::sort() {
  Value n = size();
  auto loop = b.create<scf::WhileOp>(
      TypeRange{b.getIndexType()}, ValueRange{b.index(1)},
      [&](OpBuilder &, Location, ValueRange run) {
        b.setInsertionPointToEnd(run[0].getParentBlock());
        b.create<scf::ConditionOp>(b.less(run[0], n), run);
      },
      [&](OpBuilder &, Location, ValueRange run) {
        b.setInsertionPointToEnd(run[0].getParentBlock());
        Value twice = b.mul(run[0], 2);
        b.loopBy(b.index(0), n, twice, [&](Value low) {
          Value middle = b.min(b.add(low, run[0]), n), high = b.min(b.add(low, twice), n);
          mergeRuns(b, first, second, low, middle, high);
        });
        b.loop(n, [&](Value i) { b.store(b.load(second, {i}), first, {i}); });
        b.create<scf::YieldOp>(twice);
      });
  b.setInsertionPointAfter(loop);
}

Value SortedOrder::blockAt(Value place) {
  int64_t mask = (int64_t(1) << kBlockBits) - 1;
  Value number = b.create<arith::AndIOp>(b.load(first, {place}), b.i64(mask));
  return b.toIndex(b.sub(b.i64(mask), number));
}
