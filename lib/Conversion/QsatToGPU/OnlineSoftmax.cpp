//===- OnlineSoftmax.cpp - Softmax that seldom looks for maxima -----------===//

#include "OnlineSoftmax.h"

#include "../Constants.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Which of a thread's two rows its score `i` is of.
static size_t rowOf(size_t i) { return i / 2 % 2; }

static Values ofRow(ValueRange scores, size_t row) {
  Values values;
  for (auto [i, score] : llvm::enumerate(scores))
    if (rowOf(i) == row)
      values.push_back(score);
  return values;
}

OnlineSoftmax::OnlineSoftmax(NvidiaBuilder &b, ScoreTile &tile, FloatType element)
    : b(b), tile(tile), element(element), scale(tile.exponentScale()) {
  constexpr double kSmallest = 0x1p-64; // 2^kSlack in scores stays far from infinity
  hasSlack = element.isBF16() && scale > kSmallest;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Value OnlineSoftmax::largestOfRow(ValueRange candidates) {
  Value largest = reduceInChains(candidates, [&](Value x, Value y) { return b.maxf(x, y); });
  largest = b.maxf(largest, b.exchange(largest, 1));
  return b.maxf(largest, b.exchange(largest, 2));
}

Value OnlineSoftmax::shiftOf(Value m) {
  Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, m, b.f32(-kInfinity));
  return b.select(isEmpty, b.f32(0.0), b.negf(b.mulf(m, b.f32(scale))));
}

Values OnlineSoftmax::exponents(ValueRange scores, const SoftmaxState &state) {
  Values result, shifts{shiftOf(state.m[0]), shiftOf(state.m[1])};
  for (auto [i, score] : llvm::enumerate(scores))
    result.push_back(b.fma(score, b.f32(scale), shifts[rowOf(i)]));
  return result;
}

Value OnlineSoftmax::isAnyRaised(ValueRange exponents, const SoftmaxState &state) {
  Value signs = reduceInChains(exponents, [&](Value x, Value y) {
    auto bits = [&](Value z) {
      return z.getType().isF32() ? b.createOrFold<arith::BitcastOp>(b.getI32Type(), z) : z;
    };
    return b.createOrFold<arith::AndIOp>(bits(x), bits(y));
  });
  Value isRaised = b.cmp(arith::CmpIPredicate::sge, signs, b.i32(0));
  for (Value m : state.m)
    isRaised = b.either(isRaised, b.cmpf(arith::CmpFPredicate::OEQ, m, b.f32(-kInfinity)));
  return b.create<NVVM::VoteSyncOp>(b.getI1Type(), b.i32(-1), isRaised, NVVM::VoteSyncKind::any);
}

void OnlineSoftmax::raise(Values &exponents, SoftmaxState &state, Value factors[2]) {
  for (size_t r = 0; r < 2; ++r) {
    Value before = state.m[r], shift = shiftOf(before);
    Value largest = b.addf(largestOfRow(ofRow(exponents, r)), b.f32(kSlack));
    state.m[r] = b.maxf(before, b.mulf(b.addf(largest, b.negf(shift)), b.f32(1 / scale)));
    Value raised = shiftOf(state.m[r]), step = b.addf(raised, b.negf(shift));
    factors[r] = b.exp2(b.fma(before, b.f32(scale), raised));
    for (auto [i, exponent] : llvm::enumerate(exponents))
      if (rowOf(i) == r)
        exponent = b.addf(exponent, step);
  }
}

/// As the left operand of the update: accumulators have its layout.
Values OnlineSoftmax::pack(ValueRange weights) {
  Values pairs;
  for (size_t i = 0; i < weights.size(); i += 2)
    pairs.push_back(b.pack(weights[i], weights[i + 1], element));
  return pairs;
}

Values OnlineSoftmax::weigh(Values exponents, Value totals[2]) {
  for (Value &exponent : exponents)
    exponent = b.exp2(exponent);
  // One chain each: powers come slower than sums.
  totals[0] = totals[1] = Value();
  for (auto [i, weight] : llvm::enumerate(exponents)) {
    Value &total = totals[rowOf(i)];
    total = total ? b.addf(total, weight) : weight;
  }
  return pack(exponents);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

Values OnlineSoftmax::start(Values scores, SoftmaxState &state) {
  if (!hasSlack) {
    tile.softmax(scores, state, /*isFirst=*/true, {});
    return pack(scores);
  }
  for (size_t r = 0; r < 2; ++r)
    state.m[r] = b.addf(largestOfRow(ofRow(scores, r)), b.f32(kSlack / scale));
  return weigh(exponents(scores, state), state.l);
}

Values OnlineSoftmax::update(Values scores, SoftmaxState &state, Values &sums) {
  Value factors[2];
  if (!hasSlack) {
    tile.softmax(scores, state, /*isFirst=*/false, factors);
    for (auto [i, sum] : llvm::enumerate(sums))
      sum = b.mulf(sum, factors[rowOf(i)]);
    return pack(scores);
  }
  Values against = exponents(scores, state);
  Value isRaised = isAnyRaised(against, state), totals[2];
  Values quick{state.m[0], state.m[1]}, pairs = weigh(against, totals);
  for (size_t r = 0; r < 2; ++r)
    quick.push_back(b.addf(state.l[r], totals[r]));
  llvm::append_range(quick, pairs);
  llvm::append_range(quick, sums);
  Values found = b.choose(isRaised, [&]() -> Values {
    SoftmaxState raised = state;
    raise(against, raised, factors);
    Values scaled; // first: the factors take no registers then
    for (auto [i, sum] : llvm::enumerate(sums))
      scaled.push_back(b.mulf(sum, factors[rowOf(i)]));
    for (size_t r = 0; r < 2; ++r)
      raised.l[r] = b.mulf(state.l[r], factors[r]);
    Values pairs = weigh(against, totals), result{raised.m[0], raised.m[1]};
    for (size_t r = 0; r < 2; ++r)
      result.push_back(b.addf(raised.l[r], totals[r]));
    llvm::append_range(result, pairs);
    llvm::append_range(result, scaled);
    return result;
  }, quick);
  state.m[0] = found[0], state.m[1] = found[1];
  state.l[0] = found[2], state.l[1] = found[3];
  ValueRange rest = ValueRange(found).drop_front(4);
  sums = Values(rest.drop_front(pairs.size()));
  return Values(rest.take_front(pairs.size()));
}
