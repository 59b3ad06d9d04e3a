//===- Canonicalization.cpp - Canonicalisations of the qsat ops -----------===//

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace qsat;

namespace {

//===----------------------------------------------------------------------===//
// Masks and positions
//===----------------------------------------------------------------------===//

/// True when `op` reads the offset of its mask even though the mask hides
/// nothing: the diagonal blocks are those of the keys i + offset.
bool readsDiagonal(AttentionOp) { return false; }
bool readsDiagonal(SparseAttentionOp) { return false; }
bool readsDiagonal(AuditOp) { return false; }
bool readsDiagonal(AmplitudeScoreOp op) { return op.getEstimator() == Estimator::Cascade; }
bool readsDiagonal(AmplifiedSelectOp op) { return !op.getNoDiagonal() || op.getLocal() > 0; }

/// A mask that hides nothing is dropped.
template <typename OpTy>
struct DropTrivialMask : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    MaskAttr mask = op.getMaskAttr();
    if (!mask || !mask.isTrivial())
      return rewriter.notifyMatchFailure(op, "the mask hides keys, or there is none");
    if (mask.getOffset() != 0 && readsDiagonal(op))
      return rewriter.notifyMatchFailure(op, "the offset of the mask says where the diagonal is");
    rewriter.modifyOpInPlace(op, [&] { op.removeMaskAttr(); });
    return success();
  }
};

/// `at(0, 0, 0, 0)` is what its absence means.
template <typename OpTy>
struct DropZeroPosition : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    if (op.getPosition().empty() ||
        !llvm::all_of(op.getPosition(), [](Value v) { return matchPattern(v, m_Zero()); }))
      return rewriter.notifyMatchFailure(op, "no position, or one that is not known to be zero");
    rewriter.modifyOpInPlace(op, [&] { op.getPositionMutable().clear(); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Score regions
//===----------------------------------------------------------------------===//

/// A region that yields its score argument is dropped, with its extras.
template <typename OpTy>
struct DropIdentityRegion : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    if (!op.hasScoreRegion())
      return rewriter.notifyMatchFailure(op, "no score region");
    Block &block = op.getScore().front();
    if (cast<YieldOp>(block.getTerminator()).getScore() != block.getArgument(0))
      return rewriter.notifyMatchFailure(op, "the region changes the score");
    rewriter.modifyOpInPlace(op, [&] {
      rewriter.eraseBlock(&block);
      op.getExtrasMutable().clear();
      op.setExtraMapsAttr(rewriter.getAffineMapArrayAttr({}));
    });
    return success();
  }
};

/// Extras whose block argument has no use are dropped.
template <typename OpTy>
struct DropUnusedExtras : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    if (!op.hasScoreRegion())
      return rewriter.notifyMatchFailure(op, "no score region");
    Block &block = op.getScore().front();
    llvm::BitVector unused(block.getNumArguments());
    SmallVector<Value> extras;
    SmallVector<AffineMap> maps;
    for (auto [i, extra] : llvm::enumerate(op.getExtras())) {
      if (block.getArgument(1 + i).use_empty()) {
        unused.set(1 + i);
        continue;
      }
      extras.push_back(extra);
      maps.push_back(cast<AffineMapAttr>(op.getExtraMaps()[i]).getValue());
    }
    if (unused.none())
      return rewriter.notifyMatchFailure(op, "every extra is used");
    rewriter.modifyOpInPlace(op, [&] {
      block.eraseArguments(unused);
      op.getExtrasMutable().assign(extras);
      op.setExtraMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Optional results
//===----------------------------------------------------------------------===//

/// `op` with other operands and results; the score region moves to the new op.
/// `droppedInits` says how many inits, the last operands, `operands` lacks.
template <typename OpTy>
OpTy recreate(OpTy op, ValueRange operands, TypeRange results, unsigned droppedInits,
              PatternRewriter &rewriter) {
  OperationState state(op.getLoc(), OpTy::getOperationName());
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  auto &properties = state.getOrAddProperties<typename OpTy::Properties>();
  properties = op.getProperties();
  properties.operandSegmentSizes.back() -= droppedInits;
  state.addRegion();
  auto created = cast<OpTy>(rewriter.create(state));
  rewriter.inlineRegionBefore(op.getScore(), created.getScore(), created.getScore().end());
  return created;
}

/// The optional last result (lse of attention and amplitude_score, kept of
/// sparse_attention) is not computed when nobody reads it. `full` is the number
/// of results of an op that has it.
template <typename OpTy, unsigned full>
struct DropUnusedLastResult : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    if (op->getNumResults() != full || !op->getResults().back().use_empty())
      return rewriter.notifyMatchFailure(op, "no optional result, or it is used");
    OpTy slim = recreate(op, op->getOperands().drop_back(),
                         TypeRange(op->getResultTypes()).drop_back(), 1, rewriter);
    rewriter.replaceAllUsesWith(op->getResults().drop_back(), slim->getResults());
    rewriter.eraseOp(op);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

/// Casts that forget extents are folded into the op, as the tensor dialect does
/// for every destination-style op. Its pattern copies the op by mlir::clone,
/// which reads the first block of each region: an op without a score region
/// would crash it, so this one, of a higher benefit, comes first.
template <typename OpTy>
struct FoldCasts : OpRewritePattern<OpTy> {
  FoldCasts(MLIRContext *context) : OpRewritePattern<OpTy>(context, /*benefit=*/2) {}
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const final {
    if (!tensor::hasFoldableTensorCastOperand(op))
      return rewriter.notifyMatchFailure(op, "no operand is a cast that forgets extents");
    SmallVector<Type> types(op->getResultTypes());
    SmallVector<Value> operands =
        tensor::getUpdatedOperandsAfterCastOpFolding(op, types);
    OpTy folded = recreate(op, operands, types, 0, rewriter);
    SmallVector<Value> results;
    for (auto [was, now] : llvm::zip(op->getResults(), folded->getResults())) {
      Value result = now;
      if (was.getType() != now.getType())
        result = tensor::CastOp::create(rewriter, op.getLoc(), was.getType(), now);
      results.push_back(result);
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Merge
//===----------------------------------------------------------------------===//

/// True when every element of `lse` is known to be -inf: nothing was attended.
bool isNegativeInfinity(Value lse) {
  if (auto fill = lse.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.value(), m_NegInfFloat());
  return matchPattern(lse, m_NegInfFloat());
}

/// merge(o1, lse1, x, -inf) is (o1, lse1), and the other way round.
struct FoldMergeWithNothing : OpRewritePattern<MergeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MergeOp op, PatternRewriter &rewriter) const final {
    if (op.getNumResults() == 0)
      return rewriter.notifyMatchFailure(op, "on memrefs the inits must be written");
    SmallVector<Value, 2> kept;
    if (isNegativeInfinity(op.getLse2()))
      kept = {op.getO1(), op.getLse1()};
    else if (isNegativeInfinity(op.getLse1()))
      kept = {op.getO2(), op.getLse2()};
    else
      return rewriter.notifyMatchFailure(op, "neither lse is known to be -inf");
    // The inits may know more, or fewer, of the extents than the operands.
    for (auto [value, type] : llvm::zip(kept, op->getResultTypes()))
      if (!tensor::CastOp::areCastCompatible(value.getType(), type))
        return rewriter.notifyMatchFailure(op, "the types are not cast compatible");
    for (auto [value, type] : llvm::zip(kept, op->getResultTypes()))
      if (value.getType() != type)
        value = tensor::CastOp::create(rewriter, op.getLoc(), type, value);
    rewriter.replaceOp(op, kept);
    return success();
  }
};

/// What holds for every op with a score region.
template <typename OpTy>
void addScorePatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropTrivialMask<OpTy>, DropZeroPosition<OpTy>, DropIdentityRegion<OpTy>,
               DropUnusedExtras<OpTy>, FoldCasts<OpTy>>(context);
}

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  addScorePatterns<AttentionOp>(patterns, context);
  patterns.add<DropUnusedLastResult<AttentionOp, 2>>(context);
}

void SparseAttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *context) {
  addScorePatterns<SparseAttentionOp>(patterns, context);
  patterns.add<DropUnusedLastResult<SparseAttentionOp, 3>>(context);
}

void AmplitudeScoreOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                   MLIRContext *context) {
  addScorePatterns<AmplitudeScoreOp>(patterns, context);
  patterns.add<DropUnusedLastResult<AmplitudeScoreOp, 2>>(context);
}

void AuditOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  addScorePatterns<AuditOp>(patterns, context);
}

void AmplifiedSelectOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *context) {
  patterns.add<DropTrivialMask<AmplifiedSelectOp>, DropZeroPosition<AmplifiedSelectOp>>(context);
}

void MergeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldMergeWithNothing>(context);
}
