//===- FlashBackground.cpp - What stands in for the unlisted key blocks ---===//
// The blocks themselves are keys here: block J has the key mean kbar_J, the value
// mean vbar_J and the logit of the table of qsat.sparse_attention. They go through
// the same steps as keys, a tile of blocks at a time, into a state of their own;
// then both states are merged.

#include "../Constants.h"
#include "FlashKernel.h"
#include "Lowering.h"

#include <cmath>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;


//===----------------------------------------------------------------------===//
// Statistics of key blocks
//===----------------------------------------------------------------------===//

namespace {
/// Mean and variance over the keys [begin, end) of one kv head.
struct ColumnStatistics {
  KernelBuilder &kb;
  FloatType acc;
  Value batch, head, begin, end;

  /// Columns [d, d + lanes) of `source`, one if `lanes` is 1.
  Value load(Value source, Value key, Value d, int64_t lanes) const {
    Value at[] = {batch, head, key, d};
    return lanes == 1 ? kb.loadAs(acc, source, at) : kb.loadVectorAs(acc, source, at, lanes);
  }
  /// The mean of the columns, or of their squared distance from `center`.
  Value mean(Value source, Value d, int64_t lanes, Value center = {}) const {
    Type type = lanes == 1 ? Type(acc) : Type(kb.vec(acc, lanes));
    Value sum = kb.loop(begin, end, 1, {kb.constant(type, 0.0)},
                        [&](Value key, ValueRange carried) -> Values {
                          Value x = load(source, key, d, lanes);
                          if (!center)
                            return {kb.addf(carried[0], x)};
                          Value distance = kb.subf(x, center);
                          return {kb.fma(distance, distance, carried[0])};
                        })[0];
    Value number = arith::SIToFPOp::create(kb, kb.getLoc(), acc, kb.toI32(kb.sub(end, begin)));
    return kb.divf(sum, lanes == 1 ? number : kb.splat(number, lanes));
  }
};
} // namespace

/// Calls `body(d, lanes)` for all columns: whole registers, then one by one.
static void forEachColumn(KernelBuilder &kb, Value source, int64_t width, int64_t lanes,
                          function_ref<void(Value, int64_t)> body) {
  int64_t whole = KernelBuilder::isRowContiguous(source) ? width - width % lanes : 0;
  kb.loop(0, whole, lanes, [&](Value d) { body(d, lanes); });
  kb.loop(whole, width, 1, [&](Value d) { body(d, 1); });
}

BlockStatistics qsat::buildBlockStatistics(KernelBuilder &kb, const FlashOp &op,
                                           const FlashShape &shape, LoweringContext &context) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  BlockStatistics statistics;
  if (op.background == Background::None)
    return statistics;
  bool hasMeans = op.background != Background::Rank1, hasVariances = op.background == Background::T2;
  Value batches = kb.dim(op.k, 0), heads = kb.dim(op.k, 1);
  Value blocks = kb.ceilDiv(kb.dim(op.k, 2), op.blockKeys);
  Value tiles = kb.ceilDiv(blocks, shape.keys);
  FloatType element = shape.pairsBackground ? shape.operand : op.acc;
  auto allocate = [&](ArrayRef<int64_t> extents, Value third) -> Value {
    Value buffer = memref::AllocOp::create(kb, kb.getLoc(), MemRefType::get(extents, element),
                                           ValueRange{batches, heads, third}, ValueRange(),
                                           kb.getI64IntegerAttr(64));
    statistics.buffers.push_back(buffer);
    return buffer;
  };
  statistics.valueMeans = allocate({dynamic, dynamic, dynamic, shape.paddedWidth}, blocks);
  int64_t pair = shape.pairsBackground ? 2 : 1;
  int64_t blocksPerGroup = pair > 1 ? shape.lanes : shape.tile.columns;
  int64_t width = pair > 1 ? shape.operandWidth : shape.width;
  int64_t keyExtents[] = {dynamic, dynamic, dynamic, width / pair, pair * blocksPerGroup};
  if (hasMeans)
    statistics.keyMeans = allocate(keyExtents, kb.mul(tiles, shape.keys / blocksPerGroup));
  if (hasVariances)
    statistics.keyVariances = allocate(keyExtents, kb.mul(tiles, shape.keys / blocksPerGroup));

  // statistics(b, kv head, block, k, v, value means [, key means [, key variances]])
  SmallVector<Value> operands{op.k, op.v};
  llvm::append_range(operands, statistics.buffers);
  func::FuncOp kernel = context.kernels.get(op.op, "qsat_block_statistics", [&] {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return kb.function(context.module, "qsat_block_statistics", types, [&](ValueRange args) {
      Value batch = args[0], head = args[1], block = args[2], k = args[3], v = args[4];
      Value begin = kb.mul(block, op.blockKeys);
      Value end = kb.min(kb.add(begin, op.blockKeys), kb.dim(k, 2));
      ColumnStatistics columns{kb, op.acc, batch, head, begin, end};
      forEachColumn(kb, v, shape.valueWidth, shape.lanes, [&](Value d, int64_t lanes) {
        Value mean = columns.mean(v, d, lanes);
        if (lanes == 1)
          kb.storeAs(mean, args[5], {batch, head, block, d});
        else
          kb.storeVectorAs(mean, args[5], {batch, head, block, d});
      });
      Value zero = kb.constant(element, 0.0);
      kb.loop(shape.valueWidth, shape.paddedWidth, 1,
              [&](Value d) { kb.store(zero, args[5], {batch, head, block, d}); });
      if (!hasMeans)
        return;
      Value group = kb.div(block, blocksPerGroup);
      Value lane = kb.mul(kb.rem(block, blocksPerGroup), pair);
      auto storeKeys = [&](Value x, Value buffer, Value d, int64_t lanes) {
        for (int64_t n = 0; n < lanes; ++n) {
          Value one = lanes == 1 ? x : vector::ExtractOp::create(kb, kb.getLoc(), x, n).getResult();
          Value at = kb.add(d, n);
          kb.storeAs(one, buffer,
                     {batch, head, group, kb.div(at, pair),
                      pair > 1 ? kb.add(lane, kb.rem(at, pair)) : lane});
        }
      };
      if (width > shape.width)
        storeKeys(kb.constant(op.acc, 0.0), args[6], kb.index(shape.width), 1);
      forEachColumn(kb, k, shape.width, shape.lanes, [&](Value d, int64_t lanes) {
        Value mean = columns.mean(k, d, lanes);
        storeKeys(mean, args[6], d, lanes);
        if (hasVariances)
          storeKeys(columns.mean(k, d, lanes, mean), args[7], d, lanes);
      });
    });
  });
  kb.parallel(kb.mul(kb.mul(batches, heads), blocks), [&](Value t) {
    Value head = kb.div(t, blocks);
    SmallVector<Value> arguments{kb.div(head, heads), kb.rem(head, heads), kb.rem(t, blocks)};
    llvm::append_range(arguments, operands);
    func::CallOp::create(kb, kb.getLoc(), kernel, arguments);
  });
  return statistics;
}

//===----------------------------------------------------------------------===//
// The walk over blocks
//===----------------------------------------------------------------------===//

/// m + log2 l of a state, scalars; -inf where it is empty.
Value FlashKernel::logSum(Value maximum, Value sum) {
  Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, sum, kb.constant(acc, 0.0));
  Value isNaN = kb.cmpf(arith::CmpFPredicate::UNO, sum, sum);
  Value log = kb.addf(maximum, kb.log2(sum));
  return kb.select(isEmpty, kb.constant(acc, -INFINITY), kb.select(isNaN, sum, log));
}

void FlashKernel::beginBackground() {
  selected = kb.scratch({shape.rows, shape.paddedWidth}, acc);
  selectedLogs = kb.scratch({shape.rows}, acc);
  hiddenBlocks = kb.scratch({shape.keys}, acc);
  if (shape.pair == 1)
    exactPanel = panel;
  else if (!shape.pairsBackground)
    exactPanel = kb.scratch({shape.rows, shape.width}, acc);
  if (op.background == Background::T2) {
    squares = kb.scratch({shape.rows, shape.width}, acc);
    spreads = kb.scratch({shape.rows, shape.keys}, acc);
  }
}

void FlashKernel::keepSelected() {
  Value zero = kb.constant(acc, 0.0), one = kb.constant(acc, 1.0), start = kb.index(0);
  kb.loop(start, numRows, 1, [&](Value r) {
    Value sum = kb.reduceAdd(kb.loadVector(sums, {r, start}, shape.lanes));
    Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
    Value factor = kb.splat(kb.select(isEmpty, zero, kb.divf(one, sum)), shape.lanes);
    kb.loop(0, shape.paddedWidth, shape.lanes, [&](Value d) {
      kb.storeVector(kb.mulf(kb.loadVector(out, {r, d}, shape.lanes), factor), selected, {r, d});
    });
    kb.store(logSum(kb.load(maxima, {r}), sum), selectedLogs, {r});
  });
  clearState();
  if (!squares)
    return;
  kb.loop(start, paddedRows, 1, [&](Value r) {
    kb.loop(0, shape.width, 1, [&](Value d) {
      Value x = kb.load(exactPanel, {r, d});
      kb.store(kb.mulf(x, x), squares, {r, d});
    });
  });
}

void FlashKernel::visitBackground(const BlockStatistics &statistics, ListedBlocks listed) {
  // Those after the last that any row of the panel sees are left out.
  Value zero = kb.index(0), seen = kb.clamp(lastVisible.high, zero, mask.getExtent());
  Value blocks = kb.ceilDiv(seen, op.blockKeys);
  Value hidden = kb.constant(acc, -INFINITY), shown = kb.constant(acc, 0.0);
  Value weights = shape.pairsBackground ? probabilities : scores;
  kb.loop(zero, blocks, shape.keys, [&](Value first) {
    Value count = kb.min(kb.sub(blocks, first), kb.index(shape.keys));
    Value group = kb.div(first, shape.tile.columns);
    kb.loop(0, shape.keys, 1, [&](Value j) { kb.store(shown, hiddenBlocks, {j}); });
    listed([&](Value block) {
      Value place = kb.sub(block, first);
      Value isHere = kb.cmp(arith::CmpIPredicate::ult, place, kb.index(shape.keys));
      kb.when(isHere, [&] { kb.store(hidden, hiddenBlocks, {place}); });
    });
    if (statistics.keyMeans)
      buildScores(exactPanel ? exactPanel : panel, ofHead(statistics.keyMeans), group, count, scores);
    if (statistics.keyVariances)
      buildScores(squares, ofHead(statistics.keyVariances), group, count, spreads);
    weighTile(first, count);
    softmaxTile(weights);
    accumulateTile({weights, ofHead(statistics.valueMeans), first, count});
  });
  if (op.background == Background::Rank1)
    visitPartialBlocks(blocks, listed);
}

/// scores [rows,keys] of the blocks [first, first + count): the logit of the block
/// + log2 n_iJ, and -inf where block J is listed or row i sees none of its keys, and
/// behind them.
/// With rank1 also where a row of the panel does not see all of the block.
void FlashKernel::weighTile(Value first, Value count) {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0);
  auto bound = [&](Value key) {
    return kb.splat(kb.toI32(kb.clamp(key, zero, mask.getExtent())), lanes);
  };
  Value zeros = kb.splat(kb.toI32(zero), lanes), size = kb.splat(kb.toI32(kb.index(op.blockKeys)), lanes);
  Value none = kb.constant(kb.vec(acc, lanes), -INFINITY);
  Value constant = kb.constant(kb.vec(acc, lanes), op.backgroundLogit * kLog2E);
  Value one = kb.constant(kb.vec(acc, lanes), 1.0);
  // The panel is q scale log2 e: its square carries log2 e twice.
  Value half = kb.constant(kb.vec(acc, lanes), 0.5 / (kLog2E * kLog2E));
  kb.loop(zero, numRows, 1, [&](Value r) {
    VisibleKeys visible = mask.visibleTo(kb.add(firstRow, r));
    Value high = bound(visible.high), low = bound(visible.low);
    // Sinks that the window does not show: below low and high.
    Value sinkHigh = bound(kb.min(kb.min(mask.getSinks(), visible.low), visible.high));
    Value whole = kb.mul(kb.ceilDiv(count, lanes), lanes);
    kb.loop(whole, kb.index(shape.keys), lanes, [&](Value j) { kb.storeVector(none, scores, {r, j}); });
    kb.loop(zero, whole, lanes, [&](Value j) {
      Value block = kb.add(kb.iota(lanes), kb.splat(kb.toI32(kb.add(first, j)), lanes));
      Value begin = kb.mul(block, size), end = kb.min(kb.add(begin, size), bound(mask.getExtent()));
      Value seen = kb.max(zeros, kb.sub(kb.min(end, high), kb.max(begin, low)));
      if (mask.hasWindow())
        seen = kb.add(seen, kb.max(zeros, kb.sub(kb.min(end, sinkHigh), begin)));
      Value number = arith::SIToFPOp::create(kb, kb.getLoc(), kb.vec(acc, lanes), seen);
      Value z = constant;
      if (op.background != Background::Rank1)
        z = kb.loadVector(scores, {r, j}, lanes);
      if (op.background != Background::Rank1 && shape.pairsBackground && factor)
        z = kb.mulf(z, kb.splat(factor, lanes));
      if (op.background == Background::T2) {
        Value spread = kb.loadVector(spreads, {r, j}, lanes);
        z = kb.addf(z, kb.log2(kb.fma(spread, half, one)));
      }
      z = kb.addf(kb.addf(z, kb.log2(number)), kb.loadVector(hiddenBlocks, {j}, lanes));
      Value isSeen = kb.less(zeros, seen);
      if (op.background == Background::Rank1) {
        auto atMost = [&](Value a, Value b) { return kb.cmp(arith::CmpIPredicate::sle, a, b); };
        isSeen = kb.both(isSeen, atMost(end, bound(firstVisible.high)));
        if (mask.hasWindow())
          isSeen = kb.both(isSeen, kb.either(atMost(bound(lastVisible.low), begin),
                                             atMost(end, bound(mask.getSinks()))));
      }
      kb.storeVector(kb.select(isSeen, z, none), scores, {r, j});
    });
  });
}

/// rank1, the unlisted blocks that some rows of the panel see in part: key by
/// key, all of the same logit.
void FlashKernel::visitPartialBlocks(Value blocks, ListedBlocks listed) {
  Value zero = kb.index(0), logit = kb.constant(acc, op.backgroundLogit * kLog2E);
  Value shown = kb.constant(acc, 0.0), hidden = kb.constant(acc, 1.0);
  kb.loop(zero, blocks, 1, [&](Value block) {
    Value begin = kb.mul(block, op.blockKeys);
    Value end = kb.min(kb.add(begin, op.blockKeys), mask.getExtent());
    Value isSeen = kb.less(begin, lastVisible.high);
    Value isPartial = kb.less(firstVisible.high, end);
    if (mask.hasWindow()) {
      Value inWindow = kb.less(firstVisible.low, end), inSinks = kb.less(begin, mask.getSinks());
      Value isBelow = kb.both(kb.less(begin, lastVisible.low), kb.less(mask.getSinks(), end));
      isSeen = kb.both(isSeen, kb.either(inWindow, inSinks));
      isPartial = kb.either(isPartial, isBelow);
    }
    kb.when(kb.both(isSeen, isPartial), [&] {
      kb.store(shown, hiddenBlocks, {zero});
      listed([&](Value other) {
        Value isThis = kb.cmp(arith::CmpIPredicate::eq, other, block);
        kb.when(isThis, [&] { kb.store(hidden, hiddenBlocks, {zero}); });
      });
      Value flag = kb.load(hiddenBlocks, {zero});
      kb.when(kb.cmpf(arith::CmpFPredicate::OEQ, flag, shown), [&] {
        kb.loop(0, shape.tilesPerBlock, 1, [&](Value s) {
          Value tile = kb.add(kb.mul(block, shape.tilesPerBlock), s);
          visit(kb.add(begin, kb.mul(s, shape.keys)), end,
                kb.mul(tile, shape.keys / shape.tile.columns), logit);
        });
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

/// T_order(x) for x >= 0, scalars of f64.
static Value buildChebyshev(KernelBuilder &kb, Value order, Value x) {
  Value one = kb.constant(kb.getF64Type(), 1.0);
  Value isInside = kb.cmpf(arith::CmpFPredicate::OLE, x, one);
  return kb.choose(
      isInside,
      [&]() -> Values {
        Value angle = math::AcosOp::create(kb, kb.getLoc(), x);
        return {math::CosOp::create(kb, kb.getLoc(), kb.mulf(order, angle))};
      },
      [&]() -> Values {
        Value angle = math::AcoshOp::create(kb, kb.getLoc(), x);
        return {math::CoshOp::create(kb, kb.getLoc(), kb.mulf(order, angle))};
      })[0];
}

/// P for the mass a as #qsat.amplification says; scalars. In f64 and by library
/// calls, once per row: a rounding of f32 would move the number of rounds.
static Value buildProbability(KernelBuilder &kb, AmplificationAttr amplification, Value mass) {
  FloatType f64 = kb.getF64Type();
  Location loc = kb.getLoc();
  auto number = [&](double value) { return kb.constant(f64, value); };
  AmplificationKind kind = amplification.getKind();
  if (kind == AmplificationKind::Born)
    return mass;
  if (kind == AmplificationKind::Full)
    return kb.constant(mass.getType(), 1.0);
  Value a = kb.convert(mass, f64), zero = number(0.0), one = number(1.0);
  Value isSome = kb.cmpf(arith::CmpFPredicate::OGT, a, zero);
  Value safe = kb.select(isSome, a, one);
  Value root = math::SqrtOp::create(kb, loc, safe);
  Value p;
  if (kind == AmplificationKind::FixedPoint) {
    double delta = amplification.getDelta().convertToDouble();
    Value least = kb.divf(number(std::log(2.0 / delta)), root);
    Value half = math::CeilOp::create(kb, loc, kb.mulf(kb.subf(least, one), number(0.5)));
    Value length = kb.addf(kb.mulf(kb.maxf(half, zero), number(2.0)), one);
    Value gain = math::CoshOp::create(kb, loc, kb.divf(number(std::acosh(1.0 / delta)), length));
    Value x = kb.mulf(gain, math::SqrtOp::create(kb, loc, kb.subf(one, safe)));
    Value t = kb.mulf(number(delta), buildChebyshev(kb, length, x));
    p = kb.subf(one, kb.mulf(t, t));
  } else {
    Value theta = math::AsinOp::create(kb, loc, root);
    Value rounds = number(amplification.getRounds());
    if (kind == AmplificationKind::Optimal) {
      Value best = kb.subf(kb.divf(number(M_PI / 4), theta), number(0.5));
      rounds = kb.maxf(math::RoundEvenOp::create(kb, loc, best), zero);
    }
    Value angle = kb.mulf(kb.fma(rounds, number(2.0), one), theta);
    Value amplitude = math::SinOp::create(kb, loc, angle);
    p = kb.mulf(amplitude, amplitude);
  }
  return kb.convert(kb.select(isSome, p, zero), cast<FloatType>(mass.getType()));
}

void FlashKernel::finishMerged() {
  Value zero = kb.constant(acc, 0.0), one = kb.constant(acc, 1.0), start = kb.index(0);
  Value infinite = kb.constant(acc, -INFINITY);
  auto isEmpty = [&](Value log) { return kb.cmpf(arith::CmpFPredicate::OEQ, log, infinite); };
  kb.loop(start, numRows, 1, [&](Value r) {
    Value row = kb.add(firstRow, r);
    Value sum = kb.reduceAdd(kb.loadVector(sums, {r, start}, shape.lanes));
    Value logS = kb.load(selectedLogs, {r}), logB = logSum(kb.load(maxima, {r}), sum);
    Value top = kb.maxf(logS, logB);
    Value isNothing = isEmpty(top);
    top = kb.select(isNothing, zero, top);
    Value massS = kb.exp2(kb.subf(logS, top)), massB = kb.exp2(kb.subf(logB, top));
    Value total = kb.addf(massS, massB);
    Value share = kb.select(isNothing, zero, kb.divf(massS, total));
    Value p = kb.select(isEmpty(logB), one, buildProbability(kb, op.amplification, share));
    p = kb.select(isEmpty(logS), zero, p);
    Value rest = kb.select(isEmpty(logB), zero, kb.divf(kb.subf(one, p), sum));

    int64_t whole = shape.valueWidth - shape.valueWidth % shape.lanes;
    if (!KernelBuilder::isRowContiguous(o))
      whole = 0;
    Value ps = kb.splat(p, shape.lanes), rests = kb.splat(rest, shape.lanes);
    kb.loop(0, whole, shape.lanes, [&](Value d) {
      Value x = kb.mulf(kb.loadVector(selected, {r, d}, shape.lanes), ps);
      x = kb.fma(kb.loadVector(out, {r, d}, shape.lanes), rests, x);
      kb.storeVectorAs(x, o, {batch, head, row, d});
    });
    kb.loop(whole, shape.valueWidth, 1, [&](Value d) {
      Value x = kb.mulf(kb.load(selected, {r, d}), p);
      x = kb.fma(kb.load(out, {r, d}), rest, x);
      kb.storeAs(x, o, {batch, head, row, d});
    });
    Value log = kb.select(isNothing, infinite, logSum(top, total));
    kb.store(kb.mulf(log, kb.constant(acc, kLn2)), lse, {batch, head, row});
    if (kept)
      kb.storeAs(share, kept, {batch, head, row});
  });
}
