//===- DecodeAttention.h - Attention of few rows to many keys -*- C++ -*-===//
// Bound by reading K and V: all rows that share them, up to 16, are the rows of
// one warp, so that they are read once; and the keys are split over thread
// blocks, so that all multiprocessors read. Each warp has its own ring of tiles
// of 16 keys and never waits for another:
//
//   warp w of block s: tiles w, w + warps, ... of the s-th share of the keys
//   the block merges its warps' (m, l, O), and writes them to scratch memory
//   the last block of the same rows merges those of all shares: O / l, lse
//
// (FlashDecoding: Dao et al. 2023.) One share: the block writes the result.

#ifndef QSAT_CONVERSION_QSATTOGPU_DECODEATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_DECODEATTENTION_H

#include "WarpAttention.h"

#include "qsat/Target/GPUTarget.h"

namespace qsat {

struct DecodePlan {
  int64_t width, valueWidth;
  int64_t warps;  ///< of a block, which has a multiprocessor for itself
  int64_t stages; ///< tiles of one warp in flight or in use
  bool startsEarly; ///< while the kernel before it ends

  DecodePlan(const FlashOp &op, const GPUTarget &target);

  int64_t threads() const { return 32 * warps; }
  int64_t keyBytes() const { return WarpAttention::kStep * WarpAttention::pitch(width); }
  int64_t tileBytes() const { return keyBytes() + WarpAttention::kStep * WarpAttention::pitch(valueWidth); }
  int64_t ringBytes() const { return stages * tileBytes(); }
  // After the keys: O, m and l of each warp, in what were the rings.
  int64_t outputPitch() const { return 4 * valueWidth + 32; }
  int64_t outputBytes() const { return WarpAttention::kRows * (outputPitch() + 8); }
  int64_t flag() const { return warps * ringBytes(); }
  int64_t sharedBytes() const { return flag() + 16; }
  /// O [16,Dv], and m and l of each row, f32, of one share of the keys.
  int64_t recordBytes() const { return WarpAttention::kRows * (4 * valueWidth + 8); }
};

class DecodeAttention : public WarpAttention {
public:
  DecodeAttention(NvidiaBuilder &b, const FlashOp &op, const DecodePlan &plan, const WarpArguments &args,
                  mlir::ValueRange captures, Value shared);

  void build();

private:
  /// A row's m (in exponents of 2), l, and four neighbouring columns of O.
  struct Part {
    Value m, l;
    Values o;
  };
  /// Rows [first, first + 16) of M x the heads that share keys.
  struct Rows {
    Value batch, firstHead, first, count;
    Value group; ///< number of these rows in the grid
  };
  Rows findRows();
  ScoreTile::Place findPlace(const Rows &rows);
  State visit(const Rows &rows);
  void copyTile(Value slot, mlir::ValueRange firstKeys);
  void shareWithBlock(State &state, const Rows &rows);
  void finish(const Rows &rows);
  /// Calls `body` with rows and columns, for all of O, each of `threads` threads,
  /// of which this is number `thread`, with its own.
  void forEachColumns(const Rows &rows, Value thread, int64_t threads,
                      llvm::function_ref<void(Value row, Value column)> body);
  /// Where O at row and column, and m and l of the row, of a warp are.
  std::pair<Value, Value> placesInBlock(Value warp, Value row, Value column);
  Part mergeWarps(Value row, Value column);
  /// A row and the first of a thread's columns.
  struct Place {
    Value row, column;
  };
  llvm::SmallVector<Part> mergeShares(const Rows &rows, llvm::ArrayRef<Place> places);
  void mergeSharesOfWarp(const Rows &rows);
  Part merge(llvm::ArrayRef<Part> parts);
  Value isLastShare(const Rows &rows);
  Value record(const Rows &rows, Value share);
  void storeRecord(const Rows &rows, const Part &part, Value row, Value column);
  void storeResult(const Rows &rows, const Part &part, Value row, Value column);

  const DecodePlan &plan;
  Value share, ring;
  Value keys, values; ///< addresses of the head's K and V
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_DECODEATTENTION_H
