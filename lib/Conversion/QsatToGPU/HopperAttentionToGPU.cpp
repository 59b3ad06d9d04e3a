//===- HopperAttentionToGPU.cpp - Attention to launches on Hopper ---------===//

#include "HopperAttention.h"
#include "HostBuilder.h"
#include "Lowering.h"
#include "NvidiaKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// What the kernel can do
//===----------------------------------------------------------------------===//

static LogicalResult verifyRowContiguous(const FlashOp &op, StringRef name, Value value) {
  auto type = cast<MemRefType>(value.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  if (strides.back() == 1)
    return success();
  return op.op->emitOpError(name) << ": expected rows with unit stride, but got " << type;
}

static LogicalResult verifyContiguous(const FlashOp &op, StringRef name, Value value) {
  auto type = cast<MemRefType>(value.getType());
  if (type.getLayout().isIdentity())
    return success();
  return op.op->emitOpError(name) << ": expected a contiguous array, but got " << type;
}

static LogicalResult verify(const FlashOp &op, ValueRange captures) {
  if (failed(verifyForKernel(op)))
    return failure();
  auto elementOf = [](Value v) { return cast<MemRefType>(v.getType()).getElementType(); };
  Type element = elementOf(op.q);
  if (!element.isBF16() && !element.isF16())
    return op.op->emitOpError("expected q, k and v of bf16 or f16, but got ") << element;
  if (elementOf(op.o) != element)
    return op.op->emitOpError("expected o of ") << element << ", but got " << elementOf(op.o);
  if (op.background != Background::None)
    return op.op->emitOpError("expected no background: it has no kernel for this target yet");
  std::pair<StringRef, Value> rows[] = {{"q", op.q}, {"k", op.k}, {"v", op.v}, {"o", op.o}};
  for (auto [name, value] : rows)
    if (failed(verifyRowContiguous(op, name, value)))
      return failure();
  for (Value init : op.op->getOperands().take_back(op.numInits - 1))
    if (failed(verifyContiguous(op, "lse and kept", init)))
      return failure();
  if (op.isSparse)
    for (unsigned number : {3, 4})
      if (failed(verifyContiguous(op, number == 3 ? "indices" : "counts",
                                  op.op->getOperand(number))))
        return failure();
  for (Value capture : captures)
    if (!capture.getType().isIntOrIndexOrFloat())
      return op.op->emitOpError("expected a score region that takes scalars from around it, "
                                "but got ")
             << capture.getType();
  return success();
}

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

LogicalResult qsat::lowerHopperAttention(const FlashOp &op, GPULoweringContext &context) {
  SmallVector<Value> captures = isolateRegion(op.op);
  if (failed(verify(op, captures)))
    return failure();
  FailureOr<HopperPlan> plan = HopperPlan::get(op, context.target, context.keys);
  if (failed(plan))
    return failure();
  HostBuilder b(op.op->getLoc(), OpBuilder(op.op), context.symbols);
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k), v = b.describe(op.v),
                     o = b.describe(op.o);
  Value heads = q.extents[1], allHeads = b.mul(q.extents[0], heads);
  Value rows = q.extents[2], keys = k.extents[2];
  Value tiles = b.mul(allHeads, b.ceilDiv(rows, plan->rows()));
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, tiles, b.i64(0));
  // Nothing to do for no rows; the copy engine takes no empty arrays.
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  HopperArguments args;
  Type element = cast<MemRefType>(op.q.getType()).getElementType();
  int64_t panels = plan->width / 64, valuePanels = plan->valueWidth / 64;
  bool whole = plan->parts() == 1;
  args.q = b.tileMap(q, element, 64, panels);
  args.k = b.tileMap(k, element, plan->blockKeys, whole ? panels : 1);
  args.v = b.tileMap(v, element, plan->blockKeys, whole ? valuePanels : 1);
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
  Value bytes = b.mul(b.max(keys, b.i64(1)), b.i64(2 * (plan->width + plan->valueWidth)));
  Value fitting = b.max(b.div(b.i64(context.target.l2Bytes), bytes), b.i64(1));
  args.headGroup = b.toI32(b.min(b.mul(fitting, share), allHeads));
  args.lists = ListArguments::get(b, op, heads);
  args.mask = MaskArguments::get(b, op);
  if (op.region)
    args.region = RegionArguments::get(b, op, captures);

  StringRef name = op.isSparse ? "qsat_sparse_attention" : "qsat_attention";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    buildKernel(module, name, op, *plan, args, captures);
  });
  Value processors = b.call("qsat_gpu_processors", b.getI64Type(), {});
  launchKernel(b, kernel, {b.min(processors, tiles), {}, {}, plan->threads(), plan->sharedBytes}, args.fields(), stream);
  return success();
}
