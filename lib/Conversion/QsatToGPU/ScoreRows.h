//===- ScoreRows.h - Scores of sampled rows, on any GPU --------*- C++ -*-===//
// Estimators rows and exact in two steps. Each contributing row r of a query block
// I and each key block J have the mass of r in J, before any normalisation:
//
//   s[b,h,I,J,r] = log2 sum_{j in J} exp z_rj          (-inf: r sees none of J)
//
// which is independent of all other blocks. Then, for each I,
//
//   amplitude[b,h,I,J] = sqrt(mean_r 2^(s_rJ - log2 sum_J' 2^s_rJ'))

#ifndef QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H
#define QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H

#include "TeamKernel.h"

namespace qsat {

/// Which rows of a block contribute: min(first + t * stride, rows - 1).
struct SampledRows {
  explicit SampledRows(AmplitudeScoreOp op);

  int64_t blockRows, blockKeys, stride, first;
  int64_t perBlock; ///< rows of a whole block

  /// Rows of block `block` of `rows` in all.
  mlir::Value rowsOf(TaskBuilder &b, mlir::Value block, mlir::Value rows) const;
  /// Those of them that contribute.
  mlir::Value contributing(TaskBuilder &b, mlir::Value rowsOfBlock) const;
};

/// s [B,H,Mb,Nb,R], one thread for each of its elements. Takes any element type,
/// layout, mask and score region.
void launchPortableRows(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses,
                        GPULoweringContext &context);
/// The amplitudes, and lse where the op has it: one team for each query block.
void launchNormalize(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses,
                     GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H
