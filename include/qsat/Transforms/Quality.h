//===- Quality.h - How close to dense attention -----------------*- C++ -*-===//

#ifndef QSAT_TRANSFORMS_QUALITY_H
#define QSAT_TRANSFORMS_QUALITY_H

#include <cstdint>

namespace qsat {

/// Named rules of selection; see `qsat-sparsify`.
enum class Quality { Exact, High, Balanced, Fast };

/// What a quality stands for: a key block is kept when its mean probability over
/// every `stride`-th row of the query block is at least `theta`. Calibrated on
/// blocks of 64 x 64 for whole documents of 16k and 32k (docs/accuracy.md). theta
/// is the same at every context: with a fixed theta the density falls about as
/// 1 / n, and the loss stays. Rows in 8 bits are twice as many for the same price.
struct QualityRule {
  double theta;
  int64_t stride;
};

inline QualityRule getRule(Quality quality, bool int8 = false) {
  switch (quality) {
  case Quality::Exact:
    return {0.0, 16};
  case Quality::High:
    return {0.006, 8};
  case Quality::Balanced:
    return {0.008, int8 ? 8 : 16};
  case Quality::Fast:
    return {0.016, int8 ? 8 : 16};
  }
  return {0.0, 16};
}

} // namespace qsat

#endif // QSAT_TRANSFORMS_QUALITY_H
