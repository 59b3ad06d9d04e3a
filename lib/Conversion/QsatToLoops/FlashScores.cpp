//===- FlashScores.cpp - Mask and score region of a tile ------------------===//

#include "FlashKernel.h"
#include "RegionOnKeys.h"

using namespace mlir;
using namespace qsat;

Value FlashKernel::rowOf(Value row) {
  return sample ? kb.toIndex(kb.load(sample->rows, {batch, head, row})) : row;
}

Value FlashKernel::headOf(Value row) {
  return sample ? kb.add(kb.mul(head, sample->group), kb.rem(row, sample->group)) : head;
}

std::pair<Value, Value> FlashKernel::boundsOf(Value first, Value last) {
  if (!sample)
    return {first, last};
  // Of the strata: the drawn rows are in no order within one.
  Value slots = kb.mul(sample->group, 2);
  Value end = kb.mul(kb.add(kb.div(last, slots), 1), sample->stratum);
  return {kb.mul(kb.div(first, slots), sample->stratum),
          kb.sub(kb.min(end, sample->extent), kb.index(1))};
}

/// scores [rows,keys]: -inf where the key is hidden or past the last.
void FlashKernel::maskTile(const KeyTile &tile) {
  mask.hide(scores, tile.first, tile.limit, [&](auto hideRow) {
    kb.loop(kb.index(0), numRows, 1,
            [&](Value r) { hideRow(r, rowOf(kb.add(firstRow, r))); });
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
