//===- AuditDraw.cpp - The rows that qsat.audit draws ---------------------===//

#include "AuditDraw.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qsat;

namespace {
/// Levels of offsets that double in size. In i64, which holds every product of them;
/// they are below 2^31.
struct Levels {
  TaskBuilder &b;

  Value powerOfTwo(Value k) { return b.create<arith::ShLIOp>(b.i64(1), k); }
  /// The bits of `x` from its leading one on.
  Value bitWidth(Value x) {
    Value low = b.create<arith::TruncIOp>(b.getI32Type(), x); // of 64 bits SPIR-V counts none
    Value zeros = b.create<math::CountLeadingZerosOp>(low);
    return b.create<arith::ExtUIOp>(b.getI64Type(), b.sub(b.i32(32), zeros));
  }
  Value begin(Value level) {
    Value before = b.max(b.sub(level, b.i64(1)), b.i64(0));
    return b.select(b.eq(level, b.i64(0)), b.i64(0), powerOfTwo(before));
  }
  Value size(Value level, Value rows) { return b.sub(b.min(powerOfTwo(level), rows), begin(level)); }
};
} // namespace

AuditDraw qsat::drawAuditRow(TaskBuilder &b, AuditOp op, ValueRange at, const AuditStratum &stratum, int64_t s,
                             FloatType acc) {
  auto hash = [&](int64_t number) {
    Value place = b.add(stratum.number, b.div(at[2], op.getStratum()));
    return b.hash(op.getSeed(), {{0x9E3779B9u, b.add(b.mul(place, 2), s + 1)},
                                 {0x85EBCA77u, b.index(number)},
                                 {0xC2B2AE3Du, b.add(stratum.head, at[1])},
                                 {0x27D4EB2Fu, b.add(stratum.batch, at[0])}});
  };
  auto widen = [&](Value i32) -> Value { return b.create<arith::ExtUIOp>(b.getI64Type(), i32); };
  Levels levels{b};
  Value rows = b.toI64(stratum.count), last = levels.bitWidth(b.sub(rows, b.i64(1))); // n_t, K
  Value from = b.i64(0), size = rows;
  if (s == 0) {
    Value zeros = b.create<math::CountLeadingZerosOp>(hash(0));
    Value level = b.min(widen(zeros), last);
    from = levels.begin(level);
    size = levels.size(level, rows);
  }
  Value scaled = b.create<arith::ShRUIOp>(b.mul(widen(hash(1)), size), b.i64(32));
  Value offset = b.add(from, scaled);

  auto real = [&](Value x) -> Value { return b.create<arith::SIToFPOp>(acc, x); };
  Value found = levels.bitWidth(offset), one = b.constant(acc, 1.0);
  Value exponent = b.select(b.eq(found, last), last, b.add(found, b.i64(1)));
  Value near = b.divf(one, b.mulf(real(levels.powerOfTwo(exponent)), real(levels.size(found, rows))));
  Value weight = b.divf(one, b.addf(near, b.divf(one, real(rows))));
  return {b.add(stratum.first, b.toIndex(offset)), weight};
}
