//===- BlockLogits.cpp - The mass of a row in a key block, by its mean ----===//
// A row that sees all of key block J has there
//
//   s = log2(e) (scale <q, kbar_J> [+ scale^2 / 2 sum_d q_d^2 Var_J,d]) + log2 n_J
//
// (second order: d2), and its exact mass where it sees some of it. For `pooled` the
// row is the mean of its block's, and sees what any of them sees: `launchNormalize`
// looks at no other blocks.

#include "../Constants.h"
#include "RowMass.h"
#include "ScoreRows.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// s of a row that sees all keys; `row` gives its elements.
static Value logitOf(TeamBuilder &b, const MassThread &t, Value mean, Value variance, function_ref<Value(Value)> row) {
  Type type = t.op.acc;
  Value zero = b.constant(type, 0.0), kvHead = b.div(t.head, b.div(b.dim(t.operands[0], 1), b.dim(mean, 1)));
  Values sums = b.loop(b.index(0), b.dim(mean, 3), 1, {zero, zero}, [&](Value d, ValueRange sums) -> Values {
    Value at[] = {t.batch, kvHead, t.keyBlock, d}, q = row(d);
    Value product = b.addf(sums[0], b.mulf(q, b.load(mean, at)));
    return {product, variance ? b.addf(sums[1], b.mulf(b.mulf(q, q), b.load(variance, at))) : sums[1]};
  });
  double scale = t.op.scale;
  Value logit = b.mulf(sums[0], b.constant(type, scale * kLog2E));
  if (variance)
    logit = b.addf(logit, b.mulf(sums[1], b.constant(type, scale * scale / 2 * kLog2E)));
  return b.addf(logit, b.log2(b.toFloat(b.sub(t.end, t.first), t.op.acc)));
}

void qsat::launchBlockLogits(AmplitudeScoreOp op, const SampledRows &sampled, Value masses, const BlockMeans &keys,
                             const BlockMeans *queries, GPULoweringContext &context) {
  SmallVector<Value> more = keys.buffers();
  if (queries)
    more.push_back(queries->mean);
  launchMasses(op, "qsat_score_blocks", sampled, masses, more, context, [&](TeamBuilder &b, const MassThread &t) -> Value {
    Value mean = t.more[0], variance = keys.variance ? t.more[1] : Value();
    if (queries)
      return logitOf(b, t, mean, variance,
                     [&](Value d) { return b.load(t.more.back(), {t.batch, t.head, t.block, d}); });
    auto estimate = [&]() -> Values {
      return {logitOf(b, t, mean, variance,
                      [&](Value d) { return b.loadAs(t.op.acc, t.operands[0], {t.batch, t.head, t.row, d}); })};
    };
    if (!t.op.mask || t.op.mask.isTrivial())
      return estimate()[0];
    RowMass exact(b, t.op, t.operands, t.captures, {t.batch, t.head, t.row});
    return b.choose(exact.seesAll(t.first, t.end), estimate, [&]() -> Values { return {exact.over(t.first, t.end)}; })[0];
  });
}
