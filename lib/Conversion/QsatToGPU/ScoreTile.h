//===- ScoreTile.h - What happens to scores in registers ------*- C++ -*-===//
// Tensor cores leave a thread two rows of a tile of scores, r and r + 8: score
// 4 c + 2 r + e is row r, column 8 c + 2 (lane % 4) + e. Four threads share a row.

#ifndef QSAT_CONVERSION_QSATTOGPU_SCORETILE_H
#define QSAT_CONVERSION_QSATTOGPU_SCORETILE_H

#include "DeviceMask.h"
#include "DeviceRegion.h"
#include "NvidiaBuilder.h"

namespace qsat {

/// Combines two or more values in two chains, which hide each other's latency.
mlir::Value reduceInChains(mlir::ValueRange values,
                           llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

/// The online softmax of a thread's two rows: the running maximum (of unscaled
/// scores), or another reference that weights are against, and the thread's part of
/// the sum.
struct SoftmaxState {
  mlir::Value m[2], l[2];
};

class ScoreTile {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  /// The op's M and N (i32), and what it was called with. `inner` are what the
  /// score region takes from around it.
  ScoreTile(NvidiaBuilder &b, const FlashOp &op, const MaskArguments &mask, const RegionArguments &region,
            mlir::ValueRange inner, Value rows, Value keys)
      : b(b), op(op), mask(mask), region(region), inner(inner), rows(rows), keys(keys) {}

  /// Where a tile lies: all i32.
  struct Place {
    Values firstKeys;        ///< of its parts, of `partKeys` consecutive keys each
    int64_t partKeys;
    Value firstRow, lastRow; ///< of what all threads have
    Value row[2], column;    ///< of this thread: rows, and first column of a part
    Value batch, head[2];    ///< of this thread's rows; for a score region only
  };
  /// Scores to scaled logits: region and mask.
  Values modify(Values scores, const Place &place);
  /// Raises m, scales l, and turns scores to weights; the factors of what was
  /// summed before, by row, unless it `isFirst`.
  void softmax(Values &scores, SoftmaxState &state, bool isFirst, mlir::MutableArrayRef<Value> factors);
  /// The sum over the threads of row r.
  Value sumOfRow(Value partial);
  /// lse = (m + log2 l) ln 2, -inf where a row saw nothing.
  Value logSumExp(Value m, Value sum);
  /// The same for m in exponents of 2.
  Value logOfSum(Value exponent, Value sum);
  /// What m counts in: exponents of 2.
  double exponentScale() const;

  /// `row` sees the keys below this.
  Value highKey(Value row);

private:
  Values applyRegion(Values scores, const Place &place);
  Values hide(Values scores, const Place &place);
  Value isPartial(const Place &place);
  /// True where scores are scaled one by one, not with the exponent.
  bool scalesScores() const { return op.region || op.scale <= 0; }

  NvidiaBuilder &b;
  const FlashOp &op;
  const MaskArguments &mask;
  const RegionArguments &region;
  mlir::ValueRange inner;
  Value rows, keys;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SCORETILE_H
