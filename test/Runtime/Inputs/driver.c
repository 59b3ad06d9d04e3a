/* A stand-in for CUDA's driver: says what it is asked to do. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fails(const char *call) {
  const char *failing = getenv("FAIL");
  return failing && !strcmp(failing, call);
}
#define CALL(name) if (fails(#name)) return 700

int cuInit(unsigned flags) { CALL(cuInit); return 0; }
int cuGetErrorName(int error, const char **name) { *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return 0; }
int cuGetErrorString(int error, const char **text) { *text = "an illegal memory access"; return 0; }
int cuCtxGetCurrent(void **context) { *context = (void *)1; return 0; }
int cuCtxSetCurrent(void *context) { return 0; }
int cuCtxGetDevice(int *device) { *device = 0; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)1; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 16 ? 132 : 0; return 0; }
int cuModuleLoadData(void **module, const void *image) {
  CALL(cuModuleLoadData);
  printf("load module\n");
  *module = (void *)2;
  return 0;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
  CALL(cuModuleGetFunction);
  printf("get function %s\n", name);
  *function = (void *)3;
  return 0;
}
int cuFuncSetAttribute(void *function, int attribute, int value) {
  printf("attribute %d = %d\n", attribute, value);
  return 0;
}
struct config {
  unsigned grid[3], block[3], shared;
  void *stream;
  const int *attributes;
  unsigned count;
};
int cuLaunchKernelEx(const struct config *c, void *function, void **parameters, void **extra) {
  CALL(cuLaunchKernelEx);
  printf("launch grid %u %u %u block %u %u %u shared %u stream %p:", c->grid[0], c->grid[1], c->grid[2], c->block[0],
         c->block[1], c->block[2], c->shared, c->stream);
  /* The maps, the counter and lse are pointers; the rest is i32. */
  for (int n = 6; n < 12; ++n)
    printf(" %d", *(int *)parameters[n]);
  for (unsigned n = 0; n < c->count; ++n)
    printf(" attribute %d", c->attributes[18 * n]);
  printf("\n");
  return 0;
}
int cuMemAlloc_v2(unsigned long long *memory, size_t bytes) {
  CALL(cuMemAlloc);
  printf("allocate %zu\n", bytes);
  *memory = 4096;
  return 0;
}
int cuMemFree_v2(unsigned long long memory) { return 0; }
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
  CALL(cuMemcpyHtoD);
  printf("copy %zu bytes to the device\n", bytes);
  return 0;
}
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
  printf("copy %zu bytes back\n", bytes);
  memset(to, 0, bytes);
  return 0;
}
int cuMemPoolCreate(void **pool, const void *properties) { *pool = (void *)6; return 0; }
int cuMemPoolSetAttribute(void *pool, int attribute, void *value) { return 0; }
int cuMemAllocFromPoolAsync(unsigned long long *memory, size_t bytes, void *pool, void *stream) {
  static unsigned long long next = 1 << 20;
  CALL(cuMemAllocFromPoolAsync);
  printf("take %zu bytes on stream %p\n", bytes, stream);
  *memory = next += 1 << 20;
  return 0;
}
int cuMemFreeAsync(unsigned long long memory, void *stream) {
  printf("give back on stream %p\n", stream);
  return 0;
}
int cuMemsetD8Async(unsigned long long memory, unsigned char value, size_t bytes, void *stream) { return 0; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = (void *)5; return 0; }
int cuStreamSynchronize(void *stream) { return 0; }
int cuStreamDestroy_v2(void *stream) { return 0; }
int cuStreamIsCapturing(void *stream, int *capturing) { *capturing = stream == (void *)9; return 0; }
int cuThreadExchangeStreamCaptureMode(int *mode) { return 0; }
int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *data, const uint64_t *extents,
                           const uint64_t *strides, const unsigned *box, const unsigned *steps, int interleave,
                           int swizzle, int promotion, int fill) {
  CALL(cuTensorMapEncodeTiled);
  printf("map type %d data %p extents", type, data);
  for (unsigned d = 0; d < rank; ++d)
    printf(" %lu", (unsigned long)extents[d]);
  printf(" strides");
  for (unsigned d = 0; d + 1 < rank; ++d)
    printf(" %lu", (unsigned long)strides[d]);
  printf(" box %u %u\n", box[1], box[2]);
  return 0;
}
