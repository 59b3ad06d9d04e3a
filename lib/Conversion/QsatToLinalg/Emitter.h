//===- Emitter.h - Formulas as linalg on tensors ----------------*- C++ -*-===//
// A tensor is written as the formula of one element: compute(sizes, type,
// [&](Indices x) { return ...; }) gives a linalg.generic. Formulas are Exprs,
// which read like the op descriptions that they implement.

#ifndef QSAT_LIB_CONVERSION_QSATTOLINALG_EMITTER_H
#define QSAT_LIB_CONVERSION_QSATTOLINALG_EMITTER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace qsat {

class Emitter;

/// A scalar value under construction. Arithmetic is that of its type: float,
/// or signed for index and integers (`/` and `%` expect operands >= 0).
struct Expr {
  Emitter *e = nullptr;
  mlir::Value v;

  mlir::Type type() const { return v.getType(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(v.getType()); }
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator&(Expr a, Expr b);
Expr operator|(Expr a, Expr b);
Expr operator^(Expr a, Expr b);
/// Logical shift to the right.
Expr operator>>(Expr a, int64_t bits);
Expr operator!(Expr a);
/// Comparisons of floats are ordered: false for NaN.
Expr operator<(Expr a, Expr b);
Expr operator<=(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator>=(Expr a, Expr b);
Expr operator==(Expr a, Expr b);
Expr operator!=(Expr a, Expr b);
Expr operator+(Expr a, int64_t b);
Expr operator-(Expr a, int64_t b);
Expr operator*(Expr a, int64_t b);
/// floor(a / b) and a - b floor(a / b) for a >= 0, b > 0.
Expr operator/(Expr a, int64_t b);
Expr operator%(Expr a, int64_t b);
Expr operator<(Expr a, int64_t b);
Expr operator>(Expr a, int64_t b);
Expr operator==(Expr a, int64_t b);

/// min and max; of floats, NaN if either is.
Expr min(Expr a, Expr b);
Expr max(Expr a, Expr b);
Expr select(Expr condition, Expr yes, Expr no);
/// floor(a / b) of a signed a, b > 0; ceil(a / b) of a >= 0.
Expr floorDiv(Expr a, int64_t b);
Expr ceilDiv(Expr a, int64_t b);
Expr exp(Expr a);
Expr log(Expr a);
Expr log1p(Expr a);
Expr sqrt(Expr a);
/// Float to float, index or integer to float, float or index to integer.
Expr convert(Expr a, mlir::Type type);

/// The i32 hash of `seed` and the sum of factor * position (index), mod 2^32, by the
/// finaliser of MurmurHash3.
Expr emitHash(Emitter &e, uint64_t seed, llvm::ArrayRef<std::pair<uint32_t, Expr>> terms);

using Indices = llvm::ArrayRef<Expr>;
using Formula = llvm::function_ref<Expr(Indices)>;
using Sizes = llvm::ArrayRef<mlir::OpFoldResult>;

class Emitter {
public:
  Emitter(mlir::OpBuilder &b, mlir::Location loc, mlir::FloatType acc) : b(b), loc(loc), acc(acc) {}

  Expr wrap(mlir::Value v) { return {this, v}; }
  Expr index(int64_t value);
  Expr boolean(bool value);
  Expr integer(uint32_t value);
  /// A constant of the float type, `acc` unless told.
  Expr real(double value, mlir::Type type = {});
  Expr minusInfinity(mlir::Type type = {});

  /// The extent of a dimension as attribute or value, and as an expression.
  mlir::OpFoldResult size(mlir::Value tensor, unsigned dim);
  Expr extent(mlir::Value tensor, unsigned dim) { return extent(size(tensor, dim)); }
  Expr extent(mlir::OpFoldResult size);
  mlir::OpFoldResult ceilDivSize(mlir::OpFoldResult size, int64_t by);

  /// tensor[indices]; floats of less than 32 bits are widened to `acc`.
  Expr read(mlir::Value tensor, Indices indices);

  /// A new tensor whose element at x is formula(x).
  mlir::Value compute(Sizes sizes, mlir::Type element, Formula formula);
  /// The same in place of `init`, cast to its element type.
  mlir::Value computeInto(mlir::Value init, Formula formula);

  /// body(i, carried) for i = from, from+1 ... < to.
  llvm::SmallVector<Expr>
  loop(Expr from, Expr to, llvm::ArrayRef<Expr> initial,
       llvm::function_ref<llvm::SmallVector<Expr>(Expr, llvm::ArrayRef<Expr>)> body);
  /// initial + term(from) + term(from+1) ..., in that order.
  Expr sum(Expr from, Expr to, Expr initial, llvm::function_ref<Expr(Expr)> term);
  /// Whether any term is true.
  Expr any(Expr from, Expr to, llvm::function_ref<Expr(Expr)> term);
  /// How many terms are true (index).
  Expr count(Expr from, Expr to, llvm::function_ref<Expr(Expr)> term);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::FloatType acc; ///< f32 or f64
};

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLINALG_EMITTER_H
