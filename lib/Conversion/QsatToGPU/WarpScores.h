//===- WarpScores.h - Rows of queries against keys, by warps --*- C++ -*-===//
// What the kernels have in common whose warps score sampled rows by products of a warp
// (sm_80 and newer), of operands that they read as these lie in memory.

#ifndef QSAT_CONVERSION_QSATTOGPU_WARPSCORES_H
#define QSAT_CONVERSION_QSATTOGPU_WARPSCORES_H

#include "ScoreRows.h"
#include "ScoreTile.h"
#include "WarpAttention.h"

namespace qsat {

/// What such a kernel is called with: on the host the values passed, in the kernel its
/// arguments. Null what it does not take.
struct WarpLogitsArguments {
  RowArray q, k;
  mlir::Value means, variances, masses;   ///< contiguous, f32
  mlir::Value heads, kvShare, rows, keys; ///< H, H / Hkv, M, N: i32
  mlir::Value queryBlocks, keyBlocks;     ///< i32
  MaskArguments mask;

  /// All that are not null, in the order of the parameters.
  llvm::SmallVector<mlir::Value *> fields();
};

/// Rows of bf16 or f16 as operands of products: of 32 columns, a chunk, a thread has 8,
/// of which it holds pairs 2 s and 2 s + 1 against those that step s names.
class WarpRows {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  static constexpr int64_t kLoaded = 8, kChunk = 4 * kLoaded;

  WarpRows(NvidiaBuilder &b, const FlashOp &op);

  int64_t chunks() const { return width / kChunk; }
  /// Byte address of the first row of a head of q or k.
  Value address(const RowArray &array, Value batch, Value head);
  /// The thread's 4 pairs of a chunk of a row.
  Values load(Value base, const RowArray &array, Value row, int64_t chunk);
  /// `count` words from an address that is a multiple of 16.
  Values loadWords(Value address, int64_t count);
  /// sum [16,8] += a [16,32] . b [32,8]; `left`: 4 pairs of one row, then of the other.
  void multiplyAdd(llvm::MutableArrayRef<Value> sum, mlir::ValueRange left, mlir::ValueRange right);
  /// The thread's first column of a chunk.
  Value column(int64_t chunk);

  const int64_t width;
  const mlir::FloatType element;

private:
  NvidiaBuilder &b;
  Value first;
};

/// A warp of such a kernel: `lane`, its head, and some of its rows.
class WarpScores {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  static constexpr int64_t kWarps = 4, kThreads = 32 * kWarps; ///< of a block

protected:
  WarpScores(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled, const WarpLogitsArguments &args);

  /// Sets lane, batch and head; returns the warp's number in its block.
  Value findWarp();
  /// The first key that `row` sees, but for sinks.
  Value lowKey(Value row) { return b.add(row, args.mask.lowShift); }
  /// Whether a row of the warp may see a key of [first, end).
  Value anySees(Value first, Value end);

  NvidiaBuilder &b;
  const FlashOp &op;
  const SampledRows &sampled;
  const WarpLogitsArguments &args;
  RegionArguments noRegion;
  ScoreTile tile;
  WarpRows rows;
  Value lane;
  Value batch, head;       ///< of the warp
  Value firstRow, lastRow; ///< of the warp
  Value queries, keys;     ///< addresses of the head's Q and K
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_WARPSCORES_H
