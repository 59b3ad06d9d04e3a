//===- Quality.h - How close to dense attention -----------------*- C++ -*-===//

#ifndef QSAT_TRANSFORMS_QUALITY_H
#define QSAT_TRANSFORMS_QUALITY_H

namespace qsat {

/// Named thresholds on the mass of a key block; see `qsat-sparsify`.
enum class Quality { Exact, High, Balanced, Fast };

/// The threshold of `quality`: a key block is kept when its mean probability
/// over the (sampled) rows of the query block is at least this. It is the same
/// at every context: with a fixed theta the density falls about as 1 / n, and
/// the loss stays (docs/accuracy.md, "Threshold and context").
inline double getTheta(Quality quality) {
  switch (quality) {
  case Quality::Exact:
    return 0.0;
  case Quality::High:
    return 0.006;
  case Quality::Balanced:
    return 0.012;
  case Quality::Fast:
    return 0.024;
  }
  return 0.0;
}

} // namespace qsat

#endif // QSAT_TRANSFORMS_QUALITY_H
