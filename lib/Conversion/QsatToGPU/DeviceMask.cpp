//===- DeviceMask.cpp - The structural mask in a kernel -------------------===//

#include "DeviceMask.h"

using namespace mlir;
using namespace qsat;

/// `value` + `at[plus]` - `at[minus]` within 32 bits: past 2^30 no row or key is.
static Value shiftBound(HostBuilder &b, const FlashOp &op, int64_t value, bool addsRow) {
  constexpr int64_t kLargest = 1 << 30;
  Value bound = b.i64(value);
  if (!op.position.empty()) {
    if (addsRow)
      bound = b.add(bound, b.toI64(op.position[2]));
    bound = b.sub(bound, b.toI64(op.position[3]));
  }
  return b.toI32(b.clamp(bound, -kLargest, kLargest));
}

MaskArguments MaskArguments::get(HostBuilder &b, const FlashOp &op) {
  MaskArguments args;
  if (hasHighBound(op))
    args.highShift =
        shiftBound(b, op, op.mask.getOffset() + *op.mask.getLookahead() + 1, /*addsRow=*/true);
  if (hasLowBound(op)) {
    args.lowShift = shiftBound(b, op, op.mask.getOffset() - op.mask.getWindow() + 1, /*addsRow=*/true);
    args.sinks = shiftBound(b, op, op.mask.getSinks(), /*addsRow=*/false);
  }
  return args;
}
