//===- MergeWeights.h - Weights of two partial attentions -----*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOLOOPS_MERGEWEIGHTS_H
#define QSAT_CONVERSION_QSATTOLOOPS_MERGEWEIGHTS_H

#include "KernelBuilder.h"

namespace qsat {

/// The weights of the two sides in a row and the row's lse, scalars.
struct MergeWeights {
  mlir::Value first, second, lse;
};

/// w_s = exp(lse_s - lse); all 0 and lse = -inf where both sides are empty.
MergeWeights buildMergeWeights(KernelBuilder &kb, mlir::Value lse1, mlir::Value lse2);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_MERGEWEIGHTS_H
