//===- MaskOnKeys.cpp - The structural mask on rows of keys ---------------===//

#include "MaskOnKeys.h"
#include "FlashKernel.h"

using namespace mlir;
using namespace qsat;

MaskOnKeys::MaskOnKeys(KernelBuilder &kb, const FlashOp &op, ValueRange operands)
    : kb(kb), mask(op.mask) {
  extent = kb.dim(operands[1], 2);
  shift = kb.index(mask ? mask.getOffset() : 0);
  sinks = kb.index(mask ? mask.getSinks() : 0);
  if (op.position.empty())
    return;
  unsigned at = op.position.getBeginOperandIndex();
  shift = kb.sub(kb.add(shift, operands[at + 2]), operands[at + 3]);
  sinks = kb.sub(sinks, operands[at + 3]);
}

VisibleKeys MaskOnKeys::visibleTo(Value row) const {
  VisibleKeys visible{kb.index(0), extent};
  if (!mask)
    return visible;
  Value diagonal = kb.add(row, shift);
  if (std::optional<int64_t> lookahead = mask.getLookahead())
    visible.high = kb.min(extent, kb.add(diagonal, *lookahead + 1));
  if (hasWindow())
    visible.low = kb.add(diagonal, 1 - mask.getWindow());
  return visible;
}

void MaskOnKeys::hide(Value scores, Value first, Value limit, ForEachRow forEachRow) const {
  auto type = cast<MemRefType>(scores.getType());
  int64_t keys = type.getDimSize(1), lanes = kb.lanes(type.getElementType());
  Value zero = kb.index(0), width = kb.index(keys);
  Value hidden = kb.constant(kb.vec(type.getElementType(), lanes), -INFINITY);
  // Bounds relative to the first key fit in i32.
  auto bound = [&](Value key) {
    return kb.splat(kb.toI32(kb.clamp(kb.sub(key, first), zero, width)), lanes);
  };
  Value sinkBound = hasWindow() ? bound(sinks) : Value();
  forEachRow([&](Value r, Value row) {
    VisibleKeys visible = visibleTo(row);
    Value high = bound(kb.min(visible.high, limit));
    Value low = hasWindow() ? bound(visible.low) : Value();
    kb.loop(0, keys, lanes, [&](Value j) {
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
