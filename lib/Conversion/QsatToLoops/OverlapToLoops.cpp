//===- OverlapToLoops.cpp - qsat.overlap to loops -------------------------===//

#include "Lowering.h"
#include "TaskBuilder.h"

using namespace mlir;
using namespace qsat;

/// One task for each (batch, query head, query block): its row of amplitudes beside those
/// of the heads of its group.
static void buildOverlap(TaskBuilder &b, Value amplitude, Value overlap) {
  Value group = b.dim(overlap, 3), blocks = b.dim(amplitude, 3);
  Value zero = b.constant(b.getF32Type(), 0.0);
  TaskBuilder::Values extents{b.dim(overlap, 0), b.dim(overlap, 1), b.dim(overlap, 2)};
  b.parallel("qsat_overlap_row", extents, [&](ValueRange iv) {
    Value first = b.mul(b.div(iv[1], group), group);
    b.loop(group, [&](Value t) {
      Value other = b.add(first, t);
      auto sum = b.loop(b.index(0), blocks, 1, {zero}, [&](Value j, ValueRange sum) {
        Value mine = b.load(amplitude, {iv[0], iv[1], iv[2], j});
        Value theirs = b.load(amplitude, {iv[0], other, iv[2], j});
        return TaskBuilder::Values{b.fma(mine, theirs, sum[0])};
      });
      b.store(sum[0], overlap, {iv[0], iv[1], iv[2], t});
    });
  });
}

LogicalResult qsat::lowerOverlap(OverlapOp op, LoweringContext &context) {
  TaskBuilder b(op.getLoc(), OpBuilder(op), context.target);
  func::FuncOp kernel = context.kernels.get(op, "qsat_overlap", [&] {
    return b.function(context.module, "qsat_overlap", op->getOperandTypes(), [&](ValueRange operands) {
      buildOverlap(b, operands[0], operands[1]);
    });
  });
  func::CallOp::create(b, op.getLoc(), kernel, op->getOperands());
  return success();
}
