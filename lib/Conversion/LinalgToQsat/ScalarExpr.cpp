//===- ScalarExpr.cpp - What one element of a tensor is -------------------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace qsat::raise;

Type Node::typeOf(Operation *op) { return getElementTypeOrSelf(op->getResult(0)); }

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// What of the attributes of `op` says what it computes: not its fast-math or
/// overflow flags.
static uint64_t attributeKey(Operation *op) {
  if (auto cmp = dyn_cast<arith::CmpFOp>(op))
    return uint64_t(cmp.getPredicate());
  if (auto cmp = dyn_cast<arith::CmpIOp>(op))
    return uint64_t(cmp.getPredicate());
  if (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return 0;
  if (auto gather = dyn_cast<tensor::ExtractOp>(op))
    return reinterpret_cast<uintptr_t>(gather.getTensor().getAsOpaquePointer());
  return reinterpret_cast<uintptr_t>(op->getAttrDictionary().getAsOpaquePointer());
}

void Node::Profile(llvm::FoldingSetNodeID &id) const {
  id.AddInteger(int(kind));
  id.AddPointer(type.getAsOpaquePointer());
  id.AddPointer(attribute.getAsOpaquePointer());
  id.AddPointer(value.getAsOpaquePointer());
  if (op) {
    id.AddPointer(op->getName().getAsOpaquePointer());
    id.AddInteger(attributeKey(op));
  }
  for (AffineExpr e : indices)
    id.AddPointer(e.getAsOpaquePointer());
  id.AddInteger(operands.size());
  for (Node *n : operands)
    id.AddPointer(n);
}

bool Node::isGather() const { return is<tensor::ExtractOp>(); }

std::optional<double> Node::floatValue() const {
  if (auto value = dyn_cast_or_null<FloatAttr>(attribute))
    return value.getValueAsDouble();
  return std::nullopt;
}

std::optional<int64_t> Node::intValue() const {
  if (auto value = dyn_cast_or_null<IntegerAttr>(attribute)) {
    if (value.getType().isInteger(1))
      return value.getValue().getBoolValue();
    if (value.getValue().getSignificantBits() <= 64)
      return value.getValue().getSExtValue();
  }
  if (kind == Index)
    if (auto value = dyn_cast<AffineConstantExpr>(indices[0]))
      return value.getValue();
  return std::nullopt;
}

template <typename T>
static ArrayRef<T> copied(ArrayRef<T> list, llvm::BumpPtrAllocator &allocator) {
  if (list.empty())
    return {};
  T *data = allocator.Allocate<T>(list.size());
  std::uninitialized_copy(list.begin(), list.end(), data);
  return {data, list.size()};
}

Node *ExprContext::unique(const Node &proto) {
  llvm::FoldingSetNodeID id;
  proto.Profile(id);
  void *position;
  if (Node *found = nodes.FindNodeOrInsertPos(id, position))
    return found;
  Node *node = new (allocator) Node(proto);
  node->indices = copied(proto.indices, allocator);
  node->operands = copied(proto.operands, allocator);
  for (AffineExpr e : proto.indices)
    node->vars |= varsOf(e);
  for (Node *n : proto.operands)
    node->vars |= n->vars;
  nodes.InsertNode(node, position);
  return node;
}

static Node made(Node::Kind kind, Type type) {
  Node node;
  node.kind = kind;
  node.type = type;
  return node;
}

Node *ExprContext::constant(TypedAttr value) {
  Type type = value.getType();
  // Integers are index expressions, so that i - 1 and i + (-1) agree.
  if (auto integer = dyn_cast<IntegerAttr>(value))
    if (!type.isInteger(1) && integer.getValue().getSignificantBits() <= 40)
      return index(getAffineConstantExpr(integer.getValue().getSExtValue(), context), type);
  Node node = made(Node::Const, type);
  node.attribute = value;
  return unique(node);
}

Node *ExprContext::boolean(bool value) {
  return constant(cast<TypedAttr>(Builder(context).getBoolAttr(value)));
}

Node *ExprContext::index(AffineExpr expr, Type type) {
  AffineExpr simple = simplifyIndex(expr, vars);
  Node node = made(Node::Index, type);
  node.indices = ArrayRef<AffineExpr>(simple);
  return unique(node);
}

Node *ExprContext::load(Value tensor, ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> simple;
  for (AffineExpr e : indices)
    simple.push_back(simplifyIndex(e, vars));
  Node node = made(Node::Load, cast<ShapedType>(tensor.getType()).getElementType());
  node.value = tensor;
  node.indices = simple;
  return unique(node);
}

Node *ExprContext::scalar(Value value) {
  Node node = made(Node::Scalar, value.getType());
  node.value = value;
  return unique(node);
}

/// A value that stands for an operand of a prototype.
Value ExprContext::placeholder(Type type) {
  Value &value = placeholders[type];
  if (!value) {
    OpBuilder builder(context);
    Operation *op = UnrealizedConversionCastOp::create(builder, builder.getUnknownLoc(), type,
                                                       ValueRange());
    prototypes.emplace_back(op);
    value = op->getResult(0);
  }
  return value;
}

Node *ExprContext::make(StringRef name, Type type, ArrayRef<Node *> operands,
                        NamedAttrList attributes) {
  OperationName opName(name, context);
  DictionaryAttr dictionary = attributes.getDictionary(context);
  Operation *&op = named[{opName.getAsOpaquePointer(), type, operands.front()->type, dictionary}];
  if (!op) {
    OpBuilder builder(context);
    OperationState state(builder.getUnknownLoc(), opName);
    for (Node *n : operands)
      state.addOperands(placeholder(n->type));
    state.addTypes(type);
    state.addAttributes(dictionary.getValue());
    op = builder.create(state);
    prototypes.emplace_back(op);
  }
  return apply(op, operands);
}

Node *ExprContext::compare(arith::CmpFPredicate predicate, Node *x, Node *y) {
  NamedAttrList attributes;
  attributes.append("predicate", arith::CmpFPredicateAttr::get(context, predicate));
  return make(arith::CmpFOp::getOperationName(), IntegerType::get(context, 1), {x, y}, attributes);
}

Node *ExprContext::compare(arith::CmpIPredicate predicate, Node *x, Node *y) {
  NamedAttrList attributes;
  attributes.append("predicate", arith::CmpIPredicateAttr::get(context, predicate));
  return make(arith::CmpIOp::getOperationName(), IntegerType::get(context, 1), {x, y}, attributes);
}

Node *ExprContext::floatConstant(Type type, double value) {
  return constant(FloatAttr::get(type, value));
}

// Users were made after what they use.
ExprContext::~ExprContext() {
  while (!prototypes.empty())
    prototypes.pop_back();
}

Node *ExprContext::negate(Node *condition) {
  return make<arith::XOrIOp>(condition->type, {condition, boolean(true)});
}

Node *ExprContext::conjunction(Node *x, Node *y) { return make<arith::AndIOp>(x->type, {x, y}); }

Node *ExprContext::lessEqual(AffineExpr x, AffineExpr y) {
  Type type = IndexType::get(context);
  return compare(arith::CmpIPredicate::sle, index(x, type), index(y, type));
}

Node *ExprContext::select(Node *condition, Node *yes, Node *no) {
  return make<arith::SelectOp>(yes->type, {condition, yes, no});
}

/// `size == 1 ? yes : no` on index expressions, as a broadcast at run time
/// writes: no, where the two agree for size 1, else yes + (no - yes) [size != 1].
Node *ExprContext::selectIndex(Node *condition, Node *yes, Node *no) {
  if (!condition->is<arith::CmpIOp>() || yes->kind != Node::Index || no->kind != Node::Index ||
      condition->operands[0]->kind != Node::Index || condition->operands[1]->intValue() != 1)
    return nullptr;
  auto predicate = cast<arith::CmpIOp>(condition->op).getPredicate();
  if (predicate == arith::CmpIPredicate::ne)
    std::swap(yes, no);
  else if (predicate != arith::CmpIPredicate::eq)
    return nullptr;
  AffineExpr size = condition->operands[0]->indices[0];
  AffineExpr one = yes->indices[0], many = no->indices[0];
  DenseMap<AffineExpr, AffineExpr> whenOne;
  if (isa<AffineSymbolExpr>(size))
    whenOne[size] = getAffineConstantExpr(1, context);
  for (unsigned var = 0; var < vars.size(); ++var)
    if (vars.extent(var) == size)
      whenOne[getAffineDimExpr(var, context)] = getAffineConstantExpr(0, context);
  AffineExpr difference = simplifyIndex(many - one, vars);
  if (simplifyIndex(difference.replace(whenOne), vars) == getAffineConstantExpr(0, context))
    return no;
  if (varsOf(size))
    return nullptr;
  return index(one + difference * sizes.notOne(size), yes->type);
}

Node *ExprContext::apply(Operation *op, ArrayRef<Node *> operands) {
  if (auto gather = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<AffineExpr> indices;
    for (Node *n : operands)
      if (n->kind == Node::Index)
        indices.push_back(n->indices[0]);
    if (indices.size() == operands.size())
      return load(gather.getTensor(), indices);
    Node node = made(Node::Op, Node::typeOf(op));
    node.op = op;
    node.operands = operands;
    return unique(node);
  }
  if (isa<IntegerType, IndexType>(Node::typeOf(op))) {
    if (Node *simple = simplifyInteger(op, operands))
      return simple;
    if (Node *simple = simplifyBoolean(op, operands))
      return simple;
    if (Node *simple = simplifyCompare(op, operands))
      return simple;
  } else if (Node *simple = simplifyFloat(op, operands)) {
    return simple;
  }
  if (auto selectOp = dyn_cast<arith::SelectOp>(op)) {
    if (operands[0]->isTrue() || operands[1] == operands[2])
      return operands[1];
    if (operands[0]->isFalse())
      return operands[2];
    if (Node *moved = selectIndex(operands[0], operands[1], operands[2]))
      return moved;
    // select(not c, x, y) = select(c, y, x)
    if (operands[0]->is<arith::XOrIOp>() && operands[0]->operands[1]->isTrue())
      return apply(op, {operands[0]->operands[0], operands[2], operands[1]});
  }
  if (Node *folded = foldConstants(op, operands))
    return folded;
  if (Node *moved = throughSelect(op, operands))
    return moved;
  Node node = made(Node::Op, Node::typeOf(op));
  node.op = op;
  // Constants, then indices, stand on the right of commutative operations. Made again, a node
  // is the same.
  SmallVector<Node *> ordered(operands);
  auto rank = [](Node *n) { return n->isConst() ? 2 : n->kind == Node::Index ? 1 : 0; };
  if (op->hasTrait<OpTrait::IsCommutative>() && ordered.size() == 2 &&
      rank(ordered[0]) > rank(ordered[1]))
    std::swap(ordered[0], ordered[1]);
  node.operands = ordered;
  return unique(node);
}

void qsat::raise::walk(ArrayRef<Node *> roots, llvm::function_ref<bool(Node *)> visit) {
  SmallVector<Node *> stack(llvm::reverse(roots));
  llvm::DenseSet<Node *> seen;
  while (!stack.empty()) {
    Node *node = stack.pop_back_val();
    if (seen.insert(node).second && visit(node))
      llvm::append_range(stack, llvm::reverse(node->operands));
  }
}

void qsat::raise::walkPostOrder(Node *root, llvm::function_ref<bool(Node *)> isDone,
                                llvm::function_ref<void(Node *)> visit) {
  SmallVector<Node *> stack = {root};
  while (!stack.empty()) {
    Node *node = stack.back();
    size_t before = stack.size();
    if (!isDone(node))
      llvm::copy_if(llvm::reverse(node->operands), std::back_inserter(stack),
                    [&](Node *n) { return !isDone(n); });
    if (stack.size() != before)
      continue;
    stack.pop_back();
    if (!isDone(node))
      visit(node);
  }
}

Node *ExprContext::substitute(Node *root, const DenseMap<AffineExpr, AffineExpr> &map) {
  DenseMap<Node *, Node *> done;
  walkPostOrder(root, [&](Node *node) { return done.contains(node); }, [&](Node *node) {
    SmallVector<Node *> operands = llvm::map_to_vector(node->operands, [&](Node *n) { return done.lookup(n); });
    SmallVector<AffineExpr> indices;
    for (AffineExpr e : node->indices)
      indices.push_back(e.replace(map));
    done[node] = node->kind == Node::Load    ? load(node->value, indices)
                 : node->kind == Node::Index ? index(indices[0], node->type)
                 : node->kind == Node::Op    ? apply(node->op, operands)
                                             : node;
  });
  return done.lookup(root);
}
