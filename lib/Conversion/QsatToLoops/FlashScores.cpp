//===- FlashScores.cpp - Mask and score region of a tile ------------------===//

#include "FlashKernel.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// Structural mask
//===----------------------------------------------------------------------===//

/// Of `row`, in the op's own rows and keys (i and j in problem coordinates are
/// row + at_i and key + at_j): high is at most the number of keys.
FlashKernel::Visible FlashKernel::visibleKeys(Value row) {
  Visible visible{kb.index(0), extent};
  if (!op.mask)
    return visible;
  Value diagonal = kb.add(row, shift);
  if (std::optional<int64_t> lookahead = op.mask.getLookahead())
    visible.high = kb.min(extent, kb.add(diagonal, *lookahead + 1));
  if (hasWindow())
    visible.low = kb.add(diagonal, 1 - op.mask.getWindow());
  return visible;
}

/// scores [rows,keys]: -inf where the key is hidden or past the last.
void FlashKernel::maskTile(const KeyTile &tile) {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0), width = kb.index(shape.keys);
  Value hidden = kb.constant(kb.vec(acc, lanes), -INFINITY);
  // Bounds relative to the tile fit in i32.
  auto bound = [&](Value key) {
    return kb.splat(kb.toI32(kb.clamp(kb.sub(key, tile.first), zero, width)), lanes);
  };
  Value sinkBound = hasWindow() ? bound(sinks) : Value();
  kb.loop(zero, numRows, 1, [&](Value r) {
    Visible visible = visibleKeys(kb.add(firstRow, r));
    Value high = bound(kb.min(visible.high, tile.limit));
    Value low = hasWindow() ? bound(visible.low) : Value();
    kb.loop(0, shape.keys, lanes, [&](Value j) {
      Value key = kb.add(kb.iota(lanes), kb.splat(kb.toI32(j), lanes));
      Value isSeen = kb.less(key, high);
      if (low) {
        Value isAfter = kb.cmp(arith::CmpIPredicate::sge, key, low);
        isSeen = kb.both(isSeen, kb.either(isAfter, kb.less(key, sinkBound)));
      }
      Value z = kb.loadVector(scores, {r, j}, lanes);
      kb.storeVector(kb.select(isSeen, z, hidden), scores, {r, j});
    });
  });
}

//===----------------------------------------------------------------------===//
// Score region
//===----------------------------------------------------------------------===//

SmallVector<Value> qsat::isolateRegion(Operation *op) {
  Region &region = op->getRegion(0);
  if (region.empty())
    return {};
  llvm::SetVector<Value> captures;
  getUsedValuesDefinedAbove(region, captures);
  OpBuilder builder(op->getContext());
  builder.setInsertionPointToStart(&region.front());
  SmallVector<Value> others;
  for (Value capture : captures) {
    Operation *definition = capture.getDefiningOp();
    if (!definition || !matchPattern(definition, m_Constant())) {
      others.push_back(capture);
      continue;
    }
    Operation *copy = builder.clone(*definition);
    replaceAllUsesInRegionWith(capture, copy->getResult(0), region);
  }
  return others;
}

namespace qsat {
/// Applies the score region of the op to the scores of one row: `lanes` keys at
/// a time where each of its operations is elementwise, else key by key. What
/// depends on the row alone stays scalar.
class ScoreRegionBuilder {
public:
  ScoreRegionBuilder(FlashKernel &kernel, Value row)
      : kernel(kernel), kb(kernel.kb), op(kernel.op), block(*op.region) {
    unsigned base = op.extras.empty() ? 0 : op.extras.getBeginOperandIndex();
    extras = ValueRange(kernel.operands).slice(base, op.extras.size());
    for (unsigned d = 0; d < 4; ++d)
      at.push_back(op.position.empty()
                       ? kb.index(0)
                       : kernel.operands[op.position.getBeginOperandIndex() + d]);
    b = kb.add(kernel.batch, at[0]);
    h = kb.add(kernel.head, at[1]);
    i = kb.add(row, at[2]);
    SmallVector<Value> outer = isolateRegion(op.op);
    captured.map(outer, kernel.captures);
  }

  bool isElementwise();
  /// The region on keys [key, key + lanes); extras past `limit` are not read.
  Value onVector(Value score, Value key, Value limit);
  /// The region on one key.
  Value onScalar(Value score, Value key);

private:
  bool dependsOnKey(unsigned extra) { return op.extraMaps[extra].isFunctionOfDim(3); }
  /// True when the keys of an extra lie side by side in memory.
  bool isContiguous(unsigned extra);
  Value loadExtra(unsigned extra, Value j);
  Value loadExtras(unsigned extra, Value key, Value limit);
  Value clone(IRMapping &map, int64_t lanes, DenseSet<Value> &vectors);

  FlashKernel &kernel;
  KernelBuilder &kb;
  const FlashOp &op;
  Block &block;
  SmallVector<Value> extras, at;
  Value b, h, i;
  IRMapping captured;
};
} // namespace qsat

bool ScoreRegionBuilder::isElementwise() {
  unsigned count = op.extras.size();
  DenseSet<Value> vectors{block.getArgument(0), block.getArgument(count + 4)};
  for (unsigned e = 0; e < count; ++e)
    if (dependsOnKey(e))
      vectors.insert(block.getArgument(e + 1));
  for (Operation &inner : block.without_terminator()) {
    if (inner.getNumRegions() != 0)
      return false;
    if (llvm::none_of(inner.getOperands(), [&](Value v) { return vectors.contains(v); }))
      continue;
    if (!OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
    vectors.insert(inner.result_begin(), inner.result_end());
  }
  return true;
}

bool ScoreRegionBuilder::isContiguous(unsigned extra) {
  AffineMap map = op.extraMaps[extra];
  if (map.getNumResults() == 0 || !KernelBuilder::isRowContiguous(extras[extra]))
    return false;
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(3))
      return false;
  // j, or j plus something that does not depend on it.
  AffineExpr difference = map.getResults().back() - getAffineDimExpr(3, kb.getContext());
  return !simplifyAffineExpr(difference, 4, 0).isFunctionOfDim(3);
}

Value ScoreRegionBuilder::loadExtra(unsigned extra, Value j) {
  Value dims[] = {b, h, i, j};
  auto indices = affine::expandAffineMap(kb, kb.getLoc(), op.extraMaps[extra], dims);
  return kb.load(extras[extra], *indices);
}

/// The elements of an extra at [key, key + lanes), those past `limit` repeated
/// or 0.
Value ScoreRegionBuilder::loadExtras(unsigned extra, Value key, Value limit) {
  int64_t lanes = kernel.shape.lanes;
  Type element = cast<MemRefType>(extras[extra].getType()).getElementType();
  Value j = kb.add(key, at[3]);
  // Booleans are stored as bytes.
  if (isContiguous(extra) && !element.isInteger(1)) {
    Value dims[] = {b, h, i, j};
    auto indices = affine::expandAffineMap(kb, kb.getLoc(), op.extraMaps[extra], dims);
    VectorType type = kb.vec(element, lanes);
    Value left = kb.sub(limit, key);
    Value mask = vector::CreateMaskOp::create(kb, kb.getLoc(), kb.vec(kb.getI1Type(), lanes),
                                              ValueRange{left});
    Value none = arith::ConstantOp::create(kb, kb.getLoc(), kb.getZeroAttr(type));
    return vector::MaskedLoadOp::create(kb, kb.getLoc(), type, extras[extra], *indices, mask,
                                        none);
  }
  Value last = kb.sub(limit, kb.index(1)), result;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value one = loadExtra(extra, kb.add(kb.min(kb.add(key, lane), last), at[3]));
    result = lane == 0 ? kb.splat(one, lanes)
                       : vector::InsertOp::create(kb, kb.getLoc(), one, result, lane).getResult();
  }
  return result;
}

/// The operations of the region; those on `vectors` on `lanes` lanes.
Value ScoreRegionBuilder::clone(IRMapping &map, int64_t lanes, DenseSet<Value> &vectors) {
  for (Operation &inner : block.without_terminator()) {
    if (llvm::none_of(inner.getOperands(), [&](Value v) { return vectors.contains(v); })) {
      static_cast<OpBuilder &>(kb).clone(inner, map);
      continue;
    }
    OperationState state(inner.getLoc(), inner.getName());
    for (Value operand : inner.getOperands()) {
      Value mapped = map.lookup(operand);
      state.operands.push_back(vectors.contains(operand) ? mapped : kb.splat(mapped, lanes));
    }
    for (Type type : inner.getResultTypes())
      state.types.push_back(kb.vec(type, lanes));
    state.attributes = inner.getDiscardableAttrDictionary();
    state.propertiesAttr = inner.getPropertiesAsAttribute();
    Operation *wide = static_cast<OpBuilder &>(kb).create(state);
    map.map(inner.getResults(), wide->getResults());
    vectors.insert(inner.result_begin(), inner.result_end());
  }
  return map.lookup(block.getTerminator()->getOperand(0));
}

Value ScoreRegionBuilder::onVector(Value score, Value key, Value limit) {
  int64_t lanes = kernel.shape.lanes;
  unsigned count = op.extras.size();
  IRMapping map = captured;
  DenseSet<Value> vectors{block.getArgument(0), block.getArgument(count + 4)};
  map.map(block.getArgument(0), score);
  for (unsigned e = 0; e < count; ++e) {
    bool isVector = dependsOnKey(e);
    map.map(block.getArgument(e + 1),
            isVector ? loadExtras(e, key, limit) : loadExtra(e, kb.index(0)));
    if (isVector)
      vectors.insert(block.getArgument(e + 1));
  }
  Value steps = vector::StepOp::create(kb, kb.getLoc(), kb.vec(kb.getIndexType(), lanes));
  Value position[] = {b, h, i, kb.add(kb.splat(kb.add(key, at[3]), lanes), steps)};
  for (auto [n, value] : llvm::enumerate(position))
    map.map(block.getArgument(count + 1 + n), value);
  Value result = clone(map, lanes, vectors);
  return isa<VectorType>(result.getType()) ? result : kb.splat(result, lanes);
}

Value ScoreRegionBuilder::onScalar(Value score, Value key) {
  unsigned count = op.extras.size();
  IRMapping map = captured;
  Value j = kb.add(key, at[3]);
  map.map(block.getArgument(0), score);
  for (unsigned e = 0; e < count; ++e)
    map.map(block.getArgument(e + 1), loadExtra(e, j));
  Value position[] = {b, h, i, j};
  for (auto [n, value] : llvm::enumerate(position))
    map.map(block.getArgument(count + 1 + n), value);
  DenseSet<Value> none;
  return clone(map, 1, none);
}

/// scores [rows,count] = log2 e * region(scores). Keys past `limit` are not
/// looked at; the mask hides them.
void FlashKernel::modifyTile(const KeyTile &tile) {
  constexpr double kLog2E = 1.4426950408889634074;
  int64_t lanes = shape.lanes;
  kb.loop(kb.index(0), numRows, 1, [&](Value r) {
    ScoreRegionBuilder region(*this, kb.add(firstRow, r));
    int64_t step = region.isElementwise() ? lanes : 1;
    kb.loop(kb.index(0), tile.count, step, [&](Value j) {
      Value key = kb.add(tile.first, j);
      if (step == 1) {
        Value z = region.onScalar(kb.load(scores, {r, j}), key);
        return kb.store(kb.mulf(z, kb.constant(acc, kLog2E)), scores, {r, j});
      }
      Value z = region.onVector(kb.loadVector(scores, {r, j}, lanes), key, tile.limit);
      Value log2e = kb.constant(kb.vec(acc, lanes), kLog2E);
      kb.storeVector(kb.mulf(z, log2e), scores, {r, j});
    });
  });
}
