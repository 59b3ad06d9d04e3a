//===- AmplifiedSelect.cpp - The meaning of amplified_select --------------===//

#include "Decompose.h"
#include "Scores.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace qsat {
namespace {

/// Everything is f32. Tensors are [B,Hs,Mb,Nb] unless said otherwise; x names
/// (b, hs, I, J).
class SelectDecomposition {
public:
  SelectDecomposition(OpBuilder &b, AmplifiedSelectOp op)
      : e(b, op.getLoc(), b.getF32Type()), op(op), lists(e.size(op.getCounts(), 1)),
        blocks(e.size(op.getAmplitude(), 3)) {
    sizes = {e.size(op.getAmplitude(), 0), lists, e.size(op.getAmplitude(), 2), blocks};
  }

  SmallVector<Value> run();

private:
  Expr numBlocks() { return e.extent(blocks); }
  Expr zero() { return e.index(0); }
  /// H / Hs.
  Expr headsPerList() { return e.extent(op.getAmplitude(), 1) / e.extent(lists); }
  /// Sum or mean over the heads of list hs of term(h), in ascending order.
  Expr meanOverHeads(Expr hs, function_ref<Expr(Expr)> term);
  /// First and last query row of block I in the problem.
  std::pair<Expr, Expr> rowsOf(Expr block);
  /// First key of the op in the problem.
  Expr firstKey() { return atPosition(e, op.getPosition(), 3, zero()); }

  void emitEligible(); ///< eligible and forced [Mb,Nb]
  void emitWeights();  ///< p and key
  Expr emitGumbel(Indices x);
  /// Position of block x in the order of `keys` among the blocks that are in
  /// `among` (index), which need not hold x itself.
  Expr rankOf(Indices x, Value keys, function_ref<Expr(Expr)> among);
  Expr sumOfEligible(Value of, Indices x);
  Value emitTaken();
  Value emitTakenByRank(function_ref<Expr(Indices)> limit);
  Value emitTakenByMass();
  Expr budget(Indices x);
  Value emitMarked();

  Expr isEligible(Indices x, Expr j) { return e.read(eligible, {x[2], j}); }
  Expr isForced(Indices x, Expr j) { return e.read(forced, {x[2], j}); }
  Expr at(Value tensor, Indices x, Expr j) { return e.read(tensor, {x[0], x[1], x[2], j}); }

  Emitter e;
  AmplifiedSelectOp op;
  OpFoldResult lists, blocks;
  SmallVector<OpFoldResult> sizes;
  Value eligible, forced; ///< [Mb,Nb] i1
  Value p, key;           ///< key: what the policy orders by
};

} // namespace

Expr SelectDecomposition::meanOverHeads(Expr hs, function_ref<Expr(Expr)> term) {
  int64_t heads = mlir::cast<ShapedType>(op.getAmplitude().getType()).getDimSize(1);
  int64_t listed = mlir::cast<ShapedType>(op.getCounts().getType()).getDimSize(1);
  if (!ShapedType::isDynamic(heads) && heads == listed)
    return term(hs);
  Expr group = headsPerList(), first = hs * group;
  return e.sum(first, first + group, e.real(0), term) / convert(group, e.acc);
}

std::pair<Expr, Expr> SelectDecomposition::rowsOf(Expr block) {
  Expr first = atPosition(e, op.getPosition(), 2, block * op.getBlockM());
  return {first, first + (op.getBlockM() - 1)};
}

void SelectDecomposition::emitEligible() {
  int64_t blockN = op.getBlockN();
  Type flag = e.b.getI1Type();
  MaskAttr mask = op.getMaskAttr();
  eligible = e.compute({sizes[2], sizes[3]}, flag, [&](Indices x) {
    auto [i0, i1] = rowsOf(x[0]);
    Expr j0 = firstKey() + x[1] * blockN;
    return isAnyVisible(e, mask, i0, i1, j0, j0 + (blockN - 1));
  });
  forced = e.compute({sizes[2], sizes[3]}, flag, [&](Indices x) {
    auto [i0, i1] = rowsOf(x[0]);
    auto [low, high] = emitDiagonal(e, mask, i0, i1, firstKey(), blockN, numBlocks());
    Expr j = x[1];
    int64_t local = op.getLocal();
    Expr before = (low - local <= j) & (j < low), after = (high < j) & (j <= high + local);
    Expr must = (j < op.getSinks()) | before | after;
    if (!op.getNoDiagonal())
      must = must | ((low <= j) & (j <= high));
    return must & e.read(eligible, x);
  });
}

/// g = -log(-log u) of the hash of (seed, b, hs, I, J) in the problem.
Expr SelectDecomposition::emitGumbel(Indices x) {
  ValueRange position = op.getPosition();
  Expr b = atPosition(e, position, 0, x[0]);
  Expr hs = position.empty() ? x[1] : x[1] + e.wrap(position[1]) / headsPerList();
  Expr i = position.empty() ? x[2] : x[2] + e.wrap(position[2]) / op.getBlockM();
  Expr j = position.empty() ? x[3] : x[3] + e.wrap(position[3]) / op.getBlockN();
  Expr h = emitHash(e, op.getSeed(), {{0x9E3779B9u, j + 1},
                                      {0x85EBCA77u, i},
                                      {0xC2B2AE3Du, hs},
                                      {0x27D4EB2Fu, b}});
  // 23 bits: the conversion from a signed integer is that of an unsigned one.
  Expr u = (convert(h >> 9, e.acc) + e.real(0.5)) * e.real(0x1p-23);
  Expr none = e.real(0);
  return none - log(none - log(u));
}

void SelectDecomposition::emitWeights() {
  Value amplitude = op.getAmplitude();
  Type f32 = e.b.getF32Type();
  p = e.compute(sizes, f32, [&](Indices x) {
    return meanOverHeads(x[1], [&](Expr h) {
      Expr a = e.read(amplitude, {x[0], h, x[2], x[3]});
      return a * a;
    });
  });
  key = p;
  if (op.getPolicy() == Policy::HeavyHitter)
    key = e.compute(sizes, f32, [&](Indices x) {
      return e.sum(zero(), x[2] + 1, e.real(0),
                   [&](Expr i) { return e.read(p, {x[0], x[1], i, x[3]}); });
    });
  if (op.getPolicy() == Policy::Measure)
    key = e.compute(sizes, f32, [&](Indices x) { return log(e.read(p, x)) + emitGumbel(x); });
  if (op.getPolicy() == Policy::Residual)
    key = e.compute(sizes, f32, [&](Indices x) {
      Expr head = headOf(e, x[1] * headsPerList(), amplitude, op.getSpread());
      return e.read(p, x) * e.read(op.getSpread(), {x[0], head, x[3]});
    });
}

Expr SelectDecomposition::rankOf(Indices x, Value keys, function_ref<Expr(Expr)> among) {
  Expr mine = e.read(keys, x), must = isForced(x, x[3]);
  return e.count(zero(), numBlocks(), [&](Expr j) {
    return among(j) & comesBefore(isForced(x, j), at(keys, x, j), j, must, mine, x[3]);
  });
}

Expr SelectDecomposition::sumOfEligible(Value of, Indices x) {
  return e.sum(zero(), numBlocks(), e.real(0), [&](Expr j) {
    return select(isEligible(x, j), at(of, x, j), e.real(0));
  });
}

/// ceil(alpha n^exponent), n the number of eligible blocks, at most Nb; f64.
Expr SelectDecomposition::budget(Indices x) {
  Type f64 = e.b.getF64Type();
  Expr n = convert(e.count(zero(), numBlocks(), [&](Expr j) { return isEligible(x, j); }), f64);
  double exponent = op.getExponent().convertToDouble();
  // Quarters by square roots, which are exact where the result is whole.
  Expr power = e.real(1, f64);
  if (exponent == 1)
    power = n;
  else if (exponent == 0.75)
    power = sqrt(n) * sqrt(sqrt(n));
  else if (exponent == 0.5)
    power = sqrt(n);
  else if (exponent == 0.25)
    power = sqrt(sqrt(n));
  else if (exponent != 0)
    power = e.wrap(math::PowFOp::create(e.b, e.loc, n.v, e.real(exponent, f64).v));
  Expr share = e.real(op.getAlpha().convertToDouble(), f64) * power;
  Expr whole = e.wrap(math::CeilOp::create(e.b, e.loc, share.v));
  return convert(min(whole, convert(numBlocks(), f64)), e.b.getIndexType());
}

Value SelectDecomposition::emitTakenByRank(function_ref<Expr(Indices)> limit) {
  return e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    Expr rank = rankOf(x, key, [&](Expr j) { return isEligible(x, j); });
    return isEligible(x, x[3]) & (rank < limit(x));
  });
}

/// The shortest prefix of the order whose sum reaches theta times all.
Value SelectDecomposition::emitTakenByMass() {
  Type index = e.b.getIndexType(), f32 = e.b.getF32Type();
  Value rank = e.compute(sizes, index, [&](Indices x) {
    Expr r = rankOf(x, p, [&](Expr j) { return isEligible(x, j); });
    return select(isEligible(x, x[3]), r, e.index(-1));
  });
  // The p of rank r, 0 past the last eligible.
  Value ordered = e.compute(sizes, f32, [&](Indices x) {
    return e.loop(zero(), numBlocks(), e.real(0), [&](Expr j, ArrayRef<Expr> found) -> SmallVector<Expr> {
      return {select(at(rank, x, j) == x[3], at(p, x, j), found[0])};
    })[0];
  });
  return e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    Expr before = e.sum(zero(), e.read(rank, x), e.real(0),
                        [&](Expr r) { return at(ordered, x, r); });
    Expr wanted = e.real(op.getTheta().convertToDouble()) * sumOfEligible(p, x);
    return isEligible(x, x[3]) & !(before >= wanted);
  });
}

Value SelectDecomposition::emitTaken() {
  Type flag = e.b.getI1Type();
  Expr theta = e.real(op.getTheta().convertToDouble());
  // The eligible blocks of a weight of at least bound(x).
  auto atLeast = [&](Value weight, function_ref<Expr(Indices)> bound) {
    return e.compute(sizes, flag, [&](Indices x) {
      return isEligible(x, x[3]) & (e.read(weight, x) >= bound(x));
    });
  };
  switch (op.getPolicy()) {
  case Policy::Threshold:
    return atLeast(p, [&](Indices) { return theta; });
  case Policy::LogitThreshold:
    return atLeast(p, [&](Indices x) {
      return exp(theta - meanOverHeads(x[1], [&](Expr h) {
        return e.read(op.getLse(), {x[0], h, x[2]});
      }));
    });
  case Policy::RelativeThreshold:
    return atLeast(p, [&](Indices x) {
      return theta * e.loop(zero(), numBlocks(), e.real(0),
                            [&](Expr j, ArrayRef<Expr> m) -> SmallVector<Expr> {
                              return {select(isEligible(x, j), max(m[0], at(p, x, j)), m[0])};
                            })[0];
    });
  case Policy::Residual:
    return atLeast(key, [&](Indices x) { return theta * sumOfEligible(key, x); });
  case Policy::Mass:
    return emitTakenByMass();
  case Policy::Budget:
    return emitTakenByRank([&](Indices x) { return budget(x); });
  case Policy::TopK:
  case Policy::HeavyHitter:
  case Policy::Measure:
    return emitTakenByRank([&](Indices) { return e.index(op.getK()); });
  }
  return {};
}

/// Forced or taken, and at most `max` of them.
Value SelectDecomposition::emitMarked() {
  Value taken = emitTaken();
  Value wanted = e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    return e.read(taken, x) | isForced(x, x[3]);
  });
  return e.compute(sizes, e.b.getI1Type(), [&](Indices x) {
    Expr rank = rankOf(x, p, [&](Expr j) { return at(wanted, x, j); });
    return e.read(wanted, x) & (rank < e.extent(op.getIndices(), 3));
  });
}

SmallVector<Value> SelectDecomposition::run() {
  emitEligible();
  emitWeights();
  Value marked = emitMarked();
  auto isMarked = [&](Indices x, Expr j) { return at(marked, x, j); };
  // The block at position t of the list; 0 past the count, where the op leaves
  // the contents open.
  Value indices = e.computeInto(op.getIndices(), [&](Indices x) {
    return e.loop(zero(), numBlocks(), {zero(), zero()},
                  [&](Expr j, ArrayRef<Expr> now) -> SmallVector<Expr> {
                    Expr here = isMarked(x, j);
                    return {select(here & (now[1] == x[3]), j, now[0]),
                            select(here, now[1] + 1, now[1])};
                  })[0];
  });
  Value counts = e.computeInto(op.getCounts(), [&](Indices x) {
    return e.count(zero(), numBlocks(), [&](Expr j) { return isMarked(x, j); });
  });
  Value mass = e.compute(ArrayRef(sizes).drop_back(), e.b.getF32Type(), [&](Indices x) {
    Expr total = e.sum(zero(), numBlocks(), e.real(0), [&](Expr j) {
      return select(isMarked(x, j), at(p, x, j), e.real(0));
    });
    return min(max(total, e.real(0)), e.real(1));
  });
  Value massOut = e.computeInto(op.getMass(), [&](Indices x) { return e.read(mass, x); });
  Value queries = e.computeInto(op.getQueries(), [&](Indices x) {
    return emitQueries(e, op.getIterationsOrDefault(), e.read(mass, x));
  });
  return {indices, counts, massOut, queries};
}

SmallVector<Value> decompose(OpBuilder &b, AmplifiedSelectOp op) {
  return SelectDecomposition(b, op).run();
}

} // namespace qsat
