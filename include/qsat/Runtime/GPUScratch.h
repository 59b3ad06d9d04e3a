//===- GPUScratch.h - Memory that kernels share between blocks --*- C++ -*-===//

#ifndef QSAT_RUNTIME_GPUSCRATCH_H
#define QSAT_RUNTIME_GPUSCRATCH_H

#include <cstdint>

namespace qsat {

/// Counters (i32) in front of what qsat_gpu_scratch gives.
constexpr int64_t kScratchCounters = 4096;

} // namespace qsat

#endif // QSAT_RUNTIME_GPUSCRATCH_H
