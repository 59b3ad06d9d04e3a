//===- Quality.h - How close to dense attention -----------------*- C++ -*-===//

#ifndef QSAT_TRANSFORMS_QUALITY_H
#define QSAT_TRANSFORMS_QUALITY_H

namespace qsat {

/// Named thresholds on the mass of a key block; see `qsat-sparsify`.
enum class Quality { Exact, High, Balanced, Fast };

/// The threshold of `quality`: a key block is kept when its mean probability
/// over the (sampled) rows of the query block is at least this.
inline double getTheta(Quality quality) {
  switch (quality) {
  case Quality::Exact:
    return 0.0;
  case Quality::High:
    return 0.001;
  case Quality::Balanced:
    return 0.004;
  case Quality::Fast:
    return 0.012;
  }
  return 0.0;
}

} // namespace qsat

#endif // QSAT_TRANSFORMS_QUALITY_H
