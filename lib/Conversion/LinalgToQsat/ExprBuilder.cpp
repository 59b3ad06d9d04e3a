//===- ExprBuilder.cpp - Scalar expressions from linalg ops ---------------===//

#include "ExprBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace qsat::raise;

//===----------------------------------------------------------------------===//
// Driving
//===----------------------------------------------------------------------===//

Node *ExprBuilder::step(Node *load) {
  if (load->kind != Node::Load)
    return nullptr;
  auto [it, isNew] = stepped.try_emplace(load, nullptr);
  if (!isNew)
    return it->second;
  Node *result = stepUncached(load);
  stepped[load] = result;
  return result;
}

Node *ExprBuilder::head(Node *node) {
  while (Node *next = step(node))
    node = next;
  return node;
}

Node *ExprBuilder::expand(Node *root) {
  SmallVector<Node *> stack = {root};
  while (!stack.empty()) {
    Node *node = stack.back();
    if (expanded.count(node)) {
      stack.pop_back();
      continue;
    }
    SmallVector<Node *> needed;
    Node *next = step(node);
    if (next)
      needed.push_back(next);
    else
      needed.append(node->operands.begin(), node->operands.end());
    bool ready = true;
    for (Node *n : needed)
      if (!expanded.count(n)) {
        stack.push_back(n);
        ready = false;
      }
    if (!ready)
      continue;
    stack.pop_back();
    Node *result = node;
    if (next) {
      result = expanded.lookup(next);
    } else if (!needed.empty()) {
      for (Node *&n : needed)
        n = expanded.lookup(n);
      result = exprs.apply(node->op, needed);
    }
    expanded[node] = result;
  }
  return expanded.lookup(root);
}

Node *ExprBuilder::stepUncached(Node *load) {
  DenseElementsAttr constant;
  if (matchPattern(load->value, m_Constant(&constant)))
    return stepConstant(constant, load);
  DenseResourceElementsAttr resource;
  if (matchPattern(load->value, m_Constant(&resource)))
    return stepBand(resource, load);
  auto result = dyn_cast<OpResult>(load->value);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return stepLinalg(linalgOp, result.getResultNumber(), load->indices);
  if (op->hasTrait<OpTrait::Elementwise>())
    return stepElementwise(op, load->indices);
  return stepMovement(op, load->indices);
}

//===----------------------------------------------------------------------===//
// Linalg ops
//===----------------------------------------------------------------------===//

/// The loop indices at which `map`, of an output, gives `indices`. Loops that
/// it does not give are left null, or 0 when they run once.
static LogicalResult invert(AffineMap map, ArrayRef<AffineExpr> indices,
                            ArrayRef<int64_t> extents, SmallVector<AffineExpr> &loops) {
  loops.assign(map.getNumDims(), AffineExpr());
  for (auto [expr, index] : llvm::zip_equal(map.getResults(), indices)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      loops[dim.getPosition()] = index;
    else if (!isa<AffineConstantExpr>(expr))
      return failure();
  }
  for (auto [loop, extent] : llvm::zip_equal(loops, extents))
    if (!loop && extent == 1)
      loop = getAffineConstantExpr(0, map.getContext());
  return success();
}

Node *ExprBuilder::stepLinalg(linalg::LinalgOp op, unsigned result,
                              ArrayRef<AffineExpr> indices) {
  if (op.getNumReductionLoops() != 0 || !op.hasPureTensorSemantics() ||
      op->getNumRegions() != 1)
    return nullptr;
  SmallVector<AffineExpr> loops;
  AffineMap map = op.getIndexingMapMatchingResult(op->getResult(result));
  if (failed(invert(map, indices, op.getStaticLoopRanges(), loops)) ||
      llvm::is_contained(loops, AffineExpr()))
    return nullptr;
  Operation *yield = op.getBlock()->getTerminator();
  return evaluateBody(op, yield->getOperand(result), loops);
}

Node *ExprBuilder::evaluateBody(linalg::LinalgOp op, Value target, ArrayRef<AffineExpr> loops) {
  Block *block = op.getBlock();
  // The ops that `target` needs, found from the last to the first.
  llvm::DenseSet<Value> needed = {target};
  for (Operation &inner : llvm::reverse(*block))
    if (llvm::any_of(inner.getResults(), [&](Value v) { return needed.contains(v); }))
      for (Value operand : inner.getOperands())
        needed.insert(operand);

  llvm::DenseMap<Value, Node *> values;
  auto lookup = [&](Value v) -> Node * {
    auto it = values.find(v);
    if (it != values.end())
      return it->second;
    return v.getParentBlock() == block ? nullptr : outerScalar(v);
  };
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(&operand);
    if (!needed.contains(arg))
      continue;
    if (!isa<RankedTensorType>(operand.get().getType())) {
      values[arg] = outerScalar(operand.get());
      continue;
    }
    SmallVector<AffineExpr> indices;
    for (AffineExpr e : op.getMatchingIndexingMap(&operand).getResults())
      indices.push_back(e.replaceDims(loops));
    values[arg] = exprs.load(operand.get(), indices);
  }
  for (Operation &inner : block->without_terminator()) {
    if (inner.getNumResults() != 1 || !needed.contains(inner.getResult(0)))
      continue;
    Node *&slot = values[inner.getResult(0)];
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      slot = exprs.index(loops[index.getDim()], inner.getResult(0).getType());
      continue;
    }
    SmallVector<Node *> operands;
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      SmallVector<AffineExpr> indices;
      for (Value v : extract.getIndices()) {
        // An index may itself be read from a tensor of indices.
        Node *index = lookup(v);
        if (index && index->kind != Node::Index && gatherDepth < 4) {
          ++gatherDepth;
          index = expand(index);
          --gatherDepth;
        }
        if (!index || index->kind != Node::Index)
          return nullptr;
        indices.push_back(index->indices[0]);
      }
      slot = exprs.load(extract.getTensor(), indices);
      continue;
    }
    TypedAttr constant;
    if (matchPattern(inner.getResult(0), m_Constant(&constant))) {
      if (!isa<IntegerAttr, FloatAttr>(constant))
        return nullptr;
      slot = exprs.constant(constant);
      continue;
    }
    if (inner.getNumRegions() != 0 || !isMemoryEffectFree(&inner))
      return nullptr;
    for (Value v : inner.getOperands()) {
      Node *operand = lookup(v);
      if (!operand)
        return nullptr;
      operands.push_back(operand);
    }
    // `slot` may have moved: looking up does not insert, so it has not.
    slot = exprs.apply(&inner, operands);
  }
  return lookup(target);
}

Node *ExprBuilder::outerScalar(Value value, unsigned depth) {
  Type type = value.getType();
  if (!type.isIntOrIndexOrFloat())
    return nullptr;
  TypedAttr constant;
  if (matchPattern(value, m_Constant(&constant)) && isa<IntegerAttr, FloatAttr>(constant))
    return exprs.constant(constant);
  Operation *op = value.getDefiningOp();
  if (op && depth < 8) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<AffineExpr> indices;
      for (Value v : extract.getIndices()) {
        IntegerAttr at;
        if (!matchPattern(v, m_Constant(&at)))
          return exprs.scalar(value);
        indices.push_back(getAffineConstantExpr(at.getInt(), exprs.getContext()));
      }
      return exprs.load(extract.getTensor(), indices);
    }
    if (op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1 &&
        op->getNumRegions() == 0) {
      SmallVector<Node *> operands;
      for (Value v : op->getOperands())
        operands.push_back(outerScalar(v, depth + 1));
      if (!llvm::is_contained(operands, nullptr))
        return exprs.apply(op, operands);
    }
  }
  return exprs.scalar(value);
}

Node *ExprBuilder::stepElementwise(Operation *op, ArrayRef<AffineExpr> indices) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return nullptr;
  SmallVector<Node *> operands;
  for (Value v : op->getOperands()) {
    Node *operand = isa<RankedTensorType>(v.getType()) ? exprs.load(v, indices) : outerScalar(v);
    if (!operand)
      return nullptr;
    operands.push_back(operand);
  }
  return exprs.apply(op, operands);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The body value that `yielded` combines with the accumulator `out`.
static std::optional<std::pair<ReduceKind, Value>> combinerOf(Value yielded, Value out) {
  Operation *op = yielded.getDefiningOp();
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
    Value x = op->getOperand(0), y = op->getOperand(1);
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

std::optional<Reduction> qsat::raise::reductionOf(Value tensor) {
  auto result = dyn_cast<OpResult>(tensor);
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

SmallVector<int64_t> ExprBuilder::reduceExtents(const Reduction &reduction) {
  SmallVector<int64_t> extents;
  linalg::LinalgOp op = reduction.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : reduction.loops)
    extents.push_back(ranges[loop]);
  return extents;
}

Node *ExprBuilder::reduceBody(Node *load, const Reduction &reduction,
                              ArrayRef<AffineExpr> loopIndices) {
  linalg::LinalgOp op = reduction.op;
  SmallVector<AffineExpr> loops;
  AffineMap map = op.getIndexingMapMatchingResult(op->getResult(reduction.result));
  if (failed(invert(map, load->indices, op.getStaticLoopRanges(), loops)))
    return nullptr;
  for (auto [loop, index] : llvm::zip_equal(reduction.loops, loopIndices))
    loops[loop] = index;
  if (llvm::is_contained(loops, AffineExpr()))
    return nullptr;
  return evaluateBody(op, reduction.body, loops);
}

Node *ExprBuilder::reduceInit(Node *load, const Reduction &reduction) {
  linalg::LinalgOp op = reduction.op;
  return exprs.load(op.getDpsInitOperand(reduction.result)->get(), load->indices);
}
