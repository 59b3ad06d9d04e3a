//===- ScoreKernel.cpp - Tasks, panels and results of amplitude_score -----===//

#include "../Constants.h"
#include "ScoreKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace qsat;


/// Those of `operands` (of the op) that stand for `part` of the op's own operands.
static ValueRange partOf(AmplitudeScoreOp op, ValueRange operands, OperandRange part) {
  return operands.slice(part.getBeginOperandIndex(), part.size());
}

ScoreKernel::ScoreKernel(TaskBuilder &b, AmplitudeScoreOp op, ValueRange operands,
                         const IRMapping &captures, LaneTile tile)
    : b(b), op(op), tile(tile),
      mask(b, op.getMaskAttr(), partOf(op, operands, op.getPosition())), acc(op.getAccType()),
      lanesType(VectorType::get({tile.lanes}, acc)),
      rowsType(VectorType::get({tile.lanes}, b.getI32Type())), q(operands[0]), k(operands[1]),
      extras(partOf(op, operands, op.getExtras())), captures(captures) {
  ValueRange inits = partOf(op, operands, op.getInits());
  ValueRange position = partOf(op, operands, op.getPosition());
  amplitude = inits[0];
  lse = inits.size() > 1 ? inits[1] : Value();
  auto queries = cast<MemRefType>(q.getType()), keys = cast<MemRefType>(k.getType());
  hasDots = b.getTarget().hasFastBF16Dot && queries.getElementType().isBF16() &&
            keys.getElementType().isBF16() && KernelBuilder::isRowContiguous(k) &&
            !queries.isDynamicDim(3) && queries.getDimSize(3) % 2 == 0;
  batches = b.dim(q, 0);
  heads = b.dim(q, 1);
  numRows = b.dim(q, 2);
  width = b.dim(q, 3);
  kvHeads = b.dim(k, 1);
  numKeys = b.dim(k, 2);
  group = b.div(heads, b.max(kvHeads, 1));
  blocksM = b.ceilDiv(numRows, op.getBlockM());
  blocksN = b.ceilDiv(numKeys, op.getBlockN());
  at.assign(4, b.index(0));
  if (!position.empty())
    at.assign(position.begin(), position.end());
}

Value ScoreKernel::rowsOf(Value block) {
  return b.min(b.sub(numRows, b.mul(block, op.getBlockM())), op.getBlockM());
}

void ScoreKernel::forEachHeadOfTask(function_ref<void(Value, Value, Value, Value)> body) {
  b.loop(blocksPerTask, [&](Value ib) {
    Value block = b.add(firstBlock, ib);
    b.when(b.less(block, blocksM), [&] {
      b.loop(group, [&](Value g) {
        body(ib, g, block, b.mul(b.add(b.mul(ib, group), g), perBlock));
      });
    });
  });
}

void ScoreKernel::storeStatistics(Value keyBlock, Value lane, Value m, Value l) {
  b.storeVector(m, maxima, {keyBlock, lane});
  b.storeVector(l, sums, {keyBlock, lane});
}

void ScoreKernel::clearStatistics(Value keyBlock) {
  Value none = b.constant(lanesType, -kInfinity), zero = b.constant(lanesType, 0.0);
  b.loop(chunks, [&](Value chunk) { storeStatistics(keyBlock, firstLane(chunk), none, zero); });
}

void qsat::buildScoreTasks(ScoreKernel &s, StringRef name, function_ref<void()> body) {
  TaskBuilder &b = s.b;
  Value lanesPerBlock = b.mul(s.group, s.perBlock);
  // Few lanes to a query block: several blocks share the vectors. Tiles are so fast that
  // the outer caches give K too slowly for one vector (32k keys: 70 ms, and 76).
  int64_t lanesToFill = (s.tile.isAMX ? 2 : 1) * s.tile.lanes;
  Value fill = b.max(b.div(b.index(lanesToFill), b.max(lanesPerBlock, 1)), 1);
  s.blocksPerTask = b.min(fill, b.max(s.blocksM, 1));
  s.lanesPerTask = b.mul(s.blocksPerTask, lanesPerBlock);
  s.chunks = b.ceilDiv(s.lanesPerTask, s.tile.lanes);
  Value tasks = b.ceilDiv(s.blocksM, s.blocksPerTask);
  b.parallelWithScratch(name, {s.batches, s.kvHeads, tasks}, [&](ValueRange iv) {
    s.batch = iv[0];
    s.kvHead = iv[1];
    s.firstBlock = b.mul(b.foldedOrder(iv[2], tasks), s.blocksPerTask);
    s.rowBegin = b.mul(s.firstBlock, s.op.getBlockM());
    Value end = b.add(s.rowBegin, b.mul(s.blocksPerTask, s.op.getBlockM()));
    s.rowLast = b.sub(b.min(end, s.numRows), 1);
    Value lanes = b.mul(s.chunks, s.tile.lanes);
    s.laneRows = b.scratch(b.getI32Type(), {lanes});
    s.laneHeads = b.scratch(b.getI32Type(), {lanes});
    s.maxima = b.scratch(s.acc, {s.blocksN, lanes});
    s.sums = b.scratch(s.acc, {s.blocksN, lanes});
    s.keyTile = b.scratch(s.acc, {b.index(s.tile.keys), s.width});
    allocateRegionBuffers(s);
    body();
  });
}

void qsat::forEachLane(ScoreKernel &s, function_ref<void(const LanePlace &)> body) {
  TaskBuilder &b = s.b;
  b.loop(s.chunks, [&](Value chunk) {
    b.loop(b.index(s.tile.lanes), [&](Value w) {
      Value slot = b.add(s.firstLane(chunk), w);
      Value lane = b.min(slot, b.sub(s.lanesPerTask, 1));
      Value sample = b.rem(lane, s.perBlock), headOfTask = b.div(lane, s.perBlock);
      Value ib = b.div(headOfTask, s.group);
      Value head = b.add(b.mul(s.kvHead, s.group), b.rem(headOfTask, s.group));
      Value block = b.min(b.add(s.firstBlock, ib), b.sub(s.blocksM, 1));
      Value inBlock = b.min(b.add(b.mul(sample, s.rowsPerLane), s.firstRow),
                            b.sub(s.rowsOf(block), 1));
      Value row = b.add(b.mul(block, s.op.getBlockM()), inBlock);
      b.store(b.toI32(row), s.laneRows, {slot});
      b.store(b.toI32(head), s.laneHeads, {slot});
      body({chunk, w, head, block, row});
    });
  });
}

void qsat::loadPanel(ScoreKernel &s, double factor) {
  TaskBuilder &b = s.b;
  s.panel = b.scratch(s.acc, {s.chunks, s.width, b.index(s.tile.lanes)});
  Value scale = b.constant(s.acc, factor);
  forEachLane(s, [&](const LanePlace &at) {
    b.loop(s.width, [&](Value d) {
      Value x = b.convert(b.load(s.q, {s.batch, at.head, at.row, d}), s.acc);
      b.store(b.mulf(x, scale), s.panel, {at.chunk, d, at.w});
    });
  });
}

void qsat::loadPairs(ScoreKernel &s, Value width) {
  TaskBuilder &b = s.b;
  s.pairs = b.scratch(b.getBF16Type(), {s.chunks, b.div(width, 2), b.index(2 * s.tile.lanes)});
  Value none = b.constant(b.getBF16Type(), 0.0);
  forEachLane(s, [&](const LanePlace &at) {
    auto store = [&](Value x, Value d) {
      Value place = b.add(b.mul(at.w, 2), b.rem(d, 2));
      b.store(x, s.pairs, {at.chunk, b.div(d, 2), place});
    };
    b.loop(s.width, [&](Value d) { store(b.load(s.q, {s.batch, at.head, at.row, d}), d); });
    b.loop(s.width, width, 1, [&](Value d) { store(none, d); });
  });
}

void qsat::loadExactPanel(ScoreKernel &s) {
  double scale = s.op.getScale().convertToDouble() * (s.foldedLog2 ? kLog2E : 1);
  if (s.op.getInt8())
    return loadRoundedPanel(s, scale);
  if (s.tile.isAMX)
    return loadTilePanel(s);
  if (s.hasDots)
    return loadPairs(s, s.width);
  loadPanel(s, scale);
}

SmallVector<Value> qsat::accumulateScores(ScoreKernel &s, Value keys, ValueRange prefix,
                                          ValueRange rows, Value panel, Value chunk,
                                          ValueRange init) {
  TaskBuilder &b = s.b;
  auto at = [&](Value row, Value d) {
    TaskBuilder::Values indices(prefix.begin(), prefix.end());
    indices.append({row, d});
    return indices;
  };
  Type element = cast<MemRefType>(keys.getType()).getElementType();
  bool converted = element != s.acc;
  if (converted)
    for (auto [r, row] : llvm::enumerate(rows))
      b.loop(s.width, [&, row = row, r = r](Value d) {
        b.store(b.convert(b.load(keys, at(row, d)), s.acc), s.keyTile, {b.index(r), d});
      });
  return b.loop(b.index(0), s.width, 1, init, [&](Value d, ValueRange sums) {
    Value lanes = b.load(panel, {chunk, d, b.index(0)}, s.lanesType);
    TaskBuilder::Values next;
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value key = converted ? b.load(s.keyTile, {b.index(r), d}) : b.load(keys, at(row, d));
      next.push_back(b.fma(b.splat(key, s.lanesType), lanes, sums[r]));
    }
    return next;
  });
}

/// The row sums of softmax over all blocks, per lane: m_J becomes unread, l_J the
/// probability P(J); `lseOfLane` [lanes] gets the natural log of the denominator.
static void normaliseChunk(ScoreKernel &s, Value chunk, Value lseOfLane) {
  TaskBuilder &b = s.b;
  Value lane = s.firstLane(chunk);
  Value none = b.constant(s.lanesType, -kInfinity), zero = b.constant(s.lanesType, 0.0);
  auto baseOf = [&](Value m) {
    return b.select(b.cmpf(arith::CmpFPredicate::OEQ, m, none), zero, m);
  };
  auto total = b.loop(
      b.index(0), s.blocksN, 1, {none, zero}, [&](Value j, ValueRange carried) {
        Value m = b.load(s.maxima, {j, lane}, s.lanesType);
        Value l = b.load(s.sums, {j, lane}, s.lanesType);
        Value top = b.maxf(carried[0], m), base = baseOf(top);
        Value old = b.mulf(carried[1], b.exp2(b.subf(carried[0], base)));
        return TaskBuilder::Values{top, b.fma(l, b.exp2(b.subf(m, base)), old)};
      });
  Value base = baseOf(total[0]);
  Value empty = b.cmpf(arith::CmpFPredicate::OEQ, total[1], zero);
  Value inverse = b.select(empty, zero, b.divf(b.constant(s.lanesType, 1.0), total[1]));
  b.loop(s.blocksN, [&](Value j) {
    Value m = b.load(s.maxima, {j, lane}, s.lanesType);
    Value l = b.load(s.sums, {j, lane}, s.lanesType);
    Value p = b.mulf(b.mulf(l, inverse), b.exp2(b.subf(m, base)));
    b.storeVector(p, s.sums, {j, lane});
  });
  // lse = (m + log2 l) ln 2; log2 looks at bits, so NaN is handed on by itself.
  Value nan = b.mulf(total[1], zero);
  Value log2 = b.addf(b.addf(base, b.log2(total[1])), nan);
  Value lse = b.mulf(log2, b.constant(s.lanesType, kLn2));
  b.storeVector(b.select(empty, none, lse), lseOfLane, {lane});
}

/// The sum of sums[keyBlock, lane .. lane + count), count <= perBlock.
static Value sumLanes(ScoreKernel &s, Value keyBlock, Value lane, Value count) {
  TaskBuilder &b = s.b;
  // Of the lanes of a block, as many at a time as divide them.
  int64_t step = std::min<int64_t>(s.perBlock & -s.perBlock, b.lanes(s.acc));
  VectorType type = b.vec(s.acc, step);
  Value zero = b.constant(type, 0.0);
  Value sum = b.loop(b.index(0), count, step, {zero}, [&](Value t, ValueRange sum) {
    Value x = b.load(s.sums, {keyBlock, b.add(lane, t)}, type);
    Value left = b.splat(b.toI32(b.sub(count, t)), step);
    return TaskBuilder::Values{b.addf(sum[0], b.select(b.less(b.iota(step), left), x, zero))};
  })[0];
  return b.reduceAdd(sum);
}

void qsat::finishScores(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  Value lseOfLane = b.scratch(s.acc, {b.mul(s.chunks, s.tile.lanes)});
  b.loop(s.chunks, [&](Value chunk) { normaliseChunk(s, chunk, lseOfLane); });
  Value zero = b.constant(s.acc, 0.0), none = b.constant(s.acc, -kInfinity);
  Type f32 = b.getF32Type();
  s.forEachHeadOfTask([&](Value, Value g, Value block, Value lane) {
    Value head = b.add(b.mul(s.kvHead, s.group), g);
    Value count = s.contributing(block);
    Value end = b.add(lane, count);
    Value divisor = b.toFloat(count, s.acc);
    b.loop(s.blocksN, [&](Value j) {
      Value sum = sumLanes(s, j, lane, count);
      Value root = b.create<math::SqrtOp>(b.divf(sum, divisor));
      b.store(b.convert(root, cast<FloatType>(f32)), s.amplitude, {s.batch, head, block, j});
    });
    if (!s.lse)
      return;
    auto mean = b.loop(lane, end, 1, {zero, zero}, [&](Value t, ValueRange carried) {
      Value value = b.load(lseOfLane, {t});
      Value sees = b.cmpf(arith::CmpFPredicate::UNE, value, none);
      return TaskBuilder::Values{
          b.select(sees, b.addf(carried[0], value), carried[0]),
          b.select(sees, b.addf(carried[1], b.constant(s.acc, 1.0)), carried[1])};
    });
    Value some = b.cmpf(arith::CmpFPredicate::OGT, mean[1], zero);
    Value result = b.select(some, b.divf(mean[0], mean[1]), none);
    b.store(b.convert(result, cast<FloatType>(f32)), s.lse, {s.batch, head, block});
  });
}
