//===- FlashTiles.cpp - The steps of attention on AMX tiles ---------------===//
// A panel is worked off in strips of 32 rows. For one strip and one block of
// keys, 32 keys at a time (t), with the maxima m that earlier keys left:
//
//   S = Q K_t^T          buildScoreTiles   into a ring of two slots of 4 KB
//   P_t = 2^(c S - m)    buildWeights      of t - 1, between the products of t
//   l_block, 2^40 ?      a row that outgrew its m shows as a huge, infinite or
//                        NaN sum: m is raised (raiseMaxima), o and l are
//                        rescaled, and the block is repeated, once
//   o += P V             accumulateGroups  over the whole block
//
// There is no pass over the scores for maxima, and as a rule no rescaling. The
// scores never leave the nearest cache. Tile loads, products and vector code keep
// the order in which they are emitted, which is what interleaves them.

#include "FlashKernel.h"
#include "Lowering.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "llvm/Support/MathExtras.h"

#include <functional>
#include <limits>
#include <memory>

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;
using Steps = SmallVector<std::function<void()>>;

/// Rows of a strip and keys of a group, and of a tile.
static constexpr int64_t kSide = kTileSide, kTile = 16;

namespace qsat {
/// Emits the code for one strip.
class StripBuilder {
public:
  StripBuilder(FlashKernel &kernel, const KeyTile &tile, Value strip);
  /// Nothing happens where no row sees any of the keys.
  void buildIfSeen() {
    kb.when(kb.less(start, end), [&] { build(); });
  }

private:
  void build();
  /// The logits of row r of group t, by what has to be done to its scores.
  Values logits(Value t, Value slot, Value r) {
    auto general = [&] { return generalLogits(t, slot, r); };
    auto plain = [&] { return plainLogits(slot, r); };
    if (kernel.op.region)
      return general();
    return hidden ? kb.choose(kb.less(t, hidden), plain, general) : plain();
  }
  /// The slot of the scores of group t.
  Value slotOf(Value t) { return kb.rem(kb.sub(t, start), 2); }

  void buildPass();
  void buildPipeline(Value end);
  Steps outputSteps(Value t);
  Steps scoreSteps(Value t, Value slot);
  void buildScoreTiles(Value t, Value slot) { run({scoreSteps(t, slot)}); }
  void buildWeights(Value t, Value slot, Value r, ArrayRef<Value> logits);
  Values plainLogits(Value slot, Value r);
  Values generalLogits(Value t, Value slot, Value r);
  void forgetMaxima();
  void noteMaxima(Value t, Value slot);
  void raiseMaxima();
  Value outgrew();
  void accumulateGroups(Value start, Value end);
  void run(ArrayRef<Steps> lists);

  /// The packed group number t of the tile.
  Value groupOf(Value t) {
    return tile.gathered ? kb.load(tile.gathered, {t}) : kb.add(tile.group, t);
  }
  Value loadTile(Type element, Value memref, ValueRange at);
  Value multiply(Value a, Value b, Value c) {
    return amx::TileMulFOp::create(kb, kb.getLoc(), c.getType(), a, b, c);
  }
  amx::TileType getTile(Type element) const {
    return amx::TileType::get({kTile, element == f32 ? kTile : 2 * kTile}, element);
  }

  FlashKernel &kernel;
  KernelBuilder &kb;
  const KeyTile &tile;
  FlashKernel::TileScratch scratch;
  Value strip;        ///< its first row, of the panel
  Value start, end;   ///< groups of the tile that any of its rows may see
  Value hidden;       ///< from this group on a row may not see all keys; null if none
  FloatType operand, f32; ///< of Q, K, V and P, and of sums
};
} // namespace qsat

StripBuilder::StripBuilder(FlashKernel &kernel, const KeyTile &tile, Value strip)
    : kernel(kernel), kb(kernel.kb), tile(tile), scratch(kernel.tiles), strip(strip),
      operand(kernel.shape.operand), f32(kb.getF32Type()) {
  Value zero = kb.index(0);
  Value first = kb.add(kernel.firstRow, strip);
  Value rows = kb.min(kb.sub(kernel.numRows, strip), kb.index(kSide));
  if (tile.gathered) {
    start = zero;
    end = tile.numGathered;
    return;
  }
  auto [lowest, highest] = kernel.boundsOf(first, kb.sub(kb.add(first, rows), kb.index(1)));
  VisibleKeys top = kernel.mask.visibleTo(lowest);
  VisibleKeys bottom = kernel.mask.visibleTo(highest);
  Value high = kb.min(kb.min(kb.add(tile.first, kernel.shape.keys), tile.limit), bottom.high);
  end = kb.ceilDiv(kb.max(kb.sub(high, tile.first), zero), kSide);
  hidden = kb.div(kb.max(kb.sub(kb.min(tile.limit, top.high), tile.first), zero), kSide);
  start = zero;
  if (kernel.mask.hasWindow()) {
    Value below = kb.div(kb.max(kb.sub(top.low, tile.first), zero), kSide);
    start = kb.select(kb.less(tile.first, kernel.mask.getSinks()), zero, below);
    Value isBelow = kb.both(kb.less(tile.first, bottom.low),
                            kb.less(kernel.mask.getSinks(), kb.add(tile.first, kb.mul(end, kSide))));
    hidden = kb.select(isBelow, start, hidden);
  }
  if (kernel.op.region) // all scores change
    hidden = start;
  hidden = kb.clamp(hidden, start, end);
}

Value StripBuilder::loadTile(Type element, Value memref, ValueRange at) {
  return amx::TileLoadOp::create(kb, kb.getLoc(), getTile(element), memref, at);
}

/// Emits the steps of all lists, in turn in proportion to their numbers.
void StripBuilder::run(ArrayRef<Steps> lists) {
  size_t most = 0;
  for (const Steps &list : lists)
    most = std::max(most, list.size());
  for (size_t t = 0; t < most; ++t)
    for (const Steps &list : lists)
      for (size_t i = t * list.size() / most; i < (t + 1) * list.size() / most; ++i)
        list[i]();
}

/// S [2,32,16] of the slot = Q [32,D] K^T of group t: one step for each product.
Steps StripBuilder::scoreSteps(Value t, Value slot) {
  struct State {
    Values sums;
    Value group, a[2], b[2];
  };
  auto state = std::make_shared<State>();
  int64_t chunks = kernel.shape.operandWidth / kSide;
  Steps steps;
  for (int64_t chunk = 0; chunk < chunks; ++chunk)
    for (int64_t n = 0; n < 4; ++n)
      // In the order (a0,b0) (a1,b0) (a0,b1) (a1,b1).
      steps.push_back([=] {
        int64_t row = n % 2, column = n / 2;
        if (chunk == 0 && n == 0)
          state->group = kb.mul(groupOf(t), 2);
        if (chunk == 0) // one zero each: a copy of a tile goes through memory
          state->sums.push_back(amx::TileZeroOp::create(kb, kb.getLoc(), getTile(f32)));
        if (column == 0)
          state->a[row] = loadTile(operand, kernel.panel,
                                   {kb.add(strip, row * kTile), kb.index(chunk * kSide)});
        if (row == 0)
          state->b[column] =
              loadTile(operand, tile.keys.memref,
                       tile.keys.at({kb.add(state->group, column), kb.index(chunk * kTile),
                                     kb.index(0)}));
        state->sums[n] = multiply(state->a[row], state->b[column], state->sums[n]);
        if (chunk == chunks - 1)
          amx::TileStoreOp::create(
              kb, kb.getLoc(), scratch.scores,
              ValueRange{slot, kb.index(column), kb.index(row * kTile), kb.index(0)},
              state->sums[n]);
      });
  return steps;
}

/// Both vectors of raw scores of row r.
Values StripBuilder::plainLogits(Value slot, Value r) {
  Values scores;
  for (int64_t half : {0, 1})
    scores.push_back(kb.loadVector(scratch.scores, {slot, kb.index(half), r, kb.index(0)}, kTile));
  return scores;
}

/// The same after region and mask. What is hidden is -inf.
Values StripBuilder::generalLogits(Value t, Value slot, Value r) {
  Values scores = plainLogits(slot, r);
  // Rows past the last valid one read what that one may read.
  Value valid = kb.min(kb.add(strip, r), kb.sub(kernel.numRows, kb.index(1)));
  Value row = kb.add(kernel.firstRow, valid);
  VisibleKeys visible = kernel.mask.visibleTo(kernel.rowOf(row));
  Value none = kb.constant(kb.vec(f32, kTile), -INFINITY);
  Value begin = kb.add(tile.first, kb.mul(t, kSide));
  for (auto [half, z] : llvm::enumerate(scores)) {
    Value key = kb.add(begin, half * kTile);
    auto bound = [&](Value limit) {
      Value place = kb.clamp(kb.sub(limit, key), kb.index(0), kb.index(kTile));
      return kb.splat(kb.toI32(place), kTile);
    };
    if (kernel.op.region)
      z = kernel.applyRegion(z, row, key, tile.limit);
    Value isSeen = kb.less(kb.iota(kTile), bound(kb.min(visible.high, tile.limit)));
    if (kernel.mask.hasWindow()) {
      Value isAfter = kb.cmp(arith::CmpIPredicate::sge, kb.iota(kTile), bound(visible.low));
      Value isSink = kb.less(kb.iota(kTile), bound(kernel.mask.getSinks()));
      isSeen = kb.both(isSeen, kb.either(isAfter, isSink));
    }
    z = kb.select(isSeen, z, none);
  }
  return scores;
}

/// P [t,r] = 2^(c logits - m), and their sum to the sums of the block: not rounded, but
/// of a reference as P is.
void StripBuilder::buildWeights(Value t, Value slot, Value r, ArrayRef<Value> logits) {
  Value m = kb.load(kernel.maxima, {kb.add(strip, r)});
  // Negated as a vector: the product then subtracts m from memory.
  Value minus = kb.negf(kb.splat(m, kTile));
  Value sum = kb.loadVector(scratch.sums, {r, kb.index(0)}, kTile);
  Values weights;
  for (Value z : logits) {
    bool isScaled = kernel.op.region || !kernel.factor;
    Value x = isScaled ? kb.addf(z, minus) : kb.fma(z, kb.splat(kernel.factor, kTile), minus);
    // The factors of o cancel what is wrong with 2^x in the mean; lse would show it.
    weights.push_back(kb.exp2ForBF16(x, /*isCoarse=*/operand.isBF16() && !kernel.lse));
  }
  Value pairs = kb.roundPair(weights[0], weights[1], operand);
  if (kernel.op.isReference)
    sum = kb.dotPairs(pairs, kb.constant(pairs.getType(), 1.0), sum);
  else
    sum = kb.addf(sum, kb.addf(weights[0], weights[1]));
  kb.storeVector(pairs, scratch.weights, {t, r, kb.index(0)});
  kb.storeVector(sum, scratch.sums, {r, kb.index(0)});
}

/// Asks for a few rows of o for each group of keys: after a short list, waiting for them
/// in the end would show (of 3 and 6 blocks of 128 keys, D = 128, it is 2 to 5 %).
Steps StripBuilder::outputSteps(Value t) {
  constexpr int64_t kRows = 4;
  Steps steps;
  if (!kernel.op.isSparse)
    return steps;
  Value first = kb.add(strip, kb.mul(kb.sub(t, start), kRows));
  Value last = kb.sub(kernel.numRows, kb.index(1));
  int64_t perLine = 512 / cast<MemRefType>(kernel.o.getType()).getElementTypeBitWidth();
  for (int64_t n = 0; n < kRows; ++n)
    for (int64_t d = 0; d < kernel.shape.valueWidth; d += perLine)
      steps.push_back([=, this] {
        Value row = kb.add(kernel.firstRow, kb.min(kb.add(first, n), last));
        memref::PrefetchOp::create(kb, kb.getLoc(), kernel.o,
                                   ValueRange{kernel.batch, kernel.head, row, kb.index(d)},
                                   /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
      });
  return steps;
}

/// The groups [start, end), at least one, of which every row sees all: the weights of
/// t - 1 between the products of t. The scores of the first are in their slot.
void StripBuilder::buildPipeline(Value end) {
  auto weightSteps = [&](Value t, Value slot) {
    Steps steps;
    for (int64_t r = 0; r < kSide; ++r)
      steps.push_back([=] {
        Value row = kb.index(r);
        buildWeights(t, slot, row, plainLogits(slot, row));
      });
    return steps;
  };
  Value last = kb.sub(end, kb.index(1));
  kb.loop(start, last, 1, [&](Value t) {
    Value next = kb.add(t, 1);
    run({scoreSteps(next, slotOf(next)), weightSteps(t, slotOf(t)), outputSteps(t)});
  });
  run({weightSteps(last, slotOf(last))});
}

/// Weights and their sums of all groups. The scores of the first are in their slot.
void StripBuilder::buildPass() {
  Value zeros = kb.constant(kb.vec(f32, kTile), 0.0);
  for (int64_t r = 0; r < kSide; ++r)
    kb.storeVector(zeros, scratch.sums, {kb.index(r), kb.index(0)});
  if (!hidden)
    return buildPipeline(end);
  if (!kernel.op.region)
    kb.when(kb.less(start, hidden), [&] { buildPipeline(hidden); });
  kb.loop(hidden, end, 1, [&](Value t) {
    Value slot = slotOf(t);
    buildScoreTiles(t, slot);
    kb.loop(0, kSide, 1, [&](Value r) { buildWeights(t, slot, r, generalLogits(t, slot, r)); });
  });
}

void StripBuilder::forgetMaxima() {
  Value lowest = kb.constant(kb.vec(f32, kTile), -INFINITY);
  kb.loop(0, kSide, 1,
          [&](Value r) { kb.storeVector(lowest, scratch.highest, {r, kb.index(0)}); });
}

/// highest [r] = max(highest [r], logits of group t), whose scores are in the slot,
/// lane by lane.
void StripBuilder::noteMaxima(Value t, Value slot) {
  kb.loop(0, kSide, 1, [&](Value r) {
    Value highest = kb.loadVector(scratch.highest, {r, kb.index(0)}, kTile);
    for (Value z : logits(t, slot, r))
      highest = kb.maxf(z, highest);
    kb.storeVector(highest, scratch.highest, {r, kb.index(0)});
  });
}

/// m = max(m, c highest), whole numbers; o and l follow. 16 rows at a time.
void StripBuilder::raiseMaxima() {
  Value least = kb.constant(kb.vec(f32, kTile), -std::numeric_limits<float>::max());
  Value one = kb.constant(kb.vec(f32, kTile), 1.0), zero = kb.index(0);
  kb.loop(0, kSide, kTile, [&](Value r) {
    Values rows;
    for (int64_t n = 0; n < kTile; ++n)
      rows.push_back(kb.loadVector(scratch.highest, {kb.add(r, n), zero}, kTile));
    Value highest = kb.reduceMaxEach(rows);
    if (kernel.factor && !kernel.op.region)
      highest = kb.mulf(highest, kb.splat(kernel.factor, kTile));
    Value first = kb.add(strip, r);
    Value before = kb.loadVector(kernel.maxima, {first}, kTile);
    Value after = kb.maxf(kb.ceil(highest), before);
    kb.storeVector(after, kernel.maxima, {first});
    // o and l of a row that has seen nothing are 0.
    Value rises = kb.both(kb.cmpf(arith::CmpFPredicate::OGT, before, least),
                          kb.cmpf(arith::CmpFPredicate::OGT, after, before));
    kb.when(kb.any(rises), [&] {
      Value alphas = kb.select(rises, kb.exp2(kb.subf(before, after)), one);
      kb.storeVector(alphas, scratch.highest, {r, zero});
      kb.loop(0, kTile, 1, [&](Value n) {
        Value row = kb.add(first, n);
        Value alpha = kb.splat(kb.load(scratch.highest, {r, n}), kTile);
        kb.loop(0, kernel.shape.paddedWidth, kTile, [&](Value d) {
          Value o = kb.loadVector(kernel.out, {row, d}, kTile);
          kb.storeVector(kb.mulf(o, alpha), kernel.out, {row, d});
        });
        Value l = kb.loadVector(kernel.sums, {row, zero}, kTile);
        kb.storeVector(kb.mulf(l, alpha), kernel.sums, {row, zero});
      });
    });
  });
}

/// True when a sum of the block is above 2^40 (2^15 where weights are f16, the largest
/// of which is just below 2^16), infinite or NaN.
Value StripBuilder::outgrew() {
  Values level;
  for (int64_t r = 0; r < kSide; ++r)
    level.push_back(kb.loadVector(scratch.sums, {kb.index(r), kb.index(0)}, kTile));
  for (; level.size() > 1; level.resize(level.size() / 2))
    for (size_t i = 0; i < level.size() / 2; ++i)
      level[i] = kb.addf(level[i], level[i + level.size() / 2]);
  Value limit = kb.constant(kb.vec(f32, kTile), operand.isF16() ? 0x1p15 : 0x1p40);
  return kb.any(kb.cmpf(arith::CmpFPredicate::UGT, level[0], limit));
}

/// out [32,Dv] += P [32,keys] V of the groups [start, end), 2x2 tiles at a time.
void StripBuilder::accumulateGroups(Value start, Value end) {
  kb.loop(0, llvm::alignTo(kernel.shape.valueWidth, kSide), kSide, [&](Value column) {
    Value chunk = kb.div(column, kTile);
    SmallVector<Values, 4> places;
    Values init;
    for (int64_t n = 0; n < 4; ++n) {
      places.push_back({kb.add(strip, n % 2 * kTile), kb.add(column, n / 2 * kTile)});
      init.push_back(loadTile(f32, kernel.out, places.back()));
    }
    Values result = kb.loop(start, end, 1, init, [&](Value t, ValueRange sums) -> Values {
      Value row = kb.mul(groupOf(t), kTile);
      auto weights = [&](int64_t half) {
        return loadTile(operand, scratch.weights, {t, kb.index(half * kTile), kb.index(0)});
      };
      auto values = [&](int64_t half) {
        return loadTile(operand, tile.values.memref,
                        tile.values.at({kb.add(chunk, half), row, kb.index(0)}));
      };
      Value p0 = weights(0), v0 = values(0);
      Value o0 = multiply(p0, v0, sums[0]);
      Value p1 = weights(1);
      Value o1 = multiply(p1, v0, sums[1]);
      Value v1 = values(1);
      return {o0, o1, multiply(p0, v1, sums[2]), multiply(p1, v1, sums[3])};
    });
    for (auto [place, sum] : llvm::zip_equal(places, result))
      amx::TileStoreOp::create(kb, kb.getLoc(), kernel.out, place, sum);
  });
}

void StripBuilder::build() {
  // Rows that have seen nothing yet take their first m from one group.
  Value least = kb.constant(kb.vec(f32, kTile), -std::numeric_limits<float>::max());
  Value isNew;
  for (int64_t half : {0, 1}) {
    Value m = kb.loadVector(kernel.maxima, {kb.add(strip, half * kTile)}, kTile);
    Value equal = kb.cmpf(arith::CmpFPredicate::OEQ, m, least);
    isNew = isNew ? kb.either(isNew, equal) : equal;
  }
  Value slot = slotOf(start);
  buildScoreTiles(start, slot);
  kb.when(kb.any(isNew), [&] {
    forgetMaxima();
    noteMaxima(start, slot);
    raiseMaxima();
  });

  Location loc = kb.getLoc();
  Type i1 = kb.getI1Type();
  Value yes = arith::ConstantOp::create(kb, loc, kb.getBoolAttr(true));
  Value no = arith::ConstantOp::create(kb, loc, kb.getBoolAttr(false));
  auto loop = scf::WhileOp::create(kb, loc, TypeRange{i1}, ValueRange{yes});
  {
    OpBuilder::InsertionGuard guard(kb);
    Block *before = kb.createBlock(&loop.getBefore(), {}, {i1}, {loc});
    kb.setInsertionPointToStart(before);
    buildPass();
    Value again = kb.both(outgrew(), before->getArgument(0));
    scf::ConditionOp::create(kb, loc, again, ValueRange{again});
    Block *after = kb.createBlock(&loop.getAfter(), {}, {i1}, {loc});
    kb.setInsertionPointToStart(after);
    forgetMaxima();
    kb.loop(start, end, 1, [&](Value t) {
      buildScoreTiles(t, slot);
      noteMaxima(t, slot);
    });
    raiseMaxima();
    buildScoreTiles(start, slot);
    scf::YieldOp::create(kb, loc, ValueRange{no});
  }
  for (int64_t r = 0; r < kSide; ++r) {
    Value row = kb.add(strip, r), zero = kb.index(0);
    Value l = kb.loadVector(kernel.sums, {row, zero}, kTile);
    Value sum = kb.loadVector(scratch.sums, {kb.index(r), zero}, kTile);
    kb.storeVector(kb.addf(l, sum), kernel.sums, {row, zero});
  }
  // A part of P at a time, which all columns of V find in the nearest cache.
  constexpr int64_t kGroups = 8;
  kb.loop(start, end, kGroups,
          [&](Value first) { accumulateGroups(first, kb.min(kb.add(first, kGroups), end)); });
}

//===----------------------------------------------------------------------===//
// Choosing tiles
//===----------------------------------------------------------------------===//

PanelKernels::PanelKernels(KernelBuilder &kb, LoweringContext &context, Operation *op,
                           StringRef name, const FlashShape &shape,
                           function_ref<func::FuncOp(StringRef, const FlashShape &)> emit) {
  FlashShape plain = shape.withoutTiles();
  kernel = context.kernels.get(op, name, [&] { return emit(name, plain); });
  if (!shape.usesTiles)
    return;
  // In a function of its own: the body of a parallel loop has no branches when it
  // is lowered to OpenMP.
  std::string tiled = (name + "_amx").str(), either = (name + "_either").str();
  func::FuncOp withTiles = context.kernels.get(op, tiled, [&] { return emit(tiled, shape); });
  func::FuncOp withoutTiles = kernel;
  kernel = context.kernels.get(op, either, [&] {
    SmallVector<Type> types{kb.getI1Type()};
    llvm::append_range(types, withTiles.getArgumentTypes());
    return kb.function(context.module, either, types, [&](ValueRange args) {
      auto call = [&](func::FuncOp function) {
        func::CallOp::create(kb, kb.getLoc(), function, args.drop_front());
        return Values();
      };
      kb.choose(args[0], [&] { return call(withTiles); }, [&] { return call(withoutTiles); });
    });
  });
  hasTiles = requestAMX(kb);
}

void PanelKernels::call(KernelBuilder &kb, ValueRange arguments) const {
  Values all;
  if (hasTiles)
    all.push_back(hasTiles);
  llvm::append_range(all, arguments);
  func::CallOp::create(kb, kb.getLoc(), kernel, all);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void FlashKernel::beginTiles() {
  FloatType f32 = kb.getF32Type();
  tiles.scores = kb.scratch({2, 2, kSide, kTile}, f32);
  int64_t groups = std::max(shape.keys, shape.gatheredKeys) / kSide;
  tiles.weights = kb.scratch({groups, kSide, kSide}, shape.operand);
  tiles.sums = kb.scratch({kSide, kTile}, f32);
  tiles.highest = kb.scratch({kSide, kTile}, f32);
  if (shape.gatheredKeys > 0)
    tiles.gathered = kb.scratch({shape.gatheredKeys / kSide}, kb.getIndexType());
}

void FlashKernel::visitTiles(const KeyTile &tile) {
  kb.loop(kb.index(0), paddedRows, kSide, [&](Value strip) {
    StripBuilder builder(*this, tile, strip);
    builder.buildIfSeen();
  });
}
