//===- FlashProducts.cpp - Q K^T and P V of a tile ------------------------===//
// Both are a register tile of rows x columns accumulators over a reduction: one
// element of each row of the left operand times one row of the right operand per
// step, or, of 16 bits, one pair of elements times a row of pairs.

#include "FlashKernel.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

static bool isPaired(Value memref) {
  return cast<MemRefType>(memref.getType()).getElementType().getIntOrFloatBitWidth() == 16;
}

namespace {
/// acc[r] += left[r, k] . right(k) for k in [0, count), `acc` in registers.
struct RegisterTile {
  KernelBuilder &kb;
  FloatType acc;
  int64_t columns;
  Value left; ///< [rows, k], or of pairs [rows, 2 k]
  Values rows;

  /// `right(k, c)` is row k of the right operand from column c on.
  Values multiply(Value count, Values init, function_ref<Value(Value, int64_t)> right);
  /// Lanes of one accumulator: LLVM splits wide vectors of f32; an intrinsic
  /// takes one register.
  int64_t getLanes() const { return isPaired(left) ? kb.lanes(acc) : columns; }
};
} // namespace

Values RegisterTile::multiply(Value count, Values init,
                              function_ref<Value(Value, int64_t)> right) {
  int64_t lanes = getLanes(), parts = columns / lanes;
  return kb.loop(kb.index(0), count, 1, init, [&](Value k, ValueRange accumulators) {
    Values b, next;
    for (int64_t part = 0; part < parts; ++part)
      b.push_back(right(k, part * lanes));
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value a = isPaired(left) ? kb.splatPair(left, {row, kb.mul(k, 2)}, lanes)
                               : kb.splat(kb.load(left, {row, k}), lanes);
      for (int64_t part = 0; part < parts; ++part) {
        Value c = accumulators[r * parts + part];
        next.push_back(isPaired(left) ? kb.dotPairs(a, b[part], c) : kb.fma(a, b[part], c));
      }
    }
    return next;
  });
}

/// scores [rows,count] = rows [rows,D] . keys [D,columns] of each group.
void FlashKernel::buildScores(Value panel, const HeadSlice &keys, Value firstGroup, Value count,
                              Value scores) {
  int64_t columns = shape.tile.columns, pair = isPaired(panel) ? 2 : 1;
  int64_t steps = isPaired(panel) ? shape.operandWidth / pair : shape.width;
  kb.loop(kb.index(0), kb.ceilDiv(count, columns), 1, [&](Value j) {
    Value group = kb.add(firstGroup, j), column = kb.mul(j, columns);
    kb.loop(kb.index(0), paddedRows, shape.tile.rows, [&](Value first) {
      RegisterTile tile{kb, acc, columns, panel, {}};
      for (int64_t r = 0; r < shape.tile.rows; ++r)
        tile.rows.push_back(kb.add(first, r));
      int64_t lanes = tile.getLanes(), parts = columns / lanes;
      Values init(shape.tile.rows * parts, kb.constant(kb.vec(acc, lanes), 0.0));
      Values result = tile.multiply(kb.index(steps), init, [&](Value d, int64_t c) {
        if (pair == 1)
          return kb.loadVector(keys.memref, keys.at({group, d, kb.index(c)}), lanes);
        Value half = kb.add(kb.mul(group, parts), c / lanes);
        return kb.loadVector(keys.memref, keys.at({half, d, kb.index(0)}), 2 * lanes);
      });
      for (auto [n, value] : llvm::enumerate(result))
        kb.storeVector(value, scores, {tile.rows[n / parts], kb.add(column, n % parts * lanes)});
    });
  });
}

/// out [rows,paddedWidth] += P . V, the columns in chunks of the register tile and
/// what is left.
void FlashKernel::accumulateTile(const WeightedValues &step) {
  int64_t columns = shape.valueColumns;
  int64_t whole = shape.paddedWidth - shape.paddedWidth % columns;
  if (whole > 0)
    kb.loop(0, whole, columns, [&](Value column) { accumulateColumns(step, column, columns); });
  if (int64_t rest = shape.paddedWidth - whole)
    accumulateColumns(step, kb.index(whole), rest);
}

/// pairs [keys/2,2,2 lanes] = the rows of the step, interleaved two by two, from column
/// `column` on. What is after an odd last row may be anything: zeros take its place.
void FlashKernel::interleaveRows(const WeightedValues &step, Value column) {
  auto load = [&](Value row) {
    return kb.loadVector(step.values.memref, step.values.at({row, column}), 2 * shape.lanes);
  };
  auto store = [&](Value x, Value y, Value pair) {
    for (auto [n, part] : llvm::enumerate(kb.interleave(x, y)))
      kb.storeVector(part, pairs, {pair, kb.index(n), kb.index(0)});
  };
  Value whole = kb.div(step.count, 2);
  kb.loop(kb.index(0), whole, 1, [&](Value pair) {
    Value row = kb.add(step.first, kb.mul(pair, 2));
    store(load(row), load(kb.add(row, 1)), pair);
  });
  kb.when(kb.less(kb.mul(whole, 2), step.count), [&] {
    Value x = load(kb.add(step.first, kb.mul(whole, 2)));
    store(x, kb.constant(x.getType(), 0.0), whole);
  });
}

void FlashKernel::accumulateColumns(const WeightedValues &step, Value column, int64_t columns) {
  // Once for all rows of P.
  const HeadSlice &values = step.values;
  bool isInterleaved = isPaired(step.rows) && cast<MemRefType>(values.memref.getType()).getRank() == 4;
  if (isInterleaved)
    interleaveRows(step, column);
  Value count = isInterleaved ? kb.ceilDiv(step.count, 2) : step.count;
  kb.loop(kb.index(0), paddedRows, shape.tile.rows, [&](Value first) {
    RegisterTile tile{kb, acc, columns, step.rows, {}};
    int64_t lanes = tile.getLanes(), parts = columns / lanes;
    Values init;
    for (int64_t r = 0; r < shape.tile.rows; ++r) {
      tile.rows.push_back(kb.add(first, r));
      for (int64_t part = 0; part < parts; ++part)
        init.push_back(kb.loadVector(out, {tile.rows[r], kb.add(column, part * lanes)}, lanes));
    }
    Values result = tile.multiply(count, init, [&](Value j, int64_t c) -> Value {
      if (isInterleaved)
        return kb.loadVector(pairs, {j, kb.index(c / lanes), kb.index(0)}, 2 * lanes);
      Value row = kb.add(step.first, j);
      if (!isPaired(values.memref))
        return kb.loadVector(values.memref, values.at({row, kb.add(column, c)}), lanes);
      Value chunk = kb.add(kb.div(column, lanes), c / lanes);
      return kb.loadVector(values.memref, values.at({chunk, row, kb.index(0)}), 2 * lanes);
    });
    for (auto [n, value] : llvm::enumerate(result))
      kb.storeVector(value, out, {tile.rows[n / parts], kb.add(column, n % parts * lanes)});
  });
}
