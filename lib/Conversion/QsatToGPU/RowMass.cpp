//===- RowMass.cpp - The mass of a row in some keys -----------------------===//

#include "RowMass.h"

#include "../Constants.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

//===----------------------------------------------------------------------===//
// MassSum
//===----------------------------------------------------------------------===//

Values MassSum::empty() { return {b.constant(type, -kInfinity), b.constant(type, 0.0)}; }

/// -inf - -inf is NaN: where nothing is seen yet, subtract 0.
Values MassSum::add(ValueRange sum, Value z) {
  Value top = b.maxf(sum[0], z);
  Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, top, b.constant(type, -kInfinity));
  Value base = b.select(isEmpty, b.constant(type, 0.0), top);
  Value before = b.mulf(sum[1], b.exp2(b.subf(sum[0], base)));
  return {top, b.addf(before, b.exp2(b.subf(z, base)))};
}

Value MassSum::log(ValueRange sum) {
  Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, sum[1], b.constant(type, 0.0));
  Value isNaN = b.cmpf(arith::CmpFPredicate::UNO, sum[1], sum[1]); // log2 looks at bits
  Value log = b.addf(sum[0], b.select(isNaN, sum[1], b.log2(sum[1])));
  return b.select(isEmpty, b.constant(type, -kInfinity), log);
}

//===----------------------------------------------------------------------===//
// RowMass
//===----------------------------------------------------------------------===//

RowMass::RowMass(TeamBuilder &b, const FlashOp &op, ValueRange operands, ValueRange captures, RowPlace at)
    : b(b), op(op), operands(operands), at(at), mask(b, op, operands),
      kvHead(b.div(at.head, b.div(b.dim(operands[0], 1), b.dim(operands[1], 1)))) {
  if (op.region)
    region.emplace(b, op, operands, captures, at, /*lanes=*/1);
}

Value RowMass::over(Value first, Value end) {
  MassSum mass(b, op.acc);
  VisibleKeys visible = mask.visibleTo(at.row);
  Values sum = mass.empty();
  if (mask.hasWindow()) {
    Value sinks = b.min(mask.getSinks(), visible.high);
    sum = addKeys(sum, first, b.min(end, sinks));
    first = b.max(first, sinks);
  }
  return mass.log(addKeys(sum, b.max(first, visible.low), b.min(end, visible.high)));
}

Values RowMass::addKeys(Values sum, Value first, Value end) {
  return b.loop(first, end, 1, sum, [&](Value key, ValueRange sum) {
    Value z = region ? toBase2(b, score(key)) : b.mulf(product(key), b.constant(op.acc, op.scale * kLog2E));
    return MassSum(b, op.acc).add(sum, z);
  });
}

/// <q, k>.
Value RowMass::product(Value key) {
  Value zero = b.constant(op.acc, 0.0);
  return b.loop(b.index(0), b.dim(operands[0], 3), 1, {zero}, [&](Value d, ValueRange sum) -> Values {
    Value q = b.loadAs(op.acc, operands[0], {at.batch, at.head, at.row, d});
    Value k = b.loadAs(op.acc, operands[1], {at.batch, kvHead, key, d});
    return {b.addf(b.mulf(q, k), sum[0])};
  })[0];
}

Value RowMass::score(Value key) {
  Value z = b.mulf(product(key), b.constant(op.acc, op.scale));
  return region ? region->onScalar(z, key) : z;
}

Value RowMass::sees(Value key) {
  VisibleKeys visible = mask.visibleTo(at.row);
  Value isNear = b.ge(key, visible.low);
  if (mask.hasWindow())
    isNear = b.either(isNear, b.less(key, mask.getSinks()));
  return b.both(isNear, b.less(key, visible.high));
}

/// Keys before the sinks are seen outside the window too: it need only hold the others.
Value RowMass::seesAll(Value first, Value end) {
  VisibleKeys visible = mask.visibleTo(at.row);
  Value all = b.le(end, visible.high);
  if (!mask.hasWindow())
    return all;
  Value isNear = b.ge(b.max(first, mask.getSinks()), visible.low);
  return b.both(all, b.either(isNear, b.le(end, mask.getSinks())));
}
