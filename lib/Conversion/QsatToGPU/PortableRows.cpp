//===- PortableRows.cpp - The mass of a row in a key block ----------------===//

#include "../Constants.h"
#include "RowMass.h"
#include "ScoreRows.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

void qsat::launchPortableRows(AmplitudeScoreOp op, const SampledRows &sampled, Value masses, Value passes,
                              GPULoweringContext &context) {
  ValueRange more = passes ? ValueRange(passes) : ValueRange();
  launchMasses(op, "qsat_score_rows", sampled, masses, more, context, [&](TeamBuilder &b, const MassThread &t) -> Value {
    auto massOfRow = [&]() -> Values {
      RowMass mass(b, t.op, t.operands, t.captures, {t.batch, t.head, t.row});
      return {mass.over(t.first, t.end)};
    };
    if (!passes)
      return massOfRow()[0];
    Value mark = b.load(t.more[0], {t.batch, t.head, t.block, t.keyBlock});
    Value isLookedAt = b.cmp(arith::CmpIPredicate::ne, mark, b.i32(0));
    return b.choose(isLookedAt, massOfRow, [&]() -> Values { return {b.constant(t.op.acc, -kInfinity)}; })[0];
  });
}
