//===- IndexRange.cpp - The values that index expressions take ------------===//

#include "IndexSimplify.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qsat::raise;

AffineExpr VarTable::add(AffineExpr extent) {
  auto constant = dyn_cast<AffineConstantExpr>(extent);
  if (constant && constant.getValue() == 1)
    return getAffineConstantExpr(0, context);
  extents.push_back(extent);
  return getAffineDimExpr(extents.size() - 1, context);
}

AffineExpr VarTable::addKeepingUnits(AffineExpr extent) {
  extents.push_back(extent);
  return getAffineDimExpr(extents.size() - 1, context);
}

AffineExpr VarTable::add(int64_t extent) { return add(getAffineConstantExpr(extent, context)); }

std::optional<int64_t> VarTable::staticExtent(unsigned var) const {
  if (auto constant = dyn_cast<AffineConstantExpr>(extents[var]))
    return constant.getValue();
  return std::nullopt;
}

uint64_t qsat::raise::varsOf(AffineExpr expr) {
  uint64_t mask = 0;
  expr.walk([&](AffineExpr e) {
    if (auto dim = dyn_cast<AffineDimExpr>(e))
      mask |= uint64_t(1) << std::min(dim.getPosition(), 63u);
  });
  return mask;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// Bounds past this are treated as unknown, so that no product overflows.
static constexpr int64_t kMaxBound = int64_t(1) << 40;

static std::optional<int64_t> bounded(std::optional<int64_t> x) {
  return x && std::abs(*x) <= kMaxBound ? x : std::nullopt;
}

static IndexRange scaled(IndexRange r, int64_t c) {
  auto times = [&](std::optional<int64_t> x) -> std::optional<int64_t> {
    int64_t product;
    if (!x || llvm::MulOverflow(*x, c, product))
      return std::nullopt;
    return bounded(product);
  };
  return c >= 0 ? IndexRange{times(r.lo), times(r.hi)} : IndexRange{times(r.hi), times(r.lo)};
}

static IndexRange added(IndexRange a, IndexRange b) {
  auto plus = [](std::optional<int64_t> x, std::optional<int64_t> y) {
    return x && y ? bounded(*x + *y) : std::nullopt;
  };
  return {plus(a.lo, b.lo), plus(a.hi, b.hi)};
}

// Recursion here and below is over the nesting of one index expression, which
// the expression builder bounds.
IndexRange qsat::raise::rangeOf(AffineExpr expr, const VarTable &vars) {
  switch (expr.getKind()) {
  case AffineExprKind::Constant: {
    int64_t value = cast<AffineConstantExpr>(expr).getValue();
    return {bounded(value), bounded(value)};
  }
  case AffineExprKind::DimId: {
    unsigned var = cast<AffineDimExpr>(expr).getPosition();
    std::optional<int64_t> extent =
        var < vars.size() ? vars.staticExtent(var) : std::nullopt;
    return {0, extent ? bounded(*extent - 1) : std::nullopt};
  }
  case AffineExprKind::SymbolId:
    if (cast<AffineSymbolExpr>(expr).getPosition() >= kFirstFlag)
      return {0, 1};
    return {1, std::nullopt};
  default:
    break;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  IndexRange lhs = rangeOf(binary.getLHS(), vars);
  if (expr.getKind() == AffineExprKind::Add)
    return added(lhs, rangeOf(binary.getRHS(), vars));
  auto rhs = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!rhs) {
    IndexRange right = rangeOf(binary.getRHS(), vars);
    bool natural = lhs.lo && *lhs.lo >= 0 && right.lo && *right.lo >= 0;
    if (!natural)
      return {};
    if (expr.getKind() == AffineExprKind::FloorDiv)
      return {0, lhs.hi};
    if (expr.getKind() == AffineExprKind::Mod)
      return {0, std::nullopt};
    return {0, expr.getKind() == AffineExprKind::Mul && lhs.hi && right.hi
                   ? scaled(lhs, *right.hi).hi
                   : std::nullopt};
  }
  int64_t c = rhs.getValue();
  if (expr.getKind() == AffineExprKind::Mul)
    return scaled(lhs, c);
  if (c <= 0)
    return {};
  if (expr.getKind() == AffineExprKind::Mod)
    return {0, c - 1};
  auto div = [&](std::optional<int64_t> x) -> std::optional<int64_t> {
    return x ? std::optional<int64_t>(llvm::divideFloorSigned(*x, c)) : std::nullopt;
  };
  return {div(lhs.lo), div(lhs.hi)};
}

bool qsat::raise::isNeverNegative(AffineExpr expr, const VarTable &vars) {
  MLIRContext *context = vars.getContext();
  // The least value, variable by variable: where the coefficient of one is
  // negative, its last value, else 0.
  for (const Term &t : termsOf(expr, vars)) {
    auto stride = strideOf({t.base, std::abs(t.coefficient)});
    if (!stride || stride->second >= vars.size())
      continue;
    AffineExpr last = getAffineConstantExpr(0, context);
    if (t.coefficient < 0)
      last = stride->first * (vars.extent(stride->second) - 1);
    expr = simplifyIndex(expr, vars) - t.base * t.coefficient - last;
  }
  // Sizes s as 1 + s', s' natural: no term is negative then.
  DenseMap<AffineExpr, AffineExpr> shifted;
  expr.walk([&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    if (symbol && symbol.getPosition() < kFirstFlag)
      shifted[e] = e + 1;
  });
  int64_t constant = 0;
  for (const Term &t : termsOf(expr.replace(shifted), vars)) {
    if (!t.base) {
      constant += t.coefficient;
      continue;
    }
    IndexRange range = rangeOf(t.base, vars);
    // A shifted size starts at 0, which rangeOf does not know.
    bool subtracts = false;
    t.base.walk([&](AffineExpr e) {
      auto constant = dyn_cast<AffineConstantExpr>(e);
      subtracts |= constant && constant.getValue() < 0;
    });
    if (t.coefficient >= 0 && range.lo && *range.lo >= 0 && !subtracts)
      continue;
    if (t.coefficient < 0 && range.hi)
      constant += t.coefficient * *range.hi;
    else
      return false;
  }
  return constant >= 0;
}

std::optional<bool> qsat::raise::compareAlways(arith::CmpIPredicate predicate, AffineExpr x,
                                               AffineExpr y, const VarTable &vars) {
  using P = arith::CmpIPredicate;
  AffineExpr d = simplifyIndex(x - y, vars), e = simplifyIndex(y - x, vars);
  // Unsigned comparison is signed comparison where both are natural.
  bool isUnsigned = predicate == P::ult || predicate == P::ule || predicate == P::ugt ||
                    predicate == P::uge;
  if (isUnsigned && (!isNeverNegative(x, vars) || !isNeverNegative(y, vars)))
    return std::nullopt;
  auto decide = [](bool always, bool never) -> std::optional<bool> {
    return always ? std::optional(true) : never ? std::optional(false) : std::nullopt;
  };
  bool notNegative = isNeverNegative(d, vars), notPositive = isNeverNegative(e, vars);
  bool positive = isNeverNegative(d - 1, vars), negative = isNeverNegative(e - 1, vars);
  switch (predicate) {
  case P::eq:
    return decide(notNegative && notPositive, negative || positive);
  case P::ne:
    return decide(negative || positive, notNegative && notPositive);
  case P::slt:
  case P::ult:
    return decide(negative, notNegative);
  case P::sle:
  case P::ule:
    return decide(notPositive, positive);
  case P::sgt:
  case P::ugt:
    return decide(positive, notPositive);
  case P::sge:
  case P::uge:
    return decide(notNegative, negative);
  }
  return std::nullopt;
}
