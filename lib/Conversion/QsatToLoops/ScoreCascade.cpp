//===- ScoreCascade.cpp - Estimator cascade: d2, then rows ----------------===//
// The amplitudes of d2 go to the result first; a task of the second part reads those
// of its query blocks, lets the best key blocks through, and overwrites them.

#include "../Constants.h"
#include "ScoreKernel.h"
#include "SortedOrder.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace qsat;


/// The row of `through` of head g of the task's query block ib.
static Value listOf(ScoreKernel &s, Value ib, Value g) {
  return s.b.add(s.b.mul(ib, s.group), g);
}

/// through[list, J]: J is among the ceil(share * n) best of the n blocks that a row of
/// the query block sees, or on its diagonal.
static void letThrough(ScoreKernel &s, Value through, SortedOrder &order) {
  TaskBuilder &b = s.b;
  FloatType f64 = b.getF64Type();
  Value lastBlock = b.sub(s.blocksN, 1);
  s.forEachHeadOfTask([&](Value ib, Value g, Value block, Value) {
    Value list = listOf(s, ib, g), head = b.add(b.mul(s.kvHead, s.group), g);
    Value firstRow = b.mul(block, s.op.getBlockM());
    Value lastRow = b.sub(b.add(firstRow, s.rowsOf(block)), 1);
    auto diagonalBlock = [&](Value row) {
      return b.min(b.div(b.max(s.mask.diagonalKey(row), 0), s.op.getBlockN()), lastBlock);
    };
    Value diagonalBegin = diagonalBlock(firstRow), diagonalLast = diagonalBlock(lastRow);
    order.clear();
    b.loop(s.blocksN, [&](Value j) {
      Value onDiagonal = b.both(b.ge(j, diagonalBegin), b.le(j, diagonalLast));
      b.store(onDiagonal, through, {list, j});
      Value first = s.keysBegin(j), last = b.sub(s.keysEnd(j), 1);
      b.when(s.mask.anyVisible(firstRow, lastRow, first, last), [&] {
        order.append(j, b.load(s.amplitude, {s.batch, head, block, j}), b.boolean(false));
      });
    });
    order.sort();
    Value share = b.constant(f64, s.op.getShare().convertToDouble());
    Value count = b.create<math::CeilOp>(b.mulf(share, b.toFloat(order.size(), f64)));
    b.loop(b.toIndex(b.create<arith::FPToSIOp>(b.getI64Type(), count)), [&](Value place) {
      b.store(b.boolean(true), through, {list, order.blockAt(place)});
    });
  });
}

/// Exact statistics of the blocks that some list lets through; in the lanes of the
/// other lists they are cleared again.
static void sampleLetThrough(ScoreKernel &s, Value through, Value anyList) {
  TaskBuilder &b = s.b;
  Value none = b.constant(s.acc, -kInfinity), zero = b.constant(s.acc, 0.0);
  b.loop(s.blocksN, [&](Value keyBlock) {
    b.store(b.boolean(false), anyList, {b.index(0)});
    s.forEachHeadOfTask([&](Value ib, Value g, Value, Value) {
      b.when(b.load(through, {listOf(s, ib, g), keyBlock}),
             [&] { b.store(b.boolean(true), anyList, {b.index(0)}); });
    });
    Value first = s.keysBegin(keyBlock), last = b.sub(s.keysEnd(keyBlock), 1);
    Value full = s.mask.allVisible(s.rowBegin, s.rowLast, first, last);
    b.ifElse(
        b.load(anyList, {b.index(0)}),
        [&] {
          b.loop(s.chunks, [&](Value chunk) { exactStatistics(s, keyBlock, chunk, full); });
        },
        [&] { s.clearStatistics(keyBlock); });
    s.forEachHeadOfTask([&](Value ib, Value g, Value, Value lane) {
      Value passes = b.load(through, {listOf(s, ib, g), keyBlock});
      b.when(b.eq(passes, b.boolean(false)), [&] {
        b.loop(lane, b.add(lane, s.perBlock), 1, [&](Value slot) {
          b.store(none, s.maxima, {keyBlock, slot});
          b.store(zero, s.sums, {keyBlock, slot});
        });
      });
    });
  });
}

void qsat::buildCascadeScore(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  buildCentroidScore(s, /*secondOrder=*/true);
  int64_t stride = s.op.getStride();
  s.rowsPerLane = stride;
  s.firstRow = stride / 2;
  s.perBlock = (s.op.getBlockM() + stride - 1) / stride;
  buildScoreTasks(s, "qsat_score_cascade", [&] {
    Value through = b.scratch(b.getI1Type(), {b.mul(s.blocksPerTask, s.group), s.blocksN});
    Value anyList = b.scratch(b.getI1Type(), {b.index(1)});
    SortedOrder order(b, s.blocksN);
    letThrough(s, through, order);
    loadExactPanel(s);
    sampleLetThrough(s, through, anyList);
    finishScores(s);
  });
}
