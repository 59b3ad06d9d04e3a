//===- QsatCompile.cpp - The program qsat-compile -------------------------===//

#include "qsat/Tools/QsatCompile.h"

#include "Diagnostics.h"
#include "KernelLibrary.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;
using namespace mlir;

namespace qsat {
namespace {
using namespace tools;

cl::OptionCategory category("qsat-compile options");

struct Options {
  cl::opt<std::string> file{cl::Positional, cl::Required, cl::desc("<functions: .mlir or .mlirbc>"),
                            cl::cat(category)};
  cl::opt<std::string> output{"o", cl::value_desc("library.so"), cl::Required, cl::cat(category),
                              cl::desc("The library; library.h and library.json beside it tell how to\n"
                                       "call it")};
  cl::opt<std::string> target{"target", cl::value_desc("T"), cl::init("sm_90a"), cl::cat(category),
                              cl::desc("What to compile for: sm_90a (default)")};
  cl::opt<std::string> quality{"quality", cl::value_desc("Q"), cl::init("exact"), cl::cat(category),
                               cl::desc("How close to dense attention: exact (default), high, balanced\n"
                                        "or fast")};
  cl::opt<double> density{"density", cl::value_desc("SHARE"), cl::init(0.0), cl::cat(category),
                          cl::desc("Keep this share of the visible pairs, instead of a quality")};
  cl::opt<bool> noRaise{"no-raise", cl::desc("Leave attention in model IR as it is"), cl::cat(category)};
  cl::opt<std::string> ptxas{"ptxas", cl::value_desc("PROGRAM"), cl::init("ptxas"), cl::cat(category),
                             cl::desc("CUDA's assembler; without one the library has PTX, which\n"
                                      "the driver compiles")};
  cl::opt<std::string> compiler{"cc", cl::value_desc("PROGRAM"), cl::cat(category),
                                cl::desc("C compiler to link with (default: cc, clang or gcc)")};
  cl::opt<int64_t> keys{"keys", cl::value_desc("N"), cl::init(0), cl::cat(category),
                        cl::desc("Keys of a tile of dense attention (default: best for the shape)")};
};

Error fail(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

/// Writes all of `text` to `path`, or nothing.
Error writeText(StringRef path, StringRef text) {
  Error error = writeToOutput(path, [&](raw_ostream &os) {
    os << text;
    return Error::success();
  });
  return error ? fail(path + ": " + toString(std::move(error))) : Error::success();
}

std::string getGuard(StringRef path) {
  std::string guard = "QSAT_" + sys::path::stem(path).upper() + "_H";
  for (char &c : guard)
    if (!llvm::isAlnum(c))
      c = '_';
  return guard;
}

Error run(Options &options, DialectRegistry &registry, StringRef program) {
  if (!is_contained({"exact", "high", "balanced", "fast"}, options.quality))
    return fail("--quality: expected exact, high, balanced or fast, but got " + options.quality);
  if (options.density.getNumOccurrences() && !(options.density > 0 && options.density <= 1))
    return fail("--density: expected a number in (0, 1], but got " + formatv("{0}", options.density.getValue()).str());
  Expected<std::string> runtime = findKernelRuntime(program);
  if (!runtime)
    return runtime.takeError();
  StringRef parent = sys::path::parent_path(options.output);
  if (!sys::fs::is_directory(parent.empty() ? "." : parent))
    return fail(options.output + ": expected an existing directory to write to");

  MLIRContext context(registry);
  SourceMgr sourceManager;
  SourceMgrDiagnosticHandler printer(sourceManager, &context, errs());
  FirstErrorHandler handler(&context);
  Expected<OwningOpRef<ModuleOp>> parsed = readModule(options.file, sourceManager, &context, handler);
  if (!parsed)
    return parsed.takeError();
  OwningOpRef<ModuleOp> &module = *parsed;
  if (markFunctions(*module).empty())
    return fail(options.file + ": expected a public function with a body");

  KernelLibraryOptions libraryOptions;
  libraryOptions.target = options.target.getValue();
  libraryOptions.ptxas = options.ptxas.getValue();
  libraryOptions.compiler = options.compiler.getValue();
  libraryOptions.raise = !options.noRaise;
  libraryOptions.quality = options.quality.getValue();
  libraryOptions.density = options.density;
  libraryOptions.keys = options.keys;
  Expected<KernelLibrary> library = writeKernelLibrary(*module, options.output, *runtime, libraryOptions, handler);
  if (!library)
    return library.takeError();

  SmallString<128> header(options.output), list(options.output);
  sys::path::replace_extension(header, "h");
  sys::path::replace_extension(list, "json");
  if (Error error = writeText(header, getHeader(library->functions, getGuard(options.output))))
    return error;
  return writeText(list, library->manifest);
}

} // namespace

int compileMain(int argc, char **argv, DialectRegistry &registry) {
  InitLLVM init(argc, argv);
  Options options;
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Compiles the public functions of a module, which take arrays in device memory,\n"
                              "to a shared library that needs neither LLVM nor this program.\n\n"
                              "  qsat-compile attention.mlir --target=sm_90a -o libattention.so\n");
  std::string program = sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&compileMain));
  if (Error error = run(options, registry, program))
    return reportError(std::move(error));
  return 0;
}

} // namespace qsat
