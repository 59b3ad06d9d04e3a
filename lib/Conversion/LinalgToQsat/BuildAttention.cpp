//===- BuildAttention.cpp - qsat.attention from a match -------------------===//

#include "AttentionMatcher.h"
#include "Materialize.h"

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

/// j <= i + upper and j >= i + lower as offset, lookahead and window.
qsat::MaskAttr MaskBounds::asAttribute(MLIRContext *context) const {
  if (!lower && !upper)
    return {};
  if (!lower)
    return qsat::MaskAttr::getCausal(context, *upper);
  // j > i + offset - window, window positive.
  int64_t before = *lower - 1;
  if (!upper) {
    int64_t offset = std::max<int64_t>(before + 1, 0);
    return qsat::MaskAttr::get(context, std::nullopt, offset, offset - before, 0);
  }
  // Keys on both sides of the row itself: say so by a lookahead.
  if (*upper > 0 && before < 0)
    return qsat::MaskAttr::get(context, *upper, 0, -before, 0);
  return qsat::MaskAttr::get(context, 0, *upper, *upper - before, 0);
}

namespace {
class AttentionBuilder {
public:
  AttentionBuilder(RewriterBase &builder, const AttentionMatch &match)
      : match(match), exprs(*match.exprs), builder(builder), loc(match.root.getLoc()) {}

  qsat::AttentionOp build();

private:
  Value castTo(Value tensor, FloatType type);
  Value castScalar(OpBuilder &b, Value scalar, Type type);
  void addExtras();
  void addGather(Node *leaf, const DimGroups &groups);
  void buildRegion(qsat::AttentionOp op);
  Value applyStep(OpBuilder &b, const ScoreStep &step, Value x, NodeEmitter &emitter);
  Value elementwise(ValueRange inputs, ArrayRef<AffineMap> maps, RankedTensorType type,
                    function_ref<Value(OpBuilder &, Location, ValueRange)> body);
  Value reduce(Value input, Value init, unsigned dim,
               function_ref<Value(OpBuilder &, ValueRange)> combine);
  Value applySink(Value o, Value lse);
  Value averageHiddenRows(Value o, Value v, ArrayRef<unsigned> kvHeads);

  const AttentionMatch &match;
  ExprContext &exprs;
  RewriterBase &builder;
  Location loc;
  FloatType accType;
  SmallVector<unsigned> outerBatch, heads;
  /// Variables in the coordinates (b, h, i, j) of the op.
  SmallVector<AffineExpr> coordinates;
  SymbolValues symbols; ///< of the score region
  SmallVector<Node *> leaves;
  SmallVector<Value> extras;
  SmallVector<Attribute> extraMaps;
};
} // namespace

/// The widest of the element types.
static FloatType widest(ArrayRef<Value> tensors) {
  FloatType type;
  for (Value v : tensors) {
    auto element = cast<FloatType>(getElementTypeOrSelf(v));
    if (!type || element.getWidth() > type.getWidth())
      type = element;
    else if (element != type && element.getWidth() == type.getWidth())
      type = Float32Type::get(v.getContext()); // f16 and bf16
  }
  return type;
}

Value AttentionBuilder::castScalar(OpBuilder &b, Value scalar, Type type) {
  auto from = cast<FloatType>(scalar.getType()), to = cast<FloatType>(type);
  if (from == to)
    return scalar;
  if (from.getWidth() < to.getWidth())
    return arith::ExtFOp::create(b, loc, to, scalar);
  if (from.getWidth() > to.getWidth())
    return arith::TruncFOp::create(b, loc, to, scalar);
  Value wide = arith::ExtFOp::create(b, loc, b.getF32Type(), scalar);
  return arith::TruncFOp::create(b, loc, to, wide);
}

Value AttentionBuilder::elementwise(
    ValueRange inputs, ArrayRef<AffineMap> maps, RankedTensorType type,
    function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  Value like = inputs.front();
  SmallVector<AffineMap> all(maps);
  all.push_back(AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext()));
  Value init = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, like),
                                       type.getElementType());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, type, inputs, init, all, iterators,
                                   [&](OpBuilder &b, Location at, ValueRange args) {
                                     linalg::YieldOp::create(b, at, body(b, at, args));
                                   })
      .getResult(0);
}

/// The reduction of `input` over dimension `dim`, from the scalar `init`; `combine` is given an
/// element and the accumulator.
Value AttentionBuilder::reduce(Value input, Value init, unsigned dim,
                               function_ref<Value(OpBuilder &, ValueRange)> combine) {
  unsigned rank = cast<RankedTensorType>(input.getType()).getRank();
  AffineMap whole = AffineMap::getMultiDimIdentityMap(rank, builder.getContext());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, input);
  sizes.erase(sizes.begin() + dim);
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, init.getType());
  Value out = linalg::FillOp::create(builder, loc, init, empty).getResult(0);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators[dim] = utils::IteratorType::reduction;
  return linalg::GenericOp::create(builder, loc, out.getType(), input, out,
                                   ArrayRef<AffineMap>{whole, whole.dropResult(dim)}, iterators,
                                   [&](OpBuilder &b, Location at, ValueRange args) {
                                     linalg::YieldOp::create(b, at, combine(b, args));
                                   })
      .getResult(0);
}

Value AttentionBuilder::castTo(Value tensor, FloatType type) {
  auto from = cast<RankedTensorType>(tensor.getType());
  if (from.getElementType() == type)
    return tensor;
  return elementwise(tensor, AffineMap::getMultiDimIdentityMap(from.getRank(), builder.getContext()),
                     RankedTensorType::get(from.getShape(), type),
                     [&](OpBuilder &b, Location, ValueRange args) {
                       return castScalar(b, args[0], type);
                     });
}

/// What is gathered at computed indices, as an extra over the dimensions that it varies over. A
/// relative position bias varies over the distance of key and row only: over N + M - 1 numbers.
void AttentionBuilder::addGather(Node *leaf, const DimGroups &groups) {
  MLIRContext *context = builder.getContext();
  auto isUsed = [](ArrayRef<unsigned> group, Node *node) {
    return llvm::any_of(group, [&](unsigned var) { return (node->vars >> var) & 1; });
  };
  DimGroups present;
  SmallVector<AffineExpr> dims;
  auto addUsed = [&](unsigned end) {
    for (unsigned k = 0; k < end; ++k)
      if (isUsed(groups[k], leaf)) {
        present.push_back(groups[k]);
        dims.push_back(getAffineDimExpr(k, context));
      }
  };
  std::optional<int64_t> rows =
      match.rows.size() == 1 ? exprs.vars.staticExtent(match.rows[0]) : std::nullopt;
  if (rows && match.keys.size() == 1 && isUsed(match.rows, leaf) && isUsed(match.keys, leaf)) {
    AffineExpr extent = exprs.vars.extent(match.keys[0]) + (*rows - 1);
    AffineExpr distance = exprs.vars.add(simplifyIndex(extent, exprs.vars));
    DenseMap<AffineExpr, AffineExpr> map;
    map[getAffineDimExpr(match.keys[0], context)] =
        getAffineDimExpr(match.rows[0], context) + distance - (*rows - 1);
    Node *atDistance = exprs.substitute(leaf, map);
    if (!isUsed(match.rows, atDistance) && !isUsed(match.keys, atDistance)) {
      leaf = atDistance;
      addUsed(2);
      present.push_back(variablesOf(distance, exprs.vars));
      dims.push_back(getAffineDimExpr(3, context) - getAffineDimExpr(2, context) + (*rows - 1));
    }
  }
  if (present.empty())
    addUsed(4);
  extras.push_back(materialize(builder, loc, leaf, present, exprs));
  extraMaps.push_back(AffineMapAttr::get(AffineMap::get(4, 0, dims, context)));
}

void AttentionBuilder::addExtras() {
  MLIRContext *context = builder.getContext();
  DimGroups groups = {outerBatch, heads, match.rows, match.keys};
  coordinates = coordinatesIn(groups, exprs.vars);

  SmallVector<Node *> roots;
  for (const ScoreStep &step : match.steps)
    if (step.operand)
      roots.push_back(step.operand);
  leaves = leavesOf(roots, /*withGathers=*/true);
  VarTable coordinateVars(context);
  // A table of the four extents; unit extents are kept as constants by maps.
  for (ArrayRef<unsigned> group : groups)
    coordinateVars.addKeepingUnits(extentOf(group, exprs.vars));
  for (Node *leaf : leaves) {
    SmallVector<AffineExpr> results;
    Value tensor = leaf->value;
    if (leaf->kind == Node::Scalar)
      tensor = tensor::FromElementsOp::create(
          builder, loc, RankedTensorType::get({}, leaf->type), leaf->value);
    if (leaf->isGather()) {
      addGather(leaf, groups);
      continue;
    }
    bool isAffine = true;
    for (AffineExpr e : leaf->indices) {
      results.push_back(simplifyIndex(e.replaceDims(coordinates), coordinateVars));
      results.back().walk([&](AffineExpr part) { isAffine &= !isa<AffineSymbolExpr>(part); });
    }
    // Maps hold no sizes: what is read at one is computed first.
    if (!isAffine) {
      DimGroups present;
      SmallVector<AffineExpr> dims;
      for (unsigned dim = 0; dim < groups.size(); ++dim)
        if (llvm::any_of(results, [&](AffineExpr e) { return e.isFunctionOfDim(dim); })) {
          present.push_back(groups[dim]);
          dims.push_back(getAffineDimExpr(dim, context));
        }
      tensor = materialize(builder, loc, leaf, present, exprs);
      results = dims;
    }
    extras.push_back(tensor);
    extraMaps.push_back(AffineMapAttr::get(AffineMap::get(4, 0, results, context)));
  }
  for (AffineExpr &e : coordinates)
    e = simplifyIndex(e, coordinateVars);
  emitSymbols(builder, loc, roots, coordinates, exprs.sizes, symbols);
}

Value AttentionBuilder::applyStep(OpBuilder &b, const ScoreStep &step, Value x,
                                  NodeEmitter &emitter) {
  // A finite fill stays finite in a narrower type.
  auto constant = [&](double value) -> Value {
    if (std::isfinite(value) && accType.isF32())
      value = std::max<double>(value, std::numeric_limits<float>::lowest());
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(accType, value));
  };
  Value operand;
  if (step.operand)
    operand = emitter.emit(step.operand);
  if (operand && !step.isMask())
    operand = castScalar(b, operand, accType);
  switch (step.kind) {
  case ScoreStep::Multiply:
    return arith::MulFOp::create(b, loc, x, operand);
  case ScoreStep::Divide:
    return arith::DivFOp::create(b, loc, x, operand);
  case ScoreStep::Add:
    return arith::AddFOp::create(b, loc, x, operand);
  case ScoreStep::Subtract:
    return arith::SubFOp::create(b, loc, x, operand);
  case ScoreStep::SubtractFrom:
    return arith::SubFOp::create(b, loc, operand, x);
  case ScoreStep::Tanh:
    return math::TanhOp::create(b, loc, x);
  case ScoreStep::Fill:
    return arith::SelectOp::create(b, loc, operand, x, constant(step.fill));
  case ScoreStep::AddFill: {
    Value moved = arith::AddFOp::create(b, loc, x, constant(step.fill));
    return arith::SelectOp::create(b, loc, operand, x, moved);
  }
  case ScoreStep::Clamp:
    return arith::MaximumFOp::create(b, loc, x, constant(step.fill));
  }
  return x;
}

void AttentionBuilder::buildRegion(qsat::AttentionOp op) {
  Block *block = builder.createBlock(&op.getScore());
  block->addArgument(accType, loc);
  for (Value extra : extras)
    block->addArgument(getElementTypeOrSelf(extra), loc);
  for (unsigned k = 0; k < 4; ++k)
    block->addArgument(builder.getIndexType(), loc);
  OpBuilder b = OpBuilder::atBlockEnd(block);
  NodeEmitter emitter(b, loc, coordinates, block->getArguments().take_back(4),
                      symbols);
  for (auto [k, leaf] : llvm::enumerate(leaves))
    emitter.bind(leaf, block->getArgument(1 + k));
  Value x = block->getArgument(0);
  for (const ScoreStep &step : match.steps)
    x = applyStep(b, step, x, emitter);
  qsat::YieldOp::create(b, loc, x);
}

/// A logit s that takes mass but no value: o exp(lse) / (exp(lse) + exp(s)).
Value AttentionBuilder::applySink(Value o, Value lse) {
  DimGroups rowGroups = {outerBatch, heads, match.rows};
  Value sink = materialize(builder, loc, match.sink, rowGroups, exprs);
  sink = castTo(sink, accType);
  MLIRContext *context = builder.getContext();
  auto type = cast<RankedTensorType>(o.getType());
  AffineMap row = AffineMap::getMultiDimIdentityMap(4, context).dropResult(3);
  return elementwise({o, lse, sink}, {AffineMap::getMultiDimIdentityMap(4, context), row, row},
                     type, [&](OpBuilder &b, Location at, ValueRange args) -> Value {
                       Value d = arith::SubFOp::create(b, at, args[2], args[1]);
                       Value e = math::ExpOp::create(b, at, d);
                       Value one =
                           arith::ConstantOp::create(b, at, b.getFloatAttr(accType, 1.0));
                       Value sum = arith::AddFOp::create(b, at, e, one);
                       Value x = castScalar(b, args[0], accType);
                       Value y = arith::DivFOp::create(b, at, x, sum);
                       return castScalar(b, y, type.getElementType());
                     });
}

/// The mean of all values in the rows all of whose keys are hidden: row i sees no key when the
/// first visible one is past i + upper.
Value AttentionBuilder::averageHiddenRows(Value o, Value v, ArrayRef<unsigned> kvHeads) {
  MLIRContext *context = builder.getContext();
  auto dim = [&](unsigned k) { return getAffineDimExpr(k, context); };
  AffineExpr zero = getAffineConstantExpr(0, context);
  auto isUsed = [&](ArrayRef<unsigned> group) {
    return llvm::any_of(group, [&](unsigned var) { return (match.visibleKeys->vars >> var) & 1; });
  };
  // The first visible key of every batch and head that the mask differs in: [B', H'].
  DimGroups keyGroups = {isUsed(outerBatch) ? outerBatch : SmallVector<unsigned>(),
                         isUsed(heads) ? heads : SmallVector<unsigned>(), match.keys};
  Value visible = materialize(builder, loc, match.visibleKeys, keyGroups, exprs);
  Type i64 = builder.getI64Type();
  Value never = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(INT64_MAX));
  Value first = reduce(visible, never, 2, [&](OpBuilder &b, ValueRange args) -> Value {
    Value key = arith::IndexCastOp::create(b, loc, i64, linalg::IndexOp::create(b, loc, 2));
    Value at = arith::SelectOp::create(b, loc, args[0], key, never);
    return arith::MinSIOp::create(b, loc, at, args[1]);
  });
  // The mean of the values: [B, H, Dv].
  Value none = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(accType, 0.0));
  Value sum = reduce(v, none, 2, [&](OpBuilder &b, ValueRange args) -> Value {
    return arith::AddFOp::create(b, loc, castScalar(b, args[0], accType), args[1]);
  });
  Node *sums = exprs.load(sum, {linearIndex(outerBatch, exprs.vars), linearIndex(kvHeads, exprs.vars),
                                linearIndex(match.width, exprs.vars)});
  sum = materialize(builder, loc, sums, {outerBatch, heads, match.width}, exprs);
  Value keys = getValueOrCreateConstantIndexOp(
      builder, loc, exprs.sizes.emit(builder, loc, extentOf(match.keys, exprs.vars)));
  Value count = arith::SIToFPOp::create(builder, loc, accType,
                                        arith::IndexCastOp::create(builder, loc, i64, keys));
  auto type = cast<RankedTensorType>(o.getType());
  AffineMap perHead = AffineMap::get(4, 0, {isUsed(outerBatch) ? dim(0) : zero, isUsed(heads) ? dim(1) : zero}, context);
  return elementwise(
      {o, first, sum}, {AffineMap::getMultiDimIdentityMap(4, context), perHead,
                        AffineMap::getMultiDimIdentityMap(4, context).dropResult(2)},
      type, [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value row = arith::IndexCastOp::create(b, at, i64, linalg::IndexOp::create(b, at, 2));
        Value upper = arith::ConstantOp::create(b, at, b.getI64IntegerAttr(*match.mask.upper));
        Value last = arith::AddIOp::create(b, at, row, upper);
        Value isHidden = arith::CmpIOp::create(b, at, arith::CmpIPredicate::sgt, args[1], last);
        Value mean = arith::DivFOp::create(b, at, args[2], count);
        return arith::SelectOp::create(b, at, isHidden,
                                       castScalar(b, mean, type.getElementType()), args[0]);
      });
}

qsat::AttentionOp AttentionBuilder::build() {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(match.root.getDefiningOp());
  const VarTable &vars = exprs.vars;
  outerBatch.assign(match.batch.begin(), match.batch.end());
  if (!outerBatch.empty())
    heads.push_back(outerBatch.pop_back_val());
  SmallVector<unsigned> kvHeads(heads);
  heads.append(match.groups.begin(), match.groups.end());

  Value q = materialize(builder, loc, match.q, {outerBatch, heads, match.rows, match.depth}, exprs);
  Value k = materialize(builder, loc, match.k, {outerBatch, kvHeads, match.keys, match.depth}, exprs);
  Value v = materialize(builder, loc, match.v, {outerBatch, kvHeads, match.keys, match.width}, exprs);
  FloatType type = widest({q, k, v});
  // A softmax in f64 of narrower operands stays in f64.
  if (match.softmaxType.isF64() || match.scoreNode->type.isF64())
    type = builder.getF64Type();
  q = castTo(q, type);
  k = castTo(k, type);
  v = castTo(v, type);
  accType = type.isF64() ? type : builder.getF32Type();
  addExtras();

  auto rootType = cast<RankedTensorType>(match.root.getType());
  Type rootElement = rootType.getElementType();
  // A wide result of narrow operands is not rounded in between.
  Type outElement = rootElement == type ? Type(type) : Type(accType);
  SmallVector<AffineExpr> shape = {extentOf(outerBatch, vars), extentOf(heads, vars),
                                   extentOf(match.rows, vars), extentOf(match.width, vars)};
  SmallVector<OpFoldResult> mixed = exprs.sizes.emit(builder, loc, shape);
  SmallVector<Value> inits = {tensor::EmptyOp::create(builder, loc, mixed, outElement)};
  if (match.sink)
    inits.push_back(tensor::EmptyOp::create(builder, loc, ArrayRef(mixed).drop_back(), accType));
  SmallVector<Type> types;
  for (Value init : inits)
    types.push_back(init.getType());
  SmallVector<Value> position;
  if (match.mask.start && match.mask.asAttribute(builder.getContext())) {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value start = cast<Value>(exprs.sizes.emit(builder, loc, match.mask.start));
    position = {zero, zero, start, zero};
  }
  auto op = qsat::AttentionOp::create(
      builder, loc, types, q, k, v, extras, position, inits,
      builder.getF64FloatAttr(match.scale),
      match.mask.asAttribute(builder.getContext()), builder.getArrayAttr(extraMaps));
  if (!match.steps.empty()) {
    OpBuilder::InsertionGuard guard(builder);
    buildRegion(op);
  }
  builder.setInsertionPointAfter(op);
  Value o = op->getResult(0);
  if (match.sink)
    o = applySink(o, op->getResult(1));
  if (match.visibleKeys)
    o = averageHiddenRows(o, v, kvHeads);
  // To the dimensions of the root.
  DimGroups outGroups;
  for (AffineExpr e : match.outIndices)
    outGroups.push_back(variablesOf(e, vars));
  Node *result = exprs.load(o, {linearIndex(outerBatch, vars), linearIndex(heads, vars),
                                linearIndex(match.rows, vars), linearIndex(match.width, vars)});
  Value value = materialize(builder, loc, result, outGroups, exprs);
  value = castTo(value, cast<FloatType>(rootElement));
  if (match.addend) {
    Value start = materialize(builder, loc, match.addend, outGroups, exprs);
    AffineMap identity = AffineMap::getMultiDimIdentityMap(rootType.getRank(), builder.getContext());
    start = castTo(start, cast<FloatType>(rootElement));
    value = elementwise({value, start}, {identity, identity}, cast<RankedTensorType>(value.getType()),
                        [&](OpBuilder &b, Location at, ValueRange args) -> Value {
                          return arith::AddFOp::create(b, at, args[0], args[1]);
                        });
  }
  Value root = match.root;
  if (value.getType() != root.getType())
    value = tensor::CastOp::create(builder, loc, root.getType(), value);
  builder.replaceAllUsesWith(root, value);
  return op;
}

qsat::AttentionOp qsat::raise::buildAttention(RewriterBase &rewriter,
                                              const AttentionMatch &match) {
  return AttentionBuilder(rewriter, match).build();
}
