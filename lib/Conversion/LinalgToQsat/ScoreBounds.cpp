//===- ScoreBounds.cpp - How large scores can be, by their constants ------===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

double qsat::raise::typicalSize(Node *root, const VarTable &vars) {
  llvm::DenseMap<Node *, double> sizes;
  auto sizeOf = [&](Node *node) -> double {
    if (std::optional<double> value = node->floatValue())
      return std::abs(*value);
    if (node->kind == Node::Index) {
      IndexRange range = qsat::raise::rangeOf(node->indices[0], vars);
      return std::max<double>(std::abs(range.lo.value_or(1)), std::abs(range.hi.value_or(1)));
    }
    if (node->kind != Node::Op)
      return 1.0;
    auto at = [&](unsigned k) { return sizes.lookup(node->operands[k]); };
    if (node->is<arith::ExtFOp>() || node->is<arith::TruncFOp>() || node->is<arith::NegFOp>() ||
        node->is<arith::SIToFPOp>() || node->is<arith::UIToFPOp>() || node->is<math::AbsFOp>())
      return at(0);
    if (node->is<arith::AddFOp>() || node->is<arith::SubFOp>())
      return at(0) + at(1);
    if (node->is<arith::MulFOp>())
      return at(0) * at(1);
    if (node->is<arith::DivFOp>())
      return at(0) / (node->operands[1]->isConst() ? at(1) : 1.0);
    if (node->is<arith::SelectOp>())
      return std::max(at(1), at(2));
    if (node->is<arith::MaximumFOp>() || node->is<arith::MinimumFOp>() ||
        node->is<arith::MaxNumFOp>() || node->is<arith::MinNumFOp>())
      return std::max(at(0), at(1));
    if (node->is<math::SqrtOp>())
      return std::sqrt(at(0));
    if (node->is<math::ExpOp>())
      return std::exp(at(0));
    return 1.0;
  };
  walkPostOrder(root, [&](Node *node) { return sizes.contains(node); },
                [&](Node *node) { sizes[node] = sizeOf(node); });
  return sizes.lookup(root);
}

/// `node` reads a tensor or a scalar of the IR.
static bool readsTensor(Node *root) {
  bool reads = false;
  walk(root, [&](Node *node) {
    reads |= node->kind == Node::Load || node->kind == Node::Scalar;
    return !reads;
  });
  return reads;
}

bool qsat::raise::mayOverflow(ArrayRef<ScoreStep> steps, double factor, Type type,
                              const VarTable &vars) {
  double limit = type.isF64() ? std::numeric_limits<double>::max()
                              : double(std::numeric_limits<float>::max());
  double filled = 0, added = 0;
  for (const ScoreStep &step : steps) {
    if (step.kind == ScoreStep::AddFill && std::isfinite(step.fill))
      added += std::abs(step.fill);
    else if ((step.kind == ScoreStep::Fill || step.kind == ScoreStep::Clamp) &&
             std::isfinite(step.fill))
      filled = std::max(filled, std::abs(step.fill));
    else if (step.isAddend() && readsTensor(step.operand))
      return true;
    else if (step.isAddend())
      added += typicalSize(step.operand, vars);
  }
  return !((filled + added) * factor <= limit);
}

bool qsat::raise::mayClamp(ArrayRef<ScoreStep> steps, unsigned at) {
  double added = 0;
  bool isDirect = true;
  for (const ScoreStep &step : steps.drop_front(at + 1)) {
    if (step.kind == ScoreStep::Clamp)
      continue;
    if (step.kind == ScoreStep::AddFill)
      added += step.fill;
    if ((step.isAddend() && readsTensor(step.operand)) || added < steps[at].fill ||
        (!isDirect && step.isMask() && step.fill <= steps[at].fill))
      return true;
    isDirect &= step.isMask();
  }
  return false;
}
