//===- TiledAttention.h - Attention by warps that share tiles -*- C++ -*-===//
// The kernel for chips without warpgroup products, and for what those cannot do:
// a thread block has 16 query rows per warp, in registers; all warps read the
// same tiles of keys and values, of which the next is copied meanwhile
// (FlashAttention-2: Dao 2023).

#ifndef QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H

#include "WarpAttention.h"

#include "qsat/Target/GPUTarget.h"

namespace qsat {

struct TiledPlan {
  static constexpr int64_t kStages = 2;

  int64_t width, valueWidth;
  int64_t warps;    ///< of a block, which has 16 rows for each
  int64_t tileKeys; ///< of which `partKeys` are consecutive
  int64_t partKeys;
  int64_t blocks;   ///< that fit a multiprocessor

  explicit TiledPlan(const FlashOp &op);

  int64_t threads() const { return 32 * warps; }
  int64_t rows() const { return WarpAttention::kRows * warps; }
  int64_t keyBytes() const { return tileKeys * WarpAttention::pitch(width); }
  int64_t tileBytes() const { return keyBytes() + tileKeys * WarpAttention::pitch(valueWidth); }
  int64_t sharedBytes() const { return kStages * tileBytes(); }
};

class TiledAttention : public WarpAttention {
public:
  TiledAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const WarpArguments &args,
                 mlir::ValueRange captures, Value shared);

  void build();

private:
  void findPlace();
  State visit(const KeyWalk::Span &span);
  void finish(const State &state);

  const TiledPlan &plan;
  Value batch, head, firstRow; ///< of the block
  ScoreTile::Place place;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_TILEDATTENTION_H
