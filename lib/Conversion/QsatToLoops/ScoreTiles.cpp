//===- ScoreTiles.cpp - Dot products of rows of K by AMX tiles ------------===//
// A tile of 16 rows of K as they lie, [16, 64 bytes], is multiplied by one of the panel
// of queries, whose row p holds the elements [p n, p n + n) of 16 lanes, n = 2 of bf16 and
// 4 of bytes. So lanes are columns of the sums, as they are lanes of vectors elsewhere.

#include "ScoreKernel.h"

#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace qsat;

void qsat::allocateTileSums(ScoreKernel &s, Type type) {
  s.tileSums = s.b.scratch(type, {s.b.index(s.tile.keys), s.b.index(s.tile.lanes)});
}

void qsat::sumTiles(ScoreKernel &s, Value keys, ValueRange place, Value queries, Value chunk) {
  TaskBuilder &b = s.b;
  Type element = cast<MemRefType>(keys.getType()).getElementType();
  Type sum = cast<MemRefType>(s.tileSums.getType()).getElementType();
  int64_t perRow = kTileBytes * 8 / element.getIntOrFloatBitWidth();
  int64_t parts = s.tile.lanes / kTileRows;
  auto factors = amx::TileType::get({kTileRows, perRow}, element);
  auto sums = amx::TileType::get({kTileRows, kTileRows}, sum);
  auto multiply = [&](Value a, Value c, Value acc) -> Value {
    if (sum.isInteger())
      return b.create<amx::TileMulIOp>(sums, a, c, acc);
    return b.create<amx::TileMulFOp>(sums, a, c, acc);
  };
  TaskBuilder::Values zeros;
  for (int64_t part = 0; part < parts; ++part) // one zero each: copies go through memory
    zeros.push_back(b.create<amx::TileZeroOp>(sums));
  Value steps = b.div(b.dim(queries, 1), kTileRows);
  auto tiles = b.loop(b.index(0), steps, 1, zeros, [&](Value step, ValueRange now) {
    TaskBuilder::Values from(place.begin(), place.end()), next;
    from.push_back(b.mul(step, perRow));
    Value rows = b.create<amx::TileLoadOp>(factors, keys, from);
    for (int64_t part = 0; part < parts; ++part) {
      Value column = b.index(part * perRow);
      Value lanes = b.create<amx::TileLoadOp>(factors, queries,
                                              ValueRange{chunk, b.mul(step, kTileRows), column});
      next.push_back(multiply(rows, lanes, now[part]));
    }
    return next;
  });
  for (int64_t part = 0; part < parts; ++part)
    b.create<amx::TileStoreOp>(s.tileSums, ValueRange{b.index(0), b.index(part * kTileRows)},
                               tiles[part]);
}

SmallVector<Value> qsat::loadTileSums(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  SmallVector<Value> sums;
  for (int64_t n = 0; n < kTileRows; ++n)
    for (int64_t lane = 0; lane < s.tile.lanes; lane += kTileRows)
      sums.push_back(b.loadVector(s.tileSums, {b.index(n), b.index(lane)}, kTileRows));
  return sums;
}

//===----------------------------------------------------------------------===//
// bf16
//===----------------------------------------------------------------------===//

/// Elements of bf16 of a row of a tile.
static constexpr int64_t kElements = kTileBytes / 2;

void qsat::loadTilePanel(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  Value width = b.mul(b.ceilDiv(s.width, kElements), kElements);
  loadPairs(s, width);
  allocateTileSums(s, s.acc);
  s.lastKeys = b.scratch(b.getBF16Type(), {b.index(kTileRows), width});
  Value none = b.constant(b.getBF16Type(), 0.0);
  b.loop(b.index(kTileRows), [&](Value r) {
    b.loop(s.width, width, 1, [&](Value d) { b.store(none, s.lastKeys, {r, d}); });
  });
}

/// lastKeys [16,D] = the rows of K from `row` on.
static void copyKeys(ScoreKernel &s, Value row) {
  TaskBuilder &b = s.b;
  Value lastKey = b.sub(s.numKeys, 1), whole = b.index(0);
  if (KernelBuilder::isRowContiguous(s.k))
    whole = b.sub(s.width, b.rem(s.width, kTileRows));
  b.loop(b.index(kTileRows), [&](Value r) {
    Value key = b.min(b.add(row, r), lastKey);
    b.loop(b.index(0), whole, kTileRows, [&](Value d) {
      Value x = b.loadVector(s.k, {s.batch, s.kvHead, key, d}, kTileRows);
      b.storeVector(x, s.lastKeys, {r, d});
    });
    b.loop(whole, s.width, 1, [&](Value d) {
      b.store(b.load(s.k, {s.batch, s.kvHead, key, d}), s.lastKeys, {r, d});
    });
  });
}

SmallVector<Value> qsat::accumulateTiles(ScoreKernel &s, Value row, Value chunk) {
  TaskBuilder &b = s.b;
  auto copied = [&] {
    copyKeys(s, row);
    sumTiles(s, s.lastKeys, {b.index(0)}, s.pairs, chunk);
  };
  int64_t width = cast<MemRefType>(s.k.getType()).getDimSize(3);
  bool isWhole = KernelBuilder::isRowContiguous(s.k) && !ShapedType::isDynamic(width) &&
                 width % kElements == 0;
  if (isWhole)
    b.ifElse(
        b.le(b.add(row, kTileRows), s.numKeys),
        [&] { sumTiles(s, s.k, {s.batch, s.kvHead, row}, s.pairs, chunk); }, copied);
  else
    copied();
  return joinParts(s, loadTileSums(s));
}
