//===- HopperWalk.cpp - Which tiles a thread block visits -----------------===//

#include "HopperAttention.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

Value HopperAttention::queryTiles() { return b.ceilDiv(args.rows, plan.rows()); }

/// Number -> query tile: heads in groups that share the second-level cache, in
/// a group the last rows first, which see most keys under a causal mask.
HopperAttention::QueryTile HopperAttention::decode(Value number) {
  Value tiles = queryTiles(), perGroup = b.mul(tiles, args.headGroup);
  Value firstHead = b.mul(b.div(number, perGroup), args.headGroup);
  Value inGroup = b.rem(number, perGroup);
  Value size = b.min(args.headGroup, b.sub(args.allHeads, firstHead));
  Value block = b.sub(b.sub(tiles, 1), b.div(inGroup, size));
  QueryTile tile;
  tile.head = b.add(firstHead, b.rem(inGroup, size));
  tile.firstRow = b.mul(block, plan.rows());
  op.isSparse ? findListed(tile, b.div(tile.firstRow, op.blockRows)) : findVisible(tile);
  // A tile without keys is visited once too: it stores zeros.
  tile.count = b.max(tile.count, b.i32(1));
  return tile;
}

void HopperAttention::findVisible(QueryTile &tile) {
  Value last = b.sub(b.min(b.add(tile.firstRow, plan.rows()), args.rows), 1), zero = b.i32(0);
  Value end = b.ceilDiv(b.max(scoreTile.highKey(last), zero), plan.keys);
  tile.count = end;
  if (!hasLowBound(op))
    return;
  tile.sinkTiles = b.min(b.ceilDiv(args.mask.sinks, plan.keys), end);
  Value low = b.max(b.add(tile.firstRow, args.mask.lowShift), zero);
  tile.start = b.max(b.div(low, plan.keys), tile.sinkTiles);
  tile.count = b.add(tile.sinkTiles, b.max(b.sub(end, tile.start), zero));
}

void HopperAttention::findListed(QueryTile &tile, Value block) {
  Value head = b.rem(tile.head, args.heads), batch = b.div(tile.head, args.heads);
  Value lists = b.div(args.heads, args.listShare);
  Value list = b.add(b.mul(batch, lists), b.div(head, args.listShare));
  list = b.add(b.mul(list, args.listBlocks), block);
  Value given = b.loadConstant(b.getI32Type(), args.counts, b.extend(list));
  tile.listed = b.max(b.min(given, args.listMax), b.i32(0));
  tile.list = b.createOrFold<arith::MulIOp>(b.extend(list), b.extend(args.listMax));
  tile.count = b.ceilDiv(tile.listed, plan.parts());
}

Values HopperAttention::firstKeys(const QueryTile &tile, Value t) {
  if (!op.isSparse) {
    if (hasLowBound(op))
      t = b.select(b.less(t, tile.sinkTiles), t, b.add(b.sub(t, tile.sinkTiles), tile.start));
    return {b.mul(t, plan.keys)};
  }
  // Whatever is listed, no key past the first block behind the last is named.
  Value outside = b.ceilDiv(args.keys, plan.blockKeys);
  Values keys;
  for (int64_t part = 0; part < plan.parts(); ++part) {
    Value position = b.add(b.mul(t, plan.parts()), part);
    Value block = b.choose(
        b.less(position, tile.listed),
        [&]() -> Values {
          Value index = b.createOrFold<arith::AddIOp>(tile.list, b.extend(position));
          Value listed = b.loadConstant(b.getI32Type(), args.indices, index);
          return {b.minUnsigned(listed, outside)};
        },
        outside)[0];
    keys.push_back(b.mul(block, plan.blockKeys));
  }
  return keys;
}
