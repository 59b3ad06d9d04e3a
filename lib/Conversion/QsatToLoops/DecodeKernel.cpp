//===- DecodeKernel.cpp - Attention of few query rows, split over keys ----===//

#include "DecodeKernel.h"
#include "RegionOnKeys.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

//===----------------------------------------------------------------------===//
// The rule and the extents
//===----------------------------------------------------------------------===//

std::optional<DecodeShape> DecodeShape::get(const FlashOp &op, const CPUTarget &target) {
  /// More rows pay for packing K; the states of a pass have to stay near.
  constexpr int64_t kMaxRowsPerHead = 8, kMaxRows = 32;
  /// Elements of a tile of K: one of V and the next of K are in the nearest cache
  /// beside it where they are asked for (measured, D = 128, share of a plain read: .83,
  /// .78, .71 with 16, 32, 64 keys of bf16). What the hardware is to see coming had better
  /// be long, of f32 64 keys. Keys of a tile and of a task.
  constexpr int64_t kTileElements = 2048, kLongTileElements = 8192, kMaxTileKeys = 64,
                    kChunkKeys = 512;
  auto queries = cast<MemRefType>(op.q.getType()), keys = cast<MemRefType>(op.k.getType());
  auto values = cast<MemRefType>(op.v.getType());
  if (queries.isDynamicDim(1) || queries.isDynamicDim(2) || keys.isDynamicDim(1))
    return std::nullopt;
  if (queries.getDimSize(2) > kMaxRowsPerHead || llvm::is_contained(queries.getShape(), 0) ||
      values.getDimSize(3) == 0)
    return std::nullopt;
  if (op.background != Background::None || !KernelBuilder::isRowContiguous(op.k) ||
      !KernelBuilder::isRowContiguous(op.v))
    return std::nullopt;

  DecodeShape shape;
  shape.rowsPerHead = queries.getDimSize(2);
  shape.group = queries.getDimSize(1) / keys.getDimSize(1);
  shape.heads = shape.group;
  if (auto sparse = dyn_cast<SparseAttentionOp>(op.op)) {
    auto counts = cast<MemRefType>(sparse.getCounts().getType());
    if (counts.isDynamicDim(1) || op.blockRows < queries.getDimSize(2))
      return std::nullopt;
    if (counts.getDimSize(1) != keys.getDimSize(1))
      shape.heads = 1; // a list for each query head
  }
  while (shape.heads * shape.rowsPerHead > kMaxRows) {
    if (shape.heads % 2 != 0)
      return std::nullopt;
    shape.heads /= 2;
  }
  shape.rows = shape.heads * shape.rowsPerHead;

  unsigned bits = op.acc.getIntOrFloatBitWidth();
  shape.width = queries.getDimSize(3);
  shape.valueWidth = values.getDimSize(3);
  shape.lanes = target.getLanes(bits);
  shape.hasDots = target.hasFastBF16Dot && queries.getElementType().isBF16() &&
                  keys.getElementType().isBF16();
  shape.hasValueDots =
      target.hasFastBF16Dot && !op.isReference && values.getElementType().isBF16();
  shape.valuePart = shape.hasValueDots ? 2 * shape.lanes : shape.lanes;
  shape.paddedWidth = llvm::alignTo(shape.valueWidth, shape.valuePart);
  shape.widensKeys = !shape.hasDots && keys.getElementType() != op.acc;
  shape.part = shape.hasDots ? 2 * shape.lanes : shape.lanes;
  shape.prefetches = keys.getElementTypeBitWidth() <= 16;
  int64_t tileElements = shape.prefetches ? kTileElements : kLongTileElements;
  int64_t tileKeys =
      std::clamp<int64_t>(tileElements / std::max<int64_t>(shape.width, 1), 1, kMaxTileKeys);
  shape.keys = llvm::alignTo(std::min(tileKeys, op.blockKeys), shape.lanes);
  int64_t registers = target.vectorRegisters / 2;
  // For the same reason rows of V are taken in long pieces: of f32 two rows of P, and all of
  // D = 128 (measured with 64 keys, beside 4 rows and 32 keys: .69 and .56 of a plain read
  // of 75 GB/s, .78 and .76 of one of 40 GB/s).
  shape.tileRows = std::min<int64_t>(shape.rows, shape.prefetches ? 4 : 2);
  shape.groupRows = std::min<int64_t>(llvm::PowerOf2Ceil(std::min<int64_t>(shape.rows, 4)), shape.lanes);
  int64_t columns = llvm::alignDown(registers / shape.tileRows * shape.lanes, shape.valuePart);
  shape.tileColumns = std::min(shape.paddedWidth, std::max(columns, shape.valuePart));
  shape.chunk = kChunkKeys;
  if (shape.usesTilesFor(op, target))
    shape.useTiles();
  return shape;
}

void DecodeShape::useTiles() {
  usesTiles = hasValueDots = true;
  hasDots = widensKeys = false;
  valuePart = 2 * lanes;
  keys = width <= 64 ? 32 : 16;
}

//===----------------------------------------------------------------------===//
// The rows
//===----------------------------------------------------------------------===//

DecodeKernel::DecodeKernel(KernelBuilder &kb, const FlashOp &op, const DecodeShape &shape,
                           ValueRange operands, ValueRange captures)
    : kb(kb), op(op), shape(shape), operands(operands), captures(captures), acc(op.acc),
      q(operands[0]), k(operands[1]), v(operands[2]), mask(kb, op, operands) {
  if (shape.usesTiles) {
    allocateTiles();
  } else {
    Type element = shape.hasDots ? kb.getBF16Type() : static_cast<Type>(acc);
    queries = kb.scratch({shape.paddedRows(), shape.parts(), shape.part}, element);
  }
  if (shape.widensKeys)
    widened = kb.scratch({shape.keys, shape.parts() * shape.part}, acc);
  scores = weights = kb.scratch({shape.paddedRows(), shape.keys}, acc);
  if (shape.hasValueDots) {
    weights = kb.scratch({shape.paddedRows(), shape.keys}, kb.getBF16Type());
    roundedSums = kb.scratch({shape.rows, shape.lanes}, acc);
  }
  out = kb.scratch({shape.paddedRows(), shape.paddedWidth}, acc);
  maxima = kb.scratch({shape.rows}, acc);
  sums = kb.scratch({shape.rows, shape.lanes}, acc);
}

/// Row r of the pass is row i of query head `head`.
void DecodeKernel::forEachRow(function_ref<void(Value, Value, Value)> body) {
  kb.loop(0, shape.heads, 1, [&](Value h) {
    Value head = kb.add(firstHead, h), first = kb.mul(h, shape.rowsPerHead);
    kb.loop(0, shape.rowsPerHead, 1, [&](Value i) { body(kb.add(first, i), head, i); });
  });
}

void DecodeKernel::begin(Value batch, Value pass) {
  this->batch = batch;
  this->pass = pass;
  firstHead = kb.mul(pass, shape.heads);
  kvHead = kb.div(firstHead, shape.group);

  shape.usesTiles ? loadQueryTiles() : loadQueries();
  clearState();
}

/// queries [paddedRows,parts,part] as they are: scores are scaled. Elements past D are 0.
void DecodeKernel::loadQueries() {
  Type element = cast<MemRefType>(queries.getType()).getElementType();
  Value nothing = kb.constant(kb.vec(element, shape.part), 0.0);
  int64_t whole = KernelBuilder::isRowContiguous(q) ? shape.width / shape.part : 0;
  forEachRow([&](Value r, Value head, Value i) {
    for (int64_t p = 0; p < shape.parts(); ++p) {
      Value part = kb.index(p), start = kb.index(p * shape.part);
      if (p < whole) {
        Value x = kb.loadVector(q, {batch, head, i, start}, shape.part);
        kb.storeVector(kb.convert(x, element), queries, {r, part, kb.index(0)});
        continue;
      }
      kb.storeVector(nothing, queries, {r, part, kb.index(0)});
      kb.loop(0, std::min(shape.part, shape.width - p * shape.part), 1, [&](Value d) {
        Value x = kb.load(q, {batch, head, i, kb.add(start, d)});
        kb.store(kb.convert(x, element), queries, {r, part, d});
      });
    }
  });

  // Rows that fill the last register tile are 0 and computed, but not stored.
  kb.loop(shape.rows, shape.paddedRows(), 1, [&](Value r) {
    for (int64_t p = 0; p < shape.parts(); ++p)
      kb.storeVector(nothing, queries, {r, kb.index(p), kb.index(0)});
    Value zeros = kb.constant(kb.vec(acc, shape.lanes), 0.0);
    kb.loop(0, shape.keys, shape.lanes,
            [&](Value j) { kb.storeVectorAs(zeros, weights, {r, j}); });
  });
}

void DecodeKernel::clearState() {
  // m = the least number (not -inf: -inf - m stays -inf then), l = 0, out = 0.
  double least = acc.isF64() ? -std::numeric_limits<double>::max()
                             : -std::numeric_limits<float>::max();
  Value start = kb.constant(acc, least);
  Value zeros = kb.constant(kb.vec(acc, shape.lanes), 0.0);
  kb.loop(0, shape.paddedRows(), 1, [&](Value r) {
    kb.loop(0, shape.paddedWidth, shape.lanes,
            [&](Value d) { kb.storeVector(zeros, out, {r, d}); });
  });
  kb.loop(0, shape.rows, 1, [&](Value r) {
    kb.storeVector(zeros, sums, {r, kb.index(0)});
    if (roundedSums)
      kb.storeVector(zeros, roundedSums, {r, kb.index(0)});
    kb.store(start, maxima, {r});
  });
}

void DecodeKernel::storeState(const PartialStates &states, Value chunk) {
  kb.loop(0, shape.rows, 1, [&](Value r) {
    Value sum = kb.reduceAdd(kb.loadVector(sums, {r, kb.index(0)}, shape.lanes));
    kb.store(sum, states.l, {batch, pass, chunk, r});
    Value factor = kb.constant(kb.vec(acc, shape.lanes), 1.0);
    if (roundedSums) { // the weights of V add up to l again
      Value rounded = kb.reduceAdd(kb.loadVector(roundedSums, {r, kb.index(0)}, shape.lanes));
      Value isNone = kb.cmpf(arith::CmpFPredicate::OEQ, rounded, kb.constant(acc, 0.0));
      Value ratio = kb.select(isNone, kb.constant(acc, 1.0), kb.divf(sum, rounded));
      factor = kb.splat(ratio, shape.lanes);
    }
    kb.store(kb.load(maxima, {r}), states.m, {batch, pass, chunk, r});
    for (int64_t d = 0; d < shape.paddedWidth; d += shape.valuePart) {
      for (auto [n, column] : llvm::enumerate(loadSums(r, d)))
        kb.storeVector(kb.mulf(column, factor), states.o,
                       {batch, pass, chunk, r, kb.index(d + n * shape.lanes)});
    }
  });
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void DecodeKernel::visitKeys(Value first, Value limit, Value next) {
  Value seen = kb.min(limit, mask.visibleTo(kb.index(shape.rowsPerHead - 1)).high);
  kb.loop(first, seen, shape.keys, [&](Value begin) {
    Value after = kb.add(begin, shape.keys);
    Tile tile{begin, limit, kb.sub(kb.min(after, seen), begin),
              kb.select(kb.less(after, seen), after, next)};
    if (!mask.hasWindow())
      return visitTile(tile);
    Value low = mask.visibleTo(kb.index(0)).low;
    Value isSeen = kb.either(kb.less(low, kb.min(after, seen)), kb.less(begin, mask.getSinks()));
    kb.when(isSeen, [&] { visitTile(tile); });
  });
}

void DecodeKernel::visitTile(const Tile &tile) {
  scoreTile(tile);
  if (op.region)
    modifyTile(tile);
  Value end = kb.add(tile.first, shape.keys);
  Value isPartial = kb.less(kb.min(tile.limit, mask.visibleTo(kb.index(0)).high), end);
  if (mask.hasWindow()) {
    Value low = mask.visibleTo(kb.index(shape.rowsPerHead - 1)).low;
    Value isBelow = kb.both(kb.less(tile.first, low), kb.less(mask.getSinks(), end));
    isPartial = kb.either(isPartial, isBelow);
  }
  kb.when(isPartial, [&] {
    mask.hide(scores, tile.first, tile.limit, [&](auto hideRow) {
      forEachRow([&](Value r, Value, Value i) { hideRow(r, i); });
    });
  });
  softmaxTile();
  accumulateTile(tile);
}

//===----------------------------------------------------------------------===//
// The steps of a tile
//===----------------------------------------------------------------------===//

/// scores [rows,count] = log2 e * region(scores).
void DecodeKernel::modifyTile(const Tile &tile) {
  forEachRow([&](Value r, Value head, Value i) {
    RegionOnKeys region(kb, op, operands, captures, {batch, head, i}, shape.lanes);
    int64_t step = region.isElementwise() ? shape.lanes : 1;
    kb.loop(kb.index(0), tile.count, step, [&](Value j) {
      Value key = kb.add(tile.first, j);
      if (step == 1) {
        Value z = region.onScalar(kb.load(scores, {r, j}), key);
        return kb.store(toBase2(kb, z), scores, {r, j});
      }
      Value z = region.onVector(kb.loadVector(scores, {r, j}, shape.lanes), key, tile.limit);
      kb.storeVector(toBase2(kb, z), scores, {r, j});
    });
  });
}

/// Row by row over scores [rows,keys]: raises m to the row's maximum where it is
/// larger (to a whole number, so that the factor of l and out is exact), then
/// weights = 2^(scores - m), l += their sum.
void DecodeKernel::softmaxTile() {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0);
  kb.loop(0, shape.rows, 1, [&](Value r) {
    Values z;
    for (int64_t j = 0; j < shape.keys; j += lanes)
      z.push_back(kb.loadVector(scores, {r, kb.index(j)}, lanes));
    Value highest = kb.reduceMax(z), before = kb.load(maxima, {r});
    Value rises = kb.cmpf(arith::CmpFPredicate::OGT, highest, before);
    Value m = kb.choose(
        rises,
        [&]() -> Values {
          Value after = kb.ceil(highest);
          Value factor = kb.exp2(kb.splat(kb.subf(before, after), lanes));
          kb.loop(0, shape.paddedWidth, lanes, [&](Value d) {
            kb.storeVector(kb.mulf(kb.loadVector(out, {r, d}, lanes), factor), out, {r, d});
          });
          for (Value memref : {sums, roundedSums})
            if (memref)
              kb.storeVector(kb.mulf(kb.loadVector(memref, {r, zero}, lanes), factor), memref,
                             {r, zero});
          kb.store(after, maxima, {r});
          return {after};
        },
        [&]() -> Values { return {before}; })[0];
    Value ms = kb.splat(m, lanes), sum = kb.loadVector(sums, {r, zero}, lanes);
    Value rounded = roundedSums ? kb.loadVector(roundedSums, {r, zero}, lanes) : Value();
    for (auto [n, score] : llvm::enumerate(z)) {
      Value p = kb.exp2(kb.subf(score, ms));
      sum = kb.addf(sum, p);
      if (rounded) {
        p = kb.convert(p, kb.getBF16Type());
        rounded = kb.addf(rounded, kb.convert(p, acc));
      }
      kb.storeVector(p, weights, {r, kb.index(n * lanes)});
    }
    kb.storeVector(sum, sums, {r, zero});
    if (rounded)
      kb.storeVector(rounded, roundedSums, {r, zero});
  });
}
