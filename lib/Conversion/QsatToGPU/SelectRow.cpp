//===- SelectRow.cpp - One list of amplified_select, on any GPU -----------===//

#include "SelectRow.h"

#include "../Constants.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static ValueRange partOf(ValueRange operands, OperandRange part) {
  return operands.slice(part.getBeginOperandIndex(), part.size());
}

SelectRow::SelectRow(TeamBuilder &b, AmplifiedSelectOp op, ValueRange operands, const Scratch &scratch, Value block,
                     Value list, Value batch)
    : b(b), op(op), mask(b, op.getMaskAttr(), partOf(operands, op.getPosition())), f32(b.getF32Type()),
      scratch(scratch), amplitude(operands[0]), position(partOf(operands, op.getPosition())), block(block), list(list),
      batch(batch) {
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
  all.emplace(b, visibleBlocks);
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

Value SelectRow::probability(TeamBuilder &b, Value amplitude, Value batch, Value list, Value group, Value block,
                             Value j) {
  FloatType f32 = b.getF32Type();
  Value firstHead = b.mul(list, group);
  Value sum = b.loop(b.index(0), group, 1, {b.constant(f32, 0.0)}, [&](Value g, ValueRange sum) -> Values {
    Value x = b.load(amplitude, {batch, b.add(firstHead, g), block, j});
    return {b.addf(sum[0], b.mulf(x, x))};
  })[0];
  return b.divf(sum, b.toFloat(group, f32));
}

SelectRow::Candidate SelectRow::candidate(Value number) {
  Value inside = b.less(number, visibleBlocks), j = b.min(number, b.sub(blocks, 1));
  Value p = probability(b, amplitude, batch, list, group, block, j);
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

Value SelectRow::countOf(Test test) {
  Value count = all->forEach({b.index(0)}, [&](Value number, ValueRange carried) -> Values {
    return {b.add(carried[0], b.select(test(candidate(number)), b.index(1), b.index(0)))};
  })[0];
  return b.sumOfTeam(count);
}

//===----------------------------------------------------------------------===//
// Places in orders
//===----------------------------------------------------------------------===//

Value SelectRow::placeByP(const Candidate &c, Value among) {
  Value place = b.create<arith::OrIOp>(TeamOrder::placeOfPositive(b, c.p), b.select(c.forced, b.i32(INT32_MIN), b.i32(0)));
  return b.select(among, place, b.i32(0));
}

/// What is forced comes first; as a list that is too short keeps what has most p,
/// it does not matter in which order.
Value SelectRow::placeByPolicy(const Candidate &c) {
  if (op.getPolicy() != Policy::HeavyHitter && op.getPolicy() != Policy::Measure)
    return placeByP(c, c.eligible);
  Value key;
  if (scratch.sums)
    key = b.load(scratch.sums, {batch, list, block, b.min(c.number, b.sub(blocks, 1))});
  else
    key = noisyLog(c);
  Value place = b.select(c.forced, b.i32(-1), TeamOrder::placeOf(b, key));
  return b.select(c.eligible, place, b.i32(0));
}

/// ln x of x >= 0, or NaN.
static Value naturalLog(TeamBuilder &b, Value x) {
  Type f32 = x.getType();
  auto number = [&](double value) { return b.constant(f32, value); };
  // log2 looks at the bits of normal numbers.
  Value isSmall = b.cmpf(arith::CmpFPredicate::OLT, x, number(0x1p-64));
  Value log = b.log2(b.select(isSmall, b.mulf(x, number(0x1p64)), x));
  log = b.mulf(b.subf(log, b.select(isSmall, number(64.0), number(0.0))), number(kLn2));
  Value isUsual = b.cmpf(arith::CmpFPredicate::OLT, x, number(kInfinity)); // else inf or NaN
  Value isZero = b.cmpf(arith::CmpFPredicate::OEQ, x, number(0.0));
  return b.select(isZero, number(-kInfinity), b.select(isUsual, log, x));
}

/// The uniform numbers are of problem coordinates: see the op's description.
Value SelectRow::noisyLog(const Candidate &c) {
  auto at = [&](unsigned number) { return position.empty() ? b.index(0) : Value(position[number]); };
  Value keyBlock = b.add(c.number, b.div(at(3), op.getBlockN()));
  Value x = b.hash(op.getSeed(), {{0x9E3779B9u, b.add(keyBlock, 1)},
                                  {0x85EBCA77u, b.add(block, b.div(at(2), op.getBlockM()))},
                                  {0xC2B2AE3Du, b.add(list, b.div(at(1), group))},
                                  {0x27D4EB2Fu, b.add(batch, at(0))}});
  Value high = b.create<arith::ShRUIOp>(x, b.i32(9));
  Value uniform = b.addf(b.create<arith::SIToFPOp>(f32, high), b.constant(f32, 0.5));
  uniform = b.mulf(uniform, b.constant(f32, 0x1p-23));
  Value inner = b.subf(b.constant(f32, 0.0), naturalLog(b, uniform));
  return b.subf(naturalLog(b, c.p), naturalLog(b, inner));
}

/// Each lane reads back what it stored itself.
Value SelectRow::storedPlace(Value number) {
  Value place = b.load(scratch.places, {batch, list, block, b.min(number, b.sub(blocks, 1))});
  return b.select(b.less(number, blocks), place, b.i32(0));
}

void SelectRow::storePlace(Value place, Value number) {
  b.when(b.less(number, blocks), [&] { b.store(place, scratch.places, {batch, list, block, number}); });
}

//===----------------------------------------------------------------------===//
// Policies
//===----------------------------------------------------------------------===//

/// Whether the policy takes the first of an order, not what reaches a cut.
bool SelectRow::needsPlaces(AmplifiedSelectOp op) {
  return llvm::is_contained({Policy::TopK, Policy::Mass, Policy::Budget, Policy::HeavyHitter, Policy::Measure},
                            op.getPolicy());
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
    return b.exp2(b.mulf(exponent, b.constant(f32, kLog2E)));
  }
  case Policy::RelativeThreshold: {
    Value top = all->forEach({zero}, [&](Value number, ValueRange top) -> Values {
      Candidate c = candidate(number);
      return {b.select(c.eligible, b.maxf(c.p, top[0]), top[0])};
    })[0];
    return b.mulf(theta, b.largestOfTeam(top));
  }
  case Policy::Residual: {
    Value sum = all->forEach({zero}, [&](Value number, ValueRange sum) -> Values {
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

/// How many the policy takes, or more than there are.
Value SelectRow::lengthOfPolicy(Value eligible) {
  if (op.getPolicy() == Policy::Mass)
    return lengthOfMass();
  return op.getPolicy() == Policy::Budget ? lengthOfBudget(eligible) : b.index(op.getK());
}

/// That of the shortest prefix of the order that has theta of all mass.
Value SelectRow::lengthOfMass() {
  auto mass = [&](Value number) { return candidate(number).p; };
  auto one = [&](Value) { return b.index(1); };
  auto places = [&](Value number) { return storedPlace(number); };
  Value zero = b.constant(f32, 0.0), theta = b.constant(f32, op.getTheta().convertToDouble());
  TeamOrder::Weights masses{zero, mass}, each{b.index(0), one};
  Value target = b.mulf(theta, all->sum(arith::CmpIPredicate::ne, b.i32(0), places, masses));
  Value cut = all->largestCut(places, masses, [&](Value sum) { return b.cmpf(arith::CmpFPredicate::OGE, sum, target); });
  Value above = all->sum(arith::CmpIPredicate::ugt, cut, places, masses);
  Value count = all->sum(arith::CmpIPredicate::ugt, cut, places, each);
  // Those at the cut weigh the same: as many as are missing, or all.
  Value ties = all->sum(arith::CmpIPredicate::eq, cut, places, each);
  Value weightOfTies = all->sum(arith::CmpIPredicate::eq, cut, places, masses), most = b.toFloat(ties, f32);
  Value missing = b.mulf(b.divf(b.subf(target, above), weightOfTies), most);
  missing = b.roundUp(b.maxf(missing, zero));
  Value isEnough = b.cmpf(arith::CmpFPredicate::OLT, missing, most); // false for NaN
  Value taken = b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), b.select(isEnough, missing, most)));
  return b.add(count, taken);
}

/// ceil(alpha * n^exponent) in f64.
Value SelectRow::lengthOfBudget(Value eligible) {
  FloatType f64 = b.getF64Type();
  Value n = b.toFloat(eligible, f64), one = b.constant(f64, 1.0);
  double exponent = op.getExponent().convertToDouble();
  Value power = exponent == 1 ? n : one;
  if (exponent == 0.5)
    power = b.sqrt(b.maxf(n, one));
  else if (exponent != 0 && exponent != 1) // no library is needed for it
    power = b.exp2(b.mulf(b.constant(f64, exponent), b.log2(b.maxf(n, one))));
  Value budget = b.roundUp(b.mulf(b.constant(f64, op.getAlpha().convertToDouble()), power));
  // Before the conversion: what no integer holds is more than all blocks anyway.
  Value least = b.select(b.cmpf(arith::CmpFPredicate::OGE, budget, n), n, budget);
  return b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), least));
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

void SelectRow::build() { scratch.places ? takeFirst() : takeFromCut(); }

void SelectRow::takeFirst() {
  Value zero = b.index(0), one = b.index(1);
  Values counts = all->forEach({zero, zero}, [&](Value number, ValueRange carried) -> Values {
    Candidate c = candidate(number);
    storePlace(placeByPolicy(c), number);
    return {b.add(carried[0], b.select(c.eligible, one, zero)), b.add(carried[1], b.select(c.forced, one, zero))};
  });
  Value eligible = b.sumOfTeam(counts[0]), forced = b.sumOfTeam(counts[1]);
  Value length = b.min(b.max(lengthOfPolicy(eligible), forced), eligible);
  // Of what the policy takes, a list that is too short keeps the first by p.
  b.when(b.gt(length, limit), [&] {
    TeamOrder::Prefix prefix = all->first(length, [&](Value number) { return storedPlace(number); });
    all->forEach({zero}, [&](Value number, ValueRange seen) -> Values {
      auto [taken, ties] = all->isAmong(prefix, storedPlace(number), seen[0]);
      storePlace(placeByP(candidate(number), taken), number);
      return {b.add(seen[0], ties)};
    });
  });
  storeFirst(b.min(length, limit));
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
    auto place = [&](Value number) {
      Candidate c = candidate(number);
      return placeByP(c, isMarked(c));
    };
    TeamOrder::Prefix prefix = all->first(limit, place);
    storeList([&](const Candidate &c, Value seen) { return all->isAmong(prefix, placeByP(c, isMarked(c)), seen); });
  });
}

void SelectRow::store(Test marks) {
  storeList([&](const Candidate &c, Value) { return std::pair(marks(c), Value()); });
}

void SelectRow::storeFirst(Value length) {
  TeamOrder::Prefix prefix = all->first(length, [&](Value number) { return storedPlace(number); });
  storeList([&](const Candidate &c, Value seen) { return all->isAmong(prefix, storedPlace(c.number), seen); });
}

void SelectRow::storeList(function_ref<std::pair<Value, Value>(const Candidate &, Value)> marks) {
  Value zero = b.index(0);
  // Carried: entries of the list, ties seen, mass of this lane.
  Values total = all->forEach({zero, zero, b.constant(f32, 0.0)}, [&](Value number, ValueRange carried) -> Values {
    Candidate c = candidate(number);
    auto [marked, ties] = marks(c, carried[1]);
    Value place = b.add(carried[0], b.countBefore(marked));
    b.when(b.both(marked, b.less(place, limit)),
           [&] { b.store(b.toI32(c.number), indices, {batch, list, block, place}); });
    Value more = b.addf(carried[2], c.p);
    return {b.add(carried[0], b.countOfTeam(marked)), ties ? b.add(carried[1], ties) : zero,
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
  Value mirrored = b.sqrt(b.mulf(half, b.subf(b.constant(f64, 1.0), x)));
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
  Value root = b.sqrt(b.select(some, a, number(1.0))), calls = number(0.0);
  if (iterations.getKind() == AmplificationKind::Rounds)
    calls = number(static_cast<double>(iterations.getRounds()));
  if (iterations.getKind() == AmplificationKind::Optimal) {
    Value rounds = b.subf(b.divf(number(M_PI / 4), arcSine(b, root)), number(0.5));
    calls = b.maxf(b.roundToEven(rounds), number(0.0));
  }
  if (iterations.getKind() == AmplificationKind::FixedPoint) {
    Value least = b.divf(number(std::log(2.0 / iterations.getDelta().convertToDouble())), root);
    Value half = b.mulf(b.subf(least, number(1.0)), number(0.5));
    calls = b.mulf(b.maxf(b.roundUp(half), number(0.0)), number(2.0));
  }
  return b.convert(b.select(some, calls, number(0.0)), f32);
}
