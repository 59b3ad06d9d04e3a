//===- HopperWalk.cpp - Which query tile a thread block takes -------------===//

#include "HopperAttention.h"

using namespace mlir;
using namespace qsat;

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
  if (op.isSparse) {
    Value head = b.rem(tile.head, args.heads), batch = b.div(tile.head, args.heads);
    tile.keys = keyWalk.listed(batch, head, args.heads, b.div(tile.firstRow, op.blockRows));
  } else {
    Value last = b.sub(b.min(b.add(tile.firstRow, plan.rows()), args.rows), 1);
    tile.keys = keyWalk.visible(tile.firstRow, last);
  }
  // A tile without keys is visited once too: it stores zeros.
  tile.keys.count = b.max(tile.keys.count, b.i32(1));
  return tile;
}
