//===- NvidiaKernel.h - Kernels as functions of LLVM ----------*- C++ -*-===//
// An llvm.func in a gpu.module, since gpu.func can say neither that an argument
// is a tensor map by value nor how memory is aligned.

#ifndef QSAT_CONVERSION_QSATTOGPU_NVIDIAKERNEL_H
#define QSAT_CONVERSION_QSATTOGPU_NVIDIAKERNEL_H

#include "HostBuilder.h"
#include "NvidiaBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace qsat {

/// Begins a kernel of `threads`, of which `blocks` shall fit a multiprocessor.
/// Its parameters are of the types of `fields`, host values; each becomes the
/// parameter. An array is passed by value, as a pointer to it.
void beginKernel(NvidiaBuilder &b, llvm::StringRef name, llvm::ArrayRef<mlir::Value *> fields, int64_t threads,
                 int64_t blocks);
/// The address of the shared memory that the launch asks for, 1024-byte aligned.
mlir::Value getSharedMemory(NvidiaBuilder &b, mlir::gpu::GPUModuleOp module);
void endKernel(NvidiaBuilder &b);

struct NvidiaLaunch {
  mlir::Value x, y, z; ///< blocks, i64; null: 1
  int64_t threads, sharedBytes;
};
void launchKernel(HostBuilder &b, mlir::SymbolRefAttr kernel, const NvidiaLaunch &launch,
                  llvm::ArrayRef<mlir::Value *> fields, mlir::Value stream);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_NVIDIAKERNEL_H
