//===- AuditAttention.cpp - Attention of drawn rows, by warps -------------===//

#include "AuditAttention.h"

#include "NvidiaKernel.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

SmallVector<Value *> AuditArguments::fields() {
  SmallVector<Value *> all = warp.fields();
  all.append({&drawn, &slots, &parts});
  return all;
}

AuditAttention::AuditAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const AuditArguments &args,
                               int64_t stratum, ValueRange captures, Value shared)
    : WarpAttention(b, op, args.warp, captures, shared, plan.tileKeys / plan.partKeys, plan.partKeys), plan(plan),
      audit(args), stratum(stratum) {}

void AuditAttention::build() {
  findPlace();
  finish(visit());
}

/// The last slots first: they see most keys under a causal mask.
void AuditAttention::findPlace() {
  kvHead = b.create<NVVM::BlockIdYOp>(b.getI32Type());
  batch = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  Value number = b.sub(b.sub(b.gridSize(), 1), b.blockId());
  part = b.rem(number, audit.parts);
  Value firstSlot = b.mul(b.div(number, audit.parts), plan.rows()), lastSlot = b.sub(audit.slots, 1);
  Value perStratum = b.mul(args.kvShare, 2), lastOfBlock = b.min(b.add(firstSlot, plan.rows() - 1), lastSlot);
  place.partKeys = partKeys;
  place.firstRow = b.mul(b.div(firstSlot, perStratum), stratum);
  Value end = b.mul(b.add(b.div(lastOfBlock, perStratum), 1), stratum);
  place.lastRow = b.sub(b.min(end, args.rows), 1);
  place.column = b.shiftLeft(b.bitAnd(lane, 3), 1);
  place.batch = batch;
  Value kvHeads = b.div(args.heads, args.kvShare);
  Value first = b.mul(b.extend(b.add(b.mul(batch, kvHeads), kvHead)), b.extend(audit.slots));
  for (int64_t r = 0; r < 2; ++r) {
    slot[r] = b.add(b.add(firstSlot, b.mul(warp, kRows)), b.add(b.shiftRight(lane, 2), 8 * r));
    Value known = b.min(slot[r], lastSlot);
    place.row[r] = b.loadConstant(b.getI32Type(), audit.drawn, b.add(first, b.extend(known)));
    place.head[r] = b.add(b.mul(kvHead, args.kvShare), b.rem(known, args.kvShare));
  }
}

AuditAttention::State AuditAttention::visit() {
  Value zero = b.i32(0), keys = address(args.k, batch, kvHead), values = address(args.v, batch, kvHead);
  KeyWalk::Span span = keyWalk.visible(place.firstRow, place.lastRow);
  // Parts differ by one tile at most.
  Value least = b.div(span.count, audit.parts), more = b.rem(span.count, audit.parts);
  Value begin = b.add(b.mul(part, least), b.min(part, more));
  Value count = b.add(least, b.select(b.less(part, more), b.i32(1), zero));
  auto slotOf = [&](Value t) { return b.add(shared, b.mul(b.bitAnd(t, 1), plan.tileBytes())); };
  auto firstKeys = [&](Value t) { return keyWalk.firstKeys(span, b.add(begin, t)); };
  auto start = [&](Value t, ValueRange firstKeys) {
    b.when(b.less(t, count), [&] {
      Value slot = slotOf(t);
      copyRows(slot, keys, args.k.row, firstKeys, width, plan.threads(), thread);
      copyRows(b.add(slot, plan.keyBytes()), values, args.v.row, firstKeys, valueWidth, plan.threads(), thread);
    });
    b.commitCopies();
  };

  start(zero, firstKeys(zero));
  Value queries[2], isInside[2];
  for (int64_t r = 0; r < 2; ++r) {
    Value row = b.mul(b.mul(b.extend(place.row[r]), args.q.row), b.i64(2));
    queries[r] = b.add(address(args.q, batch, place.head[r]), row);
    isInside[r] = b.less(slot[r], audit.slots);
  }
  Values left = loadQueries(queries, isInside);
  return State::unflatten(b.loop(zero, count, empty().flatten(), [&](Value t, ValueRange given) -> Values {
    State state = State::unflatten(given);
    b.waitCopies(0);
    b.syncBlock(); // all threads' copies are here, and all have read the tile before
    Value next = b.add(t, 1);
    start(next, firstKeys(next));
    place.firstKeys = firstKeys(t);
    Value tile = slotOf(t);
    Values scores = scoreTile.modify(score(left, tile), place);
    update(state, scores, b.add(tile, plan.keyBytes()));
    return state.flatten();
  }));
}

/// O / l and lse of the part.
void AuditAttention::finish(const State &state) {
  Value zero = b.f32(0.0), base = address(args.o, batch, kvHead), kvHeads = b.div(args.heads, args.kvShare);
  constexpr int64_t kBytes = 4;
  for (int64_t r = 0; r < 2; ++r) {
    Value sum = scoreTile.sumOfRow(state.l[r]);
    Value factor = b.select(b.cmpf(arith::CmpFPredicate::OEQ, sum, zero), zero, b.reciprocal(sum));
    b.when(b.less(slot[r], audit.slots), [&] {
      Value row = b.extend(b.add(b.mul(part, audit.slots), slot[r]));
      Value at = b.add(base, b.mul(b.add(b.mul(row, args.o.row), b.extend(place.column)), b.i64(kBytes)));
      for (int64_t c = 0; c < valueWidth / 8; ++c)
        storePair(b.mulf(state.o[4 * c + 2 * r], factor), b.mulf(state.o[4 * c + 2 * r + 1], factor),
                  b.add(at, b.i64(8 * c * kBytes)));
      b.when(b.equal(place.column, 0), [&] {
        Value rows = b.extend(b.mul(audit.parts, audit.slots));
        Value head = b.extend(b.add(b.mul(batch, kvHeads), kvHead));
        b.store(scoreTile.logSumExp(state.m[r], sum), args.lse, b.add(b.mul(head, rows), row));
      });
    });
  }
}

int64_t qsat::slotsOfWarpAudit(const FlashOp &op) { return TiledPlan(op).rows(); }

void qsat::launchWarpAudit(const FlashOp &op, const AuditSample &sample, ValueRange captures,
                           GPULoweringContext &context) {
  TiledPlan plan(op);
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  Value slots = b.toI64(sample.slots), parts = b.toI64(sample.parts);
  HostBuilder::Array k = b.describe(op.k);
  Value blocks = b.mul(b.ceilDiv(slots, plan.rows()), parts);
  Value total = b.mul(b.mul(k.extents[0], k.extents[1]), blocks);
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, total, b.i64(0));
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  AuditArguments args{WarpArguments::get(b, op, captures), b.describe(sample.rows).data, b.toI32(slots),
                      b.toI32(parts)};
  args.warp.lse = b.describe(sample.lse).data;
  int64_t stratum = cast<AuditOp>(op.op).getStratum();
  StringRef name = "qsat_audit";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    NvidiaBuilder device(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()));
    AuditArguments inside = args;
    beginKernel(device, name, inside.fields(), plan.threads(), plan.blocks);
    AuditAttention(device, op, plan, inside, stratum, captures, getSharedMemory(device, module)).build();
    endKernel(device);
  });
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  launchKernel(b, kernel, {blocks, k.extents[1], k.extents[0], plan.threads(), plan.sharedBytes()}, args.fields(),
               stream);
}
