//===- NvidiaPipeline.cpp - From model IR to an NVIDIA GPU ----------------===//

#include "qsat/Pipelines/Pipelines.h"

#include "ModelStages.h"

#include "qsat/Conversion/Passes.h"
#include "qsat/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace qsat {
namespace {

/// Thresholds for the blocks of 128 x 128 that the kernels read: measured on these
/// (the rules of Quality.h are for 64 x 64).
double getTheta(Quality quality) {
  return quality == Quality::High ? 0.006 : quality == Quality::Fast ? 0.024 : 0.012;
}

/// After it: scores, selection and sparse attention where that pays.
void buildSparse(OpPassManager &pm, Quality quality, double density) {
  SparsifyPassOptions sparsify;
  sparsify.density = density;
  sparsify.blockM = sparsify.blockN = 128;
  sparsify.theta = getTheta(quality);
  buildSparsify(pm, quality, sparsify);
}

/// After it: memrefs; what functions returned they write to memory that the
/// caller passes last.
void buildArguments(OpPassManager &pm) {
  buildBuffers(pm);
  bufferization::BufferResultsToOutParamsPassOptions options;
  options.hoistStaticAllocs = true;
  options.modifyPublicFunctions = true;
  pm.addPass(bufferization::createBufferResultsToOutParamsPass(options));
  buildDeallocation(pm);
}

/// After it: gpu.module with arith, scf, llvm and nvvm; launches on the host.
void buildKernels(OpPassManager &pm, const NvidiaPipelineOptions &options) {
  ConvertQsatToGPUOptions conversion;
  conversion.chip = options.chip;
  conversion.keys = options.keys;
  pm.addPass(createConvertQsatToGPU(conversion));
  addCleanup(pm);
}

/// After it: the LLVM and NVVM dialects in gpu.module.
void buildDevice(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  // Kernels are llvm.func where they need what gpu.func cannot say.
  kernels.addNestedPass<LLVM::LLVMFuncOp>(createExpandMathPass());
  kernels.addNestedPass<gpu::GPUFuncOp>(createExpandMathPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertMathToLLVMPass());
  kernels.addPass(createConvertNVVMToLLVMPass());
  kernels.addPass(createArithToLLVMConversionPass());
  kernels.addPass(createConvertIndexToLLVMPass());
  // On the module only. The host still has scf.
  pm.addPass(createConvertControlFlowToLLVMPass());
  OpPassManager &lowered = pm.nest<gpu::GPUModuleOp>();
  ConvertToLLVMPassOptions memory;
  memory.filterDialects = {"memref", "vector"};
  lowered.addPass(createConvertToLLVMPass(memory));
  lowered.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(lowered);
}

/// After it: gpu.binary with machine code, or PTX where there is no ptxas.
void buildBinary(OpPassManager &pm, const std::string &ptxas) {
  GpuModuleToBinaryPassOptions binary;
  binary.compilationTarget = "isa";
  pm.addPass(createGpuModuleToBinaryPass(binary));
  AssemblePTXPassOptions assembly;
  assembly.ptxas = ptxas;
  pm.addPass(createAssemblePTXPass(assembly));
}

/// After it: the LLVM dialect, gpu.binary, and gpu.launch_func of LLVM types.
void buildHost(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createGpuToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(pm);
}

} // namespace

std::vector<PipelineStage> getNvidiaPipelineStages(const NvidiaPipelineOptions &options) {
  std::vector<PipelineStage> stages;
  stages.push_back({"normalize", buildNormalize});
  if (options.raise)
    stages.push_back({"raise", buildRaise});
  Quality quality = getQuality(options.quality);
  double density = options.density;
  if (quality != Quality::Exact || density > 0)
    stages.push_back({"sparsify", [=](OpPassManager &pm) { buildSparse(pm, quality, density); }});
  stages.push_back({"arguments", buildArguments});
  stages.push_back({"kernels", [&options](OpPassManager &pm) { buildKernels(pm, options); }});
  stages.push_back({"device", buildDevice});
  std::string ptxas = options.ptxas;
  stages.push_back({"binary", [=](OpPassManager &pm) { buildBinary(pm, ptxas); }});
  stages.push_back({"host", buildHost});
  return stages;
}

void buildNvidiaPipeline(OpPassManager &pm, const NvidiaPipelineOptions &options) {
  for (const PipelineStage &stage : getNvidiaPipelineStages(options))
    stage.build(pm);
}

} // namespace qsat
