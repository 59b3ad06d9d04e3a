//===- HopperAttentionToGPU.cpp - Attention to launches on Hopper ---------===//

#include "HopperAttention.h"
#include "HostBuilder.h"
#include "Lowering.h"
#include "NvidiaKernel.h"
#include "WarpAttention.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// Adds the function of the kernel to `module` and fills it. `host` has the
/// values that it is called with.
static void buildKernel(gpu::GPUModuleOp module, StringRef name, const FlashOp &op,
                        const HopperPlan &plan, const HopperArguments &host, ValueRange captures) {
  HopperBuilder b(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()));
  HopperArguments args = host;
  beginKernel(b, name, args.fields(), plan.threads(), /*blocks=*/1);
  HopperAttention kernel(b, op, plan, args, captures, getSharedMemory(b, module));
  kernel.build();
  endKernel(b);
}

//===----------------------------------------------------------------------===//
// The launch
//===----------------------------------------------------------------------===//

llvm::Expected<HopperPlan> qsat::planHopperAttention(const FlashOp &op, ValueRange captures,
                                                     const GPULoweringContext &context) {
  auto elementOf = [](Value value) { return cast<MemRefType>(value.getType()).getElementType(); };
  std::string reason = whyNoMatrixKernel(op, captures);
  if (reason.empty() && elementOf(op.o) != elementOf(op.q))
    llvm::raw_string_ostream(reason) << "expected o of " << elementOf(op.q) << ", but got " << elementOf(op.o);
  if (!reason.empty())
    return llvm::createStringError(reason);
  return HopperPlan::get(op, context.target, context.keys);
}

void qsat::lowerHopperAttention(const FlashOp &op, const HopperPlan &plan, ValueRange captures,
                                GPULoweringContext &context) {
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k), v = b.describe(op.v),
                     o = b.describe(op.o);
  Value heads = q.extents[1], allHeads = b.mul(q.extents[0], heads);
  Value rows = q.extents[2], keys = k.extents[2];
  Value tiles = b.mul(allHeads, b.ceilDiv(rows, plan.rows()));
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, tiles, b.i64(0));
  // Nothing to do for no rows; the copy engine takes no empty arrays.
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  HopperArguments args;
  Type element = cast<MemRefType>(op.q.getType()).getElementType();
  int64_t panels = plan.width / 64, valuePanels = plan.valueWidth / 64;
  bool whole = plan.parts() == 1;
  args.q = b.tileMap(q, element, 64, panels);
  args.k = b.tileMap(k, element, plan.blockKeys, whole ? panels : 1);
  args.v = b.tileMap(v, element, plan.blockKeys, whole ? valuePanels : 1);
  args.o = b.tileMap(o, element, 64, valuePanels);
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  args.counter = b.call("qsat_gpu_counter", b.pointer(), stream);
  unsigned init = op.op->getNumOperands() - op.numInits;
  if (op.numInits > 1)
    args.lse = b.describe(op.op->getOperand(init + 1)).data;
  if (op.numInits > 2)
    args.kept = b.describe(op.op->getOperand(init + 2)).data;
  args.allHeads = b.toI32(allHeads);
  args.heads = b.toI32(heads);
  Value share = b.div(heads, k.extents[1]);
  args.kvShare = b.toI32(share);
  args.rows = b.toI32(rows);
  args.keys = b.toI32(keys);
  Value bytes = b.mul(b.max(keys, b.i64(1)), b.i64(2 * (plan.width + plan.valueWidth)));
  // Dense tiles that run side by side read the same keys at about the same time:
  // more heads than the cache holds keep the processors evenly busy.
  int64_t ofGroup = context.target.l2Bytes * (op.isSparse ? 1 : 2);
  Value fitting = b.max(b.div(b.i64(ofGroup), bytes), b.i64(1));
  args.headGroup = b.toI32(b.min(b.mul(fitting, share), allHeads));
  args.lists = ListArguments::get(b, op, heads);
  args.mask = MaskArguments::get(b, op);
  if (op.region)
    args.region = RegionArguments::get(b, op, captures);

  StringRef name = op.isSparse ? "qsat_sparse_attention" : "qsat_attention";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    buildKernel(module, name, op, plan, args, captures);
  });
  Value processors = b.call("qsat_gpu_processors", b.getI64Type(), {});
  launchKernel(b, kernel, {b.min(processors, tiles), {}, {}, plan.threads(), plan.sharedBytes}, args.fields(), stream);
}
