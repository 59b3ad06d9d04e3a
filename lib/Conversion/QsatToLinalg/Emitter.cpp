//===- Emitter.cpp - Formulas as linalg on tensors ------------------------===//

#include "Emitter.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace qsat {

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

template <typename FloatOp, typename IntOp>
static Expr binary(Expr a, Expr b) {
  Emitter &e = *a.e;
  if (a.isFloat())
    return e.wrap(FloatOp::create(e.b, e.loc, a.v, b.v));
  return e.wrap(IntOp::create(e.b, e.loc, a.v, b.v));
}

template <typename Op>
static Expr unary(Expr a) {
  return a.e->wrap(Op::create(a.e->b, a.e->loc, a.v));
}

static Expr compare(Expr a, Expr b, arith::CmpFPredicate floats, arith::CmpIPredicate ints) {
  Emitter &e = *a.e;
  if (a.isFloat())
    return e.wrap(arith::CmpFOp::create(e.b, e.loc, floats, a.v, b.v));
  return e.wrap(arith::CmpIOp::create(e.b, e.loc, ints, a.v, b.v));
}

Expr operator+(Expr a, Expr b) { return binary<arith::AddFOp, arith::AddIOp>(a, b); }
Expr operator-(Expr a, Expr b) { return binary<arith::SubFOp, arith::SubIOp>(a, b); }
Expr operator*(Expr a, Expr b) { return binary<arith::MulFOp, arith::MulIOp>(a, b); }
Expr operator/(Expr a, Expr b) { return binary<arith::DivFOp, arith::DivUIOp>(a, b); }
Expr operator&(Expr a, Expr b) { return a.e->wrap(arith::AndIOp::create(a.e->b, a.e->loc, a.v, b.v)); }
Expr operator|(Expr a, Expr b) { return a.e->wrap(arith::OrIOp::create(a.e->b, a.e->loc, a.v, b.v)); }
Expr operator^(Expr a, Expr b) { return a.e->wrap(arith::XOrIOp::create(a.e->b, a.e->loc, a.v, b.v)); }
Expr operator!(Expr a) { return a ^ a.e->boolean(true); }

Expr operator>>(Expr a, int64_t bits) {
  Value by = arith::ConstantOp::create(a.e->b, a.e->loc, a.e->b.getIntegerAttr(a.type(), bits));
  return a.e->wrap(arith::ShRUIOp::create(a.e->b, a.e->loc, a.v, by));
}

Expr operator<(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Expr operator<=(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle);
}
Expr operator>(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
}
Expr operator>=(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge);
}
Expr operator==(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Expr operator!=(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}

Expr operator+(Expr a, int64_t b) { return b == 0 ? a : a + a.e->index(b); }
Expr operator-(Expr a, int64_t b) { return b == 0 ? a : a - a.e->index(b); }
Expr operator*(Expr a, int64_t b) { return b == 1 ? a : a * a.e->index(b); }
Expr operator/(Expr a, int64_t b) { return b == 1 ? a : a / a.e->index(b); }
Expr operator%(Expr a, int64_t b) {
  return a.e->wrap(arith::RemUIOp::create(a.e->b, a.e->loc, a.v, a.e->index(b).v));
}
Expr operator<(Expr a, int64_t b) { return a < a.e->index(b); }
Expr operator>(Expr a, int64_t b) { return a > a.e->index(b); }
Expr operator==(Expr a, int64_t b) { return a == a.e->index(b); }

Expr min(Expr a, Expr b) { return binary<arith::MinimumFOp, arith::MinSIOp>(a, b); }
Expr max(Expr a, Expr b) { return binary<arith::MaximumFOp, arith::MaxSIOp>(a, b); }

Expr select(Expr condition, Expr yes, Expr no) {
  Emitter &e = *condition.e;
  return e.wrap(arith::SelectOp::create(e.b, e.loc, condition.v, yes.v, no.v));
}

Expr floorDiv(Expr a, int64_t b) {
  return a.e->wrap(arith::FloorDivSIOp::create(a.e->b, a.e->loc, a.v, a.e->index(b).v));
}

Expr ceilDiv(Expr a, int64_t b) { return (a + (b - 1)) / b; }

Expr exp(Expr a) { return unary<math::ExpOp>(a); }
Expr log(Expr a) { return unary<math::LogOp>(a); }
Expr log1p(Expr a) { return unary<math::Log1pOp>(a); }
Expr sqrt(Expr a) { return unary<math::SqrtOp>(a); }

Expr convert(Expr a, Type type) {
  Emitter &e = *a.e;
  if (a.type() == type)
    return a;
  if (a.isFloat() && isa<FloatType>(type)) {
    if (a.type().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
      return e.wrap(arith::ExtFOp::create(e.b, e.loc, type, a.v));
    return e.wrap(arith::TruncFOp::create(e.b, e.loc, type, a.v));
  }
  if (a.isFloat()) {
    Value bits = arith::FPToSIOp::create(e.b, e.loc, e.b.getI64Type(), a.v);
    return convert(e.wrap(bits), type);
  }
  if (isa<FloatType>(type)) {
    Expr whole = a.type().isIndex() ? convert(a, e.b.getI64Type()) : a;
    return e.wrap(arith::SIToFPOp::create(e.b, e.loc, type, whole.v));
  }
  return e.wrap(arith::IndexCastOp::create(e.b, e.loc, type, a.v));
}

Expr emitHash(Emitter &e, uint64_t seed, ArrayRef<std::pair<uint32_t, Expr>> terms) {
  Expr h = e.integer(uint32_t(seed));
  for (auto [factor, position] : terms)
    h = h + e.integer(factor) * convert(position, e.b.getI32Type());
  h = h ^ (h >> 16);
  h = h * e.integer(0x85EBCA6Bu);
  h = h ^ (h >> 13);
  h = h * e.integer(0xC2B2AE35u);
  return h ^ (h >> 16);
}

Expr Emitter::index(int64_t value) { return wrap(arith::ConstantIndexOp::create(b, loc, value)); }

Expr Emitter::boolean(bool value) {
  return wrap(arith::ConstantOp::create(b, loc, b.getBoolAttr(value)));
}

Expr Emitter::integer(uint32_t value) {
  return wrap(arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(int32_t(value))));
}

Expr Emitter::real(double value, Type type) {
  return wrap(arith::ConstantOp::create(b, loc, b.getFloatAttr(type ? type : acc, value)));
}

Expr Emitter::minusInfinity(Type type) {
  FloatType of = type ? cast<FloatType>(type) : acc;
  return wrap(arith::ConstantOp::create(
      b, loc, b.getFloatAttr(of, APFloat::getInf(of.getFloatSemantics(), /*Negative=*/true))));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

OpFoldResult Emitter::size(Value tensor, unsigned dim) {
  return tensor::getMixedSize(b, loc, tensor, dim);
}

Expr Emitter::extent(OpFoldResult size) {
  return wrap(getValueOrCreateConstantIndexOp(b, loc, size));
}

OpFoldResult Emitter::ceilDivSize(OpFoldResult size, int64_t by) {
  return affine::makeComposedFoldedAffineApply(b, loc, b.getAffineSymbolExpr(0).ceilDiv(by),
                                               {size});
}

Expr Emitter::read(Value tensor, Indices indices) {
  SmallVector<Value> at;
  for (Expr x : indices)
    at.push_back(x.v);
  Expr element = wrap(tensor::ExtractOp::create(b, loc, tensor, at));
  if (element.isFloat() && element.type().getIntOrFloatBitWidth() < 32)
    return convert(element, acc);
  return element;
}

Value Emitter::compute(Sizes sizes, Type element, Formula formula) {
  return computeInto(tensor::EmptyOp::create(b, loc, sizes, element), formula);
}

Value Emitter::computeInto(Value init, Formula formula) {
  auto type = cast<RankedTensorType>(init.getType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, loc, type, ValueRange(), init, identity, parallel,
      [&](OpBuilder &nested, Location, ValueRange) {
        SmallVector<Expr> x;
        for (int64_t d = 0; d < type.getRank(); ++d)
          x.push_back(wrap(linalg::IndexOp::create(nested, loc, d)));
        linalg::YieldOp::create(nested, loc, convert(formula(x), type.getElementType()).v);
      });
  return generic.getResult(0);
}

SmallVector<Expr> Emitter::loop(Expr from, Expr to, ArrayRef<Expr> initial,
                                function_ref<SmallVector<Expr>(Expr, ArrayRef<Expr>)> body) {
  SmallVector<Value> carried;
  for (Expr x : initial)
    carried.push_back(x.v);
  auto loop = scf::ForOp::create(
      b, loc, from.v, to.v, index(1).v, carried,
      [&](OpBuilder &nested, Location, Value i, ValueRange arguments) {
        SmallVector<Expr> now;
        for (Value argument : arguments)
          now.push_back(wrap(argument));
        SmallVector<Value> next;
        for (Expr x : body(wrap(i), now))
          next.push_back(x.v);
        scf::YieldOp::create(nested, loc, next);
      });
  SmallVector<Expr> results;
  for (Value result : loop.getResults())
    results.push_back(wrap(result));
  return results;
}

Expr Emitter::sum(Expr from, Expr to, Expr initial, function_ref<Expr(Expr)> term) {
  return loop(from, to, initial, [&](Expr i, ArrayRef<Expr> total) -> SmallVector<Expr> {
    return {total[0] + term(i)};
  })[0];
}

Expr Emitter::any(Expr from, Expr to, function_ref<Expr(Expr)> term) {
  return loop(from, to, boolean(false), [&](Expr i, ArrayRef<Expr> found) -> SmallVector<Expr> {
    return {found[0] | term(i)};
  })[0];
}

Expr Emitter::count(Expr from, Expr to, function_ref<Expr(Expr)> term) {
  return sum(from, to, index(0), [&](Expr i) { return select(term(i), index(1), index(0)); });
}

} // namespace qsat
