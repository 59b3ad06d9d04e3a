//===- SelectRow.cpp - One list of amplified_select, on any GPU -----------===//

#include "SelectRow.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static ValueRange partOf(ValueRange operands, OperandRange part) {
  return operands.slice(part.getBeginOperandIndex(), part.size());
}

SelectRow::SelectRow(TeamBuilder &b, AmplifiedSelectOp op, ValueRange operands, Value orders, Value block,
                     Value list, Value batch)
    : b(b), op(op), mask(b, op.getMaskAttr(), partOf(operands, op.getPosition())), f32(b.getF32Type()),
      amplitude(operands[0]), orders(orders), block(block), list(list), batch(batch) {
  if (op.getLse())
    lse = operands[1];
  if (op.getSpread())
    spread = operands[op.getLse() ? 2 : 1];
  ValueRange inits = partOf(operands, op.getInits());
  indices = inits[0];
  counts = inits[1];
  mass = inits[2];
  oracle = inits[3];
  group = b.div(b.dim(amplitude, 1), b.dim(counts, 1));
  blocks = b.dim(amplitude, 3);
  limit = b.dim(indices, 3);
  firstRow = b.mul(block, op.getBlockM());
  lastRow = b.add(firstRow, op.getBlockM() - 1);
  auto diagonalBlock = [&](Value row) {
    return b.min(b.div(b.max(mask.diagonalKey(row), 0), op.getBlockN()), b.sub(blocks, 1));
  };
  diagonalBegin = diagonalBlock(firstRow);
  diagonalLast = diagonalBlock(lastRow);
  Value end = mask.visibleEnd(lastRow, b.mul(blocks, op.getBlockN()));
  visibleBlocks = b.KernelBuilder::ceilDiv(end, op.getBlockN());
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

SelectRow::Candidate SelectRow::candidate(Value number) {
  Value inside = b.less(number, visibleBlocks), j = b.min(number, b.sub(blocks, 1));
  Value firstHead = b.mul(list, group);
  Value sum = b.loop(b.index(0), group, 1, {b.constant(f32, 0.0)}, [&](Value g, ValueRange sum) -> Values {
    Value x = b.load(amplitude, {batch, b.add(firstHead, g), block, j});
    return {b.addf(sum[0], b.mulf(x, x))};
  })[0];
  Value p = b.divf(sum, b.toFloat(group, f32));
  Value eligible = inside;
  if (mask.hasWindow()) {
    Value firstKey = b.mul(j, op.getBlockN()), lastKey = b.add(firstKey, op.getBlockN() - 1);
    eligible = b.both(inside, mask.anyVisible(firstRow, lastRow, firstKey, lastKey));
  }
  auto within = [&](Value first, Value last) { return b.both(b.ge(j, first), b.le(j, last)); };
  Value before = within(b.sub(diagonalBegin, op.getLocal()), b.sub(diagonalBegin, 1));
  Value after = within(b.add(diagonalLast, 1), b.add(diagonalLast, op.getLocal()));
  Value forced = b.either(b.less(j, b.index(op.getSinks())), b.either(before, after));
  if (!op.getNoDiagonal())
    forced = b.either(forced, within(diagonalBegin, diagonalLast));
  return {number, p, eligible, b.both(forced, eligible)};
}

Values SelectRow::forEach(ValueRange inits, function_ref<Values(Value, ValueRange)> body) {
  // All lanes make the same number of rounds: they exchange values in them.
  return b.loop(b.index(0), visibleBlocks, b.lanes, inits, [&](Value first, ValueRange carried) -> Values {
    return body(b.add(first, b.lane), carried);
  });
}

Value SelectRow::countOf(Test test) {
  Value count = forEach({b.index(0)}, [&](Value number, ValueRange carried) -> Values {
    return {b.add(carried[0], b.select(test(candidate(number)), b.index(1), b.index(0)))};
  })[0];
  return b.sumOfTeam(count);
}

//===----------------------------------------------------------------------===//
// The first of an order
//===----------------------------------------------------------------------===//

/// The bits of p order like p, since it is not negative.
Value SelectRow::orderOf(const Candidate &c, Value among) {
  Value bits = b.create<arith::AndIOp>(b.create<arith::BitcastOp>(b.getI32Type(), c.p), b.i32(INT32_MAX));
  Value order = b.add(b.min(bits, b.i32(INT32_MAX - 1)), b.i32(1));
  order = b.create<arith::OrIOp>(order, b.select(c.forced, b.i32(INT32_MIN), b.i32(0)));
  return b.select(among, order, b.i32(0));
}

SelectRow::Prefix SelectRow::firstOf(Value length, Order order) {
  constexpr int64_t kBits = 32, kStep = 2, kCuts = (1 << kStep) - 1;
  Value zero = b.index(0), one = b.index(1);
  auto countFrom = [&](ArrayRef<Value> cuts, arith::CmpIPredicate predicate) {
    Values counts = forEach(Values(cuts.size(), zero), [&](Value number, ValueRange carried) -> Values {
      Value place = order(number);
      Values next;
      for (auto [cut, count] : llvm::zip_equal(cuts, carried))
        next.push_back(b.add(count, b.select(b.cmp(predicate, place, cut), one, zero)));
      return next;
    });
    for (Value &count : counts)
      count = b.sumOfTeam(count);
    return counts;
  };
  // The largest cut that leaves at least `length`: its bits from the highest down.
  Value cut = b.loop(zero, b.index(kBits / kStep), 1, {b.i32(0)}, [&](Value n, ValueRange carried) -> Values {
    Value shift = b.sub(b.i32(kBits - kStep), b.mul(b.toI32(n), b.i32(kStep))), best = carried[0];
    Values cuts;
    for (int64_t digit = 1; digit <= kCuts; ++digit)
      cuts.push_back(b.create<arith::OrIOp>(best, b.create<arith::ShLIOp>(b.i32(digit), shift)));
    for (auto [raised, count] : llvm::zip_equal(cuts, countFrom(cuts, arith::CmpIPredicate::uge)))
      best = b.select(b.ge(count, length), raised, best);
    return {best};
  })[0];
  return {cut, b.sub(length, countFrom(cut, arith::CmpIPredicate::ugt)[0])};
}

//===----------------------------------------------------------------------===//
// Policies
//===----------------------------------------------------------------------===//

/// Whether the policy takes the first of an order, not what reaches a cut.
bool SelectRow::needsOrders(AmplifiedSelectOp op) {
  return op.getPolicy() == Policy::TopK || op.getPolicy() == Policy::Budget;
}

/// What `compared` has to reach.
Value SelectRow::cutOfPolicy() {
  Value theta = b.constant(f32, op.getTheta().convertToDouble()), zero = b.constant(f32, 0.0);
  switch (op.getPolicy()) {
  case Policy::LogitThreshold: {
    Value firstHead = b.mul(list, group);
    Value sum = b.loop(b.index(0), group, 1, {zero}, [&](Value g, ValueRange sum) -> Values {
      return {b.addf(sum[0], b.load(lse, {batch, b.add(firstHead, g), block}))};
    })[0];
    Value exponent = b.subf(theta, b.divf(sum, b.toFloat(group, f32)));
    return b.exp2(b.mulf(exponent, b.constant(f32, 1.4426950408889634)));
  }
  case Policy::RelativeThreshold: {
    Value top = forEach({zero}, [&](Value number, ValueRange top) -> Values {
      Candidate c = candidate(number);
      return {b.select(c.eligible, b.maxf(c.p, top[0]), top[0])};
    })[0];
    return b.mulf(theta, b.largestOfTeam(top));
  }
  case Policy::Residual: {
    Value sum = forEach({zero}, [&](Value number, ValueRange sum) -> Values {
      Candidate c = candidate(number);
      return {b.select(c.eligible, b.addf(sum[0], compared(c)), sum[0])};
    })[0];
    return b.mulf(theta, b.sumOfTeam(sum));
  }
  default:
    return theta;
  }
}

/// What the policy compares with its cut.
Value SelectRow::compared(const Candidate &c) {
  if (!spread)
    return c.p;
  Value kvHead = b.div(b.mul(list, group), b.div(b.dim(amplitude, 1), b.dim(spread, 1)));
  Value j = b.min(c.number, b.sub(blocks, 1));
  return b.mulf(c.p, b.load(spread, {batch, kvHead, j}));
}

/// How many the policy takes: k, or ceil(alpha * n^exponent) in f64.
Value SelectRow::lengthOfPolicy(Value eligible) {
  if (op.getPolicy() == Policy::TopK)
    return b.index(op.getK());
  FloatType f64 = b.getF64Type();
  Value n = b.toFloat(eligible, f64);
  double exponent = op.getExponent().convertToDouble();
  Value power = exponent == 1 ? n : exponent == 0 ? b.constant(f64, 1.0) : b.create<math::SqrtOp>(n).getResult();
  Value budget = b.create<math::CeilOp>(b.mulf(b.constant(f64, op.getAlpha().convertToDouble()), power));
  // Before the conversion: what no integer holds is more than all blocks anyway.
  Value least = b.select(b.cmpf(arith::CmpFPredicate::OGE, budget, n), n, budget);
  return b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), least));
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

void SelectRow::build() { orders ? takeFirst() : takeFromCut(); }

void SelectRow::takeFirst() {
  Value zero = b.index(0), one = b.index(1);
  Values counts = forEach({zero, zero}, [&](Value number, ValueRange carried) -> Values {
    Candidate c = candidate(number);
    b.when(b.less(number, blocks), [&] { b.store(orderOf(c, c.eligible), orders, {batch, list, block, number}); });
    return {b.add(carried[0], b.select(c.eligible, one, zero)), b.add(carried[1], b.select(c.forced, one, zero))};
  });
  Value eligible = b.sumOfTeam(counts[0]), forced = b.sumOfTeam(counts[1]);
  Value length = b.min(b.max(lengthOfPolicy(eligible), forced), b.min(eligible, limit));
  // Each lane reads back what it stored itself.
  auto order = [&](Value number) -> Value {
    Value place = b.load(orders, {batch, list, block, b.min(number, b.sub(blocks, 1))});
    return b.select(b.less(number, blocks), place, b.i32(0));
  };
  storeFirst(firstOf(length, order), order);
}

void SelectRow::takeFromCut() {
  Value cut = cutOfPolicy();
  auto isMarked = [&](const Candidate &c) {
    Value isTaken = b.cmpf(arith::CmpFPredicate::OGE, compared(c), cut);
    return b.both(c.eligible, b.either(c.forced, isTaken));
  };
  // Only when there may be more than the list holds are they counted, and the
  // first of them found.
  Value fits = b.choose(b.le(visibleBlocks, limit), [&]() -> Values { return {b.boolean(true)}; },
                        [&]() -> Values { return {b.le(countOf(isMarked), limit)}; })[0];
  b.ifElse(fits, [&] { store(isMarked); }, [&] {
    auto order = [&](Value number) {
      Candidate c = candidate(number);
      return orderOf(c, isMarked(c));
    };
    storeFirst(firstOf(limit, order), order);
  });
}

void SelectRow::store(Test marks) {
  storeList([&](const Candidate &c, Value) { return std::pair(marks(c), Value()); });
}

void SelectRow::storeFirst(const Prefix &prefix, Order order) {
  storeList([&](const Candidate &c, Value seen) {
    Value place = order(c.number), isTie = b.cmp(arith::CmpIPredicate::eq, place, prefix.cut);
    isTie = b.both(isTie, c.eligible);
    Value ties = b.select(isTie, b.index(1), b.index(0));
    Value taken = b.both(isTie, b.less(b.add(seen, b.sumBefore(ties)), prefix.ties));
    Value above = b.cmp(arith::CmpIPredicate::ugt, place, prefix.cut);
    return std::pair(b.either(above, taken), b.sumOfTeam(ties));
  });
}

void SelectRow::storeList(function_ref<std::pair<Value, Value>(const Candidate &, Value)> marks) {
  Value zero = b.index(0), one = b.index(1);
  // Carried: entries of the list, ties seen, mass of this lane.
  Values total = forEach({zero, zero, b.constant(f32, 0.0)}, [&](Value number, ValueRange carried) -> Values {
    Candidate c = candidate(number);
    auto [marked, ties] = marks(c, carried[1]);
    Value entries = b.select(marked, one, zero), place = b.add(carried[0], b.sumBefore(entries));
    b.when(b.both(marked, b.less(place, limit)),
           [&] { b.store(b.toI32(c.number), indices, {batch, list, block, place}); });
    Value more = b.addf(carried[2], c.p);
    return {b.add(carried[0], b.sumOfTeam(entries)), ties ? b.add(carried[1], ties) : zero,
            b.select(marked, more, carried[2])};
  });
  Value sum = b.sumOfTeam(total[2]), whole = b.constant(f32, 1.0);
  // NaN passes the comparison.
  sum = b.select(b.cmpf(arith::CmpFPredicate::OGT, sum, whole), whole, sum);
  b.when(b.eq(b.lane, zero), [&] {
    Value at[] = {batch, list, block};
    b.store(b.toI32(total[0]), counts, at);
    b.store(sum, mass, at);
    b.store(queries(sum), oracle, at);
  });
}

//===----------------------------------------------------------------------===//
// Oracle calls
//===----------------------------------------------------------------------===//

/// asin x of 0 <= x <= 1 in f64: its series up to 1/2, and pi/2 - 2 asin
/// sqrt((1 - x) / 2) above. No target has it without a library.
static Value arcSine(TeamBuilder &b, Value x) {
  constexpr int kTerms = 24; // 4^-24 of the first
  Type f64 = x.getType();
  Value half = b.constant(f64, 0.5), isLarge = b.cmpf(arith::CmpFPredicate::OGT, x, half);
  Value mirrored = b.create<math::SqrtOp>(b.mulf(half, b.subf(b.constant(f64, 1.0), x)));
  Value y = b.select(isLarge, mirrored, x), square = b.mulf(y, y);
  double coefficients[kTerms], factor = 1;
  for (int n = 0; n < kTerms; ++n) {
    coefficients[n] = factor / (2 * n + 1);
    factor *= (2 * n + 1.0) / (2 * n + 2.0);
  }
  Value sum = b.constant(f64, coefficients[kTerms - 1]);
  for (int n = kTerms - 1; n-- > 0;)
    sum = b.addf(b.mulf(sum, square), b.constant(f64, coefficients[n]));
  Value angle = b.mulf(sum, y);
  Value rest = b.subf(b.constant(f64, 1.5707963267948966), b.mulf(b.constant(f64, 2.0), angle));
  return b.select(isLarge, rest, angle);
}

/// The modelled oracle calls for the mass; see `buildQueries` of the CPU kernels.
Value SelectRow::queries(Value mass) {
  AmplificationAttr iterations = op.getIterationsOrDefault();
  FloatType f64 = b.getF64Type();
  auto number = [&](double value) { return b.constant(f64, value); };
  Value a = b.convert(mass, f64), some = b.cmpf(arith::CmpFPredicate::OGT, a, number(0.0));
  Value root = b.create<math::SqrtOp>(b.select(some, a, number(1.0))), calls = number(0.0);
  if (iterations.getKind() == AmplificationKind::Rounds)
    calls = number(static_cast<double>(iterations.getRounds()));
  if (iterations.getKind() == AmplificationKind::Optimal) {
    Value rounds = b.subf(b.divf(number(M_PI / 4), arcSine(b, root)), number(0.5));
    calls = b.maxf(b.create<math::RoundEvenOp>(rounds), number(0.0));
  }
  if (iterations.getKind() == AmplificationKind::FixedPoint) {
    Value least = b.divf(number(std::log(2.0 / iterations.getDelta().convertToDouble())), root);
    Value half = b.mulf(b.subf(least, number(1.0)), number(0.5));
    calls = b.mulf(b.maxf(b.create<math::CeilOp>(half), number(0.0)), number(2.0));
  }
  return b.convert(b.select(some, calls, number(0.0)), f32);
}
