//===- WarpLogits.h - Rows against means of blocks, by warps --*- C++ -*-===//
// What BlockLogits.cpp computes one by one, as products of a warp (sm_80 and newer).
// A warp has 32 rows of a query block, two groups of 16 (or one, of blocks that are no
// multiple of 32), and looks at all key blocks, whose means then serve both groups:
//
//   S  = Q Kbar^T, S2 = Q^2 Var^T     8 blocks a tile, tf32     scoreMeans
//   s  = log2(e) (scale S + scale^2 / 2 S2) + log2 n            storeMeans
//   s  = log2 sum 2^(mask(Q K^T))     where not all is seen     exactMasses
//
// Each operand of a product in tf32 is the sum of two numbers of 11 bits, of which
// all products but the smallest are taken: as exact as f32. Operands are read as
// they lie in memory, 16 bytes a thread; a thread's columns need not be those that
// the instruction names, as long as both operands agree.

#ifndef QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H
#define QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H

#include "ScoreRows.h"
#include "ScoreTile.h"
#include "WarpAttention.h"

namespace qsat {

/// What the kernel is called with: on the host the values passed, in the kernel its
/// arguments. Null what this kernel does not take.
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

class WarpLogits {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  static constexpr int64_t kRows = 16, kWarps = 4;
  static constexpr int64_t kThreads = 32 * kWarps;
  /// Groups of kRows of a warp: two where ptxas finds registers for them.
  static int64_t groupsOf(const FlashOp &op, const SampledRows &sampled);

  WarpLogits(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled, const WarpLogitsArguments &args);

  void build();

private:
  static constexpr int64_t kLoaded = WarpRows::kLoaded;
  /// Keys that are looked at in one go.
  static constexpr int64_t kPiece = 32;

  void findRows();
  /// Of a chunk, for both rows of a group: kLoaded elements of q, in pairs. Loaded
  /// whenever they are needed: with what is made of them they would take more registers
  /// than there are.
  Values loadRows(int64_t group, int64_t chunk);
  void scoreMeans(Value firstBlock);
  void storeMeans(Value firstBlock, int64_t group, mlir::ValueRange sums, mlir::ValueRange squares);
  void exactMasses();
  Values massesOf(int64_t group, Value first, Value end);
  Values scoreKeys(int64_t group, Value firstKey);

  Value lowKey(Value row) { return b.add(row, args.mask.lowShift); }
  Value seesAll(Value row, Value first, Value end);
  /// Whether a row of the warp may see a key of [first, end).
  Value anySees(Value first, Value end);
  Value firstKeyOf(Value block) { return b.mul(block, op.blockKeys); }
  Value endOf(Value block) { return b.min(firstKeyOf(b.add(block, 1)), args.keys); }
  Value toFloat(Value pair, int64_t number);
  void store(Value mass, Value block, int64_t group, int64_t r);

  NvidiaBuilder &b;
  const FlashOp &op;
  const SampledRows &sampled;
  const WarpLogitsArguments &args;
  RegionArguments noRegion;
  ScoreTile tile;
  WarpRows rows;
  const int64_t groups;
  const int64_t tiles; ///< of 8 key blocks, that are looked at in one go
  Value lane;
  Value batch, head, kvHead, block;     ///< of the warp
  Value firstRow, lastRow;              ///< of the warp
  Value row[2][2];                      ///< of the thread: of each group, two
  Value end;                            ///< past the last key block that the query block sees
  Value queries, keys;                  ///< addresses of the head's Q and K
  Value means, variances, target;       ///< and of its means, and masses of block 0
};

/// The values to pass for `op`; without means.
WarpLogitsArguments describeScores(HostBuilder &b, const FlashOp &op, mlir::Value masses);

/// Why there is no kernel of this kind; empty where there is one.
std::string whyNoWarpLogits(AmplitudeScoreOp op, const GPUTarget &target);
/// As `launchBlockLogits`, of estimators centroid and d2.
void launchWarpLogits(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, const BlockMeans &keys,
                      GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H
