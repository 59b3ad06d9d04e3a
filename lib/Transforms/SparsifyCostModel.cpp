//===- SparsifyCostModel.cpp - Does sparse attention pay? -----------------===//

#include "SparsifyCostModel.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace qsat;

/// The keys [first, second) that row `i` sees, sinks apart.
static std::pair<int64_t, int64_t> visibleRange(const SparsifyProblem &p, int64_t i) {
  int64_t lo = 0, hi = p.keys;
  if (p.mask && p.mask.getLookahead())
    hi = std::min(hi, i + p.mask.getOffset() + *p.mask.getLookahead() + 1);
  if (p.mask && p.mask.getWindow())
    lo = std::max(lo, i + p.mask.getOffset() - p.mask.getWindow() + 1);
  return {lo, std::max(lo, hi)};
}

/// Expected share of the `blocks` visible key blocks that the policy marks.
static double expectedDensity(const SparsifyProblem &p, double context, double blocks) {
  switch (p.policy) {
  case Policy::Threshold:
    if (p.theta <= 0)
      return 1;
    return 0.051 * std::pow(p.theta * 128 / p.blockN / 0.012, -0.68) * std::pow(32768 / context, 0.98);
  case Policy::TopK:
  case Policy::HeavyHitter:
  case Policy::Measure:
    return p.k / blocks;
  case Policy::Budget:
    return std::ceil(p.alpha * std::pow(blocks, p.exponent)) / blocks;
  case Policy::LogitThreshold:
  case Policy::RelativeThreshold:
  case Policy::Mass:
  case Policy::Residual:
    // No prior: these depend on the data alone.
    return 0.25;
  }
  return 1;
}

/// Scoring FLOPs over the FLOPs of all scores (2 D per visible pair).
static double scoreWork(const SparsifyProblem &p) {
  double rows = 1.0 / p.stride, perBlock = 2.0 / p.blockN;
  switch (p.estimator) {
  case Estimator::Exact:
    return 1;
  case Estimator::Pooled:
    return 1.0 / p.blockM / p.blockN;
  case Estimator::Centroid:
    return perBlock / 2;
  case Estimator::D2:
    return perBlock;
  case Estimator::Antidiagonal:
    return rows;
  case Estimator::Rows:
    return rows;
  case Estimator::Cascade:
    return perBlock + p.share * rows;
  }
  return 1;
}

SparsifyEstimate qsat::estimateSparsify(const SparsifyProblem &p, const SparsifyRates &rates) {
  SparsifyEstimate e{0, 1, 0, 1};
  double pairs = 0, blocks = 0;
  int64_t queryBlocks = llvm::divideCeil(p.queries, p.blockM);
  // One row per query block stands for the block.
  for (int64_t block = 0; block < queryBlocks; ++block) {
    int64_t first = block * p.blockM, last = std::min(first + p.blockM, p.queries) - 1;
    auto [lo, hi] = visibleRange(p, (first + last) / 2);
    int64_t seen = hi - lo;
    e.mostVisibleKeys = std::max(e.mostVisibleKeys, visibleRange(p, last).second -
                                                        visibleRange(p, last).first);
    pairs += double(seen) * double(last - first + 1);
    blocks += std::max<double>(1, std::ceil(double(seen) / p.blockN));
  }
  if (pairs <= 0)
    return e;
  double meanBlocks = blocks / queryBlocks;
  double context = pairs / p.queries * (p.mask && p.mask.getLookahead() ? 2 : 1);
  double least = std::min(1.0, p.forcedBlocks / meanBlocks);
  e.density = std::clamp(expectedDensity(p, context, meanBlocks), least, 1.0);
  double dense = pairs * 2 * (p.headDim + p.valueDim);
  double score = scoreWork(p) * pairs * 2 * p.headDim / rates.score + blocks * rates.flopsPerBlock;
  double sparse = e.density * dense / rates.sparse + queryBlocks * rates.flopsPerQueryBlock;
  e.scoreShare = score / dense;
  e.speedup = dense / (score + sparse);
  return e;
}
