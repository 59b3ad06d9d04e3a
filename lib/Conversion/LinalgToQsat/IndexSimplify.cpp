//===- IndexSimplify.cpp - Index expressions with known ranges ------------===//

#include "IndexSimplify.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace qsat::raise;

/// A total order on expressions that depends on their structure only.
static int compare(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  auto rank = [](AffineExpr e) {
    return e.getKind() == AffineExprKind::DimId      ? 0
           : e.getKind() == AffineExprKind::SymbolId ? 1
           : e.getKind() == AffineExprKind::Constant ? 2
                                                     : 3 + int(e.getKind());
  };
  if (rank(a) != rank(b))
    return rank(a) < rank(b) ? -1 : 1;
  auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (auto dim = dyn_cast<AffineDimExpr>(a))
    return order(dim.getPosition(), cast<AffineDimExpr>(b).getPosition());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return order(symbol.getPosition(), cast<AffineSymbolExpr>(b).getPosition());
  if (auto constant = dyn_cast<AffineConstantExpr>(a))
    return order(constant.getValue(), cast<AffineConstantExpr>(b).getValue());
  auto x = cast<AffineBinaryOpExpr>(a), y = cast<AffineBinaryOpExpr>(b);
  int left = compare(x.getLHS(), y.getLHS());
  return left ? left : compare(x.getRHS(), y.getRHS());
}

static bool termLess(const Term &a, const Term &b) {
  if (!a.base || !b.base)
    return a.base && !b.base;
  return compare(a.base, b.base) < 0;
}

namespace {
/// A sum under construction.
struct Sum {
  SmallVector<Term> terms;

  void add(AffineExpr base, int64_t c) {
    for (Term &t : terms)
      if (t.base == base) {
        t.coefficient += c;
        return;
      }
    terms.push_back({base, c});
  }
  void add(const SmallVector<Term> &other, int64_t c = 1) {
    for (const Term &t : other)
      add(t.base, t.coefficient * c);
  }
  SmallVector<Term> take() {
    llvm::erase_if(terms, [](const Term &t) { return t.coefficient == 0; });
    llvm::sort(terms, termLess);
    return std::move(terms);
  }
};
} // namespace

static AffineExpr exprOf(ArrayRef<Term> terms, MLIRContext *context) {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (const Term &t : terms)
    sum = sum + (t.base ? t.base * t.coefficient
                        : getAffineConstantExpr(t.coefficient, context));
  return sum;
}

static bool inRange(AffineExpr expr, int64_t lo, int64_t hi, const VarTable &vars) {
  // 0 <= x floordiv s <= hi where 0 <= x < s (hi + 1), for an s of run-time size.
  if (auto quotient = dyn_cast<AffineBinaryOpExpr>(expr);
      quotient && expr.getKind() == AffineExprKind::FloorDiv && lo <= 0 && hi >= 0 &&
      !isa<AffineConstantExpr>(quotient.getRHS()))
    return isNeverNegative(quotient.getLHS(), vars) &&
           isNeverNegative(quotient.getRHS() * (hi + 1) - 1 - quotient.getLHS(), vars);
  IndexRange r = rangeOf(expr, vars);
  return r.lo && r.hi && *r.lo >= lo && *r.hi <= hi;
}

/// The base of a term is a product of symbols and at most one other factor.
/// Divides `base` by the symbolic factor `divisor`, or gives null.
static AffineExpr divideBase(AffineExpr base, AffineExpr divisor, MLIRContext *context) {
  if (!base)
    return nullptr;
  if (base == divisor)
    return getAffineConstantExpr(1, context);
  auto product = dyn_cast<AffineBinaryOpExpr>(base);
  if (!product || product.getKind() != AffineExprKind::Mul)
    return nullptr;
  if (AffineExpr left = divideBase(product.getLHS(), divisor, context))
    return left * product.getRHS();
  if (AffineExpr right = divideBase(product.getRHS(), divisor, context))
    return product.getLHS() * right;
  return nullptr;
}

/// Splits `terms` by a divisor that is not a constant: quotient * divisor + rest
/// with 0 <= rest < divisor. Returns false where that cannot be told.
static bool splitBySymbol(const SmallVector<Term> &terms, AffineExpr divisor, const VarTable &vars,
                          SmallVector<Term> &quotient, SmallVector<Term> &rest) {
  SmallVector<Term> by = termsOf(divisor, vars);
  if (by.size() != 1 || by[0].coefficient <= 0 || !by[0].base)
    return false;
  Sum whole, left;
  for (const Term &t : terms) {
    AffineExpr q = divideBase(t.base, by[0].base, vars.getContext());
    if (!q || t.coefficient % by[0].coefficient != 0)
      left.add(t.base, t.coefficient);
    else if (auto constant = dyn_cast<AffineConstantExpr>(q))
      whole.add(AffineExpr(), constant.getValue() * (t.coefficient / by[0].coefficient));
    else
      whole.add(q, t.coefficient / by[0].coefficient);
  }
  quotient = whole.take();
  rest = left.take();
  AffineExpr restExpr = exprOf(rest, vars.getContext());
  return rest.empty() ||
         (isNeverNegative(restExpr, vars) && isNeverNegative(divisor - 1 - restExpr, vars));
}

/// Splits `terms` into quotient * c + rest, with the constant of rest in
/// [0, c). Returns {quotient, rest}.
static std::pair<SmallVector<Term>, SmallVector<Term>> splitBy(const SmallVector<Term> &terms,
                                                               int64_t c) {
  Sum quotient, rest;
  for (const Term &t : terms) {
    if (!t.base) {
      int64_t q = llvm::divideFloorSigned(t.coefficient, c);
      quotient.add(t.base, q);
      rest.add(t.base, t.coefficient - q * c);
    } else if (t.coefficient % c == 0) {
      quotient.add(t.base, t.coefficient / c);
    } else {
      rest.add(t.base, t.coefficient);
    }
  }
  return {quotient.take(), rest.take()};
}

/// Digits of a mixed radix: terms = g high + low with 0 <= low < g, where g > 1
/// divides c. False where there is no such g.
static bool splitDigits(const SmallVector<Term> &terms, int64_t c, const VarTable &vars, int64_t &g,
                        SmallVector<Term> &high, SmallVector<Term> &low) {
  SmallVector<Term> sorted(terms);
  llvm::stable_sort(sorted, [](const Term &a, const Term &b) {
    return (a.base ? std::abs(a.coefficient) : 0) > (b.base ? std::abs(b.coefficient) : 0);
  });
  // From all variables on the high side to one.
  unsigned variables = llvm::count_if(sorted, [](const Term &t) { return bool(t.base); });
  for (unsigned taken = variables; taken > 0; --taken) {
    g = c;
    Sum upper, lower;
    for (auto [k, t] : llvm::enumerate(sorted))
      if (k < taken)
        g = std::gcd(g, t.coefficient);
    g = std::abs(g);
    if (g <= 1)
      continue;
    for (auto [k, t] : llvm::enumerate(sorted)) {
      if (k < taken) {
        upper.add(t.base, t.coefficient / g);
      } else if (!t.base) {
        int64_t q = llvm::divideFloorSigned(t.coefficient, g);
        upper.add(AffineExpr(), q);
        lower.add(AffineExpr(), t.coefficient - q * g);
      } else {
        lower.add(t.base, t.coefficient);
      }
    }
    high = upper.take();
    low = lower.take();
    if (inRange(exprOf(low, vars.getContext()), 0, g - 1, vars))
      return true;
  }
  return false;
}

static SmallVector<Term> single(AffineExpr expr, const VarTable &vars) {
  Sum sum;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    sum.add(AffineExpr(), constant.getValue());
  else
    sum.add(expr, 1);
  return sum.take();
}

/// `expr` as x floordiv c with constant c > 0.
static bool isFloorDiv(AffineExpr expr, AffineExpr &x, int64_t &c) {
  auto binary = expr ? dyn_cast<AffineBinaryOpExpr>(expr) : nullptr;
  auto rhs = binary ? dyn_cast<AffineConstantExpr>(binary.getRHS()) : nullptr;
  if (!rhs || binary.getKind() != AffineExprKind::FloorDiv || rhs.getValue() <= 0)
    return false;
  x = binary.getLHS();
  c = rhs.getValue();
  return true;
}

/// `expr` as x mod c with constant c > 0.
static bool isMod(AffineExpr expr, AffineExpr &x, int64_t &c) {
  auto binary = expr ? dyn_cast<AffineBinaryOpExpr>(expr) : nullptr;
  auto rhs = binary ? dyn_cast<AffineConstantExpr>(binary.getRHS()) : nullptr;
  if (!rhs || binary.getKind() != AffineExprKind::Mod || rhs.getValue() <= 0)
    return false;
  x = binary.getLHS();
  c = rhs.getValue();
  return true;
}

static SmallVector<Term> modTerms(SmallVector<Term> terms, AffineExpr divisor,
                                  const VarTable &vars);

/// Terms of `terms floordiv divisor`.
static SmallVector<Term> floorDivTerms(SmallVector<Term> terms, AffineExpr divisor,
                                       const VarTable &vars) {
  MLIRContext *context = vars.getContext();
  auto constant = dyn_cast<AffineConstantExpr>(divisor);
  if (!constant) {
    SmallVector<Term> quotient, rest;
    if (splitBySymbol(terms, divisor, vars, quotient, rest))
      return quotient;
    return single(exprOf(terms, context).floorDiv(divisor), vars);
  }
  int64_t c = constant.getValue();
  if (c <= 0)
    return single(exprOf(terms, context).floorDiv(divisor), vars);
  auto [quotient, rest] = splitBy(terms, c);
  AffineExpr restExpr = exprOf(rest, context);
  Sum result;
  result.add(quotient);
  if (inRange(restExpr, 0, c - 1, vars))
    return result.take();
  int64_t g;
  SmallVector<Term> high, low;
  if (splitDigits(rest, c, vars, g, high, low)) {
    result.add(floorDivTerms(high, getAffineConstantExpr(c / g, context), vars));
    return result.take();
  }
  // (x floordiv a) floordiv c = x floordiv (a c)
  if (rest.size() == 1 && rest[0].coefficient == 1)
    if (auto inner = dyn_cast<AffineBinaryOpExpr>(rest[0].base))
      if (auto a = dyn_cast<AffineConstantExpr>(inner.getRHS());
          a && inner.getKind() == AffineExprKind::FloorDiv && a.getValue() > 0) {
        result.add(floorDivTerms(termsOf(inner.getLHS(), vars),
                                 getAffineConstantExpr(a.getValue() * c, context), vars));
        return result.take();
      }
  // (x mod m) floordiv c = (x floordiv c) mod (m / c) when c divides m
  AffineExpr x;
  int64_t m;
  if (rest.size() == 1 && rest[0].coefficient == 1 && isMod(rest[0].base, x, m) && m % c == 0) {
    result.add(modTerms(floorDivTerms(termsOf(x, vars), divisor, vars),
                        getAffineConstantExpr(m / c, context), vars));
    return result.take();
  }
  result.add(single(restExpr.floorDiv(c), vars));
  return result.take();
}

/// Terms of `terms mod divisor`.
static SmallVector<Term> modTerms(SmallVector<Term> terms, AffineExpr divisor,
                                  const VarTable &vars) {
  MLIRContext *context = vars.getContext();
  auto constant = dyn_cast<AffineConstantExpr>(divisor);
  if (!constant) {
    SmallVector<Term> quotient, rest;
    if (splitBySymbol(terms, divisor, vars, quotient, rest))
      return rest;
    return single(exprOf(terms, context) % divisor, vars);
  }
  int64_t c = constant.getValue();
  if (c <= 0)
    return single(exprOf(terms, context) % divisor, vars);
  SmallVector<Term> rest = splitBy(terms, c).second;
  AffineExpr restExpr = exprOf(rest, context);
  if (inRange(restExpr, 0, c - 1, vars))
    return rest;
  int64_t g;
  SmallVector<Term> high, low;
  if (splitDigits(rest, c, vars, g, high, low)) {
    Sum result;
    result.add(modTerms(high, getAffineConstantExpr(c / g, context), vars), g);
    result.add(low);
    return result.take();
  }
  // (x mod a) mod c = x mod c when c divides a
  if (rest.size() == 1 && rest[0].coefficient == 1)
    if (auto inner = dyn_cast<AffineBinaryOpExpr>(rest[0].base))
      if (auto a = dyn_cast<AffineConstantExpr>(inner.getRHS());
          a && inner.getKind() == AffineExprKind::Mod && a.getValue() % c == 0)
        return modTerms(termsOf(inner.getLHS(), vars), divisor, vars);
  return single(restExpr % c, vars);
}

/// Joins `k (x mod a)` with `k a (x floordiv a)` to `k x`, and with
/// `k a ((x floordiv a) mod b)` to `k (x mod (a b))`. Returns true on a change.
static bool joinOnce(SmallVector<Term> &terms, const VarTable &vars) {
  for (auto [low, lowTerm] : llvm::enumerate(terms)) {
    AffineExpr x;
    int64_t a;
    bool lowIsMod = isMod(lowTerm.base, x, a);
    // A plain variable is its own mod by its extent.
    if (!lowIsMod)
      continue;
    for (auto [high, highTerm] : llvm::enumerate(terms)) {
      if (high == low || highTerm.coefficient != lowTerm.coefficient * a)
        continue;
      AffineExpr y, inner = highTerm.base;
      int64_t b = 0, c;
      if (isMod(highTerm.base, y, b))
        inner = y;
      else
        b = 0;
      if (!isFloorDiv(inner, y, c) || c != a || y != x)
        continue;
      int64_t k = lowTerm.coefficient;
      Sum sum;
      for (auto [i, t] : llvm::enumerate(terms))
        if (i != low && i != high)
          sum.add(t.base, t.coefficient);
      MLIRContext *context = vars.getContext();
      if (b)
        sum.add(modTerms(termsOf(x, vars), getAffineConstantExpr(a * b, context), vars), k);
      else
        sum.add(termsOf(x, vars), k);
      terms = sum.take();
      return true;
    }
  }
  return false;
}

/// Joins `k (x mod s)` with `k s (x floordiv s)`, for an s that is no constant. Returns
/// true on a change.
static bool joinSymbolic(SmallVector<Term> &terms, const VarTable &vars) {
  for (const Term &low : terms) {
    auto mod = low.base ? dyn_cast<AffineBinaryOpExpr>(low.base) : nullptr;
    if (!mod || mod.getKind() != AffineExprKind::Mod || isa<AffineConstantExpr>(mod.getRHS()))
      continue;
    AffineExpr x = mod.getLHS(), divisor = mod.getRHS();
    SmallVector<Term> high = termsOf(divisor * x.floorDiv(divisor), vars);
    if (high.size() != 1)
      continue;
    Sum sum;
    sum.add(terms);
    sum.add(high, -low.coefficient);
    SmallVector<Term> rest = sum.take();
    // The high term was there just so.
    if (rest.size() + 1 != terms.size())
      continue;
    Sum joined;
    joined.add(rest);
    joined.add(low.base, -low.coefficient);
    joined.add(termsOf(x, vars), low.coefficient);
    terms = joined.take();
    return true;
  }
  return false;
}

SmallVector<Term> qsat::raise::termsOf(AffineExpr expr, const VarTable &vars) {
  SmallVector<Term> terms;
  MLIRContext *context = vars.getContext();
  switch (expr.getKind()) {
  case AffineExprKind::Constant:
  case AffineExprKind::DimId:
  case AffineExprKind::SymbolId:
    return single(expr, vars);
  case AffineExprKind::Add: {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Sum sum;
    sum.add(termsOf(binary.getLHS(), vars));
    sum.add(termsOf(binary.getRHS(), vars));
    terms = sum.take();
    break;
  }
  case AffineExprKind::Mul: {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Sum sum;
    for (const Term &l : termsOf(binary.getLHS(), vars))
      for (const Term &r : termsOf(binary.getRHS(), vars)) {
        AffineExpr base = !l.base   ? r.base
                          : !r.base ? l.base
                          : compare(l.base, r.base) <= 0 ? l.base * r.base
                                                         : r.base * l.base;
        sum.add(base, l.coefficient * r.coefficient);
      }
    terms = sum.take();
    break;
  }
  case AffineExprKind::FloorDiv: {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    terms = floorDivTerms(termsOf(binary.getLHS(), vars), simplifyIndex(binary.getRHS(), vars), vars);
    break;
  }
  case AffineExprKind::CeilDiv: {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    AffineExpr divisor = simplifyIndex(binary.getRHS(), vars);
    terms = floorDivTerms(termsOf(binary.getLHS() + divisor - 1, vars), divisor, vars);
    break;
  }
  case AffineExprKind::Mod: {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    terms = modTerms(termsOf(binary.getLHS(), vars), simplifyIndex(binary.getRHS(), vars), vars);
    break;
  }
  }
  while (joinOnce(terms, vars) || joinSymbolic(terms, vars))
    ;
  (void)context;
  return terms;
}

AffineExpr qsat::raise::simplifyIndex(AffineExpr expr, const VarTable &vars) {
  if (isa<AffineConstantExpr, AffineDimExpr, AffineSymbolExpr>(expr))
    return expr;
  return exprOf(termsOf(expr, vars), vars.getContext());
}

std::optional<std::pair<AffineExpr, unsigned>> qsat::raise::strideOf(const Term &t) {
  if (!t.base || t.coefficient <= 0)
    return std::nullopt;
  AffineExpr stride = getAffineConstantExpr(t.coefficient, t.base.getContext());
  std::optional<unsigned> var;
  SmallVector<AffineExpr> stack = {t.base};
  while (!stack.empty()) {
    AffineExpr e = stack.pop_back_val();
    if (auto dim = dyn_cast<AffineDimExpr>(e)) {
      if (var)
        return std::nullopt;
      var = dim.getPosition();
    } else if (isa<AffineSymbolExpr>(e)) {
      if (cast<AffineSymbolExpr>(e).getPosition() >= kFirstFlag)
        return std::nullopt;
      stride = stride * e;
    } else if (auto product = dyn_cast<AffineBinaryOpExpr>(e);
               product && e.getKind() == AffineExprKind::Mul) {
      stack.push_back(product.getLHS());
      stack.push_back(product.getRHS());
    } else {
      return std::nullopt;
    }
  }
  if (!var)
    return std::nullopt;
  return std::pair(stride, *var);
}

AffineExpr qsat::raise::exactQuotient(AffineExpr x, AffineExpr by, const VarTable &vars) {
  AffineExpr rest = simplifyIndex(x % by, vars);
  return rest == 0 ? simplifyIndex(x.floorDiv(by), vars) : AffineExpr();
}

void qsat::raise::sortStrides(MutableArrayRef<std::pair<AffineExpr, unsigned>> strides,
                              const VarTable &vars) {
  llvm::stable_sort(strides, [&](auto &x, auto &y) {
    auto a = dyn_cast<AffineConstantExpr>(x.first), b = dyn_cast<AffineConstantExpr>(y.first);
    if (a && b)
      return a.getValue() > b.getValue();
    if (a || b)
      return !a;
    return exactQuotient(x.first, y.first, vars) && !exactQuotient(y.first, x.first, vars);
  });
}

SmallVector<unsigned> qsat::raise::variablesOf(AffineExpr expr, const VarTable &vars) {
  SmallVector<std::pair<AffineExpr, unsigned>> strides;
  for (const Term &t : termsOf(expr, vars))
    if (auto stride = strideOf(t))
      strides.push_back(*stride);
  sortStrides(strides, vars);
  SmallVector<unsigned> list;
  for (auto &[stride, var] : strides)
    list.push_back(var);
  return list;
}
