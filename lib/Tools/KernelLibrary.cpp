//===- KernelLibrary.cpp - Functions on a GPU as a library ----------------===//

#include "KernelLibrary.h"

#include "SharedObject.h"

#include "qsat/Pipelines/Pipelines.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;
using namespace mlir;

namespace qsat::tools {

SmallVector<func::FuncOp> markFunctions(ModuleOp module) {
  SmallVector<func::FuncOp> functions;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || !function.isPublic())
      continue;
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(), UnitAttr::get(module.getContext()));
    functions.push_back(function);
  }
  return functions;
}

/// Fails with the first op that no stage of the pipeline has lowered.
static LogicalResult checkLowered(ModuleOp module) {
  WalkResult walk = module.walk([](Operation *op) {
    if (isa<ModuleOp, UnrealizedConversionCastOp, gpu::BinaryOp, gpu::LaunchFuncOp>(op) ||
        op->getName().getDialectNamespace() == "llvm")
      return WalkResult::advance();
    op->emitError() << "the NVIDIA pipeline cannot lower '" << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

/// Brings `module` to the LLVM dialect; what its functions take is known half
/// way, when all are arrays.
static Error runPipeline(ModuleOp module, const KernelLibraryOptions &options, const FirstErrorHandler &handler,
                         std::vector<ExportedFunction> &exported) {
  NvidiaPipelineOptions pipeline;
  pipeline.raise = options.raise;
  pipeline.chip = options.target;
  pipeline.ptxas = options.ptxas;
  pipeline.quality = options.quality;
  pipeline.density = options.density;
  pipeline.keys = options.keys;
  for (const PipelineStage &stage : getNvidiaPipelineStages(pipeline)) {
    mlir::PassManager pm(module.getContext());
    stage.build(pm);
    if (failed(pm.run(module)))
      return getFailure(handler, "stage '" + stage.name + "' failed");
    if (stage.name != "arguments")
      continue;
    for (func::FuncOp function : markFunctions(module)) {
      Expected<ExportedFunction> found = ExportedFunction::get(function);
      if (!found)
        return found.takeError();
      exported.push_back(*found);
    }
  }
  return failed(checkLowered(module)) ? make_error<ReportedError>() : Error::success();
}

Expected<std::string> findKernelRuntime(StringRef program) {
  SmallString<128> archive(sys::path::parent_path(sys::path::parent_path(program)));
  sys::path::append(archive, "lib", "libQsatGPURuntime.a");
  if (!sys::fs::exists(archive))
    return createStringError(archive + ": expected the runtime of kernels beside this program");
  return archive.str().str();
}

Expected<KernelLibrary> writeKernelLibrary(ModuleOp module, StringRef path, const std::string &runtime,
                                           const KernelLibraryOptions &options, const FirstErrorHandler &handler) {
  InitializeAllTargets();
  InitializeAllTargetMCs();
  InitializeAllAsmPrinters();
  KernelLibrary library;
  if (Error error = runPipeline(module, options, handler, library.functions))
    return std::move(error);
  json::Array functions;
  std::vector<std::string> names{"qsat_error", "qsat_manifest"};
  for (const ExportedFunction &function : library.functions) {
    functions.push_back(function.toJSON());
    names.push_back(function.name);
  }
  json::Value manifest = json::Object{{"target", options.target}, {"functions", std::move(functions)}};
  library.manifest = formatv("{0:2}\n", manifest).str();
  buildInterface(module, library.functions, library.manifest);
  if (Error error = writeSharedObject(module, path, {runtime}, names, options.compiler))
    return handler.sawError() ? joinErrors(make_error<ReportedError>(), std::move(error)) : std::move(error);
  return library;
}

} // namespace qsat::tools
