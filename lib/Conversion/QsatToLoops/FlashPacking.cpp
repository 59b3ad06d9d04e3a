//===- FlashPacking.cpp - K and V as the attention kernel reads them ------===//

#include "FlashKernel.h"
#include "Lowering.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Transposes `rows`, as many vectors as lanes: lane c of row r becomes lane r
/// of row c, by blocks of 1, 2, 4, ... lanes.
static Values buildTranspose(KernelBuilder &kb, Values rows) {
  int64_t lanes = rows.size();
  for (int64_t step = 1; step < lanes; step *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool isOdd = lane & step;
      low.push_back(isOdd ? lanes + lane - step : lane);
      high.push_back(isOdd ? lanes + lane : lane + step);
    }
    for (int64_t r = 0; r < lanes; ++r) {
      if (r & step)
        continue;
      Value a = rows[r], b = rows[r + step];
      rows[r] = vector::ShuffleOp::create(kb, kb.getLoc(), a, b, low);
      rows[r + step] = vector::ShuffleOp::create(kb, kb.getLoc(), a, b, high);
    }
  }
  return rows;
}

namespace {
/// Packs the tile of keys [first, min(first + keys, limit)) of one kv head.
struct TilePacker {
  KernelBuilder &kb;
  const FlashOp &op;
  const FlashShape &shape;
  Value batch, head, first, limit, group;

  void packKeys(Value k, Value packed);
  void packValues(Value v, Value packed);
  void packKeyPairs(Value k, Value packed);
  void packValuePairs(Value v, Value packed);

private:
  /// Element (row, d) of `source`; 0 past the limit or the width.
  Value loadOrZero(Value source, Value row, Value d, int64_t width);
};
} // namespace

/// packed [B,Hkv,groups,D,columns]: keys past the limit are 0.
void TilePacker::packKeys(Value k, Value packed) {
  int64_t lanes = shape.lanes, columns = shape.tile.columns;
  int64_t whole = KernelBuilder::isRowContiguous(k) ? shape.width - shape.width % lanes : 0;
  Value zero = kb.constant(op.acc, 0.0);
  kb.loop(0, shape.keys, lanes, [&](Value j) {
    Value key = kb.add(first, j);
    Value place = kb.add(group, kb.div(j, columns)), lane = kb.rem(j, columns);
    auto packOne = [&](Value w, Value d) {
      Value source = kb.add(key, w);
      Value x = kb.choose(
          kb.less(source, limit),
          [&]() -> Values { return {kb.loadAs(op.acc, k, {batch, head, source, d})}; },
          [&]() -> Values { return {zero}; })[0];
      kb.store(x, packed, {batch, head, place, d, kb.add(lane, w)});
    };
    auto packAll = [&](int64_t from) {
      kb.loop(from, shape.width, 1,
              [&](Value d) { kb.loop(0, lanes, 1, [&](Value w) { packOne(w, d); }); });
    };
    if (whole == 0)
      return packAll(0);
    Value isWhole = kb.cmp(arith::CmpIPredicate::sle, kb.add(key, lanes), limit);
    kb.choose(
        isWhole,
        [&]() -> Values {
          kb.loop(0, whole, lanes, [&](Value d) {
            Values rows;
            for (int64_t w = 0; w < lanes; ++w)
              rows.push_back(kb.loadVectorAs(op.acc, k, {batch, head, kb.add(key, w), d}, lanes));
            for (auto [n, row] : llvm::enumerate(buildTranspose(kb, rows)))
              kb.storeVector(row, packed, {batch, head, place, kb.add(d, n), lane});
          });
          packAll(whole);
          return {};
        },
        [&]() -> Values {
          packAll(0);
          return {};
        });
  });
}

/// packed [B,Hkv,N,paddedWidth]: columns past Dv are 0.
void TilePacker::packValues(Value v, Value packed) {
  int64_t lanes = shape.lanes;
  int64_t whole =
      KernelBuilder::isRowContiguous(v) ? shape.valueWidth - shape.valueWidth % lanes : 0;
  Value zero = kb.constant(op.acc, 0.0);
  kb.loop(first, kb.min(kb.add(first, shape.keys), limit), 1, [&](Value key) {
    kb.loop(0, whole, lanes, [&](Value d) {
      Value x = kb.loadVectorAs(op.acc, v, {batch, head, key, d}, lanes);
      kb.storeVector(x, packed, {batch, head, key, d});
    });
    kb.loop(whole, shape.valueWidth, 1, [&](Value d) {
      kb.store(kb.loadAs(op.acc, v, {batch, head, key, d}), packed, {batch, head, key, d});
    });
    kb.loop(shape.valueWidth, shape.paddedWidth, 1,
            [&](Value d) { kb.store(zero, packed, {batch, head, key, d}); });
  });
}

Value TilePacker::loadOrZero(Value source, Value row, Value d, int64_t width) {
  auto element = cast<FloatType>(cast<MemRefType>(source.getType()).getElementType());
  Value isInside = kb.both(kb.less(row, limit), kb.less(d, kb.index(width)));
  return kb.choose(
      isInside, [&]() -> Values { return {kb.load(source, {batch, head, row, d})}; },
      [&]() -> Values { return {kb.constant(element, 0.0)}; })[0];
}

/// packed [B,Hkv,2 groups,D/2,2 lanes]: a transpose of pairs, taken as integers.
/// Keys past the limit are 0.
void TilePacker::packKeyPairs(Value k, Value packed) {
  int64_t lanes = shape.lanes, padded = shape.operandWidth;
  int64_t whole = KernelBuilder::isRowContiguous(k) ? shape.width - shape.width % (2 * lanes) : 0;
  Value firstPlace = kb.mul(group, shape.tile.columns / lanes);
  VectorType words = kb.vec(kb.getI32Type(), lanes), pairs = kb.vec(shape.operand, 2 * lanes);
  kb.loop(0, shape.keys, lanes, [&](Value j) {
    Value key = kb.add(first, j);
    Value place = kb.add(firstPlace, kb.div(j, lanes));
    auto packOneByOne = [&](int64_t from) {
      kb.loop(from, padded, 1, [&](Value d) {
        kb.loop(0, lanes, 1, [&](Value w) {
          Value x = loadOrZero(k, kb.add(key, w), d, shape.width);
          Value at = kb.add(kb.mul(w, 2), kb.rem(d, 2));
          kb.store(x, packed, {batch, head, place, kb.div(d, 2), at});
        });
      });
    };
    auto packAll = [&](int64_t from) {
      kb.loop(0, from, 2 * lanes, [&](Value d) {
        Values rows;
        for (int64_t w = 0; w < lanes; ++w) {
          Value row = kb.loadVector(k, {batch, head, kb.add(key, w), d}, 2 * lanes);
          rows.push_back(vector::BitCastOp::create(kb, kb.getLoc(), words, row));
        }
        for (auto [n, row] : llvm::enumerate(buildTranspose(kb, rows)))
          kb.storeVector(vector::BitCastOp::create(kb, kb.getLoc(), pairs, row), packed,
                         {batch, head, place, kb.add(kb.div(d, 2), n), kb.index(0)});
      });
      packOneByOne(from);
      return Values();
    };
    Value isWhole = kb.cmp(arith::CmpIPredicate::sle, kb.add(key, lanes), limit);
    kb.choose(isWhole, [&] { return packAll(whole); }, [&] { return packAll(0); });
  });
}

/// packed [B,Hkv,chunks,keys/2,2 lanes]: two rows of V interleaved. Keys past the
/// limit and columns past Dv are 0.
void TilePacker::packValuePairs(Value v, Value packed) {
  // Two registers of columns at a time.
  int64_t lanes = shape.lanes, columns = 2 * lanes;
  int64_t padded = llvm::alignTo(shape.valueWidth, columns);
  int64_t whole =
      KernelBuilder::isRowContiguous(v) ? shape.valueWidth - shape.valueWidth % columns : 0;
  Value firstRow = kb.mul(group, shape.tile.columns / 2);
  kb.loop(0, shape.keys / 2, 1, [&](Value pair) {
    Value row = kb.add(firstRow, pair), key = kb.add(first, kb.mul(pair, 2)), next = kb.add(key, 1);
    auto packOneByOne = [&](int64_t from) {
      kb.loop(from, padded, 1, [&](Value d) {
        for (int64_t odd : {0, 1}) {
          Value x = loadOrZero(v, kb.add(key, odd), d, shape.valueWidth);
          Value at = kb.add(kb.mul(kb.rem(d, lanes), 2), odd);
          kb.store(x, packed, {batch, head, kb.div(d, lanes), row, at});
        }
      });
    };
    auto packAll = [&](int64_t from) {
      kb.loop(0, from, columns, [&](Value d) {
        Value chunk = kb.div(d, lanes);
        Value a = kb.loadVector(v, {batch, head, key, d}, columns);
        Value b = kb.loadVector(v, {batch, head, next, d}, columns);
        for (auto [n, pairs] : llvm::enumerate(kb.interleave(a, b)))
          kb.storeVector(pairs, packed, {batch, head, kb.add(chunk, n), row, kb.index(0)});
      });
      packOneByOne(from);
      return Values();
    };
    kb.choose(kb.less(next, limit), [&] { return packAll(whole); }, [&] { return packAll(0); });
  });
}

/// A heap buffer, aligned to a cache line.
static Value allocate(KernelBuilder &kb, FloatType element, ArrayRef<int64_t> shape,
                      ValueRange sizes) {
  return memref::AllocOp::create(kb, kb.getLoc(), MemRefType::get(shape, element), sizes,
                                 ValueRange(), kb.getI64IntegerAttr(64));
}

PackedKeys qsat::buildPacking(KernelBuilder &kb, const FlashOp &op, const FlashShape &shape,
                              LoweringContext &context) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t groupsPerTile = shape.keys / shape.tile.columns;
  Value batches = kb.dim(op.k, 0), heads = kb.dim(op.k, 1), extent = kb.dim(op.k, 2);
  Value tiles = kb.mul(kb.ceilDiv(extent, op.blockKeys), shape.tilesPerBlock);
  PackedKeys packed;
  int64_t pair = shape.pair, columns = pair > 1 ? shape.lanes : shape.tile.columns;
  int64_t keyShape[] = {dynamic, dynamic, dynamic, shape.operandWidth / pair, pair * columns};
  packed.keys = allocate(kb, shape.operand, keyShape,
                         {batches, heads, kb.mul(tiles, shape.keys / columns)});
  packed.buffers.push_back(packed.keys);
  packed.values = op.v;
  SmallVector<Value> operands{op.k, packed.keys};
  if (shape.packsValues) {
    int64_t chunks = llvm::alignTo(shape.valueWidth, shape.tile.columns) / columns;
    if (pair > 1)
      packed.values = allocate(kb, shape.operand, {dynamic, dynamic, chunks, dynamic, 2 * columns},
                               {batches, heads, kb.mul(tiles, shape.keys / 2)});
    else
      packed.values = allocate(kb, op.acc, {dynamic, dynamic, dynamic, shape.paddedWidth},
                               {batches, heads, extent});
    packed.buffers.push_back(packed.values);
    operands.append({op.v, packed.values});
  }

  // pack(b, kv head, tile, k, packed keys [, v, packed values])
  func::FuncOp kernel = context.kernels.get(op.op, "qsat_pack", [&] {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return kb.function(context.module, "qsat_pack", types, [&](ValueRange args) {
      Value extent = kb.dim(args[3], 2), tile = args[2];
      Value block = kb.div(tile, shape.tilesPerBlock);
      Value offset = kb.mul(kb.rem(tile, shape.tilesPerBlock), shape.keys);
      Value begin = kb.mul(block, op.blockKeys);
      Value limit = kb.min(kb.add(begin, op.blockKeys), extent);
      TilePacker packer{kb,    op,
                        shape, args[0],
                        args[1], kb.add(begin, offset),
                        limit, kb.mul(tile, groupsPerTile)};
      if (shape.pair > 1) {
        packer.packKeyPairs(args[3], args[4]);
        if (shape.packsValues)
          packer.packValuePairs(args[5], args[6]);
        return;
      }
      packer.packKeys(args[3], args[4]);
      if (shape.packsValues)
        packer.packValues(args[5], args[6]);
    });
  });
  kb.parallel(kb.mul(kb.mul(batches, heads), tiles), [&](Value t) {
    Value head = kb.div(t, tiles);
    SmallVector<Value> arguments{kb.div(head, heads), kb.rem(head, heads), kb.rem(t, tiles)};
    llvm::append_range(arguments, operands);
    func::CallOp::create(kb, kb.getLoc(), kernel, arguments);
  });
  return packed;
}
