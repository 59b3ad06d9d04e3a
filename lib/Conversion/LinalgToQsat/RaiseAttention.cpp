//===- RaiseAttention.cpp - Finds attention in linalg-on-tensors ----------===//

#include "qsat/Conversion/LinalgToQsat/AttentionMatch.h"
#include "qsat/Conversion/Passes.h"
#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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
    SmallVector<FunctionOpInterface> functions;
    getOperation()->walk([&](FunctionOpInterface function) { functions.push_back(function); });
    for (FunctionOpInterface function : functions)
      raise(function);
  }

  void raise(FunctionOpInterface function) {
    bool explains = isListening(function.getLoc());
    AttentionFinder finder(function, {allowUnshifted, ignoreHiddenRows, explains});
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> candidates = finder.candidates();
    bool changed = false, explained = false;
    for (Operation *op : candidates) {
      FailureOr<AttentionMatch> match = finder.match(op);
      if (succeeded(match)) {
        AttentionFinder::raise(rewriter, *match);
        changed = true;
        ++numRaised;
        remark::passed(op->getLoc(), remark::RemarkOpts::name("raised").category("qsat"))
            << "attention raised";
      } else if (!finder.reason().empty()) {
        explained = true;
        explain(op, finder.reason());
      }
    }
    if (explains && !explained)
      for (Operation *op : candidates)
        if (finder.isSoftmaxWithoutValues(op))
          explain(op, "the probabilities weigh no values (expected a sum over the keys of "
                      "probability times value)");
    if (changed)
      eraseDead(function);
  }

  void explain(Operation *op, StringRef reason) {
    remark::missed(op->getLoc(), missedOpts()) << remark::reason("{0}", reason);
  }
};

} // namespace
