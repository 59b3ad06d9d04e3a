//===- GPUTarget.h - What kernels need to know of a GPU ---------*- C++ -*-===//

#ifndef QSAT_TARGET_GPUTARGET_H
#define QSAT_TARGET_GPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace qsat {

/// The facts of a GPU that kernels and their compilation depend on. No kernel
/// asks for a chip by name: what differs between chips is here.
struct GPUTarget {
  /// As ptxas and LLVM name it: `sm_90a`, `gfx942`; or `generic`.
  std::string chip;
  /// Kernels run on threads of the host, in its memory.
  bool isHost = false;
  /// PTX version for LLVM's NVPTX back end. Without it the oldest is taken,
  /// which does not know newer chips.
  std::string features;

  /// Kernels are launched by the runtime (qsat/Runtime/GPURuntime.h), which has
  /// the stream and the device's memory.
  bool hasRuntime = false;
  /// Threads that exchange values (`shfl`); 1 where kernels do without.
  int64_t warpLanes = 1;
  /// Tensor products of a warpgroup with operands in shared memory (wgmma), and
  /// the bulk tensor copy engine (TMA) that brings them there.
  bool hasWarpgroupMMA = false;
  /// Tensor products of a warp with operands in registers (mma.sync of bf16), and
  /// copies to shared memory that a thread need not wait for (cp.async).
  bool hasWarpMMA = false;
  /// A kernel can start while the one before it ends, and wait for it
  /// (griddepcontrol).
  bool hasEarlyLaunch = false;
  /// Shared memory that one thread block can have, in bytes.
  int64_t sharedBytes = 0;
  /// 32-bit registers of one multiprocessor.
  int64_t registers = 65536;
  /// Bytes of keys and values that heads running side by side should share the
  /// second-level cache with.
  int64_t l2Bytes = 32 << 20;

  /// Facts of `chip`. Fails on one that no kernel is made for.
  static llvm::Expected<GPUTarget> get(llvm::StringRef chip);
};

} // namespace qsat

#endif // QSAT_TARGET_GPUTARGET_H
