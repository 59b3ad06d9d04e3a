//===- HopperRowsToGPU.cpp - Masses of sampled rows to a launch on Hopper -===//

#include "HopperRows.h"
#include "NvidiaKernel.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qsat;

llvm::Expected<HopperRowsPlan> HopperRowsPlan::get(AmplitudeScoreOp op, const GPUTarget &target) {
  auto no = [](const llvm::Twine &reason) { return llvm::createStringError(reason); };
  auto q = cast<MemRefType>(op.getQ().getType()), k = cast<MemRefType>(op.getK().getType());
  if (!target.hasWarpgroupMMA)
    return no("the target has no products of warpgroups");
  if (!q.getElementType().isBF16() && !q.getElementType().isF16())
    return no("q and k are not bf16 or f16");
  if (q.getStridesAndOffset().first.back() != 1 || k.getStridesAndOffset().first.back() != 1)
    return no("rows of q or k have no unit stride");
  HopperRowsPlan plan;
  plan.width = q.getDimSize(3);
  plan.keys = op.getBlockN();
  if (plan.width % 64 || plan.width <= 0 || plan.width > 256)
    return no("the head width is not 64, 128, 192 or 256");
  if (plan.keys != 64 && plan.keys != 128)
    return no("block_n is not 64 or 128");
  // The scores of a thread are keys / 2 registers; a region needs some for itself. The
  // more groups, the more powers are found while others wait.
  plan.groups = plan.width > 192 || op.hasScoreRegion() ? 3 : 4;
  plan.producerRegisters = plan.groups == 4 ? 24 : 32;
  plan.consumerRegisters = plan.groups == 4 ? 112 : 160;
  plan.q = 0;
  plan.k = plan.rows() * plan.width * 2;
  constexpr int64_t kMostStages = 4;
  plan.stages = std::min(kMostStages, (target.sharedBytes - plan.k) / (plan.keyBytes() + 16));
  plan.barriers = plan.k + plan.stages * plan.keyBytes();
  plan.sharedBytes = plan.barriers + 16 * plan.stages;
  return plan;
}

SmallVector<Value *> HopperRowsArguments::fields() {
  SmallVector<Value *> all{&k,          &q,       &masses,      &strides[0],  &strides[1], &strides[2],
                           &heads,      &kvShare, &rows,        &keys,        &queryBlocks, &keyBlocks,
                           &rowTiles,   &chunks,  &chunkBlocks, &mask.highShift, &mask.lowShift, &mask.sinks};
  llvm::append_range(all, region.fields());
  llvm::erase_if(all, [](Value *value) { return !*value; });
  return all;
}

void qsat::launchHopperRows(AmplitudeScoreOp score, const HopperRowsPlan &plan, const SampledRows &sampled,
                            Value masses, GPULoweringContext &context) {
  SmallVector<Value> captures = isolateRegion(score);
  FlashOp op(score);
  HostBuilder b(score.getLoc(), OpBuilder(score), context.symbols);
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k), out = b.describe(masses);
  Value heads = q.extents[1], allHeads = b.mul(q.extents[0], heads);
  Value queryBlocks = out.extents[2], keyBlocks = out.extents[3];
  Value rowTiles = b.ceilDiv(b.mul(queryBlocks, b.i64(sampled.perBlock)), plan.rows());
  Value tiles = b.mul(allHeads, rowTiles), isEmpty = b.create<arith::CmpIOp>(
      arith::CmpIPredicate::eq, b.mul(tiles, keyBlocks), b.i64(0));
  // Nothing to do for no rows; the copy engine takes no empty arrays.
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  // Chunks of key blocks: several thread blocks for each multiprocessor, long
  // enough that loading their rows does not count.
  constexpr int64_t kShare = 6, kShortest = 4, kLongest = 64;
  Value processors = b.call("qsat_gpu_processors", b.getI64Type(), {});
  Value share = b.div(b.mul(tiles, keyBlocks), b.mul(processors, b.i64(kShare)));
  Value chunkBlocks = b.clamp(share, kShortest, kLongest);
  Value chunks = b.div(b.sub(b.add(keyBlocks, chunkBlocks), b.i64(1)), chunkBlocks);

  HopperRowsArguments args;
  Type element = cast<MemRefType>(op.q.getType()).getElementType();
  int64_t panels = plan.width / 64;
  args.k = b.tileMap(k, element, plan.keys, panels);
  // Rows of q are loaded 16 bytes at a time: what the copy engine asks of them
  // holds for that too, and is an error in the same words.
  b.tileMap(q, element, 64, panels);
  args.q = q.data;
  args.masses = out.data;
  for (int64_t d = 0; d < 3; ++d)
    args.strides[d] = q.strides[d];
  args.heads = b.toI32(heads);
  args.kvShare = b.toI32(b.div(heads, k.extents[1]));
  args.rows = b.toI32(q.extents[2]);
  args.keys = b.toI32(k.extents[2]);
  args.queryBlocks = b.toI32(queryBlocks);
  args.keyBlocks = b.toI32(keyBlocks);
  args.rowTiles = b.toI32(rowTiles);
  args.chunks = b.toI32(chunks);
  args.chunkBlocks = b.toI32(chunkBlocks);
  args.mask = MaskArguments::get(b, op);
  if (op.region)
    args.region = RegionArguments::get(b, op, captures);

  StringRef name = "qsat_score_rows";
  SymbolRefAttr kernel = context.getKernel(score, name, [&](gpu::GPUModuleOp module) {
    HopperBuilder device(score.getLoc(), OpBuilder::atBlockEnd(module.getBody()));
    HopperRowsArguments parameters = args;
    beginKernel(device, name, parameters.fields(), plan.threads(), /*blocks=*/1);
    HopperRows(device, op, sampled, plan, parameters, captures, getSharedMemory(device, module)).build();
    endKernel(device);
  });
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  launchKernel(b, kernel, {b.mul(tiles, chunks), {}, {}, plan.threads(), plan.sharedBytes}, args.fields(),
               stream);
}
