//===- PortableAttentionToGPU.cpp - Attention to portable kernels ---------===//

#include "Lowering.h"
#include "PortableAttention.h"

#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"

using namespace mlir;
using namespace qsat;

/// What KernelBuilder asks of a machine: no more than any has.
static CPUTarget getPortableMachine() { return CPUTarget(); }

static LogicalResult verify(const FlashOp &op, ValueRange captures) {
  if (op.background != Background::None)
    return op.op->emitOpError("expected no background: it has no kernel for this target yet");
  for (Value capture : captures)
    if (!capture.getType().isIntOrIndexOrFloat())
      return op.op->emitOpError("expected a score region that takes scalars from around it, "
                                "but got ")
             << capture.getType();
  return success();
}

/// Adds the kernel to `module`; its arguments have the types of `arguments`.
static void buildKernel(gpu::GPUModuleOp module, StringRef name, const FlashOp &op,
                        ValueRange arguments, ValueRange captures, const GPUTarget &target) {
  CPUTarget machine = getPortableMachine();
  KernelBuilder kb(op.op->getLoc(), OpBuilder::atBlockEnd(module.getBody()), machine);
  auto type = kb.getFunctionType(arguments.getTypes(), {});
  auto function = gpu::GPUFuncOp::create(kb, kb.getLoc(), name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), kb.getUnitAttr());
  if (target.chip == "generic") // of no use but to SPIR-V, which cannot do without
    function->setAttr(spirv::getEntryPointABIAttrName(),
                      spirv::getEntryPointABIAttr(kb.getContext(), {PortableAttention::kThreads, 1, 1}));
  kb.setInsertionPointToStart(&function.getBody().front());
  unsigned count = op.op->getNumOperands();
  ValueRange operands = function.getArguments().take_front(count);
  PortableAttention kernel(kb, op, operands, captures, function.getArguments().drop_front(count));
  auto id = [&](auto op, gpu::Dimension dimension) -> Value {
    return decltype(op)::create(kb, kb.getLoc(), dimension);
  };
  Value block = id(gpu::BlockIdOp(), gpu::Dimension::x), thread = id(gpu::ThreadIdOp(), gpu::Dimension::x);
  Value head = id(gpu::BlockIdOp(), gpu::Dimension::y), batch = id(gpu::BlockIdOp(), gpu::Dimension::z);
  Value row = kb.add(kb.mul(block, PortableAttention::kThreads), thread);
  kb.when(kb.less(row, kb.dim(operands[0], 2)), [&] { kernel.build(batch, head, row); });
  gpu::ReturnOp::create(kb, kb.getLoc());
}

LogicalResult qsat::lowerPortableAttention(const FlashOp &op, ValueRange captures, GPULoweringContext &context) {
  if (failed(verify(op, captures)))
    return failure();
  SmallVector<Value> arguments(op.op->getOperands());
  llvm::append_range(arguments, captures);
  StringRef name = op.isSparse ? "qsat_sparse_attention" : "qsat_attention";
  SymbolRefAttr kernel = context.getKernel(op.op, name, [&](gpu::GPUModuleOp module) {
    buildKernel(module, name, op, arguments, captures, context.target);
  });

  CPUTarget machine = getPortableMachine();
  KernelBuilder kb(op.op->getLoc(), OpBuilder(op.op), machine);
  Value blocks = kb.ceilDiv(kb.dim(op.q, 2), PortableAttention::kThreads), one = kb.index(1);
  gpu::LaunchFuncOp::create(kb, kb.getLoc(), kernel,
                            gpu::KernelDim3{blocks, kb.dim(op.q, 1), kb.dim(op.q, 0)},
                            gpu::KernelDim3{kb.index(PortableAttention::kThreads), one, one},
                            /*dynamicSharedMemorySize=*/Value(), arguments);
  return success();
}
