//===- DeviceMemory.cpp - Memrefs in device memory ------------------------===//

#include "DeviceMemory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace qsat;

SmallVector<Type> qsat::getPartTypes(Type type) {
  MLIRContext *context = type.getContext();
  Type i64 = IntegerType::get(context, 64);
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return {type.isIndex() ? i64 : type};
  SmallVector<Type> types{LLVM::LLVMPointerType::get(context), i64};
  types.append(2 * memref.getRank(), i64);
  return types;
}

SmallVector<Value> qsat::toParts(HostBuilder &b, Value value) {
  if (!isa<MemRefType>(value.getType()))
    return {value.getType().isIndex() ? b.toI64(value) : value};
  auto metadata = b.create<memref::ExtractStridedMetadataOp>(value);
  Value start = b.toI64(b.create<memref::ExtractAlignedPointerAsIndexOp>(value));
  SmallVector<Value> parts{b.create<LLVM::IntToPtrOp>(b.pointer(), start), b.toI64(metadata.getOffset())};
  for (Value extent : metadata.getSizes())
    parts.push_back(b.toI64(extent));
  for (Value stride : metadata.getStrides())
    parts.push_back(b.toI64(stride));
  return parts;
}

Value qsat::fromParts(ImplicitLocOpBuilder &b, Type type, ValueRange parts) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return type.isIndex() ? b.create<arith::IndexCastOp>(type, parts[0]) : parts[0];
  // The descriptor that memrefs are lowered to: pointer twice, offset, extents,
  // strides.
  int64_t rank = memref.getRank();
  Type pointer = parts[0].getType(), i64 = b.getI64Type();
  SmallVector<Type> fields{pointer, pointer, i64};
  if (rank)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  Value descriptor = b.create<LLVM::PoisonOp>(LLVM::LLVMStructType::getLiteral(b.getContext(), fields));
  auto set = [&](Value part, ArrayRef<int64_t> position) {
    descriptor = b.create<LLVM::InsertValueOp>(descriptor, part, position);
  };
  set(parts[0], {0});
  set(parts[0], {1});
  set(parts[1], {2});
  for (int64_t d = 0; d < rank; ++d) {
    set(parts[2 + d], {3, d});
    set(parts[2 + rank + d], {4, d});
  }
  return b.create<UnrealizedConversionCastOp>(type, descriptor).getResult(0);
}

/// The memory of `alloc`, row-major, from the runtime.
static void replace(memref::AllocOp alloc, SymbolTable &symbols) {
  HostBuilder b(alloc.getLoc(), OpBuilder(alloc), symbols);
  MemRefType type = alloc.getType();
  SmallVector<Value> extents, strides(type.getRank());
  unsigned dynamic = 0;
  for (int64_t extent : type.getShape())
    extents.push_back(ShapedType::isDynamic(extent) ? b.toI64(alloc.getDynamicSizes()[dynamic++]) : b.i64(extent));
  Value size = b.i64(1);
  for (int64_t d = type.getRank(); d-- > 0;) {
    strides[d] = size;
    size = b.mul(size, extents[d]);
  }
  int64_t bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  Value bytes = b.mul(size, b.i64((bits + 7) / 8));
  SmallVector<Value> parts{b.call("qsat_gpu_allocate", b.pointer(), bytes), b.i64(0)};
  llvm::append_range(parts, extents);
  llvm::append_range(parts, strides);
  alloc.replaceAllUsesWith(fromParts(b, type, parts));
  alloc.erase();
}

void qsat::allocateOnDevice(Operation *function, SymbolTable &symbols) {
  SmallVector<Operation *> ops;
  function->walk([&](Operation *op) {
    if (isa<memref::AllocOp, memref::DeallocOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      replace(alloc, symbols);
      continue;
    }
    HostBuilder b(op->getLoc(), OpBuilder(op), symbols);
    Value start = b.toI64(b.create<memref::ExtractAlignedPointerAsIndexOp>(op->getOperand(0)));
    b.call("qsat_gpu_free", b.getI32Type(), b.create<LLVM::IntToPtrOp>(b.pointer(), start).getResult());
    op->erase();
  }
}
