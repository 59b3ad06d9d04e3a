//===- KernelLibrary.h - Functions on a GPU as a library -------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_KERNELLIBRARY_H
#define QSAT_LIB_TOOLS_KERNELLIBRARY_H

#include "Diagnostics.h"
#include "Interface.h"

namespace qsat::tools {

struct KernelLibraryOptions {
  // As in NvidiaPipelineOptions; `target` is the chip there.
  std::string target;
  std::string ptxas = "ptxas", compiler;
  bool raise = true;
  std::string quality = "exact";
  double density = 0;
  int64_t keys = 0;
};

/// A library of the public functions of a module: its functions and manifest.
struct KernelLibrary {
  std::vector<ExportedFunction> functions;
  std::string manifest;
};

/// The archive of the runtime that libraries are linked with, which lies beside
/// `program`; an error where there is none.
llvm::Expected<std::string> findKernelRuntime(llvm::StringRef program);

/// Compiles `module`, which becomes the LLVM dialect, to the shared library
/// `path`, or to nothing.
llvm::Expected<KernelLibrary> writeKernelLibrary(mlir::ModuleOp module, llvm::StringRef path,
                                                 const std::string &runtime, const KernelLibraryOptions &options,
                                                 const FirstErrorHandler &handler);

/// The public functions with a body, marked for their C interface.
llvm::SmallVector<mlir::func::FuncOp> markFunctions(mlir::ModuleOp module);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_KERNELLIBRARY_H
