//===- Amplification.cpp - P and queries of a marked mass -----------------===//

#include "Decompose.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace qsat {

template <typename Op>
static Expr call(Expr a) {
  return a.e->wrap(Op::create(a.e->b, a.e->loc, a.v));
}

static Expr asinSqrt(Expr a) { return call<math::AsinOp>(sqrt(a)); }

/// rint(pi/(4 theta) - 1/2), not below 0; a > 0.
static Expr optimalRounds(Emitter &e, Expr a) {
  Type f64 = e.b.getF64Type();
  Expr rounds = call<math::RoundEvenOp>(e.real(M_PI, f64) / (e.real(4, f64) * asinSqrt(a)) -
                                        e.real(0.5, f64));
  return max(rounds, e.real(0, f64));
}

/// L, the least odd integer >= ln(2/delta) / sqrt(a); a > 0.
static Expr fixedPointLength(Emitter &e, double delta, Expr a) {
  Type f64 = e.b.getF64Type();
  Expr least = e.real(std::log(2 / delta), f64) / sqrt(a);
  Expr half = call<math::CeilOp>((least - e.real(1, f64)) / e.real(2, f64));
  return e.real(2, f64) * max(half, e.real(0, f64)) + e.real(1, f64);
}

/// T_order(x) for x >= 0.
static Expr chebyshev(Emitter &e, Expr order, Expr x) {
  Expr one = e.real(1, e.b.getF64Type());
  Expr inside = call<math::CosOp>(order * call<math::AcosOp>(min(x, one)));
  Expr outside = call<math::CoshOp>(order * call<math::AcoshOp>(max(x, one)));
  return select(x <= one, inside, outside);
}

/// 1 - delta^2 T_L(T_{1/L}(1/delta) sqrt(1-a))^2; a > 0.
static Expr fixedPointProbability(Emitter &e, double delta, Expr a) {
  Type f64 = e.b.getF64Type();
  Expr one = e.real(1, f64), length = fixedPointLength(e, delta, a);
  Expr gain = call<math::CoshOp>(e.real(std::acosh(1 / delta), f64) / length);
  Expr t = chebyshev(e, length, gain * sqrt(one - a));
  return one - e.real(delta * delta, f64) * t * t;
}

/// The rounds m for a > 0, f64.
static Expr rounds(Emitter &e, AmplificationAttr amplification, Expr a) {
  Type f64 = e.b.getF64Type();
  switch (amplification.getKind()) {
  case AmplificationKind::Born:
  case AmplificationKind::Full:
    break;
  case AmplificationKind::Rounds:
    return e.real(double(amplification.getRounds()), f64);
  case AmplificationKind::Optimal:
    return optimalRounds(e, a);
  case AmplificationKind::FixedPoint: {
    Expr length = fixedPointLength(e, amplification.getDelta().convertToDouble(), a);
    return (length - e.real(1, f64)) / e.real(2, f64);
  }
  }
  return e.real(0, f64);
}

/// `a` in f64, and 1 in place of 0, for which the formulas do not hold.
static Expr positive(Emitter &e, Expr a) {
  Expr zero = e.real(0, a.type());
  return convert(select(a > zero, a, e.real(1, a.type())), e.b.getF64Type());
}

Expr emitProbability(Emitter &e, AmplificationAttr amplification, Expr a) {
  Type f64 = e.b.getF64Type();
  Expr p, mass = positive(e, a);
  switch (amplification.getKind()) {
  case AmplificationKind::Full:
    return e.real(1, a.type());
  case AmplificationKind::Born:
    return a;
  case AmplificationKind::FixedPoint:
    p = fixedPointProbability(e, amplification.getDelta().convertToDouble(), mass);
    break;
  case AmplificationKind::Rounds:
  case AmplificationKind::Optimal: {
    // sin^2((2m+1) theta)
    Expr turns = e.real(2, f64) * rounds(e, amplification, mass) + e.real(1, f64);
    Expr sine = call<math::SinOp>(turns * asinSqrt(mass));
    p = sine * sine;
    break;
  }
  }
  Expr zero = e.real(0, a.type());
  return select(a > zero, convert(p, a.type()), zero);
}

Expr emitQueries(Emitter &e, AmplificationAttr amplification, Expr a) {
  Type f64 = e.b.getF64Type();
  Expr m = rounds(e, amplification, positive(e, a));
  if (amplification.getKind() == AmplificationKind::FixedPoint)
    m = e.real(2, f64) * m;
  return select(a > e.real(0, a.type()), m, e.real(0, f64));
}

} // namespace qsat
