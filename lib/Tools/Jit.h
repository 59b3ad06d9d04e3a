//===- Jit.h - Runs a function of an LLVM-dialect module ---------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_JIT_H
#define QSAT_LIB_TOOLS_JIT_H

#include "Npy.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/Target/TargetMachine.h"

namespace qsat::tools {

/// A compiled entry function and how to call it.
class CompiledFunction {
public:
  /// Compiles `module` (LLVM dialect) for this machine, at level 3. `entry` had
  /// the given argument and result types (tensors, scalars) before it was
  /// bufferized, and the attribute llvm.emit_c_interface.
  static llvm::Expected<CompiledFunction> compile(mlir::ModuleOp module, llvm::StringRef entry,
                                                  llvm::ArrayRef<mlir::Type> argumentTypes,
                                                  llvm::ArrayRef<mlir::Type> resultTypes);

  /// Calls the function and returns its results, named out0, out1, ... When
  /// `milliseconds` is given it receives the time that the call itself took.
  llvm::Expected<std::vector<NamedArray>> call(llvm::ArrayRef<NamedArray> arguments, double *milliseconds = nullptr);

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*function)(void **) = nullptr;
  std::vector<mlir::Type> resultTypes;
  /// Does the function take tensors (else a scalar) at this position?
  std::vector<bool> argumentIsTensor;
};

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_JIT_H
