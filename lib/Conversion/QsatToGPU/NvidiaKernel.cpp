//===- NvidiaKernel.cpp - Kernels as functions of LLVM --------------------===//

#include "NvidiaKernel.h"

using namespace mlir;
using namespace qsat;

void qsat::beginKernel(NvidiaBuilder &b, StringRef name, ArrayRef<Value *> fields, int64_t threads, int64_t blocks) {
  SmallVector<Type> types;
  for (Value *field : fields) {
    Type type = field->getType();
    types.push_back(isa<LLVM::LLVMArrayType>(type) ? b.pointer() : type.isIndex() ? b.getI64Type() : type);
  }
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), types);
  auto function = b.create<LLVM::LLVMFuncOp>(name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
  // ptxas divides registers by these; without them setmaxnreg is ignored.
  function->setAttr("nvvm.maxntid", b.getDenseI32ArrayAttr(threads));
  function->setAttr("nvvm.minctasm", b.getI32IntegerAttr(blocks));
  // Without it exp2 costs two more multiplications.
  function->setAttr("denormal_fp_math_f32", b.getStringAttr("preserve-sign,preserve-sign"));
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  for (auto [number, field] : llvm::enumerate(fields)) {
    if (isa<LLVM::LLVMArrayType>(field->getType())) {
      auto bytes = LLVM::LLVMArrayType::get(b.getI8Type(), 128);
      function.setArgAttr(number, "llvm.byval", TypeAttr::get(bytes));
      function.setArgAttr(number, "llvm.align", b.getI64IntegerAttr(64));
      function.setArgAttr(number, "nvvm.grid_constant", b.getUnitAttr());
    }
    bool isIndex = field->getType().isIndex();
    *field = entry->getArgument(number);
    if (isIndex)
      *field = b.create<arith::IndexCastOp>(b.getIndexType(), *field);
  }
}

Value qsat::getSharedMemory(NvidiaBuilder &b, gpu::GPUModuleOp module) {
  auto memory = module.lookupSymbol<LLVM::GlobalOp>("shared");
  if (!memory) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    memory = b.create<LLVM::GlobalOp>(LLVM::LLVMArrayType::get(b.getI8Type(), 0), /*isConstant=*/false,
                                      LLVM::Linkage::External, "shared", Attribute(), /*alignment=*/1024,
                                      /*addrSpace=*/3);
  }
  Value base = b.create<LLVM::AddressOfOp>(memory);
  return b.create<LLVM::PtrToIntOp>(b.getI32Type(), base);
}

void qsat::endKernel(NvidiaBuilder &b) { b.create<LLVM::ReturnOp>(ValueRange()); }

void qsat::launchKernel(HostBuilder &b, SymbolRefAttr kernel, const NvidiaLaunch &launch, ArrayRef<Value *> fields,
                        Value stream) {
  SmallVector<Value> operands;
  for (Value *field : fields)
    operands.push_back(field->getType().isIndex() ? b.toI64(*field) : *field);
  // All of LLVM's types: the lowering of the host then leaves the launch, and
  // its stream, as they are.
  Value one = b.i64(1);
  auto orOne = [&](Value count) { return count ? count : one; };
  b.create<gpu::LaunchFuncOp>(kernel, gpu::KernelDim3{orOne(launch.x), orOne(launch.y), orOne(launch.z)},
                              gpu::KernelDim3{b.i64(launch.threads), one, one},
                              b.create<arith::ConstantOp>(b.getI32IntegerAttr(launch.sharedBytes)), operands, stream);
}
