//===- AmplifiedSelectToGPU.cpp - qsat.amplified_select to launches -------===//

#include "SelectRow.h"

using namespace mlir;
using namespace qsat;

/// sums[b,hs,I,J] = p of the query blocks 0 .. I, one thread for each key block of a list.
static void launchSums(AmplifiedSelectOp op, Value sums, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  Value heads = host.dim(sums, 1);
  TeamLaunch launch{"qsat_select_sums", /*lanes=*/1, host.dim(sums, 3), heads, host.dim(sums, 0), {op.getAmplitude(), sums}};
  launchTeams(op, context, launch, [](TeamBuilder &b, ValueRange args, Value j, Value list, Value batch) {
    Value amplitude = args[0], sums = args[1], group = b.div(b.dim(amplitude, 1), b.dim(sums, 1));
    b.loop(b.index(0), b.dim(sums, 2), 1, {b.constant(b.getF32Type(), 0.0)}, [&](Value block, ValueRange sum) {
      Value p = SelectRow::probability(b, amplitude, batch, list, group, block, j), next = b.addf(sum[0], p);
      b.store(next, sums, {batch, list, block, j});
      return KernelBuilder::Values{next};
    });
  });
}

LogicalResult qsat::lowerAmplifiedSelect(AmplifiedSelectOp op, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder b(op.getLoc(), OpBuilder(op), machine);
  SmallVector<Value> extents, buffers;
  for (int64_t d = 0; d < 3; ++d)
    extents.push_back(b.dim(op.getCounts(), d));
  extents.push_back(b.dim(op.getAmplitude(), 3));
  SelectRow::Scratch scratch;
  if (SelectRow::needsPlaces(op))
    buffers.push_back(scratch.places = b.allocate(b.getI32Type(), extents));
  if (op.getPolicy() == Policy::HeavyHitter) {
    buffers.push_back(scratch.sums = b.allocate(b.getF32Type(), extents));
    launchSums(op, scratch.sums, context);
  }
  TeamLaunch launch{"qsat_select", context.target.warpLanes, extents[2], extents[1], extents[0], {}};
  launch.arguments.assign(op->operand_begin(), op->operand_end());
  llvm::append_range(launch.arguments, buffers);
  unsigned count = op->getNumOperands();
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    SelectRow::Scratch inside{scratch.places ? args[count] : Value(), scratch.sums ? args[count + 1] : Value()};
    SelectRow(b, op, args.take_front(count), inside, team, head, batch).build();
  });
  b.release(buffers);
  return success();
}
