//===- MatchExponential.cpp - exp(z - max z), guarded ---------------------===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

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

/// `op` computes an exponential, by itself or in its body.
static bool computesExponential(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        bool found = isa<math::ExpOp, math::Exp2Op, math::PowFOp, linalg::SoftmaxOp, tosa::ExpOp,
                         tosa::PowOp>(inner);
        return found ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

bool ExponentialReach::reaches(Value tensor) {
  // Producers first; an op that is looked at again knows its producers.
  SmallVector<std::pair<Operation *, bool>> stack;
  auto visit = [&](Value value) {
    if (Operation *op = value.getDefiningOp(); op && !known.count(op))
      stack.push_back({op, false});
  };
  visit(tensor);
  while (!stack.empty()) {
    auto [op, isReady] = stack.pop_back_val();
    if (!isReady) {
      if (!known.try_emplace(op, false).second)
        continue;
      bool reduces = op->getNumResults() == 1 && reductionOf(op->getResult(0));
      if (reduces || computesExponential(op)) {
        known[op] = !reduces;
        continue;
      }
      stack.push_back({op, true});
    }
    // A body may gather from a tensor, so its operands count too.
    op->walk([&, op = op, isReady = isReady](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (isReady)
          known[op] |= known.lookup(operand.getDefiningOp());
        else
          visit(operand);
    });
  }
  return known.lookup(tensor.getDefiningOp());
}

/// Looks for an exponential over the keys near the top of `p`. What is far below
/// is none of these weights', but of the layers before.
AttentionMatcher::Cone AttentionMatcher::lookForExponential(Node *p) {
  constexpr unsigned kMaxVisited = 96;
  auto mayReach = [&](Node *leaf) {
    return leaf->kind == Node::Load && exponentials.reaches(leaf->value);
  };
  // What is written in `p` itself is looked at below.
  if (!options.explain && p->kind == Node::Load && !mayReach(p))
    return Cone::None;
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

Node *qsat::raise::reciprocalOf(Node *node) {
  node = stripCasts(node);
  if (node->is<arith::DivFOp>() && node->operands[0]->floatValue() == 1.0)
    return node->operands[1];
  return nullptr;
}

Node *qsat::raise::guardOf(Node *node, Node *&visible, ExprContext &exprs) {
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

bool qsat::raise::isHiddenWithout(Node *score, Node *visible, ExprContext &exprs, unsigned depth) {
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
  // exp2(x log2 e) is exp(x) to the precision of the constant, of which bf16 and f16 have no
  // more than these.
  double precision = e.node->type.isBF16() ? 0x1p-9 : e.node->type.isF16() ? 0x1p-12 : 1e-6;
  if (std::abs(e.lnBase - 1.0) < precision)
    e.lnBase = 1.0;
  e.logit = argument;
  return e;
}

bool qsat::raise::isSameShift(ArrayRef<Node *> a, ArrayRef<Node *> b) {
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
  if (kind == ReduceKind::Max && std::isfinite(init->floatValue().value_or(NAN)))
    maxFloor = std::max(maxFloor, *init->floatValue());
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
      double floor = (isBelow(y) ? y : x)->floatValue().value_or(-INFINITY);
      maxFloor = std::isfinite(floor) ? std::max(maxFloor, floor) : maxFloor;
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
