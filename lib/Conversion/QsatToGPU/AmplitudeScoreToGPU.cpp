//===- AmplitudeScoreToGPU.cpp - qsat.amplitude_score to launches ---------===//

#include "HopperRows.h"
#include "WarpGroups.h"
#include "WarpLogits.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace qsat;

bool qsat::hasScoreKernel(AmplitudeScoreOp op) { return !op.getInt8(); }

static LogicalResult verify(AmplitudeScoreOp op) {
  if (!hasScoreKernel(op))
    return op.emitOpError("expected scores in the element type of q on a GPU, but got int8: leave it out");
  for (Value value : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(value.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (type && failed(type.getStridesAndOffset(strides, offset)))
      return op.emitOpError("expected memrefs with a strided layout, but got ") << type;
  }
  return success();
}

namespace {
/// The launches of one op, and the buffers between them.
class ScoreLaunches {
public:
  ScoreLaunches(AmplitudeScoreOp op, GPULoweringContext &context)
      : op(op), context(context), b(op.getLoc(), OpBuilder(op), machine) {}

  void build() {
    switch (op.getEstimator()) {
    case Estimator::Exact:
    case Estimator::Rows:
      return withMasses("qsat_score_normalize", op.getEstimator(), {}, op.getLse(),
                        [&](const SampledRows &sampled, Value masses) { launchRows(sampled, masses, {}); });
    case Estimator::Pooled:
    case Estimator::Centroid:
    case Estimator::D2:
      return byMeans(op.getEstimator(), op.getLse());
    case Estimator::Antidiagonal:
      return withMasses("qsat_score_normalize", op.getEstimator(), {}, op.getLse(),
                        [&](const SampledRows &sampled, Value masses) { findGroups(sampled, masses); });
    case Estimator::Cascade:
      return inTwoSteps();
    }
  }

private:
  /// Masses of the rows of `estimator`, by `find`, and the amplitudes from them.
  void withMasses(StringRef name, Estimator estimator, Value passes, Value lse,
                  function_ref<void(const SampledRows &, Value)> find) {
    SampledRows sampled(op, estimator);
    SmallVector<Value> extents = extentsOfBlocks();
    extents.push_back(b.index(sampled.perBlock));
    Value masses = b.allocate(op.getAccType(), extents);
    find(sampled, masses);
    launchNormalize(op, name, sampled, masses, passes, lse, context);
    b.release(masses);
  }

  /// Exact masses of sampled rows.
  void launchRows(const SampledRows &sampled, Value masses, Value passes) {
    llvm::Expected<HopperRowsPlan> plan = HopperRowsPlan::get(op, context.target);
    if (plan)
      return launchHopperRows(op, *plan, sampled, masses, context);
    explain("score-rows", llvm::toString(plan.takeError()));
    launchPortableRows(op, sampled, masses, passes, context);
  }

  /// Estimator antidiagonal.
  void findGroups(const SampledRows &sampled, Value masses) {
    std::string whyNot = whyNoWarpGroups(op, context.target);
    if (whyNot.empty())
      return launchWarpGroups(op, sampled, masses, context);
    explain("score-groups", whyNot);
    launchGroups(op, sampled, masses, context);
  }

  /// Estimators pooled, centroid and d2.
  void byMeans(Estimator estimator, Value lse) {
    FloatType acc = op.getAccType();
    BlockMeans keys = BlockMeans::allocate(b, op.getK(), acc, op.getBlockN(), estimator == Estimator::D2);
    SmallVector<Value> buffers = keys.buffers();
    launchBlockMeans(op, "qsat_key_means", keys, op.getBlockN(), context);
    BlockMeans queries;
    bool isPooled = estimator == Estimator::Pooled;
    if (isPooled) {
      queries = BlockMeans::allocate(b, op.getQ(), acc, op.getBlockM(), /*withVariance=*/false);
      llvm::append_range(buffers, queries.buffers());
      launchBlockMeans(op, "qsat_query_means", queries, op.getBlockM(), context);
    }
    withMasses("qsat_block_normalize", estimator, {}, lse, [&](const SampledRows &sampled, Value masses) {
      if (isPooled)
        return launchBlockLogits(op, sampled, masses, keys, &queries, context);
      std::string whyNot = whyNoWarpLogits(op, context.target);
      if (whyNot.empty())
        return launchWarpLogits(op, sampled, masses, keys, context);
      explain("score-blocks", whyNot);
      launchBlockLogits(op, sampled, masses, keys, nullptr, context);
    });
    b.release(buffers);
  }

  /// Estimator cascade: the amplitudes of d2 go to the result first. A kernel of
  /// matrix products looks at all blocks: leaving some out saves it less than it costs.
  void inTwoSteps() {
    byMeans(Estimator::D2, {});
    Value passes = b.allocate(b.getI32Type(), extentsOfBlocks());
    launchPasses(op, passes, context);
    withMasses("qsat_score_normalize", Estimator::Cascade, passes, op.getLse(),
               [&](const SampledRows &sampled, Value masses) { launchRows(sampled, masses, passes); });
    b.release(passes);
  }

  void explain(StringRef kernel, const std::string &reason) {
    remark::missed(op.getLoc(), remark::RemarkOpts::name(kernel).category("qsat"))
        << "one thread for each row and key block" << remark::reason("{0}", reason);
  }

  SmallVector<Value> extentsOfBlocks() {
    SmallVector<Value> extents;
    for (int64_t d = 0; d < 4; ++d)
      extents.push_back(b.dim(op.getAmplitude(), d));
    return extents;
  }

  AmplitudeScoreOp op;
  GPULoweringContext &context;
  CPUTarget machine;
  TaskBuilder b;
};
} // namespace

LogicalResult qsat::lowerAmplitudeScore(AmplitudeScoreOp op, GPULoweringContext &context) {
  if (failed(verify(op)))
    return failure();
  ScoreLaunches(op, context).build();
  return success();
}
