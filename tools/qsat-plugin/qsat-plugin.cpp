//===- qsat-plugin.cpp - qsat inside a stock mlir-opt ---------------------===//

#include "qsat/InitAll.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/Compiler.h"

/// Entry point of `--load-dialect-plugin`.
extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "qsat", QSAT_VERSION,
          [](mlir::DialectRegistry *registry) { qsat::registerAllDialects(*registry); }};
}

/// Entry point of `--load-pass-plugin`.
extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "qsat", QSAT_VERSION, [] { qsat::registerAllPasses(); }};
}
