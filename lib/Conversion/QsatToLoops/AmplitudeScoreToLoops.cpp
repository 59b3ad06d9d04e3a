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

/// True when rows of K are multiplied by AMX tiles: of bf16 as they are, or in 8 bits.
static bool usesTiles(AmplitudeScoreOp op, const CPUTarget &target) {
  if (op.getInt8())
    return target.hasAMXBytes;
  bool scoresRows = op.getEstimator() == Estimator::Rows || op.getEstimator() == Estimator::Exact;
  auto isBF16 = [](Value x) { return cast<MemRefType>(x.getType()).getElementType().isBF16(); };
  return scoresRows && target.hasAMX && target.hasAVX512 && isBF16(op.getQ()) && isBF16(op.getK());
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

  TaskBuilder b(op.getLoc(), outer, context.target);
  auto getKernel = [&](StringRef name, function_ref<void(ValueRange)> body) {
    return context.kernels.get(op, name, [&] {
      return b.function(context.module, name, TypeRange(ValueRange(arguments)), body);
    });
  };
  auto getScore = [&](StringRef name, const LaneTile &tile) {
    return getKernel(name, [&](ValueRange operands) {
      IRMapping captures;
      captures.map(passed, operands.take_back(passed.size()));
      for (Value value : used)
        if (matchPattern(value, m_Constant()))
          b.OpBuilder::clone(*value.getDefiningOp(), captures);
      ScoreKernel s(b, op, operands, captures, tile);
      buildScore(s);
    });
  };
  MicroTile registers = context.target.getMicroTile(op.getAccType().getWidth());
  LaneTile tile{/*lanes=*/registers.columns, /*keys=*/registers.rows};
  std::string name = ("qsat_score_" + stringifyEstimator(op.getEstimator())).str();
  func::FuncOp kernel = getScore(name, tile);
  if (usesTiles(op, context.target)) {
    func::FuncOp plain = kernel;
    func::FuncOp tiled = getScore(name + "_amx", {registers.columns, kTileRows, /*isAMX=*/true});
    kernel = getKernel(name + "_either", [&](ValueRange operands) {
      b.ifElse(
          requestAMX(b),
          [&] { func::CallOp::create(b, b.getLoc(), tiled, operands); },
          [&] { func::CallOp::create(b, b.getLoc(), plain, operands); });
    });
  }
  func::CallOp::create(b, op.getLoc(), kernel, arguments);
  return success();
}
