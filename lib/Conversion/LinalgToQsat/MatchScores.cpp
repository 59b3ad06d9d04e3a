//===- MatchScores.cpp - From the softmax back to the product of q and k --===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

/// A constant at or below this hides a key rather than changing its score.
static constexpr double kHides = -9.9e3;

SmallVector<Node *> AttentionMatcher::factorsOf(Node *node, double &scale) {
  SmallVector<Node *> factors, stack = {node};
  while (!stack.empty()) {
    Node *n = stack.pop_back_val();
    Node *bare = stripCasts(n);
    if (bare->is<arith::MulFOp>()) {
      stack.push_back(bare->operands[1]);
      stack.push_back(bare->operands[0]);
    } else if (bare->is<arith::DivFOp>() && bare->operands[1]->floatValue()) {
      scale /= *bare->operands[1]->floatValue();
      stack.push_back(bare->operands[0]);
    } else if (bare->is<arith::NegFOp>()) {
      scale = -scale;
      stack.push_back(bare->operands[0]);
    } else if (std::optional<double> value = bare->floatValue()) {
      scale *= *value;
    } else {
      factors.push_back(n);
    }
  }
  return factors;
}

/// `node` without data movement, widening casts and constant factors, and the
/// product of these factors.
std::pair<Node *, double> AttentionMatcher::peel(Node *node) {
  double scale = 1.0;
  while (true) {
    if (node->is<arith::ExtFOp>()) {
      node = node->operands[0];
      continue;
    }
    Node *next = builder.step(node);
    if (next && next->kind == Node::Load) {
      node = next;
      continue;
    }
    Node *scaled = next ? next : node;
    Node *widened = scaled->is<arith::ExtFOp>() ? scaled->operands[0] : scaled;
    if (widened != scaled) {
      node = widened;
      continue;
    }
    if (scaled->is<arith::MulFOp>() && scaled->operands[1]->floatValue()) {
      scale *= *scaled->operands[1]->floatValue();
    } else if (scaled->is<arith::DivFOp>() && scaled->operands[1]->floatValue()) {
      scale /= *scaled->operands[1]->floatValue();
    } else if (scaled->is<arith::NegFOp>()) {
      scale = -scale;
    } else {
      return {node, scale};
    }
    node = scaled->operands[0];
  }
}

/// Different values of the variables of `expr` may give the same index, as in
/// i + j; a mixed-radix sum has no overlap.
static bool hasOverlap(AffineExpr expr, const VarTable &vars) {
  SmallVector<Term> terms = termsOf(expr, vars);
  llvm::erase_if(terms, [](const Term &t) { return !t.base; });
  llvm::sort(terms, [](const Term &a, const Term &b) {
    return std::abs(a.coefficient) < std::abs(b.coefficient);
  });
  int64_t reach = 0;
  bool isUnbounded = false;
  for (const Term &t : terms) {
    IndexRange range = rangeOf(t.base, vars);
    // A stride of run-time size goes past what has the sizes in it as extents.
    if (std::abs(t.coefficient) <= reach || (isUnbounded && isa<AffineDimExpr>(t.base)))
      return true;
    if (range.lo && range.hi)
      reach += std::abs(t.coefficient) * (*range.hi - *range.lo);
    else
      isUnbounded |= isa<AffineDimExpr>(t.base);
  }
  return false;
}

std::optional<AttentionMatcher::Product> AttentionMatcher::matchProduct(Node *load) {
  if (load->kind != Node::Load || !hasKeys(load))
    return std::nullopt;
  auto it = products.find(load);
  if (it == products.end())
    it = products.try_emplace(load, matchProductUncached(load)).first;
  return it->second;
}

/// `load` is a sum over features of products of a q, which no key index occurs
/// in, and a k, which one occurs in.
std::optional<AttentionMatcher::Product> AttentionMatcher::matchProductUncached(Node *load) {
  std::optional<Reduction> reduction = reductionOf(load->value);
  if (!reduction || reduction->kind != ReduceKind::Add)
    return std::nullopt;
  SmallVector<AffineExpr> &depth = depthIndices[load->value];
  if (depth.empty())
    for (AffineExpr extent : builder.reduceExtents(*reduction)) {
      if (!extent)
        return std::nullopt;
      depth.push_back(exprs.vars.add(extent));
    }
  Node *body = builder.reduceBody(load, *reduction, depth);
  if (!body)
    return std::nullopt;
  // A sum over products that were computed before it.
  if (body->kind == Node::Load)
    body = bare(body);
  Product product{nullptr, nullptr, nullptr, 1.0};
  SmallVector<Node *> factors = factorsOf(body, product.scale);
  // A factor without indices of its own scales all products alike; it is
  // applied to the score by the caller's steps only when it is constant.
  if (factors.size() != 2)
    return std::nullopt;
  if (hasKeys(factors[0]))
    std::swap(factors[0], factors[1]);
  if (hasKeys(factors[0]) || !hasKeys(factors[1]))
    return std::nullopt;
  std::pair<Node *, double> q = peel(factors[0]), k = peel(factors[1]);
  // A convolution reads keys at the sum of a key index and a feature index.
  for (AffineExpr e : k.first->indices)
    if (hasOverlap(e, exprs.vars))
      return std::nullopt;
  // A feature index that neither reads would only repeat the product.
  uint64_t features = 0;
  for (AffineExpr e : depth)
    features |= varsOf(e);
  if (features & ~(q.first->vars | k.first->vars))
    return std::nullopt;
  product.q = q.first;
  product.k = k.first;
  product.scale *= q.second * k.second;
  product.init = builder.reduceInit(load, *reduction);
  if (!product.init)
    return std::nullopt;
  product.init = builder.expand(product.init);
  if (product.init->floatValue() == 0.0)
    product.init = nullptr;
  return product;
}

/// `node` depends on a product of q and k.
bool AttentionMatcher::containsProduct(Node *root) {
  auto &memo = containsProductMemo;
  walkPostOrder(root, [&](Node *node) { return memo.contains(node); }, [&](Node *node) {
    bool isBelow = llvm::any_of(node->operands, [&](Node *n) { return memo.lookup(n); });
    memo[node] = isBelow || matchProduct(node).has_value();
  });
  return memo.lookup(root);
}

/// How little the k of a product below `root` looks like the keys of `v`: of
/// several products the one whose k varies over what v varies over, and over all
/// keys, is the attention's; others are biases.
unsigned AttentionMatcher::keyRank(Node *root, Node *v) {
  unsigned rank = ~0u;
  walk(root, [&](Node *node) {
    if (!containsProduct(node))
      return false;
    if (std::optional<Product> product = matchProduct(node)) {
      uint64_t depth = 0;
      for (AffineExpr e : depthIndices[node->value])
        depth |= varsOf(e);
      unsigned foreign = llvm::popcount(product->k->vars & ~(v->vars | depth));
      unsigned missing = llvm::popcount(keyVars & ~product->k->vars);
      rank = std::min<unsigned>(rank, 4096 * foreign + 64 * missing +
                                          llvm::popcount(product->k->vars));
    }
    return true;
  });
  return rank;
}

/// max(x, c), or select(x > c, x, c), for a c at the bottom of the range.
Node *AttentionMatcher::clampedScores(Node *node, double &floor) {
  auto isFloor = [&](Node *n) {
    std::optional<double> value = stripCasts(n)->floatValue();
    if (!value || *value > -1e30)
      return false;
    floor = *value;
    return true;
  };
  if (node->is<arith::MaximumFOp>() || node->is<arith::MaxNumFOp>()) {
    if (isFloor(node->operands[1]))
      return node->operands[0];
    return isFloor(node->operands[0]) ? node->operands[1] : nullptr;
  }
  if (!node->is<arith::SelectOp>() || !node->operands[0]->is<arith::CmpFOp>())
    return nullptr;
  Node *cmp = node->operands[0];
  using P = arith::CmpFPredicate;
  P p = cast<arith::CmpFOp>(cmp->op).getPredicate();
  bool greater = p == P::OGT || p == P::OGE || p == P::UGT || p == P::UGE;
  if (greater && cmp->operands[0] == node->operands[1] && cmp->operands[1] == node->operands[2] &&
      isFloor(node->operands[2]))
    return node->operands[1];
  return nullptr;
}

namespace {
/// visible ? base : fill.
struct MaskValue {
  Node *visible;
  double base, fill;
};
} // namespace

/// `node` as a choice between a small number and one that hides, through
/// nested selects: select(c, 0, -inf), select(c, select(d, 0, -inf), -inf).
static std::optional<MaskValue> maskValueOf(Node *node, ExprContext &exprs) {
  Node *visible = nullptr;
  std::optional<double> fill;
  auto restrict = [&](Node *condition) {
    visible = visible ? exprs.conjunction(visible, condition) : condition;
  };
  for (unsigned round = 0; round < 64; ++round) {
    node = stripCasts(node);
    if (std::optional<double> base = node->floatValue()) {
      if (!visible || !std::isfinite(*base) || *base <= kHides || !fill)
        return std::nullopt;
      return MaskValue{visible, *base, *fill};
    }
    if (!node->is<arith::SelectOp>())
      return std::nullopt;
    std::optional<double> yes = stripCasts(node->operands[1])->floatValue();
    std::optional<double> no = stripCasts(node->operands[2])->floatValue();
    bool hidesYes = yes && *yes <= kHides, hidesNo = no && *no <= kHides;
    if (hidesYes == hidesNo)
      return std::nullopt;
    double value = hidesYes ? *yes : *no;
    if (fill && *fill != value)
      return std::nullopt;
    fill = value;
    restrict(hidesYes ? exprs.negate(node->operands[0]) : node->operands[0]);
    node = hidesYes ? node->operands[2] : node->operands[1];
  }
  return std::nullopt;
}

/// Adds the steps of `x + bias`, outermost first.
LogicalResult AttentionMatcher::addBias(Node *bias, SmallVectorImpl<ScoreStep> &steps) {
  SmallVector<Node *> stack = {bias};
  while (!stack.empty()) {
    Node *term = stripCasts(stack.pop_back_val());
    if (term->is<arith::AddFOp>()) {
      stack.append(term->operands.begin(), term->operands.end());
      continue;
    }
    if (std::optional<MaskValue> mask = maskValueOf(term, exprs)) {
      steps.push_back({ScoreStep::AddFill, mask->visible, mask->fill - mask->base});
      if (mask->base != 0.0)
        steps.push_back({ScoreStep::Add, exprs.constant(FloatAttr::get(term->type, mask->base))});
      continue;
    }
    // select(c, t, -inf) added: t where visible.
    if (term->is<arith::SelectOp>()) {
      std::optional<double> yes = term->operands[1]->floatValue();
      std::optional<double> no = term->operands[2]->floatValue();
      bool hidesYes = yes && std::isinf(*yes) && *yes < 0;
      bool hidesNo = no && std::isinf(*no) && *no < 0;
      if (hidesYes != hidesNo) {
        Node *condition = term->operands[0];
        steps.push_back({ScoreStep::Fill, hidesYes ? exprs.negate(condition) : condition,
                         -std::numeric_limits<double>::infinity()});
        stack.push_back(term->operands[hidesYes ? 2 : 1]);
        continue;
      }
    }
    steps.push_back({ScoreStep::Add, term});
  }
  return success();
}

/// The value of `node` may be +inf or NaN, or is -inf, by a constant in it.
static bool hasNonFiniteConstant(Node *root) {
  std::optional<double> all = root->floatValue();
  if (all)
    return !std::isfinite(*all);
  bool found = false;
  walk(root, [&](Node *node) {
    // What is chosen may be -inf: it hides.
    if (std::optional<double> value = node->floatValue(); value && !(*value < INFINITY))
      found = true;
    return !found && isa<FloatType>(node->type);
  });
  return found;
}

/// Fills match.q, k, scale and steps from the score of the softmax.
LogicalResult AttentionMatcher::matchScores(const Softmax &softmax, AttentionMatch &match) {
  Node *score = softmax.score;
  double lnBase = softmax.lnBase;
  if (!containsProduct(score))
    return fail("the scores hold no product of a query row and a key row");
  // From the softmax down to the product; reversed at the end.
  SmallVector<ScoreStep> steps;
  Type type = score->type;
  auto constant = [&](double value) { return exprs.constant(FloatAttr::get(type, value)); };
  if (lnBase != 1.0)
    steps.push_back({ScoreStep::Multiply, constant(lnBase)});
  Node *node = score;
  std::optional<Product> product;
  std::optional<double> floor;
  while (true) {
    node = stripCasts(node);
    double at;
    if (Node *inner = clampedScores(node, at)) {
      floor = floor ? std::max(*floor, at) : at;
      steps.push_back({ScoreStep::Clamp, nullptr, at});
      node = inner;
      continue;
    }
    unsigned before = steps.size();
    if (node->kind == Node::Load) {
      product = matchProduct(node);
      if (product)
        break;
      return fail("the scores hold no product of a query row and a key row");
    }
    if (node->kind != Node::Op)
      return fail("the scores hold no product of a query row and a key row");
    // The operand that holds the product, and the other one.
    int along = -1;
    for (auto [i, n] : llvm::enumerate(node->operands))
      if (containsProduct(n) && along < 0)
        along = i;
    if ((node->is<arith::AddFOp>() || node->is<arith::SubFOp>()) && along == 0 &&
        containsProduct(node->operands[1]) &&
        keyRank(node->operands[1], match.v) < keyRank(node->operands[0], match.v))
      along = 1;
    if (along < 0)
      return fail("the scores hold no product of a query row and a key row");
    Node *other = node->operands.size() == 2 ? node->operands[1 - along] : nullptr;
    if (node->is<arith::AddFOp>()) {
      if (failed(addBias(other, steps)))
        return failure();
    } else if (node->is<arith::SubFOp>()) {
      steps.push_back({along == 0 ? ScoreStep::Subtract : ScoreStep::SubtractFrom, other});
    } else if (node->is<arith::MulFOp>()) {
      steps.push_back({ScoreStep::Multiply, other});
    } else if (node->is<arith::DivFOp>() && along == 0) {
      steps.push_back({ScoreStep::Divide, other});
    } else if (node->is<arith::NegFOp>()) {
      steps.push_back({ScoreStep::Multiply, constant(-1.0)});
    } else if (node->is<math::TanhOp>()) {
      steps.push_back({ScoreStep::Tanh});
    } else if (node->is<arith::SelectOp>() && along > 0) {
      Node *fill = stripCasts(node->operands[3 - along]);
      std::optional<double> value = fill->floatValue();
      if (!value || *value > kHides)
        return fail("scores are replaced where a condition holds by something that does not "
                    "hide the key (expected a constant of -1e4 or less)");
      Node *condition = node->operands[0];
      steps.push_back(
          {ScoreStep::Fill, along == 2 ? exprs.negate(condition) : condition, *value});
    } else {
      return fail("the scores pass through " + node->op->getName().getStringRef() +
                  ", which is not a score modification (scale, bias, softcap, mask)");
    }
    // What is hidden by -inf below a clamp comes out at the clamp.
    for (unsigned k = before; k < steps.size() && floor; ++k)
      if (steps[k].isMask() && std::isinf(steps[k].fill))
        steps[k] = {ScoreStep::Fill, steps[k].operand, *floor};
    node = node->operands[along];
  }
  if (product->init)
    steps.push_back({ScoreStep::Add, product->init});
  for (unsigned k = steps.size(); k-- > 0;)
    if (steps[k].kind == ScoreStep::Clamp && !mayClamp(steps, k))
      steps.erase(steps.begin() + k);
  std::reverse(steps.begin(), steps.end());
  // x * keep + (keep ? 0 : fill), keep in {0, 1}: a mask that multiplies.
  for (unsigned i = 0; i + 1 < steps.size(); ++i) {
    if (steps[i].kind != ScoreStep::Multiply || steps[i + 1].kind != ScoreStep::AddFill)
      continue;
    Node *keep = stripCasts(steps[i].operand);
    bool isKeep = keep->is<arith::SelectOp>() && keep->operands[1]->floatValue() == 1.0 &&
                  keep->operands[2]->floatValue() == 0.0;
    bool isHide = keep->is<arith::SelectOp>() && keep->operands[1]->floatValue() == 0.0 &&
                  keep->operands[2]->floatValue() == 1.0;
    if (!isKeep && !isHide)
      continue;
    Node *visible = isKeep ? keep->operands[0] : exprs.negate(keep->operands[0]);
    if (visible != steps[i + 1].operand)
      continue;
    steps[i + 1].kind = ScoreStep::Fill;
    steps.erase(steps.begin() + i);
  }
  for (const ScoreStep &step : steps)
    if ((step.kind == ScoreStep::Multiply || step.kind == ScoreStep::Divide) &&
        hasKeys(step.operand))
      return fail("the scores are scaled by a factor that varies over the keys");
  double added = 0.0;
  for (const ScoreStep &step : steps) {
    if (step.isAddend())
      added += typicalSize(step.operand, exprs.vars);
    // Twice: of (1 - keep) * lowest, a mask kept as numbers, both terms are counted.
    if (-added < 2 * maxFloor - 50.0)
      return fail("the row maximum starts from a number above what is added to the scores");
    if (step.operand && !step.isMask() && hasNonFiniteConstant(step.operand))
      return fail("the scores are changed by a constant that is not finite");
    // With all keys of a row hidden, exponentials shifted by such a maximum are 0.
    if (step.isMask() && std::isfinite(step.fill) && step.fill < maxFloor - 50.0)
      return fail("the row maximum starts from a number above what hides a key");
  }
  // exp(c (z - max)) becomes exp(c z - max c z), which overflows earlier.
  if (lnBase > 1.0 && mayOverflow(steps, lnBase, type, exprs.vars))
    return fail("the change of the base of the exponential may overflow a hidden score");
  // Constant factors next to the product are the scale.
  match.scale = product->scale;
  unsigned taken = 0;
  for (const ScoreStep &step : steps) {
    std::optional<double> value = step.operand ? step.operand->floatValue() : std::nullopt;
    if (step.kind == ScoreStep::Multiply && value)
      match.scale *= *value;
    else if (step.kind == ScoreStep::Divide && value && *value != 0.0)
      match.scale /= *value;
    else
      break;
    ++taken;
  }
  if (!std::isfinite(match.scale))
    return fail("the scores are scaled by a factor that is not finite");
  steps.erase(steps.begin(), steps.begin() + taken);
  match.q = product->q;
  match.k = product->k;
  match.steps = std::move(steps);
  return success();
}
