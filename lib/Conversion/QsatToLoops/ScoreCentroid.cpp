//===- ScoreCentroid.cpp - Estimators centroid, d2 and pooled -------------===//

#include "../Constants.h"
#include "ScoreKernel.h"

#include <limits>

using namespace mlir;
using namespace qsat;


/// [chunks, D, W]: s/2 in base 2 is <Var_J, squares>. The panel holds p = q scale
/// log2(e), so (q scale)^2 log2(e) / 2 is p^2 / (2 log2(e)).
static Value squarePanel(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  Value squares = b.scratch(s.acc, {s.chunks, s.width, b.index(s.tile.lanes)});
  Value factor = b.constant(s.lanesType, 0.5 / kLog2E);
  b.loop(s.chunks, [&](Value chunk) {
    b.loop(s.width, [&](Value d) {
      Value p = b.load(s.panel, {chunk, d, b.index(0)}, s.lanesType);
      b.storeVector(b.mulf(b.mulf(p, p), factor), squares, {chunk, d, b.index(0)});
    });
  });
  return squares;
}

void qsat::centroidStatistics(ScoreKernel &s, const KeyStatistics &blocks) {
  TaskBuilder &b = s.b;
  Value squares = blocks.variance ? squarePanel(s) : Value();
  Value one = b.constant(s.lanesType, 1.0);
  TaskBuilder::Values zeros(s.tile.keys, b.constant(s.lanesType, 0.0));
  TaskBuilder::Values prefix{s.batch, s.kvHead};
  auto scoreBlocks = [&](Value chunk, Value firstBlock) {
    // Past the last block the last one is computed, and stored, again.
    TaskBuilder::Values keyBlocks;
    for (int64_t r = 0; r < s.tile.keys; ++r)
      keyBlocks.push_back(b.min(b.add(firstBlock, r), b.sub(s.blocksN, 1)));
    SmallVector<Value> y =
        accumulateScores(s, blocks.mean, prefix, keyBlocks, s.panel, chunk, zeros);
    if (squares)
      y = accumulateScores(s, blocks.variance, prefix, keyBlocks, squares, chunk, y);
    for (auto [keyBlock, score] : llvm::zip_equal(keyBlocks, y)) {
      Value count = b.sub(s.keysEnd(keyBlock), s.keysBegin(keyBlock));
      Value log = b.splat(b.log2(b.toFloat(count, s.acc)), s.lanesType);
      s.storeStatistics(keyBlock, s.firstLane(chunk), b.addf(score, log), one);
    }
  };
  b.loop(s.chunks, [&](Value chunk) {
    b.loop(b.index(0), s.blocksN, s.tile.keys, [&](Value firstBlock) {
      Value lastBlock = b.min(b.add(firstBlock, s.tile.keys - 1), b.sub(s.blocksN, 1));
      Value isSeen = s.mask.anyVisible(s.rowBegin, s.rowLast, s.keysBegin(firstBlock),
                                       b.sub(s.keysEnd(lastBlock), 1));
      // What no row sees is cleared by the caller.
      b.when(isSeen, [&] { scoreBlocks(chunk, firstBlock); });
    });
  });
}

/// Replaces (m, l) by the exact ones where a lane does not see all of the block.
static void correctPartial(ScoreKernel &s, Value keyBlock, Value chunk, Value full) {
  TaskBuilder &b = s.b;
  b.when(b.eq(full, b.boolean(false)), [&] {
    Value lane = s.firstLane(chunk);
    Value m = b.load(s.maxima, {keyBlock, lane}, s.lanesType);
    Value l = b.load(s.sums, {keyBlock, lane}, s.lanesType);
    exactStatistics(s, keyBlock, chunk, full);
    Value rows = b.load(s.laneRows, {lane}, s.rowsType);
    Value seesAll =
        s.mask.lanesSee(rows, s.keysBegin(keyBlock), b.sub(s.keysEnd(keyBlock), 1));
    s.storeStatistics(
        keyBlock, lane,
        b.select(seesAll, m, b.load(s.maxima, {keyBlock, lane}, s.lanesType)),
        b.select(seesAll, l, b.load(s.sums, {keyBlock, lane}, s.lanesType)));
  });
}

void qsat::buildCentroidScore(ScoreKernel &s, bool secondOrder) {
  TaskBuilder &b = s.b;
  KeyStatistics blocks = buildKeyStatistics(s, secondOrder);
  s.rowsPerLane = 1;
  s.firstRow = 0;
  s.perBlock = s.op.getBlockM();
  s.foldedLog2 = true;
  buildScoreTasks(s, secondOrder ? "qsat_score_d2" : "qsat_score_centroid", [&] {
    loadPanel(s, s.op.getScale().convertToDouble() * kLog2E);
    if (s.hasDots)
      loadExactPanel(s);
    centroidStatistics(s, blocks);
    forEachVisibleBlock(s, [&](Value keyBlock, Value chunk, Value full) {
      correctPartial(s, keyBlock, chunk, full);
    });
    finishScores(s);
  });
  b.release(blocks.mean);
  if (secondOrder)
    b.release(blocks.variance);
}

/// A lane is a query block of one head: the mean of its rows, times `factor`.
static void loadMeanPanel(ScoreKernel &s, double factor) {
  TaskBuilder &b = s.b;
  s.panel = b.scratch(s.acc, {s.chunks, s.width, b.index(s.tile.lanes)});
  Value mean = b.scratch(s.acc, {s.width});
  Value zero = b.constant(s.acc, 0.0);
  forEachLane(s, [&](const LanePlace &at) {
    Value begin = b.mul(at.block, s.op.getBlockM()), count = s.rowsOf(at.block);
    Value scale = b.divf(b.constant(s.acc, factor), b.toFloat(count, s.acc));
    b.loop(s.width, [&](Value d) { b.store(zero, mean, {d}); });
    b.loop(begin, b.add(begin, count), 1, [&](Value row) {
      b.loop(s.width, [&](Value d) {
        Value x = b.convert(b.load(s.q, {s.batch, at.head, row, d}), s.acc);
        b.store(b.addf(b.load(mean, {d}), x), mean, {d});
      });
    });
    b.loop(s.width, [&](Value d) {
      b.store(b.mulf(b.load(mean, {d}), scale), s.panel, {at.chunk, d, at.w});
    });
  });
}

void qsat::buildPooledScore(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  KeyStatistics blocks = buildKeyStatistics(s, /*variance=*/false);
  s.rowsPerLane = s.op.getBlockM();
  s.perBlock = 1;
  buildScoreTasks(s, "qsat_score_pooled", [&] {
    loadMeanPanel(s, s.op.getScale().convertToDouble() * kLog2E);
    centroidStatistics(s, blocks);
    Value none = b.constant(s.acc, -kInfinity), zero = b.constant(s.acc, 0.0);
    s.forEachHeadOfTask([&](Value, Value, Value block, Value lane) {
      Value firstRow = b.mul(block, s.op.getBlockM());
      Value lastRow = b.sub(b.add(firstRow, s.rowsOf(block)), 1);
      b.loop(s.blocksN, [&](Value keyBlock) {
        Value first = s.keysBegin(keyBlock), last = b.sub(s.keysEnd(keyBlock), 1);
        Value seen = s.mask.anyVisible(firstRow, lastRow, first, last);
        b.when(b.eq(seen, b.boolean(false)), [&] {
          b.store(none, s.maxima, {keyBlock, lane});
          b.store(zero, s.sums, {keyBlock, lane});
        });
      });
    });
    finishScores(s);
  });
  b.release(blocks.mean);
}
