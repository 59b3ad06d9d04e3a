//===- TeamOrder.cpp - The first of an order, by a team -------------------===//

#include "TeamOrder.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Bits of a place, and those of them that are found at a time.
static constexpr int64_t kBits = 32, kStep = 2;

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

/// The cuts above `cut` by the digit at bit `shift`.
Values TeamOrder::raise(Value cut, Value shift) {
  Values cuts;
  for (int64_t digit = 1; digit < 1 << kStep; ++digit)
    cuts.push_back(b.create<arith::OrIOp>(cut, b.create<arith::ShLIOp>(b.i32(digit), shift)));
  return cuts;
}

/// Bits from the highest down.
Value TeamOrder::largestCut(Places places, const Weights &weights, function_ref<Value(Value)> reaches) {
  return b.loop(b.index(0), b.index(kBits / kStep), 1, {b.i32(0)}, [&](Value n, ValueRange carried) -> Values {
    Value shift = b.sub(b.i32(kBits - kStep), b.mul(b.toI32(n), b.i32(kStep))), best = carried[0];
    Values cuts = raise(best, shift);
    for (auto [cut, sum] : llvm::zip_equal(cuts, sums(cuts, arith::CmpIPredicate::uge, places, weights)))
      best = b.select(reaches(sum), cut, best);
    return {best};
  })[0];
}

/// The least and the largest place of what takes part.
std::pair<Value, Value> TeamOrder::range(Places places) {
  auto least = [&](Value x, Value y) { return Value(b.create<arith::MinUIOp>(x, y)); };
  auto largest = [&](Value x, Value y) { return Value(b.create<arith::MaxUIOp>(x, y)); };
  // What takes no part has the place 0, and comes last where 1 is taken from all.
  Values ends = forEach({b.i32(-1), b.i32(0)}, [&](Value number, ValueRange ends) -> Values {
    Value place = places(number);
    return {least(ends[0], b.sub(place, b.i32(1))), largest(ends[1], place)};
  });
  for (int64_t bit = 1; bit < b.lanes; bit *= 2) {
    ends[0] = least(ends[0], b.exchange(ends[0], bit));
    ends[1] = largest(ends[1], b.exchange(ends[1], bit));
  }
  return {b.add(ends[0], b.i32(1)), ends[1]};
}

/// As `largestCut`; but bits that all places have in common are not searched, nor
/// those below a cut that has just as many at or above it.
TeamOrder::Prefix TeamOrder::first(Value length, Places places) {
  auto one = [&](Value) { return b.index(1); };
  auto shiftRight = [&](Value x, Value bits) { return Value(b.create<arith::ShRUIOp>(x, bits)); };
  Weights each{b.index(0), one};
  std::pair<Value, Value> ends = range(places);
  Value differing = b.create<arith::XOrIOp>(ends.first, ends.second);
  Values found = b.loop(b.index(0), b.index(kBits / kStep), 1, {b.i32(0), b.boolean(false)}, [&](Value n, ValueRange carried) {
    Value shift = b.sub(b.i32(kBits - kStep), b.mul(b.toI32(n), b.i32(kStep))), isExact = carried[1];
    Value isCommon = b.cmp(arith::CmpIPredicate::eq, shiftRight(differing, shift), b.i32(0));
    auto take = [&]() -> Values {
      Value common = b.create<arith::ShLIOp>(shiftRight(ends.second, shift), shift);
      return {b.select(isExact, carried[0], common), isExact};
    };
    return b.choose(b.either(isExact, isCommon), take, [&]() -> Values {
      Values raised = raise(carried[0], shift);
      Value best = carried[0], exact = isExact;
      for (auto [cut, count] : llvm::zip_equal(raised, sums(raised, arith::CmpIPredicate::uge, places, each))) {
        best = b.select(b.ge(count, length), cut, best);
        exact = b.either(exact, b.cmp(arith::CmpIPredicate::eq, count, length));
      }
      return {best, exact};
    });
  });
  return {found[0], b.sub(length, sum(arith::CmpIPredicate::ugt, found[0], places, each))};
}

std::pair<Value, Value> TeamOrder::isAmong(const Prefix &prefix, Value place, Value seen) {
  Value isTie = b.cmp(arith::CmpIPredicate::eq, place, prefix.cut);
  isTie = b.both(isTie, b.cmp(arith::CmpIPredicate::ne, place, b.i32(0)));
  Value isTaken = b.both(isTie, b.less(b.add(seen, b.countBefore(isTie)), prefix.ties));
  Value isAbove = b.cmp(arith::CmpIPredicate::ugt, place, prefix.cut);
  return {b.either(isAbove, isTaken), b.countOfTeam(isTie)};
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
