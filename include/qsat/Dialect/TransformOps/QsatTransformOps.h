//===- QsatTransformOps.h - qsat in the transform dialect -------*- C++ -*-===//

#ifndef QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_H
#define QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/Interfaces/MatchInterfaces.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "qsat/Dialect/TransformOps/QsatTransformOps.h.inc"

namespace qsat {

/// Adds the ops above to the transform dialect, when that is loaded.
void registerTransformDialectExtension(mlir::DialectRegistry &registry);

} // namespace qsat

#endif // QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_H
