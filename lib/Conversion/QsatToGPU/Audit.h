//===- Audit.h - The exact outputs of drawn rows --------------*- C++ -*-===//
// The drawn rows of all query heads of a kv head are its slots: j is of stratum
// j / 2G, draw j / G mod 2 and query head Hkv G + j mod G, so that slots ascend
// by row. Their dense attention is computed in parts, each of some of the keys,
// which the comparison merges by their lse.

#ifndef QSAT_CONVERSION_QSATTOGPU_AUDIT_H
#define QSAT_CONVERSION_QSATTOGPU_AUDIT_H

#include "Lowering.h"

namespace qsat {

/// What is drawn, and the attention of it.
struct AuditSample {
  mlir::Value rows;    ///< [B,Hkv,slots] i32
  mlir::Value weights; ///< [B,Hkv,slots]
  mlir::Value o, lse;  ///< [B,Hkv,parts * slots,Dv] and [B,Hkv,parts * slots]: part by part
  mlir::Value slots, parts;
};

/// o and lse of the sample, one thread for each slot and part. `op`: of the audit,
/// with the sample's o.
void launchPortableAudit(const FlashOp &op, const AuditSample &sample, mlir::ValueRange captures,
                         GPULoweringContext &context);
/// The same with products of a warp (sm_80 and newer).
void launchWarpAudit(const FlashOp &op, const AuditSample &sample, mlir::ValueRange captures,
                     GPULoweringContext &context);
/// Slots of a thread block of the latter, which shares keys.
int64_t slotsOfWarpAudit(const FlashOp &op, const GPUTarget &target);

/// The same with products of warpgroups (sm_90a): the plan, or why there is none. It may
/// start while rows are drawn, and lets what follows start.
llvm::Expected<HopperPlan> planHopperAudit(const FlashOp &op, mlir::ValueRange captures,
                                           const GPULoweringContext &context);
void launchHopperAudit(const FlashOp &op, const HopperPlan &plan, const AuditSample &sample, mlir::ValueRange captures,
                       GPULoweringContext &context);
/// Parts of the keys for the latter: i64.
mlir::Value partsOfHopperAudit(const FlashOp &op, const HopperPlan &plan, mlir::Value slots,
                               GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_AUDIT_H
