//===- DeviceFunction.h - Runs a function of a kernel library --*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_DEVICEFUNCTION_H
#define QSAT_LIB_TOOLS_DEVICEFUNCTION_H

#include "KernelLibrary.h"
#include "Npy.h"

#include "qsat/Runtime/GPURuntime.h"

namespace qsat::cuda {
struct Driver;
} // namespace qsat::cuda

namespace qsat::tools {

/// A function of a library, and its arrays in device memory.
class DeviceFunction {
public:
  /// Fails where there is no driver, or no device.
  static llvm::Error checkDriver();

  /// Loads `function` of the library at `path`. What it returned in the source
  /// are its last arguments, of the types `results`, all of static shape.
  static llvm::Expected<DeviceFunction> load(llvm::StringRef path, const ExportedFunction &function,
                                             llvm::ArrayRef<mlir::Type> results);
  DeviceFunction(DeviceFunction &&other) = default;
  ~DeviceFunction();

  /// Copies the arguments to the device, calls the function, waits, and copies
  /// its results back. `milliseconds`: of the call, without the copies.
  llvm::Expected<std::vector<NamedArray>> call(llvm::ArrayRef<NamedArray> arguments, double *milliseconds = nullptr);

private:
  DeviceFunction() = default;
  llvm::Error take(const Array &array);

  /// In the device's memory.
  struct Buffer {
    unsigned long long address;
    llvm::SmallVector<int64_t> extents;
  };
  std::vector<Buffer> buffers;
  std::vector<mlir::Type> results;
  int32_t (*function)(const qsat_array *, void *) = nullptr;
  const char *(*error)() = nullptr;
};

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_DEVICEFUNCTION_H
