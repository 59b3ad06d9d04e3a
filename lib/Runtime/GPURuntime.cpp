//===- GPURuntime.cpp - What generated code for GPUs may call -------------===//
// No C++ library: what is linked to this needs libc only.

#include "qsat/Runtime/GPURuntime.h"
#include "qsat/Runtime/GPUScratch.h"

#include "CUDADriver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <pthread.h>

using namespace qsat::cuda;
using qsat::kScratchCounters;

namespace {

/// What belongs to the call that a thread is in.
struct Call {
  const char *function;
  void *stream;
  bool isEarly; ///< the next launch
  char error[512];
};
thread_local Call call;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
struct Lock {
  Lock() { pthread_mutex_lock(&mutex); }
  ~Lock() { pthread_mutex_unlock(&mutex); }
};

bool hasFailed() { return call.error[0] != 0; }

/// Keeps the first error: `what` of the call's function.
void fail(const char *what) {
  if (!hasFailed())
    snprintf(call.error, sizeof(call.error), "%s: %s", call.function ? call.function : "kernels", what);
}

/// Keeps an error of the driver: the call that `what` names, for `subject`.
bool check(const Driver &driver, Result result, const char *what, const char *subject) {
  if (result == 0)
    return true;
  const char *name = nullptr, *text = nullptr;
  driver.cuGetErrorName(result, &name);
  driver.cuGetErrorString(result, &text);
  char message[384];
  snprintf(message, sizeof(message), "%s of %s: %s (%s)", what, subject, name ? name : "unknown error",
           text ? text : "?");
  fail(message);
  return false;
}

/// The driver, with a current context; null after an error.
const Driver *enter(void **context) {
  if (hasFailed())
    return nullptr;
  const char *reason;
  const Driver *driver = getDriver(reason);
  if (!driver) {
    fail(reason);
    return nullptr;
  }
  *context = nullptr;
  if (driver->cuCtxGetCurrent(context) == 0 && *context)
    return driver;
  if (check(*driver, driver->cuInit(0), "cuInit", "the driver") &&
      check(*driver, driver->cuDevicePrimaryCtxRetain(context, 0), "cuDevicePrimaryCtxRetain", "device 0") &&
      check(*driver, driver->cuCtxSetCurrent(*context), "cuCtxSetCurrent", "device 0"))
    return driver;
  return nullptr;
}

/// While it lives, this thread may load modules and allocate though a stream
/// is being captured: neither becomes part of the graph.
struct OutsideCapture {
  explicit OutsideCapture(const Driver &driver) : driver(driver) {
    driver.cuThreadExchangeStreamCaptureMode(&mode);
  }
  ~OutsideCapture() { driver.cuThreadExchangeStreamCaptureMode(&mode); }
  const Driver &driver;
  int mode = 2; // CU_STREAM_CAPTURE_MODE_RELAXED
};

/// A kernel in a context.
struct Kernel {
  Kernel *next;
  const void *image;
  const char *name;
  Handle context, function;
  int32_t sharedBytes;
};
Kernel *kernels;

/// A counter of a stream in a context.
struct Counter {
  Counter *next;
  Handle context, stream;
  DevicePointer place;
};
Counter *counters;

/// Zeroed memory that counters are cut from.
constexpr size_t kSlabBytes = 64 << 10;
struct Slab {
  Slab *next;
  Handle context;
  DevicePointer free, end;
};
Slab *slabs;

/// Counters are a cache line apart.
constexpr size_t kCounterBytes = 128;

/// `bytes` of zeros. Waits for them, on a stream of its own: the memory may be
/// used on any stream after it.
DevicePointer allocateZeros(const Driver &driver, size_t bytes) {
  constexpr unsigned kNonBlocking = 1;
  OutsideCapture outside(driver);
  DevicePointer memory = 0;
  Handle stream;
  if (!check(driver, driver.cuMemAlloc(&memory, bytes), "cuMemAlloc", "counters") ||
      !check(driver, driver.cuStreamCreate(&stream, kNonBlocking), "cuStreamCreate", "counters"))
    return 0;
  bool done = check(driver, driver.cuMemsetD8Async(memory, 0, bytes, stream), "cuMemsetD8Async", "counters") &&
              check(driver, driver.cuStreamSynchronize(stream), "cuStreamSynchronize", "counters");
  driver.cuStreamDestroy(stream);
  return done ? memory : 0;
}

DevicePointer takeCounter(const Driver &driver, Handle context) {
  for (Slab *slab = slabs; slab; slab = slab->next) {
    if (slab->context != context || slab->free == slab->end)
      continue;
    DevicePointer place = slab->free;
    slab->free += kCounterBytes;
    return place;
  }
  DevicePointer memory = allocateZeros(driver, kSlabBytes);
  if (!memory)
    return 0;
  slabs = new (std::malloc(sizeof(Slab))) Slab{slabs, context, memory + kCounterBytes, memory + kSlabBytes};
  return memory;
}

/// Counters and scratch memory of a stream in a context.
struct Scratch {
  Scratch *next;
  Handle context, stream;
  DevicePointer place;
  int64_t bytes; ///< behind the counters
};
Scratch *scratches;

/// What calls take memory from on a device. What they give back stays there: to
/// take it again costs no call of the system.
struct Pool {
  Pool *next;
  int device;
  Handle pool;
};
Pool *pools;

Handle getPool(const Driver &driver, int device) {
  Lock lock;
  for (Pool *pool = pools; pool; pool = pool->next)
    if (pool->device == device)
      return pool->pool;
  constexpr int kPinned = 1, kDevice = 1, kReleaseThreshold = 4;
  PoolProperties properties = {kPinned, 0, kDevice, device, nullptr, 0, 0, {}};
  Handle handle;
  uint64_t all = ~uint64_t(0);
  OutsideCapture outside(driver);
  if (!check(driver, driver.cuMemPoolCreate(&handle, &properties), "cuMemPoolCreate", "the device") ||
      !check(driver, driver.cuMemPoolSetAttribute(handle, kReleaseThreshold, &all), "cuMemPoolSetAttribute",
             "the device"))
    return nullptr;
  pools = new (std::malloc(sizeof(Pool))) Pool{pools, device, handle};
  return handle;
}

/// Everything that a tensor map depends on.
struct MapKey {
  int64_t values[11];
};
struct TileMap {
  alignas(64) unsigned char bytes[128];
  MapKey key;
  bool isValid;
};
constexpr size_t kMaps = 64;
thread_local TileMap maps[kMaps];
alignas(64) unsigned char emptyMap[128];

bool encode(const Driver &driver, const MapKey &key, TileMap &map) {
  const int64_t *v = key.values;
  constexpr int kFloat16 = 6, kBFloat16 = 9, kSwizzle128 = 3, kPromote256 = 3;
  const uint64_t extents[] = {64, uint64_t(v[4]), uint64_t(v[5] / 64), uint64_t(v[3]), uint64_t(v[2])};
  const uint64_t strides[] = {uint64_t(2 * v[8]), 128, uint64_t(2 * v[7]), uint64_t(2 * v[6])};
  const unsigned box[] = {64, unsigned(v[9]), unsigned(v[10]), 1, 1}, ones[] = {1, 1, 1, 1, 1};
  return check(driver,
               driver.cuTensorMapEncodeTiled(map.bytes, v[1] ? kBFloat16 : kFloat16, 5,
                                             reinterpret_cast<void *>(v[0]), extents, strides, box, ones,
                                             /*interleave=*/0, kSwizzle128, kPromote256, /*fill=*/0),
               "cuTensorMapEncodeTiled",
               "an array (expected rows, heads and batches that start at multiples of 16 bytes)");
}

} // namespace

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

int32_t qsat_gpu_begin(const char *function, const qsat_parameter *parameters, int64_t count,
                       const qsat_array *arguments, int64_t *descriptors, void *stream) {
  call.function = function;
  call.stream = stream;
  call.isEarly = false;
  call.error[0] = 0;
  char message[256];
  for (int64_t n = 0; n < count; ++n) {
    const qsat_parameter &parameter = parameters[n];
    const qsat_array &array = arguments[n];
    int64_t rank = parameter.rank, contiguous = 1;
    descriptors[0] = descriptors[1] = reinterpret_cast<int64_t>(array.data);
    descriptors[2] = 0;
    for (int64_t d = rank; d-- > 0;) {
      int64_t extent = array.extents[d], stride = array.strides ? array.strides[d] : contiguous;
      int64_t wanted = parameter.strides[d] == -2 ? contiguous : parameter.strides[d];
      if (extent < 0 || (parameter.extents[d] >= 0 && extent != parameter.extents[d])) {
        snprintf(message, sizeof(message), "argument %lld: expected extent %lld in dimension %lld, but got %lld",
                 (long long)n, (long long)parameter.extents[d], (long long)d, (long long)extent);
        fail(message);
        return 1;
      }
      if (wanted >= 0 && stride != wanted && extent > 1) {
        snprintf(message, sizeof(message), "argument %lld: expected stride %lld in dimension %lld, but got %lld",
                 (long long)n, (long long)wanted, (long long)d, (long long)stride);
        fail(message);
        return 1;
      }
      descriptors[3 + d] = extent;
      descriptors[3 + rank + d] = stride;
      contiguous *= extent;
    }
    if (!array.data && contiguous > 0) {
      snprintf(message, sizeof(message), "argument %lld: expected a pointer, but got null", (long long)n);
      fail(message);
      return 1;
    }
    descriptors += 3 + 2 * rank;
  }
  return 0;
}

int32_t qsat_gpu_end(void) {
  call.stream = nullptr;
  return hasFailed();
}

const char *qsat_gpu_error(void) { return call.error; }
void *qsat_gpu_stream(void) { return call.stream; }

void *qsat_gpu_early(void *stream) {
  call.isEarly = true;
  return stream;
}

//===----------------------------------------------------------------------===//
// What launches need
//===----------------------------------------------------------------------===//

int64_t qsat_gpu_processors(void) {
  constexpr int kMultiprocessorCount = 16;
  Handle context;
  int device = 0, count = 1;
  if (const Driver *driver = enter(&context))
    check(*driver, driver->cuCtxGetDevice(&device), "cuCtxGetDevice", "the context") &&
        check(*driver, driver->cuDeviceGetAttribute(&count, kMultiprocessorCount, device), "cuDeviceGetAttribute",
              "the device");
  return count;
}

void *qsat_gpu_counter(void *stream) {
  Handle context;
  const Driver *driver = enter(&context);
  if (!driver)
    return nullptr;
  int capturing = 0;
  if (!check(*driver, driver->cuStreamIsCapturing(stream, &capturing), "cuStreamIsCapturing", "the stream"))
    return nullptr;
  Lock lock;
  if (!capturing)
    for (Counter *counter = counters; counter; counter = counter->next)
      if (counter->context == context && counter->stream == stream)
        return reinterpret_cast<void *>(counter->place);
  DevicePointer place = takeCounter(*driver, context);
  if (place && !capturing)
    counters = new (std::malloc(sizeof(Counter))) Counter{counters, context, stream, place};
  return reinterpret_cast<void *>(place);
}

void *qsat_gpu_scratch(void *stream, int64_t bytes) {
  Handle context;
  const Driver *driver = bytes > 0 ? enter(&context) : nullptr;
  int capturing = 0;
  if (!driver || !check(*driver, driver->cuStreamIsCapturing(stream, &capturing), "cuStreamIsCapturing", "the stream"))
    return nullptr;
  Lock lock;
  Scratch *found = scratches;
  while (found && !(found->context == context && found->stream == stream))
    found = found->next;
  if (found && found->bytes >= bytes && !capturing)
    return reinterpret_cast<void *>(found->place);
  // A graph has its own: it may run beside the stream.
  int64_t size = capturing || !found ? bytes : bytes > 2 * found->bytes ? bytes : 2 * found->bytes;
  DevicePointer place = allocateZeros(*driver, kScratchCounters * sizeof(int32_t) + size);
  if (!place)
    return nullptr;
  if (found && !capturing) {
    found->place = place;
    found->bytes = size;
  } else if (!capturing) {
    scratches = new (std::malloc(sizeof(Scratch))) Scratch{scratches, context, stream, place, size};
  }
  return reinterpret_cast<void *>(place);
}

void *qsat_gpu_rows(void *data, int64_t elementBytes, int64_t batches, int64_t heads, int64_t rows,
                    int64_t batchStride, int64_t headStride, int64_t rowStride) {
  constexpr int64_t kAlignment = 16;
  bool isAligned = reinterpret_cast<uintptr_t>(data) % kAlignment == 0 &&
                   (batches <= 1 || batchStride * elementBytes % kAlignment == 0) &&
                   (heads <= 1 || headStride * elementBytes % kAlignment == 0) &&
                   (rows <= 1 || rowStride * elementBytes % kAlignment == 0);
  if (isAligned)
    return data;
  fail("expected rows, heads and batches that start at multiples of 16 bytes");
  return nullptr;
}

void *qsat_gpu_allocate(int64_t bytes) {
  Handle context, pool;
  DevicePointer memory = 0;
  int device = 0;
  const Driver *driver = bytes > 0 ? enter(&context) : nullptr;
  if (!driver || !check(*driver, driver->cuCtxGetDevice(&device), "cuCtxGetDevice", "the context") ||
      !(pool = getPool(*driver, device)))
    return nullptr;
  char subject[64];
  snprintf(subject, sizeof(subject), "%lld bytes between kernels", (long long)bytes);
  check(*driver, driver->cuMemAllocFromPoolAsync(&memory, bytes, pool, call.stream), "cuMemAllocFromPoolAsync",
        subject);
  return reinterpret_cast<void *>(memory);
}

int32_t qsat_gpu_free(void *memory) {
  const char *reason;
  // Also after an error: nothing else would.
  const Driver *driver = memory ? getDriver(reason) : nullptr;
  if (driver)
    check(*driver, driver->cuMemFreeAsync(reinterpret_cast<DevicePointer>(memory), call.stream), "cuMemFreeAsync",
          "memory between kernels");
  return hasFailed();
}

const void *qsat_gpu_tile_map(void *data, int64_t isBF16, int64_t batches, int64_t heads, int64_t rows,
                              int64_t columns, int64_t batchStride, int64_t headStride, int64_t rowStride,
                              int64_t boxRows, int64_t boxPanels) {
  Handle context;
  const Driver *driver = enter(&context);
  if (!driver)
    return emptyMap;
  if (batches == 0 || heads == 0 || rows == 0) {
    fail("expected arrays with at least one row, head and batch: kernels of warpgroup products take no others");
    return emptyMap;
  }
  // The stride of an extent of 1 says nothing, but has to be one that is allowed.
  if (heads == 1)
    headStride = rows * rowStride;
  if (batches == 1)
    batchStride = heads * headStride;
  const MapKey key = {{reinterpret_cast<int64_t>(data), isBF16, batches, heads, rows, columns, batchStride,
                       headStride, rowStride, boxRows, boxPanels}};
  uint64_t hash = 0;
  for (int64_t value : key.values)
    hash = (hash ^ uint64_t(value)) * 0x9E3779B97F4A7C15u;
  TileMap &map = maps[hash >> 58];
  if (map.isValid && !memcmp(&map.key, &key, sizeof(key)))
    return map.bytes;
  map.key = key;
  map.isValid = encode(*driver, key, map);
  return map.isValid ? map.bytes : emptyMap;
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

// A module is its image: it is loaded into a context when a kernel is launched
// there, since a library is opened before there is any. It goes with the context.
void *mgpuModuleLoad(const void *image, size_t) { return const_cast<void *>(image); }
void *mgpuModuleLoadJIT(const void *image, int32_t, size_t) { return const_cast<void *>(image); }
void mgpuModuleUnload(void *) {}

void *mgpuModuleGetFunction(void *image, const char *name) {
  Handle context;
  const Driver *driver = enter(&context);
  if (!driver)
    return nullptr;
  Lock lock;
  for (Kernel *kernel = kernels; kernel; kernel = kernel->next)
    if (kernel->image == image && kernel->context == context && !strcmp(kernel->name, name))
      return kernel;
  OutsideCapture outside(*driver);
  Handle module, function;
  if (!check(*driver, driver->cuModuleLoadData(&module, image), "cuModuleLoadData", name) ||
      !check(*driver, driver->cuModuleGetFunction(&function, module, name), "cuModuleGetFunction", name))
    return nullptr;
  kernels = new (std::malloc(sizeof(Kernel))) Kernel{kernels, image, name, context, function, 0};
  return kernels;
}

void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY, intptr_t gridZ, intptr_t blockX,
                      intptr_t blockY, intptr_t blockZ, int32_t sharedBytes, void *stream, void **parameters,
                      void **extra, size_t) {
  Handle context;
  const Driver *driver = enter(&context);
  if (!driver || !function)
    return;
  Kernel *kernel = static_cast<Kernel *>(function);
  constexpr int kMaxDynamicSharedBytes = 8;
  if (sharedBytes > kernel->sharedBytes) {
    if (!check(*driver, driver->cuFuncSetAttribute(kernel->function, kMaxDynamicSharedBytes, sharedBytes),
               "cuFuncSetAttribute", kernel->name))
      return;
    kernel->sharedBytes = sharedBytes;
  }
  constexpr int kProgrammaticStreamSerialization = 6;
  LaunchAttribute early = {kProgrammaticStreamSerialization, {}, 1, {}};
  LaunchConfig config = {{unsigned(gridX), unsigned(gridY), unsigned(gridZ)},
                         {unsigned(blockX), unsigned(blockY), unsigned(blockZ)},
                         unsigned(sharedBytes),
                         stream,
                         &early,
                         call.isEarly ? 1u : 0u};
  call.isEarly = false;
  check(*driver, driver->cuLaunchKernelEx(&config, kernel->function, parameters, extra), "cuLaunchKernelEx",
        kernel->name);
}
