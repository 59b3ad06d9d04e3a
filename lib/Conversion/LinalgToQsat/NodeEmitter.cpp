//===- NodeEmitter.cpp - Scalar expressions as operations -----------------===//

#include "Materialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qsat::raise;

SmallVector<Node *> qsat::raise::leavesOf(ArrayRef<Node *> roots, bool withGathers) {
  SmallVector<Node *> leaves, stack(llvm::reverse(roots));
  llvm::DenseSet<Node *> seen;
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (!seen.insert(node).second)
      continue;
    bool isGather = withGathers && node->isGather();
    if (node->kind == Node::Load || node->kind == Node::Scalar || isGather)
      leaves.push_back(node);
    if (isGather)
      continue;
    for (Node *n : llvm::reverse(node->operands))
      stack.push_back(n);
  }
  return leaves;
}

void qsat::raise::emitSymbols(OpBuilder &builder, Location loc, ArrayRef<Node *> roots,
                              ArrayRef<AffineExpr> coordinates, DimSizes &sizes,
                              SymbolValues &values) {
  SmallVector<Node *> stack(roots);
  llvm::DenseSet<Node *> seen;
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (!seen.insert(node).second)
      continue;
    for (AffineExpr e : node->indices)
      sizes.emitSymbols(builder, loc, e.replaceDims(coordinates), values);
    stack.append(node->operands.begin(), node->operands.end());
  }
}

Value NodeEmitter::emit(Node *root) {
  SmallVector<Node *> stack = {root};
  while (!stack.empty()) {
    Node *node = stack.back();
    if (values.count(node)) {
      stack.pop_back();
      continue;
    }
    bool ready = true;
    for (Node *n : llvm::reverse(node->operands))
      if (!values.count(n)) {
        stack.push_back(n);
        ready = false;
      }
    if (!ready)
      continue;
    stack.pop_back();
    values[node] = emitOne(node);
  }
  return values.lookup(root);
}

Value NodeEmitter::emitOne(Node *node) {
  switch (node->kind) {
  case Node::Const:
    return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(node->attribute));
  case Node::Index: {
    if (auto constant = dyn_cast<AffineConstantExpr>(node->indices[0]))
      return arith::ConstantOp::create(builder, loc,
                                       builder.getIntegerAttr(node->type, constant.getValue()));
    AffineExpr expr = node->indices[0].replaceDims(coordinates);
    Value index = emitIndex(builder, loc, expr, dims, symbols);
    if (node->type.isIndex())
      return index;
    return arith::IndexCastOp::create(builder, loc, node->type, index);
  }
  case Node::Op: {
    OperationState state(loc, node->op->getName());
    if (auto gather = dyn_cast<tensor::ExtractOp>(node->op))
      state.addOperands(gather.getTensor());
    for (Node *n : node->operands)
      state.addOperands(values.lookup(n));
    state.addTypes(node->type);
    state.addAttributes(node->op->getAttrs());
    return builder.create(state)->getResult(0);
  }
  case Node::Load:
  case Node::Scalar:
    break;
  }
  llvm_unreachable("loads and scalars are bound by the caller");
}
