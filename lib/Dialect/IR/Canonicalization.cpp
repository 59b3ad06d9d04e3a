//===- Canonicalization.cpp - Canonicalisations of the qsat ops -----------===//

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace qsat;

namespace {

/// A mask that hides nothing is dropped.
struct DropTrivialMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const final {
    if (!op.getMaskAttr() || !op.getMaskAttr().isTrivial())
      return rewriter.notifyMatchFailure(op, "the mask hides keys, or there is none");
    rewriter.modifyOpInPlace(op, [&] { op.removeMaskAttr(); });
    return success();
  }
};

/// A region that yields its score argument is dropped, with its extras.
struct DropIdentityRegion : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const final {
    if (!op.hasScoreRegion())
      return rewriter.notifyMatchFailure(op, "no score region");
    Block &block = op.getScore().front();
    if (cast<YieldOp>(block.getTerminator()).getScore() != block.getArgument(0))
      return rewriter.notifyMatchFailure(op, "the region changes the score");
    rewriter.modifyOpInPlace(op, [&] {
      op.getScore().dropAllReferences();
      op.getScore().getBlocks().clear();
      op.getExtrasMutable().clear();
      op.setExtraMapsAttr(rewriter.getAffineMapArrayAttr({}));
    });
    return success();
  }
};

/// Extras whose block argument has no use are dropped.
struct DropUnusedExtras : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const final {
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

/// An lse result that nobody reads is not computed.
struct DropUnusedLse : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const final {
    if (op.getNumResults() != 2 || !op.getResult(1).use_empty())
      return rewriter.notifyMatchFailure(op, "no lse result, or it is used");
    auto slim = AttentionOp::create(rewriter, op.getLoc(), TypeRange{op.getO().getType()},
                                    op.getQ(), op.getK(), op.getV(), op.getExtras(),
                                    op.getPosition(), ValueRange{op.getO()}, op.getScaleAttr(),
                                    op.getMaskAttr(), op.getExtraMapsAttr());
    rewriter.inlineRegionBefore(op.getScore(), slim.getScore(), slim.getScore().end());
    rewriter.replaceAllUsesWith(op.getResult(0), slim.getResult(0));
    rewriter.eraseOp(op);
    return success();
  }
};

/// True when every element of `lse` is known to be -inf: nothing was attended.
static bool isNegativeInfinity(Value lse) {
  DenseFPElementsAttr splat;
  if (matchPattern(lse, m_Constant(&splat)) && splat.isSplat()) {
    APFloat f = splat.getSplatValue<APFloat>();
    return f.isInfinity() && f.isNegative();
  }
  return false;
}

/// merge(o1, lse1, x, -inf) is (o1, lse1), and the other way round.
struct FoldMergeWithNothing : OpRewritePattern<MergeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MergeOp op, PatternRewriter &rewriter) const final {
    if (op.getNumResults() == 0)
      return rewriter.notifyMatchFailure(op, "on memrefs the inits must be written");
    if (isNegativeInfinity(op.getLse2()))
      rewriter.replaceOp(op, {op.getO1(), op.getLse1()});
    else if (isNegativeInfinity(op.getLse1()))
      rewriter.replaceOp(op, {op.getO2(), op.getLse2()});
    else
      return rewriter.notifyMatchFailure(op, "neither lse is known to be -inf");
    return success();
  }
};

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropTrivialMask, DropIdentityRegion, DropUnusedExtras, DropUnusedLse>(context);
}

void MergeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldMergeWithNothing>(context);
}
