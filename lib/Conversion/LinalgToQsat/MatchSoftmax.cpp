//===- MatchSoftmax.cpp - exp(z - max z) / sum of it ----------------------===//

#include "AttentionMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

Node *qsat::raise::stripCasts(Node *node) {
  while (node->is<arith::ExtFOp>() || node->is<arith::TruncFOp>())
    node = node->operands[0];
  return node;
}

Node *AttentionMatcher::bare(Node *node) {
  while (true) {
    Node *next = stripCasts(builder.head(node));
    if (next == node)
      return node;
    node = next;
  }
}

/// `node` = 1 / x, or null.
static Node *reciprocalOf(Node *node) {
  if (node->is<arith::DivFOp>() && node->operands[0]->floatValue() == 1.0)
    return node->operands[1];
  return nullptr;
}

/// exp(x), exp2(x), powf(constant, x).
std::optional<AttentionMatcher::Exponential> AttentionMatcher::matchExponential(Node *node) {
  Node *top = builder.head(bare(node));
  Exponential e;
  Node *argument;
  if (top->is<math::ExpOp>()) {
    argument = top->operands[0];
  } else if (top->is<math::Exp2Op>()) {
    argument = top->operands[0];
    e.lnBase = std::log(2.0);
  } else if (top->is<math::PowFOp>() && top->operands[0]->floatValue().value_or(0) > 1.0) {
    argument = top->operands[1];
    e.lnBase = std::log(*top->operands[0]->floatValue());
  } else {
    return std::nullopt;
  }
  e.node = builder.expand(top);
  e.logit = builder.expand(argument);
  return e;
}

/// The elements of a reduction over the keys are `element`: the sum or maximum
/// runs over exactly the keys, or over the keys and one index more (a sink).
std::optional<AttentionMatcher::RowReduction>
AttentionMatcher::matchRowReduction(Node *load, ReduceKind kind, Node *element) {
  if (load->kind != Node::Load || hasKeys(load))
    return std::nullopt;
  std::optional<Reduction> reduction = reductionOf(load->value);
  if (!reduction || reduction->kind != kind)
    return std::nullopt;
  Node *init = builder.expand(builder.reduceInit(load, *reduction));
  if (kind == ReduceKind::Add && init->floatValue() != 0.0)
    return std::nullopt;
  // A maximum may start from -inf, the lowest number, or NaN under maxnumf.
  if (kind == ReduceKind::Max && !(init->floatValue().value_or(0) < -1e4) &&
      !std::isnan(init->floatValue().value_or(0)))
    return std::nullopt;
  if ((kind == ReduceKind::And && !init->isTrue()) || (kind == ReduceKind::Or && !init->isFalse()))
    return std::nullopt;
  element = stripCasts(element);
  auto bodyAt = [&](ArrayRef<AffineExpr> indices) -> Node * {
    Node *body = builder.reduceBody(load, *reduction, indices);
    return body ? stripCasts(builder.expand(body)) : nullptr;
  };
  SmallVector<int64_t> extents = builder.reduceExtents(*reduction);
  MLIRContext *context = exprs.getContext();
  // Loops that run once say nothing.
  SmallVector<AffineExpr> indices(extents.size(), getAffineConstantExpr(0, context));
  SmallVector<unsigned> wide;
  for (auto [loop, extent] : llvm::enumerate(extents))
    if (extent != 1)
      wide.push_back(loop);
  SmallVector<AffineExpr> keys;
  for (AffineExpr e : keyIndices)
    if (!isa<AffineConstantExpr>(e))
      keys.push_back(e);
  if (wide.size() != keys.size())
    return std::nullopt;
  bool isSame = true;
  for (auto [loop, key] : llvm::zip_equal(wide, keys)) {
    indices[loop] = key;
    isSame &= sizeOf(key) == extents[loop];
  }
  if (isSame) {
    if (bodyAt(indices) == element)
      return RowReduction{};
    return std::nullopt;
  }
  if (keys.size() != 1 || sizeOf(keys[0]) + 1 != extents[wide[0]])
    return std::nullopt;
  for (int64_t offset : {0, 1}) {
    indices[wide[0]] = keys[0] + offset;
    if (bodyAt(indices) != element)
      continue;
    indices[wide[0]] = getAffineConstantExpr(offset ? 0 : extents[wide[0]] - 1, context);
    if (Node *rest = bodyAt(indices))
      return RowReduction{rest};
  }
  return std::nullopt;
}

/// `node` is the maximum of `logit` over the keys (and a sink, if there is
/// one), possibly clamped from below by -inf or the lowest number.
bool AttentionMatcher::isMaxOf(Node *node, Node *logit) {
  node = stripCasts(node);
  while ((node->is<arith::MaximumFOp>() || node->is<arith::MaxNumFOp>())) {
    unsigned constant = node->operands[1]->isConst() ? 1 : 0;
    if (!(node->operands[constant]->floatValue().value_or(0) < -1e30))
      return false;
    node = stripCasts(node->operands[1 - constant]);
  }
  return matchRowReduction(node, ReduceKind::Max, logit).has_value();
}

/// Takes maxima off the logit: z - max z, and z - max z - max(z - max z).
LogicalResult AttentionMatcher::stripMaxima(Exponential &e) {
  Node *logit = stripCasts(e.logit);
  // c (z - max): the constant goes to the score.
  if (logit->is<arith::MulFOp>() && logit->operands[1]->floatValue().value_or(0) > 0) {
    Node *inner = stripCasts(logit->operands[0]);
    if (inner->is<arith::SubFOp>() && !hasKeys(inner->operands[1])) {
      e.lnBase *= *logit->operands[1]->floatValue();
      logit = inner;
    }
  }
  while (logit->is<arith::SubFOp>() && !hasKeys(logit->operands[1])) {
    Node *rest = logit->operands[0];
    if (!isMaxOf(logit->operands[1], rest))
      break;
    e.hasMax = true;
    e.maxima.push_back(stripCasts(logit->operands[1]));
    logit = stripCasts(rest);
  }
  e.logit = logit;
  return success(e.hasMax);
}

/// p is the probability of a key, or the exponential when `sum`, which the
/// result is divided by, is given:
///   [select(hidden, 0, ] exp(z - max) / sum exp(z - max)
///   exp(z - max) * (1 / sum),  exp((z - max) - log sum),  exp(z - (max + log sum))
FailureOr<AttentionMatcher::Softmax> AttentionMatcher::matchSoftmax(Node *p, Node *sum) {
  Softmax softmax;
  p = bare(p);
  for (unsigned round = 0; round < 4; ++round) {
    if (p->is<arith::SelectOp>() && !softmax.allHidden) {
      Node *yes = builder.expand(p->operands[1]), *no = builder.expand(p->operands[2]);
      Node *condition = builder.expand(p->operands[0]);
      if (hasKeys(condition))
        break;
      if (yes->floatValue() == 0.0) {
        softmax.allHidden = condition;
        p = p->operands[2];
      } else if (no->floatValue() == 0.0) {
        softmax.allHidden = exprs.negate(condition);
        p = p->operands[1];
      } else {
        break;
      }
    } else if (p->is<arith::DivFOp>() && !sum) {
      sum = p->operands[1];
      p = p->operands[0];
    } else if (p->is<arith::MulFOp>() && !sum) {
      Node *left = bare(p->operands[0]), *right = bare(p->operands[1]);
      if (Node *l = reciprocalOf(right)) {
        sum = l;
        p = left;
      } else if (Node *l = reciprocalOf(left)) {
        sum = l;
        p = right;
      } else {
        break;
      }
    } else {
      break;
    }
    p = bare(p);
  }
  std::optional<Exponential> e = matchExponential(p);
  if (!e)
    return failure();
  if (!sum) {
    // Logarithmic forms: the sum is in the exponent.
    Node *logit = stripCasts(e->logit);
    if (!logit->is<arith::SubFOp>() || hasKeys(logit->operands[1]) || e->lnBase != 1.0)
      return fail("the exponential is not divided by a sum of exponentials");
    Node *shift = stripCasts(logit->operands[1]), *rest = stripCasts(logit->operands[0]);
    auto logOf = [](Node *n) { return n->is<math::LogOp>() ? n->operands[0] : nullptr; };
    if (Node *l = logOf(shift)) {
      sum = l;
      e->logit = rest;
    } else if (shift->is<arith::AddFOp>()) {
      Node *x = stripCasts(shift->operands[0]), *y = stripCasts(shift->operands[1]);
      if (logOf(x))
        std::swap(x, y);
      sum = logOf(y);
      if (!sum || !isMaxOf(x, rest))
        return fail("the exponential is not divided by a sum of exponentials");
      // Make z - max, which the sum is of.
      Softmax direct;
      direct.score = rest;
      Node *load = stripCasts(builder.expand(sum));
      std::optional<Reduction> reduction =
          load->kind == Node::Load ? reductionOf(load->value) : std::nullopt;
      Node *body = reduction && reduction->loops.size() == keyIndices.size()
                       ? builder.reduceBody(load, *reduction, keyIndices)
                       : nullptr;
      std::optional<Exponential> inner = body ? matchExponential(body) : std::nullopt;
      if (!inner || !matchRowReduction(load, ReduceKind::Add, inner->node) ||
          failed(stripMaxima(*inner)) || inner->logit != rest || inner->lnBase != 1.0)
        return fail("the sum is not of the same exponential");
      direct.allHidden = softmax.allHidden;
      return direct;
    } else {
      return fail("the exponential is not divided by a sum of exponentials");
    }
    // exp((z - max) - log sum exp(z - max)): the sum is of exp(z - max).
    Node *load = stripCasts(builder.expand(sum));
    std::optional<Reduction> reduction =
        load->kind == Node::Load ? reductionOf(load->value) : std::nullopt;
    Node *body = reduction && reduction->loops.size() == keyIndices.size()
                     ? builder.reduceBody(load, *reduction, keyIndices)
                     : nullptr;
    std::optional<Exponential> inner = body ? matchExponential(body) : std::nullopt;
    if (!inner || stripCasts(inner->logit) != e->logit || inner->lnBase != 1.0)
      return fail("the sum is not of the same exponential");
    e->node = inner->node;
  }
  Node *load = stripCasts(builder.expand(sum));
  std::optional<RowReduction> row = matchRowReduction(load, ReduceKind::Add, e->node);
  if (!row)
    return fail("the divisor is not the sum of the same exponential over the same keys");
  if (failed(stripMaxima(*e)))
    return fail("the exponential is not shifted by the row maximum");
  softmax.score = e->logit;
  softmax.lnBase = e->lnBase;
  if (row->rest) {
    // The sink's term is exp(sink - the same maxima).
    std::optional<Exponential> rest = matchExponential(row->rest);
    if (!rest || rest->lnBase != 1.0 || e->lnBase != 1.0)
      return fail("the extra term of the sum is not an exponential");
    Node *logit = stripCasts(rest->logit);
    for (Node *maximum : e->maxima) {
      if (!logit->is<arith::SubFOp>() || stripCasts(logit->operands[1]) != maximum)
        return fail("the extra term of the sum has another shift");
      logit = stripCasts(logit->operands[0]);
    }
    softmax.sink = logit;
  }
  return softmax;
}

/// `condition` holds only for rows all of whose scores are -inf: the
/// conjunction over the keys of `score == -inf`, or of the hidden condition of
/// a -inf mask.
bool AttentionMatcher::isAllHidden(Node *condition, Node *score, const AttentionMatch &match) {
  bool negated = false;
  if (condition->is<arith::XOrIOp>() && condition->operands[1]->isTrue()) {
    negated = true;
    condition = condition->operands[0];
  }
  ReduceKind kind = negated ? ReduceKind::Or : ReduceKind::And;
  if (condition->kind != Node::Load)
    return false;
  std::optional<Reduction> reduction = reductionOf(condition->value);
  if (!reduction || reduction->loops.size() != keyIndices.size())
    return false;
  Node *body = builder.reduceBody(condition, *reduction, keyIndices);
  if (!body)
    return false;
  body = builder.expand(body);
  if (!matchRowReduction(condition, kind, body))
    return false;
  Node *hidden = negated ? exprs.negate(body) : body;
  for (const ScoreStep &step : match.steps)
    if (step.isMask() && std::isinf(step.fill) && exprs.negate(step.operand) == hidden)
      return true;
  bool flip = hidden->is<arith::XOrIOp>() && hidden->operands[1]->isTrue();
  if (flip)
    hidden = hidden->operands[0];
  if (!hidden->is<arith::CmpFOp>())
    return false;
  auto predicate = cast<arith::CmpFOp>(hidden->op).getPredicate();
  using P = arith::CmpFPredicate;
  bool fits = flip ? predicate == P::ONE || predicate == P::UNE
                   : predicate == P::OEQ || predicate == P::UEQ;
  std::optional<double> against = hidden->operands[1]->floatValue();
  return fits && against && std::isinf(*against) && *against < 0 &&
         stripCasts(hidden->operands[0]) == stripCasts(score);
}
