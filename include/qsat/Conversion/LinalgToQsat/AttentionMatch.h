//===- AttentionMatch.h - Attentions found in linalg IR ---------*- C++ -*-===//
//
// What qsat-raise-attention is made of, for other passes and transform ops: find
// an attention, look at it, and rewrite it or not.
//
//   AttentionFinder finder(function);
//   for (Operation *op : finder.candidates())
//     if (FailureOr<AttentionMatch> match = finder.match(op); succeeded(match))
//       if (match->shape.keys >= 4096)
//         AttentionFinder::raise(rewriter, *match);
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_CONVERSION_LINALGTOQSAT_ATTENTIONMATCH_H
#define QSAT_CONVERSION_LINALGTOQSAT_ATTENTIONMATCH_H

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseSet.h"

#include <memory>
#include <optional>
#include <string>

namespace qsat::raise {

struct Node;
class ExprContext;
class DimSizes;
struct MatchCaches;

/// One elementwise step of a score, applied to the score x so far.
struct ScoreStep {
  enum Kind {
    Multiply,     ///< x * operand
    Divide,       ///< x / operand
    Add,          ///< x + operand
    Subtract,     ///< x - operand
    SubtractFrom, ///< operand - x
    Tanh,         ///< tanh(x)
    Fill,         ///< operand ? x : fill
    AddFill,      ///< operand ? x : x + fill
    Clamp         ///< max(x, fill)
  };
  Kind kind;
  Node *operand = nullptr; ///< a boolean, true where visible, for fills
  double fill = 0;

  bool isMask() const { return kind == Fill || kind == AddFill; }
  bool isAddend() const { return kind == Add || kind == Subtract || kind == SubtractFrom; }
};

/// The structural mask: key j is visible to row i when
/// i + start + lower <= j <= i + start + upper.
struct MaskBounds {
  std::optional<int64_t> lower, upper;
  /// A size that is known at run time, as the length of a cache; null for 0.
  mlir::AffineExpr start;

  /// As the attribute of the ops, for rows that are counted from `start`; null without bounds.
  MaskAttr asAttribute(mlir::MLIRContext *context) const;
};

/// The sizes of an attention; ShapedType::kDynamic where they are not constants.
struct AttentionShape {
  int64_t batch, heads, kvHeads, queries, keys, depth, width;
};

/// o[out] = sum over keys of softmax(steps(scale * sum over depth q k)) v.
/// q, k and v are scalars at one point of the iteration space; the variables
/// of that space have one role each. Valid as long as its finder is, and as the
/// ops that it was read from.
struct AttentionMatch {
  mlir::Value root;                            ///< the tensor to replace
  llvm::SmallVector<mlir::AffineExpr> outIndices; ///< of root, in the variables
  Node *q = nullptr, *k = nullptr, *v = nullptr; ///< see tensorOf
  double scale = 1.0;
  /// About how large scale * <q, k> is when what q and k read is about 1: the
  /// constants in them count.
  double scoreSize = 0;
  llvm::SmallVector<ScoreStep> steps; ///< from the product to the softmax
  MaskBounds mask;
  /// Rows that see no key, by `mask` and where this boolean of a key is true, average the
  /// values of all keys, as a finite number in place of all scores of a row has it. Null
  /// where there are no such rows. Does not depend on the row.
  Node *visibleKeys = nullptr;
  Node *sink = nullptr;   ///< a further logit that takes mass but no value
  Node *scoreNode = nullptr; ///< the argument of the softmax
  mlir::Type softmaxType;    ///< of the exponentials
  llvm::SmallVector<mlir::AffineExpr> keyIndices;
  Node *addend = nullptr; ///< what the value contraction starts from
  /// Roles, each outer to inner: batch and the last of them, the key/value
  /// head; the query heads of one key/value head; query rows; keys; q.k
  /// features; v features.
  llvm::SmallVector<unsigned> batch, groups, rows, keys, depth, width;
  AttentionShape shape;
  std::shared_ptr<ExprContext> exprs; ///< owns the nodes
};

/// The tensor that an operand is read from, through reshapes, transposes and
/// broadcasts; null where it is computed element by element.
mlir::Value tensorOf(const Node *operand);

/// What a match may change beyond reassociation.
struct MatchOptions {
  /// Exponentials need not be shifted by the row maximum.
  bool allowUnshifted = false;
  /// Rows all of whose keys are hidden by a finite number may have any result.
  bool ignoreHiddenRows = false;
  /// Find out why there is no match, which takes longer than to know that there is none.
  bool explain = true;
};

/// Finds the attentions of one function. Ops may be added while it is used, but
/// not erased.
class AttentionFinder {
public:
  explicit AttentionFinder(mlir::Operation *function, MatchOptions options = {});
  ~AttentionFinder();

  /// `match` is worth trying on `op`: it is a reduction. Cheap, unlike making a finder.
  static bool isCandidate(mlir::Operation *op);
  /// The candidates of the function.
  llvm::SmallVector<mlir::Operation *> candidates() const;

  /// The attention that ends in `op`: the sum over the keys of weights times values,
  /// or the division that follows it where normalisation is deferred. On failure
  /// `reason` says why.
  mlir::FailureOr<AttentionMatch> match(mlir::Operation *op);

  /// Why the last match failed; empty when nothing in it resembles attention, or
  /// without MatchOptions::explain.
  llvm::StringRef reason() const { return why; }

  /// `op` sums exponentials of scores of queries and keys, and nothing that was
  /// matched so far divides by it: a softmax without values.
  bool isSoftmaxWithoutValues(mlir::Operation *op);

  /// Replaces the root of `match` by a qsat.attention, before the op that defines
  /// it. What computed it is left, without users.
  static AttentionOp raise(mlir::RewriterBase &rewriter, const AttentionMatch &match);

private:
  mlir::Operation *function;
  MatchOptions options;
  std::unique_ptr<DimSizes> sizes;
  std::unique_ptr<MatchCaches> caches;
  llvm::DenseSet<mlir::Operation *> divisors; ///< that candidates were seen to have
  std::string why;
};

} // namespace qsat::raise

#endif // QSAT_CONVERSION_LINALGTOQSAT_ATTENTIONMATCH_H
