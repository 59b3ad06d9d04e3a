//===- SelectQueries.cpp - The modelled oracle calls of a preparation -----===//
// Brassard, Hoyer, Mosca, Tapp: amplitude amplification and estimation; Yoder, Low,
// Chuang: fixed-point search. Once for a row, in f64: a rounding of f32 would move
// the number of rounds.

#include "SelectKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat;

/// Rounds of `optimal`: max(0, rint(pi/(4 theta) - 1/2)), theta = asin sqrt a.
static Value optimalRounds(TaskBuilder &b, Value root) {
  Type f64 = root.getType();
  Value theta = b.create<math::AsinOp>(root);
  Value rounds = b.subf(b.divf(b.constant(f64, M_PI / 4), theta), b.constant(f64, 0.5));
  return b.maxf(b.create<math::RoundEvenOp>(rounds), b.constant(f64, 0.0));
}

/// L - 1, L the least odd integer >= ln(2/delta) / sqrt a.
static Value fixedPointQueries(TaskBuilder &b, Value root, double delta) {
  Type f64 = root.getType();
  Value least = b.divf(b.constant(f64, std::log(2.0 / delta)), root);
  Value half = b.mulf(b.subf(least, b.constant(f64, 1.0)), b.constant(f64, 0.5));
  Value rounds = b.maxf(b.create<math::CeilOp>(half), b.constant(f64, 0.0));
  return b.mulf(rounds, b.constant(f64, 2.0));
}

Value qsat::buildQueries(TaskBuilder &b, AmplificationAttr iterations, Value mass) {
  FloatType f64 = b.getF64Type();
  Value a = b.convert(mass, f64), zero = b.constant(f64, 0.0);
  Value some = b.cmpf(arith::CmpFPredicate::OGT, a, zero);
  Value root = b.create<math::SqrtOp>(b.select(some, a, b.constant(f64, 1.0)));
  Value queries;
  switch (iterations.getKind()) {
  case AmplificationKind::Born:
  case AmplificationKind::Full:
    queries = zero;
    break;
  case AmplificationKind::Rounds:
    queries = b.constant(f64, static_cast<double>(iterations.getRounds()));
    break;
  case AmplificationKind::Optimal:
    queries = optimalRounds(b, root);
    break;
  case AmplificationKind::FixedPoint:
    queries = fixedPointQueries(b, root, iterations.getDelta().convertToDouble());
    break;
  }
  return b.convert(b.select(some, queries, zero), b.getF32Type());
}
