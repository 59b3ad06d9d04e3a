//===- BlockStatistics.cpp - Means and variances of key blocks ------------===//

#include "ScoreKernel.h"

using namespace mlir;
using namespace qsat;

/// sums[batch, kvHead, J, :] = the mean over the keys of J of `term(key, d)`.
static void buildMean(ScoreKernel &s, Value sums, Value keyBlock,
                      function_ref<Value(Value key, Value d)> term) {
  TaskBuilder &b = s.b;
  Value begin = s.keysBegin(keyBlock), end = s.keysEnd(keyBlock);
  Value zero = b.constant(s.acc, 0.0), count = b.toFloat(b.sub(end, begin), s.acc);
  auto at = [&](Value d) { return TaskBuilder::Values{s.batch, s.kvHead, keyBlock, d}; };
  b.loop(s.width, [&](Value d) { b.store(zero, sums, at(d)); });
  b.loop(begin, end, 1, [&](Value key) {
    b.loop(s.width, [&](Value d) {
      b.store(b.addf(b.load(sums, at(d)), term(key, d)), sums, at(d));
    });
  });
  b.loop(s.width, [&](Value d) { b.store(b.divf(b.load(sums, at(d)), count), sums, at(d)); });
}

BlockStatistics qsat::buildBlockStatistics(ScoreKernel &s, bool variance) {
  TaskBuilder &b = s.b;
  BlockStatistics blocks;
  TaskBuilder::Values extents{s.batches, s.kvHeads, s.blocksN, s.width};
  blocks.mean = b.allocate(s.acc, extents);
  if (variance)
    blocks.variance = b.allocate(s.acc, extents);
  b.parallel("qsat_block_statistics", {s.batches, s.kvHeads, s.blocksN}, [&](ValueRange iv) {
    s.batch = iv[0];
    s.kvHead = iv[1];
    auto loadKey = [&](Value key, Value d) {
      return b.convert(b.load(s.k, {s.batch, s.kvHead, key, d}), s.acc);
    };
    buildMean(s, blocks.mean, iv[2], loadKey);
    if (!variance)
      return;
    // Two passes: the difference of large squares would cancel.
    buildMean(s, blocks.variance, iv[2], [&](Value key, Value d) {
      Value mean = b.load(blocks.mean, {s.batch, s.kvHead, iv[2], d});
      Value deviation = b.subf(loadKey(key, d), mean);
      return b.mulf(deviation, deviation);
    });
  });
  return blocks;
}
