//===- AttentionToLoops.cpp - qsat.attention to loops ---------------------===//

#include "DecodeKernel.h"
#include "FlashKernel.h"
#include "Lowering.h"

using namespace mlir;
using namespace qsat;

LogicalResult qsat::lowerAttention(AttentionOp attention, LoweringContext &context) {
  FlashOp op(attention);
  if (failed(verifyForKernel(op)))
    return failure();
  SmallVector<Value> captures = isolateRegion(attention);
  if (std::optional<DecodeShape> decode = DecodeShape::get(op, context.target)) {
    lowerDecode(op, *decode, captures, context);
    return success();
  }
  op.widenBlocks(context.target);
  FlashShape shape(op, context.target);
  KernelBuilder kb(attention.getLoc(), OpBuilder(attention), context.target);
  PackedKeys packed = buildPacking(kb, op, shape, context);

  // attention(b, h, panel, packed keys, packed values, operands, captures)
  SmallVector<Value> operands{packed.keys, packed.values};
  llvm::append_range(operands, attention->getOperands());
  llvm::append_range(operands, captures);
  auto emit = [&](StringRef name, const FlashShape &shape) {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return kb.function(context.module, name, types, [&](ValueRange args) {
      unsigned count = attention->getNumOperands();
      FlashKernel flash(kb, op, shape, args.slice(5, count), args.drop_front(5 + count),
                        PackedKeys{args[3], args[4], packed.kernel});
      flash.begin(args[0], args[1], kb.mul(args[2], shape.rows), kb.dim(flash.operand(0), 2));
      flash.visitAll();
      flash.finish();
    });
  };
  PanelKernels kernels(kb, context, attention, "qsat_attention", shape, emit);

  Value heads = kb.dim(op.q, 1), panels = kb.ceilDiv(kb.dim(op.q, 2), shape.rows);
  kb.parallel(kb.mul(kb.mul(kb.dim(op.q, 0), heads), panels), [&](Value t) {
    Value head = kb.div(t, panels), panel = kb.rem(t, panels);
    SmallVector<Value> arguments{kb.div(head, heads), kb.rem(head, heads),
                                 kb.foldedOrder(panel, panels)};
    llvm::append_range(arguments, operands);
    kernels.call(kb, arguments);
  });
  for (Value buffer : packed.buffers)
    memref::DeallocOp::create(kb, kb.getLoc(), buffer);
  return success();
}
