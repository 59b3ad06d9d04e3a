//===- AuditAttention.cpp - Attention of drawn rows, by warps -------------===//

#include "AuditAttention.h"

#include "NvidiaKernel.h"

using namespace mlir;
using namespace qsat;

SmallVector<Value *> AuditArguments::fields() {
  SmallVector<Value *> all = warp.fields();
  all.append({&drawn, &slots, &parts});
  return all;
}

AuditAttention::AuditAttention(NvidiaBuilder &b, const FlashOp &op, const TiledPlan &plan, const AuditArguments &args,
                               int64_t stratum, ValueRange captures, Value shared)
    : SharedTiles(b, op, plan, args.warp, captures, shared), audit(args), stratum(stratum) {}

void AuditAttention::build() {
  findPlaces();
  KeyWalk::Span span = keyWalk.visible(places[0].firstRow, places[0].lastRow);
  // Parts differ by one tile at most.
  Value least = b.div(span.count, audit.parts), more = b.rem(span.count, audit.parts);
  Value begin = b.add(b.mul(part, least), b.min(part, more));
  Value count = b.add(least, b.select(b.less(part, more), b.i32(1), b.i32(0)));
  auto firstKeys = [&](Value t) { return keyWalk.firstKeys(span, b.add(begin, t)); };
  auto queryRow = [&](Value inBlock) -> QueryRow {
    Drawn drawn = this->drawn(inBlock);
    Value row = b.mul(b.mul(b.extend(drawn.row), args.q.row), b.i64(2));
    return {b.add(address(args.q, batch, drawn.head), row), drawn.isInside};
  };
  for (auto [group, state] : llvm::enumerate(visit(kvHead, count, firstKeys, queryRow, places)))
    finish(state, places[group], group);
}

/// Past the last slot: what is drawn there.
AuditAttention::Drawn AuditAttention::drawn(Value inBlock) {
  Drawn drawn;
  drawn.slot = b.add(firstSlot, inBlock);
  drawn.isInside = b.less(drawn.slot, audit.slots);
  Value known = b.min(drawn.slot, b.sub(audit.slots, 1));
  drawn.row = b.loadConstant(b.getI32Type(), audit.drawn, b.add(slots, b.extend(known)));
  drawn.head = b.add(b.mul(kvHead, args.kvShare), b.rem(known, args.kvShare));
  return drawn;
}

/// The last slots first: they see most keys under a causal mask.
void AuditAttention::findPlaces() {
  kvHead = b.create<NVVM::BlockIdYOp>(b.getI32Type());
  batch = b.create<NVVM::BlockIdZOp>(b.getI32Type());
  Value number = b.sub(b.sub(b.gridSize(), 1), b.blockId());
  part = b.rem(number, audit.parts);
  firstSlot = b.mul(b.div(number, audit.parts), plan.rows());
  Value kvHeads = b.div(args.heads, args.kvShare);
  slots = b.mul(b.extend(b.add(b.mul(batch, kvHeads), kvHead)), b.extend(audit.slots));
  // Any rows of the block's strata.
  Value perStratum = b.mul(args.kvShare, 2);
  Value lastSlot = b.min(b.add(firstSlot, plan.rows() - 1), b.sub(audit.slots, 1));
  Value firstRow = b.mul(b.div(firstSlot, perStratum), stratum);
  Value end = b.mul(b.add(b.div(lastSlot, perStratum), 1), stratum), lastRow = b.sub(b.min(end, args.rows), 1);
  for (int64_t g = 0; g < plan.groups; ++g) {
    ScoreTile::Place place = placeInBlock(firstRow, lastRow);
    for (int64_t r = 0; r < 2; ++r) {
      Drawn drawn = this->drawn(rowInBlock(g, r));
      place.row[r] = drawn.row;
      place.head[r] = drawn.head;
    }
    places.push_back(place);
  }
}

/// O / l and lse of the part.
void AuditAttention::finish(const State &state, const ScoreTile::Place &place, int64_t group) {
  Value base = address(args.o, batch, kvHead), kvHeads = b.div(args.heads, args.kvShare);
  constexpr int64_t kBytes = 4;
  for (int64_t r = 0; r < 2; ++r) {
    Value sum = scoreTile.sumOfRow(state.l[r]), slot = b.add(firstSlot, rowInBlock(group, r));
    b.when(b.less(slot, audit.slots), [&] {
      Value row = b.extend(b.add(b.mul(part, audit.slots), slot));
      Value first = b.add(b.mul(row, args.o.row), b.extend(place.column));
      storeRow(state, r, sum, b.add(base, b.mul(first, b.i64(kBytes))));
      b.when(b.equal(place.column, 0), [&] {
        Value rows = b.extend(b.mul(audit.parts, audit.slots));
        Value head = b.extend(b.add(b.mul(batch, kvHeads), kvHead));
        b.store(scoreTile.logSumExp(state.m[r], sum), args.lse, b.add(b.mul(head, rows), row));
      });
    });
  }
}

int64_t qsat::slotsOfWarpAudit(const FlashOp &op, const GPUTarget &target) { return TiledPlan(op, target).rows(); }

void qsat::launchWarpAudit(const FlashOp &op, const AuditSample &sample, ValueRange captures,
                           GPULoweringContext &context) {
  TiledPlan plan(op, context.target);
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
