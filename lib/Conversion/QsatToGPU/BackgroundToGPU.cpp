//===- BackgroundToGPU.cpp - What stands in for the unlisted keys ---------===//
// Attention over the lists gives (o_S, lse_S), as without a background. Then one
// thread for each row walks over the blocks that are not listed, each a key of its
// own with the mean of its values,
//
//   w_J = n_iJ * 2^(logit of J),   o_bg = sum_J w_J vbar_J / sum_J w_J
//
// and merges both by their log-sum-exp: o = a o_S + (1 - a) o_bg, a = exp(lse_S - lse).

#include "BlockMeans.h"
#include "../Constants.h"

#include "../QsatToLoops/MaskOnKeys.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

namespace {
/// Of the keys, for t2 with variances, and of the values: [B,Hkv,Nb,D] and [B,Hkv,Nb,Dv].
struct Means {
  BlockMeans keys, values;
};

/// One row.
class BackgroundRow {
public:
  BackgroundRow(TeamBuilder &b, const FlashOp &op, ValueRange operands, const Means &means, Value sums, Value row,
                Value head, Value batch)
      : b(b), op(op), operands(operands), means(means), sums(sums), row(row), head(head), batch(batch),
        kvHead(b.div(head, b.div(b.dim(operands[0], 1), b.dim(operands[1], 1)))), mask(b, op, operands),
        visible(mask.visibleTo(row)), zero(b.constant(op.acc, 0.0)), none(b.constant(op.acc, -kInfinity)) {}

  void build() {
    Value width = b.dim(sums, 3), keys = mask.getExtent();
    b.loop(width, [&](Value d) { b.store(zero, sums, {batch, head, row, d}); });
    Values state = b.loop(b.index(0), b.dim(means.keys.mean, 2), 1, {none, zero}, [&](Value block, ValueRange carried) {
      Value first = b.mul(block, op.blockKeys), end = b.min(b.add(first, op.blockKeys), keys);
      Value count = countSeen(first, end);
      Value counts = b.both(b.gt(count, b.index(0)), b.create<arith::XOrIOp>(isListed(block), b.boolean(true)));
      return b.choose(counts, [&] { return addBlock(carried, block, first, end, count); },
                      [&] { return Values(carried); });
    });
    finish(state[0], state[1]);
  }

private:
  /// The visible keys of [first, end), in up to two runs.
  void forEachRun(Value first, Value end, function_ref<void(Value, Value)> body) {
    Value from = first;
    if (mask.hasWindow()) {
      Value sinks = b.min(mask.getSinks(), visible.high);
      body(first, b.min(end, sinks));
      from = b.max(first, sinks);
    }
    body(b.max(from, visible.low), b.min(end, visible.high));
  }

  Value countSeen(Value first, Value end) {
    Value count = b.index(0);
    forEachRun(first, end, [&](Value from, Value to) { count = b.add(count, b.max(b.sub(to, from), 0)); });
    return count;
  }

  Value isListed(Value block) {
    Value list = b.div(head, b.div(b.dim(operands[0], 1), b.dim(operands[4], 1))), rows = b.div(row, op.blockRows);
    Value count = b.toIndex(b.load(operands[4], {batch, list, rows}));
    count = b.clamp(count, b.index(0), b.dim(operands[3], 3));
    return b.loop(b.index(0), count, 1, {b.boolean(false)}, [&](Value t, ValueRange found) -> Values {
      Value listed = b.toIndex(b.load(operands[3], {batch, list, rows, t}));
      return {b.either(found[0], b.eq(listed, block))};
    })[0];
  }

  /// log2 of the weight of one key of the block.
  Value logitOf(Value block) {
    if (op.background == Background::Rank1)
      return b.constant(op.acc, op.backgroundLogit * kLog2E);
    Values sum = b.loop(b.index(0), b.dim(means.keys.mean, 3), 1, {zero, zero}, [&](Value d, ValueRange sum) -> Values {
      Value q = b.loadAs(op.acc, operands[0], {batch, head, row, d});
      Value dot = b.addf(sum[0], b.mulf(q, b.load(means.keys.mean, {batch, kvHead, block, d})));
      if (!means.keys.variance)
        return {dot, sum[1]};
      Value spread = b.mulf(b.mulf(q, q), b.load(means.keys.variance, {batch, kvHead, block, d}));
      return {dot, b.addf(sum[1], spread)};
    });
    Value logit = b.mulf(sum[0], b.constant(op.acc, op.scale * kLog2E));
    if (!means.keys.variance)
      return logit;
    Value half = b.mulf(sum[1], b.constant(op.acc, op.scale * op.scale / 2));
    return b.addf(logit, b.log2(b.addf(half, b.constant(op.acc, 1.0))));
  }

  /// Column d of the value of the block: the mean of all its values, for rank1 of
  /// those that are seen.
  Value valueOf(Value block, Value first, Value end, Value count, Value d) {
    Value mean = b.load(means.values.mean, {batch, kvHead, block, d});
    if (op.background != Background::Rank1 || !op.mask || op.mask.isTrivial())
      return mean;
    return b.choose(b.eq(count, b.sub(end, first)), [&]() -> Values { return {mean}; },
                    [&]() -> Values {
                      Value sum = zero;
                      forEachRun(first, end, [&](Value from, Value to) {
                        sum = b.loop(from, to, 1, {sum}, [&](Value key, ValueRange sum) -> Values {
                          return {b.addf(sum[0], b.loadAs(op.acc, operands[2], {batch, kvHead, key, d}))};
                        })[0];
                      });
                      return {b.divf(sum, b.toFloat(count, op.acc))};
                    })[0];
  }

  /// The online softmax: sums = sums * 2^(m - m') + w v.
  Values addBlock(ValueRange carried, Value block, Value first, Value end, Value count) {
    Value logit = b.addf(logitOf(block), b.log2(b.toFloat(count, op.acc))), top = b.maxf(carried[0], logit);
    Value base = b.select(b.cmpf(arith::CmpFPredicate::OEQ, top, none), zero, top);
    Value factor = b.exp2(b.subf(carried[0], base)), weight = b.exp2(b.subf(logit, base));
    b.loop(b.dim(sums, 3), [&](Value d) {
      Value at[] = {batch, head, row, d};
      Value more = b.mulf(weight, valueOf(block, first, end, count, d));
      b.store(b.addf(b.mulf(b.load(sums, at), factor), more), sums, at);
    });
    return {top, b.addf(b.mulf(carried[1], factor), weight)};
  }

  /// o, lse and kept of both parts.
  void finish(Value top, Value sum) {
    unsigned init = operands.size() - op.numInits;
    Value at[] = {batch, head, row}, o = operands[init], one = b.constant(op.acc, 1.0);
    Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
    Value rest = b.select(isEmpty, none, b.addf(top, b.log2(sum)));
    Value listed = b.mulf(b.load(operands[init + 1], at), b.constant(op.acc, kLog2E)), most = b.maxf(listed, rest);
    Value base = b.select(b.cmpf(arith::CmpFPredicate::OEQ, most, none), zero, most);
    Value x = b.exp2(b.subf(listed, base)), y = b.exp2(b.subf(rest, base)), all = b.addf(x, y);
    Value sawNothing = b.cmpf(arith::CmpFPredicate::OEQ, all, zero);
    Value kept = b.select(sawNothing, zero, b.divf(x, all)), share = kept;
    if (op.amplification.getKind() == AmplificationKind::Full)
      share = b.select(b.cmpf(arith::CmpFPredicate::OGT, x, zero), one, zero);
    Value perWeight = b.select(isEmpty, zero, b.divf(b.subf(one, share), sum));
    b.loop(b.dim(sums, 3), [&](Value d) {
      Value place[] = {batch, head, row, d};
      Value mine = b.mulf(b.loadAs(op.acc, o, place), share), other = b.mulf(b.load(sums, place), perWeight);
      b.storeAs(b.addf(mine, other), o, place);
    });
    Value lse = b.mulf(b.addf(base, b.log2(all)), b.constant(op.acc, kLn2));
    b.store(b.select(sawNothing, none, lse), operands[init + 1], at);
    if (op.numInits > 2)
      b.storeAs(kept, operands[init + 2], at);
  }

  TeamBuilder &b;
  const FlashOp &op;
  ValueRange operands;
  const Means &means;
  Value sums, row, head, batch, kvHead;
  MaskOnKeys mask;
  VisibleKeys visible;
  Value zero, none;
};
} // namespace

bool qsat::hasBackgroundKernel(SparseAttentionOp op) {
  return llvm::is_contained({AmplificationKind::Born, AmplificationKind::Full},
                            op.getAmplificationOrDefault().getKind());
}

LogicalResult qsat::lowerBackground(SparseAttentionOp sparse, GPULoweringContext &context,
                                    function_ref<LogicalResult(SparseAttentionOp)> lowerListed) {
  if (!hasBackgroundKernel(sparse))
    return sparse.emitOpError("expected amplification born or full with a background on a GPU, but got ")
           << sparse.getAmplificationOrDefault();
  CPUTarget machine;
  TaskBuilder b(sparse.getLoc(), OpBuilder(sparse), machine);
  auto listed = cast<SparseAttentionOp>(b.OpBuilder::clone(*sparse));
  listed.setBackground(Background::None);
  listed.removeAmplificationAttr();
  context.replaced.push_back(listed);
  if (failed(lowerListed(listed)))
    return failure();

  FlashOp op(sparse);
  Means means{BlockMeans::allocate(b, op.k, op.acc, op.blockKeys, op.background == Background::T2),
              BlockMeans::allocate(b, op.v, op.acc, op.blockKeys, /*withVariance=*/false)};
  launchBlockMeans(sparse, "qsat_block_means", {means.keys, means.values}, op.blockKeys, context);
  Value sums = b.allocate(op.acc, {b.dim(op.q, 0), b.dim(op.q, 1), b.dim(op.q, 2), b.dim(op.v, 3)});

  SmallVector<Value> buffers = means.values.buffers();
  llvm::append_range(buffers, means.keys.buffers());
  buffers.push_back(sums);
  SmallVector<Value> ofRows(sparse->getOperands());
  unsigned count = ofRows.size();
  llvm::append_range(ofRows, buffers);
  launchTeams(sparse, context,
              {"qsat_background", 1, b.dim(op.q, 2), b.dim(op.q, 1), b.dim(op.q, 0), ofRows},
              [&](TeamBuilder &b, ValueRange args, Value row, Value head, Value batch) {
                Means inside{{op.k, args[count + 1], means.keys.variance ? args[count + 2] : Value()},
                             {op.v, args[count], Value()}};
                BackgroundRow(b, op, args.take_front(count), inside, args.back(), row, head, batch).build();
              });
  b.release(buffers);
  return success();
}
