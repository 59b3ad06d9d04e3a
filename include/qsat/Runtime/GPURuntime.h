//===- GPURuntime.h - What generated code for GPUs may call ------*- C++ -*-===//
//
// The runtime of compiled kernels: a thin layer over CUDA's driver, which is
// loaded when the first kernel is. Plain C, so that a library of kernels needs
// neither CUDA's toolkit to be linked nor any of LLVM to run. All work goes to
// the stream of the call, in the context that is current (that of the first
// device where there is none); nothing waits for the device. The first error of
// a call is kept, and stops what comes after it.
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_RUNTIME_GPURUNTIME_H
#define QSAT_RUNTIME_GPURUNTIME_H

#include <cstddef>
#include <cstdint>

extern "C" {

/// An array in device memory. `strides` count elements; null: contiguous.
struct qsat_array {
  void *data;
  const int64_t *extents;
  const int64_t *strides;
};

/// What a function takes as one of its arguments: `extents` are -1 where any
/// fits; so are `strides`, or -2 where the array has to be contiguous.
struct qsat_parameter {
  int64_t rank, elementBytes;
  int64_t extents[8], strides[8];
};

/// Begins a call of `function` on `stream`: checks the arguments and fills
/// `descriptors`, one after the other, with what generated code takes: pointer
/// twice, offset, extents, strides. Returns 0, or 1 after an error.
int32_t qsat_gpu_begin(const char *function, const qsat_parameter *parameters, int64_t count,
                       const qsat_array *arguments, int64_t *descriptors, void *stream);
/// Ends the call: 0, or 1 after an error.
int32_t qsat_gpu_end(void);
/// What went wrong in the last call of this thread: function, kernel, the
/// driver's call and its word for it. Empty after a call that went well.
const char *qsat_gpu_error(void);

/// The stream of the call.
void *qsat_gpu_stream(void);
/// `stream`, for a kernel that waits itself for what precedes it there: the next
/// launch of the call may start before that has ended.
void *qsat_gpu_early(void *stream);
/// Multiprocessors of the device.
int64_t qsat_gpu_processors(void);
/// An i32 in device memory that is 0 whenever the work before on `stream` is
/// done, provided that each kernel that counts in it leaves it at 0. A call that
/// is captured gets one of its own: the graph may run beside the stream.
void *qsat_gpu_counter(void *stream);
/// Counters as above, kScratchCounters of them, and behind them `bytes` that no
/// kernel keeps for another. Grows; what it was before stays, since kernels may
/// run that have it.
void *qsat_gpu_scratch(void *stream, int64_t bytes);
/// `data`, of an array [batches, heads, rows, columns] with contiguous rows, or
/// null, and an error, where not all of them start at multiples of 16 bytes.
void *qsat_gpu_rows(void *data, int64_t elementBytes, int64_t batches, int64_t heads, int64_t rows,
                    int64_t batchStride, int64_t headStride, int64_t rowStride);
/// `bytes` of device memory for the kernels of this call, in the order of its
/// stream: what was given back before may be taken again. Part of the graph in a
/// call that is captured.
void *qsat_gpu_allocate(int64_t bytes);
int32_t qsat_gpu_free(void *memory);
/// A tensor map (128 bytes) over an array [batches, heads, rows, columns] of
/// bf16 or f16, rows contiguous, for boxes of `boxRows` rows of one head and
/// `boxPanels` panels of 64 columns, with the 128-byte swizzle. Made once for
/// the same array and kept; valid until the next call of this thread.
const void *qsat_gpu_tile_map(void *data, int64_t isBF16, int64_t batches, int64_t heads, int64_t rows,
                              int64_t columns, int64_t batchStride, int64_t headStride, int64_t rowStride,
                              int64_t boxRows, int64_t boxPanels);

// What MLIR calls for gpu.binary and gpu.launch_func.
void *mgpuModuleLoad(const void *image, size_t size);
void *mgpuModuleLoadJIT(const void *image, int32_t level, size_t size);
void mgpuModuleUnload(void *module);
void *mgpuModuleGetFunction(void *module, const char *name);
void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY, intptr_t gridZ, intptr_t blockX,
                      intptr_t blockY, intptr_t blockZ, int32_t sharedBytes, void *stream, void **parameters,
                      void **extra, size_t count);

} // extern "C"

#endif // QSAT_RUNTIME_GPURUNTIME_H
