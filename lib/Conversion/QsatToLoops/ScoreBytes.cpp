//===- ScoreBytes.cpp - Scores of rows rounded to 8 bits ------------------===//
// A row x becomes whole numbers x^ = rint(x (127 / t)), t = max |x_d|, and the factor
// t / 127. The products of bytes that vectors have take one factor unsigned: it is
// 128 + q^, and the sum starts at -128 sum_d k^_d. Those of AMX tiles take both signed.

#include "ScoreKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace qsat;

/// D': the bytes of a rounded row.
static Value roundedWidth(ScoreKernel &s) {
  int64_t step = s.tile.isAMX ? kTileBytes : 4;
  return s.b.mul(s.b.ceilDiv(s.width, step), step);
}

namespace {
/// Of a rounded row: its factor (f32) and the sum of its whole numbers (i32).
struct RoundedRow {
  Value factor, sum;
};

/// Rounds the row source[at, :] into bytes[to, :], 0 past D.
class RowRounder {
public:
  RowRounder(ScoreKernel &s, Value source, ValueRange at) : s(s), b(s.b), source(source), at(at) {
    lanes = b.lanes(s.acc);
    whole = b.index(0);
    if (KernelBuilder::isRowContiguous(source))
      whole = b.sub(s.width, b.rem(s.width, lanes));
  }

  RoundedRow round(Value bytes, ValueRange to) {
    findScale();
    return {factor, store(bytes, to)};
  }

private:
  TaskBuilder::Values place(ValueRange prefix, Value d) {
    TaskBuilder::Values indices(prefix.begin(), prefix.end());
    indices.push_back(d);
    return indices;
  }
  Value load(Value d, bool isVector) {
    return isVector ? b.loadVectorAs(s.acc, source, place(at, d), lanes)
                    : b.loadAs(s.acc, source, place(at, d));
  }
  Type typeOf(Type element, bool isVector) {
    return isVector ? Type(b.vec(element, lanes)) : element;
  }

  /// factor, inverse and usable.
  void findScale() {
    // The maximum forgets NaN, 0 x does not.
    auto step = [&](Value d, ValueRange now, bool isVector) {
      Value x = load(d, isVector), zero = b.constant(x.getType(), 0.0);
      Value size = b.maxf(x, b.subf(zero, x));
      return TaskBuilder::Values{b.maxf(size, now[0]), b.fma(x, zero, now[1])};
    };
    Value zeros = b.constant(typeOf(s.acc, true), 0.0);
    auto vectors = b.loop(b.index(0), whole, lanes, {zeros, zeros},
                          [&](Value d, ValueRange now) { return step(d, now, true); });
    auto result = b.loop(whole, s.width, 1, {b.reduceMax(vectors[0]), b.reduceAdd(vectors[1])},
                         [&](Value d, ValueRange now) { return step(d, now, false); });
    Value top = result[0], nan = result[1], limit = b.constant(s.acc, 127.0);
    inverse = b.divf(limit, top);
    Value most = b.constant(s.acc, std::numeric_limits<float>::max());
    Value isFinite = b.cmpf(arith::CmpFPredicate::OEQ, nan, b.constant(s.acc, 0.0));
    usable = b.both(isFinite, b.cmpf(arith::CmpFPredicate::OLE, inverse, most));
    factor = b.addf(b.divf(top, limit), nan);
  }

  /// The whole numbers (i32) of the elements from d on, stored; now + them.
  Value storeAt(Value d, Value now, Value bytes, ValueRange to, bool isVector) {
    Value x = load(d, isVector), by = inverse, isUsable = usable;
    if (isVector) {
      by = b.splat(inverse, lanes);
      isUsable = b.splat(usable, lanes);
    }
    Value scaled = b.select(isUsable, b.mulf(x, by), b.constant(x.getType(), 0.0));
    Value integer = b.create<arith::FPToSIOp>(typeOf(b.getI32Type(), isVector),
                                              b.create<math::RoundEvenOp>(scaled));
    Value byte = b.create<arith::TruncIOp>(typeOf(b.getI8Type(), isVector), integer);
    isVector ? b.storeVector(byte, bytes, place(to, d)) : b.store(byte, bytes, place(to, d));
    return b.add(now, integer);
  }

  Value store(Value bytes, ValueRange to) {
    Value zeros = b.splat(b.i32(0), lanes), none = b.create<arith::ConstantIntOp>(0, 8);
    Value vector = b.loop(b.index(0), whole, lanes, {zeros}, [&](Value d, ValueRange now) {
      return TaskBuilder::Values{storeAt(d, now[0], bytes, to, true)};
    })[0];
    Value sum = b.create<vector::ReductionOp>(vector::CombiningKind::ADD, vector);
    sum = b.loop(whole, s.width, 1, {sum}, [&](Value d, ValueRange now) {
      return TaskBuilder::Values{storeAt(d, now[0], bytes, to, false)};
    })[0];
    b.loop(s.width, roundedWidth(s), 1, [&](Value d) { b.store(none, bytes, place(to, d)); });
    return sum;
  }

  ScoreKernel &s;
  TaskBuilder &b;
  Value source;
  ValueRange at;
  int64_t lanes;
  Value whole;                   ///< elements that are taken `lanes` at a time
  Value factor, inverse, usable; ///< t / 127, 127 / t, and whether that is finite
};
} // namespace

void qsat::buildRoundedKeys(ScoreKernel &s) {
  TaskBuilder &b = s.b;
  RoundedKeys &rounded = s.rounded;
  Value rows = s.tile.isAMX ? b.add(s.numKeys, kTileRows - 1) : s.numKeys;
  rounded.bytes = b.allocate(b.getI8Type(), {s.batches, s.kvHeads, rows, roundedWidth(s)});
  rounded.factors = b.allocate(s.acc, {s.batches, s.kvHeads, s.numKeys});
  rounded.starts = b.allocate(b.getI32Type(), {s.batches, s.kvHeads, s.numKeys});
  b.parallel("qsat_round_keys", {s.batches, s.kvHeads, s.blocksN}, [&](ValueRange iv) {
    b.loop(s.keysBegin(iv[2]), s.keysEnd(iv[2]), 1, [&](Value key) {
      TaskBuilder::Values at{iv[0], iv[1], key};
      RoundedRow row = RowRounder(s, s.k, at).round(rounded.bytes, at);
      b.store(row.factor, rounded.factors, at);
      b.store(b.mul(row.sum, b.i32(-128)), rounded.starts, at);
    });
  });
}

void qsat::loadRoundedPanel(ScoreKernel &s, double factor) {
  TaskBuilder &b = s.b;
  Value width = roundedWidth(s);
  s.quads = b.scratch(b.getI8Type(), {s.chunks, b.div(width, 4), b.index(4 * s.tile.lanes)});
  s.laneFactors = b.scratch(s.acc, {b.mul(s.chunks, s.tile.lanes)});
  if (s.tile.isAMX)
    allocateTileSums(s, b.getI32Type());
  Value row = b.scratch(b.getI8Type(), {width});
  // 128 + x^ in each byte: its highest bit flipped.
  Value flip = b.splat(b.create<arith::ConstantIntOp>(-128, 8), 4);
  forEachLane(s, [&](const LanePlace &at) {
    TaskBuilder::Values from{s.batch, at.head, at.row};
    RoundedRow rounded = RowRounder(s, s.q, from).round(row, {});
    b.store(b.mulf(rounded.factor, b.constant(s.acc, factor)), s.laneFactors,
            {b.add(s.firstLane(at.chunk), at.w)});
    b.loop(b.div(width, 4), [&](Value quad) {
      Value bytes = b.loadVector(row, {b.mul(quad, 4)}, 4);
      if (!s.tile.isAMX)
        bytes = b.create<arith::XOrIOp>(bytes, flip);
      b.storeVector(bytes, s.quads, {at.chunk, quad, b.mul(at.w, 4)});
    });
  });
}

/// Sums of products (i32) of `rows` and of the lanes of `chunk`, row by row, register by
/// register.
static TaskBuilder::Values sumVectors(ScoreKernel &s, ValueRange rows, Value chunk) {
  TaskBuilder &b = s.b;
  int64_t lanes = b.lanes(s.acc), parts = s.tile.lanes / lanes;
  VectorType words = b.vec(b.getI32Type(), lanes);
  TaskBuilder::Values starts;
  for (Value row : rows)
    starts.append(parts, b.splat(b.load(s.rounded.starts, {s.batch, s.kvHead, row}), lanes));
  return b.loop(
      b.index(0), b.ceilDiv(s.width, 4), 1, starts, [&](Value quad, ValueRange sums) {
        TaskBuilder::Values queries, next;
        for (int64_t part = 0; part < parts; ++part) {
          Value bytes = b.loadVector(s.quads, {chunk, quad, b.index(4 * part * lanes)}, 4 * lanes);
          queries.push_back(b.create<vector::BitCastOp>(words, bytes));
        }
        for (Value row : rows) {
          Value word = b.loadWord(s.rounded.bytes, {s.batch, s.kvHead, row, b.mul(quad, 4)});
          Value key = b.splat(word, lanes);
          for (Value query : queries)
            next.push_back(b.dotBytes(query, key, sums[next.size()]));
        }
        return next;
      });
}

SmallVector<Value> qsat::accumulateBytes(ScoreKernel &s, ValueRange rows, Value chunk) {
  TaskBuilder &b = s.b;
  int64_t lanes = b.lanes(s.acc);
  TaskBuilder::Values sums;
  if (s.tile.isAMX) {
    sumTiles(s, s.rounded.bytes, {s.batch, s.kvHead, rows[0]}, s.quads, chunk);
    sums = loadTileSums(s);
  } else {
    sums = sumVectors(s, rows, chunk);
  }
  Value laneFactors = b.load(s.laneFactors, {s.firstLane(chunk)}, s.lanesType);
  for (Value &part : sums)
    part = b.create<arith::SIToFPOp>(b.vec(s.acc, lanes), part);
  TaskBuilder::Values scores = joinParts(s, sums);
  for (auto [score, row] : llvm::zip_equal(scores, rows)) {
    Value factor = b.load(s.rounded.factors, {s.batch, s.kvHead, row});
    score = b.mulf(score, b.mulf(laneFactors, b.splat(factor, s.lanesType)));
  }
  return scores;
}
