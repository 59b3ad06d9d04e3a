//===- MatchSoftmax.cpp - exp(z - max z) / sum of it ----------------------===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

/// P from linalg.softmax over the keys, or over the keys and a sink.
FailureOr<AttentionMatcher::Softmax> AttentionMatcher::matchSoftmaxOp(Node *p) {
  auto op = p->value.getDefiningOp<linalg::SoftmaxOp>();
  unsigned dim = op.getDimension();
  AffineExpr index = p->indices[dim], key;
  for (AffineExpr e : keyIndices)
    if (!isa<AffineConstantExpr>(e))
      key = key ? AffineExpr() : e;
  for (auto [k, e] : llvm::enumerate(p->indices))
    if (k != dim && (varsOf(e) & keyVars))
      return fail("the softmax runs over another index than the weighted sum of the values");
  if (!key)
    return fail("the softmax runs over another index than the weighted sum of the values");
  AffineExpr size = exprs.sizes.sizeOf(op.getInput(), dim), keys = sizeOf(key);
  SmallVector<AffineExpr> indices(p->indices);
  auto inputAt = [&](AffineExpr at) {
    indices[dim] = at;
    return stripCasts(builder.expand(exprs.load(op.getInput(), indices)));
  };
  Softmax softmax;
  softmax.type = p->type;
  softmax.score = inputAt(index);
  if (index == key && size == keys)
    return softmax;
  if (size != simplifyIndex(keys + 1, exprs.vars) ||
      (index != key && index != simplifyIndex(key + 1, exprs.vars)))
    return fail("the softmax runs over more than the keys that are summed over");
  softmax.sink = inputAt(index == key ? keys : getAffineConstantExpr(0, exprs.getContext()));
  return softmax;
}

/// The divisor: a sum over the keys, perhaps with the term of a sink, perhaps
/// replaced by a constant where it is 0.
bool AttentionMatcher::splitDivisor(Node *sum, Node *&reduction, Node *&sinkTerm) {
  sum = stripCasts(builder.expand(sum));
  // S == 0 ? 1 : S
  if (sum->is<arith::SelectOp>() && sum->operands[0]->is<arith::CmpFOp>()) {
    Node *cmp = sum->operands[0];
    using P = arith::CmpFPredicate;
    P p = cast<arith::CmpFOp>(cmp->op).getPredicate();
    bool isZero = p == P::OEQ || p == P::UEQ, isOther = p == P::ONE || p == P::UNE || p == P::OGT;
    Node *s = sum->operands[isZero ? 2 : 1], *constant = sum->operands[isZero ? 1 : 2];
    if ((isZero || isOther) && stripCasts(cmp->operands[0]) == stripCasts(s) &&
        cmp->operands[1]->floatValue() == 0.0 && constant->floatValue())
      sum = stripCasts(s);
  }
  sinkTerm = nullptr;
  if (sum->is<arith::AddFOp>()) {
    Node *x = stripCasts(sum->operands[0]), *y = stripCasts(sum->operands[1]);
    auto isSum = [](Node *n) {
      std::optional<Reduction> r =
          n->kind == Node::Load ? reductionOf(n->value) : std::nullopt;
      return r && r->kind == ReduceKind::Add;
    };
    if (!isSum(x))
      std::swap(x, y);
    sum = x;
    sinkTerm = y;
  }
  reduction = sum;
  return sum->kind == Node::Load;
}

/// A sink's logit: its term is exp(sink - the same maxima).
Node *AttentionMatcher::matchSink(Node *term, const Exponential &e) {
  std::optional<Exponential> rest = matchExponential(term);
  if (!rest || rest->lnBase != 1.0 || e.lnBase != 1.0)
    return nullptr;
  if (isSameShift(rest->shifts, e.shifts))
    return rest->logit;
  // exp(-max): a sink of logit 0.
  if (e.shifts.size() == 1 && rest->shifts.empty() && rest->logit->is<arith::NegFOp>() &&
      stripCasts(rest->logit->operands[0]) == e.shifts[0])
    return exprs.floatConstant(rest->logit->type, 0.0);
  return nullptr;
}

/// `sink` is the score of a further key: it reads the tensor of the products.
bool AttentionMatcher::readsScores(Node *sink, Node *logit) {
  llvm::DenseSet<Value> products;
  walk(logit, [&](Node *node) {
    if (matchProduct(node))
      products.insert(node->value);
    return true;
  });
  bool isRead = false;
  walk(sink, [&](Node *node) {
    isRead |= node->kind == Node::Load && products.contains(node->value);
    return !isRead;
  });
  return isRead;
}

/// p is the probability of a key, or the exponential when `sum`, which the
/// result is divided by, is given:
///   [select(hidden, 0, ] exp(z - max) / sum exp(z - max)
///   exp(z - max) * (1 / sum),  exp((z - max) - log sum),  exp(z - (max + log sum))
/// A condition that sets weights to 0 in the sum as well as in P hides keys.
FailureOr<AttentionMatcher::Softmax> AttentionMatcher::matchSoftmax(Node *p, Node *sum) {
  Softmax softmax;
  SmallVector<Node *> guards;
  p = stripCasts(builder.expand(p));
  bool isDivided = sum, scaled = false;
  Node *weights = p;
  for (unsigned round = 0; round < 8; ++round) {
    p = stripCasts(p);
    Node *visible = nullptr;
    if (Node *inner = guardOf(p, visible, exprs)) {
      if (hasKeys(visible))
        guards.push_back(visible);
      else if (softmax.allHidden)
        break;
      else
        softmax.allHidden = exprs.negate(visible);
      p = inner;
      continue;
    }
    Node *divisor = nullptr, *weight = nullptr;
    bool isScaled = (p->is<arith::DivFOp>() || p->is<arith::MulFOp>()) &&
                    p->operands[1]->floatValue();
    if (isScaled) {
      scaled = true;
      p = p->operands[0];
      continue;
    }
    if (p->is<arith::DivFOp>()) {
      divisor = p->operands[1];
      weight = p->operands[0];
    } else if (p->is<arith::MulFOp>()) {
      for (unsigned i : {0, 1})
        if (Node *inverse = reciprocalOf(p->operands[i])) {
          divisor = inverse;
          weight = p->operands[1 - i];
        }
    }
    if (!divisor)
      break;
    if (isDivided)
      return fail("the weights are divided more than once (expected one division by the sum of "
                  "the exponentials)");
    isDivided = true;
    sum = divisor;
    p = weight;
  }
  if (p->kind == Node::Load && p->value.getDefiningOp<linalg::SoftmaxOp>() && !isDivided) {
    FailureOr<Softmax> named = matchSoftmaxOp(p);
    if (succeeded(named))
      named->allHidden = softmax.allHidden;
    if (succeeded(named) && named->sink && readsScores(named->sink, named->score))
      return fail("the weighted sum leaves out keys that the softmax runs over");
    if (succeeded(named) && scaled)
      return fail("the weights are scaled by a constant after the softmax");
    if (succeeded(named) && !guards.empty())
      return fail("keys are masked after the softmax, so that the weights no longer sum to 1");
    return named;
  }
  std::optional<Exponential> e = matchExponential(p);
  if (!e)
    return describeWeights(weights, p, isDivided);
  if (scaled)
    return fail("the weights are scaled by a constant after the softmax");
  if (!hasKeys(e->logit))
    return fail("the exponential does not vary over the keys");
  if (!sum) {
    // The logarithm of the sum is one of the shifts.
    for (unsigned k = 0; k < e->shifts.size() && !sum; ++k) {
      Node *shift = e->shifts[k];
      if (!shift->is<math::LogOp>())
        continue;
      sum = shift->operands[0];
      if (sum->is<math::AbsFOp>())
        sum = sum->operands[0];
      e->shifts.erase(e->shifts.begin() + k);
    }
    if (!sum)
      return fail("the exponential is not divided by a sum of exponentials");
    if (e->lnBase != 1.0)
      return fail("the logarithm of the sum is to another base than the exponential");
  }
  Node *load, *sinkTerm;
  std::optional<Exponential> term;
  SmallVector<Node *> sumGuards;
  auto isTerm = [&](Node *body) {
    sumGuards.clear();
    Node *visible;
    while (Node *inner = guardOf(body, visible, exprs)) {
      sumGuards.push_back(visible);
      body = stripCasts(inner);
    }
    term = matchExponential(body);
    return term && term->logit == e->logit && term->lnBase == e->lnBase &&
           isSameShift(term->shifts, e->shifts);
  };
  std::optional<RowReduction> row;
  bool isReduction = splitDivisor(sum, load, sinkTerm);
  if (isReduction && load->value.getDefiningOp())
    divisors.push_back(load->value.getDefiningOp());
  if (isReduction)
    row = matchRowReduction(load, ReduceKind::Add, isTerm);
  if (!row)
    return describeDivisor(load, *e, term);
  if (row->rest && sinkTerm)
    return fail("the sum has two terms beside the keys'");
  if (Node *extra = row->rest ? row->rest : sinkTerm) {
    softmax.sink = matchSink(extra, *e);
    if (!softmax.sink || hasKeys(softmax.sink))
      return fail("the extra term of the sum is not an exponential with the same shift");
    if (readsScores(softmax.sink, e->logit))
      return fail("the weighted sum leaves out keys that the softmax runs over");
  }
  // What the mask of the scores hides already need not be hidden again.
  auto isRedundant = [&](Node *guard) { return isHiddenWithout(e->logit, guard, exprs); };
  llvm::erase_if(guards, isRedundant);
  llvm::erase_if(sumGuards, isRedundant);
  if (!isSameShift(guards, sumGuards))
    return fail(guards.size() > sumGuards.size()
                    ? "keys are masked after the softmax, so that the weights no longer sum to 1"
                    : "the divisor leaves out keys that are not masked");
  if (!isShiftedByMaxima(*e, guards, softmax.sink) && !options.allowUnshifted)
    return fail(e->shifts.empty()
                    ? "the exponential is not shifted by the row maximum (allow-unshifted-softmax "
                      "raises it all the same)"
                    : "the exponential is shifted by something other than the row maximum "
                      "(allow-unshifted-softmax raises it all the same)");
  softmax.score = e->logit;
  softmax.type = e->node->type;
  softmax.lnBase = e->lnBase;
  for (Node *guard : guards)
    softmax.score = exprs.select(
        guard, softmax.score,
        exprs.floatConstant(softmax.score->type, -std::numeric_limits<double>::infinity()));
  return softmax;
}

bool AttentionMatcher::isScoreSum(Value sum) {
  std::optional<Reduction> reduction = reductionOf(sum);
  if (!reduction || reduction->kind != ReduceKind::Add)
    return false;
  for (AffineExpr size : exprs.sizes.shapeOf(sum))
    outIndices.push_back(exprs.vars.add(size));
  for (AffineExpr extent : builder.reduceExtents(*reduction)) {
    if (!extent)
      return false;
    keyIndices.push_back(exprs.vars.add(extent));
    keyVars |= varsOf(keyIndices.back());
  }
  Node *body = builder.reduceBody(exprs.load(sum, outIndices), *reduction, keyIndices);
  std::optional<Exponential> e = body ? matchExponential(body) : std::nullopt;
  return e && hasKeys(e->logit) && containsProduct(e->logit);
}

/// Says why the divisor `load` is not the sum over the keys of `e`; `term` is what
/// it sums over the keys, if it does.
LogicalResult AttentionMatcher::describeDivisor(Node *load, const Exponential &e,
                                                const std::optional<Exponential> &term) {
  std::optional<Reduction> reduction =
      load->kind == Node::Load ? reductionOf(load->value) : std::nullopt;
  if (!reduction)
    return fail("the exponential is divided by something other than a sum of exponentials");
  if (reduction->kind != ReduceKind::Add)
    return fail("the exponential is divided by a maximum or another reduction that is no sum");
  if (hasKeys(load))
    return fail("the softmax runs over another index than the weighted sum of the values");
  if (!term)
    return fail("the divisor sums other indices than the keys, or something other than the "
                "exponential");
  if (term->lnBase != e.lnBase)
    return fail("the divisor sums exponentials of another base or scale");
  if (term->logit != e.logit)
    return fail("the divisor sums exponentials of other scores (a mask or a shift that differs)");
  return fail("the divisor sums exponentials with another shift");
}

/// Says why `p`, what is left of the weights, is no softmax, if they resemble one:
/// an exponential over the keys, or the scores of keys that vary over the batch or
/// head.
LogicalResult AttentionMatcher::describeWeights(Node *weights, Node *p, bool isDivided) {
  bool hasExponential = false, hasScores = false;
  walk(weights, [&](Node *node) {
    if (!hasKeys(node))
      return false;
    hasExponential |= node->is<math::ExpOp>() || node->is<math::Exp2Op>() ||
                      (node->kind == Node::Load && node->value.getDefiningOp<linalg::SoftmaxOp>());
    if (std::optional<Product> product = matchProduct(node)) {
      uint64_t shared = product->q->vars & product->k->vars, depth = 0;
      for (AffineExpr e : depthIndices[node->value])
        depth |= varsOf(e);
      hasScores |= (shared & ~depth) != 0;
    }
    return true;
  });
  if (!hasExponential && !hasScores)
    return failure();
  bool isScore = p->kind == Node::Load;
  if (isScore && isDivided)
    return fail("the scores are normalised without an exponential");
  if (isScore)
    return fail("the scores weigh the values without a softmax");
  std::string name =
      p->kind == Node::Op ? p->op->getName().getStringRef().str() : "a division of a constant";
  if (hasExponential)
    return fail("the weights pass through " + name +
                " after the exponential (expected exp(score - row maximum) / row sum)");
  return fail("the weights come from " + name +
              " of the scores, without an exponential (expected exp(score - row maximum) / row sum)");
}

/// x -inf makes `score` -inf: it is an addend.
static bool isAddendOf(Node *x, Node *score) {
  SmallVector<Node *> stack = {score};
  for (unsigned visited = 0; !stack.empty() && visited < 64; ++visited) {
    Node *node = stripCasts(stack.pop_back_val());
    if (node == x)
      return true;
    if (node->is<arith::AddFOp>())
      stack.append(node->operands.begin(), node->operands.end());
    else if (node->is<arith::SubFOp>() ||
             (node->is<arith::MulFOp>() && node->operands[1]->floatValue().value_or(0) > 0))
      stack.push_back(node->operands[0]);
  }
  return false;
}

/// `condition` holds only for rows all of whose scores are -inf: the
/// conjunction over the keys of `score == -inf`, or of the hidden condition of
/// a -inf mask; or the maximum of the row is -inf.
bool AttentionMatcher::isAllHidden(Node *condition, Node *score, const AttentionMatch &match) {
  bool negated = false;
  if (condition->is<arith::XOrIOp>() && condition->operands[1]->isTrue()) {
    negated = true;
    condition = condition->operands[0];
  }
  using P = arith::CmpFPredicate;
  auto isMinusInfinity = [](Node *n) {
    std::optional<double> value = n->floatValue();
    return value && std::isinf(*value) && *value < 0;
  };
  if (condition->is<arith::CmpFOp>()) {
    P p = cast<arith::CmpFOp>(condition->op).getPredicate();
    bool fits = negated ? p == P::ONE || p == P::UNE || p == P::OGT
                        : p == P::OEQ || p == P::UEQ || p == P::OLE;
    if (!fits || !isMinusInfinity(condition->operands[1]))
      return false;
    // A maximum of finite constants never is -inf.
    auto hidesScore = [&](Node *body) {
      return isAddendOf(body, score) || std::isfinite(body->floatValue().value_or(NAN));
    };
    Node *maximum = stripCasts(condition->operands[0]);
    return matchRowReduction(maximum, ReduceKind::Max, hidesScore).has_value() ||
           isMaxOf(maximum, score, {}, nullptr);
  }
  ReduceKind kind = negated ? ReduceKind::Or : ReduceKind::And;
  auto isHidden = [&](Node *body) {
    Node *hidden = negated ? exprs.negate(body) : body;
    for (const ScoreStep &step : match.steps)
      if (step.isMask() && std::isinf(step.fill) && exprs.negate(step.operand) == hidden)
        return true;
    bool flip = hidden->is<arith::XOrIOp>() && hidden->operands[1]->isTrue();
    if (flip)
      hidden = hidden->operands[0];
    if (!hidden->is<arith::CmpFOp>())
      return false;
    P p = cast<arith::CmpFOp>(hidden->op).getPredicate();
    bool fits = flip ? p == P::ONE || p == P::UNE : p == P::OEQ || p == P::UEQ;
    return fits && isMinusInfinity(hidden->operands[1]) &&
           stripCasts(hidden->operands[0]) == stripCasts(score);
  };
  return matchRowReduction(condition, kind, isHidden).has_value();
}
