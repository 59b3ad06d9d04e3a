//===- AmplitudeScore.cpp - The meaning of amplitude_score ----------------===//

#include "Decompose.h"
#include "Scores.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace qsat {

std::pair<Expr, Expr> emitDiagonal(Emitter &e, MaskAttr mask, Expr i0, Expr i1, Expr j0,
                                   int64_t blockN, Expr blocks) {
  int64_t offset = mask ? mask.getOffset() : 0;
  auto blockOf = [&](Expr i) {
    return min(max(floorDiv(i + offset - j0, blockN), e.index(0)), blocks - 1);
  };
  return {blockOf(i0), blockOf(i1)};
}

Expr comesBefore(Expr forcedJ, Expr keyJ, Expr j, Expr forcedI, Expr keyI, Expr i) {
  Expr larger = (keyJ > keyI) | ((keyJ == keyI) & (j < i));
  return (forcedJ & !forcedI) | ((forcedJ == forcedI) & larger);
}

namespace {

/// A probability estimate: a softmax over columns for a number of rows, of
/// which a query block takes some, and a key block some columns.
struct Estimate {
  Softmax p;
  llvm::function_ref<Expr(Expr block)> numRows;            ///< contributing rows of query block I
  llvm::function_ref<Expr(Expr block, Expr t)> row;        ///< the t-th of them
  llvm::function_ref<std::pair<Expr, Expr>(Expr block)> columns; ///< [first, end) of key block J
};

class ScoreDecomposition {
public:
  ScoreDecomposition(OpBuilder &b, AmplitudeScoreOp op)
      : e(b, op.getLoc(), op.getAccType()), op(op), model(getScoreModel(op)),
        blockM(op.getBlockM()), blockN(op.getBlockN()), stride(op.getStride()),
        numRows(e.size(op.getQ(), 2)), numKeys(e.size(op.getK(), 2)) {}

  SmallVector<Value> run();

private:
  Expr firstRow(Expr block) { return block * blockM; }
  Expr rowsOf(Expr block) {
    return min(e.extent(numRows) - firstRow(block), e.index(blockM));
  }
  std::pair<Expr, Expr> keysOf(Expr block) {
    Expr first = block * blockN;
    return {first, min(first + blockN, e.extent(numKeys))};
  }
  Expr isSeenByAny(Value counts, Expr queryBlock, Expr keyBlock);

  SmallVector<Value> finish(const Estimate &estimate, ValueRange inits);
  SmallVector<Value> finishSampled(Value z, int64_t step, ValueRange inits);
  SmallVector<Value> finishByBlocks(Value logits, ValueRange inits);
  SmallVector<Value> pooled();
  SmallVector<Value> antidiagonal();
  /// x [B,H,R,D] with its rows rounded to 8 bits, in f32.
  Value emitRoundedRows(Value x);
  /// Logits [B,H,M,Nb] of centroid and d2.
  Value emitBlockLogits(Value z, bool secondOrder);
  /// z, -inf in the blocks that the cascade does not look at.
  Value emitCascadeScores();

  Emitter e;
  AmplitudeScoreOp op;
  ScoreModel model;
  int64_t blockM, blockN, stride;
  OpFoldResult numRows, numKeys;
};

} // namespace

Expr ScoreDecomposition::isSeenByAny(Value counts, Expr queryBlock, Expr keyBlock) {
  Expr first = firstRow(queryBlock);
  return e.any(first, first + rowsOf(queryBlock),
               [&](Expr i) { return e.read(counts, {i, keyBlock}) > 0; });
}

/// amplitude = sqrt(mean of P_i(J)) and, if there is an init for it, the mean
/// log-sum-exp of the rows that see a key.
SmallVector<Value> ScoreDecomposition::finish(const Estimate &estimate, ValueRange inits) {
  const Softmax &p = estimate.p;
  SmallVector<Value> results;
  results.push_back(e.computeInto(inits[0], [&](Indices x) {
    Expr rows = estimate.numRows(x[2]);
    auto [first, end] = estimate.columns(x[3]);
    Expr total = e.sum(e.index(0), rows, e.real(0), [&, first = first, end = end](Expr t) {
      Expr r = estimate.row(x[2], t);
      Expr marked = e.sum(first, end, e.real(0),
                          [&](Expr c) { return e.read(p.weights, {x[0], x[1], r, c}); });
      Expr sum = e.read(p.sum, {x[0], x[1], r});
      return select(sum == e.real(0), e.real(0), marked / sum);
    });
    return sqrt(total / convert(rows, e.acc));
  }));
  if (inits.size() < 2)
    return results;
  results.push_back(e.computeInto(inits[1], [&](Indices x) {
    SmallVector<Expr> total = e.loop(
        e.index(0), estimate.numRows(x[2]), {e.real(0), e.index(0)},
        [&](Expr t, ArrayRef<Expr> now) -> SmallVector<Expr> {
          Expr lse = p.logSumExp(e, {x[0], x[1], estimate.row(x[2], t)});
          Expr sees = lse != e.minusInfinity();
          return {select(sees, now[0] + lse, now[0]), select(sees, now[1] + 1, now[1])};
        });
    return select(total[1] == 0, e.minusInfinity(), total[0] / convert(total[1], e.acc));
  }));
  return results;
}

/// Rows min(step/2 + t step, rows - 1) of each block, columns keys.
SmallVector<Value> ScoreDecomposition::finishSampled(Value z, int64_t step, ValueRange inits) {
  Softmax p = emitSoftmax(e, z);
  auto samples = [&](Expr block) { return ceilDiv(rowsOf(block), step); };
  auto row = [&](Expr block, Expr t) {
    return firstRow(block) + min(t * step + step / 2, rowsOf(block) - 1);
  };
  auto columns = [&](Expr block) { return keysOf(block); };
  return finish({p, samples, row, columns}, inits);
}

/// All rows, one column per key block.
SmallVector<Value> ScoreDecomposition::finishByBlocks(Value logits, ValueRange inits) {
  Softmax p = emitSoftmax(e, logits);
  auto rows = [&](Expr block) { return rowsOf(block); };
  auto row = [&](Expr block, Expr t) { return firstRow(block) + t; };
  auto columns = [&](Expr block) { return std::make_pair(block, block + 1); };
  return finish({p, rows, row, columns}, inits);
}

SmallVector<Value> ScoreDecomposition::pooled() {
  Value means = emitBlockMeans(e, op.getK(), blockN);
  Value logits = emitCentroidLogits(e, emitBlockMeans(e, op.getQ(), blockM), means, model.scale);
  Value counts = emitVisibleCounts(e, model, blockN);
  Value seen = e.compute({e.size(logits, 2), e.size(logits, 3)}, e.b.getI1Type(),
                         [&](Indices x) { return isSeenByAny(counts, x[0], x[1]); });
  Value z = e.compute(tensor::getMixedSizes(e.b, e.loc, logits), e.acc, [&](Indices x) {
    auto [first, end] = keysOf(x[3]);
    Expr logit = e.read(logits, x) + log(convert(end - first, e.acc));
    return select(e.read(seen, {x[2], x[3]}), logit, e.minusInfinity());
  });
  Softmax p = emitSoftmax(e, z);
  auto rows = [&](Expr) { return e.index(1); };
  auto row = [&](Expr block, Expr) { return block; };
  auto columns = [&](Expr block) { return std::make_pair(block, block + 1); };
  return finish({p, rows, row, columns}, op.getInits());
}

SmallVector<Value> ScoreDecomposition::antidiagonal() {
  Value z = emitScores(e, model);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(e.b, e.loc, z);
  sizes[2] = e.ceilDivSize(numRows, stride);
  sizes[3] = e.ceilDivSize(numKeys, stride);
  // y_gc: the mean of the visible z on the antidiagonal of group (g, c).
  Value y = e.compute(sizes, e.acc, [&](Indices x) {
    Expr lastRow = e.extent(numRows) - 1, lastKey = e.extent(numKeys) - 1;
    SmallVector<Expr> total =
        e.loop(e.index(0), e.index(stride), {e.real(0), e.index(0)},
               [&](Expr t, ArrayRef<Expr> now) -> SmallVector<Expr> {
                 Expr i = x[2] * stride + t, j = x[3] * stride + (stride - 1) - t;
                 Expr score = e.read(z, {x[0], x[1], min(i, lastRow), min(j, lastKey)});
                 Expr seen = (i <= lastRow) & (j <= lastKey) & (score != e.minusInfinity());
                 return {select(seen, now[0] + score, now[0]),
                         select(seen, now[1] + 1, now[1])};
               });
    return select(total[1] == 0, e.minusInfinity(), total[0] / convert(total[1], e.acc));
  });
  Softmax p = emitSoftmax(e, y);
  auto rows = [&](Expr block) { return ceilDiv(rowsOf(block), stride); };
  auto row = [&](Expr block, Expr t) { return block * (blockM / stride) + t; };
  auto columns = [&](Expr block) {
    Expr first = block * (blockN / stride);
    return std::make_pair(first, min(first + blockN / stride, e.extent(p.weights, 3)));
  };
  return finish({p, rows, row, columns}, op.getInits());
}

Value ScoreDecomposition::emitRoundedRows(Value x) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(e.b, e.loc, x);
  // NaN where an element is not finite.
  Value tops = e.compute(ArrayRef(sizes).drop_back(), e.acc, [&](Indices at) {
    return e.loop(e.index(0), e.extent(x, 3), {e.real(0)},
                  [&](Expr d, ArrayRef<Expr> top) -> SmallVector<Expr> {
                    Expr element = convert(e.read(x, {at[0], at[1], at[2], d}), e.acc);
                    Expr size = max(element, e.real(0) - element);
                    return {max(top[0], size + element * e.real(0))};
                  })[0];
  });
  return e.compute(sizes, e.acc, [&](Indices at) {
    Expr top = e.read(tops, at.drop_back()), inverse = e.real(127) / top;
    Expr element = convert(e.read(x, at), e.acc) * inverse;
    Expr usable = inverse <= e.real(std::numeric_limits<float>::max());
    Expr scaled = select(usable, element, e.real(0));
    Expr whole = e.wrap(math::RoundEvenOp::create(e.b, e.loc, scaled.v));
    return whole * (top / e.real(127));
  });
}

Value ScoreDecomposition::emitBlockLogits(Value z, bool secondOrder) {
  Value means = emitBlockMeans(e, op.getK(), blockN);
  Value logits = emitCentroidLogits(e, op.getQ(), means, model.scale);
  Value variances;
  if (secondOrder)
    variances = emitBlockVariances(e, op.getK(), means, blockN);
  Value counts = emitVisibleCounts(e, model, blockN);
  return e.compute(tensor::getMixedSizes(e.b, e.loc, logits), e.acc, [&](Indices x) {
    auto [first, end] = keysOf(x[3]);
    Expr size = end - first, seen = e.read(counts, {x[2], x[3]});
    Expr whole = e.read(logits, x) + log(convert(size, e.acc));
    if (variances)
      whole = whole + e.real(0.5) * spreadOfLogit(e, op.getQ(), variances, model.scale,
                                                  x.take_front(3), x[3]);
    // The exact log-sum-exp of a block of which the row sees a part.
    auto score = [&](Expr j) { return e.read(z, {x[0], x[1], x[2], j}); };
    Expr greatest =
        e.loop(first, end, e.minusInfinity(), [&](Expr j, ArrayRef<Expr> m) -> SmallVector<Expr> {
          return {max(m[0], score(j))};
        })[0];
    Expr top = select(greatest == e.minusInfinity(), e.real(0), greatest);
    Expr sum = e.sum(first, end, e.real(0), [&](Expr j) { return exp(score(j) - top); });
    Expr part = select(greatest == e.minusInfinity(), greatest, top + log(sum));
    return select(seen == size, whole, part);
  });
}

Value ScoreDecomposition::emitCascadeScores() {
  Value z = emitScores(e, model);
  Value counts = emitVisibleCounts(e, model, blockN);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(e.b, e.loc, op.getAmplitude());
  Value empty = tensor::EmptyOp::create(e.b, e.loc, sizes, e.acc);
  Value amplitude = finishByBlocks(emitBlockLogits(z, /*secondOrder=*/true), empty)[0];
  Value seen = e.compute({sizes[2], sizes[3]}, e.b.getI1Type(),
                         [&](Indices x) { return isSeenByAny(counts, x[0], x[1]); });
  // The ceil(share n) largest of the n seen blocks, and the diagonal.
  Value through = e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    Expr blocks = e.extent(sizes[3]), no = e.boolean(false);
    auto isSeen = [&](Expr j) { return e.read(seen, {x[2], j}); };
    auto size = [&](Expr j) { return e.read(amplitude, {x[0], x[1], x[2], j}); };
    Expr mine = size(x[3]);
    Expr rank = e.count(e.index(0), blocks, [&](Expr j) {
      return isSeen(j) & comesBefore(no, size(j), j, no, mine, x[3]);
    });
    Expr n = convert(e.count(e.index(0), blocks, isSeen), e.b.getF64Type());
    Expr share = e.real(op.getShare().convertToDouble(), e.b.getF64Type()) * n;
    Expr limit = convert(e.wrap(math::CeilOp::create(e.b, e.loc, share.v)), e.b.getIndexType());
    Expr i0 = atPosition(e, model.position, 2, firstRow(x[2]));
    auto [low, high] = emitDiagonal(e, model.mask, i0, i0 + rowsOf(x[2]) - 1,
                                    atPosition(e, model.position, 3, e.index(0)), blockN, blocks);
    return (isSeen(x[3]) & (rank < limit)) | ((low <= x[3]) & (x[3] <= high));
  });
  return e.compute(tensor::getMixedSizes(e.b, e.loc, z), e.acc, [&](Indices x) {
    Expr visited = e.read(through, {x[0], x[1], x[2] / blockM, x[3] / blockN});
    return select(visited, e.read(z, x), e.minusInfinity());
  });
}

SmallVector<Value> ScoreDecomposition::run() {
  switch (op.getEstimator()) {
  case Estimator::Exact:
    return finishSampled(emitScores(e, model), /*step=*/1, op.getInits());
  case Estimator::Rows:
    if (op.getInt8()) {
      model.q = emitRoundedRows(model.q);
      model.k = emitRoundedRows(model.k);
    }
    return finishSampled(emitScores(e, model), stride, op.getInits());
  case Estimator::Cascade:
    return finishSampled(emitCascadeScores(), stride, op.getInits());
  case Estimator::Pooled:
    return pooled();
  case Estimator::Centroid:
    return finishByBlocks(emitBlockLogits(emitScores(e, model), false), op.getInits());
  case Estimator::D2:
    return finishByBlocks(emitBlockLogits(emitScores(e, model), true), op.getInits());
  case Estimator::Antidiagonal:
    return antidiagonal();
  }
  return {};
}

SmallVector<Value> decompose(OpBuilder &b, AmplitudeScoreOp op) {
  return ScoreDecomposition(b, op).run();
}

} // namespace qsat
