//===- ScalarExpr.h - What one element of a tensor is -----------*- C++ -*-===//
//
// An element of a tensor at symbolic indices as a hash-consed expression: two
// elements that are computed the same way are the same node, whatever reshapes,
// transposes, broadcasts and fused bodies lie between.
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_SCALAREXPR_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_SCALAREXPR_H

#include "DimSizes.h"
#include "IndexSimplify.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/FoldingSet.h"
#include "llvm/Support/Allocator.h"

namespace qsat::raise {

/// One scalar.
struct Node : llvm::FoldingSetNode {
  enum Kind {
    Const,  ///< `attribute`, an integer or a float
    Index,  ///< `indices[0]`, of an integer or index type
    Load,   ///< `value[indices]`, a tensor element that is not looked into
    Scalar, ///< `value`, a scalar of the IR
    Op      ///< `op` applied to `operands`
  };

  Kind kind;
  mlir::Type type;
  mlir::Attribute attribute;
  mlir::Value value;
  /// An operation that computes this; only its name and attributes count, and the tensor of a
  /// tensor.extract, whose operands here are the indices.
  mlir::Operation *op = nullptr;
  llvm::ArrayRef<mlir::AffineExpr> indices;
  llvm::ArrayRef<Node *> operands;
  /// The variables that occur in this, as in varsOf.
  uint64_t vars = 0;

  void Profile(llvm::FoldingSetNodeID &id) const;
  /// The result type of `op`, or its element type when `op` is on tensors.
  static mlir::Type typeOf(mlir::Operation *op);

  /// True for an application of OpTy.
  template <typename OpTy> bool is() const {
    return kind == Op && mlir::isa<OpTy>(op);
  }
  /// An element of a tensor at indices that are no index expressions, but computed from some.
  bool isGather() const;
  bool isConst() const { return kind == Const; }
  /// The value of a float constant.
  std::optional<double> floatValue() const;
  /// The value of an integer constant; i1 true is 1.
  std::optional<int64_t> intValue() const;
  bool isTrue() const { return type.isInteger(1) && intValue() == 1; }
  bool isFalse() const { return type.isInteger(1) && intValue() == 0; }
};

/// Visits `roots` and what is below them, each node once and before its operands, these in order.
/// Below a node for which `visit` returns false nothing is visited through it.
void walk(llvm::ArrayRef<Node *> roots, llvm::function_ref<bool(Node *)> visit);
/// Visits what is below `root` and `root`, operands first and in order, as long as `isDone` does
/// not hold; it must hold for what was visited.
void walkPostOrder(Node *root, llvm::function_ref<bool(Node *)> isDone,
                   llvm::function_ref<void(Node *)> visit);

/// Owns and uniques nodes, and simplifies them as they are made.
class ExprContext {
public:
  explicit ExprContext(DimSizes &sizes)
      : vars(sizes.getContext()), sizes(sizes), context(sizes.getContext()) {}
  ~ExprContext();
  ExprContext(const ExprContext &) = delete;

  Node *constant(mlir::TypedAttr value);
  Node *boolean(bool value);
  /// The index expression `expr` (simplified) as a value of `type`.
  Node *index(mlir::AffineExpr expr, mlir::Type type);
  Node *load(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices);
  Node *scalar(mlir::Value value);
  /// `op` (its name, attributes and scalar result type) applied to `operands`.
  Node *apply(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  /// OpTy, an operation without attributes that matter, applied to `operands`.
  template <typename OpTy>
  Node *make(mlir::Type type, llvm::ArrayRef<Node *> operands) {
    return make(OpTy::getOperationName(), type, operands);
  }
  Node *make(llvm::StringRef name, mlir::Type type, llvm::ArrayRef<Node *> operands,
             mlir::NamedAttrList attributes = {});
  Node *compare(mlir::arith::CmpFPredicate predicate, Node *x, Node *y);
  Node *compare(mlir::arith::CmpIPredicate predicate, Node *x, Node *y);
  Node *floatConstant(mlir::Type type, double value);
  /// The negation of a boolean.
  Node *negate(Node *condition);
  /// `condition ? yes : no`.
  Node *select(Node *condition, Node *yes, Node *no);

  /// `x and y` on booleans.
  Node *conjunction(Node *x, Node *y);
  /// `node` with other index expressions in place of variables.
  Node *substitute(Node *node, const llvm::DenseMap<mlir::AffineExpr, mlir::AffineExpr> &map);
  /// `x <= y` on index expressions.
  Node *lessEqual(mlir::AffineExpr x, mlir::AffineExpr y);

  VarTable vars;
  DimSizes &sizes;
  mlir::MLIRContext *getContext() const { return context; }

private:
  Node *unique(const Node &proto);
  Node *simplifyInteger(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *simplifyBoolean(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *simplifyCompare(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *simplifyFloat(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *foldConstants(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *throughSelect(mlir::Operation *op, llvm::ArrayRef<Node *> operands);
  Node *selectIndex(Node *condition, Node *yes, Node *no);
  mlir::Value placeholder(mlir::Type type);

  mlir::MLIRContext *context;
  llvm::BumpPtrAllocator allocator;
  llvm::FoldingSet<Node> nodes;
  /// Operations that exist only to be named where an expression is made without
  /// IR, and values that stand for their operands.
  llvm::SmallVector<mlir::OwningOpRef<mlir::Operation *>> prototypes;
  llvm::DenseMap<std::tuple<const void *, mlir::Type, mlir::Type, mlir::Attribute>,
                 mlir::Operation *>
      named;
  llvm::DenseMap<mlir::Type, mlir::Value> placeholders;
};

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_SCALAREXPR_H
