//===- WarpScores.cpp - Rows of queries against keys, by warps ------------===//

#include "WarpScores.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

WarpRows::WarpRows(NvidiaBuilder &b, const FlashOp &op)
    : width(cast<MemRefType>(op.q.getType()).getDimSize(3)),
      element(cast<FloatType>(cast<MemRefType>(op.q.getType()).getElementType())), b(b),
      first(b.mul(b.bitAnd(b.threadId(), 3), kLoaded)) {}

Value WarpRows::column(int64_t chunk) { return b.extend(b.add(first, chunk * kChunk)); }

Value WarpRows::address(const RowArray &array, Value batch, Value head) {
  Value place = b.add(b.mul(b.extend(batch), array.batch), b.mul(b.extend(head), array.head));
  return b.add(b.create<LLVM::PtrToIntOp>(b.getI64Type(), array.data), b.mul(place, b.i64(2)));
}

Values WarpRows::loadWords(Value address, int64_t count) {
  Values words;
  for (int64_t first = 0; first < count; first += 4) {
    Value from = b.create<LLVM::IntToPtrOp>(b.pointer(/*global*/ 1), b.add(address, b.i64(4 * first)));
    Value four = b.create<LLVM::LoadOp>(VectorType::get(4, b.getI32Type()), from, /*alignment=*/16);
    for (int64_t i = 0; i < 4; ++i)
      words.push_back(b.create<LLVM::ExtractElementOp>(four, b.i32(i)));
  }
  return words;
}

Values WarpRows::load(Value base, const RowArray &array, Value row, int64_t chunk) {
  Value place = b.add(b.mul(b.extend(row), array.row), column(chunk));
  return loadWords(b.add(base, b.mul(place, b.i64(2))), kLoaded / 2);
}

void WarpRows::multiplyAdd(MutableArrayRef<Value> sum, ValueRange left, ValueRange right) {
  for (int64_t step = 0; step < 2; ++step) {
    Value ofStep[] = {left[2 * step], left[4 + 2 * step], left[2 * step + 1], left[4 + 2 * step + 1]};
    llvm::copy(b.multiplyAdd(ValueRange(sum), ofStep, right.slice(2 * step, 2), element), sum.begin());
  }
}

//===----------------------------------------------------------------------===//
// A warp
//===----------------------------------------------------------------------===//

WarpScores::WarpScores(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled,
                       const WarpLogitsArguments &args)
    : b(b), op(op), sampled(sampled), args(args), tile(b, op, args.mask, noRegion, {}, args.rows, args.keys),
      rows(b, op) {}

Value WarpScores::findWarp() {
  Value thread = b.threadId(), warp = b.uniform(b.shiftRight(thread, 5));
  lane = b.bitAnd(thread, 31);
  head = b.create<NVVM::BlockIdYOp>(b.getI32Type());
  batch = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  return warp;
}

Value WarpScores::anySees(Value first, Value end) {
  Value any = b.less(first, tile.highKey(lastRow));
  if (!hasLowBound(op))
    return any;
  return b.both(any, b.either(b.less(lowKey(firstRow), end), b.less(first, args.mask.sinks)));
}
