//===- ExpandMath.cpp - Math functions as arithmetic ----------------------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace qsat {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {

/// x^n with an integer that is not a constant: neither LLVM (i32 only) nor
/// libm has it for every type.
struct GeneralPowI : OpRewritePattern<math::FPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FPowIOp op, PatternRewriter &rewriter) const override {
    Value exponent = arith::SIToFPOp::create(rewriter, op.getLoc(), op.getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<math::PowFOp>(op, op.getLhs(), exponent, op.getFastmath());
    return success();
  }
};

struct ExpandMathPass : qsat::impl::ExpandMathPassBase<ExpandMathPass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathAlgebraicSimplificationPatterns(patterns);
    patterns.add<GeneralPowI>(&getContext(), /*benefit=*/0);
    if (approximate) {
      auto isApproximated = [](StringRef name) {
        return llvm::is_contained({math::ExpOp::getOperationName(), math::ExpM1Op::getOperationName(),
                                   math::LogOp::getOperationName(), math::Log2Op::getOperationName(),
                                   math::Log1pOp::getOperationName(), math::TanhOp::getOperationName(),
                                   math::ErfOp::getOperationName()},
                                  name);
      };
      populateMathF32ExpansionPatterns(patterns, isApproximated);
      populateMathPolynomialApproximationPatterns(patterns, isApproximated);
    }
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
