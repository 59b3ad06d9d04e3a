//===- FlashScores.cpp - Mask and score region of a tile ------------------===//

#include "FlashKernel.h"
#include "RegionOnKeys.h"

using namespace mlir;
using namespace qsat;

/// Of `row`, in the op's own rows and keys (i and j in problem coordinates are
/// row + at_i and key + at_j): high is at most the number of keys.
FlashKernel::Visible FlashKernel::visibleKeys(Value row) {
  Visible visible{kb.index(0), extent};
  if (!op.mask)
    return visible;
  Value diagonal = kb.add(row, shift);
  if (std::optional<int64_t> lookahead = op.mask.getLookahead())
    visible.high = kb.min(extent, kb.add(diagonal, *lookahead + 1));
  if (hasWindow())
    visible.low = kb.add(diagonal, 1 - op.mask.getWindow());
  return visible;
}

Value FlashKernel::rowOf(Value row) {
  return sample ? kb.toIndex(kb.load(sample->rows, {batch, head, row})) : row;
}

Value FlashKernel::headOf(Value row) {
  return sample ? kb.add(kb.mul(head, sample->group), kb.rem(row, sample->group)) : head;
}

/// scores [rows,keys]: -inf where the key is hidden or past the last.
void FlashKernel::maskTile(const KeyTile &tile) {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0), width = kb.index(shape.keys);
  Value hidden = kb.constant(kb.vec(acc, lanes), -INFINITY);
  // Bounds relative to the tile fit in i32.
  auto bound = [&](Value key) {
    return kb.splat(kb.toI32(kb.clamp(kb.sub(key, tile.first), zero, width)), lanes);
  };
  Value sinkBound = hasWindow() ? bound(sinks) : Value();
  kb.loop(zero, numRows, 1, [&](Value r) {
    Visible visible = visibleKeys(rowOf(kb.add(firstRow, r)));
    Value high = bound(kb.min(visible.high, tile.limit));
    Value low = hasWindow() ? bound(visible.low) : Value();
    kb.loop(0, shape.keys, lanes, [&](Value j) {
      Value key = kb.add(kb.iota(lanes), kb.splat(kb.toI32(j), lanes));
      Value isSeen = kb.less(key, high);
      if (low) {
        Value isAfter = kb.cmp(arith::CmpIPredicate::sge, key, low);
        isSeen = kb.both(isSeen, kb.either(isAfter, kb.less(key, sinkBound)));
      }
      Value z = kb.loadVector(scores, {r, j}, lanes);
      kb.storeVector(kb.select(isSeen, z, hidden), scores, {r, j});
    });
  });
}

/// log2 e * region(c * scores) of the keys [key, key + lanes) of a row. Keys past
/// `limit` are not looked at.
Value FlashKernel::applyRegion(Value scores, Value row, Value key, Value limit) {
  int64_t lanes = shape.lanes;
  if (factor)
    scores = kb.mulf(scores, kb.splat(factor, lanes));
  RegionOnKeys region(kb, op, operands, captures, {batch, headOf(row), rowOf(row)}, lanes);
  Value result = scores;
  if (region.isElementwise()) {
    result = region.onVector(scores, key, limit);
  } else {
    Value last = kb.sub(limit, kb.index(1));
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value score = vector::ExtractOp::create(kb, kb.getLoc(), scores, lane);
      Value z = region.onScalar(score, kb.min(kb.add(key, lane), last));
      result = vector::InsertOp::create(kb, kb.getLoc(), z, result, lane);
    }
  }
  return toBase2(kb, result);
}

/// scores [rows,count] = log2 e * region(scores). Keys past `limit` are not
/// looked at; the mask hides them.
void FlashKernel::modifyTile(const KeyTile &tile) {
  int64_t lanes = shape.lanes;
  kb.loop(kb.index(0), numRows, 1, [&](Value r) {
    Value row = kb.add(firstRow, r);
    RegionOnKeys region(kb, op, operands, captures, {batch, headOf(row), rowOf(row)}, shape.lanes);
    int64_t step = region.isElementwise() ? lanes : 1;
    kb.loop(kb.index(0), tile.count, step, [&](Value j) {
      Value key = kb.add(tile.first, j);
      if (step == 1) {
        Value score = kb.load(scores, {r, j});
        Value z = region.onScalar(factor ? kb.mulf(score, factor) : score, key);
        return kb.store(toBase2(kb, z), scores, {r, j});
      }
      Value score = kb.loadVector(scores, {r, j}, lanes);
      kb.storeVector(applyRegion(score, row, key, tile.limit), scores, {r, j});
    });
  });
}
