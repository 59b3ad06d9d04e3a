//===- VectorPlan.cpp - How a linalg op becomes vector loops --------------===//

#include "VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qsat;

/// Elements that lie in memory as they lie in a vector: i1 does not.
static bool isVectorElement(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.isSignless() && (integer.getWidth() == 8 || integer.getWidth() == 16 ||
                                    integer.getWidth() == 32 || integer.getWidth() == 64);
  return isa<IndexType>(type) || type.isF64() || type.isF32() || type.isF16() || type.isBF16();
}

/// Elements of a vector in registers.
static bool isLaneType(Type type) { return type.isInteger(1) || isVectorElement(type); }

/// `expr` is the dimension plus something that does not depend on it.
static bool isUnitStep(AffineExpr expr, unsigned dim) {
  if (auto plain = dyn_cast<AffineDimExpr>(expr))
    return plain.getPosition() == dim;
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return false;
  AffineExpr left = sum.getLHS(), right = sum.getRHS();
  return (isUnitStep(left, dim) && !right.isFunctionOfDim(dim)) ||
         (isUnitStep(right, dim) && !left.isFunctionOfDim(dim));
}

/// Neighbours along position `position` of `type` are neighbours in memory.
static bool hasUnitStride(MemRefType type, unsigned position) {
  SmallVector<int64_t> strides;
  int64_t offset;
  // Vector loads want a unit stride in the last position too; a last extent of
  // 1 has one in every layout that matters.
  return succeeded(type.getStridesAndOffset(strides, offset)) && strides[position] == 1 && strides.back() == 1 &&
         llvm::all_of(type.getShape().drop_front(position + 1), [](int64_t extent) { return extent == 1; });
}

/// How the elements of an operand lie along `dim`; nothing where they neither
/// stay nor are neighbours.
static std::optional<Lanes> getOperandLanes(Type type, AffineMap map, unsigned dim) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || !map.isFunctionOfDim(dim))
    return Lanes::Uniform;
  std::optional<unsigned> position;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    if (position || !isUnitStep(expr, dim))
      return std::nullopt;
    position = i;
  }
  if (!hasUnitStride(memref, *position) || !isVectorElement(memref.getElementType()))
    return std::nullopt;
  return Lanes::Varying;
}

/// memref.load along the last dimension of a row-contiguous memref.
static bool isVectorLoad(memref::LoadOp load, const VectorPlan &plan) {
  MemRefType type = load.getMemRefType();
  ValueRange indices = load.getIndices();
  auto isIndex = [&](Value v) {
    auto it = plan.lanes.find(v);
    return it != plan.lanes.end() && it->second == Lanes::Index;
  };
  return !indices.empty() && isIndex(indices.back()) && hasUnitStride(type, type.getRank() - 1) &&
         isVectorElement(type.getElementType()) &&
         llvm::all_of(indices.drop_back(), [&](Value v) { return plan.isUniform(v); });
}

/// What the results of a body op are, given its operands; nothing where the op
/// has no form for vectors.
static std::optional<Lanes> getOpLanes(Operation *op, const VectorPlan &plan) {
  if (op->getNumRegions() != 0)
    return std::nullopt;
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return index.getDim() == *plan.dim ? Lanes::Index : Lanes::Uniform;
  bool allUniform = llvm::all_of(op->getOperands(), [&](Value v) { return plan.isUniform(v); });
  if (allUniform)
    return Lanes::Uniform;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return isVectorLoad(load, plan) ? std::optional(Lanes::Varying) : std::nullopt;
  bool isVectorisable = OpTrait::hasElementwiseMappableTraits(op) &&
                        llvm::all_of(op->getOperandTypes(), isLaneType) &&
                        llvm::all_of(op->getResultTypes(), isLaneType);
  return isVectorisable ? std::optional(Lanes::Varying) : std::nullopt;
}

Operation *qsat::getCombiner(linalg::LinalgOp op, unsigned index) {
  BlockArgument out = op.getRegionOutputArgs()[index];
  Operation *combiner = op.getBlock()->getTerminator()->getOperand(index).getDefiningOp();
  if (!combiner || combiner->getBlock() != op.getBlock() || !out.hasOneUse() || combiner->getNumOperands() != 2 ||
      *out.getUsers().begin() != combiner || !combiner->getResult(0).hasOneUse())
    return nullptr;
  return arith::getNeutralElement(combiner) ? combiner : nullptr;
}

/// The kind by which vector.reduction knows the combiner.
static bool hasVectorReduction(Operation *combiner) {
  return isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
             arith::AddIOp, arith::MulIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::MaxSIOp, arith::MaxUIOp,
             arith::MinSIOp, arith::MinUIOp>(combiner);
}

/// Fills `plan` for its dimension; false where a value has no form for vectors.
static bool classify(linalg::LinalgOp op, VectorPlan &plan) {
  unsigned dim = *plan.dim;
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Lanes> lanes = getOperandLanes(operand.get().getType(), op.getMatchingIndexingMap(&operand), dim);
    if (!lanes)
      return false;
    bool isOutput = op.isDpsInit(&operand);
    if (isOutput && (*lanes == Lanes::Uniform) != plan.isReduction)
      return false;
    if (isOutput && plan.isReduction) {
      // Partial results by lane.
      Operation *combiner = getCombiner(op, op.getDpsInitsMutable().size() == 0 ? 0 : operand.getOperandNumber() - op.getNumDpsInputs());
      if (!combiner || !hasVectorReduction(combiner) || !isVectorElement(getElementTypeOrSelf(operand.get().getType())))
        return false;
      lanes = Lanes::Varying;
    }
    plan.lanes[op.getMatchingBlockArgument(&operand)] = *lanes;
  }
  for (Operation &bodyOp : op.getBlock()->without_terminator()) {
    std::optional<Lanes> lanes = getOpLanes(&bodyOp, plan);
    if (!lanes)
      return false;
    for (Value result : bodyOp.getResults())
      plan.lanes[result] = *lanes;
  }
  return true;
}

VectorPlan qsat::planVectors(linalg::LinalgOp op, int64_t width) {
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (!ShapedType::isDynamic(extents[dim]) && extents[dim] < width)
      continue;
    VectorPlan plan;
    plan.dim = dim;
    plan.isReduction = kinds[dim] == utils::IteratorType::reduction;
    if (classify(op, plan))
      return plan;
  }
  return VectorPlan();
}
