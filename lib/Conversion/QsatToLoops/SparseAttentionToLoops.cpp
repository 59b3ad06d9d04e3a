//===- SparseAttentionToLoops.cpp - qsat.sparse_attention to loops --------===//

#include "BlockList.h"
#include "DecodeKernel.h"
#include "FlashKernel.h"
#include "Lowering.h"

using namespace mlir;
using namespace qsat;

/// The statistics as a kernel sees them that gets their buffers as arguments.
static BlockStatistics getArguments(const BlockStatistics &statistics, ValueRange arguments) {
  BlockStatistics result;
  Value BlockStatistics::*fields[] = {&BlockStatistics::valueMeans, &BlockStatistics::keyMeans,
                                      &BlockStatistics::keyVariances};
  for (Value BlockStatistics::*field : fields) {
    if (!(statistics.*field))
      continue;
    result.*field = arguments.front();
    arguments = arguments.drop_front();
  }
  return result;
}

LogicalResult qsat::lowerSparseAttention(SparseAttentionOp sparse, LoweringContext &context) {
  FlashOp op(sparse);
  if (failed(verifyForKernel(op)))
    return failure();
  SmallVector<Value> captures = isolateRegion(sparse);
  if (std::optional<DecodeShape> decode = DecodeShape::get(op, context.target)) {
    lowerDecode(op, *decode, captures, context);
    return success();
  }
  FlashShape shape(op, context.target);
  KernelBuilder kb(sparse.getLoc(), OpBuilder(sparse), context.target);
  PackedKeys packed = buildPacking(kb, op, shape, context);
  BlockStatistics statistics = buildBlockStatistics(kb, op, shape, context);

  // sparse_attention(b, h, panel, packed keys, packed values, statistics,
  //                  operands, captures)
  SmallVector<Value> operands{packed.keys, packed.values};
  llvm::append_range(operands, statistics.buffers);
  llvm::append_range(operands, sparse->getOperands());
  llvm::append_range(operands, captures);
  auto emit = [&](StringRef name, const FlashShape &shape) {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, ValueRange(operands).getTypes());
    return kb.function(context.module, name, types, [&](ValueRange args) {
      unsigned begin = 5 + statistics.buffers.size(), count = sparse->getNumOperands();
      FlashKernel flash(kb, op, shape, args.slice(begin, count), args.drop_front(begin + count),
                        PackedKeys{args[3], args[4], packed.kernel});
      BlockStatistics means = getArguments(statistics, args.drop_front(5));
      bool hasBackground = op.background != Background::None;
      if (hasBackground)
        flash.beginBackground();
      Value queries = flash.operand(0);
      Value block = kb.div(args[2], shape.panelsPerBlock);
      Value offset = kb.mul(kb.rem(args[2], shape.panelsPerBlock), shape.rows);
      Value firstOfBlock = kb.mul(block, op.blockRows), first = kb.add(firstOfBlock, offset);
      Value end = kb.min(kb.add(firstOfBlock, op.blockRows), kb.dim(queries, 2));
      kb.when(kb.less(first, end), [&] {
        flash.begin(args[0], args[1], first, end);
        BlockList list(kb, flash.operand(3), flash.operand(4), args[0], args[1],
                       kb.dim(queries, 1), block);
        flash.visitList(list.count, [&](Value t) { return list.load(kb, t); });
        if (!hasBackground)
          return flash.finish();
        flash.keepSelected();
        flash.visitBackground(means, [&](function_ref<void(Value)> body) {
          kb.loop(kb.index(0), list.count, 1, [&](Value t) { body(list.load(kb, t)); });
        });
        flash.finishMerged();
      });
    });
  };
  PanelKernels kernels(kb, context, sparse, "qsat_sparse_attention", shape, emit);

  Value heads = kb.dim(op.q, 1);
  Value panels = kb.mul(kb.ceilDiv(kb.dim(op.q, 2), op.blockRows), shape.panelsPerBlock);
  kb.parallel(kb.mul(kb.mul(kb.dim(op.q, 0), heads), panels), [&](Value t) {
    Value head = kb.div(t, panels), panel = kb.rem(t, panels);
    SmallVector<Value> arguments{kb.div(head, heads), kb.rem(head, heads),
                                 kb.foldedOrder(panel, panels)};
    llvm::append_range(arguments, operands);
    kernels.call(kb, arguments);
  });
  for (Value buffer : llvm::concat<Value>(packed.buffers, statistics.buffers))
    memref::DeallocOp::create(kb, kb.getLoc(), buffer);
  return success();
}
