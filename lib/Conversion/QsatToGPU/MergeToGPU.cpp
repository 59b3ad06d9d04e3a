//===- MergeToGPU.cpp - qsat.merge to a launch ----------------------------===//

#include "TeamKernel.h"

#include "../QsatToLoops/MergeWeights.h"

using namespace mlir;
using namespace qsat;

/// A row: o = w1 o1 + w2 o2. The lanes of a team have columns of their own.
static void buildRow(TeamBuilder &b, ValueRange args, Value row, Value head, Value batch) {
  Value o1 = args[0], lse1 = args[1], o2 = args[2], lse2 = args[3], o = args[4], lse = args[5];
  Value at[] = {batch, head, row};
  Value first = b.load(lse1, at), second = b.load(lse2, at);
  if (b.hasLanes()) { // all lanes have read before one writes: lse may be lse1
    first = b.exchange(first, 0);
    second = b.exchange(second, 0);
  }
  MergeWeights weights = buildMergeWeights(b, first, second);
  b.loop(b.lane, b.dim(o, 3), b.lanes, [&](Value column) {
    Value place[] = {batch, head, row, column};
    Value x = b.mulf(weights.first, b.loadAs(weights.lse.getType(), o1, place));
    Value y = b.mulf(weights.second, b.loadAs(weights.lse.getType(), o2, place));
    b.storeAs(b.addf(x, y), o, place);
  });
  b.when(b.eq(b.lane, b.index(0)), [&] { b.store(weights.lse, lse, at); });
}

LogicalResult qsat::lowerMergeToGPU(MergeOp op, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder b(op.getLoc(), OpBuilder(op), machine);
  Value o = op.getO();
  TeamLaunch launch{"qsat_merge", context.target.warpLanes, b.dim(o, 2), b.dim(o, 1), b.dim(o, 0), {}};
  launch.arguments.assign(op->operand_begin(), op->operand_end());
  launchTeams(op, context, launch, buildRow);
  return success();
}
