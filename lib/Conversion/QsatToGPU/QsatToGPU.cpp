//===- QsatToGPU.cpp - qsat ops on memrefs to GPU kernels -----------------===//

#include "qsat/Conversion/Passes.h"

#include "Lowering.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qsat {
#define GEN_PASS_DEF_CONVERTQSATTOGPU
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

/// Dispatches on the op family.
static LogicalResult lower(Operation *op, GPULoweringContext &context) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<AttentionOp, SparseAttentionOp>(
          [&](auto op) { return lowerFlashAttention(FlashOp(op), context); })
      .Default([](Operation *op) { return op->emitOpError("has no GPU kernel yet"); });
}

/// Fails at the first op of `function` that would have the host use the arrays:
/// they are in device memory, and there is no memory but the caller's.
static LogicalResult checkHostCode(Operation *function) {
  WalkResult result = function->walk([&](Operation *op) {
    auto isArray = [](Type type) { return isa<BaseMemRefType>(type); };
    bool usesArrays = llvm::any_of(op->getOperandTypes(), isArray) ||
                      llvm::any_of(op->getResultTypes(), isArray);
    bool isView = isa<memref::CastOp, memref::DimOp, memref::SubViewOp, memref::CollapseShapeOp,
                      memref::ExpandShapeOp, memref::ReinterpretCastOp, memref::TransposeOp,
                      memref::ExtractStridedMetadataOp, memref::ExtractAlignedPointerAsIndexOp>(op);
    if (!usesArrays || isView || isa<QsatDialect>(op->getDialect()))
      return WalkResult::advance();
    op->emitError("expected qsat ops and views only on arrays in device memory, but got '")
        << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

namespace {
struct ConvertQsatToGPU : public qsat::impl::ConvertQsatToGPUBase<ConvertQsatToGPU> {
  using ConvertQsatToGPUBase::ConvertQsatToGPUBase;

  void runOnOperation() override {
    llvm::Expected<GPUTarget> target = GPUTarget::get(chip);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<QsatDialect>(op->getDialect()) && !isa<YieldOp>(op))
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    GPULoweringContext context{*target, keys, SymbolTable(getOperation()), {}};
    for (Operation *op : ops) {
      if (op->getNumResults() != 0) {
        op->emitOpError("expected memref operands, but got tensors: bufferize first");
        return signalPassFailure();
      }
      if (failed(checkHostCode(op->getParentOfType<FunctionOpInterface>())))
        return signalPassFailure();
      if (failed(lower(op, context)))
        return signalPassFailure();
      ++numLowered;
    }
    // Only now: a region is what a kernel's configuration is compared by.
    for (Operation *op : ops)
      op->erase();
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            UnitAttr::get(&getContext()));
    numKernels += context.kernels.size();
  }
};
} // namespace
