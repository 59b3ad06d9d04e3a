//===- AuditAttention.h - Attention of drawn rows, by warps ---*- C++ -*-===//
// A block has consecutive slots of a kv head, 16 for each warp, and a part of the
// keys that some of their rows see. As in TiledAttention the warps share tiles of
// keys and values; rows and heads differ from slot to slot.

#ifndef QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H

#include "Audit.h"
#include "TiledAttention.h"

namespace qsat {

/// What the kernel is called with: on the host the values passed, in the kernel its arguments.
struct AuditArguments {
  WarpArguments warp;
  mlir::Value drawn;        ///< [B,Hkv,slots] i32: rows
  mlir::Value slots, parts; ///< i32

  llvm::SmallVector<mlir::Value *> fields();
};

class AuditAttention : public WarpAttention {
public:
  /// `stratum`: rows of one.
  AuditAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const AuditArguments &args,
                 int64_t stratum, mlir::ValueRange captures, Value shared);

  void build();

private:
  void findPlace();
  State visit();
  void finish(const State &state);

  const TiledPlan &plan;
  const AuditArguments &audit;
  int64_t stratum;
  Value batch, kvHead, part; ///< of the block
  Value slot[2];             ///< of this thread's rows; past the last: none
  ScoreTile::Place place;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H
