//===- Interface.h - How compiled functions are called from C --*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_INTERFACE_H
#define QSAT_LIB_TOOLS_INTERFACE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace qsat::tools {

/// A function of the library: what it takes, all arrays in device memory, of
/// which the last `results` are what it returns in the source.
struct ExportedFunction {
  std::string name;
  std::vector<mlir::MemRefType> arguments;

  /// Fails with a reason where an argument is no array that C can pass.
  static llvm::Expected<ExportedFunction> get(mlir::func::FuncOp function);

  /// `bf16[?,8,512,64]`.
  static std::string describe(mlir::MemRefType type);
  llvm::json::Object toJSON() const;
};

/// Adds to `module` (LLVM dialect) for each function
///
///   int32_t NAME(const qsat_array *arguments, void *stream)
///
/// around its `_mlir_ciface_` function, `const char *qsat_error(void)`, and
/// `const char qsat_manifest[]`. All else becomes internal.
void buildInterface(mlir::ModuleOp module, llvm::ArrayRef<ExportedFunction> functions,
                    llvm::StringRef manifest);

/// The C header of the library.
std::string getHeader(llvm::ArrayRef<ExportedFunction> functions, llvm::StringRef guard);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_INTERFACE_H
