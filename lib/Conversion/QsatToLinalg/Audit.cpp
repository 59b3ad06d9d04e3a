//===- Audit.cpp - The meaning of audit -----------------------------------===//

#include "Decompose.h"
#include "Scores.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace qsat {
namespace {

/// x names (b, h, t) below.
class AuditDecomposition {
public:
  AuditDecomposition(OpBuilder &b, AuditOp op)
      : e(b, op.getLoc(), op.getAccType()), op(op), rows(op.getStratum()) {}

  SmallVector<Value> run();

private:
  /// n_t, and the row that is drawn from the stratum.
  Expr rowsOf(Expr t) { return min(e.extent(op.getQ(), 2) - t * rows, e.index(rows)); }
  Expr drawnRow(Indices x);
  /// n_t sum_d term(o_rd, o*_rd), in f32.
  Value emitSum(Value init, function_ref<Expr(Expr, Expr)> term);

  Emitter e;
  AuditOp op;
  int64_t rows;
  Value exact; ///< o* [B,H,M,Dv]
};

} // namespace

Expr AuditDecomposition::drawnRow(Indices x) {
  Expr b = atPosition(e, op.getPosition(), 0, x[0]), h = atPosition(e, op.getPosition(), 1, x[1]);
  Expr t = op.getPosition().empty() ? x[2] : x[2] + e.wrap(op.getPosition()[2]) / rows;
  Expr hash = emitHash(e, op.getSeed(), {{0x9E3779B9u, t + 1}, {0xC2B2AE3Du, h}, {0x27D4EB2Fu, b}});
  // floor(u n_t / 2^32): n_t < 2^31, so the product fits in 63 bits.
  Type i64 = e.b.getI64Type();
  Expr u = e.wrap(arith::ExtUIOp::create(e.b, e.loc, i64, hash.v));
  return x[2] * rows + convert((u * convert(rowsOf(x[2]), i64)) >> 32, e.b.getIndexType());
}

Value AuditDecomposition::emitSum(Value init, function_ref<Expr(Expr, Expr)> term) {
  return e.computeInto(init, [&](Indices x) {
    Expr r = drawnRow(x);
    Expr sum = e.sum(e.index(0), e.extent(op.getV(), 3), e.real(0), [&](Expr d) {
      Expr given = convert(e.read(op.getO(), {x[0], x[1], r, d}), e.acc);
      return term(given, e.read(exact, {x[0], x[1], r, d}));
    });
    return convert(rowsOf(x[2]), e.acc) * sum;
  });
}

SmallVector<Value> AuditDecomposition::run() {
  Softmax p = emitSoftmax(e, emitScores(e, getScoreModel(op)));
  Value weighted = emitWeightedSum(e, p.weights, op.getV());
  exact = e.compute(tensor::getMixedSizes(e.b, e.loc, weighted), e.acc, [&](Indices x) {
    Expr sum = e.read(p.sum, x.take_front(3));
    return select(sum == e.real(0), e.real(0), e.read(weighted, x) / sum);
  });
  SmallVector<Value> results;
  results.push_back(emitSum(op.getError(), [](Expr given, Expr exact) {
    Expr difference = given - exact;
    return difference * difference;
  }));
  results.push_back(emitSum(op.getNorm(), [](Expr, Expr exact) { return exact * exact; }));
  if (op.getKept())
    results.push_back(e.computeInto(op.getKept(), [&](Indices x) {
      Expr r = drawnRow(x);
      Expr lse = p.logSumExp(e, {x[0], x[1], r});
      Expr share = exp(e.read(op.getLse(), {x[0], x[1], r}) - lse);
      return select(lse == e.minusInfinity(), e.real(0), share);
    }));
  return results;
}

SmallVector<Value> decompose(OpBuilder &b, AuditOp op) { return AuditDecomposition(b, op).run(); }

} // namespace qsat
