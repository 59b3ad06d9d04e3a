//===- CPUPipeline.cpp - From model IR to a CPU ---------------------------===//

#include "qsat/Pipelines/Pipelines.h"

#include "HostOptimize.h"
#include "ModelStages.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace qsat {
namespace {

/// After it: linalg in place of the qsat ops (`lowering=linalg`).
void buildMeaning(OpPassManager &pm) {
  pm.addPass(createConvertQsatToLinalg());
  addCleanup(pm);
}

/// After it: no attention; its kernels for any GPU are functions of the host
/// (`lowering=gpu`).
void buildPortableKernels(OpPassManager &pm) {
  ConvertQsatToGPUOptions options;
  options.chip = "generic";
  options.skipsOthers = true;
  pm.addPass(createConvertQsatToGPU(options));
  pm.addPass(createLaunchToLoops());
}

/// After it: no aggregate of linalg, which has neither loops nor buffers.
void buildTensors(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createDecomposeAggregatesPass());
  addCleanup(pm);
  buildHostTensors(pm);
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

} // namespace

std::vector<PipelineStage> getCPUPipelineStages(const CPUPipelineOptions &options) {
  std::vector<PipelineStage> stages;
  stages.push_back({"normalize", buildNormalize});
  Quality quality = getQuality(options.quality);
  SparsifyPassOptions sparsify;
  sparsify.density = options.density;
  sparsify.int8 = options.int8;
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
  stages.push_back({"bufferize", [](OpPassManager &pm) {
                      buildBuffers(pm);
                      buildDeallocation(pm);
                    }});
  bool instrument = options.instrument;
  if (options.lowering == "gpu")
    stages.push_back({"gpu", buildPortableKernels});
  stages.push_back({"loops", [=](OpPassManager &pm) { buildLoops(pm, instrument); }});
  stages.push_back({"llvm", buildLLVM});
  return stages;
}

void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options) {
  for (const PipelineStage &stage : getCPUPipelineStages(options))
    stage.build(pm);
}

} // namespace qsat
