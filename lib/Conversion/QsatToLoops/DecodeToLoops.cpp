//===- DecodeToLoops.cpp - Tasks over chunks of keys, and their merge -----===//

#include "../Constants.h"
#include "BlockList.h"
#include "DecodeKernel.h"
#include "Lowering.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;


namespace {
/// What the steps of one lowering share.
struct DecodeLowering {
  KernelBuilder &kb;
  const FlashOp &op;
  const DecodeShape &shape;
  ValueRange captures;
  LoweringContext &context;

  /// Key blocks of a list that one task visits.
  int64_t blocksPerTask() const { return std::max<int64_t>(shape.chunk / op.blockKeys, 1); }
  Value countChunks();
  PartialStates allocateStates(Value chunks);
  PanelKernels getChunkKernels(ValueRange operands);
  func::FuncOp getMergeKernel(ValueRange operands);
  void visitChunk(DecodeKernel &kernel, Value batch, Value pass, Value chunk);
  void mergeRow(const PartialStates &states, ValueRange operands, Value batch, Value pass,
                Value r);
};
} // namespace

/// Tasks of one pass: chunks of the context, or of the longest list.
Value DecodeLowering::countChunks() {
  if (!op.isSparse)
    return kb.ceilDiv(kb.dim(op.k, 2), shape.chunk);
  Value indices = cast<SparseAttentionOp>(op.op).getIndices();
  return kb.ceilDiv(kb.dim(indices, 3), blocksPerTask());
}

PartialStates DecodeLowering::allocateStates(Value chunks) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t passes = cast<MemRefType>(op.q.getType()).getDimSize(1) / shape.heads;
  auto allocate = [&](ArrayRef<int64_t> extents) -> Value {
    return memref::AllocOp::create(kb, kb.getLoc(), MemRefType::get(extents, op.acc),
                                   ValueRange{kb.dim(op.q, 0), chunks}, ValueRange(),
                                   kb.getI64IntegerAttr(64));
  };
  return {allocate({dynamic, passes, dynamic, shape.rows, shape.paddedWidth}),
          allocate({dynamic, passes, dynamic, shape.rows}),
          allocate({dynamic, passes, dynamic, shape.rows})};
}

void DecodeLowering::visitChunk(DecodeKernel &kernel, Value batch, Value pass, Value chunk) {
  Value extent = kernel.getExtent();
  if (!op.isSparse) {
    Value first = kb.mul(chunk, shape.chunk), end = kb.add(first, shape.chunk);
    return kernel.visitKeys(first, kb.min(end, extent), end);
  }
  // All rows are in one block of rows.
  BlockList list(kb, kernel.operand(3), kernel.operand(4), batch, kb.mul(pass, shape.heads),
                 kb.dim(kernel.operand(0), 1), kb.index(0));
  Value blocks = kb.ceilDiv(extent, op.blockKeys);
  Value first = kb.mul(chunk, blocksPerTask()), last = kb.sub(list.count, kb.index(1));
  kb.loop(first, kb.min(kb.add(first, blocksPerTask()), list.count), 1, [&](Value t) {
    Value block = list.load(kb, t);
    // A number outside of the context is passed over. Unsigned: negative numbers
    // are large.
    kb.when(kb.cmp(arith::CmpIPredicate::ult, block, blocks), [&] {
      Value begin = kb.mul(block, op.blockKeys);
      Value next = kb.mul(list.load(kb, kb.min(kb.add(t, 1), last)), op.blockKeys);
      kernel.visitKeys(begin, kb.min(kb.add(begin, op.blockKeys), extent), next);
    });
  });
}

/// decode(b, pass, chunk, states o, m, l, operands, captures)
PanelKernels DecodeLowering::getChunkKernels(ValueRange operands) {
  CPUTarget target = context.target;
  target.hasAMX = false;
  DecodeShape plain = *DecodeShape::get(op, target);
  auto emit = [&](StringRef name, const FlashShape &panels) {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, operands.getTypes());
    return kb.function(context.module, name, types, [&](ValueRange args) {
      unsigned count = op.op->getNumOperands();
      DecodeKernel kernel(kb, op, panels.usesTiles ? shape : plain, args.slice(6, count),
                          args.drop_front(6 + count));
      kernel.begin(args[0], args[1]);
      visitChunk(kernel, args[0], args[1], args[2]);
      kernel.storeState({args[3], args[4], args[5]}, args[2]);
    });
  };
  FlashShape panels(op, context.target); // of which only this is looked at:
  panels.usesTiles = shape.usesTiles;
  return PanelKernels(kb, context, op.op, "qsat_decode", panels, emit);
}

/// Row r of a pass: the states of its chunks, merged in their order, to o, lse and,
/// if they are given, kept.
void DecodeLowering::mergeRow(const PartialStates &states, ValueRange operands, Value batch,
                              Value pass, Value r) {
  FloatType acc = op.acc;
  int64_t lanes = shape.lanes;
  Value none = kb.index(0), one = kb.constant(acc, 1.0), zero = kb.constant(acc, 0.0);
  Value chunks = kb.dim(states.m, 2);
  Value o = operands[operands.size() - op.numInits];
  Value head = kb.add(kb.mul(pass, shape.heads), kb.div(r, shape.rowsPerHead));
  Value row = kb.rem(r, shape.rowsPerHead);

  // Without chunks (no keys) the sum is 0 and m is not read.
  Value m = kb.loop(none, chunks, 1, {kb.constant(acc, -INFINITY)}, [&](Value c, ValueRange top) {
    return Values{kb.maxf(kb.load(states.m, {batch, pass, c, r}), top[0])};
  })[0];
  auto weight = [&](Value c) {
    return kb.exp2(kb.splat(kb.subf(kb.load(states.m, {batch, pass, c, r}), m), lanes));
  };
  Value zeros = kb.constant(kb.vec(acc, lanes), 0.0);
  Value total = kb.loop(none, chunks, 1, {zeros}, [&](Value c, ValueRange sum) {
    Value l = kb.splat(kb.load(states.l, {batch, pass, c, r}), lanes);
    return Values{kb.fma(l, weight(c), sum[0])};
  })[0];
  Value sum = vector::ExtractOp::create(kb, kb.getLoc(), total, 0);
  Value isEmpty = kb.cmpf(arith::CmpFPredicate::OEQ, sum, zero);
  Value factor = kb.select(isEmpty, zero, kb.divf(one, sum));

  constexpr int64_t kVectors = 8;
  bool isContiguous = KernelBuilder::isRowContiguous(o);
  for (int64_t column = 0; column < shape.paddedWidth; column += kVectors * lanes) {
    int64_t end = std::min(column + kVectors * lanes, shape.paddedWidth);
    Values init((end - column) / lanes, zeros);
    Values result = kb.loop(none, chunks, 1, init, [&](Value c, ValueRange sums) {
      Value w = weight(c);
      Values next;
      for (auto [n, sum] : llvm::enumerate(sums)) {
        Value x = kb.loadVector(states.o,
                                {batch, pass, c, r, kb.index(column + n * lanes)}, lanes);
        next.push_back(kb.fma(x, w, sum));
      }
      return next;
    });
    for (auto [n, x] : llvm::enumerate(result)) {
      int64_t d = column + n * lanes;
      x = kb.mulf(x, kb.splat(factor, lanes));
      if (isContiguous && d + lanes <= shape.valueWidth) {
        kb.storeVectorAs(x, o, {batch, head, row, kb.index(d)});
        continue;
      }
      for (int64_t lane = 0; lane < lanes && d + lane < shape.valueWidth; ++lane)
        kb.storeAs(vector::ExtractOp::create(kb, kb.getLoc(), x, lane), o,
                   {batch, head, row, kb.index(d + lane)});
    }
  }
  if (op.numInits > 1) {
    Value isNaN = kb.cmpf(arith::CmpFPredicate::UNO, sum, sum);
    Value log = kb.mulf(kb.addf(m, kb.log2(sum)), kb.constant(acc, kLn2));
    log = kb.select(isEmpty, kb.constant(acc, -INFINITY), kb.select(isNaN, sum, log));
    kb.store(log, operands[operands.size() - op.numInits + 1], {batch, head, row});
  }
  if (op.numInits > 2)
    kb.storeAs(kb.select(isEmpty, zero, one), operands[operands.size() - op.numInits + 2],
               {batch, head, row});
}

/// merge(b, pass, row, states o, m, l, operands)
func::FuncOp DecodeLowering::getMergeKernel(ValueRange operands) {
  return context.kernels.get(op.op, "qsat_decode_merge", [&] {
    Type index = kb.getIndexType();
    SmallVector<Type> types{index, index, index};
    llvm::append_range(types, operands.getTypes());
    return kb.function(context.module, "qsat_decode_merge", types, [&](ValueRange args) {
      mergeRow({args[3], args[4], args[5]}, args.drop_front(6), args[0], args[1], args[2]);
    });
  });
}

void qsat::lowerDecode(const FlashOp &op, const DecodeShape &shape, ValueRange captures,
                       LoweringContext &context) {
  KernelBuilder kb(op.op->getLoc(), OpBuilder(op.op), context.target);
  DecodeLowering lowering{kb, op, shape, captures, context};
  Value batches = kb.dim(op.q, 0), passes = kb.div(kb.dim(op.q, 1), shape.heads);
  Value chunks = lowering.countChunks();
  PartialStates states = lowering.allocateStates(chunks);

  SmallVector<Value> operands{states.o, states.m, states.l};
  llvm::append_range(operands, op.op->getOperands());
  func::FuncOp merge = lowering.getMergeKernel(operands);
  SmallVector<Value> ofChunk = operands;
  llvm::append_range(ofChunk, captures);
  PanelKernels kernels = lowering.getChunkKernels(ofChunk);

  // Calls back for all (batch, pass, n), n < count, with the operands behind.
  auto runTasks = [&](Value count, ValueRange operands, function_ref<void(ValueRange)> call) {
    kb.parallel(kb.mul(kb.mul(batches, passes), count), [&](Value t) {
      Value task = kb.div(t, count);
      SmallVector<Value> arguments{kb.div(task, passes), kb.rem(task, passes), kb.rem(t, count)};
      llvm::append_range(arguments, operands);
      call(arguments);
    });
  };
  runTasks(chunks, ofChunk, [&](ValueRange arguments) { kernels.call(kb, arguments); });
  runTasks(kb.index(shape.rows), operands, [&](ValueRange arguments) {
    func::CallOp::create(kb, kb.getLoc(), merge, arguments);
  });
  for (Value buffer : {states.o, states.m, states.l})
    memref::DeallocOp::create(kb, kb.getLoc(), buffer);
}
