//===- QsatToGPU.cpp - qsat ops on memrefs to GPU kernels -----------------===//

#include "qsat/Conversion/Passes.h"

#include "DeviceMemory.h"
#include "Lowering.h"
#include "WarpAttention.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qsat {
#define GEN_PASS_DEF_CONVERTQSATTOGPU
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

/// What `module` is compiled by; none for the generic target.
static ArrayAttr getTargets(MLIRContext *context, const GPUTarget &target) {
  OpBuilder builder(context);
  StringRef chip = target.chip;
  if (chip.starts_with("sm_"))
    return builder.getArrayAttr(NVVM::NVVMTargetAttr::get(
        context, /*optLevel=*/3, "nvptx64-nvidia-cuda", chip, target.features));
  if (chip.starts_with("gfx"))
    return builder.getArrayAttr(
        ROCDL::ROCDLTargetAttr::get(context, /*optLevel=*/3, "amdgcn-amd-amdhsa", chip));
  return {};
}

SymbolRefAttr GPULoweringContext::getKernel(Operation *op, StringRef name,
                                            function_ref<void(gpu::GPUModuleOp)> emit) {
  return kernels.get(op, name, [&]() -> SymbolRefAttr {
    OpBuilder builder = OpBuilder::atBlockBegin(&symbols.getOp()->getRegion(0).front());
    auto module = gpu::GPUModuleOp::create(builder, op->getLoc(), name,
                                           getTargets(builder.getContext(), target));
    symbols.insert(module);
    emit(module);
    return SymbolRefAttr::get(module.getNameAttr(),
                              FlatSymbolRefAttr::get(builder.getContext(), name));
  });
}

/// Whether there is a kernel for ops like `op`.
static bool hasKernel(Operation *op) {
  if (auto sparse = dyn_cast<SparseAttentionOp>(op))
    return sparse.getBackground() == Background::None || hasBackgroundKernel(sparse);
  if (auto score = dyn_cast<AmplitudeScoreOp>(op))
    return hasScoreKernel(score);
  return isa<AttentionOp, AmplifiedSelectOp, AuditOp, MergeOp>(op);
}

/// Says why attention gets a kernel that is not the fastest of the target.
static void explain(Operation *op, StringRef missed, const std::string &reason) {
  remark::missed(op->getLoc(), remark::RemarkOpts::name("convert-qsat-to-gpu").category("qsat"))
      << remark::reason("no {0} kernel: {1}", missed, reason);
}

/// The fastest kernel that there is for `op`.
static LogicalResult lowerFlash(const FlashOp &op, GPULoweringContext &context) {
  SmallVector<Value> captures = isolateRegion(op.op);
  if (failed(verifyForKernel(op)))
    return failure();
  const GPUTarget &target = context.target;
  std::string whyNotWarps = target.hasWarpMMA ? whyNoWarpKernel(op, captures) : "the chip has no mma.sync";
  if (whyNotWarps.empty() && isDecode(op))
    return lowerDecodeAttention(op, captures, context), success();
  if (target.hasWarpgroupMMA) {
    llvm::Expected<HopperPlan> plan = planHopperAttention(op, captures, context);
    if (plan)
      return lowerHopperAttention(op, *plan, captures, context), success();
    std::string whyNot = llvm::toString(plan.takeError());
    if (context.keys) // what was asked for is part of it
      return op.op->emitOpError(whyNot);
    explain(op.op, "wgmma", whyNot);
  }
  if (whyNotWarps.empty())
    return lowerTiledAttention(op, captures, context), success();
  if (target.hasWarpMMA)
    explain(op.op, "mma.sync", whyNotWarps);
  return lowerPortableAttention(op, captures, context);
}

/// Dispatches on the op family.
static LogicalResult lower(Operation *op, GPULoweringContext &context) {
  auto lowerAttention = [&](auto op) { return lowerFlash(FlashOp(op), context); };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](AttentionOp op) { return lowerAttention(op); })
      .Case([&](SparseAttentionOp op) {
        return op.getBackground() == Background::None ? lowerAttention(op)
                                                      : lowerBackground(op, context, lowerAttention);
      })
      .Case([&](AmplitudeScoreOp op) { return lowerAmplitudeScore(op, context); })
      .Case([&](AmplifiedSelectOp op) { return lowerAmplifiedSelect(op, context); })
      .Case([&](AuditOp op) { return lowerAudit(op, context); })
      .Case([&](MergeOp op) { return lowerMergeToGPU(op, context); })
      .Default([](Operation *op) { return op->emitOpError("has no GPU kernel yet"); });
}

/// Fails at the first op of `function` that would have the host use the arrays:
/// they are in device memory.
static LogicalResult checkHostCode(Operation *function) {
  WalkResult result = function->walk([&](Operation *op) {
    auto isArray = [](Type type) { return isa<BaseMemRefType>(type); };
    bool usesArrays = llvm::any_of(op->getOperandTypes(), isArray) ||
                      llvm::any_of(op->getResultTypes(), isArray);
    bool isView = isa<memref::CastOp, memref::DimOp, memref::SubViewOp, memref::CollapseShapeOp,
                      memref::ExpandShapeOp, memref::ReinterpretCastOp, memref::TransposeOp,
                      memref::ExtractStridedMetadataOp, memref::ExtractAlignedPointerAsIndexOp>(op);
    isView |= isa<memref::AllocOp, memref::DeallocOp, scf::IfOp, scf::YieldOp, arith::SelectOp>(op);
    if (!usesArrays || isView || isa<QsatDialect, gpu::GPUDialect>(op->getDialect()))
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
      if (isa<QsatDialect>(op->getDialect()) && !isa<YieldOp>(op) && !(skipsOthers && !hasKernel(op)))
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    GPULoweringContext context{*target, keys, SymbolTable(getOperation()), {}, {}};
    for (Operation *op : ops) {
      if (op->getNumResults() != 0) {
        op->emitOpError("expected memref operands, but got tensors: bufferize first");
        return signalPassFailure();
      }
      if (!target->isHost && failed(checkHostCode(op->getParentOfType<FunctionOpInterface>())))
        return signalPassFailure();
      if (failed(lower(op, context)))
        return signalPassFailure();
      ++numLowered;
    }
    // Only now: a region is what a kernel's configuration is compared by.
    SetVector<Operation *> functions;
    for (Operation *op : ops) {
      functions.insert(op->getParentOfType<FunctionOpInterface>());
      op->erase();
    }
    for (Operation *op : context.replaced)
      op->erase();
    if (target->hasRuntime)
      for (Operation *function : functions)
        allocateOnDevice(function, context.symbols);
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            UnitAttr::get(&getContext()));
    numKernels += context.kernels.size();
  }
};
} // namespace
