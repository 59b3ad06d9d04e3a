//===- AttentionFinder.cpp - The attentions of a function -----------------===//

#include "AttentionMatcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace qsat::raise;

/// The first division, at most a few reshapes and casts after `value`, that
/// may be a deferred normalisation.
static Value deferredDivision(Value value) {
  for (unsigned round = 0; round < 4 && value.hasOneUse(); ++round) {
    Operation *user = *value.getUsers().begin();
    if (user->getNumResults() != 1 || isa<linalg::ContractionOpInterface, tosa::MatMulOp>(user))
      return nullptr;
    auto divides = [](Operation *op) {
      return isa<arith::DivFOp, arith::MulFOp, tosa::MulOp>(op);
    };
    bool found = divides(user);
    if (auto generic = dyn_cast<linalg::LinalgOp>(user)) {
      if (generic.getNumReductionLoops() != 0)
        return nullptr;
      for (Operation &inner : *generic.getBlock())
        found |= divides(&inner);
    }
    value = user->getResult(0);
    if (found)
      return value;
  }
  return nullptr;
}

Value qsat::raise::tensorOf(const Node *operand) {
  return operand->kind == Node::Load ? operand->value : Value();
}

AttentionFinder::AttentionFinder(Operation *function, MatchOptions options)
    : function(function), options(options), sizes(std::make_unique<DimSizes>(function)),
      caches(std::make_unique<MatchCaches>()) {}

AttentionFinder::~AttentionFinder() = default;

bool AttentionFinder::isCandidate(Operation *op) {
  return op->getNumResults() == 1 && reductionOf(op->getResult(0));
}

SmallVector<Operation *> AttentionFinder::candidates() const {
  SmallVector<Operation *> found;
  function->walk([&](Operation *op) {
    if (isCandidate(op))
      found.push_back(op);
  });
  return found;
}

FailureOr<AttentionMatch> AttentionFinder::match(Operation *op) {
  why.clear();
  if (!isCandidate(op))
    return failure();
  Value sum = op->getResult(0);
  for (Value root : {sum, deferredDivision(sum)}) {
    if (!root)
      continue;
    AttentionMatcher matcher(std::make_shared<ExprContext>(*sizes), *caches, options);
    FailureOr<AttentionMatch> match = matcher.match(root);
    divisors.insert(matcher.divisors.begin(), matcher.divisors.end());
    if (succeeded(match))
      return match;
    if (!matcher.reason.empty())
      why = matcher.reason;
  }
  return failure();
}

bool AttentionFinder::isSoftmaxWithoutValues(Operation *op) {
  if (divisors.contains(op) || op->getNumResults() != 1)
    return false;
  AttentionMatcher matcher(std::make_shared<ExprContext>(*sizes), *caches, options);
  return matcher.isScoreSum(op->getResult(0));
}

qsat::AttentionOp AttentionFinder::raise(RewriterBase &rewriter, const AttentionMatch &match) {
  return buildAttention(rewriter, match);
}
