//===- ScoreRegion.cpp - Score regions on vectors of query rows -----------===//
// The lanes of a vector are query rows, perhaps of several heads, against one key:
// b and j are the same in all lanes, h and i are not. What depends on b and j alone
// stays scalar; elementwise operations on the rest become vector operations.

#include "ScoreKernel.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace qsat;

namespace {

/// One lane vector, or one lane, that the region is applied to.
struct Lanes {
  Value score; ///< vector or scalar of the accumulation type
  Value b, h, i, j;
};

class RegionOnLanes {
public:
  explicit RegionOnLanes(ScoreKernel &s) : s(s), b(s.b), block(s.op.getScore().front()) {}

  /// True when every operation is elementwise or the same in all lanes.
  bool isElementwise();
  /// The region on all lanes of `chunk`.
  Value onVector(Value score, Value key, Value chunk, Value rowOffset);
  /// The region on the lane `slot` alone.
  Value onLane(Value score, Value key, Value slot, Value rowOffset);

private:
  bool sameInAllLanes(AffineMap map) const {
    return (oneHead() || !map.isFunctionOfDim(1)) && !map.isFunctionOfDim(2);
  }
  bool oneHead() const { return matchPattern(s.group, m_One()); }
  Value rowOfLane(Value slot, Value rowOffset) const;
  Value loadExtra(unsigned number, Value h, Value i, Value key) const;
  Value clone(IRMapping &map, DenseSet<Value> &vectors);
  Value clone(IRMapping &map) {
    DenseSet<Value> none;
    return clone(map, none);
  }

  ScoreKernel &s;
  TaskBuilder &b;
  Block &block;
};

} // namespace

static AffineMap extraMap(AmplitudeScoreOp op, unsigned number) {
  return cast<AffineMapAttr>(op.getExtraMaps()[number]).getValue();
}

bool RegionOnLanes::isElementwise() {
  unsigned extras = s.extras.size();
  DenseSet<Value> vectors{block.getArgument(0), block.getArgument(extras + 3)};
  if (!oneHead())
    vectors.insert(block.getArgument(extras + 2));
  for (unsigned e = 0; e < extras; ++e)
    if (!sameInAllLanes(extraMap(s.op, e)))
      vectors.insert(block.getArgument(e + 1));
  for (Operation &op : block.without_terminator()) {
    if (op.getNumRegions() != 0)
      return false;
    if (llvm::none_of(op.getOperands(), [&](Value v) { return vectors.contains(v); }))
      continue;
    if (!OpTrait::hasElementwiseMappableTraits(&op))
      return false;
    vectors.insert(op.result_begin(), op.result_end());
  }
  return true;
}

Value RegionOnLanes::rowOfLane(Value slot, Value rowOffset) const {
  Value row = b.toIndex(b.load(s.laneRows, {slot}));
  if (rowOffset)
    row = b.min(b.add(row, rowOffset), b.sub(s.numRows, 1));
  return b.add(row, s.at[2]);
}

/// Element (batch, h, i, key) of an extra; h, i and key in problem coordinates.
Value RegionOnLanes::loadExtra(unsigned number, Value h, Value i, Value key) const {
  AffineMap map = extraMap(s.op, number);
  Value batch = b.add(s.batch, s.at[0]);
  auto indices = affine::expandAffineMap(b, b.getLoc(), map, {batch, h, i, key});
  return b.load(s.extras[number], *indices);
}

/// The region's operations with their operands mapped; those on `vectors` widened.
Value RegionOnLanes::clone(IRMapping &map, DenseSet<Value> &vectors) {
  for (Operation &op : block.without_terminator()) {
    if (llvm::none_of(op.getOperands(), [&](Value v) { return vectors.contains(v); })) {
      b.OpBuilder::clone(op, map);
      continue;
    }
    OperationState state(op.getLoc(), op.getName());
    for (Value operand : op.getOperands()) {
      Value mapped = map.lookupOrDefault(operand);
      if (!vectors.contains(operand))
        mapped = b.splat(mapped, VectorType::get({s.tile.lanes}, mapped.getType()));
      state.operands.push_back(mapped);
    }
    for (Type type : op.getResultTypes())
      state.types.push_back(VectorType::get({s.tile.lanes}, type));
    state.attributes = op.getDiscardableAttrDictionary().getValue();
    state.propertiesAttr = op.getPropertiesAsAttribute();
    Operation *wide = b.OpBuilder::create(state);
    map.map(op.getResults(), wide->getResults());
    vectors.insert(op.result_begin(), op.result_end());
  }
  return map.lookupOrDefault(block.getTerminator()->getOperand(0));
}

Value RegionOnLanes::onVector(Value score, Value key, Value chunk, Value rowOffset) {
  unsigned extras = s.extras.size();
  Value lane = s.firstLane(chunk), j = b.add(key, s.at[3]);
  auto indices = VectorType::get({s.tile.lanes}, b.getIndexType());
  auto widen = [&](Value buffer, Value offset) -> Value {
    Value wide = b.create<arith::IndexCastOp>(indices, b.load(buffer, {lane}, s.rowsType));
    return b.createOrFold<arith::AddIOp>(wide, b.splat(offset, indices));
  };
  IRMapping map = s.captures;
  DenseSet<Value> vectors;
  auto bind = [&](unsigned argument, Value value) {
    map.map(block.getArgument(argument), value);
    if (isa<VectorType>(value.getType()))
      vectors.insert(block.getArgument(argument));
  };
  bind(0, score);
  bind(extras + 1, b.add(s.batch, s.at[0]));
  bind(extras + 2, oneHead() ? b.add(s.kvHead, s.at[1]) : widen(s.laneHeads, s.at[1]));
  bind(extras + 3, widen(s.laneRows, rowOffset ? b.add(s.at[2], rowOffset) : s.at[2]));
  bind(extras + 4, j);
  for (unsigned e = 0; e < extras; ++e) {
    if (sameInAllLanes(extraMap(s.op, e))) {
      bind(e + 1, loadExtra(e, b.add(s.kvHead, s.at[1]), s.at[2], j));
      continue;
    }
    Value buffer = s.lanesOfExtra[e];
    b.loop(b.index(s.tile.lanes), [&](Value w) {
      Value slot = b.add(lane, w);
      Value h = b.add(b.toIndex(b.load(s.laneHeads, {slot})), s.at[1]);
      b.store(loadExtra(e, h, rowOfLane(slot, rowOffset), j), buffer, {w});
    });
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    bind(e + 1, b.load(buffer, {b.index(0)}, VectorType::get({s.tile.lanes}, element)));
  }
  Value result = clone(map, vectors);
  if (isa<VectorType>(result.getType()))
    return result;
  return b.splat(result, s.lanesType);
}

Value RegionOnLanes::onLane(Value score, Value key, Value slot, Value rowOffset) {
  unsigned extras = s.extras.size();
  Value h = b.add(b.toIndex(b.load(s.laneHeads, {slot})), s.at[1]);
  Value i = rowOfLane(slot, rowOffset), j = b.add(key, s.at[3]);
  IRMapping map = s.captures;
  map.map(block.getArgument(0), score);
  for (unsigned e = 0; e < extras; ++e)
    map.map(block.getArgument(e + 1), loadExtra(e, h, i, j));
  Value position[] = {b.add(s.batch, s.at[0]), h, i, j};
  for (auto [n, value] : llvm::enumerate(position))
    map.map(block.getArgument(extras + 1 + n), value);
  return clone(map);
}

void qsat::allocateRegionBuffers(ScoreKernel &s) {
  if (!s.op.hasScoreRegion())
    return;
  Value lanes = s.b.index(s.tile.lanes);
  s.spill = s.b.scratch(s.acc, {s.b.index(s.tile.keys), lanes});
  s.lanesOfExtra.clear();
  for (Value extra : s.extras)
    s.lanesOfExtra.push_back(
        s.b.scratch(cast<MemRefType>(extra.getType()).getElementType(), {lanes}));
}

SmallVector<Value> qsat::applyScoreRegion(ScoreKernel &s, ValueRange z, Value firstKey,
                                          int64_t keyStep, Value chunk, Value rowOffset) {
  TaskBuilder &b = s.b;
  RegionOnLanes region(s);
  bool elementwise = region.isElementwise();
  Value zero = b.index(0), lastKey = b.sub(s.numKeys, 1);
  for (auto [r, score] : llvm::enumerate(z))
    b.storeVector(score, s.spill, {b.index(r), zero});
  b.loop(b.index(z.size()), [&](Value r) {
    Value key = b.min(b.add(firstKey, b.mul(r, keyStep)), lastKey);
    if (elementwise) {
      Value score = b.load(s.spill, {r, zero}, s.lanesType);
      b.storeVector(region.onVector(score, key, chunk, rowOffset), s.spill, {r, zero});
      return;
    }
    b.loop(b.index(s.tile.lanes), [&](Value w) {
      Value slot = b.add(s.firstLane(chunk), w);
      b.store(region.onLane(b.load(s.spill, {r, w}), key, slot, rowOffset), s.spill, {r, w});
    });
  });
  TaskBuilder::Values modified;
  for (size_t r = 0; r < z.size(); ++r)
    modified.push_back(b.load(s.spill, {b.index(r), zero}, s.lanesType));
  return modified;
}
