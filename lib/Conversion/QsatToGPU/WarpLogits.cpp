//===- WarpLogits.cpp - Rows against means of blocks, by warps ------------===//

#include "WarpLogits.h"

#include "../Constants.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

WarpLogits::WarpLogits(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled,
                       const WarpLogitsArguments &args)
    : WarpScores(b, op, sampled, args), groups(groupsOf(op, sampled)), tiles(groups > 1 ? 2 : 4) {}

int64_t WarpLogits::groupsOf(const FlashOp &op, const SampledRows &sampled) {
  int64_t width = cast<MemRefType>(op.q.getType()).getDimSize(3);
  return sampled.blockRows % (2 * kRows) || width > 128 ? 1 : 2;
}

void WarpLogits::build() {
  findRows();
  b.when(b.less(firstRow, args.rows), [&] {
    // Blocks of which a row sees all begin below what the last row sees.
    Value seen = b.min(b.ceilDiv(b.max(tile.highKey(lastRow), b.i32(0)), op.blockKeys), end);
    b.loop(b.i32(0), b.ceilDiv(seen, 8 * tiles), {}, [&](Value t, ValueRange) -> Values {
      Value firstBlock = b.mul(t, 8 * tiles);
      b.when(anySees(firstKeyOf(firstBlock), firstKeyOf(b.add(firstBlock, 8 * tiles))),
             [&] { scoreMeans(firstBlock); });
      return {};
    });
    exactMasses();
  });
}

/// The last rows first: they see most keys under a causal mask.
void WarpLogits::findRows() {
  Value warp = findWarp(), kvHead = b.div(head, args.kvShare);
  int64_t rowsOfWarp = groups * kRows, perBlock = sampled.blockRows / rowsOfWarp;
  Value number = b.add(b.mul(b.sub(b.sub(b.gridSize(), 1), b.blockId()), kWarps), warp);
  block = b.div(number, perBlock);
  Value firstOfBlock = b.mul(block, sampled.blockRows), lastOfAll = b.sub(args.rows, 1);
  firstRow = b.add(firstOfBlock, b.mul(b.rem(number, perBlock), rowsOfWarp));
  lastRow = b.min(b.add(firstRow, rowsOfWarp - 1), lastOfAll);
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < 2; ++r)
      row[g][r] = b.add(firstRow, b.add(b.shiftRight(lane, 2), kRows * g + 8 * r));
  Value lastOfBlock = b.min(b.add(firstOfBlock, sampled.blockRows - 1), lastOfAll);
  end = b.ceilDiv(b.max(tile.highKey(lastOfBlock), b.i32(0)), op.blockKeys);

  auto address = [&](Value pointer, Value elements, int64_t bytes) {
    Value base = b.create<LLVM::PtrToIntOp>(b.getI64Type(), pointer);
    return b.add(base, b.mul(elements, b.i64(bytes)));
  };
  Value kvHeads = b.div(args.heads, args.kvShare);
  queries = rows.address(args.q, batch, head);
  keys = rows.address(args.k, batch, kvHead);
  Value ofMeans = b.mul(b.extend(b.add(b.mul(batch, kvHeads), kvHead)), b.mul(b.extend(args.keyBlocks), b.i64(rows.width)));
  means = address(args.means, ofMeans, 4);
  if (args.variances)
    variances = address(args.variances, ofMeans, 4);
  Value list = b.add(b.mul(b.extend(b.add(b.mul(batch, args.heads), head)), b.extend(args.queryBlocks)), b.extend(block));
  Value inBlock = b.extend(b.sub(row[0][0], firstOfBlock));
  Value perList = b.mul(b.extend(args.keyBlocks), b.i64(sampled.blockRows));
  target = address(args.masses, b.add(b.mul(list, perList), inBlock), 4);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Values WarpLogits::loadRows(int64_t group, int64_t chunk) {
  Values all;
  for (int64_t r = 0; r < 2; ++r) // past the last: nothing is stored
    llvm::append_range(all, rows.load(queries, args.q, b.min(row[group][r], lastRow), chunk));
  return all;
}

void WarpLogits::store(Value mass, Value block, int64_t group, int64_t r) {
  Value place = b.add(b.mul(b.extend(block), b.i64(sampled.blockRows)), b.i64(kRows * group + 8 * r));
  Value to = b.create<LLVM::IntToPtrOp>(b.pointer(/*global*/ 1), b.add(target, b.mul(place, b.i64(4))));
  b.create<LLVM::StoreOp>(mass, to, /*alignment=*/4);
}

//===----------------------------------------------------------------------===//
// The mask
//===----------------------------------------------------------------------===//

Value WarpLogits::seesAll(Value row, Value first, Value end) {
  Value all = b.cmp(arith::CmpIPredicate::sle, end, tile.highKey(row));
  if (!hasLowBound(op))
    return all;
  // Keys before the sinks are seen outside the window too: it need only hold the others.
  Value isNear = b.cmp(arith::CmpIPredicate::sge, b.max(first, args.mask.sinks), lowKey(row));
  return b.both(all, b.either(isNear, b.cmp(arith::CmpIPredicate::sle, end, args.mask.sinks)));
}

//===----------------------------------------------------------------------===//
// Means
//===----------------------------------------------------------------------===//

/// Element `number` of a pair, as f32.
Value WarpLogits::toFloat(Value pair, int64_t number) {
  if (rows.element.isBF16()) // the upper half of an f32
    return b.create<LLVM::BitcastOp>(b.getF32Type(), number ? b.bitAnd(pair, -65536) : b.shiftLeft(pair, 16));
  Value both = b.create<LLVM::BitcastOp>(VectorType::get(2, rows.element), pair);
  return b.create<LLVM::FPExtOp>(b.getF32Type(), b.create<LLVM::ExtractElementOp>(both, b.i32(number)));
}

namespace {
/// x = high + low, as the words that a product in tf32 reads: it ignores the last
/// 13 bits.
struct Split {
  Value high, low;

  static Split of(NvidiaBuilder &b, Value x) {
    Value bits = b.bitAnd(b.create<LLVM::BitcastOp>(b.getI32Type(), x), -8192);
    Value rest = b.create<LLVM::FSubOp>(x, b.create<LLVM::BitcastOp>(b.getF32Type(), bits));
    return {bits, b.create<LLVM::BitcastOp>(b.getI32Type(), rest)};
  }
};
} // namespace

/// sum [16,8] += a [16,8] . b [8,8] in tf32.
static void multiplyAddTF32(NvidiaBuilder &b, MutableArrayRef<Value> sum, ValueRange left, ValueRange right) {
  Type result = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(4, b.getF32Type()));
  auto tf32 = NVVM::MMATypes::tf32;
  Value product = b.create<NVVM::MmaOp>(result, left, right, ValueRange(sum), ArrayRef<int64_t>{16, 8, 8}, std::nullopt,
                                        std::nullopt, std::array<NVVM::MMATypes, 2>{tf32, tf32},
                                        std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  for (int64_t i = 0; i < 4; ++i)
    sum[i] = b.create<LLVM::ExtractValueOp>(product, i);
}

/// 8 tiles key blocks from `firstBlock`. A step has two columns of each thread: the
/// first stands for column lane % 4 of the instruction, the second for that + 4.
void WarpLogits::scoreMeans(Value firstBlock) {
  // Of a group: sums, and its rows as left operands, (row, column) of step p at
  // 4 p + 2 column + row.
  struct Group {
    Values sums, squares;
    Values left, high, low;
  };
  SmallVector<Group, 0> all(groups, {Values(4 * tiles, b.f32(0.0)), Values(4 * tiles, b.f32(0.0)), {}, {}, {}});
  Value lastBlock = b.sub(args.keyBlocks, 1);
  for (int64_t chunk = 0; chunk < rows.chunks(); ++chunk) {
    for (auto [number, group] : llvm::enumerate(all)) {
      Values pairs = loadRows(number, chunk);
      for (Values *operand : {&group.left, &group.high, &group.low})
        operand->clear();
      for (int64_t p = 0; p < kLoaded / 2; ++p)
        for (int64_t e = 0; e < 2; ++e)
          for (int64_t r = 0; r < 2; ++r) {
            Value x = toFloat(pairs[4 * r + p], e);
            group.left.push_back(b.create<LLVM::BitcastOp>(b.getI32Type(), x));
            Split square = Split::of(b, b.mulf(x, x));
            group.high.push_back(square.high);
            group.low.push_back(square.low);
          }
    }
    for (int64_t n = 0; n < tiles; ++n) {
      // Past the last block the last one is looked at again, and not stored.
      Value block = b.min(b.add(b.add(firstBlock, 8 * n), b.shiftRight(lane, 2)), lastBlock);
      Value place = b.add(b.mul(b.extend(block), b.i64(rows.width)), rows.column(chunk));
      auto load = [&](Value base) {
        SmallVector<Split> parts;
        for (Value word : rows.loadWords(b.add(base, b.mul(place, b.i64(4))), kLoaded))
          parts.push_back(Split::of(b, b.create<LLVM::BitcastOp>(b.getF32Type(), word)));
        return parts;
      };
      auto add = [&](Values &to, ValueRange from, int64_t p, Value first, Value second) {
        multiplyAddTF32(b, MutableArrayRef(to).slice(4 * n, 4), from.slice(4 * p, 4), {first, second});
      };
      SmallVector<Split> mean = load(means), variance;
      if (variances)
        variance = load(variances);
      for (int64_t p = 0; p < kLoaded / 2; ++p) {
        for (Group &group : all) {
          add(group.sums, group.left, p, mean[2 * p].low, mean[2 * p + 1].low);
          add(group.sums, group.left, p, mean[2 * p].high, mean[2 * p + 1].high);
          if (!variances)
            continue;
          add(group.squares, group.low, p, variance[2 * p].high, variance[2 * p + 1].high);
          add(group.squares, group.high, p, variance[2 * p].low, variance[2 * p + 1].low);
          add(group.squares, group.high, p, variance[2 * p].high, variance[2 * p + 1].high);
        }
      }
    }
  }
  for (auto [number, group] : llvm::enumerate(all))
    storeMeans(firstBlock, number, group.sums, group.squares);
}

/// s of what the thread's rows see all of.
void WarpLogits::storeMeans(Value firstBlock, int64_t group, ValueRange sums, ValueRange squares) {
  Value lastBlock = b.sub(args.keyBlocks, 1), keysOfLast = b.sub(args.keys, firstKeyOf(lastBlock));
  Value logOfLast = b.log2(b.create<LLVM::SIToFPOp>(b.getF32Type(), keysOfLast));
  Value logOfBlock = b.f32(std::log2(static_cast<double>(op.blockKeys)));
  for (int64_t n = 0; n < tiles; ++n) {
    for (int64_t e = 0; e < 2; ++e) {
      Value block = b.add(b.add(firstBlock, 8 * n + e), b.shiftLeft(b.bitAnd(lane, 3), 1));
      Value log = b.select(b.equal(block, lastBlock), logOfLast, logOfBlock);
      for (int64_t r = 0; r < 2; ++r) {
        int64_t at = 4 * n + 2 * r + e;
        Value mass = b.fma(sums[at], b.f32(op.scale * kLog2E), log);
        if (variances)
          mass = b.fma(squares[at], b.f32(op.scale * op.scale / 2 * kLog2E), mass);
        Value mine = row[group][r], isMine = b.both(b.less(block, end), b.less(mine, args.rows));
        isMine = b.both(isMine, seesAll(mine, firstKeyOf(block), endOf(block)));
        b.when(isMine, [&] { store(mass, block, group, r); });
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Single keys
//===----------------------------------------------------------------------===//

/// s of the blocks of which rows do not see all.
void WarpLogits::exactMasses() {
  // Without a window all rows see all of what lies before.
  Value begin = hasLowBound(op) ? b.i32(0) : b.div(b.max(tile.highKey(firstRow), b.i32(0)), op.blockKeys);
  b.loop(begin, end, {}, [&](Value block, ValueRange) -> Values {
    Value first = firstKeyOf(block), last = endOf(block);
    // Of the first row the end is nearest, of the last row the window.
    Value isSeen = b.both(seesAll(firstRow, first, last), seesAll(lastRow, first, last));
    b.when(b.equal(b.create<arith::ExtUIOp>(b.getI32Type(), isSeen), 0), [&] {
      Value none = b.f32(-kInfinity), isAny = anySees(first, last);
      for (int64_t g = 0; g < groups; ++g) {
        Values masses = b.choose(isAny, [&] { return massesOf(g, first, last); }, {none, none});
        for (int64_t r = 0; r < 2; ++r) {
          Value mine = row[g][r];
          Value isPartial = b.equal(b.create<arith::ExtUIOp>(b.getI32Type(), seesAll(mine, first, last)), 0);
          Value isMine = b.both(isPartial, b.both(b.less(mine, args.rows), b.equal(b.bitAnd(lane, 3), 0)));
          b.when(isMine, [&] { store(masses[r], block, g, r); });
        }
      }
    });
    return {};
  });
}

/// log2 sum 2^s of the thread's rows over the keys that they see.
Values WarpLogits::massesOf(int64_t group, Value first, Value end) {
  Value none = b.f32(-kInfinity), zero = b.f32(0.0);
  Value pieces = b.ceilDiv(b.sub(end, first), kPiece);
  Values state = b.loop(b.i32(0), pieces, {none, none, zero, zero}, [&](Value piece, ValueRange given) -> Values {
    Value firstKey = b.add(first, b.mul(piece, kPiece)), factors[2];
    Value column = b.shiftLeft(b.bitAnd(lane, 3), 1);
    ScoreTile::Place place{{firstKey}, kPiece, firstRow, lastRow, {row[group][0], row[group][1]}, column,
                           batch, {head, head}};
    SoftmaxState sum{{given[0], given[1]}, {given[2], given[3]}};
    Values scores = tile.modify(scoreKeys(group, firstKey), place);
    tile.softmax(scores, sum, /*isFirst=*/false, factors);
    return {sum.m[0], sum.m[1], sum.l[0], sum.l[1]};
  });
  Values masses;
  for (int64_t r = 0; r < 2; ++r)
    masses.push_back(b.fma(state[r], b.f32(tile.exponentScale()), b.log2(tile.sumOfRow(state[2 + r]))));
  return masses;
}

/// S [16,kPiece]. A chunk is two steps, of columns as they come.
Values WarpLogits::scoreKeys(int64_t group, Value firstKey) {
  Values scores(kPiece / 2, b.f32(0.0));
  Value lastKey = b.sub(args.keys, 1);
  for (int64_t chunk = 0; chunk < rows.chunks(); ++chunk) {
    Values pairs = loadRows(group, chunk);
    for (int64_t n = 0; n < kPiece / 8; ++n) {
      Value key = b.min(b.add(b.add(firstKey, 8 * n), b.shiftRight(lane, 2)), lastKey);
      rows.multiplyAdd(MutableArrayRef(scores).slice(4 * n, 4), pairs, rows.load(keys, args.k, key, chunk));
    }
  }
  return scores;
}
