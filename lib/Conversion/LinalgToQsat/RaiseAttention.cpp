//===- RaiseAttention.cpp - Finds attention in linalg-on-tensors ----------===//

#include "AttentionMatch.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace qsat {
#define GEN_PASS_DEF_QSATRAISEATTENTION
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat::raise;

namespace {

/// The first division, at most a few reshapes and casts after `value`, that
/// may be a deferred normalisation.
Value deferredDivision(Value value) {
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

/// Operations with no effect and no user, and what only they used.
void eraseDead(Operation *function) {
  SmallVector<Operation *> dead;
  function->walk([&](Operation *op) {
    if (op->getParentOp() == function && isOpTriviallyDead(op))
      dead.push_back(op);
  });
  llvm::SetVector<Operation *> worklist(dead.begin(), dead.end());
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (!isOpTriviallyDead(op))
      continue;
    SmallVector<Operation *> producers;
    op->walk([&](Operation *inner) {
      for (Value v : inner->getOperands())
        if (Operation *producer = v.getDefiningOp(); producer && !op->isAncestor(producer))
          producers.push_back(producer);
    });
    op->erase();
    worklist.insert(producers.begin(), producers.end());
  }
}

remark::RemarkOpts missedOpts() { return remark::RemarkOpts::name("not-raised").category("qsat"); }

/// Remarks on near misses are read by somebody: one is made, and dropped unsent.
bool isListening(Location loc) {
  remark::detail::InFlightRemark probe = remark::missed(loc, missedOpts());
  bool wanted = bool(probe);
  probe = remark::detail::InFlightRemark();
  return wanted;
}

struct QsatRaiseAttention : qsat::impl::QsatRaiseAttentionBase<QsatRaiseAttention> {
  using QsatRaiseAttentionBase::QsatRaiseAttentionBase;

  void runOnOperation() override {
    // A sum over products may be a weighted sum of values.
    SmallVector<FunctionOpInterface> functions;
    getOperation()->walk([&](FunctionOpInterface function) { functions.push_back(function); });
    for (FunctionOpInterface function : functions) {
      SmallVector<Operation *> candidates;
      function->walk([&](Operation *op) {
        if (op->getNumResults() == 1 && reductionOf(op->getResult(0)))
          candidates.push_back(op);
      });
      if (candidates.empty())
        continue;
      DimSizes sizes(function);
      caches = MatchCaches();
      explains = isListening(function.getLoc());
      bool changed = false;
      divisors.clear();
      explained = false;
      for (Operation *op : candidates)
        changed |= raise(op, sizes);
      if (explains && !explained)
        for (Operation *op : candidates)
          explainSum(op, sizes);
      if (changed)
        eraseDead(function);
    }
  }

  bool raise(Operation *op, DimSizes &sizes) {
    Value sum = op->getResult(0);
    std::string reason;
    for (Value root : {sum, deferredDivision(sum)}) {
      if (!root)
        continue;
      ExprContext exprs(sizes);
      AttentionMatcher matcher(exprs, caches, {allowUnshifted, ignoreHiddenRows, explains});
      FailureOr<AttentionMatch> match = matcher.match(root);
      divisors.insert(matcher.divisors.begin(), matcher.divisors.end());
      if (succeeded(match) && succeeded(buildAttention(*match, exprs))) {
        ++numRaised;
        remark::passed(op->getLoc(), remark::RemarkOpts::name("raised").category("qsat"))
            << "attention raised";
        return true;
      }
      if (!matcher.reason.empty())
        reason = matcher.reason;
    }
    if (!reason.empty())
      explain(op, reason);
    return false;
  }

  /// A softmax of scores whose probabilities meet no values.
  void explainSum(Operation *op, DimSizes &sizes) {
    if (divisors.contains(op))
      return;
    ExprContext exprs(sizes);
    if (AttentionMatcher(exprs, caches).isScoreSum(op->getResult(0)))
      explain(op, "the probabilities weigh no values (expected a sum over the keys of probability "
                  "times value)");
  }

  void explain(Operation *op, StringRef reason) {
    explained = true;
    remark::missed(op->getLoc(), missedOpts()) << remark::reason("{0}", reason);
  }

  MatchCaches caches;
  bool explains = false;  ///< somebody reads why an op is not raised
  bool explained = false; ///< a near miss in the function
  llvm::DenseSet<Operation *> divisors; ///< that candidates of the function were seen to have
};

} // namespace
