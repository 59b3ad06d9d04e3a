//===- HostOptimize.cpp - The rest of the model on a CPU ------------------===//

#include "HostOptimize.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void qsat::buildHostTensors(OpPassManager &pm) {
  // No CSE after it: that would share the fills again.
  pm.addNestedPass<func::FuncOp>(createFuseElementwisePass());
}

void qsat::buildHostKernels(OpPassManager &pm) {
  pm.addPass(createLowerMatmulPass());
  pm.addPass(createLowerLinalgPass());
}
