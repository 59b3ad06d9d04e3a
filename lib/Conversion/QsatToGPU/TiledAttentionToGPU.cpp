//===- TiledAttentionToGPU.cpp - Attention by warps, to launches ----------===//

#include "Lowering.h"
#include "NvidiaKernel.h"
#include "TiledAttention.h"

using namespace mlir;
using namespace qsat;

static void buildKernel(gpu::GPUModuleOp module, StringRef name, const FlashOp &op, const TiledPlan &plan,
                        const WarpArguments &host, ValueRange captures) {
  NvidiaBuilder b(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()));
  WarpArguments args = host;
  beginKernel(b, name, args.fields(), plan.threads(), plan.blocks);
  TiledAttention kernel(b, op, plan, args, captures, getSharedMemory(b, module));
  kernel.build();
  endKernel(b);
}

void qsat::lowerTiledAttention(const FlashOp &op, ValueRange captures, GPULoweringContext &context) {
  TiledPlan plan(op, context.target);
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array q = b.describe(op.q);
  Value tiles = b.ceilDiv(q.extents[2], plan.rows());
  Value total = b.mul(b.mul(q.extents[0], q.extents[1]), tiles);
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, total, b.i64(0));
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  WarpArguments args = WarpArguments::get(b, op, captures);
  StringRef name = op.isSparse ? "qsat_sparse_attention" : "qsat_attention";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    buildKernel(module, name, op, plan, args, captures);
  });
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  launchKernel(b, kernel, {tiles, q.extents[1], q.extents[0], plan.threads(), plan.sharedBytes()}, args.fields(),
               stream);
}
