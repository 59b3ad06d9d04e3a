//===- WarpAttention.cpp - Attention of one warp, by mma.sync -------------===//

#include "../Constants.h"
#include "WarpAttention.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Bytes of an element of q, k and v, and of one copy.
static constexpr int64_t kElement = 2, kCopy = 16;

//===----------------------------------------------------------------------===//
// What it can do, and what it is called with
//===----------------------------------------------------------------------===//

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }
static int64_t widthOf(Value value) { return typeOf(value).getDimSize(3); }
static FloatType elementOf(Value value) { return cast<FloatType>(typeOf(value).getElementType()); }

std::string qsat::whyNoMatrixKernel(const FlashOp &op, ValueRange captures) {
  std::string reason;
  llvm::raw_string_ostream os(reason);
  auto isRow = [](Value value) { return typeOf(value).getStridesAndOffset().first.back() == 1; };
  auto isContiguous = [](Value value) { return typeOf(value).getLayout().isIdentity(); };
  Type element = elementOf(op.q);
  if (!element.isBF16() && !element.isF16())
    os << "expected q, k and v of bf16 or f16, but got " << element;
  else if (op.background != Background::None)
    os << "expected no background";
  for (auto [name, value] : {std::pair("q", op.q), {"k", op.k}, {"v", op.v}, {"o", op.o}})
    if (reason.empty() && !isRow(value))
      os << "expected rows of " << name << " with unit stride, but got " << value.getType();
  for (Value init : op.op->getOperands().take_back(op.numInits - 1))
    if (reason.empty() && !isContiguous(init))
      os << "expected contiguous lse and kept, but got " << init.getType();
  for (Value list : op.op->getOperands().slice(3, op.isSparse ? 2 : 0))
    if (reason.empty() && !isContiguous(list))
      os << "expected contiguous indices and counts, but got " << list.getType();
  for (Value capture : captures)
    if (reason.empty() && !capture.getType().isIntOrIndexOrFloat())
      os << "expected a score region that takes scalars from around it, but got " << capture.getType();
  return reason;
}

std::string qsat::whyNoWarpKernel(const FlashOp &op, ValueRange captures) {
  std::string reason = whyNoMatrixKernel(op, captures);
  if (!reason.empty())
    return reason;
  llvm::raw_string_ostream os(reason);
  auto isWidth = [](int64_t width) { return width % 16 == 0 && width > 0 && width <= 256; };
  if (elementOf(op.o) != elementOf(op.q) && !elementOf(op.o).isF32())
    os << "expected o of " << elementOf(op.q) << " or f32, but got " << elementOf(op.o);
  else if (!isWidth(widthOf(op.q)) || !isWidth(widthOf(op.v)))
    os << "expected head widths that are multiples of 16 up to 256, but got " << widthOf(op.q) << " and "
       << widthOf(op.v);
  else if (op.isSparse && (op.blockRows % WarpAttention::kRows || op.blockKeys % WarpAttention::kStep))
    os << "expected block_m and block_n that are multiples of 16, but got " << op.blockRows << " and "
       << op.blockKeys;
  return reason;
}

WarpArguments WarpArguments::get(HostBuilder &b, const FlashOp &op, ValueRange captures) {
  WarpArguments args;
  // Copies are of 16 bytes: the runtime tells of arrays that are not made for it.
  auto pass = [&](const HostBuilder::Array &array, Value value) {
    int64_t bytes = cast<MemRefType>(value.getType()).getElementTypeBitWidth() / 8;
    SmallVector<Value> arguments{array.data, b.i64(bytes)};
    llvm::append_range(arguments, ArrayRef(array.extents).drop_back());
    llvm::append_range(arguments, ArrayRef(array.strides).drop_back());
    return RowArray{b.call("qsat_gpu_rows", b.pointer(), arguments), array.strides[0], array.strides[1],
                    array.strides[2]};
  };
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k);
  args.q = pass(q, op.q);
  args.k = pass(k, op.k);
  args.v = pass(b.describe(op.v), op.v);
  args.o = pass(b.describe(op.o), op.o);
  unsigned init = op.op->getNumOperands() - op.numInits;
  if (op.numInits > 1)
    args.lse = b.describe(op.op->getOperand(init + 1)).data;
  if (op.numInits > 2)
    args.kept = b.describe(op.op->getOperand(init + 2)).data;
  Value heads = q.extents[1];
  args.heads = b.toI32(heads);
  args.rows = b.toI32(q.extents[2]);
  args.kvShare = b.toI32(b.div(heads, k.extents[1]));
  args.keys = b.toI32(k.extents[2]);
  args.lists = ListArguments::get(b, op, heads);
  args.mask = MaskArguments::get(b, op);
  if (op.region)
    args.region = RegionArguments::get(b, op, captures);
  return args;
}

SmallVector<Value *> WarpArguments::fields() {
  SmallVector<Value *> all;
  for (RowArray *array : {&q, &k, &v, &o})
    for (Value *field : {&array->data, &array->batch, &array->head, &array->row})
      all.push_back(field);
  for (Value *field : {&lse, &kept, &scratch, &heads, &kvShare, &rows, &keys, &splits, &rowHeads, &lists.indices,
                       &lists.counts, &lists.share, &lists.blocks, &lists.max, &mask.highShift, &mask.lowShift,
                       &mask.sinks})
    all.push_back(field);
  llvm::append_range(all, region.fields());
  llvm::erase_if(all, [](Value *value) { return !*value; });
  return all;
}

WarpAttention::WarpAttention(NvidiaBuilder &b, const FlashOp &op, const WarpArguments &args, ValueRange captures,
                             Value shared, int64_t parts, int64_t partKeys)
    : b(b), op(op), args(args), scoreTile(b, op, args.mask, args.region, captures, args.rows, args.keys),
      keyWalk(b, op, scoreTile, args.mask, args.lists, args.keys, parts, partKeys), element(elementOf(op.q)),
      output(elementOf(op.o)), width(widthOf(op.q)), valueWidth(widthOf(op.v)), parts(parts), partKeys(partKeys),
      tileKeys(parts * partKeys), shared(shared) {
  thread = b.threadId();
  lane = b.bitAnd(thread, 31);
  warp = b.uniform(b.shiftRight(thread, 5));
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

WarpAttention::State WarpAttention::empty() {
  State state;
  for (int64_t r = 0; r < 2; ++r) {
    state.m[r] = b.f32(-kInfinity);
    state.l[r] = b.f32(0.0);
  }
  state.o.assign(valueWidth / 2, b.f32(0.0));
  return state;
}

Values WarpAttention::State::flatten() const {
  Values values{m[0], m[1], l[0], l[1]};
  llvm::append_range(values, o);
  return values;
}

WarpAttention::State WarpAttention::State::unflatten(ValueRange values) {
  return {{{values[0], values[1]}, {values[2], values[3]}}, Values(values.drop_front(4))};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value WarpAttention::address(const RowArray &array, Value batch, Value head) {
  int64_t bytes = (array.data == args.o.data ? output : element).getWidth() / 8;
  Value place = b.add(b.mul(b.extend(batch), array.batch), b.mul(b.extend(head), array.head));
  Value base = b.create<LLVM::PtrToIntOp>(b.getI64Type(), array.data);
  return b.add(base, b.mul(place, b.i64(bytes)));
}

void WarpAttention::copyRows(Value target, Value source, Value rowStride, ValueRange firstKeys, int64_t width,
                             int64_t threads, Value thread) {
  int64_t perRow = width * kElement / kCopy, pieces = tileKeys * perRow;
  if (parts == 1 && threads % perRow == 0 && pieces % threads == 0) {
    // A thread has the same column of every row, rows as far apart: few additions.
    int64_t rowsApart = threads / perRow;
    Value row = b.div(thread, perRow), column = b.mul(b.rem(thread, perRow), kCopy), key = b.add(firstKeys[0], row);
    Value from = b.add(b.mul(b.mul(b.extend(key), rowStride), b.i64(kElement)), b.extend(column));
    from = b.add(source, from);
    Value to = b.add(target, b.add(b.mul(row, pitch(width)), column));
    Value apart = b.mul(rowStride, b.i64(kElement * rowsApart));
    for (int64_t rows = 0; rows < tileKeys; rows += rowsApart) {
      b.copyAsync(b.add(to, rows * pitch(width)), from, b.less(b.add(key, rows), args.keys));
      from = b.add(from, apart);
    }
    return;
  }
  for (int64_t first = 0; first < pieces; first += threads) {
    Value piece = b.add(thread, first);
    auto copy = [&] {
      Value row = b.div(piece, perRow), column = b.mul(b.rem(piece, perRow), kCopy), key = firstKeys[0];
      for (int64_t part = 1; part < parts; ++part) // as if parts were consecutive
        key = b.select(b.less(row, b.i32(part * partKeys)), key, b.sub(firstKeys[part], part * partKeys));
      key = b.add(key, row);
      Value from = b.mul(b.mul(b.extend(key), rowStride), b.i64(kElement));
      from = b.add(b.add(source, from), b.extend(column));
      b.copyAsync(b.add(target, b.add(b.mul(row, pitch(width)), column)), from, b.less(key, args.keys));
    };
    first + threads <= pieces ? copy() : b.when(b.less(piece, b.i32(pieces)), copy);
  }
}

/// Left operand of a product [16,16] of a step: registers 2 c + r are row
/// lane / 4 + 8 r, columns 8 c + 2 (lane % 4) and the next.
Values WarpAttention::loadQueries(ArrayRef<Value> rows, ArrayRef<Value> isInside) {
  Values queries(width / 4);
  Value none = b.i32(0), column = b.extend(b.shiftLeft(b.bitAnd(lane, 3), 2));
  for (int64_t r = 0; r < 2; ++r) {
    Values loaded = b.choose(
        isInside[r],
        [&] {
          Values pairs;
          for (int64_t c = 0; c < width / 8; ++c) {
            Value at = b.add(b.add(rows[r], column), b.i64(c * kCopy));
            Value pointer = b.create<LLVM::IntToPtrOp>(b.pointer(/*global*/ 1), at);
            pairs.push_back(b.loadConstant(b.getI32Type(), pointer, b.i64(0)));
          }
          return pairs;
        },
        Values(width / 8, none));
    for (int64_t c = 0; c < width / 8; ++c)
      queries[2 * c + r] = loaded[c];
  }
  return queries;
}

void WarpAttention::storePair(Value low, Value high, Value address) {
  Value pointer = b.create<LLVM::IntToPtrOp>(b.pointer(/*global*/ 1), address);
  if (!output.isF32()) {
    b.create<LLVM::StoreOp>(b.pack(low, high, output), pointer, /*alignment=*/4);
    return;
  }
  b.create<LLVM::StoreOp>(low, pointer);
  Value next = b.create<LLVM::IntToPtrOp>(b.pointer(1), b.add(address, b.i64(4)));
  b.create<LLVM::StoreOp>(high, next);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SmallVector<Values> WarpAttention::score(int64_t groups, Queries queries, Value tile) {
  // The lane's row of four matrices: keys 0-7, 8-15 by columns 0-7, 8-15.
  Value key = b.add(b.shiftLeft(b.shiftRight(lane, 4), 3), b.bitAnd(lane, 7));
  Value half = b.bitAnd(b.shiftRight(lane, 3), 1);
  Value row = b.add(tile, b.add(b.mul(key, pitch(width)), b.shiftLeft(half, 4)));
  SmallVector<Values> scores(groups, Values(tileKeys / 2, b.f32(0.0)));
  for (int64_t step = 0; step < width / kStep; ++step) {
    SmallVector<Values> left;
    for (int64_t g = 0; g < groups; ++g)
      left.push_back(queries(g, step));
    for (int64_t keys = 0; keys < tileKeys; keys += 16) {
      Values right = b.loadMatrices(b.add(row, keys * pitch(width) + step * kStep * kElement), /*transposed=*/false);
      for (auto [ofGroup, operand] : llvm::zip_equal(scores, left))
        for (int64_t n = 0; n < 2; ++n)
          accumulate(ofGroup, keys / 2 + 4 * n, operand, ValueRange(right).slice(2 * n, 2));
    }
  }
  return scores;
}

Values WarpAttention::score(ValueRange queries, Value tile) {
  auto ofStep = [&](int64_t, int64_t step) { return Values(queries.slice(4 * step, 4)); };
  return score(/*groups=*/1, ofStep, tile)[0];
}

void WarpAttention::accumulate(Values &sums, int64_t at, ValueRange left, ValueRange right) {
  llvm::copy(b.multiplyAdd(ValueRange(sums).slice(at, 4), left, right, element), sums.begin() + at);
}

void WarpAttention::update(MutableArrayRef<State> states, MutableArrayRef<Values> scores, Value tile) {
  // Accumulators have the layout of the left operand.
  SmallVector<Values> weights(states.size());
  for (auto [state, ofGroup, packed] : llvm::zip_equal(states, scores, weights)) {
    Value factors[2];
    scoreTile.softmax(ofGroup, state, /*isFirst=*/false, factors);
    for (auto [i, o] : llvm::enumerate(state.o))
      o = b.mulf(o, factors[i / 2 % 2]);
    for (size_t i = 0; i < ofGroup.size(); i += 2)
      packed.push_back(b.pack(ofGroup[i], ofGroup[i + 1], element));
  }
  // The lane's row of four matrices: keys 0-7, 8-15 by columns 0-7, 8-15.
  Value row = b.add(tile, b.add(b.mul(b.bitAnd(lane, 15), pitch(valueWidth)), b.shiftLeft(b.shiftRight(lane, 4), 4)));
  for (int64_t keys = 0; keys < tileKeys; keys += kStep) {
    for (int64_t column = 0; column < valueWidth; column += 16) {
      Values right = b.loadMatrices(b.add(row, keys * pitch(valueWidth) + column * kElement), /*transposed=*/true);
      for (auto [state, packed] : llvm::zip_equal(states, weights))
        for (int64_t n = 0; n < 2; ++n)
          accumulate(state.o, column / 2 + 4 * n, ValueRange(packed).slice(keys / 4, 4),
                     ValueRange(right).slice(2 * n, 2));
    }
  }
}
