//===- ExprTosa.cpp - Scalar expressions from TOSA ops --------------------===//
//
// TOSA is read as it stands: IR without attention in it stays what it is. An
// element of a TOSA op is written with the arith and math ops that it means.
//
//===----------------------------------------------------------------------===//

#include "ExprBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace qsat::raise;

/// The values of a shape operand that is a constant.
static std::optional<SmallVector<int64_t>> constantShape(Value shape) {
  auto op = shape.getDefiningOp<tosa::ConstShapeOp>();
  if (!op)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (APInt v : op.getValues().getValues<APInt>())
    values.push_back(v.getSExtValue());
  return values;
}

/// A zero point, or a shift, of 0.
static bool isZero(Value value) {
  DenseElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)) || !constant.isSplat())
    return false;
  Attribute element = constant.getSplatValue<Attribute>();
  if (auto x = dyn_cast<FloatAttr>(element))
    return x.getValue().isZero();
  auto i = dyn_cast<IntegerAttr>(element);
  return i && i.getValue().isZero();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Node *ExprBuilder::convert(Node *x, Type type) {
  if (x->type == type)
    return x;
  auto from = dyn_cast<FloatType>(x->type), to = dyn_cast<FloatType>(type);
  if (from && to) {
    if (from.getWidth() < to.getWidth())
      return exprs.make<arith::ExtFOp>(type, x);
    if (from.getWidth() > to.getWidth())
      return exprs.make<arith::TruncFOp>(type, x);
    Type wide = Float32Type::get(exprs.getContext());
    return convert(convert(x, wide), type);
  }
  bool isBool = x->type.isInteger(1);
  if (to)
    return isBool ? exprs.make<arith::UIToFPOp>(type, x) : exprs.make<arith::SIToFPOp>(type, x);
  if (from)
    return nullptr;
  auto wide = cast<IntegerType>(x->type), narrow = cast<IntegerType>(type);
  if (narrow.getWidth() == 1) {
    Node *zero = exprs.constant(IntegerAttr::get(x->type, 0));
    return exprs.compare(arith::CmpIPredicate::ne, x, zero);
  }
  if (narrow.getWidth() < wide.getWidth())
    return exprs.make<arith::TruncIOp>(type, x);
  return isBool ? exprs.make<arith::ExtUIOp>(type, x) : exprs.make<arith::ExtSIOp>(type, x);
}

/// Operands of size 1 are repeated.
Node *ExprBuilder::stepTosa(Operation *op, ArrayRef<AffineExpr> indices) {
  if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()))
    return nullptr;
  if (Node *moved = stepTosaMovement(op, indices))
    return moved;
  if (reductionOf(op->getResult(0)))
    return nullptr;
  Type type = cast<ShapedType>(op->getResult(0).getType()).getElementType();
  bool isFloat = isa<FloatType>(type);
  auto load = [&](unsigned number) -> Node * {
    Value operand = op->getOperand(number);
    auto operandType = dyn_cast<RankedTensorType>(operand.getType());
    if (!operandType || operandType.getRank() != int64_t(indices.size()))
      return nullptr;
    SmallVector<AffineExpr> at;
    for (auto [dim, index] : llvm::enumerate(indices))
      at.push_back(index * sizes.notOne(sizes.sizeOf(operand, dim)));
    return exprs.load(operand, at);
  };
  Node *x = op->getNumOperands() ? load(0) : nullptr;
  if (!x)
    return nullptr;
  bool onFloats = isa<FloatType>(x->type);
  auto unary = [&](StringRef name) { return exprs.make(name, type, x); };
  // Null where there is no other operand.
  auto logical = [&](StringRef name) -> Node * {
    Node *y = load(1);
    return y ? exprs.make(name, type, {x, y}) : nullptr;
  };
  auto binary = [&](StringRef onFloats, StringRef onIntegers) {
    return logical(isFloat ? onFloats : onIntegers);
  };
  auto compare = [&](arith::CmpFPredicate floats, arith::CmpIPredicate integers) -> Node * {
    Node *y = load(1);
    if (!y)
      return nullptr;
    return onFloats ? exprs.compare(floats, x, y) : exprs.compare(integers, x, y);
  };
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;

  if (isa<tosa::AddOp>(op))
    return binary("arith.addf", "arith.addi");
  if (isa<tosa::SubOp>(op))
    return binary("arith.subf", "arith.subi");
  if (auto mul = dyn_cast<tosa::MulOp>(op))
    return isFloat || isZero(mul.getShift()) ? binary("arith.mulf", "arith.muli")
                                             : nullptr;
  if (isa<tosa::MaximumOp>(op))
    return binary("arith.maximumf", "arith.maxsi");
  if (isa<tosa::MinimumOp>(op))
    return binary("arith.minimumf", "arith.minsi");
  if (isa<tosa::PowOp>(op))
    return logical("math.powf");
  if (isa<tosa::IntDivOp>(op))
    return logical("arith.divsi");
  if (isa<tosa::LogicalAndOp, tosa::BitwiseAndOp>(op))
    return logical("arith.andi");
  if (isa<tosa::LogicalOrOp, tosa::BitwiseOrOp>(op))
    return logical("arith.ori");
  if (isa<tosa::LogicalXorOp, tosa::BitwiseXorOp>(op))
    return logical("arith.xori");
  if (isa<tosa::LogicalNotOp>(op))
    return exprs.negate(x);
  if (isa<tosa::EqualOp>(op))
    return compare(F::OEQ, I::eq);
  if (isa<tosa::GreaterOp>(op))
    return compare(F::OGT, I::sgt);
  if (isa<tosa::GreaterEqualOp>(op))
    return compare(F::OGE, I::sge);
  if (isa<tosa::SelectOp>(op)) {
    Node *yes = load(1), *no = load(2);
    return yes && no ? exprs.select(x, yes, no) : nullptr;
  }
  if (isa<tosa::CastOp>(op))
    return convert(x, type);
  if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
    if (!isFloat)
      return nullptr;
    auto bound = [&](Attribute value) {
      return exprs.floatConstant(type, cast<FloatAttr>(value).getValueAsDouble());
    };
    Node *low = exprs.make<arith::MaximumFOp>(type, {x, bound(clamp.getMinVal())});
    return exprs.make<arith::MinimumFOp>(type, {low, bound(clamp.getMaxVal())});
  }
  if (auto negate = dyn_cast<tosa::NegateOp>(op))
    return isFloat && isZero(negate.getInput1Zp()) && isZero(negate.getOutputZp())
               ? unary("arith.negf")
               : nullptr;
  if (isa<tosa::AbsOp>(op))
    return isFloat ? unary("math.absf") : unary("math.absi");
  if (!isFloat)
    return nullptr;
  if (isa<tosa::ReciprocalOp>(op))
    return exprs.make<arith::DivFOp>(type, {exprs.floatConstant(type, 1.0), x});
  if (isa<tosa::ExpOp>(op))
    return unary("math.exp");
  if (isa<tosa::LogOp>(op))
    return unary("math.log");
  if (isa<tosa::TanhOp>(op))
    return unary("math.tanh");
  if (isa<tosa::ErfOp>(op))
    return unary("math.erf");
  if (isa<tosa::RsqrtOp>(op))
    return unary("math.rsqrt");
  if (isa<tosa::FloorOp>(op))
    return unary("math.floor");
  if (isa<tosa::CeilOp>(op))
    return unary("math.ceil");
  if (isa<tosa::SinOp>(op))
    return unary("math.sin");
  if (isa<tosa::CosOp>(op))
    return unary("math.cos");
  if (isa<tosa::SigmoidOp>(op)) {
    Node *one = exprs.floatConstant(type, 1.0);
    Node *e = exprs.make<math::ExpOp>(type, exprs.make<arith::NegFOp>(type, x));
    return exprs.make<arith::DivFOp>(type, {one, exprs.make<arith::AddFOp>(type, {e, one})});
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Node *ExprBuilder::stepTosaMovement(Operation *op, ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> source;
  if (auto identity = dyn_cast<tosa::IdentityOp>(op))
    return exprs.load(identity.getInput1(), indices);
  if (auto reshape = dyn_cast<tosa::ReshapeOp>(op))
    return stepReshape(reshape.getInput1(), reshape.getOutput(), indices);
  if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
    source.resize(indices.size());
    for (auto [to, from] : llvm::enumerate(transpose.getPerms()))
      source[from] = indices[to];
    return exprs.load(transpose.getInput1(), source);
  }
  if (auto tile = dyn_cast<tosa::TileOp>(op)) {
    for (auto [dim, index] : llvm::enumerate(indices))
      source.push_back(index % sizes.sizeOf(tile.getInput1(), dim));
    return exprs.load(tile.getInput1(), source);
  }
  if (auto concat = dyn_cast<tosa::ConcatOp>(op))
    return stepConcat(concat.getInput1(), concat.getAxis(), indices);
  if (auto slice = dyn_cast<tosa::SliceOp>(op)) {
    std::optional<SmallVector<int64_t>> start = constantShape(slice.getStart());
    if (!start)
      return nullptr;
    for (auto [index, at] : llvm::zip_equal(indices, *start))
      source.push_back(index + at);
    return exprs.load(slice.getInput1(), source);
  }
  if (auto reverse = dyn_cast<tosa::ReverseOp>(op)) {
    source.assign(indices.begin(), indices.end());
    unsigned axis = reverse.getAxis();
    source[axis] = sizes.sizeOf(reverse.getInput1(), axis) - 1 - source[axis];
    return exprs.load(reverse.getInput1(), source);
  }
  if (auto pad = dyn_cast<tosa::PadOp>(op)) {
    std::optional<SmallVector<int64_t>> padding = constantShape(pad.getPadding());
    if (!padding)
      return nullptr;
    Builder builder(exprs.getContext());
    SmallVector<OpFoldResult> low;
    for (unsigned dim = 0; dim < indices.size(); ++dim)
      low.push_back(builder.getIndexAttr((*padding)[2 * dim]));
    return stepPad(pad.getInput1(), low, indices);
  }
  if (auto gather = dyn_cast<tosa::GatherOp>(op)) {
    if (gatherDepth >= 4)
      return nullptr;
    ++gatherDepth;
    Node *at = expand(exprs.load(gather.getIndices(), {indices[0], indices[1]}));
    --gatherDepth;
    if (at->kind != Node::Index)
      return nullptr;
    return exprs.load(gather.getValues(), {indices[0], at->indices[0], indices[2]});
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Node *ExprBuilder::reduceTosa(Node *load, const Reduction &reduction, AffineExpr index) {
  auto matmul = dyn_cast<tosa::MatMulOp>(reduction.op);
  SmallVector<AffineExpr> at(load->indices);
  if (!matmul) {
    at[reduction.loops.front()] = index;
    return exprs.load(reduction.op->getOperand(0), at);
  }
  if (!isZero(matmul.getAZp()) || !isZero(matmul.getBZp()) || !isa<FloatType>(load->type))
    return nullptr;
  Node *x = convert(exprs.load(matmul.getA(), {at[0], at[1], index}), load->type);
  Node *y = convert(exprs.load(matmul.getB(), {at[0], index, at[2]}), load->type);
  return exprs.make<arith::MulFOp>(load->type, {x, y});
}

Node *ExprBuilder::initTosa(const Reduction &reduction, Type type) {
  switch (reduction.kind) {
  case ReduceKind::And:
    return exprs.boolean(true);
  case ReduceKind::Or:
    return exprs.boolean(false);
  case ReduceKind::Max:
    return isa<FloatType>(type)
               ? exprs.floatConstant(type, -std::numeric_limits<double>::infinity())
               : nullptr;
  default:
    return isa<FloatType>(type) ? exprs.floatConstant(type, 0.0)
                                : exprs.constant(IntegerAttr::get(type, 0));
  }
}
