//===- ScoreRows.h - Amplitudes from the masses of rows --------*- C++ -*-===//
// Every estimator in two steps. Each contributing row r of a query block I and each
// key block J have the mass of r in J as the estimator knows it, before any
// normalisation: for `rows` and `exact`
//
//   s[b,h,I,J,r] = log2 sum_{j in J} exp z_rj          (-inf: r sees none of J)
//
// which is independent of all other blocks. Then, for each I,
//
//   amplitude[b,h,I,J] = sqrt(mean_r 2^(s_rJ - log2 sum_J' 2^s_rJ'))

#ifndef QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H
#define QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H

#include "BlockMeans.h"
#include "TeamKernel.h"

namespace qsat {

/// Which rows of a block contribute: min(first + t * stride, rows - 1). For
/// `antidiagonal` it is the first row of a group; for `pooled` one stands for all.
struct SampledRows {
  SampledRows(AmplitudeScoreOp op, Estimator estimator);

  int64_t blockRows, blockKeys, stride, first;
  int64_t perBlock; ///< rows of a whole block

  /// Rows of block `block` of `rows` in all.
  mlir::Value rowsOf(TaskBuilder &b, mlir::Value block, mlir::Value rows) const;
  /// Those of them that contribute.
  mlir::Value contributing(TaskBuilder &b, mlir::Value rowsOfBlock) const;
};

/// The thread of one element of s [B,H,Mb,Nb,R].
struct MassThread {
  const FlashOp &op;
  mlir::ValueRange operands, captures; ///< those of `op`, and of its region
  mlir::ValueRange more;               ///< what else the launch was given
  mlir::Value batch, head, block, keyBlock, row;
  mlir::Value first, end; ///< keys of the block
};
/// Gives s of the thread.
using MassBody = llvm::function_ref<mlir::Value(TeamBuilder &b, const MassThread &thread)>;

/// One thread for each element of `masses` [B,H,Mb,Nb,R].
void launchMasses(AmplitudeScoreOp op, llvm::StringRef name, const SampledRows &sampled, mlir::Value masses,
                  mlir::ValueRange more, GPULoweringContext &context, MassBody body);

// One launch for all of s; any element type, layout, mask and, where the estimator
// has single scores, score region.

/// Estimators rows, exact, and the second step of cascade: of it, only blocks with
/// passes[b,h,I,J] != 0 are looked at.
void launchPortableRows(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, mlir::Value passes,
                        GPULoweringContext &context);
/// Estimators centroid, d2 (with variances) and, with means of queries, pooled.
void launchBlockLogits(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, const BlockMeans &keys,
                       const BlockMeans *queries, GPULoweringContext &context);
/// Estimator antidiagonal.
void launchGroups(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, GPULoweringContext &context);

/// passes [B,H,Mb,Nb] i32 of cascade, from the amplitudes of d2: one team for each
/// query block.
void launchPasses(AmplitudeScoreOp op, mlir::Value passes, GPULoweringContext &context);

/// The amplitudes, and lse unless null: one team for each query block. Blocks that
/// do not pass, where not all do, have no mass.
void launchNormalize(AmplitudeScoreOp op, llvm::StringRef name, const SampledRows &sampled, mlir::Value masses,
                     mlir::Value passes, mlir::Value lse, GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SCOREROWS_H
