//===- ScalarSimplify.cpp - Simpler scalars with the same value -----------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace qsat::raise;

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
  Type type = Node::typeOf(op);
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
  if (!Node::typeOf(op).isInteger(1) || operands.size() < 2)
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
  if (operands[0] == operands[1])
    return boolean(llvm::is_contained({P::eq, P::sle, P::sge, P::ule, P::uge}, predicate));
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
    // Masks that are multiplied: [c] [d] = [c and d].
    auto isFlag = [&](Node *n) {
      return n->is<arith::SelectOp>() && is(n->operands[1], 1.0) && is(n->operands[2], 0.0);
    };
    if (isFlag(operands[0]) && isFlag(operands[1]))
      return select(conjunction(operands[0]->operands[0], operands[1]->operands[0]),
                    operands[0]->operands[1], operands[0]->operands[2]);
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
        x->operands[0]->type == Node::typeOf(op))
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
  Type type = Node::typeOf(op);
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
  Type type = Node::typeOf(op);
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
