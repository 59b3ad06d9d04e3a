//===- ExprBuilder.h - Scalar expressions from IR ---------------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_EXPRBUILDER_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_EXPRBUILDER_H

#include "ScalarExpr.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace qsat::raise {

enum class ReduceKind { Add, Max, And, Or, Other };

/// A result of an op that reduces over some of its loops:
/// `out = combine(out, body)`.
struct Reduction {
  mlir::Operation *op; ///< a linalg op, or tosa.matmul or tosa.reduce_*
  unsigned result;
  ReduceKind kind;
  /// The value in the body of a linalg op that is combined.
  mlir::Value body;
  llvm::SmallVector<unsigned> loops; ///< the reduction loops, in order, or the axis
  bool ignoresNaN = false;           ///< a maximum by maxnumf
};

/// The loop indices at which `op` computes the element `indices` of its result: from
/// the map of the result, else from `loops`, where reductions are given, else 0 for
/// a loop that runs once. Fails where a loop is none of these.
mlir::LogicalResult loopsAt(mlir::linalg::LinalgOp op, unsigned result,
                            llvm::ArrayRef<mlir::AffineExpr> indices,
                            llvm::SmallVectorImpl<mlir::AffineExpr> &loops);

/// The reduction that defines `tensor`, if one does.
std::optional<Reduction> reductionOf(mlir::Value tensor);

/// A two-valued constant tensor that is a band in two of its dimensions, as
/// `value[x] = lo <= x[col] - x[row] <= hi ? inside : outside`.
struct Band {
  unsigned row, col;
  std::optional<int64_t> lo, hi;
  mlir::Attribute inside, outside;
};
std::optional<Band> bandOf(mlir::ElementsAttr value);

/// The bands of constants, which all candidates of a function share.
using BandCache = llvm::DenseMap<mlir::Attribute, std::optional<Band>>;

/// Reads scalar expressions off linalg-on-tensors IR.
class ExprBuilder {
public:
  ExprBuilder(ExprContext &exprs, BandCache &bands)
      : exprs(exprs), sizes(exprs.sizes), bands(bands) {}

  /// What the load reads, in terms of loads of the operands of the op that
  /// defines its tensor; null where that is no elementwise op or movement.
  Node *step(Node *load);

  /// Steps while `node` is a load that can be looked into.
  Node *head(Node *node);

  /// `node` with every load looked into, down to reductions, arguments and
  /// whatever is neither elementwise nor movement.
  Node *expand(Node *node);

  /// The element that `load`, of a reduction, combines at `loopIndices` of its
  /// reduction loops, in terms of loads of the operands. Null when unknown.
  Node *reduceBody(Node *load, const Reduction &reduction,
                   llvm::ArrayRef<mlir::AffineExpr> loopIndices);

  /// The value that the reduction starts from.
  Node *reduceInit(Node *load, const Reduction &reduction);

  /// The extents of the reduction loops.
  llvm::SmallVector<mlir::AffineExpr> reduceExtents(const Reduction &reduction);

  /// `x` in another type by arith casts, an i1 as 0 or 1; null where a float
  /// would become an integer.
  Node *convert(Node *x, mlir::Type type);

  ExprContext &exprs;

private:
  Node *stepUncached(Node *load);
  Node *stepLinalg(mlir::linalg::LinalgOp op, unsigned result,
                   llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepElementwise(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepConstant(mlir::DenseElementsAttr value, Node *load);
  Node *stepBand(mlir::ElementsAttr value, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepFoldedBand(mlir::DenseElementsAttr value, mlir::AffineExpr index);
  Node *stepMovement(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepConcat(mlir::ValueRange inputs, unsigned dim,
                   llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepReshape(mlir::Value source, mlir::Value result,
                    llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepPad(mlir::Value source, llvm::ArrayRef<mlir::OpFoldResult> low,
                llvm::ArrayRef<mlir::AffineExpr> indices);
  // TOSA.
  Node *stepTosa(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *stepTosaMovement(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *reduceTosa(Node *load, const Reduction &reduction, mlir::AffineExpr index);
  Node *initTosa(const Reduction &reduction, mlir::Type type);
  /// The value `target` of the body of `op` at the given loop indices.
  Node *evaluateBody(mlir::linalg::LinalgOp op, mlir::Value target,
                     llvm::ArrayRef<mlir::AffineExpr> loops);
  /// What the values in the body of `op` are at the loop indices `loops`.
  struct BodyValues {
    mlir::linalg::LinalgOp op;
    llvm::ArrayRef<mlir::AffineExpr> loops;
    llvm::SmallDenseSet<mlir::Value, 16> needed;
    llvm::SmallDenseMap<mlir::Value, Node *, 16> values;
  };
  Node *lookup(mlir::Value value, BodyValues &body);
  bool evaluateBlock(mlir::Block *block, BodyValues &body);
  Node *evaluateOp(mlir::Operation *inner, BodyValues &body);
  /// A scalar SSA value outside of any body.
  Node *outerScalar(mlir::Value value, unsigned depth = 0);

  DimSizes &sizes;
  llvm::DenseMap<Node *, Node *> stepped, expanded;
  BandCache &bands;
  unsigned gatherDepth = 0;
};

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_EXPRBUILDER_H
