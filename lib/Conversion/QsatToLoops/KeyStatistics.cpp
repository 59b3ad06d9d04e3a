//===- KeyStatistics.cpp - Means and variances of key blocks --------------===//

#include "ScoreKernel.h"

using namespace mlir;
using namespace qsat;

/// Means (and variances) of the elements [d, d + lanes) of the keys of a block, into
/// blocks[batch, kvHead, keyBlock, d ..]; lanes = 1: of a scalar.
static void buildColumns(ScoreKernel &s, const KeyStatistics &blocks, Value keyBlock, Value d,
                         int64_t lanes) {
  TaskBuilder &b = s.b;
  Value begin = s.keysBegin(keyBlock), end = s.keysEnd(keyBlock);
  TaskBuilder::Values at{s.batch, s.kvHead, keyBlock, d};
  auto load = [&](Value key) {
    TaskBuilder::Values from{s.batch, s.kvHead, key, d};
    return lanes == 1 ? b.loadAs(s.acc, s.k, from) : b.loadVectorAs(s.acc, s.k, from, lanes);
  };
  Type type = lanes == 1 ? Type(s.acc) : b.vec(s.acc, lanes);
  Value count = b.toFloat(b.sub(end, begin), s.acc), zero = b.constant(type, 0.0);
  if (lanes > 1)
    count = b.splat(count, lanes);
  auto mean = [&](Value memref, function_ref<Value(Value)> term) {
    Value sum = b.loop(begin, end, 1, {zero}, [&](Value key, ValueRange sum) {
      return TaskBuilder::Values{b.addf(sum[0], term(load(key)))};
    })[0];
    Value result = b.divf(sum, count);
    lanes == 1 ? b.store(result, memref, at) : b.storeVector(result, memref, at);
    return result;
  };
  Value center = mean(blocks.mean, [](Value x) { return x; });
  // Two passes: the difference of large squares would cancel.
  if (blocks.variance)
    mean(blocks.variance, [&](Value x) {
      Value deviation = b.subf(x, center);
      return b.mulf(deviation, deviation);
    });
}

KeyStatistics qsat::buildKeyStatistics(ScoreKernel &s, bool variance) {
  TaskBuilder &b = s.b;
  KeyStatistics blocks;
  TaskBuilder::Values extents{s.batches, s.kvHeads, s.blocksN, s.width};
  blocks.mean = b.allocate(s.acc, extents);
  if (variance)
    blocks.variance = b.allocate(s.acc, extents);
  // Several registers at a time: the sums do not wait for each other.
  int64_t lanes = 4 * b.lanes(s.acc);
  b.parallel("qsat_block_statistics", {s.batches, s.kvHeads, s.blocksN}, [&](ValueRange iv) {
    s.batch = iv[0];
    s.kvHead = iv[1];
    Value whole = b.index(0);
    if (KernelBuilder::isRowContiguous(s.k)) {
      whole = b.sub(s.width, b.rem(s.width, lanes));
      b.loop(b.index(0), whole, lanes,
             [&](Value d) { buildColumns(s, blocks, iv[2], d, lanes); });
    }
    b.loop(whole, s.width, 1, [&](Value d) { buildColumns(s, blocks, iv[2], d, 1); });
  });
  return blocks;
}
