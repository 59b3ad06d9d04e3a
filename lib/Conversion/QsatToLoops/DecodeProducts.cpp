//===- DecodeProducts.cpp - Q K^T and P V of few query rows ---------------===//
// Both read K and V where they lie: Q . K^T along D, several rows and keys at once;
// P . V in a register tile of rows x value columns, by keys or, of bf16, pairs of keys.

#include "../Constants.h"
#include "DecodeKernel.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;


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
// Q K^T
//===----------------------------------------------------------------------===//

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
  if (shape.usesTiles)
    return scoreTiles(tile);
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
  Value z = kb.mulf(kb.reduceAddEach(dotProducts(rows, keys)), factor);
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

//===----------------------------------------------------------------------===//
// P V
//===----------------------------------------------------------------------===//

Value qsat::interleaveColumns(KernelBuilder &kb, Value a, Value b, bool upper) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t n = 0; n < lanes; n += 8)
    for (int64_t i = 0; i < 4; ++i)
      order.append({n + 4 * upper + i, lanes + n + 4 * upper + i});
  return vector::ShuffleOp::create(kb, kb.getLoc(), a, b, order);
}

/// Undoes for sums of columns what `interleaveColumns` does to their order.
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

/// out [rows,paddedWidth] += weights [rows,count] . V [count,Dv].
void DecodeKernel::accumulateTile(const Tile &tile) {
  if (shape.usesTiles)
    return accumulateTiles(tile);
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
    values.push_back(interleaveColumns(kb, x, y, /*upper=*/false));
    values.push_back(interleaveColumns(kb, x, y, /*upper=*/true));
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

/// The sums of the columns [column, column + valuePart) of a row of out, in their order.
Values DecodeKernel::loadSums(Value row, int64_t column) {
  Values columns;
  for (int64_t d = column; d < column + shape.valuePart; d += shape.lanes)
    columns.push_back(kb.loadVector(out, {row, kb.index(d)}, shape.lanes));
  return shape.hasValueDots ? sortColumns(kb, columns[0], columns[1]) : columns;
}
