//===- FlashKernel.cpp - Tiled attention with an online softmax -----------===//

#include "../Constants.h"
#include "FlashKernel.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;


//===----------------------------------------------------------------------===//
// The op and the extents
//===----------------------------------------------------------------------===//

template <typename OpTy>
static SmallVector<AffineMap> getMaps(OpTy op) {
  return llvm::to_vector(op.getExtraMaps().template getAsValueRange<AffineMapAttr>());
}

FlashOp::FlashOp(AttentionOp op)
    : op(op), q(op.getQ()), k(op.getK()), v(op.getV()), o(op.getO()), lse(op.getLse()),
      extras(op.getExtras()), position(op.getPosition()), acc(op.getAccType()),
      scale(op.getScale().convertToDouble()), mask(op.getMaskAttr()),
      region(op.hasScoreRegion() ? &op.getScore().front() : nullptr), extraMaps(getMaps(op)),
      blockKeys(128), blockRows(64), numInits(op.getInits().size()), isSparse(false) {}

FlashOp::FlashOp(SparseAttentionOp op)
    : op(op), q(op.getQ()), k(op.getK()), v(op.getV()), o(op.getO()), lse(op.getLse()),
      extras(op.getExtras()), position(op.getPosition()), acc(op.getAccType()),
      scale(op.getScale().convertToDouble()), mask(op.getMaskAttr()),
      region(op.hasScoreRegion() ? &op.getScore().front() : nullptr), extraMaps(getMaps(op)),
      blockKeys(op.getBlockN()), blockRows(op.getBlockM()),
      numInits(op.getInits().size()), isSparse(true), background(op.getBackground()),
      backgroundLogit(op.getBackgroundLogit().convertToDouble()),
      amplification(op.getAmplificationOrDefault()) {}

FlashOp::FlashOp(AmplitudeScoreOp op)
    : op(op), q(op.getQ()), k(op.getK()), extras(op.getExtras()), position(op.getPosition()),
      acc(op.getAccType()), scale(op.getScale().convertToDouble()), mask(op.getMaskAttr()),
      region(op.hasScoreRegion() ? &op.getScore().front() : nullptr), extraMaps(getMaps(op)),
      blockKeys(op.getBlockN()), blockRows(op.getBlockM()), numInits(op.getInits().size()),
      isSparse(false) {}

FlashOp::FlashOp(AuditOp op)
    : op(op), q(op.getQ()), k(op.getK()), v(op.getV()), extras(op.getExtras()),
      position(op.getPosition()), acc(op.getAccType()), scale(op.getScale().convertToDouble()),
      mask(op.getMaskAttr()), region(op.hasScoreRegion() ? &op.getScore().front() : nullptr),
      extraMaps(getMaps(op)), blockKeys(128), blockRows(32), numInits(2), isSparse(false),
      isReference(true) {}

LogicalResult qsat::verifyForKernel(const FlashOp &op) {
  std::pair<StringRef, Value> widths[] = {{"q", op.q}, {"v", op.v}};
  for (auto [name, value] : widths)
    if (cast<MemRefType>(value.getType()).isDynamicDim(3))
      return op.op->emitOpError(name) << ": expected a static head width, but got "
                                      << value.getType();
  for (Value value : op.op->getOperands()) {
    auto type = dyn_cast<MemRefType>(value.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (type && failed(type.getStridesAndOffset(strides, offset)))
      return op.op->emitOpError("expected memrefs with a strided layout, but got ") << type;
  }
  return success();
}

/// True when V can be read where it lies: elements as the products take them, whole
/// registers of them, in contiguous rows (rows a large power of two apart would share
/// cache sets). Not by AMX, which takes tiles of pairs. Pairs are interleaved as they are
/// read: dense attention of 32k keys is 2 to 3 % slower for it, lists are faster, and of
/// more keys it matters that the memory for them is half.
static bool readsValuesInPlace(const FlashOp &op, const FlashShape &shape) {
  constexpr int64_t kManyKeys = 32 << 10;
  auto type = cast<MemRefType>(op.v.getType());
  int64_t keys = type.getDimSize(2);
  if (shape.pair > 1 && !op.isSparse && !ShapedType::isDynamic(keys) && keys <= kManyKeys)
    return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  return !shape.usesTiles && type.getElementType() == shape.operand &&
         shape.valueWidth % (shape.pair * shape.lanes) == 0 &&
         succeeded(type.getStridesAndOffset(strides, offset)) && strides[3] == 1 &&
         strides[2] == shape.valueWidth;
}

/// The element type of Q, K and V, null where they differ.
static FloatType getElement(const FlashOp &op) {
  auto element = [](Value value) {
    return cast<FloatType>(cast<MemRefType>(value.getType()).getElementType());
  };
  bool isOne = element(op.q) == element(op.k) && element(op.k) == element(op.v);
  return isOne ? element(op.q) : FloatType();
}

/// True when the products are those of AMX tiles.
static bool hasTiles(const FlashOp &op, const CPUTarget &target) {
  FloatType element = getElement(op);
  if (!element)
    return false;
  return (element.isBF16() && target.hasAMX) ||
         (element.isF16() && target.hasAMXFP16 && !op.isReference);
}

/// True when Q, K and V stay as they are: the CPU multiplies pairs of them fast enough.
static bool usesPairs(const FlashOp &op, const CPUTarget &target) {
  FloatType element = getElement(op);
  return hasTiles(op, target) || (element && element.isBF16() && target.hasFastBF16Dot);
}

void FlashOp::widenBlocks(const CPUTarget &target) {
  if (isSparse)
    return;
  if (!isReference)
    blockRows = target.getPanelRows();
  if (!hasTiles(*this, target))
    return;
  // Measured: what is paid once for a block of keys hides behind many of them (512; of
  // narrow heads 1024 are 4 to 7 % faster, of wide ones they overflow the caches); few
  // panels of many rows read K and V less often from the outer caches.
  constexpr int64_t kMany = 2048, kNarrow = 64;
  auto widthOf = [](Value tensor) { return cast<MemRefType>(tensor.getType()).getDimSize(3); };
  bool isNarrow = std::max(widthOf(q), widthOf(v)) <= kNarrow;
  auto isLong = [&](Value tensor) {
    int64_t extent = cast<MemRefType>(tensor.getType()).getDimSize(2);
    return !ShapedType::isDynamic(extent) && extent >= kMany;
  };
  blockKeys = isNarrow && isLong(k) && !isReference ? 1024 : 512;
  blockRows = isLong(q) ? 256 : 128;
  if (isReference) // the drawn rows are few, and to be shared out to all threads
    blockRows = 64;
}

FlashShape FlashShape::withoutTiles() const {
  FlashShape shape = *this;
  shape.usesTiles = false;
  shape.gatheredKeys = 0;
  shape.rowStep = tile.rows;
  return shape;
}

FlashShape::FlashShape(const FlashOp &op, const CPUTarget &target) {
  /// Scores of a tile stay in the nearest caches.
  constexpr int64_t kMaxScratch = 256 << 10;
  bool isPaired = usesPairs(op, target);
  usesTiles = hasTiles(op, target);
  int64_t maxKeys = usesTiles ? 1024 : 128, maxRows = usesTiles ? 256 : target.getPanelRows();
  auto queries = cast<MemRefType>(op.q.getType());
  unsigned bits = op.acc.getIntOrFloatBitWidth();
  width = queries.getDimSize(3);
  valueWidth = cast<MemRefType>(op.v.getType()).getDimSize(3);
  lanes = target.getLanes(bits);
  operand = isPaired ? cast<FloatType>(queries.getElementType()) : op.acc;
  pair = isPaired ? 2 : 1;
  tile = isPaired ? MicroTile{8, 2 * lanes} : target.getAttentionTile(bits, op.blockKeys);
  valueColumns = tile.columns;
  operandWidth = llvm::alignTo(width, usesTiles ? kTileSide : pair);
  rowStep = usesTiles ? kTileSide : tile.rows;
  if (!isPaired) // P is rounded two registers at a time
    tile.columns = std::min<int64_t>(tile.columns, llvm::alignTo(op.blockKeys, lanes));
  paddedWidth = llvm::alignTo(valueWidth, lanes);
  keys = std::min<int64_t>(maxKeys, llvm::alignTo(op.blockKeys, tile.columns));
  tilesPerBlock = llvm::divideCeil(op.blockKeys, keys);
  int64_t most = op.blockRows;
  if (!queries.isDynamicDim(2))
    most = std::min(most, std::max<int64_t>(queries.getDimSize(2), 1));
  rows = std::min<int64_t>(maxRows, llvm::alignTo(most, rowStep));
  while (!usesTiles && rows > tile.rows && rows * (width + paddedWidth + keys) * bits / 8 > kMaxScratch)
    rows = llvm::alignTo(rows / 2, tile.rows);
  panelsPerBlock = llvm::divideCeil(op.blockRows, rows);
  // Whole groups of tiles, more than one block of them.
  constexpr int64_t kGathered = 512;
  if (usesTiles && op.isSparse && !op.region && op.blockKeys % kTileSide == 0 &&
      2 * op.blockKeys <= kGathered)
    gatheredKeys = kGathered - kGathered % op.blockKeys;
  packsValues = !readsValuesInPlace(op, *this);
  limitPacking(op, target.packedBytes);
  pairsBackground = isPaired && !usesTiles && valueWidth % (2 * lanes) == 0 &&
                    op.background != Background::None && op.background != Background::T2;
}

//===----------------------------------------------------------------------===//
// The panel
//===----------------------------------------------------------------------===//

FlashKernel::FlashKernel(KernelBuilder &kb, const FlashOp &op, const FlashShape &shape,
                         ValueRange operands, ValueRange captures, const PackedKeys &packed)
    : kb(kb), op(op), shape(shape), operands(operands), captures(captures), acc(op.acc),
      packed(packed), mask(kb, op, operands) {
  // By number, never by value: another op that shares this kernel may have
  // different values where this one has the same value twice.
  q = operands[0];
  unsigned init = operands.size() - op.numInits;
  o = operands[init];
  lse = op.numInits > 1 ? operands[init + 1] : Value();
  kept = op.numInits > 2 ? operands[init + 2] : Value();
  if (shape.usesTiles) {
    // Rows a large power of two apart would share cache sets: 64 bytes more.
    panel = kb.scratch({shape.rows, shape.operandWidth + 32}, shape.operand);
    int64_t columns = llvm::alignTo(shape.valueWidth, 32);
    out = kb.scratch({shape.rows, columns + 16}, acc);
    beginTiles();
  } else {
    panel = kb.scratch({shape.rows, shape.operandWidth}, shape.operand);
    out = kb.scratch({shape.rows, shape.paddedWidth}, acc);
  }
  if (!shape.usesTiles || op.background != Background::None) {
    scores = kb.scratch({shape.rows, shape.keys}, acc);
    probabilities = scores;
    if (shape.pair > 1)
      probabilities = kb.scratch({shape.rows, shape.keys}, shape.operand);
  }
  if (shape.pair > 1 && (!shape.packsValues || shape.pairsBackground))
    pairs = kb.scratch({shape.keys / 2, 2, 2 * shape.lanes}, shape.operand);
  if (shape.packsOnUse)
    beginPackingOnUse();
  // Whole registers of rows: `finish` works on those.
  int64_t rows = llvm::alignTo(shape.rows, shape.lanes);
  maxima = kb.scratch({rows}, acc);
  totals = kb.scratch({rows}, acc);
  sums = kb.scratch({shape.rows, shape.lanes}, acc);
}

void FlashKernel::begin(Value batch, Value head, Value first, Value end) {
  this->batch = batch;
  this->head = head;
  firstRow = first;
  Value group = kb.div(kb.dim(q, 1), kb.dim(packed.keys, 1));
  kvHead = kb.div(head, group);
  numRows = kb.min(kb.sub(end, first), kb.index(shape.rows));
  paddedRows = kb.mul(kb.ceilDiv(numRows, shape.rowStep), shape.rowStep);
  auto [lowest, highest] = boundsOf(first, kb.sub(kb.add(first, numRows), kb.index(1)));
  firstVisible = mask.visibleTo(lowest);
  lastVisible = mask.visibleTo(highest);

  // Scores come out in base 2, or, where a region sees them, as the op says. But
  // q is not rounded: where it stays bf16 only the sign of the scale goes into it.
  double scale = op.region ? op.scale : op.scale * kLog2E;
  if (shape.pair == 1) {
    loadPanel(panel, shape.operandWidth, scale);
  } else {
    loadPanel(panel, shape.operandWidth, scale == 0 ? 0 : std::copysign(1.0, scale));
    factor = scale == 0 ? Value() : kb.constant(acc, std::abs(scale));
    if (exactPanel)
      loadPanel(exactPanel, shape.width, scale);
  }
  clearState();
}

/// panel [rows,width] = factor * q, 0 past the valid rows and past D.
void FlashKernel::loadPanel(Value panel, int64_t width, double factor) {
  auto type = cast<MemRefType>(panel.getType());
  Value multiplier = kb.constant(acc, factor), zero = kb.constant(type.getElementType(), 0.0);
  int64_t whole =
      KernelBuilder::isRowContiguous(q) ? shape.width - shape.width % shape.lanes : 0;
  kb.loop(kb.index(0), numRows, 1, [&](Value r) {
    Value row = kb.add(firstRow, r);
    kb.loop(0, whole, shape.lanes, [&](Value d) {
      Value elements = kb.loadVectorAs(acc, q, {batch, head, row, d}, shape.lanes);
      if (factor != 1.0)
        elements = kb.mulf(elements, kb.splat(multiplier, shape.lanes));
      kb.storeVectorAs(elements, panel, {r, d});
    });
    kb.loop(whole, shape.width, 1, [&](Value d) {
      Value element = kb.loadAs(acc, q, {batch, head, row, d});
      kb.storeAs(kb.mulf(element, multiplier), panel, {r, d});
    });
    kb.loop(shape.width, width, 1, [&](Value d) { kb.store(zero, panel, {r, d}); });
  });
  kb.loop(numRows, paddedRows, 1, [&](Value r) {
    kb.loop(0, width, 1, [&](Value d) { kb.store(zero, panel, {r, d}); });
  });
}

/// m = the least number, l = 0, out = 0.
void FlashKernel::clearState() {
  // m starts at the least finite number, not -inf: -inf - m stays -inf then.
  double least = acc.isF64() ? -std::numeric_limits<double>::max()
                             : -std::numeric_limits<float>::max();
  Value start = kb.constant(acc, least);
  Value zeros = kb.constant(kb.vec(acc, shape.lanes), 0.0);
  kb.loop(kb.index(0), paddedRows, 1, [&](Value r) {
    kb.loop(0, shape.paddedWidth, shape.lanes,
            [&](Value d) { kb.storeVector(zeros, out, {r, d}); });
    kb.storeVector(zeros, sums, {r, kb.index(0)});
    kb.store(start, maxima, {r});
  });
}

void FlashKernel::finish() {
  Value zero = kb.constant(acc, 0.0), one = kb.constant(acc, 1.0), first = kb.index(0);
  Value infinite = kb.constant(acc, -INFINITY);
  int64_t whole = shape.valueWidth - shape.valueWidth % shape.lanes;
  if (!KernelBuilder::isRowContiguous(o))
    whole = 0;
  kb.loop(first, numRows, 1, [&](Value r) {
    kb.store(kb.reduceAdd(kb.loadVector(sums, {r, first}, shape.lanes)), totals, {r});
  });
  // Many rows at a time: the factor of o in place of the sum, lse in that of m.
  kb.loop(first, numRows, shape.lanes, [&](Value r) {
    Type rows = kb.vec(acc, shape.lanes);
    Value sum = kb.loadVector(totals, {r}, shape.lanes);
    Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, sum, kb.constant(rows, 0.0));
    Value inverse = kb.divf(kb.constant(rows, 1.0), sum);
    kb.storeVector(kb.select(isEmpty, kb.constant(rows, 0.0), inverse), totals, {r});
    if (!lse)
      return;
    Value isNaN = kb.cmpf(arith::CmpFPredicate::UNO, sum, sum);
    Value log = kb.addf(kb.loadVector(maxima, {r}, shape.lanes), kb.log2(sum));
    log = kb.select(isNaN, sum, kb.mulf(log, kb.constant(rows, kLn2)));
    kb.storeVector(kb.select(isEmpty, kb.constant(rows, -INFINITY), log), maxima, {r});
  });
  kb.loop(first, numRows, 1, [&](Value r) {
    Value row = kb.add(firstRow, r), factor = kb.load(totals, {r});
    Value factors = kb.splat(factor, shape.lanes);
    kb.loop(0, whole, shape.lanes, [&](Value d) {
      Value x = kb.mulf(kb.loadVector(out, {r, d}, shape.lanes), factors);
      kb.storeVectorAs(x, o, {batch, head, row, d});
    });
    kb.loop(whole, shape.valueWidth, 1, [&](Value d) {
      kb.storeAs(kb.mulf(kb.load(out, {r, d}), factor), o, {batch, head, row, d});
    });
    if (kept) {
      Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, kb.load(maxima, {r}), infinite);
      kb.storeAs(kb.select(isEmpty, zero, one), kept, {batch, head, row});
    }
    if (lse)
      kb.store(kb.load(maxima, {r}), lse, {batch, head, row});
  });
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void FlashKernel::visitAll() {
  // Tiles [0, sinkTiles) hold the sinks, [start, end) the window. Blocks are
  // single tiles here.
  Value zero = kb.index(0), step = kb.index(shape.keys);
  Value end = kb.ceilDiv(kb.max(lastVisible.high, zero), shape.keys);
  Value start = zero, sinkTiles = zero;
  if (mask.hasWindow()) {
    sinkTiles = kb.min(kb.ceilDiv(kb.max(mask.getSinks(), zero), shape.keys), end);
    start = kb.max(kb.div(kb.max(firstVisible.low, zero), shape.keys), sinkTiles);
  }
  Value count = kb.add(sinkTiles, kb.max(kb.sub(end, start), zero));
  kb.loop(zero, count, 1, [&](Value t) {
    Value tile = t;
    if (mask.hasWindow())
      tile = kb.select(kb.less(t, sinkTiles), t, kb.add(kb.sub(t, sinkTiles), start));
    visit(kb.mul(tile, step), mask.getExtent(), kb.mul(tile, shape.keys / shape.tile.columns));
  });
}

/// Asks for the rows of V of the tile, which are read in another order than they lie.
void FlashKernel::prefetchValues(const KeyTile &tile) {
  int64_t perLine = 512 / shape.operand.getIntOrFloatBitWidth();
  kb.loop(kb.index(0), tile.count, 1, [&](Value j) {
    for (int64_t d = 0; d < shape.valueWidth; d += perLine)
      memref::PrefetchOp::create(kb, kb.getLoc(), tile.values.memref,
                                 tile.values.at({kb.add(tile.row, j), kb.index(d)}),
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  });
}

void FlashKernel::visit(Value first, Value limit, Value group, Value logit) {
  Value end = kb.add(first, shape.keys);
  Value seen = kb.min(kb.min(end, limit), lastVisible.high);
  KeyTile tile{first, limit, kb.sub(seen, first), {}, {}, {}, {}};
  bool isLogit = logit || op.region;
  auto steps = [&] {
    locate(tile, group);
    if (shape.usesTiles && !logit)
      return visitTiles(tile);
    if (logit) {
      Value logits = kb.splat(logit, shape.lanes);
      kb.loop(kb.index(0), numRows, 1, [&](Value r) {
        kb.loop(0, shape.keys, shape.lanes,
                [&](Value j) { kb.storeVector(logits, scores, {r, j}); });
      });
    } else {
      buildScores(panel, tile.keys, tile.group, tile.count, scores);
    }
    if (op.region)
      modifyTile(tile);
    Value isPartial = kb.less(kb.min(limit, firstVisible.high), end);
    if (mask.hasWindow()) {
      Value isBelow = kb.both(kb.less(first, lastVisible.low), kb.less(mask.getSinks(), end));
      isPartial = kb.either(isPartial, isBelow);
    }
    kb.when(isPartial, [&] { maskTile(tile); });
    if (shape.pair > 1 && !shape.packsValues)
      prefetchValues(tile);
    softmaxTile(probabilities, isLogit ? Value() : factor);
    Value count = shape.packsValues ? kb.ceilDiv(tile.count, shape.pair) : tile.count;
    accumulateTile({probabilities, tile.values, tile.row, count});
  };
  if (!op.isSparse) // visitAll goes over visible tiles only
    return steps();
  Value isSeen = kb.less(kb.index(0), tile.count);
  if (mask.hasWindow()) {
    Value inWindow = kb.less(firstVisible.low, seen), inSinks = kb.less(first, mask.getSinks());
    isSeen = kb.both(isSeen, kb.either(inWindow, inSinks));
  }
  kb.when(isSeen, steps);
}

//===----------------------------------------------------------------------===//
// The steps of a tile
//===----------------------------------------------------------------------===//

/// Row by row over scores [rows,keys]: raises m to the maximum of c times the row
/// where it is larger (to a whole number, so that the factor of l and out is
/// exact), then probabilities = 2^(c scores - m), l += their sum.
void FlashKernel::softmaxTile(Value probabilities, Value factor) {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0);
  kb.loop(zero, numRows, 1, [&](Value r) {
    Values row;
    for (int64_t j = 0; j < shape.keys; j += lanes)
      row.push_back(kb.loadVector(scores, {r, kb.index(j)}, lanes));
    Value highest = kb.reduceMax(row), before = kb.load(maxima, {r});
    if (factor)
      highest = kb.mulf(highest, factor);
    Value rises = kb.cmpf(arith::CmpFPredicate::OGT, highest, before);
    Value m = kb.choose(
        rises,
        [&]() -> Values {
          Value after = kb.ceil(highest);
          Value alpha = kb.exp2(kb.splat(kb.subf(before, after), lanes));
          kb.loop(0, shape.paddedWidth, lanes, [&](Value d) {
            kb.storeVector(kb.mulf(kb.loadVector(out, {r, d}, lanes), alpha), out, {r, d});
          });
          kb.storeVector(kb.mulf(kb.loadVector(sums, {r, zero}, lanes), alpha), sums, {r, zero});
          kb.store(after, maxima, {r});
          return {after};
        },
        [&]() -> Values { return {before}; })[0];
    Value minus = kb.splat(kb.subf(kb.constant(acc, 0.0), m), lanes);
    Value factors = factor ? kb.splat(factor, lanes) : Value();
    for (Value &z : row)
      z = factors ? kb.fma(z, factors, minus) : kb.addf(z, minus);
    Value sum = kb.loadVector(sums, {r, zero}, lanes);
    kb.storeVector(storeProbabilities(row, probabilities, r, sum), sums, {r, zero});
  });
}

/// Stores 2^logits to row `row` of the probabilities, in their element type;
/// returns sum [lanes] plus theirs, not rounded, so that lse is that of f32, but
/// for a reference, where o matters more.
Value FlashKernel::storeProbabilities(ValueRange logits, Value probabilities, Value row,
                                      Value sum) {
  int64_t lanes = shape.lanes;
  bool rounds = cast<MemRefType>(probabilities.getType()).getElementType() != acc;
  Value total[2] = {sum, kb.constant(sum.getType(), 0.0)}, before;
  for (auto [n, logit] : llvm::enumerate(logits)) {
    Value p = rounds ? kb.exp2ForBF16(logit) : kb.exp2(logit);
    if (!rounds || !op.isReference)
      total[n % 2] = kb.addf(total[n % 2], p);
    if (!rounds) {
      kb.storeVector(p, probabilities, {row, kb.index(n * lanes)});
    } else if (n % 2) {
      Value pairs = kb.roundPair(before, p, shape.operand);
      kb.storeVector(pairs, probabilities, {row, kb.index((n - 1) * lanes)});
      if (op.isReference)
        total[0] = kb.dotPairs(pairs, kb.constant(pairs.getType(), 1.0), total[0]);
    }
    before = p;
  }
  return kb.addf(total[0], total[1]);
}
