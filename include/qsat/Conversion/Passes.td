//===- Passes.td - Conversions to and from the qsat dialect *- tablegen -*-===//

#ifndef QSAT_CONVERSION_PASSES_TD
#define QSAT_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // QSAT_CONVERSION_PASSES_TD
