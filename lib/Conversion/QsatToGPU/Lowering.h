//===- Lowering.h - One function per op family ----------------*- C++ -*-===//
// Each lowering puts the launch of a kernel in front of an op on memrefs, and
// adds the kernel to the module. It emits a diagnostic where it fails. The op
// itself stays: the pass erases it.

#ifndef QSAT_CONVERSION_QSATTOGPU_LOWERING_H
#define QSAT_CONVERSION_QSATTOGPU_LOWERING_H

#include "../KernelCache.h"
#include "HopperPlan.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace qsat {

/// What the lowerings of a module share.
struct GPULoweringContext {
  const GPUTarget &target;
  int64_t keys; ///< of a tile of dense attention; 0: as is best for the shape
  mlir::SymbolTable symbols;

  /// Ops that a lowering has made and lowered itself: to be erased with the others.
  llvm::SmallVector<mlir::Operation *> replaced;

  KernelCache<mlir::SymbolRefAttr> kernels; ///< those emitted so far

  /// The kernel `name` for the configuration of `op`: the one emitted before, or
  /// a new one in a gpu.module that `emit` fills.
  mlir::SymbolRefAttr getKernel(mlir::Operation *op, llvm::StringRef name,
                                llvm::function_ref<void(mlir::gpu::GPUModuleOp)> emit);
};

// Of attention; `captures` are what its score region takes from around it.

/// With warpgroups and the copy engine (sm_90a): the plan, or why there is none.
llvm::Expected<HopperPlan> planHopperAttention(const FlashOp &op, mlir::ValueRange captures,
                                               const GPULoweringContext &context);
void lowerHopperAttention(const FlashOp &op, const HopperPlan &plan, mlir::ValueRange captures,
                          GPULoweringContext &context);
/// With products of a warp and copies that do not wait (sm_80 and newer).
void lowerTiledAttention(const FlashOp &op, mlir::ValueRange captures, GPULoweringContext &context);
/// The same for few rows, whose number is static, to many keys.
void lowerDecodeAttention(const FlashOp &op, mlir::ValueRange captures, GPULoweringContext &context);
bool isDecode(const FlashOp &op);
/// With what every GPU has.
mlir::LogicalResult lowerPortableAttention(const FlashOp &op, mlir::ValueRange captures,
                                           GPULoweringContext &context);

/// Lists with a background: `lowerListed` for the lists, then two launches for the
/// rest, one thread for each row.
mlir::LogicalResult lowerBackground(SparseAttentionOp op, GPULoweringContext &context,
                                    llvm::function_ref<mlir::LogicalResult(SparseAttentionOp)> lowerListed);
/// Whether there is a kernel for its amplification.
bool hasBackgroundKernel(SparseAttentionOp op);

/// Two launches for estimators that look at single scores, one or two more for those
/// that need means of blocks; six for cascade.
mlir::LogicalResult lowerAmplitudeScore(AmplitudeScoreOp op, GPULoweringContext &context);
/// Whether there are kernels for it: not for int8.
bool hasScoreKernel(AmplitudeScoreOp op);
/// One launch, two for heavy_hitter.
mlir::LogicalResult lowerAmplifiedSelect(AmplifiedSelectOp op, GPULoweringContext &context);

/// Three launches.
mlir::LogicalResult lowerAudit(AuditOp op, GPULoweringContext &context);

mlir::LogicalResult lowerMergeToGPU(MergeOp op, GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_LOWERING_H
