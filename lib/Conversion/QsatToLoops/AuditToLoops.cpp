//===- AuditToLoops.cpp - qsat.audit to loops -----------------------------===//
// The drawn rows of all query heads of a kv head are gathered, stratum by
// stratum, into one head of queries q' [B,Hkv,T*2*G,D] with their places in
// `rows` [B,Hkv,T*2*G] i32: slot j is of stratum j / 2G and query head Hkv G + j
// mod G. Dense attention of q' by the kernel that attention uses, told where its rows
// really are, gives o* and lse*; they are compared with o and lse.

#include "../Constants.h"
#include "AuditDraw.h"
#include "FlashKernel.h"
#include "Lowering.h"
#include "TaskBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qsat;

namespace {
/// What is gathered and computed for the drawn rows.
struct Sample {
  Value rows, weights, queries, o, lse;

  std::array<Value, 5> buffers() const { return {rows, weights, queries, o, lse}; }
};

/// The audit as code sees it that gets its operands, the sample and a task.
struct AuditTask {
  AuditTask(TaskBuilder &b, AuditOp op, ValueRange operands, const Sample &sample, ValueRange task)
      : b(b), op(op), sample(sample), batch(task[0]), kvHead(task[1]), stratum(task[2]),
        q(operands[0]), o(operands[3]) {
    auto part = [&](OperandRange range) {
      return operands.slice(range.getBeginOperandIndex(), range.size());
    };
    if (op.getLse())
      lse = operands[4];
    inits = part(op.getInits());
    at.assign(4, b.index(0));
    if (!op.getPosition().empty())
      at = llvm::to_vector(part(op.getPosition()));
    group = b.div(b.dim(q, 1), b.dim(operands[1], 1));
    first = b.mul(stratum, op.getStratum());
    count = b.min(b.sub(b.dim(q, 2), first), op.getStratum());
  }

  void draw();
  void compare();

private:
  Value head(Value g) { return b.add(b.mul(kvHead, group), g); }
  /// The slot of draw s of the g-th head.
  Value slot(Value g, int64_t s) {
    return b.add(b.mul(b.add(b.mul(stratum, 2), b.index(s)), group), g);
  }
  /// Calls body(g, s) for all draws of the stratum.
  void forEachDraw(function_ref<void(Value, int64_t)> body) {
    for (int64_t s = 0; s < 2; ++s)
      b.loop(group, [&](Value g) { body(g, s); });
  }

  TaskBuilder &b;
  AuditOp op;
  Sample sample;
  Value batch, kvHead, stratum; ///< of the task
  Value q, o, lse;
  ValueRange inits;
  SmallVector<Value> at;
  Value group;        ///< G
  Value first, count; ///< t n and n_t
};
} // namespace

/// rows, weights and q' of the stratum, for every query head of the kv head.
void AuditTask::draw() {
  forEachDraw([&](Value g, int64_t s) {
    auto acc = cast<FloatType>(cast<MemRefType>(sample.o.getType()).getElementType());
    AuditDraw drawn = drawAuditRow(b, op, at, {batch, head(g), stratum, first, count}, s, acc);
    b.store(b.toI32(drawn.row), sample.rows, {batch, kvHead, slot(g, s)});
    b.store(drawn.weight, sample.weights, {batch, kvHead, slot(g, s)});
    b.loop(b.dim(q, 3), [&](Value d) {
      b.store(b.load(q, {batch, head(g), drawn.row, d}), sample.queries,
              {batch, kvHead, slot(g, s), d});
    });
  });
}

/// error, norm and kept of the stratum.
void AuditTask::compare() {
  auto acc = cast<FloatType>(cast<MemRefType>(sample.o.getType()).getElementType());
  Value zero = b.constant(acc, 0.0);
  forEachDraw([&](Value g, int64_t s) {
    Value place = slot(g, s);
    Value row = b.toIndex(b.load(sample.rows, {batch, kvHead, place}));
    Value weight = b.load(sample.weights, {batch, kvHead, place});
    auto sums = b.loop(b.index(0), b.dim(o, 3), 1, {zero, zero}, [&](Value d, ValueRange now) {
      Value exact = b.load(sample.o, {batch, kvHead, place, d});
      Value difference = b.subf(b.loadAs(acc, o, {batch, head(g), row, d}), exact);
      return TaskBuilder::Values{b.fma(difference, difference, now[0]),
                                 b.fma(exact, exact, now[1])};
    });
    Value result[] = {batch, head(g), stratum, b.index(s)};
    for (auto [sum, init] : llvm::zip(sums, inits))
      b.storeAs(b.mulf(weight, sum), init, result);
    if (!lse)
      return;
    Value exact = b.load(sample.lse, {batch, kvHead, place});
    Value difference = b.subf(b.load(lse, {batch, head(g), row}), exact);
    Value share = b.exp2(b.mulf(difference, b.constant(acc, kLog2E)));
    Value seesNothing = b.cmpf(arith::CmpFPredicate::OEQ, exact, b.constant(acc, -INFINITY));
    b.storeAs(b.select(seesNothing, zero, share), inits[2], result);
  });
}

/// Calls, for each (batch, kv head, stratum) in parallel, a kernel that runs `step`.
static void buildSteps(TaskBuilder &b, AuditOp op, const Sample &sample, StringRef name,
                       LoweringContext &context, void (AuditTask::*step)()) {
  SmallVector<Value> operands = llvm::to_vector(sample.buffers());
  llvm::append_range(operands, op->getOperands());
  func::FuncOp kernel = context.kernels.get(op, name, [&] {
    Type index = b.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return b.function(context.module, name, types, [&](ValueRange args) {
      AuditTask task(b, op, args.drop_front(8), {args[3], args[4], args[5], args[6], args[7]}, args);
      (task.*step)();
    });
  });
  Value heads = b.dim(op.getK(), 1), strata = b.dim(op.getError(), 2);
  static_cast<KernelBuilder &>(b).parallel(
      b.mul(b.mul(b.dim(op.getQ(), 0), heads), strata), [&](Value t) {
        Value head = b.div(t, strata);
        SmallVector<Value> arguments{b.div(head, heads), b.rem(head, heads), b.rem(t, strata)};
        llvm::append_range(arguments, operands);
        func::CallOp::create(b, b.getLoc(), kernel, arguments);
      });
}

LogicalResult qsat::lowerAudit(AuditOp audit, LoweringContext &context) {
  // Attention of q' as if it were an op with inits o* and lse*; the operands keep
  // their numbers.
  FlashOp op(audit);
  if (failed(verifyForKernel(op)))
    return failure();
  SmallVector<Value> captures = isolateRegion(audit);
  TaskBuilder b(audit.getLoc(), OpBuilder(audit), context.target);
  Value batches = b.dim(audit.getQ(), 0), heads = b.dim(audit.getK(), 1);
  Value group = b.div(b.dim(audit.getQ(), 1), heads);
  Value slots = b.mul(b.mul(b.dim(audit.getError(), 2), 2), group);
  auto queries = cast<MemRefType>(audit.getQ().getType());
  Sample sample;
  sample.rows = b.allocate(b.getI32Type(), {batches, heads, slots});
  sample.weights = b.allocate(op.acc, {batches, heads, slots});
  sample.queries = b.allocate(queries.getElementType(), {batches, heads, slots, b.dim(op.q, 3)});
  sample.o = b.allocate(op.acc, {batches, heads, slots, b.dim(op.v, 3)});
  sample.lse = b.allocate(op.acc, {batches, heads, slots});
  buildSteps(b, audit, sample, "qsat_audit_draw", context, &AuditTask::draw);

  op.widenBlocks(context.target);
  op.q = sample.queries;
  FlashShape shape(op, context.target);
  PackedKeys packed = buildPacking(b, op, shape, context);
  // audit(b, kv head, panel, packed keys, packed values, rows, q', k, v, o ... at,
  //       o*, lse*, captures)
  SmallVector<Value> operands{packed.keys, packed.values, sample.rows, sample.queries};
  llvm::append_range(operands, audit->getOperands().drop_front().drop_back(audit.getInits().size()));
  operands.append({sample.o, sample.lse});
  llvm::append_range(operands, captures);
  auto emit = [&](StringRef name, const FlashShape &shape) {
    Type index = b.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return b.function(context.module, name, types, [&](ValueRange args) {
      ValueRange ofOp = args.drop_front(6).drop_back(captures.size());
      FlashKernel flash(b, op, shape, ofOp, args.take_back(captures.size()),
                        PackedKeys{args[3], args[4], packed.kernel});
      Value extent = b.dim(ofOp[3], 2);
      Value group = b.div(b.dim(ofOp[3], 1), b.dim(ofOp[1], 1));
      flash.setSample({args[5], group, extent, audit.getStratum()});
      flash.begin(args[0], args[1], b.mul(args[2], shape.rows), b.dim(ofOp[0], 2));
      flash.visitAll();
      flash.finish();
    });
  };
  PanelKernels kernels(b, context, audit, "qsat_audit", shape, emit);
  Value panels = b.ceilDiv(slots, shape.rows);
  static_cast<KernelBuilder &>(b).parallel(
      b.mul(b.mul(batches, heads), panels), [&](Value t) {
        Value head = b.div(t, panels), panel = b.rem(t, panels);
        SmallVector<Value> arguments{b.div(head, heads), b.rem(head, heads),
                                     b.foldedOrder(panel, panels)};
        llvm::append_range(arguments, operands);
        kernels.call(b, arguments);
      });
  b.release(packed.buffers);
  buildSteps(b, audit, sample, "qsat_audit_compare", context, &AuditTask::compare);
  b.release(ValueRange(sample.buffers()));
  return success();
}
