//===- SparsifyCostModel.h - Does sparse attention pay? ---------*- C++ -*-===//

#ifndef QSAT_LIB_TRANSFORMS_SPARSIFYCOSTMODEL_H
#define QSAT_LIB_TRANSFORMS_SPARSIFYCOSTMODEL_H

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// What the cost model needs to know of one attention head and its selection.
struct SparsifyProblem {
  int64_t queries, keys;     ///< M, N
  int64_t headDim, valueDim; ///< D, Dv
  MaskAttr mask;             ///< or null
  int64_t blockM, blockN;
  Estimator estimator;
  int64_t stride;
  double share;
  Policy policy;
  double theta, alpha, exponent;
  int64_t k;
  int64_t forcedBlocks; ///< always kept: the diagonal, its neighbours, sinks
};

/// Rates of the sparse steps relative to the dense kernel's FLOP rate, and
/// fixed costs in FLOPs of the dense kernel. Measured on AVX-512 CPUs with
/// python/benchmarks; a target may pass its own.
struct SparsifyRates {
  double sparse = 0.8;           ///< sparse attention on the selected blocks
  double score = 0.8;            ///< exact scores of sampled rows
  double flopsPerBlock = 400;    ///< selection, per (query block, key block)
  double flopsPerQueryBlock = 2e6; ///< start of a query block's work
};

struct SparsifyEstimate {
  int64_t mostVisibleKeys; ///< over the rows
  double density;          ///< expected share of the visible pairs
  double scoreShare;       ///< scoring and selection over dense
  double speedup;          ///< dense over sparse, everything counted
};

/// Expected cost of making `problem` sparse. The expected density of a
/// threshold is a prior fitted to 26 documents of a 32k-context model (density
/// of theta at context n: 0.051 (theta/0.012 128/block_n)^-0.68 (32768/n)^0.98,
/// within 20 % for theta >= 0.006 and n >= 8192, see docs/accuracy.md); data decides.
SparsifyEstimate estimateSparsify(const SparsifyProblem &problem,
                                  const SparsifyRates &rates = SparsifyRates());

} // namespace qsat

#endif // QSAT_LIB_TRANSFORMS_SPARSIFYCOSTMODEL_H
