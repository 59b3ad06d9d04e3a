//===- AuditAttention.h - Attention of drawn rows, by warps ---*- C++ -*-===//
// A thread block has consecutive slots of a kv head and a part of the keys that some of
// their rows see; rows and heads differ from slot to slot.

#ifndef QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H

#include "Audit.h"
#include "SharedTiles.h"

namespace qsat {

/// What the kernel is called with: on the host the values passed, in the kernel its arguments.
struct AuditArguments {
  WarpArguments warp;
  mlir::Value drawn;        ///< [B,Hkv,slots] i32: rows
  mlir::Value slots, parts; ///< i32

  llvm::SmallVector<mlir::Value *> fields();
};

class AuditAttention : public SharedTiles {
public:
  /// `stratum`: rows of one.
  AuditAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const AuditArguments &args,
                 int64_t stratum, mlir::ValueRange captures, Value shared);

  void build();

private:
  /// What a row of the block stands for.
  struct Drawn {
    Value slot, isInside, row, head;
  };
  Drawn drawn(Value inBlock);
  void findPlaces();
  void finish(const State &state, const ScoreTile::Place &place, int64_t group);

  const AuditArguments &audit;
  int64_t stratum;
  Value kvHead, part, firstSlot; ///< of the block
  Value slots;                   ///< of the kv head: where they are drawn
  llvm::SmallVector<ScoreTile::Place> places; ///< of the warp's groups
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_AUDITATTENTION_H
