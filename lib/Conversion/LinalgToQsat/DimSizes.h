//===- DimSizes.h - Sizes of dimensions as symbolic expressions -*- C++ -*-===//
//
// What is known of dynamic sizes: a dimension is a polynomial of symbols, and
// dimensions that an operation requires to be equal have the same polynomial.
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_DIMSIZES_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_DIMSIZES_H

#include "IndexSimplify.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace qsat::raise {

/// Values of the symbols of index expressions.
using SymbolValues = llvm::DenseMap<mlir::AffineExpr, mlir::Value>;

/// `expr` as operations, given the values of its dimensions and symbols.
mlir::Value emitIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::AffineExpr expr,
                      mlir::ValueRange dims, const SymbolValues &symbols);

/// A shape of constants as integers; what is not constant is dynamic.
llvm::SmallVector<int64_t> staticShape(llvm::ArrayRef<mlir::AffineExpr> shape);

/// The sizes of the tensors of one function. A symbol stands for a dimension or
/// a scalar that is used as one; it is taken to be at least 1, since nothing is
/// computed where a size is 0.
class DimSizes {
public:
  /// Reads the equalities that the operations of `function` require.
  explicit DimSizes(mlir::Operation *function);

  /// Dimension `dim` of `tensor`: a constant or an expression of symbols.
  mlir::AffineExpr sizeOf(mlir::Value tensor, unsigned dim);
  llvm::SmallVector<mlir::AffineExpr> shapeOf(mlir::Value tensor);

  /// An integer or index as an expression of symbols, or null.
  mlir::AffineExpr valueOf(mlir::Value scalar) { return resolve(read(scalar, 0)); }

  /// 1 where `size` is 1, else 0: `index * notOne(size)` is the index into a
  /// dimension that is repeated when its size is 1.
  mlir::AffineExpr notOne(mlir::AffineExpr size);

  /// `size` as a value at the insertion point of `builder`.
  mlir::OpFoldResult emit(mlir::OpBuilder &builder, mlir::Location loc, mlir::AffineExpr size);
  llvm::SmallVector<mlir::OpFoldResult> emit(mlir::OpBuilder &builder, mlir::Location loc,
                                             llvm::ArrayRef<mlir::AffineExpr> shape);
  /// Emits the values of the symbols in `expr` that `values` does not hold yet.
  void emitSymbols(mlir::OpBuilder &builder, mlir::Location loc, mlir::AffineExpr expr,
                   SymbolValues &values);

  mlir::MLIRContext *getContext() const { return vars.getContext(); }

private:
  /// What a symbol stands for.
  struct Symbol {
    mlir::Value value; ///< a tensor or a scalar
    unsigned dim;
    mlir::AffineExpr flag;  ///< for notOne, of this
    mlir::AffineExpr bound; ///< what it was found to be equal to, or null
  };

  mlir::AffineExpr add(Symbol symbol);
  Symbol &at(mlir::AffineSymbolExpr symbol);
  mlir::AffineExpr symbolOf(mlir::Value tensor, unsigned dim);
  mlir::AffineExpr readSize(mlir::Value tensor, unsigned dim, unsigned depth);
  mlir::AffineExpr read(mlir::Value scalar, unsigned depth);
  mlir::AffineExpr readOp(mlir::Operation *op, unsigned depth);
  std::optional<bool> readCondition(mlir::Value condition, unsigned depth);
  mlir::AffineExpr resolve(mlir::AffineExpr expr);
  void equate(mlir::AffineExpr x, mlir::AffineExpr y);
  void readRequirements(mlir::Operation &op);

  VarTable vars; ///< without variables, for simplifications
  llvm::SmallVector<Symbol> symbols;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>, mlir::AffineExpr> sizes, ofDim;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> ofScalar;
  llvm::DenseMap<mlir::AffineExpr, mlir::AffineExpr> flags;
};

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_DIMSIZES_H
