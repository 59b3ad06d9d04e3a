//===- CUDADriver.cpp - CUDA's driver, found at run time ------------------===//

#include "CUDADriver.h"

#include <dlfcn.h>
#include <pthread.h>

using namespace qsat::cuda;

static Driver driver;
static const char *missing;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    missing = "expected CUDA's driver, but libcuda.so.1 cannot be loaded";
    return;
  }
  // In the order of the fields, which are all pointers to functions.
  static const char *const names[] = {
      "cuInit", "cuGetErrorName", "cuGetErrorString", "cuCtxGetCurrent", "cuCtxSetCurrent", "cuCtxGetDevice",
      "cuDevicePrimaryCtxRetain", "cuDeviceGetAttribute", "cuModuleLoadData", "cuModuleGetFunction",
      "cuFuncSetAttribute", "cuLaunchKernelEx", "cuMemAlloc_v2", "cuMemFree_v2", "cuMemcpyHtoD_v2",
      "cuMemcpyDtoH_v2", "cuMemPoolCreate",
      "cuMemPoolSetAttribute", "cuMemAllocFromPoolAsync", "cuMemFreeAsync", "cuMemsetD8Async", "cuStreamCreate",
      "cuStreamSynchronize", "cuStreamDestroy_v2", "cuStreamIsCapturing",
      "cuThreadExchangeStreamCaptureMode", "cuTensorMapEncodeTiled"};
  static_assert(sizeof(names) / sizeof(*names) == sizeof(Driver) / sizeof(void *), "one name for each function");
  void **functions = reinterpret_cast<void **>(&driver);
  for (const char *name : names) {
    *functions = dlsym(library, name);
    if (!*functions++)
      missing = "expected a driver for CUDA 12 or newer, but libcuda.so.1 lacks functions of it";
  }
}

const Driver *qsat::cuda::getDriver(const char *&reason) {
  pthread_once(&once, load);
  reason = missing;
  return missing ? nullptr : &driver;
}
