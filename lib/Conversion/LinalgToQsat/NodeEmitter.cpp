//===- NodeEmitter.cpp - Scalar expressions as operations -----------------===//

#include "Materialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qsat::raise;

SmallVector<Node *> qsat::raise::leavesOf(ArrayRef<Node *> roots, bool withGathers) {
  SmallVector<Node *> leaves;
  walk(roots, [&](Node *node) {
    bool isGather = withGathers && node->isGather();
    if (node->kind == Node::Load || node->kind == Node::Scalar || isGather)
      leaves.push_back(node);
    return !isGather;
  });
  return leaves;
}

void qsat::raise::emitSymbols(OpBuilder &builder, Location loc, ArrayRef<Node *> roots,
                              ArrayRef<AffineExpr> coordinates, DimSizes &sizes,
                              SymbolValues &values) {
  walk(roots, [&](Node *node) {
    for (AffineExpr e : node->indices)
      sizes.emitSymbols(builder, loc, e.replaceDims(coordinates), values);
    return true;
  });
}

Value NodeEmitter::emit(Node *root) {
  walkPostOrder(root, [&](Node *node) { return values.contains(node); },
                [&](Node *node) { values[node] = emitOne(node); });
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
