//===- qsat-run.cpp - Compile and run a model -----------------------------===//

#include "qsat/InitAll.h"
#include "qsat/Tools/QsatRun.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  qsat::registerAllDialects(registry);
  return qsat::runMain(argc, argv, registry);
}
