//===- AmplifiedSelectToGPU.cpp - qsat.amplified_select to a launch -------===//

#include "SelectRow.h"

using namespace mlir;
using namespace qsat;

/// Powers that need no library.
static bool hasPower(AmplifiedSelectOp op) {
  return llvm::is_contained({0.0, 0.5, 1.0}, op.getExponent().convertToDouble());
}

bool qsat::hasSelectKernel(AmplifiedSelectOp op) {
  Policy policy = op.getPolicy();
  return !llvm::is_contained({Policy::Mass, Policy::HeavyHitter, Policy::Measure}, policy) &&
         (policy != Policy::Budget || hasPower(op));
}

LogicalResult qsat::lowerAmplifiedSelect(AmplifiedSelectOp op, GPULoweringContext &context) {
  if (op.getPolicy() == Policy::Budget && !hasPower(op))
    return op.emitOpError("expected exponent 0, 0.5 or 1 on a GPU, but got ")
           << op.getExponent().convertToDouble();
  if (!hasSelectKernel(op))
    return op.emitOpError("expected policy threshold, logit_threshold, relative_threshold, residual, top_k or "
                          "budget, but got ")
           << stringifyPolicy(op.getPolicy()) << ", which has no GPU kernel yet";
  CPUTarget machine;
  TaskBuilder b(op.getLoc(), OpBuilder(op), machine);
  TeamLaunch launch{"qsat_select", context.target.warpLanes, b.dim(op.getCounts(), 2), b.dim(op.getCounts(), 1),
                    b.dim(op.getCounts(), 0), {}};
  launch.arguments.assign(op->operand_begin(), op->operand_end());
  Value orders;
  if (SelectRow::needsOrders(op)) {
    SmallVector<Value> extents;
    for (int64_t d = 0; d < 3; ++d)
      extents.push_back(b.dim(op.getCounts(), d));
    extents.push_back(b.dim(op.getAmplitude(), 3));
    orders = b.allocate(b.getI32Type(), extents);
    launch.arguments.push_back(orders);
  }
  unsigned count = op->getNumOperands();
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    SelectRow(b, op, args.take_front(count), orders ? args[count] : Value(), team, head, batch).build();
  });
  if (orders)
    b.release(orders);
  return success();
}
