//===- Materialize.h - IR from scalar expressions ---------------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_MATERIALIZE_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_MATERIALIZE_H

#include "ScalarExpr.h"

#include "mlir/IR/Builders.h"

namespace qsat::raise {

/// Writes scalar expressions as operations.
class NodeEmitter {
public:
  /// `coordinates[v]` is variable v as an affine expression in the dimensions
  /// whose values are `dims`; `symbols` are the values of the symbols.
  NodeEmitter(mlir::OpBuilder &builder, mlir::Location loc,
              llvm::ArrayRef<mlir::AffineExpr> coordinates, mlir::ValueRange dims,
              const SymbolValues &symbols)
      : builder(builder), loc(loc), coordinates(coordinates), dims(dims.begin(), dims.end()),
        symbols(symbols) {}

  /// The value of `node`. Loads and scalars must have been given by `bind`.
  mlir::Value emit(Node *node);
  void bind(Node *leaf, mlir::Value value) { values[leaf] = value; }

private:
  mlir::Value emitOne(Node *node);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::ArrayRef<mlir::AffineExpr> coordinates;
  llvm::SmallVector<mlir::Value> dims;
  const SymbolValues &symbols;
  llvm::DenseMap<Node *, mlir::Value> values;
};

/// Emits the values of all sizes that index expressions below `roots`, at
/// `coordinates`, speak of.
void emitSymbols(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<Node *> roots,
                 llvm::ArrayRef<mlir::AffineExpr> coordinates, DimSizes &sizes,
                 SymbolValues &values);

/// The loads and scalars below `roots`, in a fixed order, and what is gathered, if
/// `withGathers`.
llvm::SmallVector<Node *> leavesOf(llvm::ArrayRef<Node *> roots, bool withGathers = false);

/// Variables of each dimension of a tensor, outer to inner.
using DimGroups = llvm::SmallVector<llvm::SmallVector<unsigned>>;

/// The product of the extents of `group`.
mlir::AffineExpr extentOf(llvm::ArrayRef<unsigned> group, const VarTable &vars);

/// The mixed-radix sum of `group`.
mlir::AffineExpr linearIndex(llvm::ArrayRef<unsigned> group, const VarTable &vars);

/// The variables as parts of the index into the dimension of their group, which
/// is affine dimension k for groups[k]; variables of no group are 0.
llvm::SmallVector<mlir::AffineExpr> coordinatesIn(const DimGroups &groups, const VarTable &vars);

/// A tensor whose dimension k runs over `groups[k]` and whose elements are
/// `element`: by slicing, reshaping, transposing and broadcasting where that
/// suffices, else by a linalg.generic.
mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc, Node *element,
                        const DimGroups &groups, ExprContext &exprs);

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_MATERIALIZE_H
