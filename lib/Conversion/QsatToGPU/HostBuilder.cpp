//===- HostBuilder.cpp - Builds what the host does for a launch -----------===//

#include "HostBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace qsat;

Value HostBuilder::i64(int64_t value) {
  return createOrFold<arith::ConstantOp>(getI64IntegerAttr(value));
}
Value HostBuilder::add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
Value HostBuilder::sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
Value HostBuilder::mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
Value HostBuilder::div(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
Value HostBuilder::ceilDiv(Value a, Value b) { return div(sub(add(a, b), i64(1)), b); }
Value HostBuilder::ceilDiv(Value a, int64_t b) { return div(add(a, i64(b - 1)), i64(b)); }
Value HostBuilder::min(Value a, Value b) { return createOrFold<arith::MinSIOp>(a, b); }
Value HostBuilder::max(Value a, Value b) { return createOrFold<arith::MaxSIOp>(a, b); }

Value HostBuilder::clamp(Value value, int64_t low, int64_t high) {
  return max(i64(low), min(value, i64(high)));
}

Value HostBuilder::toI32(Value value) {
  return createOrFold<arith::TruncIOp>(getI32Type(), value);
}
Value HostBuilder::toI64(Value index) {
  return createOrFold<arith::IndexCastOp>(getI64Type(), index);
}

Type HostBuilder::pointer() { return LLVM::LLVMPointerType::get(getContext()); }

HostBuilder::Array HostBuilder::describe(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata = create<memref::ExtractStridedMetadataOp>(memref);
  Value start = toI64(create<memref::ExtractAlignedPointerAsIndexOp>(memref));
  int64_t bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  Value bytes = i64((bits + 7) / 8);
  Value first = add(start, mul(toI64(metadata.getOffset()), bytes));
  Array array;
  array.data = create<LLVM::IntToPtrOp>(pointer(), first);
  for (Value extent : metadata.getSizes())
    array.extents.push_back(toI64(extent));
  for (Value stride : metadata.getStrides())
    array.strides.push_back(toI64(stride));
  return array;
}

Value HostBuilder::tileMap(const Array &array, Type element, int64_t rows, int64_t panels) {
  SmallVector<Value> arguments{array.data, i64(element.isBF16())};
  llvm::append_range(arguments, array.extents);
  llvm::append_range(arguments, ArrayRef(array.strides).drop_back());
  arguments.push_back(i64(rows));
  arguments.push_back(i64(panels));
  Value map = call("qsat_gpu_tile_map", pointer(), arguments);
  return create<LLVM::LoadOp>(LLVM::LLVMArrayType::get(getI64Type(), 16), map);
}

Value HostBuilder::call(StringRef name, Type result, ValueRange arguments) {
  auto function = symbols.lookup<func::FuncOp>(name);
  if (!function) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(&symbols.getOp()->getRegion(0).front());
    auto type = getFunctionType(arguments.getTypes(), result);
    function = create<func::FuncOp>(name, type);
    function.setPrivate();
    symbols.insert(function);
  }
  return create<func::CallOp>(function, arguments).getResult(0);
}
