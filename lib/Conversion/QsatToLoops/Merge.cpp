//===- Merge.cpp - qsat.merge to loops ------------------------------------===//

#include "../Constants.h"
#include "KernelBuilder.h"
#include "Lowering.h"
#include "MergeWeights.h"

using namespace mlir;
using namespace qsat;

/// Rows that one task merges.
static constexpr int64_t kRows = 64;

MergeWeights qsat::buildMergeWeights(KernelBuilder &kb, Value lse1, Value lse2) {
  Type acc = lse1.getType();
  Value zero = kb.constant(acc, 0.0), infinite = kb.constant(acc, -INFINITY);
  Value m = kb.maxf(lse1, lse2);
  Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, m, infinite);
  m = kb.select(isEmpty, zero, m);
  Value log2e = kb.constant(acc, kLog2E);
  Value e1 = kb.exp2(kb.mulf(kb.subf(lse1, m), log2e));
  Value e2 = kb.exp2(kb.mulf(kb.subf(lse2, m), log2e));
  Value sum = kb.addf(e1, e2);
  Value scale = kb.select(isEmpty, zero, kb.divf(kb.constant(acc, 1.0), sum));
  Value lse = kb.fma(kb.log2(sum), kb.constant(acc, kLn2), m);
  Value isNaN = kb.cmpf(arith::CmpFPredicate::UNO, sum, sum);
  lse = kb.select(isEmpty, infinite, kb.select(isNaN, sum, lse));
  return {kb.mulf(e1, scale), kb.mulf(e2, scale), lse};
}

/// merge(b, h, first row, o1, lse1, o2, lse2, o, lse): kRows rows of one head.
static func::FuncOp buildMergeKernel(KernelBuilder &kb, MergeOp op, ModuleOp module) {
  Type index = kb.getIndexType();
  SmallVector<Type> arguments{index, index, index};
  llvm::append_range(arguments, op->getOperandTypes());
  return kb.function(module, "qsat_merge", arguments, [&](ValueRange args) {
    Value b = args[0], h = args[1], first = args[2];
    Value o1 = args[3], lse1 = args[4], o2 = args[5], lse2 = args[6], o = args[7], lse = args[8];
    Type acc = cast<MemRefType>(lse.getType()).getElementType();
    int64_t lanes = kb.lanes(acc);
    Value width = kb.dim(o, 3);
    bool hasRows = llvm::all_of(ValueRange{o1, o2, o}, KernelBuilder::isRowContiguous);
    Value whole = hasRows ? kb.sub(width, kb.rem(width, lanes)) : kb.index(0);
    Value last = kb.min(kb.add(first, kRows), kb.dim(o, 2));
    kb.loop(first, last, 1, [&](Value i) {
      MergeWeights w = buildMergeWeights(kb, kb.load(lse1, {b, h, i}), kb.load(lse2, {b, h, i}));
      kb.store(w.lse, lse, {b, h, i});
      Value w1 = kb.splat(w.first, lanes), w2 = kb.splat(w.second, lanes);
      // Not even as dead code: vector.load takes unit strides only.
      if (hasRows)
        kb.loop(kb.index(0), whole, lanes, [&](Value d) {
          Value x = kb.mulf(w1, kb.loadVectorAs(acc, o1, {b, h, i, d}, lanes));
          x = kb.fma(w2, kb.loadVectorAs(acc, o2, {b, h, i, d}, lanes), x);
          kb.storeVectorAs(x, o, {b, h, i, d});
        });
      kb.loop(whole, width, 1, [&](Value d) {
        Value x = kb.mulf(w.first, kb.loadAs(acc, o1, {b, h, i, d}));
        x = kb.fma(w.second, kb.loadAs(acc, o2, {b, h, i, d}), x);
        kb.storeAs(x, o, {b, h, i, d});
      });
    });
  });
}

LogicalResult qsat::lowerMerge(MergeOp op, LoweringContext &context) {
  KernelBuilder kb(op.getLoc(), OpBuilder(op), context.target);
  func::FuncOp kernel = context.kernels.get(
      op, "qsat_merge", [&] { return buildMergeKernel(kb, op, context.module); });
  Value heads = kb.dim(op.getO(), 1), tasks = kb.ceilDiv(kb.dim(op.getO(), 2), kRows);
  Value count = kb.mul(kb.mul(kb.dim(op.getO(), 0), heads), tasks);
  kb.parallel(count, [&](Value t) {
    Value head = kb.div(t, tasks);
    SmallVector<Value> arguments{kb.div(head, heads), kb.rem(head, heads),
                                 kb.mul(kb.rem(t, tasks), kRows)};
    llvm::append_range(arguments, op->getOperands());
    func::CallOp::create(kb, op.getLoc(), kernel, arguments);
  });
  return success();
}
