//===- PortableAttentionToGPU.cpp - Attention to portable kernels ---------===//

#include "PortableAttention.h"
#include "TeamKernel.h"

using namespace mlir;
using namespace qsat;

LogicalResult qsat::verifyPortable(const FlashOp &op, ValueRange captures) {
  if (op.background != Background::None)
    return op.op->emitOpError("expected no background: it has no kernel for this target yet");
  for (Value capture : captures)
    if (!capture.getType().isIntOrIndexOrFloat())
      return op.op->emitOpError("expected a score region that takes scalars from around it, "
                                "but got ")
             << capture.getType();
  return success();
}

LogicalResult qsat::lowerPortableAttention(const FlashOp &op, ValueRange captures, GPULoweringContext &context) {
  if (failed(verifyPortable(op, captures)))
    return failure();
  CPUTarget machine;
  TaskBuilder b(op.op->getLoc(), OpBuilder(op.op), machine);
  StringRef name = op.isSparse ? "qsat_sparse_attention" : "qsat_attention";
  TeamLaunch launch{name, /*lanes=*/1, b.dim(op.q, 2), b.dim(op.q, 1), b.dim(op.q, 0), {}};
  launch.arguments.assign(op.op->operand_begin(), op.op->operand_end());
  llvm::append_range(launch.arguments, captures);
  launchTeams(op.op, context, launch, [&](TeamBuilder &b, ValueRange args, Value row, Value head, Value batch) {
    unsigned count = op.op->getNumOperands();
    PortableAttention(b, op, args.take_front(count), captures, args.drop_front(count)).build(batch, head, row);
  });
  return success();
}
