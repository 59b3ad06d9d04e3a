//===- FlashList.cpp - The walk over listed blocks of keys ----------------===//
// Listed blocks are visited one by one, or, on AMX tiles, gathered: the numbers of
// the packed groups of several blocks are put together, and one visit takes them all.

#include "FlashKernel.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

void FlashKernel::visitList(Value count, function_ref<Value(Value)> block) {
  if (shape.gatheredKeys > 0)
    return visitGathered(count, block);
  Value blocks = kb.ceilDiv(mask.getExtent(), op.blockKeys);
  kb.loop(kb.index(0), count, 1, [&](Value t) {
    Value number = block(t);
    // Unsigned: negative numbers are large.
    kb.when(kb.cmp(arith::CmpIPredicate::ult, number, blocks), [&] { visitBlock(number); });
  });
}

void FlashKernel::visitBlock(Value block) {
  Value begin = kb.mul(block, op.blockKeys);
  Value limit = kb.min(kb.add(begin, op.blockKeys), mask.getExtent());
  kb.loop(0, shape.tilesPerBlock, 1, [&](Value s) {
    Value tile = kb.add(kb.mul(block, shape.tilesPerBlock), s);
    visit(kb.add(begin, kb.mul(s, shape.keys)), limit,
          kb.mul(tile, shape.keys / shape.tile.columns));
  });
}

/// i1: all rows of the panel see all keys [first, limit).
Value FlashKernel::isWhole(Value first, Value limit) {
  Value isSeen = kb.cmp(arith::CmpIPredicate::sle, limit, firstVisible.high);
  if (!mask.hasWindow())
    return isSeen;
  Value inWindow = kb.cmp(arith::CmpIPredicate::sge, first, lastVisible.low);
  Value inSinks = kb.cmp(arith::CmpIPredicate::sle, limit, mask.getSinks());
  return kb.both(isSeen, kb.either(inWindow, inSinks));
}

/// Blocks that all rows see whole, and that are packed, are gathered and visited together once there are
/// enough, or no more: what is paid once for a step hides behind many keys. The
/// others are visited one by one.
void FlashKernel::visitGathered(Value count, function_ref<Value(Value)> block) {
  Value zero = kb.index(0), blocks = kb.ceilDiv(mask.getExtent(), op.blockKeys);
  Value full = kb.index(shape.gatheredKeys / kTileSide);
  // One turn more than there are blocks, so that the visit is emitted once.
  kb.loop(zero, kb.add(count, 1), 1, {zero}, [&](Value t, ValueRange carried) -> Values {
    Value isEntry = kb.less(t, count);
    auto append = [&]() -> Values {
      Value number = block(t);
      // Unsigned: negative numbers are large.
      Value isInside = kb.cmp(arith::CmpIPredicate::ult, number, blocks);
      return kb.choose(
          isInside, [&]() -> Values { return {appendBlock(number, carried[0])}; },
          [&]() -> Values { return {carried[0]}; });
    };
    Value pending = kb.choose(isEntry, append, [&]() -> Values { return {carried[0]}; })[0];
    Value isLast = kb.cmp(arith::CmpIPredicate::eq, t, count);
    Value isReady = kb.either(kb.cmp(arith::CmpIPredicate::eq, pending, full),
                              kb.both(isLast, kb.less(zero, pending)));
    kb.when(isReady, [&] {
      KeyTile tile{};
      tile.keys = ofHead(packed.keys);
      tile.values = ofHead(packed.values);
      tile.gathered = tiles.gathered;
      tile.numGathered = pending;
      visitTiles(tile);
    });
    return {kb.select(isReady, zero, pending)};
  });
}

/// Puts the groups of the block behind the `pending` ones, or visits it at once;
/// returns the number of groups that are pending then.
Value FlashKernel::appendBlock(Value block, Value pending) {
  Value first = kb.mul(block, op.blockKeys), limit = kb.add(first, op.blockKeys);
  int64_t groups = op.blockKeys / kTileSide;
  Value group = kb.mul(block, groups), isGathered = isWhole(first, limit);
  if (shape.packsOnUse)
    isGathered = kb.both(isGathered, isPackedAhead(group));
  return kb.choose(
      isGathered,
      [&]() -> Values {
        for (int64_t n = 0; n < groups; ++n)
          kb.store(kb.add(group, n), tiles.gathered, {kb.add(pending, n)});
        return {kb.add(pending, groups)};
      },
      [&]() -> Values {
        visitBlock(block);
        return {pending};
      })[0];
}
