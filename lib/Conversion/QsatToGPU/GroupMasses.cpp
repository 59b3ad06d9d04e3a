//===- GroupMasses.cpp - The mass of a group of rows, by antidiagonals ----===//
// A "row" g is a group of `stride` rows, a "key" c a group of `stride` keys:
//
//   s = log2 sum_{c in J} exp y_gc,   y_gc = mean of z over the pairs that g sees
//       on the antidiagonal (t, stride - 1 - t) of the square of c
//
// XAttention (Xu, Xiao, Huang, Guo, Han, 2025) with a softmax over groups.

#include "../Constants.h"
#include "RowMass.h"
#include "ScoreRows.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// y of the group of rows from `row` and that of keys from `key`, base 2; -inf where no pair is seen.
static Value scoreGroups(TeamBuilder &b, const MassThread &t, int64_t stride, Value key) {
  Type type = t.op.acc;
  Value zero = b.constant(type, 0.0), one = b.constant(type, 1.0), none = b.constant(type, -kInfinity);
  Value rows = b.dim(t.operands[0], 2), keys = b.dim(t.operands[1], 2);
  Values total = b.loop(b.index(0), b.index(stride), 1, {zero, zero}, [&](Value n, ValueRange carried) -> Values {
    Value i = b.add(t.row, n), j = b.sub(b.add(key, stride - 1), n);
    RowMass pair(b, t.op, t.operands, t.captures, {t.batch, t.head, b.min(i, b.sub(rows, 1))});
    Value z = pair.score(b.min(j, b.sub(keys, 1)));
    Value isSeen = b.both(b.both(b.less(i, rows), b.less(j, keys)), pair.sees(j));
    isSeen = b.both(isSeen, b.cmpf(arith::CmpFPredicate::UNE, z, none));
    return {b.addf(carried[0], b.select(isSeen, z, zero)), b.addf(carried[1], b.select(isSeen, one, zero))};
  });
  Value mean = b.divf(b.mulf(total[0], b.constant(type, kLog2E)), total[1]);
  return b.select(b.cmpf(arith::CmpFPredicate::OGT, total[1], zero), mean, none);
}

void qsat::launchGroups(AmplitudeScoreOp op, const SampledRows &sampled, Value masses, GPULoweringContext &context) {
  launchMasses(op, "qsat_score_groups", sampled, masses, {}, context, [&](TeamBuilder &b, const MassThread &t) {
    MassSum mass(b, t.op.acc);
    return mass.log(b.loop(t.first, t.end, sampled.stride, mass.empty(), [&](Value key, ValueRange sum) {
      return mass.add(sum, scoreGroups(b, t, sampled.stride, key));
    }));
  });
}
