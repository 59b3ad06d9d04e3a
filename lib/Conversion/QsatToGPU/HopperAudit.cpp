//===- HopperAudit.cpp - Attention of drawn rows, on warpgroups -----------===//

#include "../Constants.h"
#include "GatherRows.h"
#include "HopperAudit.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

void HopperAudit::build() {
  thread = b.threadId();
  warpgroup = b.uniform(b.shiftRight(thread, 7));
  b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::launch_dependents);
  findItem();
  Value isEmpty = b.equal(tile.keys.count, 0);
  b.when(isEmpty, [&] { storeNothing(); }, [&] {
    b.when(b.equal(thread, 0), [&] { initBarriers(); });
    b.syncBlock();
    b.when(
        b.equal(warpgroup, 0),
        [&] {
          b.releaseRegisters(plan.producerRegisters);
          b.when(b.equal(thread, 0), [&] {
            // Keys and values were there before the rows were drawn.
            Ring ring{b.i32(0), b.i32(0)};
            produceTile(tile, ring);
          });
        },
        [&] { consume(); });
  });
}

/// The last slots first: they see most keys under a causal mask.
void HopperAudit::findItem() {
  Value item = b.blockId(), kvHeads = b.div(args.heads, args.kvShare), allKvHeads = b.div(args.allHeads, args.kvShare);
  part = b.rem(item, audit.parts);
  Value rest = b.div(item, audit.parts), number = b.div(rest, allKvHeads);
  listOfDrawn = b.rem(rest, allKvHeads);
  batch = b.div(listOfDrawn, kvHeads);
  kvHead = b.rem(listOfDrawn, kvHeads);
  Value tiles = b.ceilDiv(audit.slots, plan.rows());
  firstSlot = b.mul(b.sub(b.sub(tiles, 1), number), plan.rows());

  // Any rows of the tile's strata.
  Value perStratum = b.mul(args.kvShare, 2);
  Value lastSlot = b.min(b.add(firstSlot, plan.rows() - 1), b.sub(audit.slots, 1));
  tile.firstRow = b.mul(b.div(firstSlot, perStratum), stratum);
  lastRow = b.sub(b.min(b.mul(b.add(b.div(lastSlot, perStratum), 1), b.i32(stratum)), args.rows), 1);
  tile.head = b.add(b.mul(batch, args.heads), b.mul(kvHead, args.kvShare));
  tile.keys = keyWalk.visible(tile.firstRow, lastRow);
  Value left = b.sub(tile.keys.count, b.mul(part, audit.partTiles));
  tile.keys.count = b.max(b.min(left, audit.partTiles), b.i32(0));
}

Values HopperAudit::firstKeys(const QueryTile &tile, Value t) {
  return HopperAttention::firstKeys(tile, b.add(b.mul(part, audit.partTiles), t));
}

HopperAudit::Drawn HopperAudit::drawn(Value inTile) {
  Value slot = b.min(b.add(firstSlot, inTile), b.sub(audit.slots, 1));
  Value place = b.add(b.mul(b.extend(listOfDrawn), b.extend(audit.slots)), b.extend(slot));
  Value head = b.add(b.mul(kvHead, args.kvShare), b.rem(slot, args.kvShare));
  return {b.loadConstant(b.getI32Type(), audit.drawn, place), head};
}

//===----------------------------------------------------------------------===//
// The consumers
//===----------------------------------------------------------------------===//

void HopperAudit::consume() {
  beginConsuming();
  b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::wait); // for what is drawn
  Value element = b.i64(2), q = b.create<LLVM::PtrToIntOp>(b.getI64Type(), audit.q);
  Value base = b.add(q, b.mul(b.mul(b.extend(batch), audit.strides[0]), element));
  GatheredRows rows{b.add(at(plan.q), b.mul(group, plan.queryBytes())), HopperBuilder::kGroupRows, plan.width, inGroup,
                    b.add(group, 1 + plan.groups)};
  gatherRows(b, rows, [&](Value r) {
    Drawn drawn = this->drawn(b.add(b.mul(group, HopperBuilder::kGroupRows), r));
    Value place = b.add(b.mul(b.extend(drawn.head), audit.strides[1]), b.mul(b.extend(drawn.row), audit.strides[2]));
    return b.add(base, b.mul(place, element));
  });
  for (int64_t r = 0; r < 2; ++r)
    mine[r] = drawn(b.add(rowInTile, 8 * r));
  consumeTile(tile.keys.count, {b.i32(0), b.i32(0)}, tile.head, tile.firstRow);
}

ScoreTile::Place HopperAudit::placeOf(ValueRange firstKeys, Value, Value firstRow) {
  ScoreTile::Place place{Values(firstKeys), plan.blockKeys, firstRow, lastRow, {}, column, batch, {}};
  for (int64_t r = 0; r < 2; ++r) {
    place.row[r] = mine[r].row;
    place.head[r] = mine[r].head;
  }
  return place;
}

Value HopperAudit::placeOfResult(Value inTile) {
  Value ofHead = b.mul(b.extend(listOfDrawn), b.extend(b.mul(audit.parts, audit.slots)));
  return b.add(ofHead, b.extend(b.add(b.mul(part, audit.slots), b.add(firstSlot, inTile))));
}

/// O / l and lse of the part.
void HopperAudit::finish(const State &state, ArrayRef<Value> sums, Value, Value) {
  constexpr int64_t kBytes = 4;
  Value zero = b.f32(0.0), o = b.create<LLVM::PtrToIntOp>(b.getI64Type(), audit.o);
  for (int64_t r = 0; r < 2; ++r) {
    Value inTile = b.add(rowInTile, 8 * r);
    Value factor = b.select(b.cmpf(arith::CmpFPredicate::OEQ, sums[r], zero), zero, b.reciprocal(sums[r]));
    b.when(b.less(b.add(firstSlot, inTile), audit.slots), [&] {
      Value place = placeOfResult(inTile);
      Value first = b.add(b.mul(place, b.i64(plan.valueWidth)), b.extend(column));
      Value address = b.add(o, b.mul(first, b.i64(kBytes)));
      for (int64_t c = 0; c < plan.valueWidth / 8; ++c) {
        Value pair[] = {b.mulf(state.o[4 * c + 2 * r], factor), b.mulf(state.o[4 * c + 2 * r + 1], factor)};
        b.storeGlobal(pair, b.add(address, b.i64(8 * c * kBytes)));
      }
      b.when(b.equal(column, 0), [&] { b.store(scoreTile.logSumExp(state.m[r], sums[r]), audit.lse, place); });
    });
  }
}

/// Of a part past what the tile sees: o is not read where lse says so.
void HopperAudit::storeNothing() {
  b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::wait);
  b.when(b.both(b.less(thread, b.i32(plan.rows())), b.less(b.add(firstSlot, thread), audit.slots)),
         [&] { b.store(b.f32(-kInfinity), audit.lse, placeOfResult(thread)); });
}
