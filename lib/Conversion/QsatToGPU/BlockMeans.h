//===- BlockMeans.h - Means and variances of blocks of rows ---*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_BLOCKMEANS_H
#define QSAT_CONVERSION_QSATTOGPU_BLOCKMEANS_H

#include "TeamKernel.h"

namespace qsat {

/// Of each block of rows of `source` [B,H,N,D], in buffers [B,H,Nb,D] of the
/// accumulation type: the mean and, unless null, the biased variance.
struct BlockMeans {
  mlir::Value source, mean, variance;

  /// With buffers, which the caller releases.
  static BlockMeans allocate(TaskBuilder &b, mlir::Value source, mlir::FloatType type, int64_t blockRows,
                             bool withVariance);
  llvm::SmallVector<mlir::Value> buffers() const;
};

/// Finds them, one thread for each column of a block of one of `all`, which agree
/// in B, H and N.
void launchBlockMeans(mlir::Operation *op, llvm::StringRef name, llvm::ArrayRef<BlockMeans> all, int64_t blockRows,
                      GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_BLOCKMEANS_H
