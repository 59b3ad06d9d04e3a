//===- BlockMeans.cpp - Means and variances of blocks of rows -------------===//

#include "BlockMeans.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static FloatType accumulationOf(Value mean) {
  return cast<FloatType>(cast<MemRefType>(mean.getType()).getElementType());
}

BlockMeans BlockMeans::allocate(TaskBuilder &b, Value source, FloatType type, int64_t blockRows, bool withVariance) {
  Value blocks = b.KernelBuilder::ceilDiv(b.dim(source, 2), blockRows);
  SmallVector<Value> extents{b.dim(source, 0), b.dim(source, 1), blocks, b.dim(source, 3)};
  return {source, b.allocate(type, extents), withVariance ? b.allocate(type, extents) : Value()};
}

SmallVector<Value> BlockMeans::buffers() const {
  SmallVector<Value> all{mean};
  if (variance)
    all.push_back(variance);
  return all;
}

/// Column `column` of a block, whose rows are [first, end). Two passes: the
/// difference of large squares would cancel.
static void buildColumn(TeamBuilder &b, const BlockMeans &means, Value first, Value end, Value block, Value column,
                        Value head, Value batch) {
  FloatType type = accumulationOf(means.mean);
  Value count = b.toFloat(b.sub(end, first), type), zero = b.constant(type, 0.0);
  auto storeMean = [&](Value target, function_ref<Value(Value)> term) {
    Value sum = b.loop(first, end, 1, {zero}, [&](Value row, ValueRange sum) -> Values {
      return {b.addf(sum[0], term(b.loadAs(type, means.source, {batch, head, row, column})))};
    })[0];
    Value mean = b.divf(sum, count);
    b.store(mean, target, {batch, head, block, column});
    return mean;
  };
  Value mean = storeMean(means.mean, [](Value x) { return x; });
  if (means.variance)
    storeMean(means.variance, [&](Value x) {
      Value distance = b.subf(x, mean);
      return b.mulf(distance, distance);
    });
}

void qsat::launchBlockMeans(Operation *op, StringRef name, ArrayRef<BlockMeans> all, int64_t blockRows,
                            GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op->getLoc(), OpBuilder(op), machine);
  Value source = all.front().source, columns = host.index(0);
  TeamLaunch launch{name, /*lanes=*/1, {}, host.dim(source, 1), host.dim(source, 0), {}};
  for (const BlockMeans &means : all) {
    columns = host.add(columns, host.dim(means.source, 3));
    launch.arguments.push_back(means.source);
    llvm::append_range(launch.arguments, means.buffers());
  }
  launch.teams = host.mul(host.dim(all.front().mean, 2), columns);
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    Value columns = b.index(0);
    SmallVector<BlockMeans> inside;
    for (const BlockMeans &means : all) {
      inside.push_back({args[0], args[1], means.variance ? args[2] : Value()});
      args = args.drop_front(means.variance ? 3 : 2);
      columns = b.add(columns, b.dim(inside.back().source, 3));
    }
    Value block = b.div(team, columns), column = b.rem(team, columns);
    Value first = b.mul(block, blockRows), end = b.min(b.add(first, blockRows), b.dim(inside[0].source, 2));
    for (const BlockMeans &means : inside) {
      Value width = b.dim(means.source, 3), isMine = b.both(b.ge(column, b.index(0)), b.less(column, width));
      b.when(isMine, [&, column = column] { buildColumn(b, means, first, end, block, column, head, batch); });
      column = b.sub(column, width);
    }
  });
}
