//===- TilingSlices.cpp - Which part of an operand a tile needs -----------===//

#include "Tiling.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace qsat;
using namespace qsat::tiling;

static OpFoldResult apply(OpBuilder &b, Location loc, AffineExpr expr,
                          ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
}

OpFoldResult tiling::add(OpBuilder &b, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  return apply(b, loc, b.getAffineSymbolExpr(0) + b.getAffineSymbolExpr(1), {lhs, rhs});
}

OpFoldResult tiling::sub(OpBuilder &b, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  return apply(b, loc, b.getAffineSymbolExpr(0) - b.getAffineSymbolExpr(1), {lhs, rhs});
}

OpFoldResult tiling::mul(OpBuilder &b, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  return apply(b, loc, b.getAffineSymbolExpr(0) * b.getAffineSymbolExpr(1), {lhs, rhs});
}

OpFoldResult tiling::floorDiv(OpBuilder &b, Location loc, OpFoldResult value, int64_t factor) {
  return apply(b, loc, b.getAffineSymbolExpr(0).floorDiv(factor), {value});
}

OpFoldResult tiling::ceilDiv(OpBuilder &b, Location loc, OpFoldResult value, int64_t factor) {
  return apply(b, loc, b.getAffineSymbolExpr(0).ceilDiv(factor), {value});
}

OpFoldResult tiling::getExtent(OpBuilder &b, Location loc, Value v, unsigned dim) {
  if (isa<TensorType>(v.getType()))
    return tensor::getMixedSize(b, loc, v, dim);
  return memref::getMixedSize(b, loc, v, dim);
}

bool tiling::isFull(OpFoldResult offset, OpFoldResult size, Value v, unsigned dim) {
  if (!isZeroInteger(offset))
    return false;
  auto type = cast<ShapedType>(v.getType());
  if (!type.isDynamicDim(dim))
    return getConstantIntValue(size) == type.getDimSize(dim);
  auto extent = dyn_cast<Value>(size);
  if (!extent || !extent.getDefiningOp())
    return false;
  Operation *def = extent.getDefiningOp();
  if (auto dimOp = dyn_cast<tensor::DimOp>(def))
    return dimOp.getSource() == v && dimOp.getConstantIndex() == int64_t(dim);
  if (auto dimOp = dyn_cast<memref::DimOp>(def))
    return dimOp.getSource() == v && dimOp.getConstantIndex() == int64_t(dim);
  return false;
}

/// isKnownMultiple of a constant or an induction variable.
static bool isMultipleLeaf(OpFoldResult value, int64_t factor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % factor == 0;
  auto iv = dyn_cast<BlockArgument>(cast<Value>(value));
  if (!iv)
    return false;
  auto loop = dyn_cast<LoopLikeOpInterface>(iv.getOwner()->getParentOp());
  if (!loop)
    return false;
  std::optional<SmallVector<Value>> ivs = loop.getLoopInductionVars();
  std::optional<SmallVector<OpFoldResult>> bounds = loop.getLoopLowerBounds();
  std::optional<SmallVector<OpFoldResult>> steps = loop.getLoopSteps();
  if (!ivs || !bounds || !steps)
    return false;
  for (auto [candidate, bound, step] : llvm::zip(*ivs, *bounds, *steps)) {
    if (candidate != iv)
      continue;
    std::optional<int64_t> lower = getConstantIntValue(bound), by = getConstantIntValue(step);
    return lower && by && *lower % factor == 0 && *by % factor == 0;
  }
  return false;
}

bool tiling::isKnownMultiple(OpFoldResult value, int64_t factor) {
  if (factor == 1 || isMultipleLeaf(value, factor))
    return true;
  auto v = dyn_cast<Value>(value);
  auto applyOp = v ? v.getDefiningOp<affine::AffineApplyOp>() : affine::AffineApplyOp();
  if (!applyOp)
    return false;
  // A multiple m of the factor is written factor * d: what is left tells.
  AffineMap map = applyOp.getAffineMap();
  SmallVector<AffineExpr> dims, symbols;
  for (auto [index, operand] : llvm::enumerate(applyOp.getMapOperands())) {
    bool isDim = index < map.getNumDims();
    AffineExpr expr = isDim ? getAffineDimExpr(index, map.getContext())
                            : getAffineSymbolExpr(index - map.getNumDims(), map.getContext());
    if (isMultipleLeaf(operand, factor))
      expr = expr * factor;
    (isDim ? dims : symbols).push_back(expr);
  }
  return map.getResult(0).replaceDimsAndSymbols(dims, symbols).isMultipleOf(factor);
}

/// Heads of dimension 1 of `of` for every `per` of the whole: H / H_of, or
/// nothing when a number of heads is dynamic.
static std::optional<int64_t> headsPer(Value heads, Value of) {
  int64_t all = cast<ShapedType>(heads.getType()).getDimSize(1);
  int64_t some = cast<ShapedType>(of.getType()).getDimSize(1);
  if (ShapedType::isDynamic(all) || ShapedType::isDynamic(some) || some == 0)
    return std::nullopt;
  return all / some;
}

/// H / H_of at run time.
static OpFoldResult dynamicHeadsPer(OpBuilder &b, Location loc, Value heads, Value of) {
  Value all = getValueOrCreateConstantIndexOp(b, loc, getExtent(b, loc, heads, 1));
  Value some = getValueOrCreateConstantIndexOp(b, loc, getExtent(b, loc, of, 1));
  return arith::DivUIOp::create(b, loc, all, some).getResult();
}

/// H / H_domain, with H the number of query heads: the query heads that one
/// iteration of the head loop stands for.
static OpFoldResult headsPerIteration(OpBuilder &b, Location loc, const TileSpec &spec,
                                      unsigned loop) {
  Value domain = spec.domain[loop].first;
  if (domain == spec.heads)
    return b.getIndexAttr(1);
  if (std::optional<int64_t> heads = headsPer(spec.heads, domain))
    return b.getIndexAttr(*heads);
  return dynamicHeadsPer(b, loc, spec.heads, domain);
}

/// The heads of `operand` that heads [offset, offset + size) of the loop read.
static FailureOr<Interval> getHeads(Operation *op, OpBuilder &b, const TileSpec &spec,
                                    const DimRule &rule, Value operand, unsigned dim,
                                    Interval tile) {
  Location loc = op->getLoc();
  auto [domain, domainDim] = spec.domain[rule.loop];
  if (isFull(tile.offset, tile.size, domain, domainDim))
    return Interval{b.getIndexAttr(0), getExtent(b, loc, operand, dim)};
  // An iteration stands for `unit` query heads, a head of the operand for `group`.
  std::optional<int64_t> unit = domain == spec.heads ? 1 : headsPer(spec.heads, domain);
  std::optional<int64_t> group = operand == spec.heads ? 1 : headsPer(spec.heads, operand);
  std::optional<int64_t> size = getConstantIntValue(tile.size);
  if (unit && group) {
    if (*unit == *group)
      return tile;
    OpFoldResult first = mul(b, loc, tile.offset, b.getIndexAttr(*unit));
    if (*unit % *group == 0)
      return Interval{floorDiv(b, loc, first, *group),
                      mul(b, loc, tile.size, b.getIndexAttr(*unit / *group))};
    if (size == 1)
      return Interval{floorDiv(b, loc, first, *group),
                      b.getIndexAttr(std::max<int64_t>(1, *unit / *group))};
    if (size && *size * *unit % *group == 0 &&
        (isKnownMultiple(first, *group) || (*group % *unit == 0 &&
                                           isKnownMultiple(tile.offset, *group / *unit))))
      return Interval{floorDiv(b, loc, first, *group), b.getIndexAttr(*size * *unit / *group)};
    InFlightDiagnostic diag = op->emitOpError("expected head tiles of 1 or of aligned multiples of ")
                              << std::max<int64_t>(1, *group / *unit)
                              << " heads, which share a key head, but got ";
    if (size)
      diag << "a size of " << *size << " that is not, or at an unknown offset";
    else
      diag << "a dynamic size";
    return failure();
  }
  if (size != 1)
    return op->emitOpError("expected head tiles of 1 or of all heads, since the number of heads is "
                           "dynamic, but got another size");
  // One iteration: its first query head finds the operand's head.
  OpFoldResult first = mul(b, loc, tile.offset, headsPerIteration(b, loc, spec, rule.loop));
  if (operand == spec.heads)
    return Interval{first, headsPerIteration(b, loc, spec, rule.loop)};
  Value head = arith::DivUIOp::create(b, loc, getValueOrCreateConstantIndexOp(b, loc, first),
                                      getValueOrCreateConstantIndexOp(
                                          b, loc, dynamicHeadsPer(b, loc, spec.heads, operand)));
  return Interval{head, b.getIndexAttr(1)};
}

/// Rows of blocks [offset, offset + size), clipped to the last row.
static Interval getRows(OpBuilder &b, Location loc, int64_t block, OpFoldResult extent,
                        Interval blocks) {
  OpFoldResult offset = mul(b, loc, blocks.offset, b.getIndexAttr(block));
  OpFoldResult whole = mul(b, loc, blocks.size, b.getIndexAttr(block));
  std::optional<int64_t> rows = getConstantIntValue(extent);
  if (rows && *rows % block == 0)
    return {offset, whole};
  AffineExpr s0, s1, s2;
  bindSymbols(b.getContext(), s0, s1, s2);
  AffineMap smaller = AffineMap::get(0, 3, {s0, s1 - s2}, b.getContext());
  return {offset,
          affine::makeComposedFoldedAffineMin(b, loc, smaller, {whole, extent, offset})};
}

FailureOr<Interval> tiling::getInterval(Operation *op, OpBuilder &b, const TileSpec &spec,
                                        const DimRule &rule, Value operand, unsigned dim,
                                        Tile domain) {
  Location loc = op->getLoc();
  auto extent = [&] {
    return rule.extentOf ? getExtent(b, loc, rule.extentOf, rule.extentDim)
                         : getExtent(b, loc, operand, dim);
  };
  if (rule.kind == DimRule::Whole)
    return Interval{b.getIndexAttr(0), extent()};
  Interval tile{domain.offsets[rule.loop], domain.sizes[rule.loop]};
  if (rule.kind == DimRule::Rows)
    return getRows(b, loc, rule.block, extent(), tile);
  if (rule.kind == DimRule::Heads)
    return getHeads(op, b, spec, rule, operand, dim, tile);
  return tile;
}

OpFoldResult tiling::getPositionOffset(OpBuilder &b, Location loc, const TileSpec &spec,
                                       const DimRule &rule, Tile domain) {
  if (rule.kind == DimRule::Whole)
    return b.getIndexAttr(0);
  OpFoldResult offset = domain.offsets[rule.loop];
  if (rule.kind == DimRule::Rows)
    return mul(b, loc, offset, b.getIndexAttr(rule.block));
  if (rule.kind == DimRule::Heads)
    return mul(b, loc, offset, headsPerIteration(b, loc, spec, rule.loop));
  return offset;
}

Value tiling::createSlice(OpBuilder &b, Location loc, Value source, Tile tile) {
  SmallVector<OpFoldResult> strides(tile.offsets.size(), b.getIndexAttr(1));
  if (isa<TensorType>(source.getType()))
    return tensor::ExtractSliceOp::create(b, loc, source, tile.offsets, tile.sizes, strides);
  return memref::SubViewOp::create(b, loc, source, tile.offsets, tile.sizes, strides);
}
