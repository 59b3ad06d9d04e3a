//===- HopperProducer.cpp - Brings tiles to shared memory -----------------===//

#include "HopperAttention.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

void HopperAttention::initBarriers() {
  int64_t warps = 4 * plan.groups;
  b.initBarrier(at(plan.fullQ()), 1);
  b.initBarrier(at(plan.emptyQ()), plan.hasOutputArea() ? warps : plan.groups);
  for (int64_t stage = 0; stage < plan.stages; ++stage) {
    b.initBarrier(at(plan.fullK() + 8 * stage), 1);
    b.initBarrier(at(plan.emptyK() + 8 * stage), warps);
    b.initBarrier(at(plan.fullV() + 8 * stage), 1);
    b.initBarrier(at(plan.emptyV() + 8 * stage), warps);
  }
  b.fenceBarrierInit();
  for (Value map : {args.q, args.k, args.v, args.o})
    if (map)
      b.prefetchMap(map);
}

HopperAttention::Ring HopperAttention::next(Ring ring) {
  Value one = b.i32(1);
  if (plan.stages == 1)
    return {ring.stage, b.bitXor(ring.phase, one)};
  Value stage = b.add(ring.stage, one), wraps = b.equal(stage, plan.stages);
  return {b.select(wraps, b.i32(0), stage),
          b.bitXor(ring.phase, b.select(wraps, one, b.i32(0)))};
}

/// Waits until the consumers are done with the last query tile, then tells them
/// of this one and loads its rows.
void HopperAttention::loadQueries(const QueryTile &tile, Value phase) {
  b.wait(at(plan.emptyQ()), b.bitXor(phase, 1));
  b.storeShared(tile.head, at(plan.headSlot()));
  b.storeShared(tile.firstRow, at(plan.rowSlot()));
  b.storeShared(tile.keys.count, at(plan.countSlot()));
  b.arriveExpecting(at(plan.fullQ()), plan.groups * plan.queryBytes());
  Value zero = b.i32(0);
  Value batch = b.div(tile.head, args.heads), head = b.rem(tile.head, args.heads);
  for (int64_t g = 0; g < plan.groups; ++g) {
    Value row = b.add(tile.firstRow, 64 * g);
    b.loadBox(at(plan.q + g * plan.queryBytes()), args.q, at(plan.fullQ()),
              {zero, row, zero, head, batch});
  }
}

/// Loads `keys` rows of K or V, `width` wide, into the stage's part of `area`.
void HopperAttention::loadTile(int64_t area, Value map, int64_t full, int64_t empty, int64_t width,
                               Ring ring, ValueRange firstKeys, Value head) {
  b.wait(at(empty, ring.stage, 8), b.bitXor(ring.phase, 1));
  Value barrier = at(full, ring.stage, 8);
  int64_t bytes = plan.keys * width * 2;
  if (full == plan.fullK()) // the keys' places ride on their barrier
    for (auto [part, key] : llvm::enumerate(firstKeys))
      b.storeShared(key, at(plan.keySlots() + 4 * part, ring.stage, 4 * plan.parts()));
  b.arriveExpecting(barrier, bytes);
  Value target = at(area, ring.stage, bytes), zero = b.i32(0);
  Value batch = b.div(head, args.heads);
  Value kvHead = b.div(b.rem(head, args.heads), args.kvShare);
  if (plan.parts() == 1)
    return b.loadBox(target, map, barrier, {zero, firstKeys[0], zero, kvHead, batch});
  // A panel holds the rows of all parts one after the other.
  for (auto [part, key] : llvm::enumerate(firstKeys)) {
    for (int64_t panel = 0; panel < width / HopperBuilder::kPanelColumns; ++panel) {
      int64_t row = panel * plan.keys + part * plan.blockKeys;
      b.loadBox(b.add(target, row * HopperBuilder::kPanelBytes), map, barrier,
                {zero, key, b.i32(panel), kvHead, batch});
    }
  }
}

/// K_0, then K_t and V_t-1, then the last V: as the consumers take them. Blocks
/// are looked up one tile ahead.
void HopperAttention::produceTile(const QueryTile &tile, Ring &ring) {
  auto loadKeys = [&](Ring ring, ValueRange keys) {
    loadTile(plan.k, args.k, plan.fullK(), plan.emptyK(), plan.width, ring, keys, tile.head);
  };
  auto loadValues = [&](Ring ring, ValueRange keys) {
    loadTile(plan.v, args.v, plan.fullV(), plan.emptyV(), plan.valueWidth, ring, keys, tile.head);
  };
  Values carried{ring.stage, ring.phase};
  Values first = firstKeys(tile, b.i32(0));
  loadKeys(ring, first);
  llvm::append_range(carried, first);
  llvm::append_range(carried, firstKeys(tile, b.i32(1)));
  Values last = b.loop(b.i32(1), tile.keys.count, carried, [&](Value t, ValueRange values) -> Values {
    Ring ring{values[0], values[1]}, ahead = next(ring);
    ValueRange previous = values.slice(2, plan.parts());
    ValueRange current = values.drop_front(2 + plan.parts());
    Values following = firstKeys(tile, b.add(t, 1));
    loadKeys(ahead, current);
    loadValues(ring, previous);
    Values result{ahead.stage, ahead.phase};
    llvm::append_range(result, current);
    llvm::append_range(result, following);
    return result;
  });
  ring = {last[0], last[1]};
  loadValues(ring, ValueRange(last).slice(2, plan.parts()));
  ring = next(ring);
}

void HopperAttention::produce() {
  b.releaseRegisters(plan.producerRegisters);
  b.when(b.equal(thread, 0), [&] {
    Value grid = b.gridSize(), zero = b.i32(0);
    Value total = b.mul(queryTiles(), args.allHeads), lastTile = b.sub(total, 1);
    Values last = b.loopWhile(
        {b.blockId(), zero, zero, zero},
        [&](ValueRange values) -> DeviceBuilder::Test {
          return {b.cmp(arith::CmpIPredicate::ult, values[0], total), llvm::to_vector(values)};
        },
        [&](ValueRange values) -> Values {
          QueryTile tile = decode(values[0]);
          Value phase = values[1];
          Ring ring{values[2], values[3]};
          loadQueries(tile, phase);
          // Counts to the last tile and wraps to 0: ready for the next launch.
          Value taken = b.create<LLVM::AtomicRMWOp>(LLVM::AtomicBinOp::uinc_wrap, args.counter,
                                                    lastTile, LLVM::AtomicOrdering::monotonic);
          produceTile(tile, ring);
          return {b.add(taken, grid), b.bitXor(phase, 1), ring.stage, ring.phase};
        });
    b.wait(at(plan.emptyQ()), b.bitXor(last[1], 1));
    b.storeShared(b.i32(-1), at(plan.countSlot()));
    b.arrive(at(plan.fullQ()));
  });
}
