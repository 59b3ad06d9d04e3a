//===- AmplitudeScoreToGPU.cpp - qsat.amplitude_score to launches ---------===//

#include "HopperRows.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace qsat;

bool qsat::hasScoreKernel(AmplitudeScoreOp op) {
  return llvm::is_contained({Estimator::Rows, Estimator::Exact}, op.getEstimator());
}

static LogicalResult verify(AmplitudeScoreOp op) {
  if (op.getInt8())
    return op.emitOpError("expected scores in the element type of q, but got int8: not on GPUs");
  if (!hasScoreKernel(op))
    return op.emitOpError("expected estimator rows or exact, but got ")
           << stringifyEstimator(op.getEstimator()) << ", which has no GPU kernel yet";
  for (Value value : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(value.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (type && failed(type.getStridesAndOffset(strides, offset)))
      return op.emitOpError("expected memrefs with a strided layout, but got ") << type;
  }
  return success();
}

LogicalResult qsat::lowerAmplitudeScore(AmplitudeScoreOp op, GPULoweringContext &context) {
  if (failed(verify(op)))
    return failure();
  SampledRows sampled(op);
  CPUTarget machine;
  TaskBuilder b(op.getLoc(), OpBuilder(op), machine);
  Value amplitude = op.getAmplitude();
  SmallVector<Value> extents;
  for (int64_t d = 0; d < 4; ++d)
    extents.push_back(b.dim(amplitude, d));
  extents.push_back(b.index(sampled.perBlock));
  Value masses = b.allocate(op.getAccType(), extents);
  llvm::Expected<HopperRowsPlan> plan = HopperRowsPlan::get(op, context.target);
  if (plan) {
    launchHopperRows(op, *plan, sampled, masses, context);
  } else {
    remark::missed(op.getLoc(), remark::RemarkOpts::name("score-rows").category("qsat"))
        << "one thread for each row and key block"
        << remark::reason("{0}", llvm::toString(plan.takeError()));
    launchPortableRows(op, sampled, masses, context);
  }
  launchNormalize(op, sampled, masses, context);
  b.release(masses);
  return success();
}
