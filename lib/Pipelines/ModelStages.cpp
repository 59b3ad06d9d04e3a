//===- ModelStages.cpp - What all pipelines do with a model ---------------===//

#include "ModelStages.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace qsat {

void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void buildNormalize(OpPassManager &pm) {
  // Before anything folds, as the inliner does.
  pm.addNestedPass<func::FuncOp>(createTosaBoolCastPass());
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  addCleanup(pm);
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // arith and math on tensors: nothing after this stage bufferizes them.
  functions.addPass(createConvertElementwiseToLinalgPass());
  functions.addPass(tosa::createTosaToLinalgNamed());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(tosa::createTosaToLinalg());
  TosaToArithPassOptions arithOptions;
  arithOptions.includeApplyRescale = true;
  functions.addPass(createTosaToArithPass(arithOptions));
  functions.addPass(createTosaToTensorPass());
  functions.addPass(createTosaToSCFPass());
  addCleanup(pm);
}

void buildRaise(OpPassManager &pm) {
  pm.addPass(createQsatRaiseAttention());
  addCleanup(pm);
}

void buildSparsify(OpPassManager &pm, Quality quality, SparsifyPassOptions options) {
  // A density alone asks for sparsity too.
  options.quality = quality == Quality::Exact ? Quality::Balanced : quality;
  pm.addPass(createSparsifyPass(options));
  addCleanup(pm);
}

void buildBuffers(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanup(pm);
}

void buildDeallocation(OpPassManager &pm) {
  bufferization::buildBufferDeallocationPipeline(pm);
  // The pipeline frees at the end of the block.
  pm.addNestedPass<func::FuncOp>(bufferization::createOptimizeAllocationLivenessPass());
  pm.addPass(createConvertBufferizationToMemRefPass());
  addCleanup(pm);
}

Quality getQuality(StringRef name) {
  return llvm::StringSwitch<Quality>(name)
      .Case("high", Quality::High)
      .Case("balanced", Quality::Balanced)
      .Case("fast", Quality::Fast)
      .Default(Quality::Exact);
}

} // namespace qsat
