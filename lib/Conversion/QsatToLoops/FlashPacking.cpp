//===- FlashPacking.cpp - K and V as the attention kernel reads them ------===//

#include "FlashKernel.h"
#include "Lowering.h"
#include "Transpose.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

namespace {
/// Packs the tile of keys [first, min(first + keys, limit)) of one kv head, to the groups
/// from `group` and the rows of V from `row` on.
struct TilePacker {
  KernelBuilder &kb;
  const FlashOp &op;
  const FlashShape &shape;
  Value first, limit, group, row;

  void packKeys(const HeadSlice &k, const HeadSlice &packed);
  void packValues(const HeadSlice &v, const HeadSlice &packed);
  void packKeyPairs(const HeadSlice &k, const HeadSlice &packed);
  void packValuePairs(const HeadSlice &v, const HeadSlice &packed);

private:
  Value load(const HeadSlice &source, Value key, Value d) {
    return kb.loadAs(shape.operand, source.memref, source.at({key, d}));
  }
  Value load(const HeadSlice &source, Value key, Value d, int64_t lanes) {
    return kb.loadVectorAs(shape.operand, source.memref, source.at({key, d}), lanes);
  }
  void store(Value x, const HeadSlice &packed, ValueRange at) {
    kb.store(x, packed.memref, packed.at(at));
  }
  void storeVector(Value x, const HeadSlice &packed, ValueRange at) {
    kb.storeVector(x, packed.memref, packed.at(at));
  }
  /// Element (key, d) of `source`; 0 past the limit or the width.
  Value loadOrZero(const HeadSlice &source, Value key, Value d, int64_t width);
};
} // namespace

/// packed [B,Hkv,groups,D,columns]: keys past the limit are 0.
void TilePacker::packKeys(const HeadSlice &k, const HeadSlice &packed) {
  int64_t lanes = shape.lanes, columns = shape.tile.columns;
  int64_t whole = KernelBuilder::isRowContiguous(k.memref) ? shape.width - shape.width % lanes : 0;
  Value zero = kb.constant(op.acc, 0.0);
  kb.loop(0, shape.keys, lanes, [&](Value j) {
    Value key = kb.add(first, j);
    Value place = kb.add(group, kb.div(j, columns)), lane = kb.rem(j, columns);
    auto packOne = [&](Value w, Value d) {
      Value source = kb.add(key, w);
      Value x = kb.choose(
          kb.less(source, limit),
          [&]() -> Values { return {load(k, source, d)}; },
          [&]() -> Values { return {zero}; })[0];
      store(x, packed, {place, d, kb.add(lane, w)});
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
              rows.push_back(load(k, kb.add(key, w), d, lanes));
            for (auto [n, row] : llvm::enumerate(transpose(kb, rows)))
              storeVector(row, packed, {place, kb.add(d, n), lane});
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
void TilePacker::packValues(const HeadSlice &v, const HeadSlice &packed) {
  int64_t lanes = shape.lanes;
  int64_t whole =
      KernelBuilder::isRowContiguous(v.memref) ? shape.valueWidth - shape.valueWidth % lanes : 0;
  Value zero = kb.constant(op.acc, 0.0);
  Value count = kb.min(kb.sub(limit, first), kb.index(shape.keys));
  kb.loop(kb.index(0), count, 1, [&](Value j) {
    Value key = kb.add(first, j), to = kb.add(row, j);
    kb.loop(0, whole, lanes, [&](Value d) { storeVector(load(v, key, d, lanes), packed, {to, d}); });
    kb.loop(whole, shape.valueWidth, 1, [&](Value d) { store(load(v, key, d), packed, {to, d}); });
    kb.loop(shape.valueWidth, shape.paddedWidth, 1, [&](Value d) { store(zero, packed, {to, d}); });
  });
}

Value TilePacker::loadOrZero(const HeadSlice &source, Value key, Value d, int64_t width) {
  Value isInside = kb.both(kb.less(key, limit), kb.less(d, kb.index(width)));
  return kb.choose(
      isInside, [&]() -> Values { return {load(source, key, d)}; },
      [&]() -> Values { return {kb.constant(shape.operand, 0.0)}; })[0];
}

/// packed [B,Hkv,2 groups,D/2,2 lanes]: a transpose of pairs, taken as integers.
/// Keys past the limit are 0.
void TilePacker::packKeyPairs(const HeadSlice &k, const HeadSlice &packed) {
  int64_t lanes = shape.lanes, padded = shape.operandWidth;
  int64_t whole =
      KernelBuilder::isRowContiguous(k.memref) ? shape.width - shape.width % (2 * lanes) : 0;
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
          store(x, packed, {place, kb.div(d, 2), at});
        });
      });
    };
    auto packAll = [&](int64_t from) {
      kb.loop(0, from, 2 * lanes, [&](Value d) {
        Values rows;
        for (int64_t w = 0; w < lanes; ++w) {
          Value row = load(k, kb.add(key, w), d, 2 * lanes);
          rows.push_back(vector::BitCastOp::create(kb, kb.getLoc(), words, row));
        }
        for (auto [n, row] : llvm::enumerate(transpose(kb, rows)))
          storeVector(vector::BitCastOp::create(kb, kb.getLoc(), pairs, row), packed,
                      {place, kb.add(kb.div(d, 2), n), kb.index(0)});
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
void TilePacker::packValuePairs(const HeadSlice &v, const HeadSlice &packed) {
  // Two registers of columns at a time.
  int64_t lanes = shape.lanes, columns = 2 * lanes;
  int64_t padded = llvm::alignTo(shape.valueWidth, columns);
  int64_t whole =
      KernelBuilder::isRowContiguous(v.memref) ? shape.valueWidth - shape.valueWidth % columns : 0;
  kb.loop(0, shape.keys / 2, 1, [&](Value pair) {
    Value to = kb.add(row, pair), key = kb.add(first, kb.mul(pair, 2)), next = kb.add(key, 1);
    auto packOneByOne = [&](int64_t from) {
      kb.loop(from, padded, 1, [&](Value d) {
        for (int64_t odd : {0, 1}) {
          Value x = loadOrZero(v, kb.add(key, odd), d, shape.valueWidth);
          Value at = kb.add(kb.mul(kb.rem(d, lanes), 2), odd);
          store(x, packed, {kb.div(d, lanes), to, at});
        }
      });
    };
    auto packAll = [&](int64_t from) {
      kb.loop(0, from, columns, [&](Value d) {
        Value chunk = kb.div(d, lanes);
        Value a = load(v, key, d, columns), b = load(v, next, d, columns);
        for (auto [n, pairs] : llvm::enumerate(kb.interleave(a, b)))
          storeVector(pairs, packed, {kb.add(chunk, n), to, kb.index(0)});
      });
      packOneByOne(from);
      return Values();
    };
    kb.choose(kb.less(next, limit), [&] { return packAll(whole); }, [&] { return packAll(0); });
  });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The types of packed keys and of packed values, dynamic in what depends on their number.
static MemRefType getKeysType(const FlashShape &shape) {
  constexpr int64_t any = ShapedType::kDynamic;
  int64_t columns = shape.pair > 1 ? shape.lanes : shape.tile.columns;
  return MemRefType::get({any, any, any, shape.operandWidth / shape.pair, shape.pair * columns},
                         shape.operand);
}
static MemRefType getValuesType(const FlashShape &shape) {
  constexpr int64_t any = ShapedType::kDynamic;
  if (shape.pair == 1)
    return MemRefType::get({any, any, any, shape.paddedWidth}, shape.operand);
  int64_t chunks = llvm::alignTo(shape.valueWidth, shape.tile.columns) / shape.lanes;
  return MemRefType::get({any, any, chunks, any, 2 * shape.lanes}, shape.operand);
}

/// Groups of packed keys of a tile, as `getKeysType` counts them.
static int64_t getGroups(const FlashShape &shape) {
  return shape.keys / (shape.pair > 1 ? shape.lanes : shape.tile.columns);
}

void FlashShape::limitPacking(const FlashOp &op, int64_t bytes) {
  int64_t row = operandWidth;
  if (packsValues)
    row += pair > 1 ? llvm::alignTo(valueWidth, tile.columns) : paddedWidth;
  int64_t block = tilesPerBlock * keys * row * operand.getIntOrFloatBitWidth() / 8;
  blocksAhead = bytes / block;
  int64_t extent = cast<MemRefType>(op.k.getType()).getDimSize(2);
  packsOnUse = ShapedType::isDynamic(extent) || llvm::divideCeil(extent, op.blockKeys) > blocksAhead;
}

PackedKeys qsat::buildPacking(KernelBuilder &kb, const FlashOp &op, const FlashShape &shape,
                              LoweringContext &context) {
  Value batches = kb.dim(op.k, 0), heads = kb.dim(op.k, 1), extent = kb.dim(op.k, 2);
  Value blocks = kb.ceilDiv(extent, op.blockKeys);
  if (shape.packsOnUse) {
    blocks = kb.min(blocks, kb.index(shape.blocksAhead));
    extent = kb.min(extent, kb.index(shape.blocksAhead * op.blockKeys));
  }
  Value tiles = kb.mul(blocks, shape.tilesPerBlock);
  PackedKeys packed;
  auto allocate = [&](MemRefType type, Value count) -> Value {
    packed.buffers.push_back(memref::AllocOp::create(kb, kb.getLoc(), type,
                                                     ValueRange{batches, heads, count}, ValueRange(),
                                                     kb.getI64IntegerAttr(64)));
    return packed.buffers.back();
  };
  packed.keys = allocate(getKeysType(shape), kb.mul(tiles, getGroups(shape)));
  packed.values = op.v;
  SmallVector<Value> operands{op.k, packed.keys};
  if (shape.packsValues) {
    Value rows = shape.pair > 1 ? kb.mul(tiles, shape.keys / 2) : extent;
    packed.values = allocate(getValuesType(shape), rows);
    operands.append({op.v, packed.values});
  }

  packed.kernel = context.kernels.get(op.op, "qsat_pack", [&] {
    SmallVector<Type> types(6, kb.getIndexType());
    llvm::append_range(types, ValueRange(operands).getTypes());
    return kb.function(context.module, "qsat_pack", types, [&](ValueRange args) {
      auto firstKey = [&](Value tile) {
        Value offset = kb.mul(kb.rem(tile, shape.tilesPerBlock), shape.keys);
        return kb.add(kb.mul(kb.div(tile, shape.tilesPerBlock), op.blockKeys), offset);
      };
      ValueRange from = args.take_front(3), to = args.slice(3, 3);
      auto source = [&](Value x) { return HeadSlice{x, from[0], from[1]}; };
      auto place = [&](Value x) { return HeadSlice{x, to[0], to[1]}; };
      Value end = kb.mul(kb.add(kb.div(from[2], shape.tilesPerBlock), 1), op.blockKeys);
      TilePacker packer{kb, op, shape, firstKey(from[2]), kb.min(end, kb.dim(args[6], 2)),
                        kb.mul(to[2], shape.keys / shape.tile.columns),
                        shape.pair > 1 ? kb.mul(to[2], shape.keys / 2) : firstKey(to[2])};
      if (shape.pair > 1) {
        packer.packKeyPairs(source(args[6]), place(args[7]));
        if (shape.packsValues)
          packer.packValuePairs(source(args[8]), place(args[9]));
        return;
      }
      packer.packKeys(source(args[6]), place(args[7]));
      if (shape.packsValues)
        packer.packValues(source(args[8]), place(args[9]));
    });
  });
  kb.parallel(kb.mul(kb.mul(batches, heads), tiles), [&](Value t) {
    Value task = kb.div(t, tiles), batch = kb.div(task, heads), head = kb.rem(task, heads);
    Value tile = kb.rem(t, tiles);
    SmallVector<Value> arguments{batch, head, tile, batch, head, tile};
    llvm::append_range(arguments, operands);
    func::CallOp::create(kb, kb.getLoc(), packed.kernel, arguments);
  });
  return packed;
}

//===----------------------------------------------------------------------===//
// Tiles that are packed where they are used
//===----------------------------------------------------------------------===//

/// Scratch for one tile.
void FlashKernel::beginPackingOnUse() {
  auto scratch = [&](MemRefType type, ArrayRef<int64_t> extents) -> Value {
    Value memory = kb.scratch(extents, type.getElementType());
    return memref::CastOp::create(kb, kb.getLoc(), type, memory);
  };
  MemRefType keys = getKeysType(shape), values = getValuesType(shape);
  onUse.keys = scratch(keys, {1, 1, getGroups(shape), keys.getDimSize(3), keys.getDimSize(4)});
  if (!shape.packsValues)
    return;
  if (shape.pair == 1)
    onUse.values = scratch(values, {1, 1, shape.keys, values.getDimSize(3)});
  else
    onUse.values = scratch(values, {1, 1, values.getDimSize(2), shape.keys / 2, values.getDimSize(4)});
}

/// i1: the packed group `group` was packed ahead.
Value FlashKernel::isPackedAhead(Value group) {
  int64_t groups = shape.keys / shape.tile.columns;
  Value ahead = kb.mul(kb.div(kb.dim(packed.keys, 2), getGroups(shape)), groups);
  return kb.less(group, ahead);
}

/// Says where the tile is packed whose groups start at `group`, and packs it if it is not.
void FlashKernel::locate(KeyTile &tile, Value group) {
  bool isPaired = shape.pair > 1 && shape.packsValues;
  tile.keys = ofHead(packed.keys);
  tile.values = ofHead(packed.values);
  tile.group = group;
  tile.row = isPaired ? kb.mul(group, shape.tile.columns / shape.pair) : tile.first;
  if (!shape.packsOnUse)
    return;
  Value zero = kb.index(0);
  Values places = kb.choose(
      isPackedAhead(group),
      [&]() -> Values { return {packed.keys, packed.values, batch, kvHead, group, tile.row}; },
      [&]() -> Values {
        Value number = kb.div(group, shape.keys / shape.tile.columns);
        SmallVector<Value> arguments{batch, kvHead, number, zero, zero, zero, operands[1], onUse.keys};
        if (!shape.packsValues) {
          func::CallOp::create(kb, kb.getLoc(), packed.kernel, arguments);
          return {onUse.keys, packed.values, zero, zero, zero, tile.row};
        }
        arguments.append({operands[2], onUse.values});
        func::CallOp::create(kb, kb.getLoc(), packed.kernel, arguments);
        return {onUse.keys, onUse.values, zero, zero, zero, zero};
      });
  tile.keys = {places[0], places[2], places[3]};
  tile.group = places[4];
  tile.row = places[5];
  if (shape.packsValues)
    tile.values = {places[1], places[2], places[3]};
}
