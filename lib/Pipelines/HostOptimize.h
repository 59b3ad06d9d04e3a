//===- HostOptimize.h - The rest of the model on a CPU --------*- C++ -*-===//

#ifndef QSAT_PIPELINES_HOSTOPTIMIZE_H
#define QSAT_PIPELINES_HOSTOPTIMIZE_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace qsat {

/// On tensors, before bufferization. After it: fewer and larger linalg ops.
void buildHostTensors(mlir::OpPassManager &pm);

/// On memrefs. After it: calls of packed, vectorised, parallel kernels in place
/// of linalg ops; those without such a form stay.
void buildHostKernels(mlir::OpPassManager &pm);

} // namespace qsat

#endif // QSAT_PIPELINES_HOSTOPTIMIZE_H
