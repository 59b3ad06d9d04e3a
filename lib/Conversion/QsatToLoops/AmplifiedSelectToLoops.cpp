//===- AmplifiedSelectToLoops.cpp - qsat.amplified_select to loops --------===//

#include "Lowering.h"
#include "SelectKernel.h"

using namespace mlir;
using namespace qsat;

static void buildRow(SelectKernel &s) {
  loadRow(s);
  markByPolicy(s);
  limitMarks(s);
  storeRow(s);
}

static void buildSelect(SelectKernel &s) {
  TaskBuilder &b = s.b;
  bool sequential = s.op.getPolicy() == Policy::HeavyHitter;
  TaskBuilder::Values extents{s.batches, s.lists};
  if (!sequential)
    extents.push_back(s.blocksM);
  std::string name = ("qsat_select_" + stringifyPolicy(s.op.getPolicy()) + "_row").str();
  b.parallelWithScratch(name, extents, [&](ValueRange iv) {
    s.batch = iv[0];
    s.list = iv[1];
    for (Value *buffer : {&s.p, &s.key, &s.sums})
      *buffer = b.scratch(s.f32, {s.blocksN});
    for (Value *buffer : {&s.eligible, &s.forced, &s.marked})
      *buffer = b.scratch(b.getI1Type(), {s.blocksN});
    s.order.emplace(b, s.blocksN);
    if (sequential) {
      Value zero = b.constant(s.f32, 0.0);
      b.loop(s.blocksN, [&](Value j) { b.store(zero, s.sums, {j}); });
      b.loop(s.blocksM, [&](Value block) {
        s.block = block;
        buildRow(s);
      });
    } else {
      s.block = iv[2];
      buildRow(s);
    }
  });
}

LogicalResult qsat::lowerAmplifiedSelect(AmplifiedSelectOp op, LoweringContext &context) {
  OpBuilder outer(op);
  auto emit = [&]() -> func::FuncOp {
    TaskBuilder b(op.getLoc(), outer, context.target);
    StringRef policy = stringifyPolicy(op.getPolicy());
    return b.function(context.module, ("qsat_select_" + policy).str(),
                      TypeRange(op->getOperands()), [&](ValueRange operands) {
                        SelectKernel s(b, op, operands);
                        buildSelect(s);
                      });
  };
  func::FuncOp kernel = context.kernels.get(op, "select", emit);
  func::CallOp::create(outer, op.getLoc(), kernel, op->getOperands());
  return success();
}
