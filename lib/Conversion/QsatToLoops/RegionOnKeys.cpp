//===- RegionOnKeys.cpp - Score regions on vectors of keys ----------------===//

#include "RegionOnKeys.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace qsat;

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

RegionOnKeys::RegionOnKeys(KernelBuilder &kb, const FlashOp &op, ValueRange operands,
                           ValueRange captures, RowPlace row, int64_t lanes)
    : kb(kb), op(op), block(*op.region), lanes(lanes) {
  unsigned base = op.extras.empty() ? 0 : op.extras.getBeginOperandIndex();
  extras = operands.slice(base, op.extras.size());
  for (unsigned d = 0; d < 4; ++d)
    at.push_back(op.position.empty() ? kb.index(0)
                                     : operands[op.position.getBeginOperandIndex() + d]);
  b = kb.add(row.batch, at[0]);
  h = kb.add(row.head, at[1]);
  i = kb.add(row.row, at[2]);
  SmallVector<Value> outer = isolateRegion(op.op);
  captured.map(outer, captures);
}

bool RegionOnKeys::isElementwise() {
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

bool RegionOnKeys::isContiguous(unsigned extra) {
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

Value RegionOnKeys::loadExtra(unsigned extra, Value j) {
  Value dims[] = {b, h, i, j};
  auto indices = affine::expandAffineMap(kb, kb.getLoc(), op.extraMaps[extra], dims);
  return kb.load(extras[extra], *indices);
}

/// The elements of an extra at [key, key + lanes), those past `limit` repeated
/// or 0.
Value RegionOnKeys::loadExtras(unsigned extra, Value key, Value limit) {
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
Value RegionOnKeys::clone(IRMapping &map, int64_t lanes, DenseSet<Value> &vectors) {
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

Value RegionOnKeys::onVector(Value score, Value key, Value limit) {
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

Value RegionOnKeys::onScalar(Value score, Value key) {
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

Value qsat::toBase2(KernelBuilder &kb, Value z) {
  Type type = z.getType();
  double least = getElementTypeOrSelf(type).isF64() ? -std::numeric_limits<double>::max()
                                                    : -std::numeric_limits<float>::max();
  Value scaled = kb.mulf(z, kb.constant(type, 1.4426950408889634074));
  Value lowest = kb.constant(type, least);
  Value overflows = kb.both(kb.cmpf(arith::CmpFPredicate::OLT, scaled, lowest),
                            kb.cmpf(arith::CmpFPredicate::OGE, z, lowest));
  return kb.select(overflows, lowest, scaled);
}
