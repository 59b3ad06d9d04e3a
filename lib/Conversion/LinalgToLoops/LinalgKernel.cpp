//===- LinalgKernel.cpp - The kernel of a linalg op -----------------------===//

#include "LinalgKernel.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

LinalgKernel::LinalgKernel(KernelBuilder &kb, linalg::LinalgOp op, const VectorPlan &plan, int64_t width)
    : kb(kb), op(op), plan(plan), width(width), at(op.getNumLoops()) {
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (plan.dim == dim)
      continue;
    (kind == utils::IteratorType::parallel ? outer : reductions).push_back(dim);
  }
  if (!outer.empty())
    split = outer.pop_back_val();
  else if (plan.dim && !plan.isReduction)
    split = plan.dim;
  SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value value : used)
    if (!matchPattern(value, m_Constant()))
      captured.push_back(value);
}

Value LinalgKernel::getExtent(KernelBuilder &kb, linalg::LinalgOp op, unsigned dim, ValueRange operands) {
  AffineExpr expr = getAffineDimExpr(dim, op.getContext());
  for (OpOperand &operand : op->getOpOperands())
    if (isa<MemRefType>(operand.get().getType()))
      if (auto position = op.getMatchingIndexingMap(&operand).getResultPosition(expr))
        return kb.dim(operands[operand.getOperandNumber()], *position);
  return {}; // verified by the caller
}

func::FuncOp LinalgKernel::build(ModuleOp module) {
  SmallVector<Type> types(outer.size() + (split ? 2 : 0), kb.getIndexType());
  llvm::append_range(types, op->getOperandTypes());
  for (Value value : captured)
    types.push_back(value.getType());
  std::string name = "qsat_" + op->getName().stripDialect().str();
  return kb.function(module, name, types, [&](ValueRange args) {
    for (auto [i, dim] : llvm::enumerate(outer))
      at[dim] = args[i];
    args = args.drop_front(outer.size());
    if (split) {
      first = args[0];
      last = args[1];
      args = args.drop_front(2);
    }
    operands = llvm::to_vector_of<Value>(args.take_front(op->getNumOperands()));
    shared.map(captured, args.drop_front(op->getNumOperands()));
    SetVector<Value> used;
    getUsedValuesDefinedAbove(op->getRegions(), used);
    for (Value value : used)
      if (!shared.contains(value))
        shared.map(value, kb.clone(*value.getDefiningOp())->getResult(cast<OpResult>(value).getResultNumber()));
    if (!split || split == plan.dim)
      return emitRow();
    kb.loop(first, last, 1, [&](Value i) {
      at[*split] = i;
      emitRow();
    });
  });
}

/// All points that differ in the vectorised dimension and the reductions.
void LinalgKernel::emitRow() {
  if (!plan.dim || plan.isReduction)
    return emitPoint(/*isVector=*/false);
  unsigned dim = *plan.dim;
  bool isSplit = split == dim;
  Value low = isSplit ? first : kb.index(0), high = isSplit ? last : getExtent(kb, op, dim, operands);
  auto emit = [&] {
    IRMapping saved = shared;
    loadUniform();
    Value whole = kb.sub(high, kb.rem(kb.sub(high, low), width));
    kb.loop(low, whole, width, [&](Value i) {
      at[dim] = i;
      emitPoint(/*isVector=*/true);
    });
    kb.loop(whole, high, 1, [&](Value i) {
      at[dim] = i;
      emitPoint(/*isVector=*/false);
    });
    shared = saved;
  };
  // What is read once for a row must not be read for an empty one.
  if (ShapedType::isDynamic(op.getStaticLoopRanges()[dim]))
    kb.when(kb.less(low, high), emit);
  else
    emit();
}

/// Reads and computes what is the same for all points of a row.
void LinalgKernel::loadUniform() {
  if (!reductions.empty())
    return;
  for (OpOperand *input : op.getDpsInputOperands()) {
    Value argument = op.getMatchingBlockArgument(input);
    if (plan.isUniform(argument) && !argument.use_empty())
      shared.map(argument, loadOperand(*input, /*isVector=*/false));
  }
  for (Operation &bodyOp : op.getBlock()->without_terminator()) {
    bool isUniform = llvm::all_of(bodyOp.getOperands(), [&](Value v) { return shared.contains(v); }) &&
                     llvm::all_of(bodyOp.getResults(), [&](Value v) { return plan.isUniform(v); });
    if (isUniform)
      emitOp(bodyOp, /*isVector=*/false, shared);
  }
}

/// One point, or one vector of points, of the parallel dimensions.
void LinalgKernel::emitPoint(bool isVector) {
  Values outs;
  for (OpOperand &out : op.getDpsInitsMutable()) {
    bool isRead = !op.getMatchingBlockArgument(&out).use_empty();
    outs.push_back(isRead ? loadOperand(out, isVector) : Value());
  }
  Values results = emitReduction(0, outs, isVector);
  for (auto [out, result] : llvm::zip_equal(op.getDpsInitsMutable(), results)) {
    Value memref = operands[out.getOperandNumber()];
    Values indices = getIndices(op.getMatchingIndexingMap(&out));
    if (isVector)
      kb.storeVector(asVector(result), memref, indices);
    else
      kb.store(result, memref, indices);
  }
}

/// Loops over the reductions from `next` on.
Values LinalgKernel::emitReduction(unsigned next, ValueRange carried, bool isVector) {
  if (next == reductions.size())
    return plan.isReduction ? emitReductionRow(carried) : emitBody(carried, isVector, shared);
  Value high = getExtent(kb, op, reductions[next], operands);
  // Outputs that the body does not read are written for the last point.
  Values inits;
  for (auto [value, out] : llvm::zip_equal(carried, op.getDpsInitsMutable())) {
    Value init = value ? value : loadOperand(out, isVector);
    inits.push_back(isVector ? asVector(init) : init);
  }
  return kb.loop(kb.index(0), high, 1, inits, [&](Value i, ValueRange now) {
    at[reductions[next]] = i;
    Values results = emitReduction(next + 1, now, isVector);
    if (isVector)
      for (Value &result : results)
        result = asVector(result);
    return results;
  });
}

/// The kind of vector.reduction for a combiner.
static vector::CombiningKind getKind(Operation *combiner) {
  using vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, CombiningKind>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return CombiningKind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return CombiningKind::MUL; })
      .Case([](arith::MaximumFOp) { return CombiningKind::MAXIMUMF; })
      .Case([](arith::MinimumFOp) { return CombiningKind::MINIMUMF; })
      .Case([](arith::MaxNumFOp) { return CombiningKind::MAXNUMF; })
      .Case([](arith::MinNumFOp) { return CombiningKind::MINNUMF; })
      .Case([](arith::AndIOp) { return CombiningKind::AND; })
      .Case([](arith::OrIOp) { return CombiningKind::OR; })
      .Case([](arith::XOrIOp) { return CombiningKind::XOR; })
      .Case([](arith::MaxSIOp) { return CombiningKind::MAXSI; })
      .Case([](arith::MaxUIOp) { return CombiningKind::MAXUI; })
      .Case([](arith::MinSIOp) { return CombiningKind::MINSI; })
      .Default([](auto) { return CombiningKind::MINUI; });
}

/// The vectorised reduction: partial results by lane, combined at the end.
Values LinalgKernel::emitReductionRow(ValueRange carried) {
  unsigned dim = *plan.dim;
  Value high = getExtent(kb, op, dim, operands), whole = kb.sub(high, kb.rem(high, width));
  Values neutral;
  SmallVector<Operation *> combiners;
  for (unsigned i = 0; i < carried.size(); ++i) {
    combiners.push_back(getCombiner(op, i));
    Value scalar = arith::ConstantOp::create(kb, kb.getLoc(), *arith::getNeutralElement(combiners.back()));
    neutral.push_back(kb.splat(scalar, width));
  }
  Values partial = kb.loop(kb.index(0), whole, width, neutral, [&](Value i, ValueRange now) {
    at[dim] = i;
    Values results = emitBody(now, /*isVector=*/true, shared);
    for (Value &result : results)
      result = asVector(result);
    return results;
  });
  Values totals;
  for (unsigned i = 0; i < carried.size(); ++i) {
    // Lanes in pairs: a strict order would be a chain of additions.
    Value lanes = vector::ReductionOp::create(kb, kb.getLoc(), getKind(combiners[i]), partial[i],
                                              arith::FastMathFlags::reassoc);
    IRMapping map;
    Value out = op.getRegionOutputArgs()[i];
    for (Value operand : combiners[i]->getOperands())
      map.map(operand, operand == out ? carried[i] : lanes);
    totals.push_back(kb.clone(*combiners[i], map)->getResult(0));
  }
  return kb.loop(whole, high, 1, totals, [&](Value i, ValueRange now) {
    at[dim] = i;
    return emitBody(now, /*isVector=*/false, shared);
  });
}

/// The body at `at`; returns what it yields. `map` has what is known already.
Values LinalgKernel::emitBody(ValueRange outs, bool isVector, IRMapping map) {
  for (OpOperand *input : op.getDpsInputOperands()) {
    Value argument = op.getMatchingBlockArgument(input);
    if (!map.contains(argument) && !argument.use_empty())
      map.map(argument, loadOperand(*input, isVector));
  }
  for (auto [argument, out] : llvm::zip_equal(op.getRegionOutputArgs(), outs))
    if (out)
      map.map(argument, out);
  for (Operation &bodyOp : op.getBlock()->without_terminator()) {
    bool isKnown = bodyOp.getNumResults() ? map.contains(bodyOp.getResult(0))
                                          : plan.dim && !plan.isReduction && reductions.empty() &&
                                                llvm::all_of(bodyOp.getOperands(), [&](Value v) { return plan.isUniform(v); });
    if (!isKnown)
      emitOp(bodyOp, isVector, map);
  }
  Values results;
  for (Value result : op.getBlock()->getTerminator()->getOperands())
    results.push_back(map.lookup(result));
  return results;
}

/// One op of the body: as it is where its operands are scalars, else on vectors.
void LinalgKernel::emitOp(Operation &bodyOp, bool isVector, IRMapping &map) {
  if (auto index = dyn_cast<linalg::IndexOp>(bodyOp)) {
    Value value = at[index.getDim()];
    if (isVector && plan.dim == index.getDim()) {
      VectorType type = kb.vec(kb.getIndexType(), width);
      SmallVector<int64_t> steps = llvm::to_vector(llvm::seq<int64_t>(0, width));
      Value iota = arith::ConstantOp::create(kb, kb.getLoc(), DenseElementsAttr::get(type, [&] {
        SmallVector<Attribute> attrs;
        for (int64_t step : steps)
          attrs.push_back(kb.getIndexAttr(step));
        return attrs;
      }()));
      value = kb.add(asVector(value), iota);
    }
    map.map(index.getResult(), value);
    return;
  }
  bool hasVectors = llvm::any_of(bodyOp.getOperands(), [&](Value v) { return isa<VectorType>(map.lookupOrDefault(v).getType()); });
  if (!hasVectors) {
    kb.clone(bodyOp, map);
    return;
  }
  if (auto load = dyn_cast<memref::LoadOp>(bodyOp)) {
    Values indices;
    for (Value index : load.getIndices().drop_back())
      indices.push_back(map.lookupOrDefault(index));
    indices.push_back(at[*plan.dim]);
    map.map(load.getResult(), kb.loadVector(map.lookupOrDefault(load.getMemRef()), indices, width));
    return;
  }
  OperationState state(bodyOp.getLoc(), bodyOp.getName());
  for (Value operand : bodyOp.getOperands())
    state.operands.push_back(asVector(map.lookupOrDefault(operand)));
  for (Type type : bodyOp.getResultTypes())
    state.types.push_back(kb.vec(type, width));
  state.addAttributes(bodyOp.getAttrs());
  map.map(bodyOp.getResults(), kb.create(state)->getResults());
}

Value LinalgKernel::asVector(Value value) {
  return isa<VectorType>(value.getType()) ? value : kb.splat(value, width);
}

Values LinalgKernel::getIndices(AffineMap map) {
  Values indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(at[dim.getPosition()]);
    else
      indices.push_back(affine::expandAffineExpr(kb, kb.getLoc(), expr, at, {}));
  }
  return indices;
}

/// The element, or vector of elements, of an operand at `at`.
Value LinalgKernel::loadOperand(OpOperand &operand, bool isVector) {
  Value memref = operands[operand.getOperandNumber()];
  if (!isa<MemRefType>(memref.getType()))
    return memref;
  Values indices = getIndices(op.getMatchingIndexingMap(&operand));
  if (isVector && !plan.isUniform(op.getMatchingBlockArgument(&operand)))
    return kb.loadVector(memref, indices, width);
  return kb.load(memref, indices);
}
