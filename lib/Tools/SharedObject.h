//===- SharedObject.h - From the LLVM dialect to a library ----*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_SHAREDOBJECT_H
#define QSAT_LIB_TOOLS_SHAREDOBJECT_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace qsat::tools {

/// Compiles `module` (LLVM dialect) for any CPU of this machine's kind, links it
/// with `archives` and writes the shared library `path`, or nothing. Only
/// `exports` are visible. `compiler`: a C compiler to link with; empty: the
/// first of cc, clang and gcc.
llvm::Error writeSharedObject(mlir::ModuleOp module, llvm::StringRef path,
                              const std::vector<std::string> &archives,
                              const std::vector<std::string> &exports, llvm::StringRef compiler);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_SHAREDOBJECT_H
