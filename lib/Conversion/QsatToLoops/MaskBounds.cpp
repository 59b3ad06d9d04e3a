//===- MaskBounds.cpp - What a structural mask shows of blocks ------------===//

#include "MaskBounds.h"

using namespace mlir;
using namespace qsat;

MaskBounds::MaskBounds(TaskBuilder &b, MaskAttr mask, ValueRange position) : b(b), mask(mask) {
  shift = b.index(mask ? mask.getOffset() : 0);
  sinks = b.index(mask ? mask.getSinks() : 0);
  if (position.empty())
    return;
  shift = b.sub(b.add(shift, position[2]), position[3]);
  sinks = b.max(b.sub(sinks, position[3]), 0);
}

Value MaskBounds::anyVisible(Value i0, Value i1, Value k0, Value k1) const {
  Value any = b.boolean(true);
  if (isTrivial())
    return any;
  if (mask.getLookahead())
    any = b.le(k0, b.add(b.add(i1, shift), *mask.getLookahead()));
  if (mask.getWindow() == 0)
    return any;
  // The differences j - i of the block fill an interval; so do those in the window.
  Value first = b.add(shift, 1 - mask.getWindow());
  Value inWindow = b.ge(b.sub(k1, i0), first);
  if (mask.getLookahead() && 1 - mask.getWindow() > *mask.getLookahead())
    inWindow = b.boolean(false);
  return b.both(any, b.either(inWindow, b.less(k0, sinks)));
}

Value MaskBounds::visibleEnd(Value i1, Value numKeys) const {
  if (!mask || !mask.getLookahead())
    return numKeys;
  Value end = b.add(b.add(i1, shift), *mask.getLookahead() + 1);
  return b.max(b.min(end, numKeys), 0);
}

Value MaskBounds::allVisible(Value i0, Value i1, Value k0, Value k1) const {
  Value all = b.boolean(true);
  if (isTrivial())
    return all;
  if (mask.getLookahead())
    all = b.le(k1, b.add(b.add(i0, shift), *mask.getLookahead()));
  if (mask.getWindow() == 0)
    return all;
  Value inWindow = b.gt(k0, b.add(b.add(i1, shift), -mask.getWindow()));
  return b.both(all, b.either(inWindow, b.less(k1, sinks)));
}

Value MaskBounds::lanesSee(Value rows, Value k0, Value k1) const {
  auto type = cast<VectorType>(rows.getType());
  Value all = b.splat(b.boolean(true), VectorType::get(type.getShape(), b.getI1Type()));
  if (isTrivial())
    return all;
  // Bounds past i32 (a window of 2^40) are clamped: no row is there.
  auto splat = [&](Value bound) {
    Value clamped = b.max(b.min(bound, INT32_MAX), INT32_MIN);
    return b.splat(b.toI32(clamped), type);
  };
  if (mask.getLookahead())
    all = b.ge(rows, splat(b.sub(b.sub(k1, shift), *mask.getLookahead())));
  if (mask.getWindow() == 0)
    return all;
  // Keys before the sinks are seen outside the window too: the window need only
  // hold what lies past them.
  Value firstPastSinks = b.max(k0, sinks);
  Value inWindow = b.less(rows, splat(b.add(b.sub(firstPastSinks, shift), mask.getWindow())));
  Value onlySinks = b.splat(b.less(k1, sinks), VectorType::get(type.getShape(), b.getI1Type()));
  return b.both(all, b.either(inWindow, onlySinks));
}
