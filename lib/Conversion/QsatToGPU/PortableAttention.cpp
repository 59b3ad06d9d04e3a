//===- PortableAttention.cpp - Attention on any GPU -----------------------===//

#include "PortableAttention.h"

#include "../Constants.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

PortableAttention::PortableAttention(KernelBuilder &kb, const FlashOp &op, ValueRange operands,
                                     ValueRange inner, ValueRange captures)
    : kb(kb), op(op), operands(operands), inner(inner), captures(captures), acc(op.acc),
      width(cast<MemRefType>(op.q.getType()).getDimSize(3)),
      valueWidth(cast<MemRefType>(op.v.getType()).getDimSize(3)) {
  q = operands[0];
  k = operands[1];
  v = operands[2];
  o = operands[operands.size() - op.numInits];
  extent = kb.dim(k, 2);
  // Four columns are what vectors have everywhere; SPIR-V has none of one.
  bool inFours = width % 4 == 0 && valueWidth % 4 == 0;
  for (Value rows : {q, k, v, o})
    inFours &= KernelBuilder::isRowContiguous(rows);
  lanes = inFours ? 4 : 1;
}

/// Columns of a row in the accumulation type: a vector, or a scalar.
Value PortableAttention::loadChunk(Value memref, Value head, Value row, int64_t chunk) {
  Value at[] = {batch, head, row, kb.index(chunk * lanes)};
  return lanes == 1 ? kb.loadAs(acc, memref, at) : kb.loadVectorAs(acc, memref, at, lanes);
}

/// a b + c, fused for vectors: for scalars that would be a library call on some
/// targets.
Value PortableAttention::multiplyAdd(Value a, Value b, Value c) {
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(kb, kb.getLoc(), a, b, c);
  return kb.addf(kb.mulf(a, b), c);
}

PortableAttention::Visible PortableAttention::visibleKeys() {
  Visible keys{kb.index(0), Value(), extent};
  if (!op.mask)
    return keys;
  Value shift = kb.index(op.mask.getOffset()), sinks = kb.index(op.mask.getSinks());
  if (!op.position.empty()) {
    unsigned at = op.position.getBeginOperandIndex();
    shift = kb.sub(kb.add(shift, operands[at + 2]), operands[at + 3]);
    sinks = kb.sub(sinks, operands[at + 3]);
  }
  Value place = kb.add(row, shift);
  if (auto lookahead = op.mask.getLookahead())
    keys.high = kb.clamp(kb.add(place, *lookahead + 1), kb.index(0), extent);
  if (op.mask.getWindow() > 0) {
    keys.sinks = kb.clamp(sinks, kb.index(0), keys.high);
    keys.low = kb.max(kb.add(place, 1 - op.mask.getWindow()), keys.sinks);
  }
  return keys;
}

PortableAttention::State PortableAttention::begin(Value batch, Value head, Value row) {
  this->batch = batch;
  this->head = head;
  this->row = row;
  kvHead = kb.div(head, kb.div(kb.dim(q, 1), kb.dim(k, 1)));
  visible = visibleKeys();
  for (int64_t chunk = 0; chunk < width / lanes; ++chunk)
    query.push_back(loadChunk(q, head, row, chunk));
  Type chunkType = lanes == 1 ? Type(acc) : kb.vec(acc, lanes);
  State state(2 + valueWidth / lanes, kb.constant(chunkType, 0.0));
  state[0] = kb.constant(acc, -kInfinity);
  state[1] = kb.constant(acc, 0.0);
  return state;
}

void PortableAttention::build(Value batch, Value head, Value row) {
  State state = begin(batch, head, row);
  finish(op.isSparse ? visitList(state) : visitBlock(state, kb.index(0), extent), head, row);
}

void PortableAttention::buildPart(Value batch, Value head, Value row, const Part &part) {
  finish(visitBlock(begin(batch, head, row), part.first, part.end), part.head, part.row);
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

/// The keys of [first, end) that the row sees.
PortableAttention::State PortableAttention::visitBlock(State state, Value first, Value end) {
  if (visible.sinks)
    state = visitKeys(state, first, kb.min(end, visible.sinks));
  return visitKeys(state, kb.max(first, visible.low), kb.min(end, visible.high));
}

/// The listed blocks. A number outside of the context is passed over.
PortableAttention::State PortableAttention::visitList(State state) {
  Value indices = operands[3], counts = operands[4];
  Value list = kb.div(head, kb.div(kb.dim(q, 1), kb.dim(counts, 1)));
  Value block = kb.div(row, op.blockRows), blocks = kb.ceilDiv(extent, op.blockKeys);
  Value given = kb.toIndex(kb.load(counts, {batch, list, block}));
  Value count = kb.clamp(given, kb.index(0), kb.dim(indices, 3));
  return kb.loop(kb.index(0), count, 1, state, [&](Value t, ValueRange carried) -> Values {
    Value listed = kb.toIndex(kb.load(indices, {batch, list, block, t}));
    Value isInside = kb.cmp(arith::CmpIPredicate::ult, listed, blocks);
    Value first = kb.mul(kb.select(isInside, listed, blocks), op.blockKeys);
    return visitBlock(Values(carried), first, kb.min(kb.add(first, op.blockKeys), extent));
  });
}

/// The online softmax over keys [first, end), all of which the row sees.
PortableAttention::State PortableAttention::visitKeys(State state, Value first, Value end) {
  return kb.loop(first, end, 1, state, [&](Value key, ValueRange carried) -> Values {
    Value z = score(key), before = carried[0];
    Value isHigher = kb.cmpf(arith::CmpFPredicate::OGT, z, before);
    Value m = kb.select(isHigher, z, before);
    // A region may hide all keys so far: -inf - 0 stays -inf.
    Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, m, kb.constant(acc, -kInfinity));
    Value shift = kb.select(isEmpty, kb.constant(acc, 0.0), m);
    Value p = kb.exp2(kb.subf(z, shift)), factor = kb.exp2(kb.subf(before, shift));
    Values next{m, multiplyAdd(carried[1], factor, p)};
    Value weight = p, scale = factor;
    if (lanes != 1) {
      weight = kb.splat(p, lanes);
      scale = kb.splat(factor, lanes);
    }
    for (int64_t chunk = 0; chunk < valueWidth / lanes; ++chunk) {
      Value values = loadChunk(v, kvHead, key, chunk);
      next.push_back(multiplyAdd(carried[2 + chunk], scale, kb.mulf(weight, values)));
    }
    return next;
  });
}

//===----------------------------------------------------------------------===//
// The steps of a key
//===----------------------------------------------------------------------===//

/// The score of a key, in base 2.
Value PortableAttention::score(Value key) {
  Value sum;
  for (int64_t chunk = 0; chunk < width / lanes; ++chunk) {
    Value keys = loadChunk(k, kvHead, key, chunk);
    sum = sum ? multiplyAdd(query[chunk], keys, sum) : kb.mulf(query[chunk], keys);
  }
  if (lanes != 1) {
    Value vector = sum;
    sum = vector::ExtractOp::create(kb, kb.getLoc(), vector, 0);
    for (int64_t lane = 1; lane < lanes; ++lane)
      sum = kb.addf(sum, vector::ExtractOp::create(kb, kb.getLoc(), vector, lane));
  }
  if (!op.region)
    return kb.mulf(sum, kb.constant(acc, op.scale * kLog2E));
  Value z = applyRegion(kb.mulf(sum, kb.constant(acc, op.scale)), key);
  return kb.mulf(z, kb.constant(acc, kLog2E));
}

Value PortableAttention::applyRegion(Value score, Value key) {
  Value position[] = {batch, head, row, key};
  if (!op.position.empty())
    for (auto [n, value] : llvm::enumerate(position))
      value = kb.add(value, operands[op.position.getBeginOperandIndex() + n]);
  unsigned extras = op.extraMaps.size();
  IRMapping map;
  map.map(op.region->getArgument(0), score);
  for (unsigned n = 0; n < extras; ++n) {
    auto indices = affine::expandAffineMap(kb, kb.getLoc(), op.extraMaps[n], position);
    map.map(op.region->getArgument(1 + n),
            kb.load(operands[op.extras.getBeginOperandIndex() + n], *indices));
  }
  for (auto [n, value] : llvm::enumerate(position))
    map.map(op.region->getArgument(1 + extras + n), value);
  for (auto [from, to] : llvm::zip_equal(inner, captures))
    map.map(from, to);
  for (Operation &operation : op.region->without_terminator())
    kb.OpBuilder::clone(operation, map);
  return map.lookupOrDefault(op.region->getTerminator()->getOperand(0));
}

/// o / l, lse and kept; zeros and -inf for a row that saw nothing.
void PortableAttention::finish(const State &state, Value head, Value row) {
  Value zero = kb.constant(acc, 0.0), one = kb.constant(acc, 1.0), sum = state[1];
  Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
  Value factor = kb.select(isEmpty, zero, kb.divf(one, sum));
  for (int64_t chunk = 0; chunk < valueWidth / lanes; ++chunk) {
    Value at[] = {batch, head, row, kb.index(chunk * lanes)};
    if (lanes == 1)
      kb.storeAs(kb.mulf(state[2 + chunk], factor), o, at);
    else
      kb.storeVectorAs(kb.mulf(state[2 + chunk], kb.splat(factor, lanes)), o, at);
  }
  unsigned init = operands.size() - op.numInits;
  if (op.numInits > 2)
    kb.storeAs(kb.select(isEmpty, zero, one), operands[init + 2], {batch, head, row});
  if (op.numInits < 2)
    return;
  Value isNaN = kb.cmpf(arith::CmpFPredicate::UNO, sum, sum);
  Value log = kb.mulf(kb.addf(state[0], kb.log2(sum)), kb.constant(acc, kLn2));
  log = kb.select(isEmpty, kb.constant(acc, -kInfinity), kb.select(isNaN, sum, log));
  kb.store(log, operands[init + 1], {batch, head, row});
}
