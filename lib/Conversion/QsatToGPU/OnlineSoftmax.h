//===- OnlineSoftmax.h - Softmax that seldom looks for maxima --*- C++ -*-===//
// Weights may be taken against any reference that keeps them in range, not only the
// largest score so far. The reference of a row is put 2^kSlack above the largest
// score that it was found from; as long as no score passes it, no maximum is looked
// for, nothing is exchanged between threads, and what was summed keeps its scale.
// Whether one does is in the signs of the exponents, which are found anyway; then
// the weights are found again from these.

#ifndef QSAT_CONVERSION_QSATTOGPU_ONLINESOFTMAX_H
#define QSAT_CONVERSION_QSATTOGPU_ONLINESOFTMAX_H

#include "ScoreTile.h"

namespace qsat {

class OnlineSoftmax {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  OnlineSoftmax(NvidiaBuilder &b, ScoreTile &tile, mlir::FloatType element);

  /// Scores to weights in pairs of elements, of rows that nothing was summed for.
  Values start(Values scores, SoftmaxState &state);
  /// Scores to weights in pairs of elements; l with them. `sums` are what was summed
  /// before with the weights of the two rows.
  Values update(Values scores, SoftmaxState &state, Values &sums);

private:
  /// In exponents of 2: 0 where weights lack the range (f16).
  static constexpr double kSlack = 16;

  /// The largest of the row's `candidates`, over the threads that share it.
  Value largestOfRow(mlir::ValueRange candidates);
  /// What is added to the exponents of a row: 0 where it has seen nothing.
  Value shiftOf(Value m);
  /// Exponents of the scores against m.
  Values exponents(mlir::ValueRange scores, const SoftmaxState &state);
  /// Whether an exponent is not below 0, or a row has no reference, in some thread
  /// of the warp.
  Value isAnyRaised(mlir::ValueRange exponents, const SoftmaxState &state);
  /// Raises m for these exponents against it, which are then against the new one; the
  /// factors for what was summed.
  void raise(Values &exponents, SoftmaxState &state, Value factors[2]);
  /// Exponents to weights in pairs; their sum, by row.
  Values weigh(Values exponents, Value totals[2]);
  Values pack(mlir::ValueRange weights);

  NvidiaBuilder &b;
  ScoreTile &tile;
  mlir::FloatType element;
  double scale;
  bool hasSlack;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_ONLINESOFTMAX_H
