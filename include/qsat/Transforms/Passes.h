//===- Passes.h - The passes of qsat/Transforms ------------------*- C++ -*-===//

#ifndef QSAT_TRANSFORMS_PASSES_H
#define QSAT_TRANSFORMS_PASSES_H

#include "qsat/Transforms/Quality.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/CommandLine.h"

namespace qsat {

#define GEN_PASS_DECL
#include "qsat/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qsat/Transforms/Passes.h.inc"

} // namespace qsat

#endif // QSAT_TRANSFORMS_PASSES_H
