//===- Passes.h - The passes of qsat/Conversion ------------------*- C++ -*-===//

#ifndef QSAT_CONVERSION_PASSES_H
#define QSAT_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace qsat {

#define GEN_PASS_DECL
#include "qsat/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qsat/Conversion/Passes.h.inc"

} // namespace qsat

#endif // QSAT_CONVERSION_PASSES_H
