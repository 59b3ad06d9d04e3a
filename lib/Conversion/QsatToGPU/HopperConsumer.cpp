//===- HopperConsumer.cpp - Computes with tiles in shared memory ----------===//

#include "HopperAttention.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Of a barrier that one group waits at and another arrives at.
static constexpr int64_t kTurnThreads = 256;

/// Whether one group starts its products while another does its softmax. Of lists,
/// query tiles are short and groups out of step: a turn would only make them wait
/// (measured: 1 % at all densities).
static bool takesTurns(const FlashOp &op) { return !op.isSparse; }

HopperAttention::HopperAttention(HopperBuilder &b, const FlashOp &op, const HopperPlan &plan,
                                 const HopperArguments &args, ValueRange captures, Value shared)
    : b(b), op(op), plan(plan), args(args),
      scoreTile(b, op, args.mask, args.region, captures, args.rows, args.keys),
      keyWalk(b, op, scoreTile, args.mask, args.lists, args.keys, plan.parts(), plan.blockKeys),
      element(cast<FloatType>(cast<MemRefType>(op.q.getType()).getElementType())),
      softmax(b, scoreTile, element), shared(shared) {}

void HopperAttention::build() {
  thread = b.threadId();
  warpgroup = b.uniform(b.shiftRight(thread, 7));
  b.when(b.equal(thread, 0), [&] { initBarriers(); });
  b.syncBlock();
  b.when(b.equal(warpgroup, 0), [&] { produce(); }, [&] { consume(); });
}

/// One arrival for each warp: its lanes are in step.
void HopperAttention::arriveWarp(Value barrier) {
  b.when(isFirstLane, [&] { b.arrive(barrier); });
}

void HopperAttention::beginConsuming() {
  b.takeRegisters(plan.consumerRegisters);
  group = b.sub(warpgroup, 1);
  inGroup = b.bitAnd(thread, 127);
  lane = b.bitAnd(thread, 31);
  isFirstLane = b.equal(lane, 0);
  rowInTile = firstRowOf(inGroup);
  column = b.shiftLeft(b.bitAnd(lane, 3), 1);
  queriesDescriptor = b.descriptor(b.add(at(plan.q), b.mul(group, plan.queryBytes())));

  if (takesTurns(op)) // it is the first group's
    b.when(b.equal(group, plan.groups - 1), [&] { b.arriveNamed(b.i32(1), kTurnThreads); });
}

void HopperAttention::consume() {
  beginConsuming();
  Value zero = b.i32(0);
  b.loopWhile(
      {zero, zero, zero},
      [&](ValueRange values) -> DeviceBuilder::Test {
        b.wait(at(plan.fullQ()), values[0]);
        Value count = b.loadShared(at(plan.countSlot()));
        Values forward{count};
        llvm::append_range(forward, values);
        return {b.cmp(arith::CmpIPredicate::sge, count, zero), forward};
      },
      [&](ValueRange values) -> Values {
        Value head = b.loadShared(at(plan.headSlot())), firstRow = b.loadShared(at(plan.rowSlot()));
        Ring ring = consumeTile(values[0], {values[2], values[3]}, head, firstRow);
        return {b.bitXor(values[1], 1), ring.stage, ring.phase};
      });
  b.waitStores();
}

/// Of the two rows of thread `number` of the group.
Value HopperAttention::firstRowOf(Value number) {
  Value warp = b.shiftRight(number, 5), row = b.shiftRight(b.bitAnd(number, 31), 2);
  return b.add(b.add(b.mul(group, 64), b.shiftLeft(warp, 4)), row);
}

/// The thread's number again, where a tile ends: addresses that follow from the one
/// that is known before would stay in registers while products need them.
Value HopperAttention::numberAgain() { return b.exchange(inGroup, 0); }

Values HopperAttention::State::flatten() const {
  Values values{m[0], m[1], l[0], l[1]};
  llvm::append_range(values, p);
  llvm::append_range(values, o);
  return values;
}

HopperAttention::State HopperAttention::State::unflatten(ValueRange values, int64_t pairs) {
  return {{{values[0], values[1]}, {values[2], values[3]}},
          Values(values.slice(4, pairs)),
          Values(values.drop_front(4 + pairs))};
}

/// While one group's products run, another does its softmax. Barrier g + 1 is
/// for the turn of group g.
void HopperAttention::waitTurn() {
  if (takesTurns(op))
    b.syncNamed(b.add(group, 1), kTurnThreads);
}

void HopperAttention::passTurn() {
  if (!takesTurns(op))
    return;
  Value isLast = b.equal(group, plan.groups - 1);
  b.arriveNamed(b.select(isLast, b.i32(1), b.add(group, 2)), kTurnThreads);
}

ScoreTile::Place HopperAttention::placeOf(ValueRange firstKeys, Value head, Value firstRow) {
  ScoreTile::Place place{Values(firstKeys), plan.blockKeys, firstRow, b.add(firstRow, plan.rows() - 1), {}, column,
                         {}, {}};
  place.row[0] = b.add(firstRow, rowInTile);
  place.row[1] = b.add(place.row[0], 8);
  if (op.region) {
    place.batch = b.div(head, args.heads);
    place.head[0] = place.head[1] = b.rem(head, args.heads);
  }
  return place;
}

/// S = Q K^T of the stage, started.
Values HopperAttention::startScores(Ring ring) {
  Value keys = b.descriptor(at(plan.k, ring.stage, plan.keyBytes()));
  return b.startProduct(queriesDescriptor, keys, plan.keys, plan.width, element);
}

/// O += P V of the stage, started.
void HopperAttention::startWeightedSum(Ring ring, State &state) {
  b.wait(at(plan.fullV(), ring.stage, 8), ring.phase);
  Value values = b.descriptor(at(plan.v, ring.stage, plan.valueBytes()),
                              plan.keys * HopperBuilder::kPanelBytes);
  state.o = b.startUpdate(state.o, state.p, values, plan.keys, plan.valueWidth, element);
}

HopperAttention::Ring HopperAttention::consumeTile(Value count, Ring ring, Value head, Value firstRow) {
  auto readKeys = [&](Ring ring) {
    Values keys;
    for (int64_t part = 0; part < plan.parts(); ++part)
      keys.push_back(
          b.loadShared(at(plan.keySlots() + 4 * part, ring.stage, 4 * plan.parts())));
    return keys;
  };

  State state;
  b.wait(at(plan.fullK(), ring.stage, 8), ring.phase);
  Values scores = startScores(ring), keys = readKeys(ring);
  b.waitProducts(0);
  arriveWarp(at(plan.emptyK(), ring.stage, 8));
  scores = scoreTile.modify(scores, placeOf(keys, head, firstRow));
  state.p = softmax.start(scores, state);
  state.o.assign(plan.valueWidth / 2, b.f32(0.0));

  // Carried: the place of the last tile, whose values are still to be added.
  Values carried{ring.stage, ring.phase};
  llvm::append_range(carried, state.flatten());
  Values last = b.loop(b.i32(1), count, carried, [&](Value, ValueRange values) -> Values {
    Ring ring{values[0], values[1]}, ahead = next(ring);
    State state = State::unflatten(values.drop_front(2), plan.keys / 4);
    b.wait(at(plan.fullK(), ahead.stage, 8), ahead.phase);
    waitTurn();
    Values scores = startScores(ahead), keys = readKeys(ahead);
    startWeightedSum(ring, state);
    passTurn();
    b.waitProducts(1);
    arriveWarp(at(plan.emptyK(), ahead.stage, 8));
    scores = scoreTile.modify(scores, placeOf(keys, head, firstRow));
    b.waitProducts(0); // the update reads the last weights
    arriveWarp(at(plan.emptyV(), ring.stage, 8));
    state.p = softmax.update(scores, state, state.o);
    Values result{ahead.stage, ahead.phase};
    llvm::append_range(result, state.flatten());
    return result;
  });
  ring = {last[0], last[1]};
  state = State::unflatten(ValueRange(last).drop_front(2), plan.keys / 4);

  if (plan.hasOutputArea()) // no product with these queries is left
    arriveWarp(at(plan.emptyQ()));
  startWeightedSum(ring, state);
  Value sums[2];
  for (auto [sum, partial] : llvm::zip_equal(sums, state.l))
    sum = scoreTile.sumOfRow(partial);
  b.waitProducts(0);
  arriveWarp(at(plan.emptyV(), ring.stage, 8));
  finish(state, sums, head, firstRow);
  return next(ring);
}

void HopperAttention::finish(const State &state, ArrayRef<Value> sums, Value head, Value firstRow) {
  storeStatistics(state, sums, head, firstRow);
  Value zero = b.f32(0.0);
  Values o = state.o;
  for (auto [row, sum] : llvm::enumerate(sums)) {
    Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
    Value factor = b.select(isEmpty, zero, b.reciprocal(sum));
    for (size_t i = 0; i < o.size(); ++i)
      if (i / 2 % 2 == row)
        o[i] = b.mulf(o[i], factor);
  }
  storeOutput(o, head, firstRow);
}

/// lse = (m + log2 l) ln 2, -inf where a row saw nothing; kept = 1, or 0 there.
void HopperAttention::storeStatistics(const State &state, ArrayRef<Value> sums, Value head,
                                      Value firstRow) {
  if (!args.lse && !args.kept)
    return;
  Value number = numberAgain(), isFirstOfRow = b.equal(b.bitAnd(number, 3), 0);
  for (int64_t r = 0; r < 2; ++r) {
    Value row = b.add(b.add(firstRow, firstRowOf(number)), 8 * r);
    b.when(b.both(isFirstOfRow, b.less(row, args.rows)), [&] {
      Value place = b.createOrFold<arith::MulIOp>(b.extend(head), b.extend(args.rows));
      place = b.createOrFold<arith::AddIOp>(place, b.extend(row));
      if (args.lse)
        b.store(scoreTile.logSumExp(state.m[r], sums[r]), args.lse, place);
      if (args.kept) {
        Value isEmpty = b.cmpf(arith::CmpFPredicate::OEQ, sums[r], b.f32(0.0));
        b.store(b.select(isEmpty, b.f32(0.0), b.f32(1.0)), args.kept, place);
      }
    });
  }
}

/// O of the group to its area, in the swizzle of the copy engine, and from
/// there to memory, which clips rows past the end.
void HopperAttention::storeOutput(ValueRange o, Value head, Value firstRow) {
  Value number = numberAgain(), lane = b.bitAnd(number, 31);
  Value isStoring = b.equal(number, 0), area = b.add(at(plan.o), b.mul(group, plan.outputBytes()));
  Value barrier = b.add(group, 1 + plan.groups);
  if (plan.hasOutputArea()) { // the last store must have read it
    b.when(isStoring, [&] { b.waitStoresRead(); });
    b.syncNamed(barrier, 128);
  }
  Value warp = b.shiftRight(number, 5);
  Value row = b.add(b.shiftLeft(warp, 4), b.bitAnd(lane, 15)), half = b.shiftRight(lane, 4);
  Value rowAddress = b.add(area, b.mul(row, HopperBuilder::kPanelBytes));
  Value swizzle = b.bitAnd(row, 7);
  for (int64_t chunk = 0; chunk < plan.valueWidth / 8; chunk += 2) {
    Values pairs;
    for (int64_t c = chunk; c < chunk + 2; ++c)
      for (int64_t r = 0; r < 2; ++r)
        pairs.push_back(b.pack(o[4 * c + 2 * r], o[4 * c + 2 * r + 1], element));
    Value panel = b.add(rowAddress, chunk / 8 * 64 * HopperBuilder::kPanelBytes);
    Value place = b.bitXor(b.add(half, chunk % 8), swizzle);
    b.storeMatrices(b.add(panel, b.shiftLeft(place, 4)), pairs);
  }
  b.fenceForCopies();
  b.syncNamed(barrier, 128);
  b.when(isStoring, [&] {
    Value zero = b.i32(0), first = b.add(firstRow, b.mul(group, 64));
    b.storeBox(args.o, area, {zero, first, zero, b.rem(head, args.heads), b.div(head, args.heads)});
    b.commitStores();
    if (!plan.hasOutputArea()) { // O lies where Q was
      b.waitStoresRead();
      b.arrive(at(plan.emptyQ()));
    }
  });
}
