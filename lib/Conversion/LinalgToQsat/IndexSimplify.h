//===- IndexSimplify.h - Index expressions with known ranges ----*- C++ -*-===//
//
// Index expressions are affine expressions over variables with known extents.
// Reshapes turn into floordiv and mod of mixed-radix sums; knowing the extents,
// these simplify away: (b * H + h) floordiv H is b when 0 <= h < H.
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_INDEXSIMPLIFY_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_INDEXSIMPLIFY_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace qsat::raise {

/// The variables that index expressions speak of: variable v is the affine
/// dimension v and runs over [0, extent(v)).
class VarTable {
public:
  explicit VarTable(mlir::MLIRContext *context) : context(context) {}

  /// Adds a variable; `extent` is a constant or a symbol. Returns its
  /// expression, which is the constant 0 for extent 1.
  mlir::AffineExpr add(mlir::AffineExpr extent);
  mlir::AffineExpr add(int64_t extent);

  /// As add, but a variable even when it takes one value.
  mlir::AffineExpr addKeepingUnits(mlir::AffineExpr extent);

  unsigned size() const { return extents.size(); }
  mlir::AffineExpr extent(unsigned var) const { return extents[var]; }
  /// The extent when it is static.
  std::optional<int64_t> staticExtent(unsigned var) const;
  mlir::MLIRContext *getContext() const { return context; }

private:
  mlir::MLIRContext *context;
  llvm::SmallVector<mlir::AffineExpr> extents;
};

/// Symbols are sizes, at least 1, except those from this position on, which are
/// 0 or 1.
constexpr unsigned kFirstFlag = 1u << 20;

/// Inclusive bounds of an index expression; an absent bound is unknown.
struct IndexRange {
  std::optional<int64_t> lo, hi;
};

/// Bounds of `expr` from the extents of its variables.
IndexRange rangeOf(mlir::AffineExpr expr, const VarTable &vars);

/// `expr` is at least 0 for all values of its variables and symbols, as far as
/// that can be told.
bool isNeverNegative(mlir::AffineExpr expr, const VarTable &vars);

/// The truth of `x predicate y` if it is the same for all values of the
/// variables and symbols.
std::optional<bool> compareAlways(mlir::arith::CmpIPredicate predicate, mlir::AffineExpr x,
                                  mlir::AffineExpr y, const VarTable &vars);

/// One term `coefficient * base` of a sum; a null base is the constant 1.
struct Term {
  mlir::AffineExpr base;
  int64_t coefficient;
};

/// `expr` as a sum of terms with distinct bases in canonical order; the
/// constant, if not zero, is last.
llvm::SmallVector<Term> termsOf(mlir::AffineExpr expr, const VarTable &vars);

/// A term as stride * variable, where the stride is a positive constant times a
/// product of sizes.
std::optional<std::pair<mlir::AffineExpr, unsigned>> strideOf(const Term &term);

/// `x / by` where that is exact, else null.
mlir::AffineExpr exactQuotient(mlir::AffineExpr x, mlir::AffineExpr by, const VarTable &vars);

/// Sorts strides from the widest, which the others divide.
void sortStrides(llvm::MutableArrayRef<std::pair<mlir::AffineExpr, unsigned>> strides,
                 const VarTable &vars);

/// The canonical form of `expr`: equal expressions that arise from reshapes
/// become the same object.
mlir::AffineExpr simplifyIndex(mlir::AffineExpr expr, const VarTable &vars);

/// The variables in `expr` as a bit set (variables 64 and up all set bit 63).
uint64_t varsOf(mlir::AffineExpr expr);

/// The variables of a mixed-radix sum, outer to inner.
llvm::SmallVector<unsigned> variablesOf(mlir::AffineExpr expr, const VarTable &vars);

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_INDEXSIMPLIFY_H
