//===- CUDADriver.h - CUDA's driver, found at run time --------*- C++ -*-===//

#ifndef QSAT_LIB_RUNTIME_CUDADRIVER_H
#define QSAT_LIB_RUNTIME_CUDADRIVER_H

#include <cstddef>
#include <cstdint>

namespace qsat::cuda {

using Result = int; ///< CUresult; 0 is success
using Handle = void *;
using DevicePointer = unsigned long long;

/// CUmemPoolProps.
struct PoolProperties {
  int allocationType, handleTypes, locationType, locationId;
  void *security;
  size_t maxSize;
  unsigned short usage;
  unsigned char reserved[54];
};

/// CUlaunchAttribute, of values that are an int.
struct LaunchAttribute {
  int number;
  char padding[4];
  int value;
  char reserved[60];
};

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned grid[3], block[3], sharedBytes;
  Handle stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

/// The functions of libcuda.so.1 that are used, as cuda.h declares them.
struct Driver {
  Result (*cuInit)(unsigned);
  Result (*cuGetErrorName)(Result, const char **);
  Result (*cuGetErrorString)(Result, const char **);
  Result (*cuCtxGetCurrent)(Handle *);
  Result (*cuCtxSetCurrent)(Handle);
  Result (*cuCtxGetDevice)(int *);
  Result (*cuDevicePrimaryCtxRetain)(Handle *, int);
  Result (*cuDeviceGetAttribute)(int *, int, int);
  Result (*cuModuleLoadData)(Handle *, const void *);
  Result (*cuModuleGetFunction)(Handle *, Handle, const char *);
  Result (*cuFuncSetAttribute)(Handle, int, int);
  Result (*cuLaunchKernelEx)(const LaunchConfig *, Handle, void **, void **);
  Result (*cuMemAlloc)(DevicePointer *, size_t);
  Result (*cuMemFree)(DevicePointer);
  Result (*cuMemcpyHtoD)(DevicePointer, const void *, size_t);
  Result (*cuMemcpyDtoH)(void *, DevicePointer, size_t);
  Result (*cuMemPoolCreate)(Handle *, const PoolProperties *);
  Result (*cuMemPoolSetAttribute)(Handle, int, void *);
  Result (*cuMemAllocFromPoolAsync)(DevicePointer *, size_t, Handle, Handle);
  Result (*cuMemFreeAsync)(DevicePointer, Handle);
  Result (*cuMemsetD8Async)(DevicePointer, unsigned char, size_t, Handle);
  Result (*cuStreamCreate)(Handle *, unsigned);
  Result (*cuStreamSynchronize)(Handle);
  Result (*cuStreamDestroy)(Handle);
  Result (*cuStreamIsCapturing)(Handle, int *);
  Result (*cuThreadExchangeStreamCaptureMode)(int *);
  Result (*cuTensorMapEncodeTiled)(void *, int, unsigned, void *, const uint64_t *, const uint64_t *,
                                   const unsigned *, const unsigned *, int, int, int, int);
};

/// The driver, or null; then `reason` says why.
const Driver *getDriver(const char *&reason);

} // namespace qsat::cuda

#endif // QSAT_LIB_RUNTIME_CUDADRIVER_H
