//===- AttentionMatcher.h - Finds one attention in linalg IR ----*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_LINALGTOQSAT_ATTENTIONMATCHER_H
#define QSAT_LIB_CONVERSION_LINALGTOQSAT_ATTENTIONMATCHER_H

#include "ExprBuilder.h"

#include "qsat/Conversion/LinalgToQsat/AttentionMatch.h"

#include <string>

namespace qsat::raise {

/// Which tensors are computed from an exponential with no reduction in between. Every op
/// is looked at once for all candidates of a function.
class ExponentialReach {
public:
  bool reaches(mlir::Value tensor);

private:
  llvm::DenseMap<mlir::Operation *, bool> known;
};

/// What the candidates of a function share.
struct MatchCaches {
  BandCache bands;
  ExponentialReach exponentials;
};

/// Finds attentions. One matcher serves one candidate.
class AttentionMatcher {
public:
  AttentionMatcher(std::shared_ptr<ExprContext> context, MatchCaches &caches,
                   MatchOptions options = {})
      : context(context), exprs(*context), builder(exprs, caches.bands),
        exponentials(caches.exponentials), options(options) {}

  /// Matches `root`: a contraction with values, or the division of one by the
  /// sum of its weights. On failure `reason` says why.
  mlir::FailureOr<AttentionMatch> match(mlir::Value root);

  /// `sum` adds up exponentials of scores of queries and keys.
  bool isScoreSum(mlir::Value sum);

  /// Why there is no match. Empty when nothing in it resembles attention.
  std::string reason;
  /// The sums of exponentials that were found to divide, or not to divide, the
  /// weights of the candidate.
  llvm::SmallVector<mlir::Operation *> divisors;

private:
  /// A softmax over the keys: exp(score - max) / sum.
  struct Softmax {
    Node *score = nullptr;
    Node *sink = nullptr;
    mlir::Type type;     ///< of the exponentials
    double lnBase = 1.0; ///< ln of the base of the exponential
    Node *allHidden = nullptr; ///< a condition under which P is 0, or null
  };
  /// A sum over the keys, and possibly over one further index.
  struct RowReduction {
    Node *rest = nullptr; ///< the element at the further index
  };
  /// exp(logit - shifts) in some base; no key index occurs in the shifts.
  struct Exponential {
    Node *node = nullptr;
    Node *logit = nullptr;
    llvm::SmallVector<Node *> shifts; ///< innermost first
    double lnBase = 1.0;
  };
  enum class Cone { None, Exponential, Deep };
  struct Product {
    Node *q, *k, *init;
    double scale;
  };

  // One attempt at the given index expressions.
  mlir::FailureOr<AttentionMatch> matchOnce(mlir::Value root);
  double sizeOfScores(const AttentionMatch &match);
  mlir::FailureOr<AttentionMatch> matchValues(mlir::Value root, Node *contraction, Node *sum);
  bool splitVariables(const AttentionMatch &match);
  mlir::LogicalResult assignRoles(AttentionMatch &match, Node *score);

  // Softmax.
  mlir::FailureOr<Softmax> matchSoftmax(Node *p, Node *sum);
  std::optional<Exponential> matchExponential(Node *node);
  Cone lookForExponential(Node *p);
  mlir::FailureOr<Softmax> matchSoftmaxOp(Node *p);
  mlir::LogicalResult describeWeights(Node *weights, Node *p, bool isDivided);
  mlir::LogicalResult describeDivisor(Node *load, const Exponential &e,
                                      const std::optional<Exponential> &term);
  bool splitDivisor(Node *sum, Node *&reduction, Node *&sinkTerm);
  Node *matchSink(Node *term, const Exponential &e);
  bool readsScores(Node *sink, Node *logit);
  bool isMaxOf(Node *node, Node *logit, llvm::ArrayRef<Node *> guards, Node *sink);
  bool isShiftedByMaxima(const Exponential &e, llvm::ArrayRef<Node *> guards, Node *sink);
  std::optional<RowReduction> matchRowReduction(Node *load, ReduceKind kind,
                                                llvm::function_ref<bool(Node *)> isElement);
  bool isAllHidden(Node *condition, Node *score, const AttentionMatch &match);

  // Scores.
  mlir::LogicalResult matchScores(const Softmax &softmax, AttentionMatch &match);
  mlir::LogicalResult addBias(Node *bias, llvm::SmallVectorImpl<ScoreStep> &steps);
  std::optional<Product> matchProduct(Node *load);
  std::optional<Product> matchProductUncached(Node *load);
  bool containsProduct(Node *node);
  unsigned keyRank(Node *root, Node *v);
  /// `node` looked into, through casts, until neither a load nor a cast is on top.
  Node *bare(Node *node);
  std::pair<Node *, double> peel(Node *node);
  /// The factors of a product, looked through casts; constants are multiplied
  /// into `scale`.
  llvm::SmallVector<Node *> factorsOf(Node *node, double &scale);
  /// The scores that `node` clamps from below at a number that only a hidden
  /// score is under, or null.
  Node *clampedScores(Node *node, double &floor);

  mlir::LogicalResult fail(const llvm::Twine &why) {
    reason = why.str();
    return mlir::failure();
  }
  /// The number of values that an index expression from 0 takes, or -1.
  mlir::AffineExpr sizeOf(mlir::AffineExpr index) const;
  bool hasKeys(Node *n) const { return n->vars & keyVars; }

  std::shared_ptr<ExprContext> context;
  ExprContext &exprs;
  ExprBuilder builder;
  ExponentialReach &exponentials;
  llvm::SmallVector<mlir::AffineExpr> outIndices, keyIndices;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::AffineExpr>> depthIndices;
  MatchOptions options;
  uint64_t keyVars = 0;
  llvm::DenseMap<Node *, std::optional<Product>> products;
  llvm::DenseMap<Node *, bool> containsProductMemo;
  /// The largest finite number that a maximum of scores starts from or is
  /// clamped at.
  double maxFloor = -std::numeric_limits<double>::infinity();
};

/// Looks through extf and truncf, which attention does in its accumulation
/// type.
Node *stripCasts(Node *node);

/// `node` = 1 / x, or null.
Node *reciprocalOf(Node *node);

/// `node` = visible ? x : 0, or x times the condition as a number; returns x.
Node *guardOf(Node *node, Node *&visible, ExprContext &exprs);

/// `score` is -inf wherever `visible` is false.
bool isHiddenWithout(Node *score, Node *visible, ExprContext &exprs, unsigned depth = 0);

/// `a` and `b` are the same exponential up to the order of their shifts.
bool isSameShift(llvm::ArrayRef<Node *> a, llvm::ArrayRef<Node *> b);

/// About how large `node` is when what it reads from tensors is about 1.
double typicalSize(Node *node, const VarTable &vars);

/// What `steps` fill in or add may overflow when multiplied by `factor` in the type of the
/// scores: constants near the lowest number, or what a tensor holds.
bool mayOverflow(llvm::ArrayRef<ScoreStep> steps, double factor, mlir::Type type,
                 const VarTable &vars);

/// The clamp `steps[at]` may change a score other than one that a -inf mask right below it
/// hides, which has become the clamp's number: what is below may add up to less. The steps
/// are outermost first.
bool mayClamp(llvm::ArrayRef<ScoreStep> steps, unsigned at);

/// Moves what it can of the mask steps of `match` to its structural mask.
/// `ignoreHiddenRows` allows any result for rows all of whose keys are hidden.
void extractMask(AttentionMatch &match, ExprContext &exprs, bool ignoreHiddenRows);

/// Replaces the root of `match` by qsat.attention, before the op that defines it.
AttentionOp buildAttention(mlir::RewriterBase &rewriter, const AttentionMatch &match);

} // namespace qsat::raise

#endif // QSAT_LIB_CONVERSION_LINALGTOQSAT_ATTENTIONMATCHER_H
