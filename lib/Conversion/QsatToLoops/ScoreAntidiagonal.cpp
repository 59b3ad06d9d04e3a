//===- ScoreAntidiagonal.cpp - Estimator antidiagonal ---------------------===//
// A lane is a group of `stride` rows, a "key" a group of `stride` keys, and their
// score y the mean of z over the pairs on the antidiagonal of the square that they
// form: XAttention (Xu, Xiao, Huang, Guo, Han, 2025) with a softmax over groups.

#include "../Constants.h"
#include "ScoreKernel.h"

#include <limits>

using namespace mlir;
using namespace qsat;


/// The panel [chunks * stride, D, W]: row t of the groups of chunk c is panel
/// c * stride + t. Rows past the last are the last, and hidden later.
static void loadGroupPanel(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  int64_t stride = s.op.getStride();
  s.panel = b.scratch(s.acc, {b.mul(s.chunks, stride), s.width, b.index(s.tile.lanes)});
  Value scale = b.constant(s.acc, s.op.getScale().convertToDouble());
  forEachLane(s, [&](const LanePlace &at) {
    b.loop(b.index(stride), [&](Value t) {
      Value row = b.min(b.add(at.row, t), b.sub(s.numRows, 1));
      Value part = b.add(b.mul(at.chunk, stride), t);
      b.loop(s.width, [&](Value d) {
        Value x = b.convert(b.load(s.q, {s.batch, at.head, row, d}), s.acc);
        b.store(b.mulf(x, scale), s.panel, {part, d, at.w});
      });
    });
  });
}

/// The lanes that see `key`, rows being `rows`, both in range; and z is not -inf.
static Value seenPairs(ScoreKernel &s, Value z, Value rows, Value key) {
  TaskBuilder &b = s.b;
  auto bits = VectorType::get({s.tile.lanes}, b.getI1Type());
  Value inRange = b.less(rows, b.splat(b.toI32(s.numRows), s.rowsType));
  Value seen = b.both(s.mask.lanesSee(rows, key, key), inRange);
  seen = b.both(seen, b.splat(b.less(key, s.numKeys), bits));
  return b.both(seen, b.cmpf(arith::CmpFPredicate::UNE, z,
                             b.constant(s.lanesType, -kInfinity)));
}

/// y (base 2) of the groups of `chunk` and the key groups firstGroup + r.
static TaskBuilder::Values scoreGroups(ScoreKernel &s, Value firstGroup, Value endGroup,
                                       Value chunk) {
  TaskBuilder &b = s.b;
  int64_t stride = s.op.getStride(), keys = s.tile.keys;
  Value zero = b.constant(s.lanesType, 0.0), one = b.constant(s.lanesType, 1.0);
  Value none = b.constant(s.lanesType, -kInfinity);
  TaskBuilder::Values zeros(keys, zero), start(2 * keys, zero);
  TaskBuilder::Values total = b.loop(
      b.index(0), b.index(stride), 1, start, [&](Value t, ValueRange carried) {
        Value key = b.sub(b.add(b.mul(firstGroup, stride), stride - 1), t);
        TaskBuilder::Values pairKeys, clamped;
        for (int64_t r = 0; r < keys; ++r) {
          pairKeys.push_back(b.add(key, r * stride));
          clamped.push_back(b.min(pairKeys[r], b.sub(s.numKeys, 1)));
        }
        Value part = b.add(b.mul(chunk, stride), t);
        SmallVector<Value> z =
            accumulateScores(s, s.k, {s.batch, s.kvHead}, clamped, s.panel, part, zeros);
        if (s.op.hasScoreRegion())
          z = applyScoreRegion(s, z, key, stride, chunk, t);
        Value rows = b.load(s.laneRows, {s.firstLane(chunk)}, s.rowsType);
        rows = b.add(rows, b.splat(b.toI32(t), s.rowsType));
        TaskBuilder::Values next(carried);
        for (int64_t r = 0; r < keys; ++r) {
          Value seen = seenPairs(s, z[r], rows, pairKeys[r]);
          next[r] = b.addf(next[r], b.select(seen, z[r], zero));
          next[keys + r] = b.addf(next[keys + r], b.select(seen, one, zero));
        }
        return next;
      });
  TaskBuilder::Values y;
  auto bits = VectorType::get({s.tile.lanes}, b.getI1Type());
  for (int64_t r = 0; r < keys; ++r) {
    Value some = b.cmpf(arith::CmpFPredicate::OGT, total[keys + r], zero);
    some = b.both(some, b.splat(b.less(b.add(firstGroup, r), endGroup), bits));
    Value mean = b.divf(b.mulf(total[r], b.constant(s.lanesType, kLog2E)), total[keys + r]);
    y.push_back(b.select(some, mean, none));
  }
  return y;
}

void qsat::buildAntidiagonalScore(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  int64_t stride = s.op.getStride();
  s.rowsPerLane = stride;
  s.perBlock = s.op.getBlockM() / stride;
  Value none = b.constant(s.lanesType, -kInfinity), zero = b.constant(s.lanesType, 0.0);
  buildScoreTasks(s, "qsat_score_antidiagonal", [&] {
    loadGroupPanel(s);
    forEachVisibleBlock(s, [&](Value keyBlock, Value chunk, Value) {
      Value begin = b.div(s.keysBegin(keyBlock), stride);
      Value end = b.ceilDiv(s.keysEnd(keyBlock), stride);
      auto [m, l] = [&] {
        auto result = b.loop(begin, end, s.tile.keys, {none, zero},
                             [&](Value group, ValueRange carried) {
                               auto y = scoreGroups(s, group, end, chunk);
                               auto [m, l] = addScores(b, carried[0], carried[1], y);
                               return TaskBuilder::Values{m, l};
                             });
        return std::pair(result[0], result[1]);
      }();
      s.storeStatistics(keyBlock, s.firstLane(chunk), m, l);
    });
    finishScores(s);
  });
}
