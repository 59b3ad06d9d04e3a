//===- DecodeAttentionToGPU.cpp - Few rows to many keys, to launches ------===//

#include "DecodeAttention.h"
#include "Lowering.h"
#include "NvidiaKernel.h"

#include "qsat/Runtime/GPUScratch.h"

using namespace mlir;
using namespace qsat;

bool qsat::isDecode(const FlashOp &op) {
  // Of a thread, for queries and outputs; more, and addresses are spilled.
  constexpr int64_t kMostRegisters = 160;
  auto queries = cast<MemRefType>(op.q.getType());
  int64_t rows = queries.getDimSize(2), valueWidth = cast<MemRefType>(op.v.getType()).getDimSize(3);
  bool isFew = !ShapedType::isDynamic(rows) && rows <= WarpAttention::kRows;
  return isFew && queries.getDimSize(3) / 4 + valueWidth / 2 <= kMostRegisters;
}

static void buildKernel(gpu::GPUModuleOp module, StringRef name, const FlashOp &op, const DecodePlan &plan,
                        const WarpArguments &host, ValueRange captures) {
  NvidiaBuilder b(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()));
  WarpArguments args = host;
  beginKernel(b, name, args.fields(), plan.threads(), /*blocks=*/1);
  DecodeAttention kernel(b, op, plan, args, captures, getSharedMemory(b, module));
  kernel.build();
  endKernel(b);
}

/// Shares of the keys: as many as fill the device once; where that leaves it
/// uneven, four times. A warp has at least two tiles, or eight.
static Value countShares(HostBuilder &b, const FlashOp &op, const DecodePlan &plan, Value groups, Value keys) {
  constexpr int64_t kEven = 4, kRounds = 4, kTiles = 2, kTilesOfRounds = 8;
  Value processors = b.call("qsat_gpu_processors", b.getI64Type(), {});
  Value once = b.div(processors, groups);
  Value tiles = b.ceilDiv(keys, WarpAttention::kStep);
  if (op.isSparse) {
    Value listed = b.mul(b.describe(op.op->getOperand(3)).extents[3], b.i64(op.blockKeys / WarpAttention::kStep));
    tiles = b.min(tiles, listed);
  }
  auto atMost = [&](Value shares, int64_t least) {
    return b.max(b.min(shares, b.div(tiles, b.i64(least * plan.warps))), b.i64(1));
  };
  Value rounds = b.div(b.mul(processors, b.i64(kRounds)), groups);
  Value isEven = b.create<arith::CmpIOp>(arith::CmpIPredicate::sge, once, b.i64(kEven));
  Value shares = b.create<arith::SelectOp>(isEven, atMost(once, kTiles), atMost(rounds, kTilesOfRounds));
  // There are counters for these many groups.
  Value isCounted = b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, groups, b.i64(kScratchCounters));
  return b.create<arith::SelectOp>(isCounted, shares, b.i64(1));
}

void qsat::lowerDecodeAttention(const FlashOp &op, ValueRange captures, GPULoweringContext &context) {
  DecodePlan plan(op, context.target);
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k);
  Value heads = q.extents[1], rows = q.extents[2];
  Value total = b.mul(b.mul(q.extents[0], heads), rows);
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, total, b.i64(0));
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  WarpArguments args = WarpArguments::get(b, op, captures);
  // Heads that share keys, and the list of them.
  Value rowHeads = b.div(heads, k.extents[1]);
  if (op.isSparse)
    rowHeads = b.min(rowHeads, b.div(heads, b.describe(op.op->getOperand(3)).extents[1]));
  Value tiles = b.mul(b.div(heads, rowHeads), b.ceilDiv(b.mul(rowHeads, rows), WarpAttention::kRows));
  Value groups = b.mul(q.extents[0], tiles);
  Value shares = countShares(b, op, plan, groups, k.extents[2]);
  Value isSplit = b.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, shares, b.i64(1));
  Value records = b.create<arith::SelectOp>(isSplit, b.mul(groups, shares), b.i64(0));
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  args.scratch = b.call("qsat_gpu_scratch", b.pointer(), {stream, b.mul(records, b.i64(plan.recordBytes()))});
  args.rowHeads = b.toI32(rowHeads);
  args.splits = b.toI32(shares);

  StringRef name = op.isSparse ? "qsat_sparse_decode" : "qsat_decode";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    buildKernel(module, name, op, plan, args, captures);
  });
  if (plan.startsEarly)
    stream = b.call("qsat_gpu_early", b.pointer(), stream);
  launchKernel(b, kernel, {shares, tiles, q.extents[0], plan.threads(), plan.sharedBytes()}, args.fields(), stream);
}
