//===- AmplitudeScoreToLoops.cpp - qsat.amplitude_score to loops ----------===//

#include "Lowering.h"
#include "ScoreKernel.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace qsat;

static void buildScore(ScoreKernel &s) {
  switch (s.op.getEstimator()) {
  case Estimator::Exact:
  case Estimator::Rows:
    return buildRowsScore(s);
  case Estimator::Pooled:
    return buildPooledScore(s);
  case Estimator::Centroid:
    return buildCentroidScore(s, /*secondOrder=*/false);
  case Estimator::D2:
    return buildCentroidScore(s, /*secondOrder=*/true);
  case Estimator::Antidiagonal:
    return buildAntidiagonalScore(s);
  case Estimator::Cascade:
    return buildCascadeScore(s);
  }
}

LogicalResult qsat::lowerAmplitudeScore(AmplitudeScoreOp op, LoweringContext &context) {
  OpBuilder outer(op);
  // What the score region uses from above: constants are copied into the kernel.
  SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  SmallVector<Value> arguments(op->getOperands()), passed;
  for (Value value : used)
    if (!matchPattern(value, m_Constant()))
      passed.push_back(value);
  llvm::append_range(arguments, passed);

  auto emit = [&]() -> func::FuncOp {
    TaskBuilder b(op.getLoc(), outer, context.target);
    StringRef name = stringifyEstimator(op.getEstimator());
    MicroTile registers = context.target.getMicroTile(op.getAccType().getWidth());
    ScoreTile tile{/*lanes=*/registers.columns, /*keys=*/registers.rows};
    return b.function(context.module, ("qsat_score_" + name).str(),
                      TypeRange(ValueRange(arguments)), [&](ValueRange operands) {
                        IRMapping captures;
                        captures.map(passed, operands.take_back(passed.size()));
                        for (Value value : used)
                          if (matchPattern(value, m_Constant()))
                            b.OpBuilder::clone(*value.getDefiningOp(), captures);
                        ScoreKernel s(b, op, operands, captures, tile);
                        buildScore(s);
                      });
  };
  func::FuncOp kernel = context.getKernel(op, "score", emit);
  func::CallOp::create(outer, op.getLoc(), kernel, arguments);
  return success();
}
