//===- TiledAttention.h - Attention by products of warps ------*- C++ -*-===//
// The kernel for chips without warpgroup products, and for what those cannot do: a
// thread block has consecutive rows of a head.

#ifndef QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H

#include "SharedTiles.h"

namespace qsat {

class TiledAttention : public SharedTiles {
public:
  TiledAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const WarpArguments &args,
                 mlir::ValueRange captures, Value shared)
      : SharedTiles(b, op, plan, args, captures, shared) {}

  void build();

private:
  void findPlaces();
  void finish(const State &state, const ScoreTile::Place &place);

  Value head, firstRow, lastRow; ///< of the block
  llvm::SmallVector<ScoreTile::Place> places; ///< of the warp's groups
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H
