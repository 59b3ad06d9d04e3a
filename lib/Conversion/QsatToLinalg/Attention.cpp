//===- Attention.cpp - The meaning of attention and merge -----------------===//

#include "Decompose.h"
#include "Scores.h"

using namespace mlir;

namespace qsat {

SmallVector<Value> decompose(OpBuilder &b, AttentionOp op) {
  Emitter e(b, op.getLoc(), op.getAccType());
  Softmax p = emitSoftmax(e, emitScores(e, getScoreModel(op)));
  Value weighted = emitWeightedSum(e, p.weights, op.getV());
  SmallVector<Value> results;
  results.push_back(e.computeInto(op.getO(), [&](Indices x) {
    Expr sum = e.read(p.sum, x.take_front(3));
    return select(sum == e.real(0), e.real(0), e.read(weighted, x) / sum);
  }));
  if (op.getLse())
    results.push_back(e.computeInto(op.getLse(), [&](Indices x) { return p.logSumExp(e, x); }));
  return results;
}

SmallVector<Value> decompose(OpBuilder &b, MergeOp op) {
  auto acc = mlir::cast<FloatType>(mlir::cast<ShapedType>(op.getLse1().getType()).getElementType());
  Emitter e(b, op.getLoc(), acc);
  struct Weights {
    Expr first, second, sum, top;
  };
  // exp(lse - top) of both parts; 0 and 0 where both are empty.
  auto weights = [&](Indices x) -> Weights {
    Expr l1 = e.read(op.getLse1(), x), l2 = e.read(op.getLse2(), x);
    Expr greatest = max(l1, l2);
    Expr top = select(greatest == e.minusInfinity(), e.real(0), greatest);
    Expr first = exp(l1 - top), second = exp(l2 - top);
    return {first, second, first + second, top};
  };
  Value o = e.computeInto(op.getO(), [&](Indices x) {
    Weights w = weights(x.take_front(3));
    Expr o1 = convert(e.read(op.getO1(), x), acc), o2 = convert(e.read(op.getO2(), x), acc);
    return select(w.sum == e.real(0), e.real(0), (w.first * o1 + w.second * o2) / w.sum);
  });
  Value lse = e.computeInto(op.getLse(), [&](Indices x) {
    Weights w = weights(x);
    return select(w.sum == e.real(0), e.minusInfinity(), w.top + log(w.sum));
  });
  return {o, lse};
}

} // namespace qsat
