//===- DeviceMask.h - The structural mask in a kernel ---------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_DEVICEMASK_H
#define QSAT_CONVERSION_QSATTOGPU_DEVICEMASK_H

#include "HostBuilder.h"

#include "../QsatToLoops/FlashKernel.h"

namespace qsat {

/// What a kernel takes for the mask, i32, null where the mask has no such bound:
/// row i sees key j when j < i + highShift and (j >= i + lowShift or j < sinks).
struct MaskArguments {
  mlir::Value highShift, lowShift, sinks;

  /// The values to pass for `op`.
  static MaskArguments get(HostBuilder &b, const FlashOp &op);
};

inline bool hasLowBound(const FlashOp &op) { return op.mask && op.mask.getWindow() > 0; }
inline bool hasHighBound(const FlashOp &op) { return op.mask && op.mask.getLookahead(); }

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_DEVICEMASK_H
