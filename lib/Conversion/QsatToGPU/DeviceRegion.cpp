//===- DeviceRegion.cpp - The score region in a kernel --------------------===//

#include "DeviceRegion.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace qsat;

RegionArguments RegionArguments::get(HostBuilder &b, const FlashOp &op, ValueRange captures) {
  RegionArguments args;
  for (Value position : op.position)
    args.position.push_back(b.toI64(position));
  for (Value extra : op.extras) {
    HostBuilder::Array array = b.describe(extra);
    args.extras.push_back({array.data, array.strides});
  }
  args.captures.assign(captures.begin(), captures.end());
  return args;
}

SmallVector<Value *> RegionArguments::fields() {
  SmallVector<Value *> all;
  for (Value &value : position)
    all.push_back(&value);
  for (Extra &extra : extras) {
    all.push_back(&extra.pointer);
    for (Value &stride : extra.strides)
      all.push_back(&stride);
  }
  for (Value &value : captures)
    all.push_back(&value);
  return all;
}

Value DeviceRegion::place(unsigned number, Value local) {
  Value index = b.toIndex(local);
  if (args.position.empty())
    return index;
  Value offset = b.create<arith::IndexCastOp>(b.getIndexType(), args.position[number]);
  return b.createOrFold<arith::AddIOp>(index, offset);
}

/// Element of extra `number` for (b, h, i, j) in problem coordinates.
Value DeviceRegion::loadExtra(unsigned number, ArrayRef<Value> at) {
  auto indices = affine::expandAffineMap(b, b.getLoc(), op.extraMaps[number], at);
  const RegionArguments::Extra &extra = args.extras[number];
  Value place = b.i64(0);
  for (auto [index, stride] : llvm::zip_equal(*indices, extra.strides)) {
    Value wide = b.createOrFold<arith::IndexCastOp>(b.getI64Type(), index);
    Value step = b.createOrFold<arith::MulIOp>(wide, stride);
    place = b.createOrFold<arith::AddIOp>(place, step);
  }
  Type type = cast<MemRefType>(op.extras[number].getType()).getElementType();
  // An index or a bit is stored in more than it takes in a register.
  if (type.isIndex())
    return b.create<arith::IndexCastOp>(type, b.loadConstant(b.getI64Type(), extra.pointer, place));
  if (type.isInteger(1))
    return b.create<arith::TruncIOp>(type, b.loadConstant(b.getI8Type(), extra.pointer, place));
  return b.loadConstant(type, extra.pointer, place);
}

Value DeviceRegion::apply(Value score, ArrayRef<Value> position) {
  unsigned extras = op.extraMaps.size();
  IRMapping map;
  map.map(op.region->getArgument(0), score);
  for (unsigned number = 0; number < extras; ++number)
    map.map(op.region->getArgument(1 + number), loadExtra(number, position));
  for (auto [number, value] : llvm::enumerate(position))
    map.map(op.region->getArgument(1 + extras + number), value);
  for (auto [outside, value] : llvm::zip_equal(inner, args.captures))
    map.map(outside, value);
  for (Operation &operation : op.region->without_terminator())
    b.OpBuilder::clone(operation, map);
  return map.lookupOrDefault(op.region->getTerminator()->getOperand(0));
}
