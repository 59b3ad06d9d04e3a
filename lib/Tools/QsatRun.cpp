//===- QsatRun.cpp - The program qsat-run ---------------------------------===//

#include "qsat/Tools/QsatRun.h"

#include "Arguments.h"
#include "DeviceFunction.h"
#include "Diagnostics.h"
#include "HtmlReport.h"
#include "Jit.h"
#include "Progress.h"
#include "Report.h"

#include "qsat/Pipelines/Pipelines.h"
#include "qsat/Runtime/Runtime.h"
#include "qsat/Target/GPUTarget.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

#include <malloc.h>
#include <omp.h>

using namespace llvm;
using namespace mlir;

namespace qsat {
namespace {
using namespace tools;

cl::OptionCategory category("qsat-run options");

struct Options {
  cl::opt<std::string> file{cl::Positional, cl::Required, cl::desc("<model: .mlir or .mlirbc>"), cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::desc("Function to run (default: main)"), cl::init("main"),
                             cl::cat(category)};
  cl::list<std::string> inputs{
      "inputs", cl::CommaSeparated, cl::value_desc("a.npz,b.npy,..."), cl::cat(category),
      cl::desc("Arguments: the arrays of these files in order; an archive whose members are all\n"
               "called argN gives argument N instead. bf16 is read and written as uint16 bits")};
  cl::opt<std::string> outputs{"outputs", cl::value_desc("out.npz"), cl::cat(category),
                               cl::desc("Write the results as out0, out1, ... to this archive,\n"
                                        "or a single one to an .npy file")};
  cl::opt<std::string> target{"target", cl::value_desc("T"), cl::init("cpu"), cl::cat(category),
                              cl::desc("Run on this processor (cpu, default), or on an NVIDIA GPU\n"
                                       "(sm_90a, sm_80, ...): a model of attention only, with results\n"
                                       "of static shape")};
  cl::opt<int> threads{"threads", cl::value_desc("N"), cl::init(0), cl::cat(category),
                       cl::desc("OpenMP threads (default: all processors)")};
  cl::opt<int> time{"time", cl::value_desc("R"), cl::init(0), cl::cat(category),
                    cl::desc("Run R times after one warm-up and print times, those of qsat ops too")};
  cl::opt<std::string> quality{"quality", cl::value_desc("Q"), cl::init("exact"), cl::cat(category),
                               cl::desc("How close to dense attention: exact (default), high,\n"
                                        "balanced or fast")};
  cl::opt<double> density{"density", cl::value_desc("X"), cl::init(0), cl::cat(category),
                          cl::desc("Keep this share of the visible key blocks, 0 < X <= 1")};
  cl::opt<bool> int8{"int8", cl::cat(category),
                     cl::desc("Choose key blocks by scores in 8 bits of every 8th row: better lists\n"
                              "than those of quality balanced or fast for about the same cost")};
  cl::opt<bool> audit{"audit", cl::cat(category),
                      cl::desc("Recompute a random sample of rows exactly after each sparse\n"
                               "attention, and report its relative error with an interval")};
  cl::opt<double> auditShare{"audit-share", cl::value_desc("X"), cl::init(0), cl::cat(category),
                             cl::desc("Share of the rows that --audit recomputes\n"
                                      "(default: 1/64, two of max(block-m, 128) rows)")};
  cl::opt<int64_t> seed{"seed", cl::value_desc("N"), cl::init(0), cl::cat(category),
                        cl::desc("Seed of the sample of --audit")};
  cl::opt<std::string> lowering{"lowering", cl::value_desc("L"), cl::init("loops"), cl::cat(category),
                                cl::desc("Lower qsat ops as kernels (loops, default), as their\n"
                                         "executable reference (linalg), or attention as the\n"
                                         "portable GPU kernels, run by threads (gpu)")};
  cl::opt<bool> noRaise{"no-raise", cl::desc("Leave attention in model IR as it is"), cl::cat(category)};
  cl::opt<std::string> saveIR{"save-ir", cl::value_desc("DIR"), cl::cat(category),
                              cl::desc("Write the IR after each stage to DIR")};
  cl::list<std::string> reports{"report", cl::CommaSeparated, cl::value_desc("FILE.json|html,..."), cl::cat(category),
                                cl::desc("Write times, realised densities and kept masses to these files,\n"
                                         "as JSON or as a page, as the name ends")};
  cl::opt<bool> progress{"progress", cl::desc("Print every stage and its time to stderr"), cl::cat(category)};
  cl::alias verbose{"v", cl::desc("Same as --progress"), cl::aliasopt(progress), cl::cat(category)};
};

Error fail(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

Error checkOptions(const Options &options) {
  if (!is_contained({"exact", "high", "balanced", "fast"}, options.quality))
    return fail("--quality: expected exact, high, balanced or fast, but got " + options.quality);
  if (!is_contained({"loops", "linalg", "gpu"}, options.lowering))
    return fail("--lowering: expected loops, linalg or gpu, but got " + options.lowering);
  if (options.target != "cpu") {
    Expected<GPUTarget> target = GPUTarget::get(options.target);
    if (!target)
      return fail("--target: " + toString(target.takeError()));
    if (!target->hasRuntime)
      return fail("--target: expected cpu or an NVIDIA GPU, but got " + options.target);
    if (options.lowering != "loops" || options.audit || options.int8)
      return fail("--target: expected no --audit, no --int8 and no --lowering with " + options.target);
    if (Error error = DeviceFunction::checkDriver())
      return fail("--target=" + options.target + ": " + toString(std::move(error)));
  }
  if (options.density.getNumOccurrences() && !(options.density > 0 && options.density <= 1))
    return fail("--density: expected a number in (0, 1], but got " + formatv("{0}", options.density.getValue()).str());
  if (options.auditShare.getNumOccurrences() && !(options.auditShare > 0 && options.auditShare <= 1))
    return fail("--audit-share: expected a number in (0, 1], but got " +
                formatv("{0}", options.auditShare.getValue()).str());
  if (options.audit && options.lowering != "loops")
    return fail("--audit: expected --lowering=loops, which reports what it finds, but got " + options.lowering);
  if (options.audit && options.quality == "exact" && options.density == 0)
    return fail("--audit: expected --quality or --density, since dense attention is exact");
  if (options.int8 && options.quality == "exact" && options.density == 0)
    return fail("--int8: expected --quality or --density, since dense attention scores no blocks");
  if (options.threads.getNumOccurrences() && options.threads < 1)
    return fail("--threads: expected a positive number, but got " + Twine(options.threads.getValue()));
  if (options.time < 0)
    return fail("--time: expected a number that is not negative, but got " + Twine(options.time.getValue()));
  // Found out before minutes of work, not after.
  std::vector<std::string> written(options.reports.begin(), options.reports.end());
  for (const std::string &path : written)
    if (!StringRef(path).ends_with(".json") && !StringRef(path).ends_with(".html"))
      return fail("--report: expected a file that ends in .json or .html, but got " + path);
  written.push_back(options.outputs);
  for (const std::string &path : written) {
    StringRef parent = sys::path::parent_path(path);
    if (!path.empty() && !sys::fs::is_directory(parent.empty() ? "." : parent))
      return fail(path + ": expected an existing directory to write to");
    if (!path.empty() && sys::fs::is_directory(path))
      return fail(path + ": expected a file to write, but it is a directory");
  }
  return Error::success();
}

/// The function to run. The others become private: what is not called from it
/// is dropped.
Expected<func::FuncOp> findEntry(ModuleOp module, StringRef name) {
  func::FuncOp entry;
  std::string names;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    names += (names.empty() ? "" : ", ") + function.getSymName().str();
    if (function.getSymName() == name)
      entry = function;
    else
      function.setPrivate();
  }
  if (!entry)
    return fail("no function '" + name + "'; the module has " + (names.empty() ? "none" : names));
  if (entry.isDeclaration())
    return fail("function '" + name + "' has no body");
  for (auto [number, type] : enumerate(entry.getArgumentTypes()))
    if (Error error = checkType(type))
      return fail("argument " + Twine(number) + ": " + toString(std::move(error)));
  for (auto [number, type] : enumerate(entry.getResultTypes()))
    if (Error error = checkType(type))
      return fail("result " + Twine(number) + ": " + toString(std::move(error)));
  entry.setPublic();
  // Arguments are not written in place: a timed run would see what the run
  // before it left.
  for (auto [number, type] : enumerate(entry.getArgumentTypes()))
    if (isa<RankedTensorType>(type))
      entry.setArgAttr(number, bufferization::BufferizationDialect::kWritableAttrName,
                       BoolAttr::get(module.getContext(), false));
  entry->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(), UnitAttr::get(module.getContext()));
  return entry;
}

/// Writes all of `text` to `path`, or nothing.
Error writeText(StringRef path, llvm::function_ref<void(raw_ostream &)> print) {
  Error error = writeToOutput(path, [&](raw_ostream &os) {
    print(os);
    return Error::success();
  });
  if (error)
    return fail(path + ": " + toString(std::move(error)));
  return error;
}

Error saveIR(ModuleOp module, StringRef directory, size_t number, StringRef stage) {
  if (std::error_code error = sys::fs::create_directories(directory))
    return fail(directory + ": " + error.message());
  SmallString<128> path(directory);
  sys::path::append(path, formatv("{0}{1}-{2}.mlir", number / 10, number % 10, stage).str());
  return writeText(path, [&](raw_ostream &os) {
    module.print(os, OpPrintingFlags().elideLargeElementsAttrs(32).elideLargeResourceString(64));
  });
}

/// How the attention of the model is compiled, as RunReport says it.
std::string describeAttention(const Options &options) {
  if (options.density > 0)
    return formatv("density={0}", options.density.getValue());
  return options.quality == "exact" ? "dense" : "quality=" + options.quality;
}

Error writeReports(const RunReport &report, const Options &options) {
  json::Object object = report.toJSON();
  for (const std::string &path : options.reports) {
    Error error = writeText(path, [&](raw_ostream &os) {
      if (StringRef(path).ends_with(".html"))
        printHTML(object, os);
      else
        os << formatv("{0:2}\n", json::Value(json::Object(object)));
    });
    if (error)
      return error;
  }
  return Error::success();
}

void setPipelineOptions(CPUPipelineOptions &pipeline, const Options &options) {
  pipeline.raise = !options.noRaise;
  pipeline.quality = options.quality.getValue();
  pipeline.density = options.density.getValue();
  pipeline.lowering = options.lowering.getValue();
  pipeline.int8 = options.int8.getValue();
  pipeline.audit = options.audit.getValue();
  pipeline.auditShare = options.auditShare.getValue();
  pipeline.seed = options.seed.getValue();
  pipeline.instrument = options.time > 0 || options.audit || !options.reports.empty();
}

/// Fails with the first op that no stage of the pipeline has lowered.
LogicalResult checkLowered(ModuleOp module) {
  WalkResult walk = module.walk([](Operation *op) {
    if (isa<ModuleOp, UnrealizedConversionCastOp>(op) ||
        is_contained({"llvm", "omp"}, op->getName().getDialectNamespace()))
      return WalkResult::advance();
    op->emitError() << "the CPU pipeline cannot lower '" << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

/// Brings `module` to the LLVM dialect.
Error runPipeline(ModuleOp module, const Options &options, const FirstErrorHandler &handler, Progress &progress,
                  RunReport &report) {
  if (!options.saveIR.empty())
    if (Error error = saveIR(module, options.saveIR, 0, "input"))
      return error;
  CPUPipelineOptions pipelineOptions;
  setPipelineOptions(pipelineOptions, options);
  for (auto [number, stage] : enumerate(getCPUPipelineStages(pipelineOptions))) {
    progress.start("compiling: " + stage.name);
    mlir::PassManager pm(module.getContext());
    stage.build(pm);
    bool stageFailed = failed(pm.run(module));
    report.stages.push_back({stage.name, progress.start("")});
    if (stageFailed)
      return getFailure(handler, "stage '" + stage.name + "' failed");
    report.readOps(module);
    if (!options.saveIR.empty())
      if (Error error = saveIR(module, options.saveIR, number + 1, stage.name))
        return error;
  }
  if (failed(checkLowered(module)))
    return make_error<ReportedError>();
  return Error::success();
}

/// Calls the compiled function; the time of the call itself in milliseconds.
using Call = std::function<Expected<std::vector<NamedArray>>(ArrayRef<NamedArray>, double *)>;

/// Compiles `entry` for this processor.
Expected<Call> compileForHost(ModuleOp module, const Options &options, ArrayRef<mlir::Type> argumentTypes,
                              ArrayRef<mlir::Type> resultTypes, const FirstErrorHandler &handler, Progress &progress,
                              RunReport &report) {
  if (Error error = runPipeline(module, options, handler, progress, report))
    return std::move(error);
  progress.start("compiling: machine code");
  Expected<CompiledFunction> function = CompiledFunction::compile(module, options.entry, argumentTypes, resultTypes);
  report.stages.push_back({"machine code", progress.start("")});
  if (!function) {
    std::string reason = toString(function.takeError());
    return getFailure(handler, reason);
  }
  auto shared = std::make_shared<CompiledFunction>(std::move(*function));
  return Call([=](ArrayRef<NamedArray> arguments, double *milliseconds) {
    return shared->call(arguments, milliseconds);
  });
}

/// Compiles `entry` for a GPU: to a library, which this process loads.
Expected<Call> compileForDevice(ModuleOp module, const Options &options, ArrayRef<mlir::Type> resultTypes,
                                const FirstErrorHandler &handler, Progress &progress, RunReport &report) {
  std::string program = sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&runMain));
  Expected<std::string> runtime = findKernelRuntime(program);
  if (!runtime)
    return runtime.takeError();
  SmallString<64> path;
  if (std::error_code error = sys::fs::createTemporaryFile("qsat", "so", path))
    return fail("cannot create a temporary file: " + error.message());
  FileRemover remover(path);
  progress.start("compiling: library of kernels");
  KernelLibraryOptions libraryOptions;
  libraryOptions.target = options.target.getValue();
  libraryOptions.raise = !options.noRaise;
  libraryOptions.quality = options.quality.getValue();
  libraryOptions.density = options.density;
  Expected<KernelLibrary> library = writeKernelLibrary(module, path, *runtime, libraryOptions, handler);
  report.stages.push_back({"library of kernels", progress.start("")});
  if (!library)
    return library.takeError();
  Expected<DeviceFunction> function = DeviceFunction::load(path, library->functions.front(), resultTypes);
  if (!function)
    return function.takeError();
  auto shared = std::make_shared<DeviceFunction>(std::move(*function));
  return Call([=](ArrayRef<NamedArray> arguments, double *milliseconds) {
    return shared->call(arguments, milliseconds);
  });
}

Error run(Options &options, DialectRegistry &registry) {
  if (Error error = checkOptions(options))
    return error;
  Progress progress(options.progress);
  RunReport report;
  report.model = sys::path::filename(options.file).str();
  report.attention = describeAttention(options);

  MLIRContext context(registry);
  SourceMgr sourceManager;
  SourceMgrDiagnosticHandler printer(sourceManager, &context, errs());
  FirstErrorHandler handler(&context);
  progress.start("reading " + options.file);
  Expected<OwningOpRef<ModuleOp>> parsed = readModule(options.file, sourceManager, &context, handler);
  if (!parsed)
    return parsed.takeError();
  OwningOpRef<ModuleOp> &module = *parsed;
  Expected<func::FuncOp> entry = findEntry(*module, options.entry);
  if (!entry)
    return fail(options.file + ": " + toString(entry.takeError()));
  std::vector<mlir::Type> argumentTypes(entry->getArgumentTypes().begin(), entry->getArgumentTypes().end());
  std::vector<mlir::Type> resultTypes(entry->getResultTypes().begin(), entry->getResultTypes().end());

  progress.start("reading inputs");
  Expected<std::vector<NamedArray>> arguments = loadArguments(options.inputs, argumentTypes);
  if (!arguments)
    return arguments.takeError();

  Expected<Call> call =
      options.target == "cpu"
          ? compileForHost(*module, options, argumentTypes, resultTypes, handler, progress, report)
          : compileForDevice(*module, options, resultTypes, handler, progress, report);
  if (!call)
    return call.takeError();
  for (const auto &stage : report.stages)
    report.compileMs += stage.second;

  // Freed buffers are reused by the next run, and not returned to the system
  // page by page.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  if (options.threads)
    omp_set_num_threads(options.threads);
  report.threads = omp_get_max_threads();
  progress.start("running");
  Expected<std::vector<NamedArray>> results = (*call)(*arguments, nullptr);
  progress.start("");
  if (!results)
    return results.takeError();
  if (!options.outputs.empty())
    if (Error error = writeArrays(options.outputs, *results))
      return error;

  bool measures = options.time || !options.reports.empty();
  if (measures)
    resetProfile();
  for (int i = 0, e = measures ? std::max(1, options.time.getValue()) : 0; i < e; ++i) {
    clearEvidence();
    progress.start(formatv("timed run {0} of {1}", i + 1, e).str());
    double milliseconds = 0;
    Expected<std::vector<NamedArray>> repeated = (*call)(*arguments, &milliseconds);
    progress.start("");
    if (!repeated)
      return repeated.takeError();
    report.runMs.push_back(milliseconds);
  }
  if (options.time)
    report.print(outs());
  if (options.audit)
    report.printAudits(outs());
  return writeReports(report, options);
}

} // namespace

int runMain(int argc, char **argv, DialectRegistry &registry) {
  InitLLVM init(argc, argv);
  // libLLVM.so has options of its own for all of its tools.
  if (cl::Option *threads = cl::getRegisteredOptions().lookup("threads"))
    threads->removeArgument();
  Options options;
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Compiles a function of a model (func, linalg, tensor, tosa, ... in .mlir or .mlirbc)\n"
                              "and runs it on numpy arrays.\n\n"
                              "  qsat-run model.mlir --inputs=ids.npy,weights.npz --outputs=logits.npz --time=10\n");
  if (Error error = run(options, registry))
    return reportError(std::move(error));
  return 0;
}

} // namespace qsat
