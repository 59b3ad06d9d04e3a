//===- DeviceMemory.h - Memrefs in device memory --------------*- C++ -*-===//
// A memref passes to a kernel of the driver as its parts: pointer, offset,
// extents, strides; an index as i64. Buffers between ops come from the runtime.

#ifndef QSAT_CONVERSION_QSATTOGPU_DEVICEMEMORY_H
#define QSAT_CONVERSION_QSATTOGPU_DEVICEMEMORY_H

#include "HostBuilder.h"

namespace qsat {

/// Types of the parts of a value of `type`.
llvm::SmallVector<mlir::Type> getPartTypes(mlir::Type type);
/// The parts of `value`.
llvm::SmallVector<mlir::Value> toParts(HostBuilder &b, mlir::Value value);
/// The value of `type` that has `parts`.
mlir::Value fromParts(mlir::ImplicitLocOpBuilder &b, mlir::Type type, mlir::ValueRange parts);

/// Turns allocations in `function` into calls of the runtime, which take and give
/// back memory in the order of the stream.
void allocateOnDevice(mlir::Operation *function, mlir::SymbolTable &symbols);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_DEVICEMEMORY_H
