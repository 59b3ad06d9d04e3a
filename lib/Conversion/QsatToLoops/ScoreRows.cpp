//===- ScoreRows.cpp - Estimators rows and exact: exact scores of rows ----===//

#include "../Constants.h"
#include "ScoreKernel.h"

#include <limits>

using namespace mlir;
using namespace qsat;


std::pair<Value, Value> qsat::addScores(TaskBuilder &b, Value m, Value l, ValueRange y) {
  TaskBuilder::Values tops(y.begin(), y.end());
  while (tops.size() > 1) {
    TaskBuilder::Values next;
    for (size_t i = 0; i + 1 < tops.size(); i += 2)
      next.push_back(b.maxf(tops[i], tops[i + 1]));
    if (tops.size() % 2)
      next.push_back(tops.back());
    tops = next;
  }
  Value top = b.maxf(m, tops[0]);
  Value none = b.constant(m.getType(), -kInfinity), zero = b.constant(m.getType(), 0.0);
  // -inf - -inf is NaN: where nothing is seen yet, subtract 0.
  Value base = b.select(b.cmpf(arith::CmpFPredicate::OEQ, top, none), zero, top);
  Value sum = b.mulf(l, b.exp2(b.subf(m, base)));
  for (Value score : y)
    sum = b.addf(sum, b.exp2(b.subf(score, base)));
  return {top, sum};
}

/// -inf where the lane does not see the key, or the key is past `end`.
static Value hide(ScoreKernel &s, Value score, Value rows, Value key, Value end) {
  TaskBuilder &b = s.b;
  auto type = VectorType::get({s.tile.lanes}, b.getI1Type());
  Value seen = b.both(s.mask.lanesSee(rows, key, key), b.splat(b.less(key, end), type));
  return b.select(seen, score, b.constant(s.lanesType, -kInfinity));
}

/// Asks for the keys of the next tile: rows of K interleaved over the reduction are
/// more streams than the hardware follows.
static void prefetchKeys(ScoreKernel &s, Value firstKey) {
  TaskBuilder &b = s.b;
  Value keys = s.op.getInt8() ? s.rounded.bytes : s.k;
  unsigned bytes = cast<MemRefType>(keys.getType()).getElementTypeBitWidth() / 8;
  Value lastKey = b.sub(s.numKeys, 1);
  for (int64_t r = 0; r < s.tile.keys; ++r) {
    Value key = b.min(b.add(firstKey, r), lastKey);
    b.loop(b.index(0), s.width, 64 / bytes, [&](Value d) {
      b.create<memref::PrefetchOp>(keys, ValueRange{s.batch, s.kvHead, key, d}, /*isWrite=*/false,
                                   /*localityHint=*/3, /*isDataCache=*/true);
    });
  }
}

TaskBuilder::Values qsat::joinParts(ScoreKernel &s, ValueRange parts) {
  TaskBuilder &b = s.b;
  int64_t lanes = b.lanes(s.acc), count = s.tile.lanes / lanes;
  TaskBuilder::Values whole;
  for (size_t n = 0; n < parts.size(); n += count) {
    Value all = b.constant(s.lanesType, 0.0);
    for (int64_t part = 0; part < count; ++part)
      all = b.create<vector::InsertStridedSliceOp>(parts[n + part], all, part * lanes, 1);
    whole.push_back(all);
  }
  return whole;
}

/// Dot products of the rows of K with the lanes of `chunk`, of pairs of elements.
static TaskBuilder::Values accumulatePairs(ScoreKernel &s, ValueRange rows, Value chunk) {
  TaskBuilder &b = s.b;
  int64_t lanes = b.lanes(s.acc), parts = s.tile.lanes / lanes;
  TaskBuilder::Values zeros(rows.size() * parts, b.constant(b.vec(s.acc, lanes), 0.0));
  TaskBuilder::Values sums = b.loop(
      b.index(0), b.div(s.width, 2), 1, zeros, [&](Value pair, ValueRange sums) {
        TaskBuilder::Values queries, next;
        for (int64_t part = 0; part < parts; ++part)
          queries.push_back(b.loadVector(
              s.pairs, {chunk, pair, b.index(2 * lanes * part)}, 2 * lanes));
        for (Value row : rows) {
          Value key = b.splatPair(s.k, {s.batch, s.kvHead, row, b.mul(pair, 2)}, lanes);
          for (Value query : queries)
            next.push_back(b.dotPairs(query, key, sums[next.size()]));
        }
        return next;
      });
  return joinParts(s, sums);
}

/// The scores of `rows` of K: in base 2, or, where a region sees them, as the op says.
static TaskBuilder::Values exactScores(ScoreKernel &s, ValueRange rows, Value chunk) {
  TaskBuilder &b = s.b;
  if (s.op.getInt8())
    return accumulateBytes(s, rows, chunk);
  if (!s.hasDots && !s.tile.isAMX) {
    TaskBuilder::Values zeros(rows.size(), b.constant(s.lanesType, 0.0));
    return accumulateScores(s, s.k, {s.batch, s.kvHead}, rows, s.panel, chunk, zeros);
  }
  double scale = s.op.getScale().convertToDouble() * (s.foldedLog2 ? kLog2E : 1);
  TaskBuilder::Values z =
      s.tile.isAMX ? accumulateTiles(s, rows[0], chunk) : accumulatePairs(s, rows, chunk);
  for (Value &score : z)
    score = b.mulf(score, b.constant(s.lanesType, scale));
  return z;
}

void qsat::exactStatistics(ScoreKernel &s, Value keyBlock, Value chunk, Value full) {
  TaskBuilder &b = s.b;
  Value begin = s.keysBegin(keyBlock), end = s.keysEnd(keyBlock), lane = s.firstLane(chunk);
  Value none = b.constant(s.lanesType, -kInfinity), zero = b.constant(s.lanesType, 0.0);
  Value lastKey = b.sub(end, 1);
  auto result = b.loop(begin, end, s.tile.keys, {none, zero}, [&](Value key,
                                                                           ValueRange carried) {
    TaskBuilder::Values keys, rows;
    for (int64_t r = 0; r < s.tile.keys; ++r) {
      keys.push_back(b.add(key, r));
      rows.push_back(b.min(keys[r], lastKey));
    }
    prefetchKeys(s, b.add(key, s.tile.keys));
    TaskBuilder::Values z = exactScores(s, rows, chunk);
    if (s.op.hasScoreRegion())
      z = applyScoreRegion(s, z, key, 1, chunk, Value());
    if (!s.foldedLog2)
      for (Value &score : z)
        score = b.mulf(score, b.constant(s.lanesType, kLog2E));
    Value clean = b.both(full, b.le(b.add(key, s.tile.keys), end));
    z = b.choose(
        clean, [&] { return z; },
        [&] {
          Value laneRows = b.load(s.laneRows, {lane}, s.rowsType);
          TaskBuilder::Values hidden;
          for (int64_t r = 0; r < s.tile.keys; ++r)
            hidden.push_back(hide(s, z[r], laneRows, keys[r], end));
          return hidden;
        });
    auto [m, l] = addScores(b, carried[0], carried[1], z);
    return TaskBuilder::Values{m, l};
  });
  s.storeStatistics(keyBlock, lane, result[0], result[1]);
}

void qsat::forEachVisibleBlock(ScoreKernel &s, function_ref<void(Value, Value, Value)> body) {
  TaskBuilder &b = s.b;
  b.loop(s.blocksN, [&](Value keyBlock) {
    Value first = s.keysBegin(keyBlock), last = b.sub(s.keysEnd(keyBlock), 1);
    b.ifElse(
        s.mask.anyVisible(s.rowBegin, s.rowLast, first, last),
        [&] {
          Value full = s.mask.allVisible(s.rowBegin, s.rowLast, first, last);
          b.loop(s.chunks, [&](Value chunk) { body(keyBlock, chunk, full); });
        },
        [&] { s.clearStatistics(keyBlock); });
  });
}

void qsat::buildRowsScore(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  int64_t blockM = s.op.getBlockM();
  bool exact = s.op.getEstimator() == Estimator::Exact;
  s.rowsPerLane = exact ? 1 : s.op.getStride();
  s.firstRow = exact ? 0 : s.op.getStride() / 2;
  s.perBlock = (blockM + s.rowsPerLane - 1) / s.rowsPerLane;
  s.foldedLog2 = !s.op.hasScoreRegion();
  if (s.op.getInt8())
    buildRoundedKeys(s);
  buildScoreTasks(s, exact ? "qsat_score_exact" : "qsat_score_rows", [&] {
    loadExactPanel(s);
    forEachVisibleBlock(s, [&](Value keyBlock, Value chunk, Value full) {
      exactStatistics(s, keyBlock, chunk, full);
    });
    finishScores(s);
  });
  if (s.op.getInt8())
    b.release({s.rounded.bytes, s.rounded.factors, s.rounded.starts});
}
