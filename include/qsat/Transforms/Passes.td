//===- Passes.td - Transformations of qsat IR --------------*- tablegen -*-===//

#ifndef QSAT_TRANSFORMS_PASSES_TD
#define QSAT_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // QSAT_TRANSFORMS_PASSES_TD
