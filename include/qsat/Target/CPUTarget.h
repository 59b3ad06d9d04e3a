//===- CPUTarget.h - What kernels need to know of a CPU ---------*- C++ -*-===//

#ifndef QSAT_TARGET_CPUTARGET_H
#define QSAT_TARGET_CPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace qsat {

/// Extents of the register tile of a matrix micro-kernel: `rows` x `columns`
/// accumulators, held in registers over the whole reduction.
struct MicroTile {
  int64_t rows;
  int64_t columns;
};

/// The facts of a CPU that the loop kernels depend on. No kernel asks for a CPU
/// by name: what differs between CPUs is here.
struct CPUTarget {
  /// As in LLVM: `x86-64-v4`, `znver4`, `neoverse-v1`, ...
  std::string cpu;
  /// As in LLVM: `+avx512f,-amx-tile`; on top of those of `cpu`.
  std::string features;

  /// Width in bits of the widest vector register to use, and their number.
  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  bool hasFMA = false;
  bool hasAVX2 = false;
  /// Rounding to whole numbers without a library call.
  bool hasRounding = false;
  /// AVX-512 F, BW, DQ and VL: masks, vreduce, vscalef.
  bool hasAVX512 = false;
  /// An instruction rounds f32 to bf16.
  bool hasBF16Conversion = false;
  /// `vdpbf16ps` (products of pairs of bf16, summed in f32) does twice the work
  /// of an f32 multiply-add per cycle. So on AMD; on Intel's CPUs it does half of
  /// it, and bf16 is widened to f32 there.
  bool hasFastBF16Dot = false;
  /// Register tiles of more columns than rows are the faster ones.
  bool prefersWideTiles = false;
  /// `vpdpbusd`: products of four pairs of bytes, summed in i32, in registers of
  /// 512 bits.
  bool hasByteDot = false;
  /// Tile matrix products of bf16, of f16.
  bool hasAMX = false;
  bool hasAMXFP16 = false;
  /// Tile matrix products of bytes, summed in i32.
  bool hasAMXBytes = false;
  /// Data caches of one core, in bytes.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  /// Memory for the packed keys and values of one kv head of attention. Tiles of keys
  /// past it are packed by each task that uses them.
  int64_t packedBytes = 56 << 20;

  /// Facts of `cpu` (`host` or empty: this machine) with `features` on top.
  /// Fails on a CPU that LLVM does not know.
  static llvm::Expected<CPUTarget> get(llvm::StringRef cpu, llvm::StringRef features);

  /// Lanes of one vector register.
  int64_t getLanes(unsigned elementBits) const { return vectorBits / elementBits; }
  /// Register tile of products (measured: 8 x 2 registers come to 95 % of the fused
  /// multiply-add rate with 32 registers).
  MicroTile getMicroTile(unsigned elementBits) const {
    int64_t columns = 2 * getLanes(elementBits);
    return {vectorRegisters >= 32 ? 8 : 4, columns};
  }
  /// That of attention with blocks of `keys`. On Intel's CPUs 6 x 4 registers are 5 to
  /// 15 % faster, and mind less where rows of V cross cache lines.
  MicroTile getAttentionTile(unsigned elementBits, int64_t keys) const {
    int64_t columns = 4 * getLanes(elementBits);
    return prefersWideTiles && keys % columns == 0 ? MicroTile{6, columns}
                                                   : getMicroTile(elementBits);
  }
  /// Query rows that pass over keys together.
  int64_t getPanelRows() const { return prefersWideTiles ? 96 : 64; }
};

} // namespace qsat

#endif // QSAT_TARGET_CPUTARGET_H
