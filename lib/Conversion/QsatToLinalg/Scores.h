//===- Scores.h - Scores, softmax and block statistics ----------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_QSATTOLINALG_SCORES_H
#define QSAT_LIB_CONVERSION_QSATTOLINALG_SCORES_H

#include "Emitter.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// What a score op computes scores from.
struct ScoreModel {
  mlir::Value q, k; ///< [B,H,M,D], [B,Hkv,N,D]
  double scale;
  MaskAttr mask; ///< or null
  mlir::Region *region;
  mlir::ValueRange extras;
  mlir::ArrayAttr extraMaps;
  mlir::ValueRange position; ///< empty, or b, h, i, j
};

template <typename OpTy>
ScoreModel getScoreModel(OpTy op) {
  return {op.getQ(),        op.getK(),      op.getScale().convertToDouble(), op.getMaskAttr(),
          &op.getScore(),   op.getExtras(), op.getExtraMaps(),               op.getPosition()};
}

/// `x` plus component `component` of a position that may be absent.
Expr atPosition(Emitter &e, mlir::ValueRange position, unsigned component, Expr x);

/// Whether the query at i sees the key at j, both in problem coordinates.
Expr isVisible(Emitter &e, MaskAttr mask, Expr i, Expr j);

/// Whether the mask shows any of the keys [j0, j1] to any of the queries
/// [i0, i1], all in problem coordinates and inclusive.
Expr isAnyVisible(Emitter &e, MaskAttr mask, Expr i0, Expr i1, Expr j0, Expr j1);

/// The key/value head of query head h for a tensor [B,Hkv,...].
Expr headOf(Emitter &e, Expr h, mlir::Value q, mlir::Value kv);

/// z [B,H,M,N] in the accumulation type, -inf where hidden.
mlir::Value emitScores(Emitter &e, const ScoreModel &model);

/// n_iJ [M,Nb]: how many keys of block J the mask shows to row i (index).
mlir::Value emitVisibleCounts(Emitter &e, const ScoreModel &model, int64_t blockN);

/// exp(z - max) and its row sums, the max being 0 for rows of -inf only.
struct Softmax {
  mlir::Value weights; ///< [B,H,R,C]
  mlir::Value top;     ///< [B,H,R]
  mlir::Value sum;     ///< [B,H,R], 0 for rows without a finite score

  /// log sum exp z of row x = (b, h, r), -inf where there is none.
  Expr logSumExp(Emitter &e, Indices x) const;
};

/// Softmax over the last dimension of z [B,H,R,C].
Softmax emitSoftmax(Emitter &e, mlir::Value z);

/// sum_c weights[b,h,r,c] values[b,hkv,c,d]: [B,H,R,Dv], not yet divided by the
/// row sums. `values` is [B,Hkv,C,Dv].
mlir::Value emitWeightedSum(Emitter &e, mlir::Value weights, mlir::Value values);

/// Mean and biased variance of the blocks of x [B,H,N,D]: [B,H,Nb,D].
mlir::Value emitBlockMeans(Emitter &e, mlir::Value x, int64_t block);
mlir::Value emitBlockVariances(Emitter &e, mlir::Value x, mlir::Value means, int64_t block);

/// scale <q_r, kbar_J> [B,H,R,Nb] of rows q [B,H,R,D] and means [B,Hkv,Nb,D].
mlir::Value emitCentroidLogits(Emitter &e, mlir::Value q, mlir::Value means, double scale);

/// s = scale^2 sum_d q_rd^2 Var_J,d for row x = (b, h, r) and block J.
Expr spreadOfLogit(Emitter &e, mlir::Value q, mlir::Value variances, double scale, Indices row,
                   Expr block);

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLINALG_SCORES_H
