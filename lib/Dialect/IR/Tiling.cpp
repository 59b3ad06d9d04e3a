//===- Tiling.cpp - TilingInterface of the qsat ops -----------------------===//

#include "Tiling.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qsat;
using namespace qsat::tiling;

using Rules = SmallVector<DimRule, 4>;

//===----------------------------------------------------------------------===//
// What each op's tiles are
//===----------------------------------------------------------------------===//

static const DimRule kWhole{DimRule::Whole, 0, 1};
static DimRule loop(unsigned index) { return {DimRule::Loop, index, 1}; }
static DimRule heads() { return {DimRule::Heads, 1, 1}; }
static DimRule rows(int64_t block) { return {DimRule::Rows, 2, block}; }

/// A spec in which every operand is passed whole.
static TileSpec passWhole(Operation *op) {
  TileSpec spec;
  spec.operands.resize(op->getNumOperands());
  return spec;
}

static void setRules(TileSpec &spec, OpOperand &operand, Rules rules) {
  spec.operands[operand.getOperandNumber()] = std::move(rules);
}

static TileSpec getSpec(AttentionOp op) {
  TileSpec spec = passWhole(op);
  Value q = op.getQ();
  spec.domain = {{q, 0}, {q, 1}, {q, 2}};
  spec.heads = q;
  setRules(spec, op.getQMutable(), {loop(0), loop(1), loop(2), kWhole});
  setRules(spec, op.getKMutable(), {loop(0), heads(), kWhole, kWhole});
  setRules(spec, op.getVMutable(), {loop(0), heads(), kWhole, kWhole});
  for (OpOperand &init : op.getInitsMutable())
    setRules(spec, init, {loop(0), loop(1), loop(2)});
  setRules(spec, op.getInitsMutable()[0], {loop(0), loop(1), loop(2), kWhole.like(op.getV(), 3)});
  if (op.getMaskAttr() || op.hasScoreRegion())
    spec.position = {loop(0), loop(1), loop(2)};
  return spec;
}

static TileSpec getSpec(SparseAttentionOp op) {
  TileSpec spec = passWhole(op);
  Value q = op.getQ();
  spec.domain = {{q, 0}, {q, 1}, {op.getCounts(), 2}};
  spec.heads = q;
  DimRule blocks = rows(op.getBlockM());
  setRules(spec, op.getQMutable(), {loop(0), loop(1), blocks, kWhole});
  setRules(spec, op.getKMutable(), {loop(0), heads(), kWhole, kWhole});
  setRules(spec, op.getVMutable(), {loop(0), heads(), kWhole, kWhole});
  setRules(spec, op.getIndicesMutable(), {loop(0), heads(), loop(2), kWhole});
  setRules(spec, op.getCountsMutable(), {loop(0), heads(), loop(2)});
  DimRule outRows = blocks.like(q, 2);
  for (OpOperand &init : op.getInitsMutable())
    setRules(spec, init, {loop(0), loop(1), outRows});
  setRules(spec, op.getInitsMutable()[0],
           {loop(0), loop(1), outRows, kWhole.like(op.getV(), 3)});
  if (op.getMaskAttr() || op.hasScoreRegion())
    spec.position = {loop(0), loop(1), blocks};
  return spec;
}

static TileSpec getSpec(AmplitudeScoreOp op) {
  TileSpec spec = passWhole(op);
  Value q = op.getQ();
  spec.domain = {{q, 0}, {q, 1}, {op.getAmplitude(), 2}};
  spec.heads = q;
  DimRule blocks = rows(op.getBlockM());
  setRules(spec, op.getQMutable(), {loop(0), loop(1), blocks, kWhole});
  setRules(spec, op.getKMutable(), {loop(0), heads(), kWhole, kWhole});
  for (OpOperand &init : op.getInitsMutable())
    setRules(spec, init, {loop(0), loop(1), loop(2)});
  setRules(spec, op.getInitsMutable()[0], {loop(0), loop(1), loop(2), kWhole});
  // The cascade's diagonal is in problem coordinates too.
  if (op.getMaskAttr() || op.hasScoreRegion() || op.getEstimator() == Estimator::Cascade)
    spec.position = {loop(0), loop(1), blocks};
  return spec;
}

static TileSpec getSpec(AmplifiedSelectOp op) {
  TileSpec spec = passWhole(op);
  Value counts = op.getCounts();
  spec.domain = {{counts, 0}, {counts, 1}, {counts, 2}};
  spec.heads = op.getAmplitude();
  setRules(spec, op.getAmplitudeMutable(), {loop(0), heads(), loop(2), kWhole});
  for (OpOperand &lse : op.getLseMutable())
    setRules(spec, lse, {loop(0), heads(), loop(2)});
  for (OpOperand &spread : op.getSpreadMutable())
    setRules(spec, spread, {loop(0), heads(), kWhole});
  for (OpOperand &init : op.getInitsMutable())
    setRules(spec, init, {loop(0), loop(1), loop(2)});
  setRules(spec, op.getInitsMutable()[0], {loop(0), loop(1), loop(2), kWhole});
  // The mask, the diagonal and the random numbers are in problem coordinates.
  spec.position = {loop(0), heads(), rows(op.getBlockM())};
  spec.prefixOnly = op.getPolicy() == Policy::HeavyHitter;
  return spec;
}

static TileSpec getSpec(AuditOp op) {
  TileSpec spec = passWhole(op);
  Value q = op.getQ();
  spec.domain = {{q, 0}, {q, 1}, {op.getError(), 2}};
  spec.heads = q;
  DimRule strata = rows(op.getStratum());
  setRules(spec, op.getQMutable(), {loop(0), loop(1), strata, kWhole});
  setRules(spec, op.getKMutable(), {loop(0), heads(), kWhole, kWhole});
  setRules(spec, op.getVMutable(), {loop(0), heads(), kWhole, kWhole});
  setRules(spec, op.getOMutable(), {loop(0), loop(1), strata.like(q, 2), kWhole});
  for (OpOperand &lse : op.getLseMutable())
    setRules(spec, lse, {loop(0), loop(1), strata.like(q, 2)});
  for (OpOperand &init : op.getInitsMutable())
    setRules(spec, init, {loop(0), loop(1), loop(2), kWhole});
  // The random numbers are in problem coordinates.
  spec.position = {loop(0), loop(1), strata};
  return spec;
}

static TileSpec getSpec(OverlapOp op) {
  TileSpec spec = passWhole(op);
  Value overlap = op.getInit();
  spec.domain = {{overlap, 0}, {overlap, 2}};
  // The heads of a group stay together: all of them do.
  for (OpOperand *operand : {&op.getAmplitudeMutable(), &op.getInitMutable()})
    setRules(spec, *operand, {loop(0), kWhole, loop(1), kWhole});
  return spec;
}

static TileSpec getSpec(MergeOp op) {
  TileSpec spec = passWhole(op);
  Value o = op.getO();
  spec.domain = {{o, 0}, {o, 1}, {o, 2}};
  spec.heads = o;
  for (OpOperand &operand : op->getOpOperands()) {
    Rules rules{loop(0), loop(1), loop(2)};
    if (cast<ShapedType>(operand.get().getType()).getRank() == 4)
      rules.push_back(kWhole.like(op.getO1(), 3));
    setRules(spec, operand, rules);
  }
  return spec;
}

TileSpec tiling::getTileSpec(Operation *op) {
  return llvm::TypeSwitch<Operation *, TileSpec>(op)
      .Case<AttentionOp, SparseAttentionOp, AmplitudeScoreOp, AmplifiedSelectOp, AuditOp, OverlapOp,
            MergeOp>([](auto typed) { return getSpec(typed); });
}

/// The operand of `at`, or null for an op that has none.
static std::optional<MutableOperandRange> getPositionMutable(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<MutableOperandRange>>(op)
      .Case<AttentionOp, SparseAttentionOp, AmplitudeScoreOp, AmplifiedSelectOp, AuditOp>(
          [](auto typed) { return typed.getPositionMutable(); })
      .Default([](Operation *) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> tiling::getIteratorTypes(Operation *op) {
  return SmallVector<utils::IteratorType>(getTileSpec(op).domain.size(),
                                          utils::IteratorType::parallel);
}

SmallVector<Range> tiling::getDomain(Operation *op, OpBuilder &b) {
  SmallVector<Range> domain;
  for (auto [value, dim] : getTileSpec(op).domain)
    domain.push_back(
        {b.getIndexAttr(0), getExtent(b, op->getLoc(), value, dim), b.getIndexAttr(1)});
  return domain;
}

/// Offsets and sizes of the tile of `operand` that `domain` needs.
static LogicalResult getOperandTile(Operation *op, OpBuilder &b, const TileSpec &spec,
                                    OpOperand &operand, Tile domain,
                                    SmallVector<OpFoldResult> &offsets,
                                    SmallVector<OpFoldResult> &sizes) {
  for (auto [dim, rule] : llvm::enumerate(spec.operands[operand.getOperandNumber()])) {
    FailureOr<Interval> interval = getInterval(op, b, spec, rule, operand.get(), dim, domain);
    if (failed(interval))
      return failure();
    offsets.push_back(interval->offset);
    sizes.push_back(interval->size);
  }
  return success();
}

/// `at` of the tile: that of the op plus the tile's offsets.
static SmallVector<Value> getTilePosition(Operation *op, OpBuilder &b, const TileSpec &spec,
                                          ValueRange position, Tile domain) {
  Location loc = op->getLoc();
  if (position.empty() && spec.position.empty())
    return {};
  SmallVector<OpFoldResult> at = position.empty()
                                     ? SmallVector<OpFoldResult>(4, b.getIndexAttr(0))
                                     : getAsOpFoldResult(position);
  for (auto [index, rule] : llvm::enumerate(spec.position))
    at[index] = add(b, loc, at[index], getPositionOffset(b, loc, spec, rule, domain));
  return getValueOrCreateConstantIndexOp(b, loc, at);
}

/// A copy of `op` on tiles of its operands (mlir::clone cannot copy empty
/// regions).
static Operation *cloneOnTiles(OpBuilder &b, Operation *op, TypeRange resultTypes,
                               ValueRange operands) {
  OperationState state(op->getLoc(), op->getName(), operands, resultTypes,
                       llvm::to_vector(op->getDiscardableAttrs()));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  for (Region &region : op->getRegions()) {
    IRMapping mapping;
    Region *copy = state.addRegion();
    if (!region.empty())
      region.cloneInto(copy, mapping);
  }
  return b.create(state);
}

/// heavy_hitter sums over the query blocks from the first one on.
static bool startsTooLate(const TileSpec &spec, Tile domain) {
  return spec.prefixOnly && !isZeroInteger(domain.offsets[2]);
}

FailureOr<TilingResult> tiling::tile(Operation *op, OpBuilder &b, Tile domain) {
  Location loc = op->getLoc();
  TileSpec spec = getTileSpec(op);
  if (startsTooLate(spec, domain)) {
    op->emitOpError("expected tiles that start at the first query block, since policy "
                    "heavy_hitter sums over all earlier ones, but got tiling of the query blocks");
    return failure();
  }
  auto dps = cast<DestinationStyleOpInterface>(op);
  TilingResult result;
  SmallVector<Value> operands;
  SmallVector<Type> resultTypes;
  for (OpOperand &operand : op->getOpOperands()) {
    Value slice = operand.get();
    if (!spec.operands[operand.getOperandNumber()].empty()) {
      SmallVector<OpFoldResult> offsets, sizes;
      if (failed(getOperandTile(op, b, spec, operand, domain, offsets, sizes)))
        return failure();
      slice = createSlice(b, loc, slice, {offsets, sizes});
      result.generatedSlices.push_back(slice.getDefiningOp());
    }
    operands.push_back(slice);
    if (op->getNumResults() && dps.isDpsInit(&operand))
      resultTypes.push_back(slice.getType());
  }
  std::optional<MutableOperandRange> position = getPositionMutable(op);
  SmallVector<Value> at;
  if (position)
    at = getTilePosition(op, b, spec, ValueRange(position->getAsOperandRange()), domain);
  Operation *tiled = cloneOnTiles(b, op, resultTypes, operands);
  if (position)
    getPositionMutable(tiled)->assign(at);
  result.tiledOps.push_back(tiled);
  llvm::append_range(result.tiledValues, tiled->getResults());
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LogicalResult tiling::getResultTile(Operation *op, OpBuilder &b, unsigned result, Tile domain,
                                    SmallVector<OpFoldResult> &offsets,
                                    SmallVector<OpFoldResult> &sizes) {
  TileSpec spec = getTileSpec(op);
  OpOperand *init = cast<DestinationStyleOpInterface>(op).getDpsInitOperand(result);
  return getOperandTile(op, b, spec, *init, domain, offsets, sizes);
}

LogicalResult tiling::getDomainOfResultTile(Operation *op, OpBuilder &b, unsigned result,
                                            Tile wanted, SmallVectorImpl<OpFoldResult> &offsets,
                                            SmallVectorImpl<OpFoldResult> &sizes) {
  Location loc = op->getLoc();
  TileSpec spec = getTileSpec(op);
  for (Range range : getDomain(op, b)) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
  OpOperand *init = cast<DestinationStyleOpInterface>(op).getDpsInitOperand(result);
  for (auto [dim, rule] : llvm::enumerate(spec.operands[init->getOperandNumber()])) {
    if (rule.kind == DimRule::Whole)
      continue;
    OpFoldResult offset = wanted.offsets[dim], size = wanted.sizes[dim];
    if (rule.kind == DimRule::Rows && !isFull(offset, size, init->get(), dim)) {
      // The blocks that the rows touch.
      OpFoldResult end = ceilDiv(b, loc, add(b, loc, offset, size), rule.block);
      offset = floorDiv(b, loc, offset, rule.block);
      size = sub(b, loc, end, offset);
    } else if (rule.kind == DimRule::Rows) {
      continue;
    }
    offsets[rule.loop] = offset;
    sizes[rule.loop] = size;
  }
  if (startsTooLate(spec, {offsets, sizes}))
    return failure();
  return success();
}

FailureOr<TilingResult> tiling::generateResultTile(Operation *op, OpBuilder &b, unsigned result,
                                                   Tile wanted) {
  Location loc = op->getLoc();
  SmallVector<OpFoldResult> offsets, sizes, gotOffsets, gotSizes;
  if (failed(getDomainOfResultTile(op, b, result, wanted, offsets, sizes)))
    return failure();
  FailureOr<TilingResult> tiled = tile(op, b, {offsets, sizes});
  if (failed(tiled) || failed(getResultTile(op, b, result, {offsets, sizes}, gotOffsets, gotSizes)))
    return failure();
  Value value = tiled->tiledValues[result];
  // Where blocks or whole dimensions gave more than was asked for, cut it out.
  bool exact = llvm::all_of(llvm::seq(gotOffsets.size()), [&](size_t d) {
    return isEqualConstantIntOrValue(gotOffsets[d], wanted.offsets[d]) &&
           isEqualConstantIntOrValue(gotSizes[d], wanted.sizes[d]);
  });
  if (!exact) {
    SmallVector<OpFoldResult> inner;
    for (auto [got, want] : llvm::zip(gotOffsets, wanted.offsets))
      inner.push_back(sub(b, loc, want, got));
    value = createSlice(b, loc, value, {inner, wanted.sizes});
  }
  return TilingResult{tiled->tiledOps, {value}, tiled->generatedSlices};
}

bool tiling::canTileResult(Operation *op, unsigned result, Tile wanted) {
  TileSpec spec = getTileSpec(op);
  return !spec.prefixOnly || isZeroInteger(wanted.offsets[2]);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// True when a tile of this dimension of an operand is read by exactly one
/// tile of the domain (or is all of it).
static bool determinesDomain(const TileSpec &spec, const DimRule &rule, OpOperand &operand,
                             unsigned dim, Interval tile) {
  if (isFull(tile.offset, tile.size, operand.get(), dim))
    return true;
  switch (rule.kind) {
  case DimRule::Whole:
    return false;
  case DimRule::Loop:
    return true;
  case DimRule::Rows:
    return isKnownMultiple(tile.offset, rule.block) && isKnownMultiple(tile.size, rule.block);
  case DimRule::Heads: {
    // Exact only where heads are one to one.
    int64_t heads = cast<ShapedType>(operand.get().getType()).getDimSize(dim);
    auto [domain, domainDim] = spec.domain[rule.loop];
    return !ShapedType::isDynamic(heads) &&
           cast<ShapedType>(domain.getType()).getDimSize(domainDim) == heads;
  }
  }
  return false;
}

bool tiling::canTileOperands(Operation *op, ArrayRef<unsigned> operandNumbers,
                             ArrayRef<SmallVector<OpFoldResult>> allOffsets,
                             ArrayRef<SmallVector<OpFoldResult>> allSizes) {
  TileSpec spec = getTileSpec(op);
  for (auto [number, offsets, sizes] : llvm::zip(operandNumbers, allOffsets, allSizes)) {
    OpOperand &operand = op->getOpOperand(number);
    if (spec.operands[number].empty()) {
      // Passed whole: only the whole of it will do.
      if (!isa<ShapedType>(operand.get().getType()))
        return false;
      for (unsigned d = 0; d < offsets.size(); ++d)
        if (!isFull(offsets[d], sizes[d], operand.get(), d))
          return false;
      continue;
    }
    for (auto [dim, rule] : llvm::enumerate(spec.operands[number]))
      if (!determinesDomain(spec, rule, operand, dim, {offsets[dim], sizes[dim]}))
        return false;
  }
  return true;
}

LogicalResult tiling::getDomainOfOperandTiles(Operation *op, OpBuilder &b,
                                              ArrayRef<unsigned> operandNumbers,
                                              ArrayRef<SmallVector<OpFoldResult>> allOffsets,
                                              ArrayRef<SmallVector<OpFoldResult>> allSizes,
                                              SmallVectorImpl<OpFoldResult> &offsets,
                                              SmallVectorImpl<OpFoldResult> &sizes) {
  if (!canTileOperands(op, operandNumbers, allOffsets, allSizes))
    return failure();
  Location loc = op->getLoc();
  TileSpec spec = getTileSpec(op);
  for (Range range : getDomain(op, b)) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
  SmallVector<bool> known(offsets.size());
  for (auto [number, from, extents] : llvm::zip(operandNumbers, allOffsets, allSizes)) {
    Value operand = op->getOperand(number);
    for (auto [dim, rule] : llvm::enumerate(spec.operands[number])) {
      if (rule.kind == DimRule::Whole)
        continue;
      OpFoldResult offset = from[dim], size = extents[dim];
      // All of the operand is all of the loop, in whatever unit the loop counts.
      if (isFull(offset, size, operand, dim)) {
        offset = b.getIndexAttr(0);
        size = getExtent(b, loc, spec.domain[rule.loop].first, spec.domain[rule.loop].second);
      } else if (rule.kind == DimRule::Rows) {
        offset = floorDiv(b, loc, offset, rule.block);
        size = floorDiv(b, loc, size, rule.block);
      }
      if (known[rule.loop] && (!isEqualConstantIntOrValue(offsets[rule.loop], offset) ||
                               !isEqualConstantIntOrValue(sizes[rule.loop], size)))
        return failure();
      known[rule.loop] = true;
      offsets[rule.loop] = offset;
      sizes[rule.loop] = size;
    }
  }
  return startsTooLate(spec, {offsets, sizes}) ? failure() : success();
}
