//===- InitAll.h - Registers everything of qsat -----------------*- C++ -*-===//

#ifndef QSAT_INITALL_H
#define QSAT_INITALL_H

#include "qsat/Conversion/AggregatedOpInterfaceImpl.h"
#include "qsat/Conversion/Passes.h"
#include "qsat/Dialect/IR/Qsat.h"
#include "qsat/Dialect/TransformOps/QsatTransformOps.h"
#include "qsat/Pipelines/Pipelines.h"
#include "qsat/Transforms/BufferizableOpInterfaceImpl.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

namespace qsat {

/// Registers the qsat dialect, the external models of its interfaces, its ops of the
/// transform dialect, and what GPU kernels are translated by when a pipeline makes binaries of them.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<QsatDialect>();
  registerAggregatedOpInterfaceExternalModels(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
  registerTransformDialectExtension(registry);
  mlir::registerAllGPUToLLVMIRTranslations(registry);
}

/// Registers the passes and pipelines of qsat.
inline void registerAllPasses() {
  registerQsatConversionPasses();
  registerQsatTransformsPasses();
  registerPipelines();
}

} // namespace qsat

#endif // QSAT_INITALL_H
