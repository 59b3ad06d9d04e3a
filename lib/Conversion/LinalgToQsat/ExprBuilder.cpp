//===- ExprBuilder.cpp - Scalar expressions from linalg ops ---------------===//

#include "ExprBuilder.h"
#include "Materialize.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
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
    return stepBand(resource, load->indices);
  auto result = dyn_cast<OpResult>(load->value);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return stepLinalg(linalgOp, result.getResultNumber(), load->indices);
  if (isa_and_nonnull<tosa::TosaDialect>(op->getDialect()))
    return stepTosa(op, load->indices);
  if (op->hasTrait<OpTrait::Elementwise>())
    return stepElementwise(op, load->indices);
  return stepMovement(op, load->indices);
}

//===----------------------------------------------------------------------===//
// Linalg ops
//===----------------------------------------------------------------------===//

LogicalResult qsat::raise::loopsAt(linalg::LinalgOp op, unsigned result,
                                   ArrayRef<AffineExpr> indices,
                                   SmallVectorImpl<AffineExpr> &loops) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  for (auto [expr, index] : llvm::zip_equal(map.getResults(), indices)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      loops[dim.getPosition()] = index;
    else if (!isa<AffineConstantExpr>(expr))
      return failure();
  }
  if (!llvm::is_contained(loops, AffineExpr()))
    return success();
  // Extents are asked for only here, since they are slow to compute.
  for (auto [loop, extent] : llvm::zip_equal(loops, op.getStaticLoopRanges())) {
    if (!loop && extent != 1)
      return failure();
    if (!loop)
      loop = getAffineConstantExpr(0, op.getContext());
  }
  return success();
}

Node *ExprBuilder::stepLinalg(linalg::LinalgOp op, unsigned result,
                              ArrayRef<AffineExpr> indices) {
  if (op.getNumReductionLoops() != 0 || !op.hasPureTensorSemantics() ||
      op->getNumRegions() != 1)
    return nullptr;
  SmallVector<AffineExpr> loops(op.getNumLoops());
  if (failed(loopsAt(op, result, indices, loops)))
    return nullptr;
  Operation *yield = op.getBlock()->getTerminator();
  return evaluateBody(op, yield->getOperand(result), loops);
}

Node *ExprBuilder::evaluateBody(linalg::LinalgOp op, Value target, ArrayRef<AffineExpr> loops) {
  Block *block = op.getBlock();
  BodyValues body;
  body.op = op;
  body.loops = loops;
  body.needed.insert(target);
  // The ops that `target` needs, found from the last to the first.
  for (Operation &inner : llvm::reverse(*block))
    if (llvm::any_of(inner.getResults(), [&](Value v) { return body.needed.contains(v); }))
      inner.walk([&](Operation *nested) {
        body.needed.insert_range(nested->getOperands());
        body.needed.insert_range(nested->getResults());
      });
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(&operand);
    if (!body.needed.contains(arg))
      continue;
    if (!isa<RankedTensorType>(operand.get().getType())) {
      body.values[arg] = outerScalar(operand.get());
      continue;
    }
    SmallVector<AffineExpr> indices;
    for (AffineExpr e : op.getMatchingIndexingMap(&operand).getResults())
      indices.push_back(e.replaceDims(loops));
    body.values[arg] = exprs.load(operand.get(), indices);
  }
  if (!evaluateBlock(block, body))
    return nullptr;
  return lookup(target, body);
}

Node *ExprBuilder::lookup(Value value, BodyValues &body) {
  auto it = body.values.find(value);
  if (it != body.values.end())
    return it->second;
  return body.op->isAncestor(value.getParentBlock()->getParentOp()) ? nullptr : outerScalar(value);
}

/// The values of all needed ops of `block`, a body or a branch of an scf.if in
/// it. False where one is not known to be a function of its operands.
bool ExprBuilder::evaluateBlock(Block *block, BodyValues &body) {
  for (Operation &inner : block->without_terminator()) {
    if (inner.getNumResults() == 0 || !body.needed.contains(inner.getResult(0)))
      continue;
    // Recursion over the nesting of branches in one body.
    if (auto branch = dyn_cast<scf::IfOp>(inner)) {
      if (!evaluateBlock(branch.thenBlock(), body) || !evaluateBlock(branch.elseBlock(), body))
        return false;
      Node *condition = lookup(branch.getCondition(), body);
      for (auto [k, result] : llvm::enumerate(branch.getResults())) {
        Node *yes = lookup(branch.thenYield()->getOperand(k), body);
        Node *no = lookup(branch.elseYield()->getOperand(k), body);
        if (!condition || !yes || !no)
          return false;
        body.values[result] = exprs.select(condition, yes, no);
      }
      continue;
    }
    if (inner.getNumResults() != 1)
      return false;
    if (Node *node = evaluateOp(&inner, body))
      body.values[inner.getResult(0)] = node;
    else
      return false;
  }
  return true;
}

Node *ExprBuilder::evaluateOp(Operation *inner, BodyValues &body) {
  Value result = inner->getResult(0);
  if (auto index = dyn_cast<linalg::IndexOp>(inner))
    return exprs.index(body.loops[index.getDim()], result.getType());
  if (isa<tensor::DimOp>(inner)) {
    AffineExpr size = sizes.valueOf(result);
    return size ? exprs.index(size, result.getType()) : nullptr;
  }
  if (auto applied = dyn_cast<affine::AffineApplyOp>(inner)) {
    AffineMap map = applied.getAffineMap();
    SmallVector<AffineExpr> operands;
    for (Value v : applied.getOperands()) {
      Node *operand = lookup(v, body);
      if (!operand || operand->kind != Node::Index)
        return nullptr;
      operands.push_back(operand->indices[0]);
    }
    ArrayRef<AffineExpr> all(operands);
    return exprs.index(map.getResult(0).replaceDimsAndSymbols(all.take_front(map.getNumDims()),
                                                              all.drop_front(map.getNumDims())),
                       result.getType());
  }
  // A scalar as a tensor, which is extracted again.
  if (auto list = dyn_cast<tensor::FromElementsOp>(inner))
    return list.getElements().size() == 1 ? lookup(list.getElements()[0], body) : nullptr;
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
    if (Operation *list = extract.getTensor().getDefiningOp<tensor::FromElementsOp>();
        list && body.op->isProperAncestor(list))
      return lookup(extract.getTensor(), body);
    SmallVector<Node *> indices;
    for (Value v : extract.getIndices()) {
      // An index may itself be read from a tensor of indices.
      Node *index = lookup(v, body);
      if (index && index->kind != Node::Index && gatherDepth < 4) {
        ++gatherDepth;
        index = expand(index);
        --gatherDepth;
      }
      // What is gathered by data stays the tensor that it is.
      if (!index || !leavesOf(index).empty())
        return nullptr;
      indices.push_back(index);
    }
    return exprs.apply(extract, indices);
  }
  TypedAttr constant;
  if (matchPattern(result, m_Constant(&constant)))
    return isa<IntegerAttr, FloatAttr>(constant) ? exprs.constant(constant) : nullptr;
  if (inner->getNumRegions() != 0 || !isMemoryEffectFree(inner))
    return nullptr;
  SmallVector<Node *> operands;
  for (Value v : inner->getOperands()) {
    operands.push_back(lookup(v, body));
    if (!operands.back())
      return nullptr;
  }
  return exprs.apply(inner, operands);
}

Node *ExprBuilder::outerScalar(Value value, unsigned depth) {
  Type type = value.getType();
  if (!type.isIntOrIndexOrFloat())
    return nullptr;
  TypedAttr constant;
  if (matchPattern(value, m_Constant(&constant)) && isa<IntegerAttr, FloatAttr>(constant))
    return exprs.constant(constant);
  if (AffineExpr size = sizes.valueOf(value))
    return exprs.index(size, type);
  Operation *op = value.getDefiningOp();
  if (op && depth < 8) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<AffineExpr> indices;
      for (Value v : extract.getIndices()) {
        indices.push_back(sizes.valueOf(v));
        if (!indices.back())
          return exprs.scalar(value);
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
