//===- AuditToGPU.cpp - qsat.audit to three launches ----------------------===//
// Rows are drawn, their dense attention is computed, and the audited one compared.

#include "Audit.h"
#include "../Constants.h"
#include "PortableAttention.h"
#include "TeamKernel.h"
#include "WarpAttention.h"

#include "../QsatToLoops/AuditDraw.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Rows and weights of a stratum, one thread for it and a query head.
static void launchDraw(AuditOp op, const AuditSample &sample, FloatType acc, bool letsNextStart,
                       GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  Value q = op.getQ();
  TeamLaunch launch{"qsat_audit_draw", /*lanes=*/1, host.dim(op.getError(), 2), host.dim(q, 1), host.dim(q, 0),
                    {sample.rows, sample.weights, host.dim(q, 1), host.dim(q, 2)}};
  llvm::append_range(launch.arguments, op.getPosition());
  launch.letsNextStart = letsNextStart;
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value head, Value batch) {
    Value rows = args[0], weights = args[1], group = b.div(args[2], b.dim(rows, 1));
    Values at(4, b.index(0));
    if (!op.getPosition().empty())
      at = Values(args.drop_front(4));
    Value first = b.mul(team, op.getStratum());
    AuditStratum stratum{batch, head, team, first, b.min(b.sub(args[3], first), op.getStratum())};
    for (int64_t s = 0; s < 2; ++s) {
      AuditDraw draw = drawAuditRow(b, op, at, stratum, s, acc);
      Value slot = b.add(b.mul(b.add(b.mul(team, 2), b.index(s)), group), b.rem(head, group));
      Value place[] = {batch, b.div(head, group), slot};
      b.store(b.toI32(draw.row), rows, place);
      b.store(draw.weight, weights, place);
    }
  });
}

void qsat::launchPortableAudit(const FlashOp &op, const AuditSample &sample, ValueRange captures,
                               GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.op->getLoc(), OpBuilder(op.op), machine);
  Value teams = host.mul(sample.slots, sample.parts);
  TeamLaunch launch{"qsat_audit", /*lanes=*/1, teams, host.dim(op.k, 1), host.dim(op.k, 0), {}};
  // The results stand where attention has its own.
  auto audit = cast<AuditOp>(op.op);
  launch.arguments = llvm::to_vector(audit->getOperands().drop_back(audit.getInits().size()));
  launch.arguments.append({sample.o, sample.lse});
  unsigned count = launch.arguments.size();
  launch.arguments.append({sample.rows, sample.parts});
  llvm::append_range(launch.arguments, captures);
  launchTeams(op.op, context, launch, [&](TeamBuilder &b, ValueRange args, Value team, Value kvHead, Value batch) {
    ValueRange operands = args.take_front(count);
    Value rows = args[count], parts = args[count + 1], slots = b.dim(rows, 2), keys = b.dim(operands[1], 2);
    Value group = b.div(b.dim(operands[0], 1), b.dim(operands[1], 1));
    Value slot = b.rem(team, slots), part = b.div(team, slots), keysOfPart = b.ceilDiv(keys, parts);
    Value head = b.add(b.mul(kvHead, group), b.rem(slot, group));
    Value row = b.toIndex(b.load(rows, {batch, kvHead, slot}));
    Value first = b.mul(part, keysOfPart), end = b.min(b.add(first, keysOfPart), keys);
    PortableAttention(b, op, operands, captures, args.drop_front(count + 2))
        .buildPart(batch, head, row, {first, end, kvHead, team});
  });
}

namespace {
/// One draw: error, norm and kept. The lanes of a team have columns of their own.
class CompareDraw {
public:
  CompareDraw(TeamBuilder &b, const AuditSample &sample, Value o, Value lse, ValueRange results, Value slot,
              Value kvHead, Value batch)
      : b(b), sample(sample), o(o), lse(lse), results(results), slot(slot), kvHead(kvHead), batch(batch),
        acc(cast<FloatType>(cast<MemRefType>(sample.o.getType()).getElementType())),
        zero(b.constant(acc, 0.0)), none(b.constant(acc, -kInfinity)) {}

  void build() {
    Value heads = b.dim(o, 1), group = b.div(heads, b.dim(sample.rows, 1)), place[] = {batch, kvHead, slot};
    Value head = b.add(b.mul(kvHead, group), b.rem(slot, group)), draw = b.div(slot, group);
    Value row = b.toIndex(b.load(sample.rows, place)), weight = b.load(sample.weights, place);
    // Parts by their lse; a row that sees nothing has no weight in any.
    Value top = b.largestOfTeam(overParts(none, [&](Value top, Value lse) { return b.maxf(top, lse); }));
    base = b.select(b.cmpf(arith::CmpFPredicate::OEQ, top, none), zero, top);
    Value sum = b.sumOfTeam(overParts(zero, [&](Value sum, Value lse) { return b.addf(sum, weightOf(lse)); }));
    Value seesNothing = b.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
    Value inverse = b.select(seesNothing, zero, b.divf(b.constant(acc, 1.0), sum));
    end = findEnd();
    Value width = b.dim(o, 3);
    Values sums = b.loop(b.lane, width, kColumns * b.lanes, {zero, zero}, [&](Value first, ValueRange sums) -> Values {
      Values next(sums), columns = exactColumns(first);
      for (auto [n, column] : llvm::enumerate(columns)) {
        Value d = b.add(first, n * b.lanes), isInside = b.less(d, width), exact = b.mulf(column, inverse);
        Value given = b.loadAs(acc, o, {batch, head, row, b.min(d, b.sub(width, 1))});
        Value terms[] = {b.subf(given, exact), exact};
        for (auto [sum, term] : llvm::zip_equal(next, terms))
          sum = b.addf(b.select(isInside, b.mulf(term, term), zero), sum);
      }
      return next;
    });
    Values values{b.mulf(weight, b.sumOfTeam(sums[0])), b.mulf(weight, b.sumOfTeam(sums[1]))};
    if (lse) {
      Value given = b.mulf(b.load(lse, {batch, head, row}), b.constant(acc, kLog2E));
      values.push_back(b.select(seesNothing, zero, b.mulf(b.exp2(b.subf(given, base)), inverse)));
    }
    b.when(b.eq(b.lane, b.index(0)), [&] {
      for (auto [value, result] : llvm::zip_equal(values, results))
        b.storeAs(value, result, {batch, head, b.div(draw, 2), b.rem(draw, 2)});
    });
  }

private:
  Value placeOf(Value part) { return b.add(b.mul(part, sample.slots), slot); }

  /// lse of a part, in exponents of 2.
  Value lseOf(Value part) {
    return b.mulf(b.load(sample.lse, {batch, kvHead, placeOf(part)}), b.constant(acc, kLog2E));
  }

  /// Combines the lse of this lane's parts.
  Value overParts(Value init, function_ref<Value(Value, Value)> combine) {
    return b.loop(b.lane, sample.parts, b.lanes, {init}, [&](Value part, ValueRange carried) -> Values {
      return {combine(carried[0], lseOf(part))};
    })[0];
  }

  /// The maximum leaves NaN out: the sum has it.
  Value weightOf(Value lse) { return b.exp2(b.subf(lse, base)); }

  /// Past the last part of which the row sees something: as a float, which lanes exchange.
  Value findEnd() {
    Value last = b.loop(b.lane, sample.parts, b.lanes, {zero}, [&](Value part, ValueRange end) -> Values {
      Value isSeen = b.cmpf(arith::CmpFPredicate::UNE, lseOf(part), none);
      return {b.select(isSeen, b.toFloat(b.add(part, 1), acc), end[0])};
    })[0];
    return b.toIndex(b.create<arith::FPToSIOp>(b.getI32Type(), b.largestOfTeam(last)));
  }

  /// The sums over the parts of kColumns columns, a team apart, the last again past the
  /// last. Some parts are loaded at once; what has no weight may be anything.
  Values exactColumns(Value first) {
    Value lastPart = b.sub(sample.parts, 1), lastColumn = b.sub(b.dim(sample.o, 3), 1);
    return b.loop(b.index(0), end, kAtOnce, Values(kColumns, zero), [&](Value begin, ValueRange carried) {
      Values sums(carried);
      for (int64_t n = 0; n < kAtOnce; ++n) {
        Value part = b.add(begin, n), known = b.min(part, lastPart), weight = weightOf(lseOf(known));
        Value counts = b.both(b.less(part, sample.parts), b.cmpf(arith::CmpFPredicate::UNE, weight, zero));
        for (auto [c, sum] : llvm::enumerate(sums)) {
          Value d = b.min(b.add(first, c * b.lanes), lastColumn);
          Value more = b.mulf(b.load(sample.o, {batch, kvHead, placeOf(known), d}), weight);
          sum = b.addf(b.select(counts, more, zero), sum);
        }
      }
      return sums;
    });
  }

  static constexpr int64_t kColumns = 4, kAtOnce = 8;

  TeamBuilder &b;
  const AuditSample &sample;
  Value o, lse;
  ValueRange results;
  Value slot, kvHead, batch;
  FloatType acc;
  Value zero, none, base, end; ///< `end` of the parts that count
};
} // namespace

static void launchCompare(AuditOp op, const AuditSample &sample, bool startsEarly, GPULoweringContext &context) {
  CPUTarget machine;
  TaskBuilder host(op.getLoc(), OpBuilder(op), machine);
  int64_t lanes = op.getAccType().isF32() ? context.target.warpLanes : 1;
  TeamLaunch launch{"qsat_audit_compare", lanes, sample.slots, host.dim(op.getK(), 1), host.dim(op.getK(), 0),
                    {sample.rows, sample.weights, sample.o, sample.lse, sample.parts, op.getO()}};
  if (op.getLse())
    launch.arguments.push_back(op.getLse());
  llvm::append_range(launch.arguments, op.getInits());
  launch.startsEarly = startsEarly;
  launchTeams(op, context, launch, [&](TeamBuilder &b, ValueRange args, Value slot, Value kvHead, Value batch) {
    AuditSample inside{args[0], args[1], args[2], args[3], b.dim(args[0], 2), args[4]};
    CompareDraw(b, inside, args[5], op.getLse() ? args[6] : Value(), args.take_back(op.getInits().size()), slot, kvHead,
                batch)
        .build();
  });
}

/// Parts of the keys: so many that they fill a device twice, of at least 512 keys each;
/// for warps whose blocks share keys.
static Value countParts(AuditOp op, const FlashOp &flash, const AuditSample &sample, bool hasWarps,
                        GPULoweringContext &context) {
  constexpr int64_t kLeastKeys = 512, kMost = 16, kRounds = 2;
  CPUTarget machine;
  TaskBuilder b(op.getLoc(), OpBuilder(op), machine);
  Value most = b.clamp(b.div(b.dim(op.getK(), 2), kLeastKeys), b.index(1), b.index(kMost));
  if (!hasWarps)
    return most;
  HostBuilder host(op.getLoc(), OpBuilder(op), context.symbols);
  Value processors = host.call("qsat_gpu_processors", host.getI64Type(), {});
  Value blocks = b.KernelBuilder::ceilDiv(sample.slots, slotsOfWarpAudit(flash, context.target));
  blocks = b.mul(blocks, b.mul(b.dim(op.getK(), 0), b.dim(op.getK(), 1)));
  Value wanted = b.div(b.mul(b.toIndex(processors), kRounds), b.max(blocks, 1));
  return b.clamp(wanted, b.index(1), most);
}

LogicalResult qsat::lowerAudit(AuditOp audit, GPULoweringContext &context) {
  FlashOp op(audit);
  SmallVector<Value> captures = isolateRegion(audit);
  if (failed(verifyForKernel(op)) || failed(verifyPortable(op, captures)))
    return failure();
  CPUTarget machine;
  TaskBuilder b(audit.getLoc(), OpBuilder(audit), machine);
  Value batches = b.dim(op.k, 0), kvHeads = b.dim(op.k, 1);
  AuditSample sample;
  sample.slots = b.mul(b.mul(b.dim(audit.getError(), 2), 2), b.div(b.dim(op.q, 1), kvHeads));
  op.o = audit.getO(); // the sample's has more, of the accumulation type
  auto explain = [&](StringRef kernel, StringRef reason) {
    remark::missed(audit.getLoc(), remark::RemarkOpts::name("audit").category("qsat"))
        << kernel << remark::reason("{0}", reason);
  };
  std::string whyNotWarps = context.target.hasWarpMMA ? whyNoWarpKernel(op, captures) : "the chip has no mma.sync";
  llvm::Expected<HopperPlan> plan = planHopperAudit(op, captures, context);
  bool hasPlan = static_cast<bool>(plan);
  if (!hasPlan) {
    std::string reason = llvm::toString(plan.takeError());
    if (context.target.hasWarpgroupMMA && whyNotWarps.empty())
      explain("products of warps", reason);
  }
  sample.parts = hasPlan ? b.toIndex(partsOfHopperAudit(op, *plan, sample.slots, context))
                         : countParts(audit, op, sample, whyNotWarps.empty(), context);
  Value results = b.mul(sample.parts, sample.slots);
  sample.rows = b.allocate(b.getI32Type(), {batches, kvHeads, sample.slots});
  sample.weights = b.allocate(op.acc, {batches, kvHeads, sample.slots});
  sample.o = b.allocate(op.acc, {batches, kvHeads, results, b.dim(op.v, 3)});
  sample.lse = b.allocate(op.acc, {batches, kvHeads, results});
  op.o = sample.o;
  launchDraw(audit, sample, op.acc, hasPlan, context);
  if (hasPlan) {
    launchHopperAudit(op, *plan, sample, captures, context);
  } else if (whyNotWarps.empty()) {
    launchWarpAudit(op, sample, captures, context);
  } else {
    if (context.target.hasWarpMMA)
      explain("one thread for each drawn row", whyNotWarps);
    launchPortableAudit(op, sample, captures, context);
  }
  launchCompare(audit, sample, hasPlan, context);
  b.release({sample.rows, sample.weights, sample.o, sample.lse});
  return success();
}
