//===- Lowering.h - One function per op family ----------------*- C++ -*-===//
// Each lowering replaces an op on memrefs by loops at its place, and adds the
// kernel functions that these call to the module. It emits a diagnostic where
// it fails. The op itself stays: the pass erases it.

#ifndef QSAT_CONVERSION_QSATTOLOOPS_LOWERING_H
#define QSAT_CONVERSION_QSATTOLOOPS_LOWERING_H

#include "../KernelCache.h"

#include "qsat/Dialect/IR/Qsat.h"
#include "qsat/Target/CPUTarget.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qsat {

/// What the lowerings of a module share.
struct LoweringContext {
  const CPUTarget &target;
  mlir::ModuleOp module;
  KernelCache<mlir::func::FuncOp> kernels; ///< those emitted so far
};

/// What the runtime's function `name`, () -> i32, answers.
mlir::Value askRuntime(mlir::ImplicitLocOpBuilder &b, mlir::StringRef name);

/// True (i1) where the system lets this process use AMX; asked before any thread does.
mlir::Value requestAMX(mlir::ImplicitLocOpBuilder &b);

mlir::LogicalResult lowerAttention(AttentionOp op, LoweringContext &context);
mlir::LogicalResult lowerSparseAttention(SparseAttentionOp op, LoweringContext &context);
mlir::LogicalResult lowerAudit(AuditOp op, LoweringContext &context);
mlir::LogicalResult lowerOverlap(OverlapOp op, LoweringContext &context);
mlir::LogicalResult lowerMerge(MergeOp op, LoweringContext &context);
mlir::LogicalResult lowerAmplitudeScore(AmplitudeScoreOp op, LoweringContext &context);
mlir::LogicalResult lowerAmplifiedSelect(AmplifiedSelectOp op, LoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_LOWERING_H
