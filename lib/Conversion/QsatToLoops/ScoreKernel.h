//===- ScoreKernel.h - Pieces of the amplitude_score kernels ----*- C++ -*-===//
// All estimators are one algorithm. A task owns some query blocks of all the query
// heads that share a kv head. Its contributing rows are the lanes of a panel, `W`
// to a vector; keys are broadcast against it, so K is read as it lies in memory and
// no reduction crosses lanes. For each lane and key block the task keeps
//
//   (m, l):  the lane's mass of the block is l * 2^m     (m = -inf, l = 0: none)
//
// in two buffers [Nb, lanes], the only memory that grows with the context. Then
// P = l 2^m / sum over blocks; the mean over the lanes of a query block; sqrt.
// An estimator differs in what a lane is, and in how it finds (m, l).

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_SCOREKERNEL_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_SCOREKERNEL_H

#include "MaskBounds.h"

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/IR/IRMapping.h"

namespace qsat {

/// The register tile of the score kernels: `lanes` query rows by `keys` keys are
/// accumulated at once, in lanes / (vector width) * keys registers, or in lanes / 16
/// tiles of AMX, of 16 keys.
struct LaneTile {
  int64_t lanes;
  int64_t keys;
  bool isAMX = false; ///< products of rows of bf16, or rounded to 8 bits
};

/// The rows of K rounded to 8 bits: rounded to whole numbers x^ times a factor.
struct RoundedKeys {
  mlir::Value bytes;   ///< [B,Hkv,N,D'] i8, 0 past D; D' = D rounded up to 4, or
                       ///< [B,Hkv,N+15,D'] for tiles, which read 16 rows; D' up to 64
  mlir::Value factors; ///< [B,Hkv,N] f32
  mlir::Value starts;  ///< [B,Hkv,N] i32: -128 sum_d x^_d, see accumulateBytes
};

/// What the steps of one amplitude_score share. Values marked (op) live outside the
/// parallel loop, those marked (task) inside.
struct ScoreKernel {
  /// `operands`: those of `op`, as the code to be built sees them; `captures`: the
  /// same for the values from above that the region uses.
  ScoreKernel(TaskBuilder &b, AmplitudeScoreOp op, mlir::ValueRange operands,
              const mlir::IRMapping &captures, LaneTile tile);
  using Value = mlir::Value;
  using Values = TaskBuilder::Values;

  TaskBuilder &b;
  AmplitudeScoreOp op;
  LaneTile tile;
  MaskBounds mask;
  mlir::FloatType acc;         ///< f32 or f64
  mlir::VectorType lanesType;  ///< W x acc
  mlir::VectorType rowsType;   ///< W x i32
  int64_t rowsPerLane = 1;     ///< rows of q from one lane's row to the next (stride)
  int64_t firstRow = 0;        ///< the first lane's row within a query block
  int64_t perBlock = 1;        ///< lanes of a full query block of one head
  /// What z is multiplied by on the way to base 2; in the panel already where no
  /// single score is seen in between.
  bool foldedLog2 = true;
  /// Exact scores of bf16 are dot products of pairs of elements, of q and K as they are.
  bool hasDots;

  // (op)
  Value q, k, amplitude, lse;
  Values extras;
  mlir::IRMapping captures;
  Value batches, heads, kvHeads, numRows, numKeys, width, group, blocksM, blocksN;
  Value blocksPerTask, lanesPerTask, chunks;
  llvm::SmallVector<Value, 4> at; ///< position, zeros when absent
  RoundedKeys rounded;            ///< of an op with `int8`

  // (task)
  Value batch, kvHead, firstBlock; ///< the task's coordinates
  Value rowBegin, rowLast;         ///< the rows of its query blocks, inclusive
  Value laneRows, laneHeads;       ///< [lanes] i32: row, and query head, of each lane
  Value panel;                     ///< [chunks, D, W]: q of the lanes, scaled
  Value pairs;                     ///< [chunks, D/2, 2W] bf16: pairs of elements of q; for
                                   ///< tiles D is rounded up to 32, by zeros
  Value quads;                     ///< [chunks, D'/4, 4W] i8: four bytes 128 + q^ of each
                                   ///< lane, or q^ for tiles
  Value tileSums;                  ///< [keys, W] i32 or f32, what tiles are stored to
  Value lastKeys;                  ///< [keys, D'] bf16: rows that tiles cannot read in place
  Value laneFactors;               ///< [lanes] f32: what q^ is to be multiplied by
  Value maxima, sums;              ///< [Nb, lanes]: m and l
  Value keyTile;                   ///< [keys, D] acc, where K is not of the type acc
  Value spill;                     ///< [keys, W] acc, where a region sees the scores
  Values lanesOfExtra;             ///< per extra that differs from lane to lane, [W]

  /// lanes of the chunk at `chunk`: its first lane.
  Value firstLane(Value chunk) { return b.mul(chunk, tile.lanes); }
  /// The number of contributing rows of query block `block`: ceil(rows / stride).
  Value rowsOf(Value block);
  Value contributing(Value block) { return b.ceilDiv(rowsOf(block), rowsPerLane); }
  Value keysBegin(Value keyBlock) { return b.mul(keyBlock, op.getBlockN()); }
  Value keysEnd(Value keyBlock) { return b.min(b.add(keysBegin(keyBlock), op.getBlockN()), numKeys); }
  /// Calls body(ib, g, block, first lane) for the task's query blocks and heads.
  void forEachHeadOfTask(llvm::function_ref<void(Value ib, Value g, Value block, Value lane)> body);
  void storeStatistics(Value keyBlock, Value lane, Value m, Value l);
  /// (m, l) = (-inf, 0) for all lanes of key block `keyBlock`.
  void clearStatistics(Value keyBlock);
};

/// Splits the lanes over tasks, allocates and runs `body` in each task.
void buildScoreTasks(ScoreKernel &s, llvm::StringRef name, llvm::function_ref<void()> body);

/// One lane of the task: its place [chunk, w], and what it is of. Lanes past the
/// last repeat it: they fill vectors and are not read.
struct LanePlace {
  mlir::Value chunk, w, head, block, row;
};

/// Sets laneRows and laneHeads, and calls `body` for each lane.
void forEachLane(ScoreKernel &s, llvm::function_ref<void(const LanePlace &)> body);

/// laneRows, laneHeads and panel [chunks, D, W]: the rows of q, times `factor`.
void loadPanel(ScoreKernel &s, double factor);

/// laneRows, laneHeads and what exactStatistics reads: `pairs`, or `panel`.
void loadExactPanel(ScoreKernel &s);

/// Accumulates `tile.keys` rows of `keys` against chunk `chunk` of `panel`:
/// acc[r] += sum_d keys[prefix.., rows[r], d] panel[chunk, d, :].
mlir::SmallVector<mlir::Value> accumulateScores(ScoreKernel &s, mlir::Value keys,
                                                mlir::ValueRange prefix, mlir::ValueRange rows,
                                                mlir::Value panel, mlir::Value chunk,
                                                mlir::ValueRange init);

/// Stores (m, l) of the exact scores of the lanes of `chunk` and the keys of
/// `keyBlock`; `full` (i1): every row of the task sees every key of the block.
void exactStatistics(ScoreKernel &s, mlir::Value keyBlock, mlir::Value chunk, mlir::Value full);

/// Calls `body` for each chunk and each key block that a row of the task sees;
/// `full` (i1): every row sees every key. Clears the statistics of the other blocks.
void forEachVisibleBlock(
    ScoreKernel &s,
    llvm::function_ref<void(mlir::Value keyBlock, mlir::Value chunk, mlir::Value full)> body);

/// Vectors of W lanes from their registers, all of one after the other.
mlir::SmallVector<mlir::Value> joinParts(ScoreKernel &s, mlir::ValueRange parts);

/// One step of the online softmax: (m, l) with the scores `y` (base 2) added.
std::pair<mlir::Value, mlir::Value> addScores(TaskBuilder &b, mlir::Value m, mlir::Value l,
                                              mlir::ValueRange y);

/// The buffers of applyScoreRegion, if the op has a region.
void allocateRegionBuffers(ScoreKernel &s);

/// The op's score region on the tile of scores z[r] of keys firstKey + r * keyStep
/// (natural base): the modified scores. `rowOffset` is added to the lanes' rows,
/// when given. Rows and keys past the last are taken for the last.
mlir::SmallVector<mlir::Value> applyScoreRegion(ScoreKernel &s, mlir::ValueRange z,
                                                mlir::Value firstKey, int64_t keyStep,
                                                mlir::Value chunk, mlir::Value rowOffset);

/// From (m, l): P, its mean over the lanes, and the results amplitude and lse.
void finishScores(ScoreKernel &s);

/// Means and, if asked for, biased variances of the key blocks: buffers
/// [B, Hkv, Nb, D] of the accumulation type.
struct KeyStatistics {
  mlir::Value mean, variance;
};

/// Builds the parallel loop that computes them; the caller releases the buffers.
KeyStatistics buildKeyStatistics(ScoreKernel &s, bool variance);

/// (m, l) = (scale <q, kbar_J> + log n_J [+ s/2], 1) of all lanes and blocks, in base
/// 2; s/2 = scale^2 sum_d q_d^2 Var_J,d / 2 where there are variances.
void centroidStatistics(ScoreKernel &s, const KeyStatistics &blocks);

/// Rounds K in a parallel loop; the caller releases the buffers.
void buildRoundedKeys(ScoreKernel &s);

/// laneRows, laneHeads, quads and laneFactors: the rows of q, rounded, times `factor`.
void loadRoundedPanel(ScoreKernel &s, double factor);

/// Scores of the lanes of `chunk` and of `rows` of K, as rounded. Of tiles: of the rows
/// from the first one on; those past the end are not numbers to be read.
mlir::SmallVector<mlir::Value> accumulateBytes(ScoreKernel &s, mlir::ValueRange rows,
                                               mlir::Value chunk);

/// Rows of a tile of AMX, and bytes of each.
constexpr int64_t kTileRows = 16, kTileBytes = 64;

/// Allocates tileSums, of `type`.
void allocateTileSums(ScoreKernel &s, mlir::Type type);

/// tileSums: products of the 16 rows of `keys` from the row at `place` on, as they lie,
/// and of the lanes of `chunk` of the panel `queries`.
void sumTiles(ScoreKernel &s, mlir::Value keys, mlir::ValueRange place, mlir::Value queries,
              mlir::Value chunk);

/// The rows of tileSums, register by register.
mlir::SmallVector<mlir::Value> loadTileSums(ScoreKernel &s);

/// laneRows, laneHeads, pairs, tileSums and lastKeys: what accumulateTiles reads.
void loadTilePanel(ScoreKernel &s);

/// Dot products of the lanes of `chunk` and of the 16 rows of K from `row` on; those past
/// the end are of the last one.
mlir::SmallVector<mlir::Value> accumulateTiles(ScoreKernel &s, mlir::Value row,
                                               mlir::Value chunk);

/// pairs: element d of lane w is at [chunk, d / 2, 2 w + d % 2], zeros from D to `width`.
void loadPairs(ScoreKernel &s, mlir::Value width);

// The estimators; each builds all of its op.
void buildRowsScore(ScoreKernel &s);
void buildCentroidScore(ScoreKernel &s, bool secondOrder);
void buildPooledScore(ScoreKernel &s);
void buildAntidiagonalScore(ScoreKernel &s);
void buildCascadeScore(ScoreKernel &s);

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_SCOREKERNEL_H
