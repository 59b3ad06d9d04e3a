//===- Constants.h - Numbers that kernels are full of ---------*- C++ -*-===//

#ifndef QSAT_CONVERSION_CONSTANTS_H
#define QSAT_CONVERSION_CONSTANTS_H

#include "llvm/Support/MathExtras.h"

#include <limits>

namespace qsat {

inline constexpr double kLog2E = llvm::numbers::log2e, kLn2 = llvm::numbers::ln2;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

} // namespace qsat

#endif // QSAT_CONVERSION_CONSTANTS_H
