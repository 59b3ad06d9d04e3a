//===- HopperAuditToGPU.cpp - Attention of drawn rows to a launch on Hopper ===//

#include "HopperAudit.h"
#include "NvidiaKernel.h"
#include "WarpAttention.h"

using namespace mlir;
using namespace qsat;

SmallVector<Value *> HopperAuditArguments::fields() {
  SmallVector<Value *> all = walk.fields();
  all.append({&q, &o, &lse, &strides[0], &strides[1], &strides[2], &drawn, &slots, &parts, &partTiles});
  return all;
}

llvm::Expected<HopperPlan> qsat::planHopperAudit(const FlashOp &op, ValueRange captures,
                                                 const GPULoweringContext &context) {
  if (!context.target.hasWarpgroupMMA)
    return llvm::createStringError("the target has no products of warpgroups");
  std::string reason = whyNoMatrixKernel(op, captures);
  if (!reason.empty())
    return llvm::createStringError(reason);
  return HopperPlan::get(op, context.target, /*keys=*/0);
}

/// Tiles of keys of N.
static Value tilesOfKeys(HostBuilder &b, const HopperPlan &plan, Value keys) { return b.ceilDiv(keys, plan.keys); }

/// As many thread blocks as there are multiprocessors, or a multiple of it: a part's tiles
/// are those that divide the work by that number, less what rounding adds, which is half
/// a part for each tile of slots. At most kMost parts.
Value qsat::partsOfHopperAudit(const FlashOp &op, const HopperPlan &plan, Value slots, GPULoweringContext &context) {
  constexpr int64_t kMost = 64;
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array k = b.describe(op.k);
  Value one = b.i64(1), processors = b.call("qsat_gpu_processors", b.getI64Type(), {});
  Value tiles = b.mul(b.mul(k.extents[0], k.extents[1]), b.ceilDiv(b.toI64(slots), plan.rows()));
  Value keyTiles = tilesOfKeys(b, plan, k.extents[2]), work = b.mul(tiles, keyTiles);
  if (hasHighBound(op)) // of square scores a little more than half
    work = b.ceilDiv(b.mul(work, b.i64(9)), 16);
  Value rounds = b.add(one, b.div(tiles, b.max(processors, one)));
  Value blocks = b.max(b.sub(b.mul(processors, rounds), b.div(tiles, b.i64(2))), one);
  Value partTiles = b.max(b.ceilDiv(work, blocks), one);
  return b.clamp(b.ceilDiv(keyTiles, partTiles), 1, kMost);
}

void qsat::launchHopperAudit(const FlashOp &op, const HopperPlan &plan, const AuditSample &sample, ValueRange captures,
                             GPULoweringContext &context) {
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k), v = b.describe(op.v);
  Value slots = b.toI64(sample.slots), parts = b.toI64(sample.parts), kvHeads = b.mul(k.extents[0], k.extents[1]);
  Value blocks = b.mul(b.mul(kvHeads, b.ceilDiv(slots, plan.rows())), parts);
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, blocks, b.i64(0));
  // Nothing to do for no rows; the copy engine takes no empty arrays.
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  HopperAuditArguments args;
  Type element = cast<MemRefType>(op.q.getType()).getElementType();
  int64_t panels = plan.width / 64;
  args.walk.k = b.tileMap(k, element, plan.keys, panels);
  args.walk.v = b.tileMap(v, element, plan.keys, plan.valueWidth / 64);
  // Rows of q are loaded 16 bytes at a time: what the copy engine asks of them holds for
  // that too, and is an error in the same words.
  b.tileMap(q, element, 64, panels);
  Value heads = q.extents[1];
  args.walk.allHeads = b.toI32(b.mul(q.extents[0], heads));
  args.walk.heads = b.toI32(heads);
  args.walk.kvShare = b.toI32(b.div(heads, k.extents[1]));
  args.walk.rows = b.toI32(q.extents[2]);
  args.walk.keys = b.toI32(k.extents[2]);
  args.walk.mask = MaskArguments::get(b, op);
  if (op.region)
    args.walk.region = RegionArguments::get(b, op, captures);
  args.q = q.data;
  args.o = b.describe(sample.o).data;
  args.lse = b.describe(sample.lse).data;
  for (int64_t d = 0; d < 3; ++d)
    args.strides[d] = q.strides[d];
  args.drawn = b.describe(sample.rows).data;
  args.slots = b.toI32(slots);
  args.parts = b.toI32(parts);
  args.partTiles = b.toI32(b.ceilDiv(tilesOfKeys(b, plan, k.extents[2]), parts));

  int64_t stratum = cast<AuditOp>(op.op).getStratum();
  StringRef name = "qsat_audit";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    HopperBuilder device(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()));
    HopperAuditArguments inside = args;
    beginKernel(device, name, inside.fields(), plan.threads(), /*blocks=*/1);
    HopperAudit(device, op, plan, inside, stratum, captures, getSharedMemory(device, module)).build();
    endKernel(device);
  });
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  stream = b.call("qsat_gpu_early", b.pointer(), stream);
  launchKernel(b, kernel, {blocks, {}, {}, plan.threads(), plan.sharedBytes}, args.fields(), stream);
}
