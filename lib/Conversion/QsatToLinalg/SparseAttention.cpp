//===- SparseAttention.cpp - The meaning of sparse_attention --------------===//

#include "Decompose.h"
#include "Scores.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace qsat {
namespace {

/// A normalised attention over some keys: sum_c weights values / sum.
struct Part {
  Softmax p;
  Value weighted; ///< [B,H,M,Dv]

  Expr value(Emitter &e, Indices x) const {
    Expr sum = e.read(p.sum, x.take_front(3));
    return select(sum == e.real(0), e.real(0), e.read(weighted, x) / sum);
  }
};

class SparseDecomposition {
public:
  SparseDecomposition(OpBuilder &b, SparseAttentionOp op)
      : e(b, op.getLoc(), op.getAccType()), op(op), model(getScoreModel(op)) {}

  SmallVector<Value> run();

private:
  /// Whether block J is in the list of block I: [B,Hs,Mb,Nb] i1.
  Value emitListed();
  /// Whether the block of key j is in the list that row (b, h, i) reads.
  Expr isListed(Indices x, Expr block);
  /// The scores z, -inf in unlisted blocks: [B,H,M,N].
  Value emitListedScores();
  Part emitBackground();
  /// Log weight [B,H,M,Nb] of unlisted blocks with centroids as values.
  Value emitCentroidWeights();

  Emitter e;
  SparseAttentionOp op;
  ScoreModel model;
  Value listed;
};

} // namespace

Value SparseDecomposition::emitListed() {
  Value indices = op.getIndices(), counts = op.getCounts();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(e.b, e.loc, indices);
  sizes[3] = e.ceilDivSize(e.size(op.getK(), 2), op.getBlockN());
  return e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    Expr count = convert(e.read(counts, x.take_front(3)), e.b.getIndexType());
    return e.any(e.index(0), count, [&](Expr t) {
      return convert(e.read(indices, {x[0], x[1], x[2], t}), e.b.getIndexType()) == x[3];
    });
  });
}

Expr SparseDecomposition::isListed(Indices x, Expr block) {
  return e.read(listed, {x[0], headOf(e, x[1], op.getQ(), op.getIndices()), x[2] / op.getBlockM(),
                         block});
}

Value SparseDecomposition::emitListedScores() {
  Value z = emitScores(e, model);
  return e.compute(tensor::getMixedSizes(e.b, e.loc, z), e.acc, [&](Indices x) {
    return select(isListed(x, x[3] / op.getBlockN()), e.read(z, x), e.minusInfinity());
  });
}

Value SparseDecomposition::emitCentroidWeights() {
  Value means = emitBlockMeans(e, op.getK(), op.getBlockN());
  Value logits = emitCentroidLogits(e, op.getQ(), means, model.scale);
  Value variances;
  if (op.getBackground() == Background::T2)
    variances = emitBlockVariances(e, op.getK(), means, op.getBlockN());
  Value seen = emitVisibleCounts(e, model, op.getBlockN());
  return e.compute(tensor::getMixedSizes(e.b, e.loc, logits), e.acc, [&](Indices x) {
    Expr n = e.read(seen, {x[2], x[3]});
    Expr weight = e.read(logits, x) + log(convert(n, e.acc));
    if (variances)
      weight = weight + log1p(e.real(0.5) * spreadOfLogit(e, op.getQ(), variances, model.scale,
                                                          x.take_front(3), x[3]));
    Expr hidden = isListed(x, x[3]) | (n == 0);
    return select(hidden, e.minusInfinity(), weight);
  });
}

Part SparseDecomposition::emitBackground() {
  if (op.getBackground() == Background::Rank1) {
    // A block of weight exp(logit) n with the mean of its n visible values is
    // the same as a score of `logit` for each of its visible keys.
    SmallVector<OpFoldResult> sizes{e.size(op.getQ(), 0), e.size(op.getQ(), 1),
                                    e.size(op.getQ(), 2), e.size(op.getK(), 2)};
    Value z = e.compute(sizes, e.acc, [&](Indices x) {
      Expr visible = isVisible(e, model.mask, atPosition(e, model.position, 2, x[2]),
                               atPosition(e, model.position, 3, x[3]));
      return select(visible & !isListed(x, x[3] / op.getBlockN()),
                    e.real(op.getBackgroundLogit().convertToDouble()), e.minusInfinity());
    });
    Softmax p = emitSoftmax(e, z);
    return {p, emitWeightedSum(e, p.weights, op.getV())};
  }
  Softmax p = emitSoftmax(e, emitCentroidWeights());
  return {p, emitWeightedSum(e, p.weights, emitBlockMeans(e, op.getV(), op.getBlockN()))};
}

SmallVector<Value> SparseDecomposition::run() {
  listed = emitListed();
  Softmax p = emitSoftmax(e, emitListedScores());
  Part selected{p, emitWeightedSum(e, p.weights, op.getV())};
  SmallVector<Value> results;
  if (op.getBackground() == Background::None) {
    results.push_back(e.computeInto(op.getO(), [&](Indices x) { return selected.value(e, x); }));
    results.push_back(e.computeInto(op.getLse(), [&](Indices x) { return p.logSumExp(e, x); }));
    if (op.getKept())
      results.push_back(e.computeInto(op.getKept(), [&](Indices x) {
        Expr sum = e.read(p.sum, x);
        // NaN scores keep NaN, as a softmax would.
        return select(sum == e.real(0), e.real(0), sum / sum);
      }));
    return results;
  }
  Part rest = emitBackground();
  SmallVector<OpFoldResult> rows{e.size(op.getQ(), 0), e.size(op.getQ(), 1), e.size(op.getQ(), 2)};
  Value lse = e.compute(rows, e.acc, [&](Indices x) {
    Expr in = selected.p.logSumExp(e, x), out = rest.p.logSumExp(e, x);
    Expr greatest = max(in, out);
    Expr top = select(greatest == e.minusInfinity(), e.real(0), greatest);
    return select(greatest == e.minusInfinity(), greatest,
                  top + log(exp(in - top) + exp(out - top)));
  });
  // a = exp(lse_S - lse), and 0 in rows that select nothing.
  Value kept = e.compute(rows, e.acc, [&](Indices x) {
    Expr in = selected.p.logSumExp(e, x);
    return select(in == e.minusInfinity(), e.real(0), exp(in - e.read(lse, x)));
  });
  Value probability = e.compute(rows, e.acc, [&](Indices x) {
    Expr p = emitProbability(e, op.getAmplificationOrDefault(),
                             min(max(e.read(kept, x), e.real(0)), e.real(1)));
    p = select(e.read(rest.p.sum, x) == e.real(0), e.real(1), p);
    return select(e.read(selected.p.sum, x) == e.real(0), e.real(0), p);
  });
  results.push_back(e.computeInto(op.getO(), [&](Indices x) {
    Expr p = e.read(probability, x.take_front(3));
    return p * selected.value(e, x) + (e.real(1) - p) * rest.value(e, x);
  }));
  results.push_back(e.computeInto(op.getLse(), [&](Indices x) { return e.read(lse, x); }));
  if (op.getKept())
    results.push_back(e.computeInto(op.getKept(), [&](Indices x) { return e.read(kept, x); }));
  return results;
}

SmallVector<Value> decompose(OpBuilder &b, SparseAttentionOp op) {
  return SparseDecomposition(b, op).run();
}

} // namespace qsat
