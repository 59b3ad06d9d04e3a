//===- FlashKernel.h - Tiled attention with an online softmax --*- C++ -*-===//
// One call of the kernel computes one panel of query rows of one head: it walks
// over tiles of keys with a running maximum m, sum l and output o per row
// (FlashAttention; Milakov and Gimelshein 2018 for the online softmax):
//
//   S = Q K^T             buildScores    [rows x keys]
//   S = region(S)         modifyTile     elementwise, to base-2 logits
//   S = mask(S)           maskTile       -inf, only where a key may be hidden
//   m, l, P = 2^(c S - m) softmaxTile    row by row, o is rescaled where m rises
//   o += P V              accumulateTile
//
// What differs between dense and sparse attention is the walk. Q, K, P and V are
// operands of the products either in the accumulation type or, where the CPU
// multiplies pairs of bf16 (or f16), in it: P is rounded then, S, m, l and o never are.

#ifndef QSAT_CONVERSION_QSATTOLOOPS_FLASHKERNEL_H
#define QSAT_CONVERSION_QSATTOLOOPS_FLASHKERNEL_H

#include "KernelBuilder.h"
#include "MaskOnKeys.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// What attention, sparse_attention and audit have in common, taken from each.
struct FlashOp {
  explicit FlashOp(AttentionOp op);
  explicit FlashOp(SparseAttentionOp op);
  /// The attention whose scores are estimated: without v, o and lse.
  explicit FlashOp(AmplitudeScoreOp op);
  /// The dense attention that an audit compares with; its o and lse are for the
  /// kernel to be given.
  explicit FlashOp(AuditOp op);

  mlir::Operation *op;
  mlir::Value q, k, v, o, lse;
  mlir::OperandRange extras, position;
  mlir::FloatType acc;
  double scale;
  MaskAttr mask; ///< null where every key is visible
  mlir::Block *region = nullptr;
  llvm::SmallVector<mlir::AffineMap> extraMaps;
  /// Keys of one block of the walk, and rows that share one walk.
  int64_t blockKeys, blockRows;
  unsigned numInits; ///< the last operands: o, lse, ...
  bool isSparse;
  /// Of an audit: the rows are drawn ones, and weights that were rounded are also
  /// summed as rounded. Then what rounding does to o is proportional to how far the
  /// values of a row's keys lie apart, not to the values: measured, a third of it.
  bool isReference = false;

  /// Blocks of dense attention as the CPU likes them. Before the shape is made.
  void widenBlocks(const CPUTarget &target);
  Background background = Background::None;
  double backgroundLogit = 0;
  AmplificationAttr amplification; ///< null for dense attention
};

/// Rows of a strip, and keys of a group, of products on AMX tiles: two tiles of 16.
constexpr int64_t kTileSide = 32;

/// The extents of the kernel, all static.
struct FlashShape {
  FlashShape(const FlashOp &op, const CPUTarget &target);

  int64_t width, valueWidth; ///< D and Dv
  int64_t paddedWidth;       ///< Dv rounded up to whole registers
  int64_t lanes;             ///< of one register
  MicroTile tile;            ///< rows x keys in registers
  int64_t valueColumns;      ///< rows of `tile` x columns of V in registers
  int64_t rows;              ///< query rows of a panel
  int64_t keys;              ///< keys of a tile
  int64_t tilesPerBlock;     ///< tiles of one block of keys
  int64_t panelsPerBlock;    ///< panels of one block of rows
  bool packsValues;          ///< V is not read in place
  /// Blocks of keys, the first ones, that are packed ahead, as many as there is memory
  /// for; and whether there may be more.
  int64_t blocksAhead;
  bool packsOnUse;
  /// The means of blocks are pairs of bf16 too. Not for t2: its variances stay exact.
  bool pairsBackground;
  mlir::FloatType operand;   ///< of Q, K, P and V as the products read them
  int64_t pair;              ///< operands that one product sums: 2 of bf16, else 1
  int64_t operandWidth;      ///< D rounded up to whole pairs, or rows of a tile
  bool usesTiles;            ///< the products are those of AMX
  int64_t rowStep;           ///< valid rows are rounded up to a multiple of it
  /// Keys that are visited in one step where listed blocks are gathered, else 0.
  int64_t gatheredKeys = 0;

  /// The same without AMX: it reads the same packed keys and values.
  FlashShape withoutTiles() const;

private:
  void limitPacking(const FlashOp &op, int64_t bytes);
};

/// K transposed in groups of `tile.columns` keys, and V as the kernel reads it.
/// Every block of keys starts a new tile.
///
///     operands     K                           V, where it is packed
///     single       [B,Hkv,groups,D,columns]    [B,Hkv,N,paddedWidth]
///     pairs        [B,Hkv,2 groups,D/2,2 lanes] of (d, d+1) of each key
///                  [B,Hkv,chunks,keys/2,2 lanes] of (j, j+1) of each column
///
/// Where it pays, V that lies in contiguous rows is read in place.
///
/// A chunk is a register (`lanes`) of columns of V, its keys are those of all tiles.
/// In pairs a group is two registers of keys, one after the other, so that 16 rows of
/// one are a tile of AMX that lies in one piece.
///
/// Of a long context only the first blocks are packed so, ahead of the loop over panels.
/// A tile of the others is packed, in the same layout, into the scratch of the panel that
/// visits it: [1,1,...]. A causal mask hides those most.
struct PackedKeys {
  mlir::Value keys, values;
  /// pack(b, kv head, tile, to b, to kv head, to tile, k, packed keys [, v, packed values])
  mlir::func::FuncOp kernel;
  llvm::SmallVector<mlir::Value> buffers = {}; ///< to be freed after the loop
};

/// One kv head of K or V, packed or not: [batch, head, ...].
struct HeadSlice {
  mlir::Value memref, batch, head;

  llvm::SmallVector<mlir::Value> at(mlir::ValueRange rest) const {
    llvm::SmallVector<mlir::Value> all{batch, head};
    llvm::append_range(all, rest);
    return all;
  }
};

struct LoweringContext;

/// Reports what the kernel cannot do: dynamic head widths, memrefs whose layout
/// is not strided.
mlir::LogicalResult verifyForKernel(const FlashOp &op);

/// Allocates the buffers at the builder's place and fills them in parallel.
PackedKeys buildPacking(KernelBuilder &kb, const FlashOp &op, const FlashShape &shape,
                        LoweringContext &context);

/// Means (and, for t2, variances) of the keys of each block, laid out as the
/// packed keys are, and means of their values [B,Hkv,blocks,paddedWidth], which are
/// read in place. Null what the background does not need.
struct BlockStatistics {
  mlir::Value valueMeans, keyMeans, keyVariances;
  /// Those that are not null, in this order; to be freed after the loop.
  llvm::SmallVector<mlir::Value> buffers;
};

/// Allocates the buffers at the builder's place and fills them in parallel.
BlockStatistics buildBlockStatistics(KernelBuilder &kb, const FlashOp &op,
                                     const FlashShape &shape, LoweringContext &context);

/// A tile of keys [first, first + keys), of which [first, limit) may be read.
struct KeyTile {
  mlir::Value first, limit;
  mlir::Value count;      ///< number of keys that any row of the panel may see
  HeadSlice keys, values; ///< what holds the tile
  mlir::Value group;      ///< its first group of the packed keys
  mlir::Value row;        ///< its first row of the values (of pairs where they are packed so)
  /// Of gathered blocks, which every row sees whole: the packed groups, in order, in
  /// place of consecutive ones, and their number. Else only `keys` and `values` are set.
  mlir::Value gathered = {}, numGathered = {};
};

/// Rows of the kernel that are not those of the problem one after the other. Row j
/// of (b, hkv) is the row `rows[b, hkv, j]` (i32) of query head hkv * group + j %
/// group, and it is one of the rows of stratum j / (2 group).
struct RowSample {
  mlir::Value rows, group;
  mlir::Value extent; ///< M
  int64_t stratum;
};

/// Rows of P and of V to multiply: `rows` [rows,keys], and from row `first` on
/// `count` rows of `values` (rows of pairs where they are packed so).
struct WeightedValues {
  mlir::Value rows;
  HeadSlice values;
  mlir::Value first, count;
};

class FlashKernel {
public:
  using Value = mlir::Value;

  /// `operands` are the arguments that stand for the operands of `op`,
  /// `captures` those for the values that the region takes from around it.
  FlashKernel(KernelBuilder &kb, const FlashOp &op, const FlashShape &shape,
              mlir::ValueRange operands, mlir::ValueRange captures, const PackedKeys &packed);

  /// The rows are drawn ones: to be called before `begin`.
  void setSample(RowSample drawn) { sample = drawn; }
  /// Loads the panel of rows [first, end) of (batch, head) and clears its state.
  void begin(Value batch, Value head, Value first, Value end);
  /// All steps for one tile; nothing happens where no row sees any of its keys.
  /// With a `logit` (base 2) that is the score of all keys that are seen.
  void visit(Value first, Value limit, Value group, Value logit = {});
  /// Visits the listed key blocks; `block(t)` is entry t of `count`: a number outside
  /// of the context is passed over, nothing is read there.
  void visitList(Value count, llvm::function_ref<Value(Value)> block);
  /// Calls `visit` for all tiles of the context that the mask lets through.
  void visitAll();
  /// Normalises and stores o and, if they are given, lse and kept.
  void finish();

  /// Emits a loop over the listed key blocks of the panel around what the
  /// argument emits for one of them.
  using ListedBlocks = llvm::function_ref<void(llvm::function_ref<void(Value)>)>;
  /// For an op with a background: allocates its scratch (before any control flow).
  void beginBackground();
  /// Puts the state aside as that of the selected keys, and starts a new one.
  void keepSelected();
  /// Visits what stands in for the blocks that are not listed.
  void visitBackground(const BlockStatistics &statistics, ListedBlocks listed);
  /// Merges both states; stores o, lse and, if it is given, kept.
  void finishMerged();

  /// The argument for operand number `number` of the op.
  Value operand(unsigned number) const { return operands[number]; }

private:
  friend class StripBuilder;

  /// Of one strip of 32 rows: S [2,2,32,16], P [keys/32,32,32], the sums and the
  /// maxima [32,16] of a block of keys.
  struct TileScratch {
    Value scores, weights, sums, highest;
    Value gathered; ///< [gatheredKeys/32], the packed groups that are gathered
  };
  /// The row and the query head of the op that row `row` of the kernel is.
  Value rowOf(Value row);
  Value headOf(Value row);
  /// Rows of the op between which, inclusive, those of the rows [first, last] lie.
  std::pair<Value, Value> boundsOf(Value first, Value last);

  void beginTiles();
  void visitTiles(const KeyTile &tile);
  void visitBlock(Value block);
  void visitGathered(Value count, llvm::function_ref<Value(Value)> block);
  Value appendBlock(Value block, Value pending);
  Value isWhole(Value first, Value limit);
  Value applyRegion(Value scores, Value row, Value key, Value limit);
  void loadPanel(Value panel, int64_t width, double factor);
  void clearState();
  void beginPackingOnUse();
  void locate(KeyTile &tile, Value group);
  Value isPackedAhead(Value group);
  HeadSlice ofHead(Value tensor) const { return {tensor, batch, kvHead}; }
  void buildScores(Value rows, const HeadSlice &keys, Value group, Value count, Value scores);
  void modifyTile(const KeyTile &tile);
  void maskTile(const KeyTile &tile);
  void softmaxTile(Value probabilities, Value factor = {});
  Value storeProbabilities(mlir::ValueRange logits, Value probabilities, Value row, Value sum);
  void accumulateTile(const WeightedValues &step);
  void accumulateColumns(const WeightedValues &step, Value column, int64_t columns);
  void prefetchValues(const KeyTile &tile);
  void interleaveRows(const WeightedValues &step, Value column);
  void weighTile(Value first, Value count);
  void visitPartialBlocks(Value blocks, ListedBlocks listed);
  Value logSum(Value maximum, Value sum);

  KernelBuilder &kb;
  const FlashOp &op;
  const FlashShape &shape;
  llvm::SmallVector<Value> operands, captures;
  mlir::FloatType acc;
  Value q, o, lse, kept;
  PackedKeys packed, onUse; ///< ahead, and the scratch for a tile of the others
  MaskOnKeys mask;
  // Scratch: q [rows,D], s [rows,keys], p [rows,keys] (s itself where P is not
  // rounded), out [rows,paddedWidth], m [rows], l [rows,lanes], and, at the end,
  // totals [rows] of l; where pairs of rows of V are read in place, some columns of
  // those of a tile [keys/2,2,2 lanes].
  Value panel, scores, probabilities, out, maxima, sums, totals, pairs;
  TileScratch tiles;
  /// c: what turns scores into base-2 logits, null for 1.
  Value factor;
  // Of the background: o [rows,paddedWidth] and log2 sum [rows] of the selected
  // keys, q [rows,D] in the accumulation type, q^2 [rows,D], q^2 Var [rows,keys],
  // and -inf [keys] for listed blocks.
  Value selected, selectedLogs, exactPanel, squares, spreads, hiddenBlocks;
  std::optional<RowSample> sample;
  // Of the current panel: its place, its valid rows, these rounded up to whole
  // register tiles, and the visible keys of its first and last row.
  Value batch, head, kvHead, firstRow, numRows, paddedRows;
  VisibleKeys firstVisible, lastVisible;
};

/// The kernel of a panel. On a CPU with AMX there are two, and which one is called
/// is decided where it runs: the system may refuse AMX to a process.
class PanelKernels {
public:
  /// `emit` gives the kernel `name` of a shape.
  PanelKernels(KernelBuilder &kb, LoweringContext &context, mlir::Operation *op,
               llvm::StringRef name, const FlashShape &shape,
               llvm::function_ref<mlir::func::FuncOp(llvm::StringRef, const FlashShape &)> emit);

  void call(KernelBuilder &kb, mlir::ValueRange arguments) const;

private:
  mlir::func::FuncOp kernel;
  mlir::Value hasTiles; ///< its first argument, if not null
};

/// Moves the constants that the score region uses into it and returns the
/// other values that it takes from around it.
llvm::SmallVector<mlir::Value> isolateRegion(mlir::Operation *op);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_FLASHKERNEL_H
