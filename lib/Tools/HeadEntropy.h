//===- HeadEntropy.h - How far the heads of a group agree --------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_HEADENTROPY_H
#define QSAT_LIB_TOOLS_HEADENTROPY_H

#include "qsat/Runtime/Runtime.h"

namespace qsat::tools {

/// The entropy E of the heads of a group (`qsat.overlap`), between 0 and ln G. NaN where
/// nothing is seen.
struct HeadEntropy {
  double mean;    ///< over query blocks and groups
  double largest; ///< of the means over query blocks of each group
  int64_t heads;  ///< G
};

/// E = -sum l ln l of the eigenvalues l of each matrix over its trace; matrices of
/// trace 0, whose rows see no key, are left out. The same as `entropy` of
/// python/qsat/entanglement.py.
HeadEntropy estimateEntropy(const std::vector<HeadOverlap> &overlaps);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_HEADENTROPY_H
