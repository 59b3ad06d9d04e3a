//===- Scores.cpp - Scores, softmax and block statistics ------------------===//

#include "Scores.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace qsat {

Expr atPosition(Emitter &e, ValueRange position, unsigned component, Expr x) {
  return position.empty() ? x : x + e.wrap(position[component]);
}

Expr isVisible(Emitter &e, MaskAttr mask, Expr i, Expr j) {
  Expr seen = e.boolean(true);
  if (!mask)
    return seen;
  if (mask.getLookahead())
    seen = seen & (j <= i + (mask.getOffset() + *mask.getLookahead()));
  if (mask.getWindow() > 0) {
    Expr inside = j > i + (mask.getOffset() - mask.getWindow());
    if (mask.getSinks() > 0)
      inside = inside | (j < mask.getSinks());
    seen = seen & inside;
  }
  return seen;
}

Expr isAnyVisible(Emitter &e, MaskAttr mask, Expr i0, Expr i1, Expr j0, Expr j1) {
  if (!mask || mask.isTrivial())
    return e.boolean(true);
  // j - i takes every value in [j0 - i1, j1 - i0]; the mask shows an interval.
  Expr low = j0 - i1, high = j1 - i0;
  if (mask.getWindow() > 0)
    low = max(low, e.index(mask.getOffset() - mask.getWindow() + 1));
  if (mask.getLookahead())
    high = min(high, e.index(mask.getOffset() + *mask.getLookahead()));
  Expr seen = low <= high;
  if (mask.getWindow() > 0 && mask.getSinks() > 0) {
    // A sink key is seen by the last query if by any.
    Expr sink = j0 < mask.getSinks();
    if (mask.getLookahead())
      sink = sink & (j0 <= i1 + (mask.getOffset() + *mask.getLookahead()));
    seen = seen | sink;
  }
  return seen;
}

static bool sameHeads(Value a, Value b) {
  int64_t x = cast<ShapedType>(a.getType()).getDimSize(1);
  int64_t y = cast<ShapedType>(b.getType()).getDimSize(1);
  return !ShapedType::isDynamic(x) && x == y;
}

Expr headOf(Emitter &e, Expr h, Value q, Value kv) {
  if (sameHeads(q, kv))
    return h;
  return h / (e.extent(q, 1) / e.extent(kv, 1));
}

/// kv [B,Hkv,C,D] with each head repeated for its query heads: [B,H,C,D].
static Value repeatHeads(Emitter &e, Value q, Value kv) {
  if (sameHeads(q, kv))
    return kv;
  SmallVector<OpFoldResult> sizes{e.size(kv, 0), e.size(q, 1), e.size(kv, 2), e.size(kv, 3)};
  Type element = cast<ShapedType>(kv.getType()).getElementType();
  return e.compute(sizes, element, [&](Indices x) {
    // Unwidened: the contraction widens.
    return e.wrap(tensor::ExtractOp::create(
        e.b, e.loc, kv, ValueRange{x[0].v, headOf(e, x[1], q, kv).v, x[2].v, x[3].v}));
  });
}

/// sum over d4 of a[b,h,r,d4] * x, x being [b,h,c,d4] (`transposed`) or
/// [b,h,d4,c]: [B,H,R,C] in the accumulation type.
static Value emitContraction(Emitter &e, Value a, Value x, bool transposed) {
  OpBuilder &b = e.b;
  SmallVector<OpFoldResult> sizes{e.size(a, 0), e.size(a, 1), e.size(a, 2),
                                  e.size(x, transposed ? 2 : 3)};
  Value empty = tensor::EmptyOp::create(b, e.loc, sizes, e.acc);
  Value zero = linalg::FillOp::create(b, e.loc, e.real(0).v, empty).getResult(0);
  AffineExpr d0, d1, d2, d3, d4;
  bindDims(b.getContext(), d0, d1, d2, d3, d4);
  MLIRContext *context = b.getContext();
  AffineMap left = AffineMap::get(5, 0, {d0, d1, d2, d4}, context);
  AffineMap right = transposed ? AffineMap::get(5, 0, {d0, d1, d3, d4}, context)
                               : AffineMap::get(5, 0, {d0, d1, d4, d3}, context);
  AffineMap out = AffineMap::get(5, 0, {d0, d1, d2, d3}, context);
  SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      b, e.loc, zero.getType(), ValueRange{a, x}, zero, {left, right, out}, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Expr product = convert(e.wrap(args[0]), e.acc) * convert(e.wrap(args[1]), e.acc);
        linalg::YieldOp::create(nested, loc, (e.wrap(args[2]) + product).v);
      });
  return generic.getResult(0);
}

/// The score region at (b, h, i, j) in problem coordinates.
static Expr inlineRegion(Emitter &e, const ScoreModel &model, Expr z, ArrayRef<Expr> bhij) {
  Block &block = model.region->front();
  IRMapping mapping;
  mapping.map(block.getArgument(0), z.v);
  SmallVector<Value> at;
  for (Expr x : bhij)
    at.push_back(x.v);
  unsigned argument = 1;
  for (auto [extra, map] : llvm::zip(model.extras, model.extraMaps.getAsRange<AffineMapAttr>())) {
    SmallVector<Value> indices;
    for (AffineExpr expr : map.getValue().getResults())
      indices.push_back(affine::expandAffineExpr(e.b, e.loc, expr, at, {}));
    mapping.map(block.getArgument(argument++),
                tensor::ExtractOp::create(e.b, e.loc, extra, indices).getResult());
  }
  for (Value x : at)
    mapping.map(block.getArgument(argument++), x);
  for (Operation &op : block.without_terminator())
    e.b.clone(op, mapping);
  return e.wrap(mapping.lookupOrDefault(cast<YieldOp>(block.getTerminator()).getScore()));
}

Value emitScores(Emitter &e, const ScoreModel &model) {
  Value dots = emitContraction(e, model.q, repeatHeads(e, model.q, model.k), /*transposed=*/true);
  AffineMap identity = e.b.getMultiDimIdentityMap(4);
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(e.b, e.loc, tensor::getMixedSizes(e.b, e.loc, dots), e.acc);
  auto generic = linalg::GenericOp::create(
      e.b, e.loc, dots.getType(), dots, empty, {identity, identity}, parallel,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        SmallVector<Expr> at;
        for (unsigned d = 0; d < 4; ++d)
          at.push_back(atPosition(e, model.position, d,
                                  e.wrap(linalg::IndexOp::create(nested, loc, d))));
        Expr z = e.real(model.scale) * e.wrap(args[0]);
        if (!model.region->empty())
          z = inlineRegion(e, model, z, at);
        if (model.mask)
          z = select(isVisible(e, model.mask, at[2], at[3]), z, e.minusInfinity());
        linalg::YieldOp::create(nested, loc, z.v);
      });
  return generic.getResult(0);
}

Value emitVisibleCounts(Emitter &e, const ScoreModel &model, int64_t blockN) {
  OpFoldResult keys = e.size(model.k, 2);
  return e.compute({e.size(model.q, 2), e.ceilDivSize(keys, blockN)}, e.b.getIndexType(),
                   [&](Indices x) {
                     Expr first = x[1] * blockN;
                     return e.count(first, min(first + blockN, e.extent(keys)), [&](Expr j) {
                       return isVisible(e, model.mask, atPosition(e, model.position, 2, x[0]),
                                        atPosition(e, model.position, 3, j));
                     });
                   });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Reduces the last dimension of x [B,H,R,C] by `combine` from `initial`.
static Value emitRowReduction(Emitter &e, Value x, Expr initial,
                              function_ref<Expr(Expr, Expr)> combine) {
  SmallVector<OpFoldResult> sizes{e.size(x, 0), e.size(x, 1), e.size(x, 2)};
  Value empty = tensor::EmptyOp::create(e.b, e.loc, sizes, e.acc);
  Value start = linalg::FillOp::create(e.b, e.loc, initial.v, empty).getResult(0);
  AffineMap in = e.b.getMultiDimIdentityMap(4);
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      e.b, e.loc, start.getType(), x, start, {in, in.dropResult(3)}, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        linalg::YieldOp::create(nested, loc, combine(e.wrap(args[1]), e.wrap(args[0])).v);
      });
  return generic.getResult(0);
}

Softmax emitSoftmax(Emitter &e, Value z) {
  Value greatest = emitRowReduction(e, z, e.minusInfinity(), [](Expr a, Expr b) { return max(a, b); });
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(e.b, e.loc, z);
  // Finite for rows that see nothing, so that exp(-inf - top) is 0, not NaN.
  Value top = e.compute(ArrayRef(sizes).drop_back(), e.acc, [&](Indices x) {
    Expr m = e.read(greatest, x);
    return select(m == e.minusInfinity(), e.real(0), m);
  });
  Value empty = tensor::EmptyOp::create(e.b, e.loc, sizes, e.acc);
  AffineMap all = e.b.getMultiDimIdentityMap(4);
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  Value weights = linalg::GenericOp::create(
                      e.b, e.loc, empty.getType(), ValueRange{z, top}, empty,
                      {all, all.dropResult(3), all}, parallel,
                      [&](OpBuilder &nested, Location loc, ValueRange args) {
                        linalg::YieldOp::create(nested, loc,
                                                exp(e.wrap(args[0]) - e.wrap(args[1])).v);
                      })
                      .getResult(0);
  Value sum = emitRowReduction(e, weights, e.real(0), [](Expr a, Expr b) { return a + b; });
  return {weights, top, sum};
}

Expr Softmax::logSumExp(Emitter &e, Indices x) const {
  Expr total = e.read(sum, x);
  return select(total == e.real(0), e.minusInfinity(), e.read(top, x) + log(total));
}

Value emitWeightedSum(Emitter &e, Value weights, Value values) {
  return emitContraction(e, weights, repeatHeads(e, weights, values), /*transposed=*/false);
}

//===----------------------------------------------------------------------===//
// Block statistics
//===----------------------------------------------------------------------===//

/// Mean over the elements i of block x[2] of term(b, h, i, d).
static Value emitMeanOverBlocks(Emitter &e, Value x, int64_t block,
                                function_ref<Expr(Indices, Expr)> term) {
  OpFoldResult length = e.size(x, 2);
  SmallVector<OpFoldResult> sizes{e.size(x, 0), e.size(x, 1), e.ceilDivSize(length, block),
                                  e.size(x, 3)};
  return e.compute(sizes, e.acc, [&](Indices at) {
    Expr first = at[2] * block, end = min(first + block, e.extent(length));
    Expr total = e.sum(first, end, e.real(0), [&](Expr i) { return term(at, i); });
    return total / convert(end - first, e.acc);
  });
}

Value emitBlockMeans(Emitter &e, Value x, int64_t block) {
  return emitMeanOverBlocks(e, x, block, [&](Indices at, Expr i) {
    return convert(e.read(x, {at[0], at[1], i, at[3]}), e.acc);
  });
}

Value emitBlockVariances(Emitter &e, Value x, Value means, int64_t block) {
  return emitMeanOverBlocks(e, x, block, [&](Indices at, Expr i) {
    Expr d = convert(e.read(x, {at[0], at[1], i, at[3]}), e.acc) - e.read(means, at);
    return d * d;
  });
}

Value emitCentroidLogits(Emitter &e, Value q, Value means, double scale) {
  Value dots = emitContraction(e, q, repeatHeads(e, q, means), /*transposed=*/true);
  return e.compute(tensor::getMixedSizes(e.b, e.loc, dots), e.acc,
                   [&](Indices x) { return e.real(scale) * e.read(dots, x); });
}

Expr spreadOfLogit(Emitter &e, Value q, Value variances, double scale, Indices row, Expr block) {
  Expr head = headOf(e, row[1], q, variances);
  Expr total = e.sum(e.index(0), e.extent(q, 3), e.real(0), [&](Expr d) {
    Expr component = convert(e.read(q, {row[0], row[1], row[2], d}), e.acc);
    return component * component * e.read(variances, {row[0], head, block, d});
  });
  return e.real(scale * scale) * total;
}

} // namespace qsat
