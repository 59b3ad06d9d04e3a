//===- MatmulKernel.h - Matrix products as packed kernels -----*- C++ -*-===//

#ifndef QSAT_CONVERSION_LINALGTOLOOPS_MATMULKERNEL_H
#define QSAT_CONVERSION_LINALGTOLOOPS_MATMULKERNEL_H

#include "../QsatToLoops/KernelBuilder.h"
#include "../QsatToLoops/Lowering.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace qsat {

/// c[batch, outerM, m, outerN, n] += sum_k a[batch, outerM, m, k] b[batch, outerN, n, k],
/// whatever the order of the dimensions of a, b and c; n is the one with unit
/// stride in c. Loop dimensions are those of the op.
struct Matmul {
  mlir::linalg::LinalgOp op;
  mlir::Value a, b, c;
  mlir::AffineMap aMap, bMap, cMap;
  llvm::SmallVector<unsigned, 2> batch, outerM, outerN;
  unsigned m = 0, n = 0, k = 0;
  /// Accumulator: f64 where c is, else f32.
  mlir::Type acc;
  /// c is overwritten: what it held was zeros that nobody else reads.
  bool overwrite = false;
};

/// The product that a linalg op on memrefs computes; the reason on failure.
mlir::FailureOr<Matmul> matchMatmul(mlir::linalg::LinalgOp op, std::string &reason);

/// Emits the parallel loops at the place of the op, and its kernels.
void lowerMatmul(Matmul &matmul, LoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_LINALGTOLOOPS_MATMULKERNEL_H
