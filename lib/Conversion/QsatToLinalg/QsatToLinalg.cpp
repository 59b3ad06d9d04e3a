//===- QsatToLinalg.cpp - convert-qsat-to-linalg --------------------------===//

#include "Decompose.h"

#include "qsat/Conversion/AggregatedOpInterfaceImpl.h"
#include "qsat/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace qsat {
#define GEN_PASS_DEF_CONVERTQSATTOLINALG
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

namespace {

/// The decomposition as AggregatedOpInterface.
template <typename OpTy>
struct AggregatedModel
    : linalg::AggregatedOpInterface::ExternalModel<AggregatedModel<OpTy>, OpTy> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op, OpBuilder &b) const {
    if (op->getNumResults() == 0)
      return op->emitOpError("expected tensors to decompose, but got memrefs");
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    return decompose(b, mlir::cast<OpTy>(op));
  }
};

struct ConvertQsatToLinalg : qsat::impl::ConvertQsatToLinalgBase<ConvertQsatToLinalg> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa_and_nonnull<QsatDialect>(op->getDialect()) && !isa<YieldOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(convert(op)))
        return signalPassFailure();
  }

  LogicalResult convert(Operation *op) {
    if (op->getNumResults() == 0)
      return op->emitOpError("expected tensors, but got memrefs: convert-qsat-to-linalg works on "
                             "tensors, before bufferization");
    IRRewriter rewriter(op);
    auto aggregated = dyn_cast<linalg::AggregatedOpInterface>(op);
    if (!aggregated)
      return op->emitOpError("expected the external models of qsat to be registered");
    FailureOr<SmallVector<Value>> values = aggregated.decomposeOperation(rewriter);
    if (failed(values))
      return failure();
    rewriter.replaceOp(op, *values);
    ++numDecomposed;
    return success();
  }
};

} // namespace

void qsat::registerAggregatedOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QsatDialect *) {
    AttentionOp::attachInterface<AggregatedModel<AttentionOp>>(*context);
    SparseAttentionOp::attachInterface<AggregatedModel<SparseAttentionOp>>(*context);
    MergeOp::attachInterface<AggregatedModel<MergeOp>>(*context);
    AuditOp::attachInterface<AggregatedModel<AuditOp>>(*context);
    OverlapOp::attachInterface<AggregatedModel<OverlapOp>>(*context);
    AmplitudeScoreOp::attachInterface<AggregatedModel<AmplitudeScoreOp>>(*context);
    AmplifiedSelectOp::attachInterface<AggregatedModel<AmplifiedSelectOp>>(*context);
    context->loadDialect<affine::AffineDialect, arith::ArithDialect, linalg::LinalgDialect,
                         math::MathDialect, scf::SCFDialect, tensor::TensorDialect>();
  });
}
