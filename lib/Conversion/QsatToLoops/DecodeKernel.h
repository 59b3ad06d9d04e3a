//===- DecodeKernel.h - Attention of few query rows, split over keys --*- C++ -*-===//
// With few query rows attention is a read of K and V: the kernel reads each of them
// once, where it lies, for all query heads that share it. The keys are split over
// tasks in chunks of a fixed length (so that no result depends on the threads); a
// task leaves the state (m, l, o) of its chunk, and the states are merged in order:
//
//   o = sum_c 2^(m_c - m) o_c / sum_c 2^(m_c - m) l_c,   m = max_c m_c
//
// Within a task, tile by tile of keys, for the rows (head, i) of one pass:
//
//   S = Q K^T          scoreTile       lanes run along D; the sums of some rows and
//                                      keys, as many as lanes, go into one vector
//   S = region(S)      modifyTile      to base-2 logits
//   S = mask(S)        MaskOnKeys      -inf, only where a key may be hidden
//   m, l, P = 2^(S-m)  softmaxTile     row by row, o is rescaled where m rises
//   o += P V           accumulateTile  a register tile of rows x value columns
//
// The rows of V are prefetched while those of K are read, and the reverse, where the
// elements are of 16 bits.

#ifndef QSAT_CONVERSION_QSATTOLOOPS_DECODEKERNEL_H
#define QSAT_CONVERSION_QSATTOLOOPS_DECODEKERNEL_H

#include "FlashKernel.h"

#include "llvm/Support/MathExtras.h"

#include <optional>

namespace qsat {

/// The extents of the kernel, all static.
struct DecodeShape {
  /// Those for `op`, or nothing where it is left to the general kernel. Taken are
  /// ops with static M <= 8, H and Hkv (and number of lists Hs), K and V with
  /// contiguous rows, and no background; lists for one block of query rows.
  static std::optional<DecodeShape> get(const FlashOp &op, const CPUTarget &target);

  int64_t heads;       ///< query heads of one pass: they share K, V and the lists
  int64_t rowsPerHead; ///< M
  int64_t rows;        ///< heads * M
  int64_t group;       ///< query heads of a kv head
  int64_t width, valueWidth; ///< D and Dv
  int64_t paddedWidth; ///< Dv rounded up to whole `valuePart`s
  int64_t lanes;       ///< of one register of the accumulation type
  /// Q . K by dot products of pairs of bf16; `parts` of twice the lanes then.
  bool hasDots;
  /// K is widened to the accumulation type tile by tile, not read in place.
  bool widensKeys;
  int64_t part;        ///< elements of D that one instruction takes
  /// P . V by the same instruction: P is rounded to bf16, and taken by pairs of keys.
  bool hasValueDots;
  int64_t valuePart;   ///< elements of Dv that are loaded at once
  int64_t keys;        ///< keys of a tile
  /// Where a row is short the hardware does not see it coming; of 32-bit elements it
  /// does better by itself, given long tiles (measured, f32, D = 128: .69 of a plain read of
  /// 75 GB/s, .66 with prefetches and short tiles; .80 and .77 of one of 40 GB/s).
  bool prefetches;
  int64_t tileRows, tileColumns; ///< register tile of o += P V
  int64_t groupRows;   ///< rows whose scores with some keys fill one register
  int64_t chunk;       ///< keys of a task
  bool usesTiles = false; ///< the products are those of AMX

  /// True where AMX tiles can take K and V as they lie, and are the faster.
  bool usesTilesFor(const FlashOp &op, const CPUTarget &target) const;
  void useTiles();
  int64_t keysPerGroup() const { return lanes / groupRows; }
  /// Rows rounded up to whole register tiles of both kinds.
  int64_t paddedRows() const {
    return std::max(llvm::alignTo(rows, tileRows), llvm::alignTo(rows, groupRows));
  }
  int64_t parts() const { return (width + part - 1) / part; }
};

/// The states of all chunks: o [B, H / heads, chunks, rows, paddedWidth], and m, l
/// [B, H / heads, chunks, rows].
struct PartialStates {
  mlir::Value o, m, l;
};

class DecodeKernel {
public:
  using Value = mlir::Value;

  /// `operands` are the arguments that stand for the operands of `op`, `captures`
  /// those for the values that the region takes from around it.
  DecodeKernel(KernelBuilder &kb, const FlashOp &op, const DecodeShape &shape,
               mlir::ValueRange operands, mlir::ValueRange captures);

  /// Loads the rows of pass `pass` (query heads [pass * heads, + heads)) and clears
  /// their state.
  void begin(Value batch, Value pass);
  /// All steps for the visible keys of [first, limit), tile by tile. `next`: the key
  /// that is likely to be visited after them.
  void visitKeys(Value first, Value limit, Value next);
  /// Stores the state as that of chunk `chunk`.
  void storeState(const PartialStates &states, Value chunk);

  Value operand(unsigned number) const { return operands[number]; }
  Value getExtent() const { return mask.getExtent(); }

private:
  /// The keys [first, limit) of a tile, and the first of the tile after it.
  struct Tile {
    Value first, limit, count, next;
  };

  void loadQueries();
  void clearState();
  void visitTile(const Tile &tile);
  void forEachRow(llvm::function_ref<void(Value r, Value head, Value i)> body);

  void widenKeys(Value from, Value to);
  void scoreTile(const Tile &tile);
  void scoreGroup(const Tile &tile, Value row, Value j);
  void scoreKey(const Tile &tile, Value row, Value j);
  KernelBuilder::Values dotProducts(llvm::ArrayRef<Value> rows, llvm::ArrayRef<Value> keys);
  KernelBuilder::Values loadKeys(llvm::ArrayRef<Value> keys, Value d, int64_t valid);
  void modifyTile(const Tile &tile);
  void softmaxTile();
  void accumulateTile(const Tile &tile);
  void accumulateColumns(const Tile &tile, Value firstRow, int64_t column, bool prefetches);
  KernelBuilder::Values addKeys(llvm::ArrayRef<Value> rows, Value first, Value j, int64_t column,
                                int64_t end, bool isPair, mlir::ValueRange sums);
  Value loadValues(Value key, int64_t column);
  KernelBuilder::Values loadSums(Value row, int64_t column);
  void prefetchRow(Value memref, int64_t elements, Value key);

  void allocateTiles();
  Value loadTile(Value memref, mlir::ValueRange at, int64_t rows, int64_t columns);
  void loadQueryTiles();
  void scoreTiles(const Tile &tile);
  void scoreKeys(Value keys, mlir::ValueRange place, Value j, int64_t count, Value values);
  void interleaveValues(const Tile &tile);
  void accumulateTiles(const Tile &tile);

  KernelBuilder &kb;
  const FlashOp &op;
  const DecodeShape &shape;
  llvm::SmallVector<Value> operands, captures;
  mlir::FloatType acc;
  Value q, k, v;
  MaskOnKeys mask;
  // Scratch: q [paddedRows,parts,part], k [keys,parts * part] where it is widened,
  // s [paddedRows,keys], p of its shape (s itself, or bf16), m [rows], l [rows,lanes],
  // with P rounded also the sums of that; out [paddedRows,paddedWidth]: with pairs of
  // keys, in each `valuePart` the columns that vpunpcklwd leaves, then those of
  // vpunpckhwd.
  Value queries, widened, scores, weights, out, maxima, sums, roundedSums;
  // Of tiles: q [D/32,16,32] in pairs, S^T [keys,16], K [16,D] where 16 rows of it are not
  // there to be read, V [Dv/32,2,keys/2,32] in pairs.
  Value tileSums, lastKeys, pairs;
  // Of the current pass.
  Value batch, pass, firstHead, kvHead;
};

/// In each 128 bits, the lower (or upper) 4 elements of a and b, of 16 bits, interleaved.
mlir::Value interleaveColumns(KernelBuilder &kb, mlir::Value a, mlir::Value b, bool upper);

struct LoweringContext;

/// Emits the kernel for `op`, which `shape` is for. `captures`: see isolateRegion.
void lowerDecode(const FlashOp &op, const DecodeShape &shape, mlir::ValueRange captures,
                 LoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_DECODEKERNEL_H
