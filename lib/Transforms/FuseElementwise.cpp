//===- FuseElementwise.cpp - Fewer and larger linalg ops ------------------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace qsat {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {

/// A movement of data as a generic, which fuses with what reads it. One that a
/// product reads stays: the product takes it in by its own pattern.
struct GeneralizeTranspose : OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "expected tensors");
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

/// What an operand of a product is before it was moved and widened.
struct Source {
  Value value;
  AffineMap map; ///< loop dimensions of the product -> `value`
};

/// Looks through a generic that only permutes, or widens a float. Broadcasts
/// stay: a product reads every dimension of its operands from memory.
FailureOr<Source> lookThrough(Value operand, AffineMap map) {
  auto producer = operand.getDefiningOp<linalg::GenericOp>();
  if (!producer || producer.getNumDpsInputs() != 1 || producer.getNumDpsInits() != 1 ||
      producer.getNumParallelLoops() != producer.getNumLoops())
    return failure();
  Value yielded = producer.getBlock()->getTerminator()->getOperand(0);
  if (auto extension = yielded.getDefiningOp<arith::ExtFOp>())
    yielded = extension.getIn();
  if (yielded != producer.getBlock()->getArgument(0))
    return failure();
  AffineMap in = producer.getIndexingMapsArray()[0], out = producer.getIndexingMapsArray()[1];
  if (!in.isPermutation() || !out.isPermutation())
    return failure();
  // operand[out(i)] = source[in(i)]
  return Source{producer.getDpsInputs()[0], in.compose(inversePermutation(out)).compose(map)};
}

/// matmul(a, transpose(widen(w))) reads w itself: packing permutes and widens.
struct FoldIntoProduct : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op, PatternRewriter &rewriter) const override {
    if (!isa<linalg::MatmulOp, linalg::BatchMatmulOp, linalg::ContractOp>(op) || !op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "expected a matrix product of tensors");
    if (!isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
      return rewriter.notifyMatchFailure(op, "expected floats");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs = llvm::to_vector(op.getDpsInputs());
    // Only the right operand is packed.
    FailureOr<Source> source = lookThrough(inputs[1], maps[1]);
    if (failed(source))
      return rewriter.notifyMatchFailure(op, "the right operand is not moved or widened");
    inputs[1] = source->value;
    maps[1] = source->map;
    auto contract = linalg::ContractOp::create(rewriter, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(),
                                               rewriter.getAffineMapArrayAttr(maps));
    rewriter.replaceOp(op, contract->getResults());
    return success();
  }
};

/// A generic that computes nothing.
bool isMovement(linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops() &&
         op.getBlock()->getOperations().size() == 1;
}

/// Fuses a producer with a single reader, and movements with all of them.
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || linalg::isaContractionOpInterface(consumer))
    return false;
  if (producer->hasOneUse())
    return true;
  // The innermost dimension must stay innermost, or rows are no longer read in
  // order.
  if (!isMovement(producer) || producer.getNumDpsInputs() != 1)
    return false;
  AffineMap in = producer.getIndexingMapsArray()[0], out = producer.getIndexingMapsArray()[1];
  return in.getNumResults() > 0 && out.getNumResults() > 0 && in.isProjectedPermutation() &&
         in.getResults().back() == out.getResults().back();
}

/// Gives every reader its own fill and its own empty tensor: a shared one is
/// copied for each before it is overwritten.
void unshareInits(Operation *root) {
  SmallVector<Operation *> inits;
  root->walk([&](Operation *op) {
    if (isa<linalg::FillOp, tensor::EmptyOp>(op))
      inits.push_back(op);
  });
  // Fills first: each copy is a reader of an empty tensor.
  llvm::stable_sort(inits, [](Operation *a, Operation *b) { return isa<linalg::FillOp>(a) && !isa<linalg::FillOp>(b); });
  auto unshare = [](Operation *op, SmallVectorImpl<Operation *> *copies) {
    if (op->getNumResults() != 1)
      return;
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op->getResult(0).getUses()) {
      auto consumer = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
      if (consumer && consumer.isDpsInit(&use))
        uses.push_back(&use);
    }
    for (OpOperand *use : uses) {
      if (op->hasOneUse())
        return;
      OpBuilder b(use->getOwner());
      Operation *copy = b.clone(*op);
      use->set(copy->getResult(0));
      if (copies)
        copies->push_back(copy);
    }
  };
  for (Operation *op : inits)
    unshare(op, nullptr);
  // Now the empty tensors of the new fills.
  SmallVector<Operation *> empties;
  root->walk([&](tensor::EmptyOp op) { empties.push_back(op); });
  for (Operation *op : empties)
    unshare(op, nullptr);
}

struct FuseElementwisePass : qsat::impl::FuseElementwisePassBase<FuseElementwisePass> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<GeneralizeTranspose, FoldIntoProduct>(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    tensor::populateFoldTensorEmptyPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    unshareInits(getOperation());
  }
};

} // namespace
