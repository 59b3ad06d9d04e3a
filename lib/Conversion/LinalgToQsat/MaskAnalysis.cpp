//===- MaskAnalysis.cpp - Conditions on indices as a structural mask ------===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

/// Fills at or below this are -inf as good as: with a visible key in the row,
/// exp(fill - max) underflows to 0 in f32 and f64 for any score above
/// fill + 800.
static constexpr double kUnderflows = -1e8;
/// The lowest f16 number, which plays the same part in f16 models.
static constexpr double kLowestHalf = -65504.0;

namespace {
/// A condition or its negation.
struct Literal {
  Node *node;
  bool positive;
};
} // namespace

/// `node` (or its negation) as a conjunction of literals.
static SmallVector<Literal> conjunctsOf(Node *node) {
  SmallVector<Literal> conjuncts, stack = {{node, true}};
  while (!stack.empty()) {
    Literal l = stack.pop_back_val();
    if (l.node->is<arith::XOrIOp>() && l.node->operands[1]->isTrue()) {
      stack.push_back({l.node->operands[0], !l.positive});
    } else if ((l.node->is<arith::AndIOp>() && l.positive) ||
               (l.node->is<arith::OrIOp>() && !l.positive)) {
      for (Node *n : l.node->operands)
        stack.push_back({n, l.positive});
    } else if (l.node->is<arith::SelectOp>() && l.positive && l.node->operands[2]->isFalse()) {
      stack.push_back({l.node->operands[0], true});
      stack.push_back({l.node->operands[1], true});
    } else if (l.node->is<arith::SelectOp>() && l.positive && l.node->operands[1]->isFalse()) {
      stack.push_back({l.node->operands[0], false});
      stack.push_back({l.node->operands[2], true});
    } else {
      conjuncts.push_back(l);
    }
  }
  return conjuncts;
}

/// `literal` as inequalities `expr >= 0` on indices; empty when it is not.
static SmallVector<AffineExpr> inequalitiesOf(Literal literal, const VarTable &vars) {
  if (!literal.node->is<arith::CmpIOp>())
    return {};
  auto predicate = cast<arith::CmpIOp>(literal.node->op).getPredicate();
  if (!literal.positive)
    predicate = arith::invertPredicate(predicate);
  Node *x = literal.node->operands[0], *y = literal.node->operands[1];
  using P = arith::CmpIPredicate;
  // |x| <= c
  if (x->is<math::AbsIOp>() && x->operands[0]->kind == Node::Index && y->kind == Node::Index) {
    AffineExpr a = x->operands[0]->indices[0], c = y->indices[0];
    if (predicate == P::sle)
      return {c - a, c + a};
    if (predicate == P::slt)
      return {c - a - 1, c + a - 1};
    return {};
  }
  if (x->kind != Node::Index || y->kind != Node::Index)
    return {};
  AffineExpr a = x->indices[0], b = y->indices[0];
  bool isUnsigned = predicate == P::ult || predicate == P::ule || predicate == P::ugt ||
                    predicate == P::uge;
  if (isUnsigned && (!isNeverNegative(a, vars) || !isNeverNegative(b, vars)))
    return {};
  switch (predicate) {
  case P::sle:
  case P::ule:
    return {b - a};
  case P::slt:
  case P::ult:
    return {b - a - 1};
  case P::sge:
  case P::uge:
    return {a - b};
  case P::sgt:
  case P::ugt:
    return {a - b - 1};
  default:
    return {};
  }
}

/// Narrows `bounds` by `expr >= 0` where that is a bound on j - i - start. All bounds have one
/// start, which is never negative; null for 0.
static bool narrow(MaskBounds &bounds, std::optional<AffineExpr> &start, AffineExpr expr, unsigned row, unsigned key,
                   const VarTable &vars) {
  int64_t constant = 0, onRow = 0, onKey = 0;
  AffineExpr sizes = getAffineConstantExpr(0, vars.getContext());
  for (const Term &t : termsOf(expr, vars)) {
    auto dim = t.base ? dyn_cast<AffineDimExpr>(t.base) : nullptr;
    if (!t.base)
      constant = t.coefficient;
    else if (dim && dim.getPosition() == row)
      onRow = t.coefficient;
    else if (dim && dim.getPosition() == key)
      onKey = t.coefficient;
    else if (t.base.isSymbolicOrConstant())
      sizes = sizes + t.base * t.coefficient;
    else
      return false;
  }
  if (onRow != -onKey || std::abs(onKey) != 1)
    return false;
  sizes = simplifyIndex(sizes * -onKey, vars);
  if (sizes == 0)
    sizes = AffineExpr();
  if (start ? sizes != *start : sizes && !isNeverNegative(sizes, vars))
    return false;
  start = sizes;
  if (onKey == -1) // i - j + c >= 0
    bounds.upper = bounds.upper ? std::min(*bounds.upper, constant) : constant;
  else // j - i + c >= 0
    bounds.lower = bounds.lower ? std::max(*bounds.lower, -constant) : -constant;
  return true;
}

/// Every row sees a key within `bounds`.
static bool everyRowSees(const MaskBounds &bounds, AffineExpr rows, AffineExpr keys,
                         const VarTable &vars) {
  if (bounds.lower && bounds.upper && *bounds.lower > *bounds.upper)
    return false;
  AffineExpr start = bounds.start ? bounds.start : getAffineConstantExpr(0, vars.getContext());
  bool firstSees = !bounds.upper || isNeverNegative(start + *bounds.upper, vars);
  bool lastSees = !bounds.lower || isNeverNegative(keys - rows - start - *bounds.lower, vars);
  return firstSees && lastSees;
}

/// Every row sees the key at one distance from it: within `bounds`, and where all of
/// `conditions` hold. A row of a document sees itself.
static bool everyRowSeesItself(const MaskBounds &bounds, ArrayRef<Node *> conditions, unsigned row,
                               unsigned key, ExprContext &exprs) {
  const VarTable &vars = exprs.vars;
  if (bounds.start)
    return false;
  for (int64_t distance : {int64_t(0), bounds.upper.value_or(0)}) {
    if ((bounds.lower && distance < *bounds.lower) || (bounds.upper && distance > *bounds.upper))
      continue;
    AffineExpr seen = getAffineDimExpr(row, exprs.getContext()) + distance;
    if (!isNeverNegative(seen, vars) ||
        !isNeverNegative(vars.extent(key) - vars.extent(row) - distance, vars))
      continue;
    DenseMap<AffineExpr, AffineExpr> map;
    map[getAffineDimExpr(key, exprs.getContext())] = seen;
    if (llvm::all_of(conditions,
                     [&](Node *condition) { return exprs.substitute(condition, map)->isTrue(); }))
      return true;
  }
  return false;
}

/// A row without visible keys has the same finite score at all keys: its masks put one number
/// in place of the scores, or add the lowest number, beside which a score is nothing, and what
/// comes after does not vary over the keys.
static bool hiddenRowsAreUniform(ArrayRef<ScoreStep> steps, unsigned key) {
  const ScoreStep *first = llvm::find_if(steps, [](const ScoreStep &s) { return s.isMask(); });
  const ScoreStep *step = first;
  if (first != steps.end() && first->kind == ScoreStep::AddFill) {
    if (first->fill > -1e38)
      return false;
    ++step;
  }
  // More fills by the same number.
  for (; step != steps.end() && step->kind == ScoreStep::Fill; ++step)
    if (first->kind != ScoreStep::Fill || step->fill != first->fill)
      return false;
  for (; step != steps.end(); ++step)
    if (step->isMask() || (step->operand && (step->operand->vars >> key) & 1))
      return false;
  return true;
}

/// The later steps keep a hidden score hidden: they are increasing and affine.
/// On success `fill` is what the fill comes to.
static bool staysHidden(ArrayRef<ScoreStep> later, double &fill) {
  for (const ScoreStep &step : later) {
    std::optional<double> value = step.operand ? step.operand->floatValue() : std::nullopt;
    switch (step.kind) {
    case ScoreStep::Multiply:
      if (!value || *value <= 0)
        return false;
      fill *= *value;
      break;
    case ScoreStep::Divide:
      if (!value || *value <= 0)
        return false;
      fill /= *value;
      break;
    case ScoreStep::Add:
    case ScoreStep::Subtract:
    case ScoreStep::AddFill:
      break;
    case ScoreStep::Fill: // may replace -inf by a finite number
    case ScoreStep::Clamp:
      fill = std::max(fill, step.fill);
      break;
    case ScoreStep::SubtractFrom:
    case ScoreStep::Tanh:
      return false;
    }
  }
  return true;
}

namespace {
/// Bounds of a float whatever the values of its tensors; infinite where unknown.
struct FloatRange {
  double lo = -INFINITY, hi = INFINITY;
};
} // namespace

/// Recursion over an expression, to a small depth.
static FloatRange rangeOf(Node *node, const VarTable &vars, unsigned depth = 0) {
  if (std::optional<double> value = node->floatValue())
    return std::isnan(*value) ? FloatRange{} : FloatRange{*value, *value};
  if (node->kind != Node::Op || depth > 16)
    return {};
  auto at = [&](unsigned k) { return rangeOf(node->operands[k], vars, depth + 1); };
  auto hull = [](std::initializer_list<double> list) {
    for (double x : list)
      if (std::isnan(x))
        return FloatRange{};
    return FloatRange{std::min(list), std::max(list)};
  };
  if (node->is<arith::ExtFOp>() || node->is<arith::TruncFOp>())
    return at(0);
  if (node->is<arith::SIToFPOp>() && node->operands[0]->kind == Node::Index) {
    IndexRange range = qsat::raise::rangeOf(node->operands[0]->indices[0], vars);
    return {range.lo ? double(*range.lo) : -INFINITY, range.hi ? double(*range.hi) : INFINITY};
  }
  if (node->is<arith::SelectOp>()) {
    FloatRange yes = at(1), no = at(2);
    return {std::min(yes.lo, no.lo), std::max(yes.hi, no.hi)};
  }
  if (node->is<arith::NegFOp>()) {
    FloatRange x = at(0);
    return {-x.hi, -x.lo};
  }
  if (node->is<arith::AddFOp>() || node->is<arith::SubFOp>()) {
    FloatRange x = at(0), y = at(1);
    if (node->is<arith::SubFOp>())
      y = {-y.hi, -y.lo};
    return hull({x.lo + y.lo, x.hi + y.hi});
  }
  if (node->is<arith::MulFOp>()) {
    FloatRange x = at(0), y = at(1);
    return hull({x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi});
  }
  if (node->is<arith::DivFOp>()) {
    FloatRange x = at(0), y = at(1);
    if (y.lo > 0)
      return hull({x.lo / y.lo, x.lo / y.hi, x.hi / y.lo, x.hi / y.hi});
  }
  if (node->is<math::PowFOp>()) { // the slopes of ALiBi
    FloatRange base = at(0), x = at(1);
    if (base.lo == base.hi && base.lo > 0 && std::isfinite(base.lo))
      return hull({std::pow(base.lo, x.lo), std::pow(base.lo, x.hi)});
  }
  return {};
}

/// A number that varies over the keys, added to a score that a fill of `fill` hides,
/// may bring the score back.
static bool mayUnhide(const ScoreStep &step, double fill, const VarTable &vars) {
  if (std::isinf(fill) || (step.kind != ScoreStep::Add && step.kind != ScoreStep::Subtract))
    return false;
  FloatRange range = rangeOf(step.operand, vars);
  double most = step.kind == ScoreStep::Add ? range.hi : -range.lo;
  // What is not known is taken to be no number of the size of the lowest f32.
  return std::isinf(most) ? fill > -1e30 : most > -fill / 2;
}

/// A bound on the size of `step`'s addend, as far as constants tell; infinite where it is
/// read from a tensor and may be the lowest number itself.
static double sizeOfAddend(const ScoreStep &step, const VarTable &vars) {
  FloatRange range = rangeOf(step.operand, vars);
  return std::max(std::abs(range.lo), std::abs(range.hi));
}

/// The size of a score after `step`, of one of about `size` before it, beside hidden ones.
static double sizeAfter(const ScoreStep &step, double size, const VarTable &vars) {
  std::optional<double> value = step.operand ? step.operand->floatValue() : std::nullopt;
  switch (step.kind) {
  case ScoreStep::Multiply:
    return value ? size * std::abs(*value) : size;
  case ScoreStep::Divide:
    return value ? size / std::abs(*value) : size;
  case ScoreStep::Add:
  case ScoreStep::Subtract:
  case ScoreStep::SubtractFrom:
    return size + sizeOfAddend(step, vars);
  case ScoreStep::Tanh:
    return 1.0;
  case ScoreStep::Fill:
  case ScoreStep::AddFill:
  case ScoreStep::Clamp:
    return size;
  }
  return size;
}

void qsat::raise::extractMask(AttentionMatch &match, ExprContext &exprs,
                              bool ignoreHiddenRows) {
  if (match.rows.size() != 1 || match.keys.size() != 1)
    return;
  unsigned row = match.rows[0], key = match.keys[0];
  struct Part {
    MaskBounds bounds;
    Node *rest = nullptr; ///< what of the condition is not structural
    bool found = false, isInfinite = false, underflows = false;
  };
  SmallVector<Part> parts(match.steps.size());
  // A finite fill hides exactly only if the row has a visible key; anything
  // unknown that may hide keys by itself leaves that open.
  bool anyInfinite = false;
  SmallVector<Node *> rests;
  std::optional<AffineExpr> start;
  MaskBounds all;
  double size = match.scoreSize, largest = size, highestFill = -INFINITY;
  for (const ScoreStep &step : match.steps) {
    size = sizeAfter(step, size, exprs.vars);
    largest = std::max(largest, size);
    if (step.isMask() && std::isfinite(step.fill))
      highestFill = std::max(highestFill, step.fill);
  }
  // A visible score may be the lowest number too, by a tensor; or by constants as low as a
  // fill.
  bool isOpen = !std::isfinite(largest);
  bool reachesFill = !isOpen && largest > -highestFill / 4;
  for (auto [i, step] : llvm::enumerate(match.steps)) {
    if (!step.isMask())
      continue;
    Part &part = parts[i];
    double fill = step.fill;
    bool hidden = staysHidden(ArrayRef<ScoreStep>(match.steps).drop_front(i + 1), fill);
    part.isInfinite = std::isinf(fill);
    part.underflows = fill <= kUnderflows || (step.fill == kLowestHalf && fill <= kLowestHalf / 4);
    for (auto [k, other] : llvm::enumerate(match.steps))
      if (other.operand && (other.operand->vars >> key) & 1 &&
          (k > i || step.kind == ScoreStep::AddFill))
        hidden &= !mayUnhide(other, fill, exprs.vars);
    if (!hidden || (!part.isInfinite && !part.underflows)) {
      isOpen = true;
      continue;
    }
    for (Literal literal : conjunctsOf(step.operand)) {
      SmallVector<AffineExpr> inequalities = inequalitiesOf(literal, exprs.vars);
      MaskBounds bounds = part.bounds;
      std::optional<AffineExpr> from = start;
      bool fits = !inequalities.empty();
      for (AffineExpr e : inequalities)
        fits = fits && narrow(bounds, from, e, row, key, exprs.vars);
      if (fits) {
        part.bounds = bounds;
        start = from;
        part.found = true;
        continue;
      }
      Node *condition = literal.positive ? literal.node : exprs.negate(literal.node);
      part.rest = part.rest ? exprs.conjunction(part.rest, condition) : condition;
    }
    if (part.rest)
      rests.push_back(part.rest);
    anyInfinite |= part.isInfinite;
    if (part.bounds.lower)
      all.lower = std::max(all.lower.value_or(*part.bounds.lower), *part.bounds.lower);
    if (part.bounds.upper)
      all.upper = std::min(all.upper.value_or(*part.bounds.upper), *part.bounds.upper);
  }
  if (all.lower && all.upper && *all.lower > *all.upper)
    return;
  all.start = start.value_or(AffineExpr());
  bool finiteIsExact = ignoreHiddenRows && !reachesFill;
  isOpen |= reachesFill;
  if (!finiteIsExact && !isOpen)
    finiteIsExact =
        rests.empty()
            ? everyRowSees(all, exprs.vars.extent(row), exprs.vars.extent(key), exprs.vars)
            : everyRowSeesItself(all, rests, row, key, exprs);
  // Padding beside a causal mask: what the rows of padding come to is known.
  if (!finiteIsExact && !isOpen && !anyInfinite && !match.sink && all.upper && !all.lower && !all.start &&
      !rests.empty() && hiddenRowsAreUniform(match.steps, key) &&
      llvm::none_of(rests, [&](Node *rest) { return (rest->vars >> row) & 1; })) {
    match.visibleKeys = rests.front();
    for (Node *rest : ArrayRef(rests).drop_front())
      match.visibleKeys = exprs.conjunction(match.visibleKeys, rest);
    finiteIsExact = true;
  }
  SmallVector<ScoreStep> steps;
  MaskBounds mask;
  mask.start = all.start;
  for (auto [step, part] : llvm::zip_equal(match.steps, parts)) {
    if (!part.found || (!part.isInfinite && !finiteIsExact)) {
      steps.push_back(step);
      continue;
    }
    if (part.bounds.lower)
      mask.lower = std::max(mask.lower.value_or(*part.bounds.lower), *part.bounds.lower);
    if (part.bounds.upper)
      mask.upper = std::min(mask.upper.value_or(*part.bounds.upper), *part.bounds.upper);
    if (part.rest) {
      steps.push_back(step);
      steps.back().operand = part.rest;
    }
  }
  // Rows are counted from the start in the region too, but extras are read without one.
  auto readsRow = [&](const ScoreStep &step) {
    return step.operand && (step.operand->vars >> row) & 1;
  };
  if (mask.start && llvm::any_of(steps, readsRow))
    return;
  match.mask = mask;
  match.steps = std::move(steps);
}
