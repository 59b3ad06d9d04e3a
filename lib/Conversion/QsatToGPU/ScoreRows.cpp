//===- ScoreRows.cpp - Which rows are scored, and by which threads --------===//

#include "ScoreRows.h"

using namespace mlir;
using namespace qsat;

SampledRows::SampledRows(AmplitudeScoreOp op, Estimator estimator)
    : blockRows(op.getBlockM()), blockKeys(op.getBlockN()), stride(op.getStride()), first(0) {
  switch (estimator) {
  case Estimator::Exact:
  case Estimator::Centroid:
  case Estimator::D2:
    stride = 1;
    break;
  case Estimator::Pooled:
    stride = blockRows;
    break;
  case Estimator::Antidiagonal:
    break;
  case Estimator::Rows:
  case Estimator::Cascade:
    first = stride / 2;
    break;
  }
  perBlock = (blockRows + stride - 1) / stride;
}

Value SampledRows::rowsOf(TaskBuilder &b, Value block, Value rows) const {
  return b.min(b.sub(rows, b.mul(block, blockRows)), blockRows);
}

Value SampledRows::contributing(TaskBuilder &b, Value rowsOfBlock) const {
  return b.KernelBuilder::ceilDiv(rowsOfBlock, stride);
}

void qsat::launchMasses(AmplitudeScoreOp op, StringRef name, const SampledRows &sampled, Value masses,
                        ValueRange more, GPULoweringContext &context, MassBody body) {
  SmallVector<Value> captures = isolateRegion(op);
  FlashOp flash(op);
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  TeamLaunch launch{name, /*lanes=*/1, {}, host.dim(op.getQ(), 1), host.dim(op.getQ(), 0), {}};
  Value blocks = host.mul(host.dim(masses, 2), host.dim(masses, 3));
  launch.teams = host.mul(blocks, sampled.perBlock);
  launch.arguments.assign(op->operand_begin(), op->operand_end());
  launch.arguments.push_back(masses);
  llvm::append_range(launch.arguments, more);
  llvm::append_range(launch.arguments, captures);
  unsigned count = op->getNumOperands();
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    ValueRange operands = args.take_front(count);
    Value masses = args[count], keyBlocks = b.dim(masses, 3);
    Value t = b.rem(team, sampled.perBlock), pair = b.div(team, sampled.perBlock);
    Value block = b.div(pair, keyBlocks), keyBlock = b.rem(pair, keyBlocks);
    Value rows = sampled.rowsOf(b, block, b.dim(operands[0], 2));
    Value inBlock = b.min(b.add(b.mul(t, sampled.stride), sampled.first), b.sub(rows, 1));
    Value row = b.add(b.mul(block, sampled.blockRows), inBlock);
    Value first = b.mul(keyBlock, sampled.blockKeys);
    Value end = b.min(b.add(first, sampled.blockKeys), b.dim(operands[1], 2));
    ValueRange rest = args.drop_front(count + 1);
    MassThread thread{flash, operands, rest.drop_front(more.size()), rest.take_front(more.size()), batch, head, block,
                      keyBlock, row, first, end};
    b.store(body(b, thread), masses, {batch, head, block, keyBlock, t});
  });
}
