//===- SharedTiles.h - Attention by warps that share tiles ----*- C++ -*-===//
// What the kernels have in common in which all warps of a thread block read the same
// tiles of keys and values, of which the next is copied meanwhile (FlashAttention-2:
// Dao 2023). A warp has 16 query rows, in registers; or, where accumulators for 32
// fit, two groups of 16, in shared memory: what it reads of a tile then serves both.

#ifndef QSAT_CONVERSION_QSATTOGPU_SHAREDTILES_H
#define QSAT_CONVERSION_QSATTOGPU_SHAREDTILES_H

#include "WarpAttention.h"

#include "qsat/Target/GPUTarget.h"

namespace qsat {

struct TiledPlan {
  static constexpr int64_t kStages = 2;

  int64_t width, valueWidth;
  int64_t groups;   ///< of 16 rows, of a warp
  int64_t warps;    ///< of a block
  int64_t tileKeys; ///< of which `partKeys` are consecutive
  int64_t partKeys;
  int64_t blocks;   ///< that fit a multiprocessor

  TiledPlan(const FlashOp &op, const GPUTarget &target);

  int64_t threads() const { return 32 * warps; }
  int64_t rows() const { return WarpAttention::kRows * groups * warps; }
  int64_t keyBytes() const { return tileKeys * WarpAttention::pitch(width); }
  int64_t tileBytes() const { return keyBytes() + tileKeys * WarpAttention::pitch(valueWidth); }
  bool sharesQueries() const { return groups > 1; }
  /// Of the queries, which lie behind the tiles.
  int64_t queries() const { return kStages * tileBytes(); }
  int64_t sharedBytes() const { return queries() + (sharesQueries() ? rows() * WarpAttention::pitch(width) : 0); }
};

class SharedTiles : public WarpAttention {
protected:
  SharedTiles(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const WarpArguments &args,
              mlir::ValueRange captures, Value shared);

  /// A row of the block: the byte address of its queries, and whether there is one.
  struct QueryRow {
    Value address, isInside;
  };
  using QueryRows = llvm::function_ref<QueryRow(Value inBlock)>;
  /// First keys of the parts of tile t.
  using FirstKeys = llvm::function_ref<Values(Value t)>;

  /// Of this thread, in the block: row r (0 or 1) of a group.
  Value rowInBlock(int64_t group, int64_t r);
  /// What all groups' places have in common; rows and heads are to be set.
  ScoreTile::Place placeInBlock(Value firstRow, Value lastRow);
  /// Attends to `count` tiles of a kv head; `places`, of the groups, say what rows see.
  llvm::SmallVector<State> visit(Value kvHead, Value count, FirstKeys firstKeys, QueryRows queryRows,
                                 llvm::MutableArrayRef<ScoreTile::Place> places);
  /// O / l of row r, `sum` is l, to the byte address of its first column; zeros for 0.
  void storeRow(const State &state, int64_t r, Value sum, Value address);

  const TiledPlan &plan;
  Value batch; ///< of the block

private:
  void copyQueries(QueryRows queryRows);
  Values loadQueries(QueryRows queryRows);
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SHAREDTILES_H
