//===- DecodeTiles.cpp - Q K^T and P V of few query rows on AMX tiles -----===//
// Both read K and V where they lie; the query rows, at most 16, are packed once.
//
//   S^T [16 keys,16 rows] += K [16,32] Q^T [32,16]    scoreTiles: transposed on the way
//                                                     to the scores
//   o [rows,16] += P [rows,keys] V [keys,16]          accumulateTiles: rows of V are
//                                                     interleaved two by two before
//
// The rows of V are prefetched while those of K are read, and the reverse.

#include "../Constants.h"
#include "DecodeKernel.h"
#include "Transpose.h"

#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Keys and rows of a tile of S^T, and elements of 16 bits in a row of a tile.
static constexpr int64_t kSide = 16, kElements = 32;

/// Few rows of wide heads are left to vectors: their work spreads what they ask of memory
/// more evenly (measured on a Xeon, 2 threads, share of a plain read by vectors and by
/// tiles: D = 128, 4 rows .79, .71; 8 rows .56, .71; 16 rows .30, .63; D = 64, 4 rows .72,
/// .85). Of wide heads 16 keys at a time are the better for the same reason.
bool DecodeShape::usesTilesFor(const FlashOp &op, const CPUTarget &target) const {
  auto isBF16 = [](Value x) { return cast<MemRefType>(x.getType()).getElementType().isBF16(); };
  bool canUse = target.hasAMX && target.hasAVX512 && isBF16(op.q) && isBF16(op.k) &&
                isBF16(op.v) && KernelBuilder::isRowContiguous(op.q) && rows <= kSide &&
                width > 0 && width % kElements == 0 && valueWidth % kElements == 0 &&
                op.blockKeys >= kElements;
  return canUse && !op.isReference && (rows > 4 || width <= 64);
}

Value DecodeKernel::loadTile(Value memref, ValueRange at, int64_t rows, int64_t columns) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = amx::TileType::get({rows, columns}, element);
  return amx::TileLoadOp::create(kb, kb.getLoc(), type, memref, at);
}

void DecodeKernel::allocateTiles() {
  Type bf16 = kb.getBF16Type();
  queries = kb.scratch({shape.width / kElements, kSide, kElements}, bf16);
  tileSums = kb.scratch({shape.keys, kSide}, acc);
  lastKeys = kb.scratch({kSide, shape.width}, bf16);
  pairs = kb.scratch({shape.valueWidth / kElements, 2, shape.keys / 2, kElements}, bf16);
}

/// queries [D/32,16,32]: pair p of row r of the pass is at [.., p, 2 r], zeros in the place
/// of absent rows.
void DecodeKernel::loadQueryTiles() {
  Type i32 = kb.getI32Type(), bf16 = kb.getBF16Type();
  Value zero = kb.index(0);
  kb.loop(0, shape.width, kElements, [&](Value d) {
    Values rows(kSide, arith::ConstantOp::create(
                           kb, kb.getLoc(), kb.getZeroAttr(kb.vec(i32, kSide))));
    for (int64_t r = 0; r < shape.rows; ++r) {
      Value head = kb.add(firstHead, r / shape.rowsPerHead);
      Value row = kb.loadVector(q, {batch, head, kb.index(r % shape.rowsPerHead), d}, kElements);
      rows[r] = vector::BitCastOp::create(kb, kb.getLoc(), kb.vec(i32, kSide), row);
    }
    for (auto [p, pairsOfRows] : llvm::enumerate(transpose(kb, rows))) {
      Value x = vector::BitCastOp::create(kb, kb.getLoc(), kb.vec(bf16, kElements), pairsOfRows);
      kb.storeVector(x, queries, {kb.div(d, kElements), kb.index(p), zero});
    }
  });
}

/// scores [rows,count]: in base 2, or, where a region sees them, as the op says.
void DecodeKernel::scoreTiles(const Tile &tile) {
  Value whole = kb.sub(tile.count, kb.rem(tile.count, kSide));
  Value isFull = kb.cmp(arith::CmpIPredicate::eq, tile.count, kb.index(shape.keys));
  auto full = [&] {
    scoreKeys(k, {batch, kvHead, tile.first}, kb.index(0), shape.keys, tile.first);
    return Values();
  };
  auto partial = [&] {
    kb.loop(kb.index(0), whole, kSide, [&](Value j) {
      Value first = kb.add(tile.first, j);
      scoreKeys(k, {batch, kvHead, first}, j, kSide, first);
    });
    kb.when(kb.less(whole, tile.count), [&] {
      Value last = kb.sub(kb.add(tile.first, tile.count), kb.index(1));
      kb.loop(0, kSide, 1, [&](Value r) {
        Value key = kb.min(kb.add(kb.add(tile.first, whole), r), last);
        kb.loop(0, shape.width, kElements, [&](Value d) {
          Value x = kb.loadVector(k, {batch, kvHead, key, d}, kElements);
          kb.storeVector(x, lastKeys, {r, d});
        });
      });
      scoreKeys(lastKeys, {kb.index(0)}, whole, kSide, kb.add(tile.first, whole));
    });
    return Values();
  };
  kb.choose(isFull, full, partial);
}

/// The scores [j, j + count) of the tile, of `count` rows of `keys` from `place` on. Rows
/// of V from `values` on are asked for between the products, a few at a time: more than
/// the nearest cache can wait for would hold up what comes behind.
void DecodeKernel::scoreKeys(Value keys, ValueRange place, Value j, int64_t count, Value values) {
  int64_t products = shape.width / kElements * (count / kSide), product = 0;
  Values sums;
  for (int64_t n = 0; n < count; n += kSide) // one zero each: copies go through memory
    sums.push_back(
        amx::TileZeroOp::create(kb, kb.getLoc(), amx::TileType::get({kSide, kSide}, acc)));
  for (int64_t d = 0; d < shape.width; d += kElements) {
    Value b = loadTile(queries, {kb.index(d / kElements), kb.index(0), kb.index(0)}, kSide, kElements);
    for (auto [n, sum] : llvm::enumerate(sums)) {
      Values at(place.begin(), place.end());
      at.back() = kb.add(at.back(), n * kSide);
      at.push_back(kb.index(d));
      Value a = loadTile(keys, at, kSide, kElements);
      sum = amx::TileMulFOp::create(kb, kb.getLoc(), sum.getType(), a, b, sum);
      for (int64_t row = product * count / products, end = (product + 1) * count / products;
           row < end; ++row)
        prefetchRow(v, shape.valueWidth, kb.add(values, row));
      ++product;
    }
  }
  for (auto [n, sum] : llvm::enumerate(sums))
    amx::TileStoreOp::create(kb, kb.getLoc(), tileSums,
                             ValueRange{kb.index(n * kSide), kb.index(0)}, sum);
  Value factor = kb.constant(kb.vec(acc, kSide), op.region ? op.scale : op.scale * kLog2E);
  for (int64_t n = 0; n < count; n += kSide) {
    Values ofKeys;
    for (int64_t key = 0; key < kSide; ++key)
      ofKeys.push_back(kb.loadVector(tileSums, {kb.index(n + key), kb.index(0)}, kSide));
    Values ofRows = transpose(kb, ofKeys);
    for (int64_t r = 0; r < shape.rows; ++r)
      kb.storeVector(kb.mulf(ofRows[r], factor), scores, {kb.index(r), kb.add(j, n)});
  }
}

/// pairs [Dv/32,2,keys/2,32]: the rows of V of the tile, two by two; zeros for absent ones. Of
/// 32 columns first those that vpunpcklwd takes, then those that vpunpckhwd does.
void DecodeKernel::interleaveValues(const Tile &tile) {
  Value none = kb.constant(kb.vec(kb.getBF16Type(), kElements), 0.0);
  auto store = [&](Value pair, function_ref<Value(int64_t)> first,
                   function_ref<Value(int64_t)> second) {
    for (int64_t d = 0; d < shape.valueWidth; d += kElements) {
      Value x = first(d), y = second(d), part = kb.index(d / kElements);
      for (int64_t half : {0, 1})
        kb.storeVector(interleaveColumns(kb, x, y, half), pairs,
                       {part, kb.index(half), pair, kb.index(0)});
    }
  };
  auto valuesOf = [&](Value key) {
    return [=, this](int64_t d) { return kb.loadVector(v, {batch, kvHead, key, kb.index(d)}, kElements); };
  };
  auto zeros = [&](int64_t) { return none; };
  Value whole = kb.div(tile.count, 2);
  kb.loop(kb.index(0), whole, 1, [&](Value pair) {
    Value key = kb.add(tile.first, kb.mul(pair, 2)), next = kb.add(tile.next, kb.mul(pair, 2));
    prefetchRow(k, shape.width, next);
    prefetchRow(k, shape.width, kb.add(next, 1));
    store(pair, valuesOf(key), valuesOf(kb.add(key, 1)));
  });
  kb.when(kb.less(kb.mul(whole, 2), tile.count),
          [&] { store(whole, valuesOf(kb.add(tile.first, kb.mul(whole, 2))), zeros); });
  kb.loop(kb.ceilDiv(tile.count, 2), kb.index(shape.keys / 2), 1,
          [&](Value pair) { store(pair, zeros, zeros); });
}

/// out [rows,Dv] += weights [rows,count] . V [count,Dv].
void DecodeKernel::accumulateTiles(const Tile &tile) {
  interleaveValues(tile);
  Value zero = kb.index(0), p = loadTile(weights, {zero, zero}, shape.rows, shape.keys);
  for (int64_t d = 0; d < shape.valueWidth; d += kSide) {
    Value part = kb.index(d / kElements), half = kb.index(d / kSide % 2);
    Value sum = loadTile(out, {zero, kb.index(d)}, shape.rows, kSide);
    Value values = loadTile(pairs, {part, half, zero, zero}, shape.keys / 2, kElements);
    sum = amx::TileMulFOp::create(kb, kb.getLoc(), sum.getType(), p, values, sum);
    amx::TileStoreOp::create(kb, kb.getLoc(), out, ValueRange{zero, kb.index(d)}, sum);
  }
}
