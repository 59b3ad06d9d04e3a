// What the tile instructions of AMX do, in C, on tiles of 16 rows of 64 bytes: the kernels made of
// them can then be run for numbers on a machine without (see amx_emulation.py).

#include <stdint.h>
#include <string.h>

// What the system would answer.
int32_t qsat_request_amx(void) { return GRANTED; }

void emulated_tile_load(char *tile, int16_t rows, int16_t bytes, const char *from, int64_t stride) {
  memset(tile, 0, 1024);
  for (int r = 0; r < rows; ++r)
    memcpy(tile + 64 * r, from + stride * r, bytes);
}

void emulated_tile_store(int16_t rows, int16_t bytes, char *to, int64_t stride, const char *tile) {
  for (int r = 0; r < rows; ++r)
    memcpy(to + stride * r, tile + 64 * r, bytes);
}

static float widenBF16(uint16_t bits) {
  uint32_t word = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &word, 4);
  return value;
}

static float widenF16(uint16_t bits) {
  _Float16 value;
  memcpy(&value, &bits, 2);
  return value;
}

// c[m][n] += sum over k of a[m][k] b[k][n], k over pairs: a row of b holds 16 of them. Numbers below
// the least normal f32 count as 0, before and after.
static void addProduct(int16_t rows, int16_t bytes, int16_t depth, float *c, const uint16_t *a,
                       const uint16_t *b, float widen(uint16_t)) {
  for (int m = 0; m < rows; ++m)
    for (int k = 0; k < depth / 4; ++k)
      for (int n = 0; n < bytes / 4; ++n)
        for (int half = 0; half < 2; ++half)
          c[16 * m + n] += widen(a[32 * m + 2 * k + half]) * widen(b[32 * k + 2 * n + half]);
}

// c[m][n] += sum over k of a[m][k] b[k][n] of signed bytes, k over groups of four.
void emulated_tile_product_bytes(int16_t rows, int16_t bytes, int16_t depth, int32_t *c, const int8_t *a,
                                 const int8_t *b) {
  for (int m = 0; m < rows; ++m)
    for (int k = 0; k < depth / 4; ++k)
      for (int n = 0; n < bytes / 4; ++n)
        for (int part = 0; part < 4; ++part)
          c[16 * m + n] += a[64 * m + 4 * k + part] * b[64 * k + 4 * n + part];
}

void emulated_tile_product_bf16(int16_t rows, int16_t bytes, int16_t depth, float *c,
                                const uint16_t *a, const uint16_t *b) {
  addProduct(rows, bytes, depth, c, a, b, widenBF16);
}

void emulated_tile_product_fp16(int16_t rows, int16_t bytes, int16_t depth, float *c,
                                const uint16_t *a, const uint16_t *b) {
  addProduct(rows, bytes, depth, c, a, b, widenF16);
}
