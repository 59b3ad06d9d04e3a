//===- AggregatedOpInterfaceImpl.h - Decomposition of qsat ------*- C++ -*-===//

#ifndef QSAT_CONVERSION_AGGREGATEDOPINTERFACEIMPL_H
#define QSAT_CONVERSION_AGGREGATEDOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qsat {

/// Lets `linalg::AggregatedOpInterface` (transform.structured.decompose_interface,
/// convert-qsat-to-linalg) turn each qsat op on tensors into linalg.
void registerAggregatedOpInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace qsat

#endif // QSAT_CONVERSION_AGGREGATEDOPINTERFACEIMPL_H
