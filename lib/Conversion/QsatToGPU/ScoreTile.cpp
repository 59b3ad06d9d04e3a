//===- ScoreTile.cpp - What happens to scores in registers ----------------===//

#include "ScoreTile.h"

#include "../Constants.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

Values ScoreTile::modify(Values scores, const Place &place) {
  if (scalesScores()) {
    Value scale = b.f32(op.scale);
    for (Value &score : scores)
      score = b.mulf(score, scale);
  }
  if (op.region)
    scores = applyRegion(scores, place);
  return b.choose(isPartial(place), [&] { return hide(scores, place); }, scores);
}

//===----------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------===//

Value ScoreTile::highKey(Value row) {
  return hasHighBound(op) ? b.min(b.add(row, mask.highShift), keys) : keys;
}

/// True when some row of the tile does not see some key of it.
Value ScoreTile::isPartial(const Place &place) {
  Value high = highKey(place.firstRow), partial;
  for (Value first : place.firstKeys) {
    Value end = b.add(first, place.partKeys);
    Value hides = b.less(high, end);
    if (hasLowBound(op)) {
      Value isBelow = b.both(b.less(first, b.add(place.lastRow, mask.lowShift)), b.less(mask.sinks, end));
      hides = b.either(hides, isBelow);
    }
    partial = partial ? b.either(partial, hides) : hides;
  }
  return partial;
}

Values ScoreTile::hide(Values scores, const Place &place) {
  Value hidden = b.f32(-kInfinity);
  for (int64_t r = 0; r < 2; ++r) {
    Value high = highKey(place.row[r]);
    for (auto [part, first] : llvm::enumerate(place.firstKeys)) {
      // Bounds of the thread's columns 8 c + e of this part.
      Value base = b.add(first, place.column), below = b.sub(high, base), from, sinks;
      if (hasLowBound(op)) {
        from = b.sub(b.add(place.row[r], mask.lowShift), base);
        sinks = b.sub(mask.sinks, base);
      }
      int64_t chunk = part * place.partKeys / 8;
      for (int64_t c = 0; c < place.partKeys / 8; ++c) {
        for (int64_t e = 0; e < 2; ++e) {
          Value key = b.i32(8 * c + e), seen = b.less(key, below);
          if (hasLowBound(op))
            seen = b.both(seen, b.either(b.cmp(arith::CmpIPredicate::sge, key, from),
                                         b.less(key, sinks)));
          Value &score = scores[4 * (chunk + c) + 2 * r + e];
          score = b.select(seen, score, hidden);
        }
      }
    }
  }
  return scores;
}

//===----------------------------------------------------------------------===//
// Score region
//===----------------------------------------------------------------------===//

/// The region on every score. Rows and keys past the end are those at the end:
/// extras are not read outside, and the mask hides what comes of it.
Values ScoreTile::applyRegion(Values scores, const Place &place) {
  DeviceRegion body(b, op, region, inner);
  Value lastRow = b.sub(rows, 1), lastKey = b.sub(keys, 1), batch = body.place(0, place.batch);
  Value head[2], row[2];
  for (int64_t r = 0; r < 2; ++r) {
    head[r] = body.place(1, place.head[r]);
    row[r] = body.place(2, b.min(place.row[r], lastRow));
  }
  for (auto [part, first] : llvm::enumerate(place.firstKeys)) {
    for (int64_t c = 0; c < place.partKeys / 8; ++c) {
      for (int64_t e = 0; e < 2; ++e) {
        Value local = b.add(b.add(first, place.column), 8 * c + e);
        Value key = body.place(3, b.min(local, lastKey));
        for (int64_t r = 0; r < 2; ++r) {
          Value &score = scores[4 * (part * place.partKeys / 8 + c) + 2 * r + e];
          score = body.apply(score, {batch, head[r], row[r], key});
        }
      }
    }
  }
  return scores;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Value qsat::reduceInChains(ValueRange values, function_ref<Value(Value, Value)> combine) {
  Value chains[2] = {values[0], values[1]};
  for (size_t i = 2; i < values.size(); ++i)
    chains[i % 2] = combine(chains[i % 2], values[i]);
  return combine(chains[0], chains[1]);
}

/// scores = 2^(c (scores - m)) with c = scale log2 e; m is kept unscaled.
void ScoreTile::softmax(Values &scores, SoftmaxState &state, bool isFirst, MutableArrayRef<Value> factors) {
  auto maximum = [&](Value x, Value y) { return b.maxf(x, y); };
  auto sum = [&](Value x, Value y) { return b.addf(x, y); };
  Value scale = b.f32(exponentScale());
  Values rows[2];
  for (size_t i = 0; i < scores.size(); ++i)
    rows[i / 2 % 2].push_back(scores[i]);
  Value before[2] = {state.m[0], state.m[1]};
  for (int64_t r = 0; r < 2; ++r) {
    Values candidates;
    if (!isFirst)
      candidates.push_back(before[r]);
    llvm::append_range(candidates, rows[r]);
    Value m = reduceInChains(candidates, maximum);
    m = b.maxf(m, b.exchange(m, 1));
    state.m[r] = b.maxf(m, b.exchange(m, 2));
  }
  for (int64_t r = 0; r < 2; ++r) {
    // A row that has seen nothing has m = -inf: -inf - 0 stays -inf.
    Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, state.m[r], b.f32(-kInfinity));
    Value m = b.select(isEmpty, b.f32(0.0), state.m[r]);
    Value shift = b.negf(b.mulf(m, scale));
    if (!isFirst)
      factors[r] = b.exp2(b.fma(before[r], scale, shift));
    for (size_t i = 0; i < rows[r].size(); ++i) {
      rows[r][i] = b.exp2(b.fma(rows[r][i], scale, shift));
      scores[4 * (i / 2) + 2 * r + i % 2] = rows[r][i];
    }
    Value total = reduceInChains(rows[r], sum);
    state.l[r] = isFirst ? total : b.addf(b.mulf(state.l[r], factors[r]), total);
  }
}

Value ScoreTile::sumOfRow(Value partial) {
  Value sum = b.addf(partial, b.exchange(partial, 1));
  return b.addf(sum, b.exchange(sum, 2));
}

double ScoreTile::exponentScale() const { return scalesScores() ? kLog2E : op.scale * kLog2E; }

Value ScoreTile::logSumExp(Value m, Value sum) {
  return b.mulf(b.fma(m, b.f32(exponentScale()), b.log2(sum)), b.f32(kLn2));
}

Value ScoreTile::logOfSum(Value exponent, Value sum) {
  return b.mulf(b.addf(exponent, b.log2(sum)), b.f32(kLn2));
}
