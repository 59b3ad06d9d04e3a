//===- Overlap.cpp - The meaning of overlap -------------------------------===//

#include "Decompose.h"

using namespace mlir;

namespace qsat {

SmallVector<Value> decompose(OpBuilder &b, OverlapOp op) {
  Emitter e(b, op.getLoc(), b.getF32Type());
  Value amplitude = op.getAmplitude();
  Expr group = e.extent(op.getInit(), 3), blocks = e.extent(amplitude, 3);
  // x names (b, h, I, t).
  return {e.computeInto(op.getInit(), [&](Indices x) {
    Expr other = x[1] / group * group + x[3];
    return e.sum(e.index(0), blocks, e.real(0), [&](Expr j) {
      return e.read(amplitude, {x[0], x[1], x[2], j}) * e.read(amplitude, {x[0], other, x[2], j});
    });
  })};
}

} // namespace qsat
