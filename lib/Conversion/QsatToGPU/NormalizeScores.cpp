//===- NormalizeScores.cpp - Amplitudes from the masses of rows -----------===//
// The lanes of a team are rows x key blocks: rows side by side, as they lie in
// memory, and as many key blocks at a time as there are lanes left. Of few rows a
// team finds the sums of all and the amplitudes; of many, teams find sums of some
// each, and then teams find one amplitude each.

#include "../Constants.h"
#include "ScoreRows.h"

#include "../QsatToLoops/MaskBounds.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Rows of a block that one team looks at.
static constexpr int64_t kFewRows = 16;

namespace {
class Normalize {
public:
  /// `passes` and `lse` may be null.
  Normalize(TeamBuilder &b, AmplitudeScoreOp op, const SampledRows &sampled, ValueRange args, Value passes, Value lse,
            Value block, Value head, Value batch)
      : b(b), sampled(sampled), masses(args[0]), amplitude(args[1]), passes(passes), lse(lse), numRows(args[2]),
        numKeys(args[3]), mask(b, op.getMaskAttr(), args.slice(4, op.getPosition().size())), block(block), head(head),
        batch(batch), acc(op.getAccType()), none(b.constant(acc, -kInfinity)), zero(b.constant(acc, 0.0)) {
    rowLanes = rowsOfTeam(b.lanes, sampled);
    blockLanes = b.lanes / rowLanes;
    rowLane = b.rem(b.lane, rowLanes);
    blockLane = b.div(b.lane, rowLanes);
    unroll = b.hasLanes() ? 8 : 1;
    Value rows = sampled.rowsOf(b, block, numRows);
    count = sampled.contributing(b, rows);
    firstRow = b.mul(block, sampled.blockRows);
    lastRow = b.sub(b.add(firstRow, rows), 1);
    keyBlocks = b.dim(masses, 3);
    visibleBlocks = b.KernelBuilder::ceilDiv(mask.visibleEnd(lastRow, numKeys), sampled.blockKeys);
  }

  /// Rows that a team takes at a time.
  static int64_t rowsOfTeam(int64_t lanes, const SampledRows &sampled) {
    return std::min<int64_t>(lanes, sampled.perBlock & -sampled.perBlock);
  }

  /// logs [B,H,Mb,R] of the rows of number `group`, as many as a team takes.
  void buildLogs(Value logs, Value group) {
    Value row = b.add(b.mul(group, rowLanes), rowLane), log = logOfRow(row);
    b.when(b.eq(blockLane, b.index(0)), [&] { b.store(log, logs, {batch, head, block, row}); });
  }

  /// The amplitude of a key block; of block 0 lse too.
  void buildShare(Value logs, Value keyBlock) {
    Value one = b.constant(acc, 1.0), last = b.index(sampled.perBlock - 1);
    auto logOf = [&](Value row) { return b.load(logs, {batch, head, block, row}); };
    // Some rows are loaded at once, and none of what no row of the block sees.
    constexpr int64_t kAtOnce = 4;
    auto sumShares = [&]() -> Values {
      Value sum = b.loop(b.lane, count, kAtOnce * b.lanes, {zero}, [&](Value first, ValueRange carried) -> Values {
        Value sum = carried[0];
        for (int64_t n = 0; n < kAtOnce; ++n) {
          Value row = b.add(first, n * b.lanes), known = b.min(row, last);
          Value share = b.exp2(b.subf(load(known, keyBlock), baseOf(logOf(known))));
          sum = b.addf(sum, b.select(b.less(row, count), share, zero));
        }
        return {sum};
      })[0];
      return {b.sumOfTeam(sum)};
    };
    Value sum = b.choose(b.less(keyBlock, visibleBlocks), sumShares, [&]() -> Values { return {zero}; })[0];
    Value root = b.create<math::SqrtOp>(b.divf(sum, b.toFloat(count, acc)));
    b.when(b.eq(b.lane, b.index(0)),
           [&] { b.store(b.convert(root, b.getF32Type()), amplitude, {batch, head, block, keyBlock}); });
    if (!lse)
      return;
    b.when(b.eq(keyBlock, b.index(0)), [&] {
      Values sums = b.loop(b.lane, count, b.lanes, {zero, zero}, [&](Value row, ValueRange sums) -> Values {
        Value log = logOf(row), sees = b.cmpf(arith::CmpFPredicate::UNE, log, none);
        return {b.select(sees, b.addf(sums[0], log), sums[0]), b.select(sees, b.addf(sums[1], one), sums[1])};
      });
      storeLse(b.sumOfTeam(sums[0]), b.sumOfTeam(sums[1]));
    });
  }

  void build() {
    // Rows are taken as many at a time as there are lanes for.
    Values logs = b.loop(b.index(0), b.index(sampled.perBlock), rowLanes, {zero, zero},
                         [&](Value base, ValueRange carried) -> Values {
                           Value row = b.add(base, rowLane), log = logOfRow(row);
                           addShares(base, row, log);
                           Value sees = b.cmpf(arith::CmpFPredicate::UNE, log, none);
                           return {b.select(sees, b.addf(carried[0], log), carried[0]),
                                   b.select(sees, b.addf(carried[1], b.constant(acc, 1.0)), carried[1])};
                         });
    b.loop(b.add(visibleBlocks, b.lane), keyBlocks, b.lanes, [&](Value j) {
      b.store(b.constant(b.getF32Type(), 0.0), amplitude, {batch, head, block, j});
    });
    if (lse)
      storeLse(b.sumOver(logs[0], 1, rowLanes), b.sumOver(logs[1], 1, rowLanes));
  }

private:
  /// s of row `row` and key block `keyBlock`; -inf where no row of the block sees
  /// it, or it does not pass. Memory is read in any case: what nothing was written to
  /// is not looked at.
  Value load(Value row, Value keyBlock) {
    Value seen = b.both(b.less(keyBlock, visibleBlocks), b.less(row, count));
    Value j = b.min(keyBlock, b.sub(keyBlocks, 1));
    if (mask.hasWindow()) {
      Value first = b.mul(j, sampled.blockKeys), end = b.min(b.add(first, sampled.blockKeys), numKeys);
      seen = b.both(seen, mask.anyVisible(firstRow, lastRow, first, b.sub(end, 1)));
    }
    if (passes) {
      Value mark = b.load(passes, {batch, head, block, j});
      seen = b.both(seen, b.cmp(arith::CmpIPredicate::ne, mark, b.i32(0)));
    }
    return b.select(seen, b.load(masses, {batch, head, block, j, row}), none);
  }

  Value baseOf(Value m) { return b.select(b.cmpf(arith::CmpFPredicate::OEQ, m, none), zero, m); }

  /// log2 of all mass of the row of this lane; -inf for a row that sees nothing.
  Value logOfRow(Value row) {
    Values state = b.loop(b.index(0), visibleBlocks, unroll * blockLanes, {none, zero},
                          [&](Value j, ValueRange carried) -> Values {
                            Values s;
                            Value top = carried[0], sum;
                            for (int64_t n = 0; n < unroll; ++n)
                              s.push_back(load(row, b.add(b.add(j, blockLane), n * blockLanes)));
                            for (Value more : s)
                              top = b.maxf(top, more);
                            Value shift = baseOf(top);
                            sum = b.mulf(carried[1], b.exp2(b.subf(carried[0], shift)));
                            for (Value more : s)
                              sum = b.addf(sum, b.exp2(b.subf(more, shift)));
                            return {top, sum};
                          });
    Value top = b.largestOver(state[0], rowLanes, b.lanes), shift = baseOf(top);
    Value sum = b.mulf(state[1], b.exp2(b.subf(state[0], shift)));
    sum = b.sumOver(sum, rowLanes, b.lanes);
    Value isNaN = b.cmpf(arith::CmpFPredicate::UNO, sum, sum); // log2 looks at bits
    Value log = b.addf(shift, b.select(isNaN, sum, b.log2(sum)));
    return b.select(b.cmpf(arith::CmpFPredicate::OEQ, sum, zero), none, log);
  }

  /// amplitude += the shares of the rows of this pass; the root of the mean after
  /// the last.
  void addShares(Value base, Value row, Value log) {
    bool isOnly = sampled.perBlock <= rowLanes;
    Value isFirst = b.eq(base, b.index(0)), isLast = b.ge(b.add(base, rowLanes), b.index(sampled.perBlock));
    Value shift = baseOf(log), divisor = b.toFloat(count, acc);
    FloatType f32 = b.getF32Type();
    b.loop(b.index(0), visibleBlocks, unroll * blockLanes, [&](Value first) {
      Values s;
      for (int64_t n = 0; n < unroll; ++n)
        s.push_back(load(row, b.add(b.add(first, blockLane), n * blockLanes)));
      for (Value &share : s)
        share = b.sumOver(b.exp2(b.subf(share, shift)), 1, rowLanes);
      // All lanes of the rows have all sums: each stores one.
      for (int64_t n = 0; n < unroll; n += rowLanes) {
        int64_t some = std::min(rowLanes, unroll - n);
        Value share = s[n], j = b.add(b.add(first, blockLane), b.mul(b.add(rowLane, n), blockLanes));
        for (int64_t lane = 1; lane < some; ++lane)
          share = b.select(b.eq(rowLane, b.index(lane)), s[n + lane], share);
        b.when(b.both(b.less(rowLane, b.index(some)), b.less(j, visibleBlocks)), [&] {
          Value at[] = {batch, head, block, j}, sum = share;
          if (!isOnly)
            sum = b.addf(b.select(isFirst, zero, b.convert(b.load(amplitude, at), acc)), share);
          Value root = b.create<math::SqrtOp>(b.divf(sum, divisor));
          b.store(b.convert(isOnly ? root : b.select(isLast, root, sum), f32), amplitude, at);
        });
      }
    });
  }

  void storeLse(Value sum, Value seeing) {
    Value some = b.cmpf(arith::CmpFPredicate::OGT, seeing, zero);
    Value mean = b.mulf(b.divf(sum, seeing), b.constant(acc, kLn2));
    b.when(b.eq(b.lane, b.index(0)), [&] {
      b.store(b.convert(b.select(some, mean, none), b.getF32Type()), lse, {batch, head, block});
    });
  }

  TeamBuilder &b;
  const SampledRows &sampled;
  Value masses, amplitude, passes, lse, numRows, numKeys;
  MaskBounds mask;
  Value block, head, batch;
  FloatType acc;
  Value none, zero;
  int64_t rowLanes, blockLanes;
  int64_t unroll; ///< key blocks of a lane that are loaded at once
  Value rowLane, blockLane;
  Value count, firstRow, lastRow, keyBlocks, visibleBlocks;
};
} // namespace

void qsat::launchNormalize(AmplitudeScoreOp op, StringRef name, const SampledRows &sampled, Value masses,
                           Value passes, Value lse, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  int64_t lanes = op.getAccType().isF32() ? context.target.warpLanes : 1;
  TeamLaunch launch{name, lanes, host.dim(masses, 2), host.dim(masses, 1), host.dim(masses, 0), {}};
  launch.arguments = {masses, op.getAmplitude(), host.dim(op.getQ(), 2), host.dim(op.getK(), 2)};
  llvm::append_range(launch.arguments, op.getPosition());
  unsigned count = launch.arguments.size();
  for (Value optional : {passes, lse})
    if (optional)
      launch.arguments.push_back(optional);
  // Places and what is optional among the arguments, as a kernel sees them.
  auto inside = [&](TeamBuilder &b, ValueRange args, Value block, Value head, Value batch) {
    Value given = passes ? args[count] : Value(), lseOf = lse ? args[count + (passes ? 1 : 0)] : Value();
    return Normalize(b, op, sampled, args.take_front(count), given, lseOf, block, head, batch);
  };
  if (sampled.perBlock <= kFewRows) {
    launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
      inside(b, args, team, head, batch).build();
    });
    return;
  }
  Value blocks = launch.teams;
  Value logs = host.allocate(op.getAccType(), {launch.batches, launch.heads, blocks, host.index(sampled.perBlock)});
  launch.arguments.push_back(logs);
  int64_t groups = sampled.perBlock / Normalize::rowsOfTeam(lanes, sampled);
  std::string nameOfLogs = (name + "_logs").str();
  launch.name = nameOfLogs;
  launch.teams = host.mul(blocks, groups);
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    inside(b, args, b.div(team, groups), head, batch).buildLogs(args.back(), b.rem(team, groups));
  });
  launch.name = name;
  launch.teams = host.mul(blocks, host.dim(masses, 3));
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    Value keyBlocks = b.dim(args[0], 3);
    inside(b, args, b.div(team, keyBlocks), head, batch).buildShare(args.back(), b.rem(team, keyBlocks));
  });
  host.release(logs);
}
