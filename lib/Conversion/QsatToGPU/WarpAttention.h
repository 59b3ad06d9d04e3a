//===- WarpAttention.h - Attention of one warp, by mma.sync ---*- C++ -*-===//
// The steps that kernels for sm_80 and newer are made of. A warp has 16 query
// rows, in registers as the left operand of mma.sync; keys and values of a tile
// are in shared memory, rows 16 bytes longer than what they hold, so that the 8
// rows of a matrix lie in different banks:
//
//   S = Q K^T                 score
//   S = region(S), mask(S)    ScoreTile::modify
//   m, l, P = 2^(S - m)       ScoreTile::softmax
//   O = O .. + P V            update
//
// Memory is brought by cp.async, 16 bytes at a time.

#ifndef QSAT_CONVERSION_QSATTOGPU_WARPATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_WARPATTENTION_H

#include "KeyWalk.h"

namespace qsat {

/// An array [B,heads,rows,columns] in device memory, rows contiguous.
struct RowArray {
  mlir::Value data;
  mlir::Value batch, head, row; ///< strides in elements, i64
};

/// What the kernels are called with: on the host the values passed, in the
/// kernel its arguments. Null what this kernel does not take.
struct WarpArguments {
  RowArray q, k, v, o;
  mlir::Value lse, kept; ///< [B,H,M] f32
  mlir::Value scratch;   ///< of split keys
  // i32:
  mlir::Value heads, kvShare, rows, keys; ///< H, H / Hkv, M, N
  mlir::Value splits, rowHeads;           ///< of decoding
  ListArguments lists;
  MaskArguments mask;
  RegionArguments region;

  /// The values to pass for `op`, but for those of decoding.
  static WarpArguments get(HostBuilder &b, const FlashOp &op, mlir::ValueRange captures);
  /// All that are not null, in the order of the parameters.
  llvm::SmallVector<mlir::Value *> fields();
};

/// Why `op` cannot have a kernel of matrix products; empty where it can.
std::string whyNoMatrixKernel(const FlashOp &op, mlir::ValueRange captures);
/// Why there is no kernel of this kind for `op`; empty where there is one.
std::string whyNoWarpKernel(const FlashOp &op, mlir::ValueRange captures);

class WarpAttention {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  /// Rows of a warp, and keys of one step of a product.
  static constexpr int64_t kRows = 16, kStep = 16;
  /// Bytes of a row of `width` elements in shared memory.
  static int64_t pitch(int64_t width) { return 2 * width + 16; }

protected:
  WarpAttention(NvidiaBuilder &b, const FlashOp &op, const WarpArguments &args, mlir::ValueRange captures,
                Value shared, int64_t parts, int64_t partKeys);

  /// Per thread two rows, as ScoreTile says; accumulators of O likewise.
  struct State : SoftmaxState {
    Values o;
    Values flatten() const;
    static State unflatten(mlir::ValueRange values);
  };
  /// Nothing seen yet.
  State empty();

  /// Byte address of the first row of head `head` (i32) of `array`.
  Value address(const RowArray &array, Value batch, Value head);
  /// Starts copies of the rows of a tile's parts to [keys, pitch] at `target`,
  /// by `threads` of which this is number `thread`. Zeros past the last key.
  void copyRows(Value target, Value source, Value rowStride, mlir::ValueRange firstKeys, int64_t width,
                int64_t threads, Value thread);
  /// The two rows of this thread as left operands; `rows` are the addresses,
  /// zeros where not `isInside`.
  Values loadQueries(mlir::ArrayRef<Value> rows, mlir::ArrayRef<Value> isInside);
  /// The left operand of a step of the product with the keys: 4 pairs of elements,
  /// of one group of 16 rows.
  using Queries = llvm::function_ref<Values(int64_t group, int64_t step)>;
  /// S [16,keys] of the keys at `tile`, for each group of rows.
  llvm::SmallVector<Values> score(int64_t groups, Queries queries, Value tile);
  /// The same for one group, from what loadQueries gives.
  Values score(mlir::ValueRange queries, Value tile);
  /// Softmax of `scores` and O += P V of the values at `tile`, for each group.
  void update(llvm::MutableArrayRef<State> states, llvm::MutableArrayRef<Values> scores, Value tile);
  /// Elements of o for two neighbouring columns, at a byte address.
  void storePair(Value low, Value high, Value address);
  /// sums [at, at + 4) += left . right.
  void accumulate(Values &sums, int64_t at, mlir::ValueRange left, mlir::ValueRange right);

  NvidiaBuilder &b;
  const FlashOp &op;
  const WarpArguments &args;
  ScoreTile scoreTile;
  KeyWalk keyWalk;
  mlir::FloatType element, output;
  const int64_t width, valueWidth, parts, partKeys, tileKeys;
  Value shared, thread, lane, warp;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_WARPATTENTION_H
