//===- HopperAudit.h - Attention of drawn rows, on warpgroups -*- C++ -*-===//
// As AuditAttention: a thread block has consecutive slots of a kv head and a part of the
// keys that some of their rows see. The consumers gather their rows; what follows is
// the walk of HopperAttention over the part's tiles, once.

#ifndef QSAT_CONVERSION_QSATTOGPU_HOPPERAUDIT_H
#define QSAT_CONVERSION_QSATTOGPU_HOPPERAUDIT_H

#include "Audit.h"
#include "HopperAttention.h"

namespace qsat {

/// What the kernel is called with: on the host the values passed, in the kernel its
/// arguments.
struct HopperAuditArguments {
  HopperArguments walk;     ///< k and v; no other arrays
  mlir::Value q, o, lse;    ///< pointers, see AuditSample
  mlir::Value strides[3];   ///< of q: batch, head, row; i64
  mlir::Value drawn;        ///< [B,Hkv,slots] i32: rows
  mlir::Value slots, parts, partTiles; ///< i32; tiles of keys of a part

  llvm::SmallVector<mlir::Value *> fields();
};

class HopperAudit : public HopperAttention {
public:
  /// `stratum`: rows of one.
  HopperAudit(HopperBuilder &b, const FlashOp &op, const HopperPlan &plan, const HopperAuditArguments &args,
              int64_t stratum, mlir::ValueRange captures, Value shared)
      : HopperAttention(b, op, plan, args.walk, captures, shared), audit(args), stratum(stratum) {}

  void build();

private:
  /// What slot `inTile` of the tile stands for; past the last: what that does.
  struct Drawn {
    Value row, head;
  };
  Drawn drawn(Value inTile);
  void findItem();
  void consume();
  void storeNothing();
  /// Slot `inTile` of this part in the results' lse.
  Value placeOfResult(Value inTile);
  Values firstKeys(const QueryTile &tile, Value t) override;
  ScoreTile::Place placeOf(mlir::ValueRange firstKeys, Value head, Value firstRow) override;
  void finish(const State &state, mlir::ArrayRef<Value> sums, Value head, Value firstRow) override;

  const HopperAuditArguments &audit;
  int64_t stratum;
  Value batch, kvHead, part, firstSlot, lastRow; ///< of the thread block
  Value listOfDrawn;                             ///< number of the kv head of all
  QueryTile tile;                                ///< its strata's rows, its first query head
  Drawn mine[2];                                 ///< rows of a consumer thread
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOPPERAUDIT_H
