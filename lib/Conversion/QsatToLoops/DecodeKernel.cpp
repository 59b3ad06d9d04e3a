//===- DecodeKernel.cpp - Attention of few query rows, split over keys ----===//

#include "DecodeKernel.h"
#include "RegionOnKeys.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static constexpr double kLog2E = 1.4426950408889634074;

//===----------------------------------------------------------------------===//
// The rule and the extents
//===----------------------------------------------------------------------===//

std::optional<DecodeShape> DecodeShape::get(const FlashOp &op, const CPUTarget &target) {
  /// More rows pay for packing K; the states of a pass have to stay near.
  constexpr int64_t kMaxRowsPerHead = 8, kMaxRows = 32;
  /// Elements of a tile of K: one of V and the next of K are in the nearest cache
  /// beside it (measured: 16, 32, 64 keys of D = 128). Keys of a tile and of a task.
  constexpr int64_t kTileElements = 4096, kMaxTileKeys = 64, kChunkKeys = 512;
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
      target.hasFastBF16Dot && !op.isExact && values.getElementType().isBF16();
  shape.valuePart = shape.hasValueDots ? 2 * shape.lanes : shape.lanes;
  shape.paddedWidth = llvm::alignTo(shape.valueWidth, shape.valuePart);
  shape.widensKeys = !shape.hasDots && keys.getElementType() != op.acc;
  shape.part = shape.hasDots ? 2 * shape.lanes : shape.lanes;
  int64_t tileKeys =
      std::clamp<int64_t>(kTileElements / std::max<int64_t>(shape.width, 1), 1, kMaxTileKeys);
  shape.prefetches = keys.getElementTypeBitWidth() <= 16;
  shape.keys = llvm::alignTo(std::min(tileKeys, op.blockKeys), shape.lanes);
  int64_t registers = target.vectorRegisters / 2;
  shape.tileRows = std::min<int64_t>(shape.rows, 4);
  shape.groupRows = std::min<int64_t>(llvm::PowerOf2Ceil(shape.tileRows), shape.lanes);
  int64_t columns = llvm::alignDown(registers / shape.tileRows * shape.lanes, shape.valuePart);
  shape.tileColumns = std::min(shape.paddedWidth, std::max(columns, shape.valuePart));
  shape.chunk = kChunkKeys;
  return shape;
}

//===----------------------------------------------------------------------===//
// The rows
//===----------------------------------------------------------------------===//

DecodeKernel::DecodeKernel(KernelBuilder &kb, const FlashOp &op, const DecodeShape &shape,
                           ValueRange operands, ValueRange captures)
    : kb(kb), op(op), shape(shape), operands(operands), captures(captures), acc(op.acc),
      q(operands[0]), k(operands[1]), v(operands[2]) {
  extent = kb.dim(k, 2);
  shift = kb.index(op.mask ? op.mask.getOffset() : 0);
  sinks = kb.index(op.mask ? op.mask.getSinks() : 0);
  if (!op.position.empty()) {
    unsigned at = op.position.getBeginOperandIndex();
    shift = kb.sub(kb.add(shift, operands[at + 2]), operands[at + 3]);
    sinks = kb.sub(sinks, operands[at + 3]);
  }
  Type element = shape.hasDots ? kb.getBF16Type() : static_cast<Type>(acc);
  queries = kb.scratch({shape.paddedRows(), shape.parts(), shape.part}, element);
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

/// Of `row`, in the op's own rows and keys: high is at most the number of keys.
DecodeKernel::Visible DecodeKernel::visibleKeys(Value row) const {
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

  // The queries as they are: scores are scaled. Elements past D are 0.
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

//===----------------------------------------------------------------------===//
// Pairs of keys
//===----------------------------------------------------------------------===//

/// In each 128 bits, the lower (or upper) 4 elements of a and b, interleaved.
static Value interleave(KernelBuilder &kb, Value a, Value b, bool upper) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t n = 0; n < lanes; n += 8)
    for (int64_t i = 0; i < 4; ++i)
      order.append({n + 4 * upper + i, lanes + n + 4 * upper + i});
  return vector::ShuffleOp::create(kb, kb.getLoc(), a, b, order);
}

/// Undoes for sums of columns what `interleave` does to their order.
static Values sortColumns(KernelBuilder &kb, Value lower, Value upper) {
  int64_t lanes = cast<VectorType>(lower.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t n = 0; n < lanes; n += 4)
    for (int64_t from : {n, lanes + n})
      for (int64_t i = 0; i < 4; ++i)
        order.push_back(from + i);
  ArrayRef<int64_t> all(order);
  return {vector::ShuffleOp::create(kb, kb.getLoc(), lower, upper, all.take_front(lanes)),
          vector::ShuffleOp::create(kb, kb.getLoc(), lower, upper, all.drop_front(lanes))};
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
      Values columns;
      for (int64_t n = d; n < d + shape.valuePart; n += shape.lanes)
        columns.push_back(kb.loadVector(out, {r, kb.index(n)}, shape.lanes));
      if (shape.hasValueDots)
        columns = sortColumns(kb, columns[0], columns[1]);
      for (auto [n, column] : llvm::enumerate(columns))
        kb.storeVector(kb.mulf(column, factor), states.o,
                       {batch, pass, chunk, r, kb.index(d + n * shape.lanes)});
    }
  });
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void DecodeKernel::visitKeys(Value first, Value limit, Value next) {
  Value seen = kb.min(limit, visibleKeys(kb.index(shape.rowsPerHead - 1)).high);
  kb.loop(first, seen, shape.keys, [&](Value begin) {
    Value after = kb.add(begin, shape.keys);
    Tile tile{begin, limit, kb.sub(kb.min(after, seen), begin),
              kb.select(kb.less(after, seen), after, next)};
    if (!hasWindow())
      return visitTile(tile);
    Value low = visibleKeys(kb.index(0)).low;
    Value isSeen = kb.either(kb.less(low, kb.min(after, seen)), kb.less(begin, sinks));
    kb.when(isSeen, [&] { visitTile(tile); });
  });
}

void DecodeKernel::visitTile(const Tile &tile) {
  scoreTile(tile);
  if (op.region)
    modifyTile(tile);
  Value end = kb.add(tile.first, shape.keys);
  Value isPartial = kb.less(kb.min(tile.limit, visibleKeys(kb.index(0)).high), end);
  if (hasWindow()) {
    Value low = visibleKeys(kb.index(shape.rowsPerHead - 1)).low;
    isPartial = kb.either(isPartial, kb.both(kb.less(tile.first, low), kb.less(sinks, end)));
  }
  kb.when(isPartial, [&] { maskTile(tile); });
  softmaxTile();
  accumulateTile(tile);
}

/// Asks for row `key` of K or V, if that pays. Wherever that is: it does not fault.
void DecodeKernel::prefetchRow(Value memref, int64_t elements, Value key) {
  if (!shape.prefetches)
    return;
  int64_t perLine = 512 / cast<MemRefType>(memref.getType()).getElementTypeBitWidth();
  for (int64_t d = 0; d < elements; d += perLine)
    memref::PrefetchOp::create(kb, kb.getLoc(), memref,
                               ValueRange{batch, kvHead, key, kb.index(d)}, /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
}

//===----------------------------------------------------------------------===//
// The steps of a tile
//===----------------------------------------------------------------------===//

/// Elements [d, d + n) of a row, n lanes, those past the first `valid` taken as 0.
static Value loadPart(KernelBuilder &kb, Value memref, ValueRange at, int64_t n, int64_t valid) {
  if (valid >= n)
    return kb.loadVector(memref, at, n);
  VectorType type = kb.vec(cast<MemRefType>(memref.getType()).getElementType(), n);
  Value mask = vector::CreateMaskOp::create(kb, kb.getLoc(), kb.vec(kb.getI1Type(), n),
                                            ValueRange{kb.index(valid)});
  return vector::MaskedLoadOp::create(kb, kb.getLoc(), type, memref, at, mask,
                                      kb.constant(type, 0.0));
}

/// The parts [d, d + part) of `keys`; `valid` elements of each are there.
Values DecodeKernel::loadKeys(ArrayRef<Value> keys, Value d, int64_t valid) {
  Values parts;
  for (Value key : keys)
    parts.push_back(shape.widensKeys
                        ? kb.loadVector(widened, {key, d}, shape.part)
                        : loadPart(kb, k, {batch, kvHead, key, d}, shape.part, valid));
  return parts;
}

/// For each of `rows`, for each of `keys`: sums whose total is row . key.
Values DecodeKernel::dotProducts(ArrayRef<Value> rows, ArrayRef<Value> keys) {
  auto addPart = [&](Value part, Value d, int64_t valid, ValueRange sums) {
    Values y = loadKeys(keys, d, valid), next;
    for (Value row : rows) {
      Value x = kb.loadVector(queries, {row, part, kb.index(0)}, shape.part);
      for (Value key : y) {
        Value sum = sums[next.size()];
        next.push_back(shape.hasDots ? kb.dotPairs(x, key, sum) : kb.fma(x, key, sum));
      }
    }
    return next;
  };
  Values sums(rows.size() * keys.size(), kb.constant(kb.vec(acc, shape.lanes), 0.0));
  int64_t whole = shape.width / shape.part;
  if (whole > 0)
    sums = kb.loop(kb.index(0), kb.index(whole), 1, sums, [&](Value part, ValueRange sums) {
      return addPart(part, kb.mul(part, shape.part), shape.part, sums);
    });
  if (whole < shape.parts())
    sums = addPart(kb.index(whole), kb.index(whole * shape.part),
                   shape.width - whole * shape.part, sums);
  return sums;
}

/// Lane n of the result is the sum of the lanes of rows[n]; as many rows as lanes.
/// A step adds the halves of blocks of lanes of two rows, side by side.
static Value addUpRows(KernelBuilder &kb, Values rows) {
  int64_t lanes = rows.size();
  for (int64_t step = lanes / 2; step > 0; step /= 2) {
    SmallVector<int64_t> own, other;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t base = lane & step ? lanes : 0;
      own.push_back(base + lane);
      other.push_back(base + (lane ^ step));
    }
    for (int64_t n = 0; n < step; ++n) {
      Value a = rows[n], b = rows[n + step];
      rows[n] = kb.addf(vector::ShuffleOp::create(kb, kb.getLoc(), a, b, own),
                        vector::ShuffleOp::create(kb, kb.getLoc(), a, b, other));
    }
  }
  return rows.front();
}

/// The keys [from, to) of K, fewer than or as many as lanes, in the type acc.
void DecodeKernel::widenKeys(Value from, Value to) {
  kb.loop(from, to, 1, [&](Value key) {
    for (int64_t d = 0; d < shape.width; d += shape.part) {
      Value x = loadPart(kb, k, {batch, kvHead, key, kb.index(d)}, shape.part, shape.width - d);
      kb.storeVectorAs(x, widened, {kb.sub(key, from), kb.index(d)});
    }
  });
}

/// scores [rows,count]: in base 2, or, where a region sees them, as the op says.
void DecodeKernel::scoreTile(const Tile &tile) {
  int64_t step = shape.keysPerGroup();
  Value whole = kb.sub(tile.count, kb.rem(tile.count, step));
  if (shape.widensKeys)
    widenKeys(tile.first, kb.add(tile.first, tile.count));
  auto scoreRows = [&](Value row, bool prefetches) {
    kb.loop(kb.index(0), whole, step, [&](Value j) {
      for (int64_t n = 0; prefetches && n < step; ++n)
        prefetchRow(v, shape.valueWidth, kb.add(kb.add(tile.first, j), n));
      scoreGroup(tile, row, j);
    });
    kb.loop(whole, tile.count, 1, [&](Value j) { scoreKey(tile, row, j); });
  };
  scoreRows(kb.index(0), /*prefetches=*/true);
  kb.loop(shape.groupRows, shape.rows, shape.groupRows,
          [&](Value row) { scoreRows(row, /*prefetches=*/false); });
}

/// The rows [row, + groupRows) and the keys [j, + keysPerGroup) of the tile.
void DecodeKernel::scoreGroup(const Tile &tile, Value row, Value j) {
  Values rows, keys;
  for (int64_t r = 0; r < shape.groupRows; ++r)
    rows.push_back(kb.add(row, r));
  for (int64_t n = 0; n < shape.keysPerGroup(); ++n)
    keys.push_back(kb.add(shape.widensKeys ? j : kb.add(tile.first, j), n));
  Value factor = kb.constant(kb.vec(acc, shape.lanes), op.region ? op.scale : op.scale * kLog2E);
  Value z = kb.mulf(addUpRows(kb, dotProducts(rows, keys)), factor);
  int64_t length = keys.size();
  for (auto [n, r] : llvm::enumerate(rows)) {
    Value ofRow = vector::ExtractStridedSliceOp::create(kb, kb.getLoc(), z, n * length, length, 1);
    kb.storeVector(ofRow, scores, {r, j});
  }
}

/// The same of the key j alone.
void DecodeKernel::scoreKey(const Tile &tile, Value row, Value j) {
  Value factor = kb.constant(acc, op.region ? op.scale : op.scale * kLog2E);
  Value key = shape.widensKeys ? j : kb.add(tile.first, j);
  kb.loop(row, kb.add(row, shape.groupRows), 1, [&](Value r) {
    Value sum = kb.reduceAdd(dotProducts({r}, {key}).front());
    kb.store(kb.mulf(sum, factor), scores, {r, j});
  });
}

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

/// scores [rows,keys]: -inf where the key is hidden or past the limit.
void DecodeKernel::maskTile(const Tile &tile) {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0), width = kb.index(shape.keys);
  Value hidden = kb.constant(kb.vec(acc, lanes), -INFINITY);
  // Bounds relative to the tile fit in i32.
  auto bound = [&](Value key) {
    return kb.splat(kb.toI32(kb.clamp(kb.sub(key, tile.first), zero, width)), lanes);
  };
  Value sinkBound = hasWindow() ? bound(sinks) : Value();
  forEachRow([&](Value r, Value, Value i) {
    Visible visible = visibleKeys(i);
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

/// Row by row over scores [rows,keys]: raises m to the row's maximum where it is
/// larger (to a whole number, so that the factor of l and out is exact), then
/// weights = 2^(scores - m), l += their sum.
void DecodeKernel::softmaxTile() {
  int64_t lanes = shape.lanes;
  Value zero = kb.index(0);
  kb.loop(0, shape.rows, 1, [&](Value r) {
    Values level;
    for (int64_t j = 0; j < shape.keys; j += lanes)
      level.push_back(kb.loadVector(scores, {r, kb.index(j)}, lanes));
    Values z = level;
    while (level.size() > 1) {
      Values next;
      for (size_t i = 0; i + 1 < level.size(); i += 2)
        next.push_back(kb.maxf(level[i], level[i + 1]));
      if (level.size() % 2)
        next.push_back(level.back());
      level = next;
    }
    Value highest = kb.reduceMax(level.front()), before = kb.load(maxima, {r});
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

/// out [rows,paddedWidth] += weights [rows,count] . V [count,Dv].
void DecodeKernel::accumulateTile(const Tile &tile) {
  for (int64_t row = 0; row < shape.rows; row += shape.tileRows)
    for (int64_t column = 0; column < shape.paddedWidth; column += shape.tileColumns)
      accumulateColumns(tile, kb.index(row), column, /*prefetches=*/row == 0 && column == 0);
}

Value DecodeKernel::loadValues(Value key, int64_t column) {
  return loadPart(kb, v, {batch, kvHead, key, kb.index(column)}, shape.valuePart,
                  shape.valueWidth - column);
}

/// `sums` of `rows` and the columns [column, end) with key `first` + j added, or, where
/// P . V goes by pairs of keys, j and j + 1; not `isPair`: j and a key of zeros.
Values DecodeKernel::addKeys(ArrayRef<Value> rows, Value first, Value j, int64_t column,
                             int64_t end, bool isPair, ValueRange sums) {
  Values values, next;
  Value key = kb.add(first, j);
  for (int64_t d = column; d < end; d += shape.valuePart) {
    Value x = loadValues(key, d);
    if (!shape.hasValueDots) {
      values.push_back(kb.convert(x, acc));
      continue;
    }
    Value y = isPair ? loadValues(kb.add(key, 1), d) : kb.constant(x.getType(), 0.0);
    values.push_back(interleave(kb, x, y, /*upper=*/false));
    values.push_back(interleave(kb, x, y, /*upper=*/true));
  }
  for (Value row : rows) {
    Value p = shape.hasValueDots ? kb.splatPair(weights, {row, j}, shape.lanes)
                                 : kb.splat(kb.load(weights, {row, j}), shape.lanes);
    for (Value x : values) {
      Value sum = sums[next.size()];
      next.push_back(shape.hasValueDots ? kb.dotPairs(p, x, sum) : kb.fma(p, x, sum));
    }
  }
  return next;
}

void DecodeKernel::accumulateColumns(const Tile &tile, Value firstRow, int64_t column,
                                     bool prefetches) {
  int64_t end = std::min(column + shape.tileColumns, shape.paddedWidth);
  int64_t step = shape.hasValueDots ? 2 : 1;
  Values rows, sums;
  for (int64_t r = 0; r < shape.tileRows; ++r) {
    rows.push_back(kb.add(firstRow, r));
    for (int64_t d = column; d < end; d += shape.lanes)
      sums.push_back(kb.loadVector(out, {rows[r], kb.index(d)}, shape.lanes));
  }
  Value whole = kb.sub(tile.count, kb.rem(tile.count, step));
  sums = kb.loop(kb.index(0), whole, step, sums, [&](Value j, ValueRange sums) {
    for (int64_t n = 0; prefetches && n < step; ++n)
      prefetchRow(k, shape.width, kb.add(kb.add(tile.next, j), n));
    return addKeys(rows, tile.first, j, column, end, /*isPair=*/true, sums);
  });
  if (shape.hasValueDots)
    sums = kb.choose(
        kb.less(whole, tile.count),
        [&] { return addKeys(rows, tile.first, whole, column, end, /*isPair=*/false, sums); },
        [&] { return sums; });
  size_t n = 0;
  for (Value row : rows)
    for (int64_t d = column; d < end; d += shape.lanes)
      kb.storeVector(sums[n++], out, {row, kb.index(d)});
}
