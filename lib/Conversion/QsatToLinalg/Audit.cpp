//===- Audit.cpp - The meaning of audit -----------------------------------===//

#include "Decompose.h"
#include "Scores.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace qsat {
namespace {

/// A drawn row: its number, and the weight of its terms.
struct Draw {
  Expr row, weight;
};

/// x names (b, h, t, s) below.
class AuditDecomposition {
public:
  AuditDecomposition(OpBuilder &b, AuditOp op)
      : e(b, op.getLoc(), op.getAccType()), op(op), rows(op.getStratum()) {}

  SmallVector<Value> run();

private:
  /// n_t (index).
  Expr rowsOf(Expr t) { return min(e.extent(op.getQ(), 2) - t * rows, e.index(rows)); }
  Expr hash(Indices x, int64_t number);
  Draw draw(Indices x);
  /// w sum_d term(o_rd, o*_rd), in f32.
  Value emitSum(Value init, function_ref<Expr(Expr, Expr)> term);

  // In i64, which holds every product below.
  Expr whole(Expr a) { return convert(a, e.b.getI64Type()); }
  Expr whole(int64_t a) { return whole(e.index(a)); }
  Expr widen(Expr a) {
    return e.wrap(arith::ExtUIOp::create(e.b, e.loc, e.b.getI64Type(), a.v));
  }
  Expr leadingZeros(Expr a) {
    return e.wrap(math::CountLeadingZerosOp::create(e.b, e.loc, a.v));
  }
  /// The bits of `a` from its leading one on.
  Expr bitWidth(Expr a) { return whole(64) - leadingZeros(a); }
  Expr powerOfTwo(Expr k) {
    return e.wrap(arith::ShLIOp::create(e.b, e.loc, whole(1).v, k.v));
  }

  Emitter e;
  AuditOp op;
  int64_t rows;
  Value exact; ///< o* [B,H,M,Dv]
};

} // namespace

Expr AuditDecomposition::hash(Indices x, int64_t number) {
  Expr b = atPosition(e, op.getPosition(), 0, x[0]), h = atPosition(e, op.getPosition(), 1, x[1]);
  Expr t = op.getPosition().empty() ? x[2] : x[2] + e.wrap(op.getPosition()[2]) / rows;
  return emitHash(e, op.getSeed(), {{0x9E3779B9u, t * 2 + x[3] + e.index(1)},
                                    {0x85EBCA77u, e.index(number)},
                                    {0xC2B2AE3Du, h},
                                    {0x27D4EB2Fu, b}});
}

Draw AuditDecomposition::draw(Indices x) {
  Expr count = whole(rowsOf(x[2])), zero = whole(0), one = whole(1);
  Expr last = bitWidth(count - one); // K
  auto begin = [&](Expr level) {
    return select(level == zero, zero, powerOfTwo(max(level - one, zero)));
  };
  auto sizeOf = [&](Expr level) { return min(powerOfTwo(level), count) - begin(level); };
  Expr level = min(widen(leadingZeros(hash(x, 0))), last), isNear = x[3] == 0;
  Expr from = select(isNear, begin(level), zero), size = select(isNear, sizeOf(level), count);
  Expr offset = from + ((widen(hash(x, 1)) * size) >> 32);

  Expr found = bitWidth(offset);
  Expr exponent = select(found == last, last, found + one);
  auto real = [&](Expr a) { return convert(a, e.acc); };
  Expr near = e.real(1) / (real(powerOfTwo(exponent)) * real(sizeOf(found)));
  Expr weight = e.real(1) / (near + e.real(1) / real(count));
  return {x[2] * rows + convert(offset, e.b.getIndexType()), weight};
}

Value AuditDecomposition::emitSum(Value init, function_ref<Expr(Expr, Expr)> term) {
  return e.computeInto(init, [&](Indices x) {
    Draw drawn = draw(x);
    Expr sum = e.sum(e.index(0), e.extent(op.getV(), 3), e.real(0), [&](Expr d) {
      Expr given = convert(e.read(op.getO(), {x[0], x[1], drawn.row, d}), e.acc);
      return term(given, e.read(exact, {x[0], x[1], drawn.row, d}));
    });
    return drawn.weight * sum;
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
      Expr r = draw(x).row;
      Expr lse = p.logSumExp(e, {x[0], x[1], r});
      Expr share = exp(e.read(op.getLse(), {x[0], x[1], r}) - lse);
      return select(lse == e.minusInfinity(), e.real(0), share);
    }));
  return results;
}

SmallVector<Value> decompose(OpBuilder &b, AuditOp op) { return AuditDecomposition(b, op).run(); }

} // namespace qsat
