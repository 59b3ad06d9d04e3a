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

/// Looks for an exponential over the keys near the top of `p`. What is far below
/// is none of these weights', but of the layers before.
AttentionMatcher::Cone AttentionMatcher::lookForExponential(Node *p) {
  constexpr unsigned kMaxVisited = 96;
  SmallVector<Node *> queue = {p};
  llvm::DenseSet<Node *> seen;
  for (unsigned next = 0; next < queue.size(); ++next) {
    Node *node = queue[next];
    if (next == kMaxVisited)
      return Cone::Deep;
    if (!hasKeys(node) || !seen.insert(node).second)
      continue;
    if (node->is<math::ExpOp>() || node->is<math::Exp2Op>() || node->is<math::PowFOp>() ||
        (node->kind == Node::Load && node->value.getDefiningOp<linalg::SoftmaxOp>()))
      return Cone::Exponential;
    if (Node *inner = builder.step(node))
      queue.push_back(inner);
    queue.append(node->operands.begin(), node->operands.end());
  }
  return Cone::None;
}

/// `node` = 1 / x, or null.
static Node *reciprocalOf(Node *node) {
  node = stripCasts(node);
  if (node->is<arith::DivFOp>() && node->operands[0]->floatValue() == 1.0)
    return node->operands[1];
  return nullptr;
}

/// `node` = visible ? x : 0, or x times the condition as a number; returns x.
static Node *guardOf(Node *node, Node *&visible, ExprContext &exprs) {
  if (node->is<arith::SelectOp>()) {
    if (node->operands[2]->floatValue() == 0.0) {
      visible = node->operands[0];
      return node->operands[1];
    }
    if (node->operands[1]->floatValue() == 0.0) {
      visible = exprs.negate(node->operands[0]);
      return node->operands[2];
    }
  }
  if (node->is<arith::MulFOp>())
    for (unsigned i : {0, 1}) {
      Node *flag = stripCasts(node->operands[i]);
      if (!flag->is<arith::SelectOp>())
        continue;
      std::optional<double> yes = flag->operands[1]->floatValue();
      std::optional<double> no = flag->operands[2]->floatValue();
      if (yes == 1.0 && no == 0.0)
        visible = flag->operands[0];
      else if (yes == 0.0 && no == 1.0)
        visible = exprs.negate(flag->operands[0]);
      else
        continue;
      return node->operands[1 - i];
    }
  return nullptr;
}

/// `score` is -inf wherever `visible` is false.
static bool isHiddenWithout(Node *score, Node *visible, ExprContext &exprs, unsigned depth = 0) {
  score = stripCasts(score);
  std::optional<double> value = score->floatValue();
  if (value)
    return std::isinf(*value) && *value < 0;
  if (depth > 16 || score->kind != Node::Op)
    return false;
  auto below = [&](unsigned k) {
    return isHiddenWithout(score->operands[k], visible, exprs, depth + 1);
  };
  if (score->is<arith::SelectOp>()) {
    Node *condition = score->operands[0];
    if (condition == visible)
      return below(2);
    if (exprs.negate(condition) == visible)
      return below(1);
    // visible and more, or one of several reasons to hide.
    if (condition->is<arith::AndIOp>() && llvm::is_contained(condition->operands, visible))
      return below(2);
    return below(1) && below(2);
  }
  if (score->is<arith::AddFOp>())
    return below(0) || below(1);
  if (score->is<arith::SubFOp>())
    return below(0);
  if (score->is<arith::MulFOp>())
    return score->operands[1]->floatValue().value_or(0) > 0 && below(0);
  return false;
}

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

/// exp(x), exp2(x), powf(constant, x), where x = logit - shifts.
std::optional<AttentionMatcher::Exponential> AttentionMatcher::matchExponential(Node *node) {
  // Looked into only as far as needed to know that there is none.
  Node *top = bare(node);
  if (!top->is<math::ExpOp>() && !top->is<math::Exp2Op>() && !top->is<math::PowFOp>())
    return std::nullopt;
  Exponential e;
  e.node = stripCasts(builder.expand(top));
  Node *argument;
  if (e.node->is<math::ExpOp>()) {
    argument = e.node->operands[0];
  } else if (e.node->is<math::Exp2Op>()) {
    argument = e.node->operands[0];
    e.lnBase = std::log(2.0);
  } else if (e.node->is<math::PowFOp>() && e.node->operands[0]->floatValue().value_or(0) > 1.0 &&
             std::isfinite(*e.node->operands[0]->floatValue())) {
    argument = e.node->operands[1];
    e.lnBase = std::log(*e.node->operands[0]->floatValue());
  } else {
    return std::nullopt;
  }
  // Addends of what is subtracted, innermost first.
  auto subtract = [&](Node *shift) {
    SmallVector<Node *> stack = {shift}, found;
    while (!stack.empty()) {
      Node *n = stripCasts(stack.pop_back_val());
      if (n->is<arith::AddFOp>())
        stack.append(n->operands.begin(), n->operands.end());
      else if (n->floatValue() != 0.0)
        found.push_back(n);
    }
    e.shifts.insert(e.shifts.begin(), found.begin(), found.end());
  };
  while (true) {
    argument = stripCasts(argument);
    if (argument->is<arith::SubFOp>() && !hasKeys(argument->operands[1])) {
      subtract(argument->operands[1]);
      argument = argument->operands[0];
      continue;
    }
    if (argument->is<arith::AddFOp>()) {
      unsigned row = hasKeys(argument->operands[1]) ? 0 : 1;
      Node *shift = stripCasts(argument->operands[row]);
      if (!hasKeys(shift) && shift->is<arith::NegFOp>()) {
        subtract(shift->operands[0]);
        argument = argument->operands[1 - row];
        continue;
      }
    }
    // c (z - max): the constant goes to the score.
    double factor = argument->is<arith::MulFOp>() ? argument->operands[1]->floatValue().value_or(0) : 0;
    if (factor > 0 && std::isfinite(factor) && e.shifts.empty()) {
      Node *inner = stripCasts(argument->operands[0]);
      if (inner->is<arith::SubFOp>() && !hasKeys(inner->operands[1])) {
        e.lnBase *= factor;
        argument = inner;
        continue;
      }
    }
    break;
  }
  // exp2(x log2 e) is exp(x) to the precision of the constant.
  if (std::abs(e.lnBase - 1.0) < 1e-6)
    e.lnBase = 1.0;
  e.logit = argument;
  return e;
}

/// `a` and `b` are the same exponential up to the order of their shifts.
static bool isSameShift(ArrayRef<Node *> a, ArrayRef<Node *> b) {
  SmallVector<Node *> x(a), y(b);
  llvm::sort(x);
  llvm::sort(y);
  return x == y;
}

//===----------------------------------------------------------------------===//
// Reductions over the keys
//===----------------------------------------------------------------------===//

/// The sum or maximum `load` runs over exactly the keys, or over the keys and
/// one index more (a sink). Gives its element at a key.
std::optional<AttentionMatcher::RowReduction>
AttentionMatcher::matchRowReduction(Node *load, ReduceKind kind,
                                    function_ref<bool(Node *)> isElement) {
  if (load->kind != Node::Load || hasKeys(load))
    return std::nullopt;
  std::optional<Reduction> reduction = reductionOf(load->value);
  if (!reduction || reduction->kind != kind)
    return std::nullopt;
  Node *init = builder.reduceInit(load, *reduction);
  init = init ? builder.expand(init) : nullptr;
  if (!init)
    return std::nullopt;
  if (kind == ReduceKind::Add && init->floatValue() != 0.0)
    return std::nullopt;
  // A maximum may start from -inf, the lowest number, or NaN under maxnumf.
  if (kind == ReduceKind::Max && !(init->floatValue().value_or(0) < -1e4) &&
      !(reduction->ignoresNaN && std::isnan(init->floatValue().value_or(0))))
    return std::nullopt;
  if ((kind == ReduceKind::And && !init->isTrue()) || (kind == ReduceKind::Or && !init->isFalse()))
    return std::nullopt;
  auto bodyAt = [&](ArrayRef<AffineExpr> indices) -> Node * {
    Node *body = builder.reduceBody(load, *reduction, indices);
    return body ? stripCasts(builder.expand(body)) : nullptr;
  };
  SmallVector<AffineExpr> extents = builder.reduceExtents(*reduction);
  if (llvm::is_contained(extents, AffineExpr()))
    return std::nullopt;
  MLIRContext *context = exprs.getContext();
  // Loops that run once say nothing.
  SmallVector<AffineExpr> indices(extents.size(), getAffineConstantExpr(0, context));
  SmallVector<unsigned> wide;
  for (auto [loop, extent] : llvm::enumerate(extents))
    if (!(extent == 1))
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
    Node *body = bodyAt(indices);
    if (body && isElement(body))
      return RowReduction{};
    return std::nullopt;
  }
  if (keys.size() != 1 || simplifyIndex(sizeOf(keys[0]) + 1, exprs.vars) != extents[wide[0]])
    return std::nullopt;
  for (int64_t offset : {0, 1}) {
    indices[wide[0]] = keys[0] + offset;
    Node *body = bodyAt(indices);
    if (!body || !isElement(body))
      continue;
    indices[wide[0]] = offset ? getAffineConstantExpr(0, context) : extents[wide[0]] - 1;
    if (Node *rest = bodyAt(indices))
      return RowReduction{rest};
  }
  return std::nullopt;
}

/// `condition` (negated if `negated`) holds where `value` is finite, or not -inf.
static bool isFiniteTest(Node *condition, Node *value, bool negated) {
  if (!condition->is<arith::CmpFOp>())
    return false;
  using P = arith::CmpFPredicate;
  P p = cast<arith::CmpFOp>(condition->op).getPredicate();
  Node *x = condition->operands[0];
  std::optional<double> y = condition->operands[1]->floatValue();
  if (!y || !std::isinf(*y))
    return false;
  auto fits = [&](ArrayRef<P> yes, ArrayRef<P> no) {
    return llvm::is_contained(negated ? no : yes, p);
  };
  if (x->is<math::AbsFOp>() && x->operands[0] == value && *y > 0)
    return fits({P::ONE, P::UNE, P::OLT, P::ULT}, {P::OEQ, P::UEQ, P::OGE, P::UGE});
  return x == value && *y < 0 &&
         fits({P::ONE, P::UNE, P::OGT, P::UGT}, {P::OEQ, P::UEQ, P::OLE, P::ULE});
}

/// `node` is the maximum of `logit` over the keys (and a sink, if there is
/// one, which may also come in by `sink`), or of the keys that `guards` leave visible; possibly clamped from below
/// by -inf or the lowest number, or replaced by 0 where it is not finite.
bool AttentionMatcher::isMaxOf(Node *node, Node *logit, ArrayRef<Node *> guards, Node *sink) {
  logit = stripCasts(logit);
  while (true) {
    node = stripCasts(node);
    if (node->is<arith::MaximumFOp>() || node->is<arith::MaxNumFOp>()) {
      Node *x = stripCasts(node->operands[0]), *y = stripCasts(node->operands[1]);
      auto isBelow = [&](Node *n) { return n == sink || n->floatValue().value_or(0) < -1e30; };
      if (!isBelow(x) && !isBelow(y))
        return false;
      node = isBelow(y) ? x : y;
      continue;
    }
    if (node->is<arith::SelectOp>()) {
      Node *condition = node->operands[0], *yes = node->operands[1], *no = node->operands[2];
      if (no->floatValue() == 0.0 && isFiniteTest(condition, yes, false))
        node = yes;
      else if (yes->floatValue() == 0.0 && isFiniteTest(condition, no, true))
        node = no;
      else
        return false;
      continue;
    }
    break;
  }
  auto isLogit = [&](Node *body) {
    while (body != logit && body->is<arith::SelectOp>()) {
      Node *visible = body->operands[0], *inner = body->operands[1];
      std::optional<double> fill = body->operands[2]->floatValue();
      if (!fill) {
        fill = body->operands[1]->floatValue();
        inner = body->operands[2];
        visible = exprs.negate(visible);
      }
      if (!fill || *fill > -1e30 || !llvm::is_contained(guards, visible))
        return false;
      body = stripCasts(inner);
    }
    return body == logit;
  };
  return matchRowReduction(node, ReduceKind::Max, isLogit).has_value();
}

/// The shifts of `e` are maxima: z - max z, and z - max z - max(z - max z).
bool AttentionMatcher::isShiftedByMaxima(const Exponential &e, ArrayRef<Node *> guards,
                                         Node *sink) {
  Node *logit = e.logit;
  for (Node *shift : e.shifts) {
    if (!logit || !isMaxOf(shift, logit, guards, sink))
      return false;
    logit = shift->type == logit->type
                ? exprs.make<arith::SubFOp>(logit->type, {logit, shift})
                : nullptr;
  }
  return !e.shifts.empty();
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

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
  SmallVector<Node *> stack = {logit};
  llvm::DenseSet<Node *> seen;
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (!seen.insert(node).second)
      continue;
    if (matchProduct(node))
      products.insert(node->value);
    stack.append(node->operands.begin(), node->operands.end());
  }
  stack = {sink};
  seen.clear();
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (!seen.insert(node).second)
      continue;
    if (node->kind == Node::Load && products.contains(node->value))
      return true;
    stack.append(node->operands.begin(), node->operands.end());
  }
  return false;
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
  SmallVector<Node *> stack = {weights};
  llvm::DenseSet<Node *> seen;
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (!hasKeys(node) || !seen.insert(node).second)
      continue;
    hasExponential |= node->is<math::ExpOp>() || node->is<math::Exp2Op>() ||
                      (node->kind == Node::Load && node->value.getDefiningOp<linalg::SoftmaxOp>());
    if (std::optional<Product> product = matchProduct(node)) {
      uint64_t shared = product->q->vars & product->k->vars, depth = 0;
      for (AffineExpr e : depthIndices[node->value])
        depth |= varsOf(e);
      hasScores |= (shared & ~depth) != 0;
    }
    stack.append(node->operands.begin(), node->operands.end());
  }
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
