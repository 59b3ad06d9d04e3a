//===- PortableRows.cpp - The mass of a row in a key block ----------------===//

#include "ScoreRows.h"

#include "../QsatToLoops/RegionOnKeys.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static constexpr double kLog2E = 1.4426950408889634074;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

SampledRows::SampledRows(AmplitudeScoreOp op) : blockRows(op.getBlockM()), blockKeys(op.getBlockN()) {
  bool isExact = op.getEstimator() == Estimator::Exact;
  stride = isExact ? 1 : op.getStride();
  first = stride / 2;
  perBlock = (blockRows + stride - 1) / stride;
}

Value SampledRows::rowsOf(TaskBuilder &b, Value block, Value rows) const {
  return b.min(b.sub(rows, b.mul(block, blockRows)), blockRows);
}

Value SampledRows::contributing(TaskBuilder &b, Value rowsOfBlock) const {
  return b.KernelBuilder::ceilDiv(rowsOfBlock, stride);
}

namespace {
/// What one thread sums over: the scores of a row and the keys of a block, base 2.
class RowMass {
public:
  RowMass(TeamBuilder &b, const FlashOp &op, ValueRange operands, ValueRange captures, RowPlace at)
      : b(b), op(op), operands(operands), at(at), mask(b, op, operands),
        kvHead(b.div(at.head, b.div(b.dim(operands[0], 1), b.dim(operands[1], 1)))) {
    if (op.region)
      region.emplace(b, op, operands, captures, at, /*lanes=*/1);
  }

  /// log2 of the sum over the keys of [first, end) that the row sees.
  Value build(Value first, Value end) {
    VisibleKeys visible = mask.visibleTo(at.row);
    Values state{b.constant(op.acc, -kInfinity), b.constant(op.acc, 0.0)};
    if (mask.hasWindow()) {
      Value sinks = b.min(mask.getSinks(), visible.high);
      state = addKeys(state, first, b.min(end, sinks));
      first = b.max(first, sinks);
    }
    state = addKeys(state, b.max(first, visible.low), b.min(end, visible.high));
    return logOf(state[0], state[1]);
  }

private:
  Value score(Value key) {
    Value sum = b.loop(b.index(0), b.dim(operands[0], 3), 1, {b.constant(op.acc, 0.0)},
                       [&](Value d, ValueRange carried) -> Values {
                         Value q = b.loadAs(op.acc, operands[0], {at.batch, at.head, at.row, d});
                         Value k = b.loadAs(op.acc, operands[1], {at.batch, kvHead, key, d});
                         return {b.addf(b.mulf(q, k), carried[0])};
                       })[0];
    if (!region)
      return b.mulf(sum, b.constant(op.acc, op.scale * kLog2E));
    return toBase2(b, region->onScalar(b.mulf(sum, b.constant(op.acc, op.scale)), key));
  }

  /// The online sum l 2^m. -inf - -inf is NaN: where nothing is seen yet,
  /// subtract 0.
  Values addKeys(Values state, Value first, Value end) {
    Value none = b.constant(op.acc, -kInfinity), zero = b.constant(op.acc, 0.0);
    return b.loop(first, end, 1, state, [&](Value key, ValueRange carried) -> Values {
      Value z = score(key), top = b.maxf(carried[0], z);
      Value base = b.select(b.cmpf(arith::CmpFPredicate::OEQ, top, none), zero, top);
      Value before = b.mulf(carried[1], b.exp2(b.subf(carried[0], base)));
      return {top, b.addf(before, b.exp2(b.subf(z, base)))};
    });
  }

  Value logOf(Value m, Value l) {
    Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, l, b.constant(op.acc, 0.0));
    Value isNaN = b.cmpf(arith::CmpFPredicate::UNO, l, l); // log2 looks at bits
    Value log = b.addf(m, b.select(isNaN, l, b.log2(l)));
    return b.select(isEmpty, b.constant(op.acc, -kInfinity), log);
  }

  TeamBuilder &b;
  const FlashOp &op;
  ValueRange operands;
  RowPlace at;
  MaskOnKeys mask;
  Value kvHead;
  std::optional<RegionOnKeys> region;
};
} // namespace

void qsat::launchPortableRows(AmplitudeScoreOp op, const SampledRows &sampled, Value masses,
                              GPULoweringContext &context) {
  SmallVector<Value> captures = isolateRegion(op);
  FlashOp flash(op);
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  TeamLaunch launch{"qsat_score_rows", /*lanes=*/1, {}, host.dim(op.getQ(), 1), host.dim(op.getQ(), 0), {}};
  Value blocks = host.mul(host.dim(masses, 2), host.dim(masses, 3));
  launch.teams = host.mul(blocks, sampled.perBlock);
  launch.arguments.assign(op->operand_begin(), op->operand_end());
  launch.arguments.push_back(masses);
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
    RowMass mass(b, flash, operands, args.drop_front(count + 1), {batch, head, row});
    b.store(mass.build(first, end), masses, {batch, head, block, keyBlock, t});
  });
}
