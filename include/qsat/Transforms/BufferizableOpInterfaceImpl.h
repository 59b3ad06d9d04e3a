//===- BufferizableOpInterfaceImpl.h - Bufferization of qsat ----*- C++ -*-===//

#ifndef QSAT_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define QSAT_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qsat {

/// Lets one-shot bufferization turn the qsat ops on tensors into those on
/// memrefs: inputs are read, inits are written and never read.
void registerBufferizableOpInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace qsat

#endif // QSAT_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
