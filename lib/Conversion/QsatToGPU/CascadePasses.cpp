//===- CascadePasses.cpp - What the first step of cascade lets through ----===//

#include "ScoreRows.h"
#include "TeamOrder.h"

#include "../QsatToLoops/MaskBounds.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

namespace {
/// The key blocks of one query block: the ceil(share * n) of largest amplitude of the
/// n that some row of it sees, and those on its diagonal.
class CascadePasses {
public:
  CascadePasses(TeamBuilder &b, AmplitudeScoreOp op, ValueRange args, Value block, Value head, Value batch)
      : b(b), op(op), amplitude(args[0]), passes(args[1]), numKeys(args[3]),
        mask(b, op.getMaskAttr(), args.drop_front(4)), block(block), head(head), batch(batch),
        keyBlocks(b.dim(args[0], 3)) {
    SampledRows sampled(op, op.getEstimator());
    firstRow = b.mul(block, op.getBlockM());
    lastRow = b.sub(b.add(firstRow, sampled.rowsOf(b, block, args[2])), 1);
    end = b.KernelBuilder::ceilDiv(mask.visibleEnd(lastRow, numKeys), op.getBlockN());
  }

  void build() {
    TeamOrder order(b, end);
    Value zero = b.index(0), one = b.index(1);
    Value seen = order.forEach({zero}, [&](Value number, ValueRange count) -> Values {
      return {b.add(count[0], b.select(isSeen(number), one, zero))};
    })[0];
    auto places = [&](Value number) { return placeOf(number); };
    TeamOrder::Prefix prefix = order.first(share(b.sumOfTeam(seen)), places);
    auto blockOf = [&](Value row) {
      return b.min(b.div(b.max(mask.diagonalKey(row), 0), op.getBlockN()), b.sub(keyBlocks, 1));
    };
    Value diagonalBegin = blockOf(firstRow), diagonalLast = blockOf(lastRow);
    order.forEach({zero}, [&](Value number, ValueRange before) -> Values {
      auto [isFirst, ties] = order.isAmong(prefix, placeOf(number), before[0]);
      Value isDiagonal = b.both(b.ge(number, diagonalBegin), b.le(number, diagonalLast));
      Value mark = b.select(b.either(isFirst, isDiagonal), b.i32(1), b.i32(0));
      b.when(b.less(number, keyBlocks), [&] { b.store(mark, passes, {batch, head, block, number}); });
      return {b.add(before[0], ties)};
    });
    // Nothing is seen past these.
    Value rounded = b.mul(b.KernelBuilder::ceilDiv(end, b.lanes), b.lanes);
    b.loop(b.add(rounded, b.lane), keyBlocks, b.lanes, [&](Value number) {
      b.store(b.i32(0), passes, {batch, head, block, number});
    });
  }

private:
  Value isSeen(Value number) {
    Value first = b.mul(number, op.getBlockN()), last = b.sub(b.min(b.add(first, op.getBlockN()), numKeys), 1);
    return b.both(b.less(number, end), mask.anyVisible(firstRow, lastRow, first, last));
  }

  Value placeOf(Value number) {
    Value x = b.load(amplitude, {batch, head, block, b.min(number, b.sub(keyBlocks, 1))});
    return b.select(isSeen(number), TeamOrder::placeOfPositive(b, x), b.i32(0));
  }

  /// ceil(share * n) in f64.
  Value share(Value n) {
    FloatType f64 = b.getF64Type();
    Value part = b.mulf(b.constant(f64, op.getShare().convertToDouble()), b.toFloat(n, f64));
    return b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), b.roundUp(part)));
  }

  TeamBuilder &b;
  AmplitudeScoreOp op;
  Value amplitude, passes, numKeys;
  MaskBounds mask;
  Value block, head, batch, keyBlocks;
  Value firstRow, lastRow, end; ///< `end`: past the last block that may be seen
};
} // namespace

void qsat::launchPasses(AmplitudeScoreOp op, Value passes, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  TeamLaunch launch{"qsat_cascade_passes", context.target.warpLanes, host.dim(passes, 2), host.dim(passes, 1),
                    host.dim(passes, 0), {op.getAmplitude(), passes, host.dim(op.getQ(), 2), host.dim(op.getK(), 2)}};
  llvm::append_range(launch.arguments, op.getPosition());
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    CascadePasses(b, op, args, team, head, batch).build();
  });
}
