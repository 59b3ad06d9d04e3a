//===- KeyWalk.cpp - Which tiles of keys some rows visit ------------------===//

#include "KeyWalk.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

ListArguments ListArguments::get(HostBuilder &b, const FlashOp &op, Value heads) {
  ListArguments args;
  if (!op.isSparse)
    return args;
  HostBuilder::Array indices = b.describe(op.op->getOperand(3));
  args.indices = indices.data;
  args.counts = b.describe(op.op->getOperand(4)).data;
  args.share = b.toI32(b.div(heads, indices.extents[1]));
  args.blocks = b.toI32(indices.extents[2]);
  args.max = b.toI32(indices.extents[3]);
  return args;
}

KeyWalk::Span KeyWalk::visible(Value firstRow, Value lastRow) {
  Span span;
  Value zero = b.i32(0);
  int64_t tileKeys = parts * partKeys;
  Value end = b.ceilDiv(b.max(scores.highKey(lastRow), zero), tileKeys);
  span.count = end;
  if (!hasLowBound(op))
    return span;
  // No sinks: they are negative where the keys begin past them.
  span.sinkTiles = b.min(b.ceilDiv(b.max(mask.sinks, zero), tileKeys), end);
  Value low = b.max(b.add(firstRow, mask.lowShift), zero);
  span.start = b.max(b.div(low, tileKeys), span.sinkTiles);
  span.count = b.add(span.sinkTiles, b.max(b.sub(end, span.start), zero));
  return span;
}

KeyWalk::Span KeyWalk::listed(Value batch, Value head, Value heads, Value rowBlock) {
  Span span;
  Value ofBatch = b.mul(batch, b.div(heads, lists.share));
  Value list = b.add(b.mul(b.add(ofBatch, b.div(head, lists.share)), lists.blocks), rowBlock);
  Value given = b.loadConstant(b.getI32Type(), lists.counts, b.extend(list));
  span.listed = b.mul(b.max(b.min(given, lists.max), b.i32(0)), partsPerBlock());
  span.list = b.mul(b.extend(list), b.extend(lists.max));
  span.count = b.ceilDiv(span.listed, parts);
  return span;
}

Values KeyWalk::firstKeys(const Span &span, Value t) {
  if (!op.isSparse) {
    if (hasLowBound(op))
      t = b.select(b.less(t, span.sinkTiles), t, b.add(b.sub(t, span.sinkTiles), span.start));
    Values keys;
    for (int64_t part = 0; part < parts; ++part)
      keys.push_back(b.add(b.mul(t, parts * partKeys), part * partKeys));
    return keys;
  }
  // Whatever is listed, no key past the first block behind the last is named.
  Value outside = b.ceilDiv(keys, op.blockKeys);
  Values firsts;
  for (int64_t part = 0; part < parts; ++part) {
    Value position = b.add(b.mul(t, parts), part);
    Value block = b.choose(
        b.less(position, span.listed),
        [&]() -> Values {
          Value index = b.add(span.list, b.extend(b.div(position, partsPerBlock())));
          Value listed = b.loadConstant(b.getI32Type(), lists.indices, index);
          return {b.minUnsigned(listed, outside)};
        },
        outside)[0];
    Value first = b.mul(block, op.blockKeys);
    if (partsPerBlock() > 1)
      first = b.add(first, b.mul(b.rem(position, partsPerBlock()), partKeys));
    firsts.push_back(first);
  }
  return firsts;
}
