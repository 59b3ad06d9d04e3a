//===- HopperScores.cpp - What happens to scores in registers -------------===//

#include "HopperAttention.h"

#include <limits>

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

static constexpr double kLog2E = 1.4426950408889634074;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Values HopperAttention::modifyScores(Values scores, ValueRange firstKeys, Value firstRow) {
  if (scalesScores()) {
    Value scale = b.f32(op.scale);
    for (Value &score : scores)
      score = b.mulf(score, scale);
  }
  if (op.region)
    scores = applyRegion(scores, firstKeys, firstRow);
  return b.choose(
      isPartial(firstKeys, firstRow), [&] { return maskScores(scores, firstKeys, firstRow); },
      scores);
}

//===----------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------===//

/// True when some row of the tile does not see some key of it.
Value HopperAttention::isPartial(ValueRange firstKeys, Value firstRow) {
  Value high = highKey(firstRow), partial;
  Value last = b.add(firstRow, plan.rows() - 1);
  for (Value first : firstKeys) {
    Value end = b.add(first, plan.blockKeys);
    Value hides = b.less(high, end);
    if (hasLowBound(op)) {
      Value isBelow = b.both(b.less(first, b.add(last, args.mask.lowShift)), b.less(args.mask.sinks, end));
      hides = b.either(hides, isBelow);
    }
    partial = partial ? b.either(partial, hides) : hides;
  }
  return partial;
}

Values HopperAttention::maskScores(Values scores, ValueRange firstKeys, Value firstRow) {
  Value hidden = b.f32(-kInfinity);
  for (int64_t r = 0; r < 2; ++r) {
    Value row = b.add(b.add(firstRow, rowInTile), 8 * r), high = highKey(row);
    for (auto [part, first] : llvm::enumerate(firstKeys)) {
      // Bounds of the thread's columns 8 c + e of this part.
      Value base = b.add(first, column), below = b.sub(high, base), from, sinks;
      if (hasLowBound(op)) {
        from = b.sub(b.add(row, args.mask.lowShift), base);
        sinks = b.sub(args.mask.sinks, base);
      }
      int64_t chunk = part * plan.blockKeys / 8;
      for (int64_t c = 0; c < plan.blockKeys / 8; ++c) {
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
Values HopperAttention::applyRegion(Values scores, ValueRange firstKeys, Value firstRow) {
  DeviceRegion region(b, op, args.region, captures);
  Value head = b.loadShared(at(plan.headSlot())), lastRow = b.sub(args.rows, 1);
  Value lastKey = b.sub(args.keys, 1);
  Value batch = region.place(0, b.div(head, args.heads)), inBatch = region.place(1, b.rem(head, args.heads));
  Value rows[2];
  for (int64_t r = 0; r < 2; ++r)
    rows[r] = region.place(2, b.min(b.add(b.add(firstRow, rowInTile), 8 * r), lastRow));
  for (auto [part, first] : llvm::enumerate(firstKeys)) {
    for (int64_t c = 0; c < plan.blockKeys / 8; ++c) {
      for (int64_t e = 0; e < 2; ++e) {
        Value local = b.add(b.add(first, column), 8 * c + e);
        Value key = region.place(3, b.min(local, lastKey));
        for (int64_t r = 0; r < 2; ++r) {
          Value &score = scores[4 * (part * plan.blockKeys / 8 + c) + 2 * r + e];
          score = region.apply(score, {batch, inBatch, rows[r], key});
        }
      }
    }
  }
  return scores;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Combines values in two chains, which hide each other's latency.
static Value reduce(ValueRange values, function_ref<Value(Value, Value)> combine) {
  Value chains[2] = {values[0], values[1]};
  for (size_t i = 2; i < values.size(); ++i)
    chains[i % 2] = combine(chains[i % 2], values[i]);
  return combine(chains[0], chains[1]);
}

/// scores = 2^(c (scores - m)) with c = scale log2 e; m is kept unscaled.
void HopperAttention::softmax(Values &scores, State &state, bool isFirst,
                                MutableArrayRef<Value> factors) {
  auto maximum = [&](Value x, Value y) { return b.maxf(x, y); };
  auto sum = [&](Value x, Value y) { return b.addf(x, y); };
  Value scale = b.f32(scalesScores() ? kLog2E : op.scale * kLog2E);
  Values rows[2];
  for (size_t i = 0; i < scores.size(); ++i)
    rows[i / 2 % 2].push_back(scores[i]);
  Value before[2] = {state.m[0], state.m[1]};
  for (int64_t r = 0; r < 2; ++r) {
    Values candidates;
    if (!isFirst)
      candidates.push_back(before[r]);
    llvm::append_range(candidates, rows[r]);
    Value m = reduce(candidates, maximum);
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
    Value total = reduce(rows[r], sum);
    state.l[r] = isFirst ? total : b.addf(b.mulf(state.l[r], factors[r]), total);
  }
}
