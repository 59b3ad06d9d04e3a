//===- qsat-compile.cpp - Compile functions to a shared library -----------===//

#include "qsat/InitAll.h"
#include "qsat/Tools/QsatCompile.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  qsat::registerAllDialects(registry);
  return qsat::compileMain(argc, argv, registry);
}
