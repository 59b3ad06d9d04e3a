//===- CPUPipeline.cpp - From model IR to a CPU ---------------------------===//

#include "qsat/Pipelines/Pipelines.h"

#include "HostOptimize.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace qsat {
namespace {

void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// After it: one function per entry, linalg on tensors. JAX and TOSA spellings
/// are gone.
void buildNormalize(OpPassManager &pm) {
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

/// After it: dense attention is qsat.attention.
void buildRaise(OpPassManager &pm) {
  pm.addPass(createQsatRaiseAttention());
  addCleanup(pm);
}

/// After it: attention that pays off sparse is scoring, selection and
/// qsat.sparse_attention.
void buildSparsify(OpPassManager &pm, Quality quality, SparsifyPassOptions options) {
  // A density alone asks for sparsity too.
  options.quality = quality == Quality::Exact ? Quality::Balanced : quality;
  pm.addPass(createSparsifyPass(options));
  addCleanup(pm);
}

/// After it: linalg in place of the qsat ops (`lowering=linalg`).
void buildMeaning(OpPassManager &pm) {
  pm.addPass(createConvertQsatToLinalg());
  addCleanup(pm);
}

/// After it: no aggregate of linalg, which has neither loops nor buffers.
void buildTensors(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createDecomposeAggregatesPass());
  addCleanup(pm);
  buildHostTensors(pm);
}

/// After it: memrefs; every buffer is freed where it is last used, and the
/// caller owns the results.
void buildBufferize(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanup(pm);
  bufferization::buildBufferDeallocationPipeline(pm);
  // The pipeline frees at the end of the block.
  pm.addNestedPass<func::FuncOp>(bufferization::createOptimizeAllocationLivenessPass());
  pm.addPass(createConvertBufferizationToMemRefPass());
  addCleanup(pm);
}

/// After it: scf, memref, vector, arith and math only.
void buildLoops(OpPassManager &pm, bool instrument) {
  if (instrument)
    pm.addPass(createInstrumentPass());
  pm.addPass(createConvertQsatToLoops());
  buildHostKernels(pm);
  pm.addNestedPass<func::FuncOp>(createLinalgToParallelLoopsPass());
  pm.addNestedPass<func::FuncOp>(createExpandMathPass());
  pm.addPass(createAssertToRuntimePass());
  addCleanup(pm);
}

/// After it: the LLVM dialect.
void buildLLVM(OpPassManager &pm) {
  pm.addPass(createConvertSCFToOpenMPPass());
  // Drops the memref.alloca_scope of parallel bodies without a stack buffer:
  // scf-to-cf does not take one.
  addCleanup(pm);
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  // The generic conversion below knows neither multi-dimensional vector ops nor
  // the x86 ones.
  ConvertVectorToLLVMPassOptions vectorOptions;
  vectorOptions.x86Vector = true;
  pm.addPass(createConvertVectorToLLVMPass(vectorOptions));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(pm);
}

/// Unknown names mean exact: what reads them from users has checked them.
Quality getQuality(StringRef name) {
  return llvm::StringSwitch<Quality>(name)
      .Case("high", Quality::High)
      .Case("balanced", Quality::Balanced)
      .Case("fast", Quality::Fast)
      .Default(Quality::Exact);
}

} // namespace

std::vector<PipelineStage> getCPUPipelineStages(const CPUPipelineOptions &options) {
  std::vector<PipelineStage> stages;
  stages.push_back({"normalize", buildNormalize});
  Quality quality = getQuality(options.quality);
  SparsifyPassOptions sparsify;
  sparsify.density = options.density;
  sparsify.audit = options.audit;
  sparsify.auditShare = options.auditShare;
  sparsify.seed = options.seed;
  if (options.raise)
    stages.push_back({"raise", buildRaise});
  if (quality != Quality::Exact || options.density > 0)
    stages.push_back({"sparsify", [=](OpPassManager &pm) { buildSparsify(pm, quality, sparsify); }});
  if (options.lowering == "linalg")
    stages.push_back({"linalg", buildMeaning});
  stages.push_back({"tensors", buildTensors});
  stages.push_back({"bufferize", buildBufferize});
  bool instrument = options.instrument;
  stages.push_back({"loops", [=](OpPassManager &pm) { buildLoops(pm, instrument); }});
  stages.push_back({"llvm", buildLLVM});
  return stages;
}

void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options) {
  for (const PipelineStage &stage : getCPUPipelineStages(options))
    stage.build(pm);
}

void registerPipelines() {
  PassPipelineRegistration<CPUPipelineOptions>(
      "qsat-cpu-pipeline", "Compile model IR for a CPU: to the LLVM dialect with OpenMP calls", buildCPUPipeline);
}

} // namespace qsat
