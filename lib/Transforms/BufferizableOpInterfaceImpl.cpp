//===- BufferizableOpInterfaceImpl.cpp - Bufferization of qsat ------------===//

#include "qsat/Transforms/BufferizableOpInterfaceImpl.h"

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace qsat;

namespace {

/// One model for all: replaces tensors by their buffers, keeps attributes and
/// moves the score region, and drops the results in favour of the init buffers.
template <typename OpTy>
struct DpsModel : DstBufferizableOpInterfaceExternalModel<DpsModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    // No qsat op reads what its inits held, so they need no copy in.
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult resolveConflicts(Operation *op, RewriterBase &rewriter,
                                 const AnalysisState &analysis,
                                 const BufferizationState &state) const {
    auto bufferizable = cast<BufferizableOpInterface>(op);
    if (failed(bufferizable.resolveTensorOpOperandConflicts(rewriter, analysis, state)))
      return failure();
    // Two inits may be one value: CSE merges equal tensor.empty. The analysis
    // sees no conflict, as nothing is read, but each result needs its buffer.
    llvm::SmallPtrSet<Value, 4> taken;
    for (OpOperand &init : cast<DestinationStyleOpInterface>(op).getDpsInitsMutable()) {
      if (!isa<TensorType>(init.get().getType()) || taken.insert(init.get()).second)
        continue;
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(op);
      FailureOr<Value> own = allocateTensorForShapedValue(
          rewriter, op->getLoc(), init.get(), analysis.getOptions(), state, /*copy=*/false);
      if (failed(own))
        return failure();
      rewriter.modifyOpInPlace(op, [&] { init.set(*own); });
    }
    return success();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    auto dps = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands, results;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType())) {
        operands.push_back(operand.get());
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
      if (dps.isDpsInit(&operand))
        results.push_back(*buffer);
    }
    OperationState bufferized(op->getLoc(), op->getName(), operands, TypeRange(),
                              llvm::to_vector(op->getDiscardableAttrs()));
    bufferized.propertiesAttr = op->getPropertiesAsAttribute();
    for (unsigned i = 0; i < op->getNumRegions(); ++i)
      bufferized.addRegion();
    Operation *created = rewriter.create(bufferized);
    for (auto [from, to] : llvm::zip(op->getRegions(), created->getRegions()))
      rewriter.inlineRegionBefore(from, to, to.begin());
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

void qsat::registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QsatDialect *) {
    AttentionOp::attachInterface<DpsModel<AttentionOp>>(*context);
    SparseAttentionOp::attachInterface<DpsModel<SparseAttentionOp>>(*context);
    AmplitudeScoreOp::attachInterface<DpsModel<AmplitudeScoreOp>>(*context);
    AmplifiedSelectOp::attachInterface<DpsModel<AmplifiedSelectOp>>(*context);
    AuditOp::attachInterface<DpsModel<AuditOp>>(*context);
    OverlapOp::attachInterface<DpsModel<OverlapOp>>(*context);
    MergeOp::attachInterface<DpsModel<MergeOp>>(*context);
    context->loadDialect<memref::MemRefDialect, BufferizationDialect>();
  });
}
