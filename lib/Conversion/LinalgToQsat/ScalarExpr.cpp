//===- ScalarExpr.cpp - What one element of a tensor is -------------------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace qsat::raise;

/// The result type of `op`, or its element type when `op` is on tensors.
static Type scalarType(Operation *op) { return getElementTypeOrSelf(op->getResult(0)); }

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
  if (isa<IntegerType, IndexType>(scalarType(op))) {
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
  Node node = made(Node::Op, scalarType(op));
  node.op = op;
  // Commutative operands in one order; constants stay on the right.
  SmallVector<Node *> ordered(operands);
  if (op->hasTrait<OpTrait::IsCommutative>() && ordered.size() == 2 &&
      (ordered[0]->isConst() || (!ordered[1]->isConst() && ordered[0]->kind == Node::Index)))
    std::swap(ordered[0], ordered[1]);
  node.operands = ordered;
  return unique(node);
}

//===----------------------------------------------------------------------===//
// Simplification
//===----------------------------------------------------------------------===//

/// The constants in `expr` are small beside 2^31.
static bool isModest(AffineExpr expr) {
  bool modest = true;
  expr.walk([&](AffineExpr e) {
    if (auto constant = dyn_cast<AffineConstantExpr>(e))
      modest &= std::abs(constant.getValue()) < (int64_t(1) << 24);
  });
  return modest;
}

/// Integer arithmetic on index expressions, where nothing wraps around. Indices
/// and extents are taken to be below 2^31, narrower types need a known range.
Node *ExprContext::simplifyInteger(Operation *op, ArrayRef<Node *> operands) {
  Type type = scalarType(op);
  if (operands.empty() || type.isInteger(1) ||
      !llvm::all_of(operands, [](Node *n) { return n->kind == Node::Index; }))
    return nullptr;
  AffineExpr x = operands[0]->indices[0];
  auto natural = [&](AffineExpr e) {
    IndexRange r = rangeOf(simplifyIndex(e, vars), vars);
    return r.lo && *r.lo >= 0;
  };
  auto inType = [&](AffineExpr e) -> Node * {
    auto integer = dyn_cast<IntegerType>(type);
    if (!integer || integer.getWidth() > 64)
      return index(e, type);
    IndexRange r = rangeOf(simplifyIndex(e, vars), vars);
    int64_t limit = integer.getWidth() < 41 ? int64_t(1) << (integer.getWidth() - 1) : INT64_MAX;
    if ((r.lo && *r.lo < -limit) || (r.hi && *r.hi >= limit))
      return nullptr;
    if ((!r.lo || !r.hi) && (integer.getWidth() < 32 || !isModest(e)))
      return nullptr;
    return index(e, type);
  };
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return inType(x);
  if (isa<arith::IndexCastUIOp, arith::ExtUIOp>(op))
    return natural(x) ? inType(x) : nullptr;
  if (operands.size() != 2)
    return nullptr;
  AffineExpr y = operands[1]->indices[0];
  if (isa<arith::AddIOp>(op))
    return inType(x + y);
  if (isa<arith::SubIOp>(op))
    return inType(x - y);
  if (isa<arith::MulIOp>(op) && (x.isSymbolicOrConstant() || y.isSymbolicOrConstant()))
    return inType(x * y);
  auto divisor = dyn_cast<AffineConstantExpr>(y);
  if (!divisor || divisor.getValue() <= 0)
    return nullptr;
  if (isa<arith::FloorDivSIOp>(op) || (isa<arith::DivSIOp, arith::DivUIOp>(op) && natural(x)))
    return inType(x.floorDiv(y));
  if (isa<arith::RemSIOp, arith::RemUIOp>(op) && natural(x))
    return inType(x % y);
  return nullptr;
}

Node *ExprContext::simplifyBoolean(Operation *op, ArrayRef<Node *> operands) {
  if (!scalarType(op).isInteger(1) || operands.size() < 2)
    return nullptr;
  Node *x = operands[0], *y = operands[1];
  if (isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op)) {
    if (x->isConst())
      std::swap(x, y);
    if (isa<arith::AndIOp>(op)) {
      if (x == y || y->isTrue())
        return x;
      if (y->isFalse())
        return y;
    } else if (isa<arith::OrIOp>(op)) {
      if (x == y || y->isFalse())
        return x;
      if (y->isTrue())
        return y;
    } else {
      if (x == y)
        return boolean(false);
      if (y->isFalse())
        return x;
      // not not c = c
      if (y->isTrue() && x->is<arith::XOrIOp>() && x->operands[1]->isTrue())
        return x->operands[0];
    }
    return nullptr;
  }
  if (isa<arith::SelectOp>(op) && operands[1]->isTrue() && operands[2]->isFalse())
    return x;
  if (isa<arith::SelectOp>(op) && operands[1]->isFalse() && operands[2]->isTrue())
    return negate(x);
  return nullptr;
}

/// Comparisons of index expressions that their extents decide.
Node *ExprContext::simplifyCompare(Operation *op, ArrayRef<Node *> operands) {
  auto cmp = dyn_cast<arith::CmpIOp>(op);
  if (!cmp)
    return nullptr;
  using P = arith::CmpIPredicate;
  P predicate = cmp.getPredicate();
  if (operands[0]->type.isInteger(1)) {
    // c == true and the like, on booleans.
    Node *x = operands[0], *y = operands[1];
    if (x->isConst())
      std::swap(x, y);
    if (!y->isConst() || (predicate != P::eq && predicate != P::ne))
      return nullptr;
    return (y->isTrue()) == (predicate == P::eq) ? x : negate(x);
  }
  if (operands[0]->kind != Node::Index || operands[1]->kind != Node::Index)
    return nullptr;
  std::optional<bool> always =
      compareAlways(predicate, operands[0]->indices[0], operands[1]->indices[0], vars);
  return always ? boolean(*always) : nullptr;
}

Node *ExprContext::simplifyFloat(Operation *op, ArrayRef<Node *> operands) {
  auto is = [](Node *n, double value) { return n->floatValue() == value; };
  if (isa<arith::AddFOp>(op)) {
    if (is(operands[1], 0.0))
      return operands[0];
    if (is(operands[0], 0.0))
      return operands[1];
  } else if (isa<arith::MulFOp>(op)) {
    if (is(operands[1], 1.0))
      return operands[0];
    if (is(operands[0], 1.0))
      return operands[1];
  } else if (isa<arith::SubFOp>(op)) {
    if (is(operands[1], 0.0))
      return operands[0];
  } else if (isa<arith::DivFOp>(op)) {
    if (is(operands[1], 1.0))
      return operands[0];
  } else if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    // truncf(extf x) = x for the same type; extf then a narrower truncf stays.
    Node *x = operands[0];
    if (isa<arith::TruncFOp>(op) && x->is<arith::ExtFOp>() &&
        x->operands[0]->type == scalarType(op))
      return x->operands[0];
  }
  return nullptr;
}

Node *ExprContext::foldConstants(Operation *op, ArrayRef<Node *> operands) {
  if (operands.empty() || op->getNumResults() != 1)
    return nullptr;
  SmallVector<Attribute> attributes;
  for (Node *n : operands) {
    if (n->kind == Node::Const) {
      attributes.push_back(n->attribute);
      continue;
    }
    std::optional<int64_t> value = n->kind == Node::Index ? n->intValue() : std::nullopt;
    if (!value)
      return nullptr;
    attributes.push_back(IntegerAttr::get(n->type, *value));
  }
  Type type = scalarType(op);
  // Conversions that arith folds only in some forms.
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
    if (auto value = dyn_cast<IntegerAttr>(attributes[0])) {
      bool isBool = value.getType().isInteger(1);
      double x = isBool ? (value.getValue().getBoolValue() ? (isa<arith::SIToFPOp>(op) ? -1 : 1) : 0)
                        : double(value.getValue().getSExtValue());
      if (isBool || isa<arith::SIToFPOp>(op) || x >= 0)
        return constant(FloatAttr::get(type, x));
    }
  // arith folds truncf only where nothing is rounded.
  if (isa<arith::TruncFOp, arith::ExtFOp>(op))
    if (auto value = dyn_cast<FloatAttr>(attributes[0])) {
      APFloat x = value.getValue();
      bool losesInfo;
      x.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
      return constant(FloatAttr::get(type, x));
    }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(attributes, results)) || results.size() != 1)
    return nullptr;
  // A fold such as x - 0 = x names an operand.
  if (auto value = dyn_cast<Value>(results[0])) {
    for (auto [n, operand] : llvm::zip_equal(operands, op->getOperands()))
      if (operand == value)
        return n;
    return nullptr;
  }
  if (auto attribute = dyn_cast<Attribute>(results[0]))
    if (auto typed = dyn_cast<TypedAttr>(attribute);
        typed && typed.getType() == type && isa<IntegerAttr, FloatAttr>(attribute))
      return constant(typed);
  return nullptr;
}

/// f(select(c, k1, k2), k) = select(c, f(k1, k), f(k2, k)) for constants k, so
/// that 0/1 masks in arithmetic become conditions. So is f(c, k) for a boolean
/// c that is converted to a number.
Node *ExprContext::throughSelect(Operation *op, ArrayRef<Node *> operands) {
  Type type = scalarType(op);
  if (isa<arith::SelectOp>(op) || !isa<FloatType, IntegerType, IndexType>(type))
    return nullptr;
  Node *choice = nullptr;
  unsigned position = 0;
  auto isNumber = [](Node *n) {
    return n->isConst() || (n->kind == Node::Index && n->intValue());
  };
  for (auto [i, n] : llvm::enumerate(operands)) {
    if (isNumber(n))
      continue;
    if (choice)
      return nullptr;
    choice = n;
    position = i;
  }
  if (!choice)
    return nullptr;
  Node *condition, *yes, *no;
  if (choice->is<arith::SelectOp>() && isNumber(choice->operands[1]) &&
      isNumber(choice->operands[2])) {
    condition = choice->operands[0];
    yes = choice->operands[1];
    no = choice->operands[2];
  } else if (isa<arith::UIToFPOp, arith::SIToFPOp, arith::ExtUIOp, arith::ExtSIOp>(op) &&
             choice->type.isInteger(1)) {
    condition = choice;
    yes = boolean(true);
    no = boolean(false);
  } else {
    return nullptr;
  }
  SmallVector<Node *> arm(operands);
  arm[position] = yes;
  Node *yesResult = foldConstants(op, arm);
  arm[position] = no;
  Node *noResult = foldConstants(op, arm);
  if (!yesResult || !noResult)
    return nullptr;
  return select(condition, yesResult, noResult);
}
