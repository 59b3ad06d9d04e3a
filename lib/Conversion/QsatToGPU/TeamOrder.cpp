//===- TeamOrder.cpp - The first of an order, by a team -------------------===//

#include "TeamOrder.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

Values TeamOrder::forEach(ValueRange inits, function_ref<Values(Value, ValueRange)> body) {
  // All lanes make the same number of rounds: they exchange values in them.
  return b.loop(b.index(0), end, b.lanes, inits, [&](Value first, ValueRange carried) -> Values {
    return body(b.add(first, b.lane), carried);
  });
}

Values TeamOrder::sums(ArrayRef<Value> cuts, arith::CmpIPredicate predicate, Places places, const Weights &weights) {
  bool counts = weights.zero.getType().isIndex();
  Values all = forEach(Values(cuts.size(), weights.zero), [&](Value number, ValueRange carried) -> Values {
    Value place = places(number), weight = weights.weigh(number);
    Values next;
    for (auto [cut, sum] : llvm::zip_equal(cuts, carried)) {
      Value more = b.select(b.cmp(predicate, place, cut), weight, weights.zero);
      next.push_back(counts ? b.add(sum, more) : b.addf(sum, more));
    }
    return next;
  });
  for (Value &sum : all)
    sum = b.sumOfTeam(sum);
  return all;
}

Value TeamOrder::sum(arith::CmpIPredicate predicate, Value cut, Places places, const Weights &weights) {
  return sums(cut, predicate, places, weights)[0];
}

/// Bits from the highest down.
Value TeamOrder::largestCut(Places places, const Weights &weights, function_ref<Value(Value)> reaches) {
  constexpr int64_t kBits = 32, kStep = 2, kCuts = (1 << kStep) - 1;
  return b.loop(b.index(0), b.index(kBits / kStep), 1, {b.i32(0)}, [&](Value n, ValueRange carried) -> Values {
    Value shift = b.sub(b.i32(kBits - kStep), b.mul(b.toI32(n), b.i32(kStep))), best = carried[0];
    Values cuts;
    for (int64_t digit = 1; digit <= kCuts; ++digit)
      cuts.push_back(b.create<arith::OrIOp>(best, b.create<arith::ShLIOp>(b.i32(digit), shift)));
    for (auto [raised, sum] : llvm::zip_equal(cuts, sums(cuts, arith::CmpIPredicate::uge, places, weights)))
      best = b.select(reaches(sum), raised, best);
    return {best};
  })[0];
}

TeamOrder::Prefix TeamOrder::first(Value length, Places places) {
  auto one = [&](Value) { return b.index(1); };
  Weights each{b.index(0), one};
  Value cut = largestCut(places, each, [&](Value count) { return b.ge(count, length); });
  return {cut, b.sub(length, sum(arith::CmpIPredicate::ugt, cut, places, each))};
}

std::pair<Value, Value> TeamOrder::isAmong(const Prefix &prefix, Value place, Value seen) {
  Value isTie = b.cmp(arith::CmpIPredicate::eq, place, prefix.cut);
  isTie = b.both(isTie, b.cmp(arith::CmpIPredicate::ne, place, b.i32(0)));
  Value ties = b.select(isTie, b.index(1), b.index(0));
  Value isTaken = b.both(isTie, b.less(b.add(seen, b.sumBefore(ties)), prefix.ties));
  Value isAbove = b.cmp(arith::CmpIPredicate::ugt, place, prefix.cut);
  return {b.either(isAbove, isTaken), b.sumOfTeam(ties)};
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

static Value isNaN(TeamBuilder &b, Value number) { return b.cmpf(arith::CmpFPredicate::UNO, number, number); }

/// The bits order as the number.
Value TeamOrder::placeOfPositive(TeamBuilder &b, Value number) {
  Value bits = b.create<arith::AndIOp>(b.create<arith::BitcastOp>(b.getI32Type(), number), b.i32(INT32_MAX));
  return b.select(isNaN(b, number), b.i32(1), b.add(bits, b.i32(2)));
}

/// All bits of a negative number are reversed, the sign of another: infinities
/// leave room below and above.
Value TeamOrder::placeOf(TeamBuilder &b, Value number) {
  Value canonical = b.addf(number, b.constant(b.getF32Type(), 0.0)); // -0 + 0 = 0
  Value bits = b.create<arith::BitcastOp>(b.getI32Type(), canonical);
  Value flip = b.create<arith::OrIOp>(b.create<arith::ShRSIOp>(bits, b.i32(31)), b.i32(INT32_MIN));
  return b.select(isNaN(b, number), b.i32(1), b.create<arith::XOrIOp>(bits, flip));
}
