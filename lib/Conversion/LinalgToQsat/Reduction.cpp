//===- Reduction.cpp - Sums and maxima as scalar expressions --------------===//

#include "ExprBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace qsat::raise;

/// `value`, or the scalar that it is extracted from a tensor of.
static Value unwrapped(Value value) {
  while (auto extract = value.getDefiningOp<tensor::ExtractOp>()) {
    auto list = extract.getTensor().getDefiningOp<tensor::FromElementsOp>();
    if (!list || list.getElements().size() != 1)
      break;
    value = list.getElements()[0];
  }
  return value;
}

/// The body value that `yielded` combines with the accumulator `out`.
static std::optional<std::pair<ReduceKind, Value>> combinerOf(Value yielded, Value out) {
  Operation *op = unwrapped(yielded).getDefiningOp();
  if (!op)
    return std::nullopt;
  ReduceKind kind = ReduceKind::Other;
  if (isa<arith::AddFOp>(op))
    kind = ReduceKind::Add;
  else if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    kind = ReduceKind::Max;
  else if (isa<arith::AndIOp>(op) && yielded.getType().isInteger(1))
    kind = ReduceKind::And;
  else if (isa<arith::OrIOp>(op) && yielded.getType().isInteger(1))
    kind = ReduceKind::Or;
  if (kind != ReduceKind::Other) {
    Value x = unwrapped(op->getOperand(0)), y = unwrapped(op->getOperand(1));
    if (x == out)
      std::swap(x, y);
    if (y != out || x == out)
      return std::nullopt;
    return std::pair(kind, x);
  }
  // select(x > out, x, out), as the value of an argmax.
  auto choice = dyn_cast<arith::SelectOp>(op);
  auto cmp = choice ? choice.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
  if (!cmp)
    return std::nullopt;
  using P = arith::CmpFPredicate;
  P p = cmp.getPredicate();
  bool greater = p == P::OGT || p == P::OGE || p == P::UGT || p == P::UGE;
  if (greater && choice.getFalseValue() == out && cmp.getLhs() == choice.getTrueValue() &&
      cmp.getRhs() == out)
    return std::pair(ReduceKind::Max, choice.getTrueValue());
  return std::nullopt;
}

static std::optional<Reduction> tosaReductionOf(Operation *op) {
  auto along = [&](ReduceKind kind, unsigned axis) { return Reduction{op, 0, kind, {}, {axis}}; };
  if (isa<tosa::MatMulOp>(op))
    return along(ReduceKind::Add, 2);
  if (auto sum = dyn_cast<tosa::ReduceSumOp>(op))
    return along(ReduceKind::Add, sum.getAxis());
  if (auto max = dyn_cast<tosa::ReduceMaxOp>(op))
    return along(ReduceKind::Max, max.getAxis());
  if (auto all = dyn_cast<tosa::ReduceAllOp>(op))
    return along(ReduceKind::And, all.getAxis());
  if (auto any = dyn_cast<tosa::ReduceAnyOp>(op))
    return along(ReduceKind::Or, any.getAxis());
  return std::nullopt;
}

std::optional<Reduction> qsat::raise::reductionOf(Value tensor) {
  auto result = dyn_cast<OpResult>(tensor);
  if (result && isa_and_nonnull<tosa::TosaDialect>(result.getOwner()->getDialect()))
    return tosaReductionOf(result.getOwner());
  auto op = result ? dyn_cast<linalg::LinalgOp>(result.getOwner()) : nullptr;
  if (!op || op.getNumReductionLoops() == 0 || !op.hasPureTensorSemantics() ||
      op->getNumRegions() != 1)
    return std::nullopt;
  unsigned number = result.getResultNumber();
  Block *block = op.getBlock();
  Value out = op.getMatchingBlockArgument(op.getDpsInitOperand(number));
  auto combiner = combinerOf(block->getTerminator()->getOperand(number), out);
  if (!combiner)
    return std::nullopt;
  Reduction reduction{op, number, combiner->first, combiner->second, {}};
  Operation *yielded = unwrapped(block->getTerminator()->getOperand(number)).getDefiningOp();
  reduction.ignoresNaN = isa<arith::MaxNumFOp>(yielded);
  SmallVector<unsigned> loops;
  op.getReductionDims(loops);
  reduction.loops.assign(loops.begin(), loops.end());
  // What is combined must not depend on the accumulators.
  llvm::DenseSet<Value> needed = {reduction.body};
  for (Operation &inner : llvm::reverse(*block))
    if (llvm::any_of(inner.getResults(), [&](Value v) { return needed.contains(v); }))
      needed.insert(inner.operand_begin(), inner.operand_end());
  for (OpOperand &init : op.getDpsInitsMutable())
    if (needed.contains(op.getMatchingBlockArgument(&init)))
      return std::nullopt;
  return reduction;
}

/// The extent of a loop of a linalg op: the size of a dimension that it runs over.
static AffineExpr extentOfLoop(linalg::LinalgOp op, unsigned loop, DimSizes &sizes) {
  AffineExpr extent;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    for (auto [dim, e] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (e != getAffineDimExpr(loop, op.getContext()))
        continue;
      AffineExpr size = sizes.sizeOf(operand.get(), dim);
      if (isa<AffineConstantExpr>(size))
        return size;
      if (!extent)
        extent = size;
    }
  }
  return extent;
}

SmallVector<AffineExpr> ExprBuilder::reduceExtents(const Reduction &reduction) {
  SmallVector<AffineExpr> extents;
  auto op = dyn_cast<linalg::LinalgOp>(reduction.op);
  for (unsigned loop : reduction.loops)
    extents.push_back(op ? extentOfLoop(op, loop, sizes)
                         : sizes.sizeOf(reduction.op->getOperand(0), loop));
  return extents;
}

Node *ExprBuilder::reduceBody(Node *load, const Reduction &reduction,
                              ArrayRef<AffineExpr> loopIndices) {
  auto op = dyn_cast<linalg::LinalgOp>(reduction.op);
  if (!op)
    return reduceTosa(load, reduction, loopIndices.front());
  SmallVector<AffineExpr> loops(op.getNumLoops());
  for (auto [loop, index] : llvm::zip_equal(reduction.loops, loopIndices))
    loops[loop] = index;
  if (failed(loopsAt(op, reduction.result, load->indices, loops)))
    return nullptr;
  return evaluateBody(op, reduction.body, loops);
}

Node *ExprBuilder::reduceInit(Node *load, const Reduction &reduction) {
  auto op = dyn_cast<linalg::LinalgOp>(reduction.op);
  if (!op)
    return initTosa(reduction, load->type);
  return exprs.load(op.getDpsInitOperand(reduction.result)->get(), load->indices);
}
