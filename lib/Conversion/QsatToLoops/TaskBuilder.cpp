//===- TaskBuilder.cpp - Builds parallel loops over tasks -----------------===//

#include "TaskBuilder.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace qsat;

Value TaskBuilder::exp2(Value x) {
  auto type = dyn_cast<VectorType>(x.getType());
  int64_t width = lanes(getElementTypeOrSelf(x.getType()));
  if (!type || type.getNumElements() <= width || type.getNumElements() % width != 0)
    return KernelBuilder::exp2(x);
  Value result = constant(type, 0.0);
  for (int64_t lane = 0; lane < type.getNumElements(); lane += width) {
    Value part = create<vector::ExtractStridedSliceOp>(x, lane, width, 1);
    result = create<vector::InsertStridedSliceOp>(KernelBuilder::exp2(part), result, lane, 1);
  }
  return result;
}

Value TaskBuilder::hash(uint64_t seed, ArrayRef<std::pair<uint32_t, Value>> terms) {
  auto constant = [&](uint32_t value) { return i32(static_cast<int32_t>(value)); };
  auto mixed = [&](Value x, int64_t shift) -> Value {
    return create<arith::XOrIOp>(x, create<arith::ShRUIOp>(x, i32(shift)));
  };
  Value x = constant(static_cast<uint32_t>(seed));
  for (auto [factor, position] : terms) {
    Value low = create<arith::TruncIOp>(getI32Type(), toI64(position));
    x = add(x, mul(low, constant(factor)));
  }
  x = mul(mixed(x, 16), constant(0x85EBCA6B));
  x = mul(mixed(x, 13), constant(0xC2B2AE35));
  return mixed(x, 16);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void TaskBuilder::loopBy(Value from, Value to, Value step, function_ref<void(Value)> body) {
  auto op = create<scf::ForOp>(from, to, step);
  InsertionGuard guard(*this);
  setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVar());
}

void TaskBuilder::ifElse(Value condition, function_ref<void()> then,
                         function_ref<void()> otherwise) {
  auto op = create<scf::IfOp>(condition, /*withElseRegion=*/true);
  InsertionGuard guard(*this);
  setInsertionPoint(op.thenYield());
  then();
  setInsertionPoint(op.elseYield());
  otherwise();
}

/// Moves the body of `loop` into a private function and calls it: `convert-scf-to-
/// openmp` cannot keep stack allocations in a loop body, and each task then owns
/// its registers and its stack.
static void outlineBody(TaskBuilder &b, scf::ParallelOp loop, StringRef name) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), loop.getRegion(), used);
  KernelBuilder::Values arguments(loop.getInductionVars());
  SmallVector<Operation *> constants;
  for (Value value : used) {
    Operation *definition = value.getDefiningOp();
    if (definition && matchPattern(value, m_Constant()))
      constants.push_back(definition);
    else
      arguments.push_back(value);
  }

  OpBuilder::InsertionGuard guard(b);
  Operation *table = SymbolTable::getNearestSymbolTable(loop);
  auto function = func::FuncOp::create(b.getLoc(), name,
                                       b.getFunctionType(TypeRange(ValueRange(arguments)), {}));
  function.setPrivate();
  function->setAttr("no_inline", b.getUnitAttr());
  // As of KernelBuilder::function: no calls of memset and memcpy.
  function->setAttr("passthrough", b.getStrArrayAttr({"no-builtins"}));
  SymbolTable(table).insert(function);

  Block *entry = function.addEntryBlock();
  IRMapping map;
  for (auto [outer, inner] : llvm::zip_equal(arguments, entry->getArguments()))
    map.map(outer, inner);
  b.setInsertionPointToStart(entry);
  for (Operation *constant : constants)
    b.clone(*constant, map);
  Operation *terminator = loop.getBody()->getTerminator();
  entry->getOperations().splice(entry->end(), loop.getBody()->getOperations(),
                                loop.getBody()->begin(), terminator->getIterator());
  for (auto [outer, inner] : map.getValueMap())
    const_cast<Value &>(outer).replaceUsesWithIf(inner, [&](OpOperand &use) {
      return function->isProperAncestor(use.getOwner());
    });
  b.setInsertionPointToEnd(entry);
  b.create<func::ReturnOp>();
  b.setInsertionPoint(terminator);
  b.create<func::CallOp>(function, arguments);
}

void TaskBuilder::parallel(StringRef name, ValueRange extents,
                           function_ref<void(ValueRange)> body) {
  Values zeros(extents.size(), index(0)), ones(extents.size(), index(1));
  auto op = create<scf::ParallelOp>(zeros, extents, ones);
  {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPoint(op.getBody()->getTerminator());
    body(op.getInductionVars());
  }
  outlineBody(*this, op, name);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value TaskBuilder::allocate(Type element, ValueRange extents) {
  SmallVector<int64_t> shape;
  Values dynamic;
  for (Value extent : extents) {
    APInt value;
    if (matchPattern(extent, m_ConstantInt(&value))) {
      shape.push_back(value.getSExtValue());
    } else {
      shape.push_back(ShapedType::kDynamic);
      dynamic.push_back(extent);
    }
  }
  return create<memref::AllocOp>(MemRefType::get(shape, element), dynamic, getI64IntegerAttr(64));
}

void TaskBuilder::release(ValueRange buffers) {
  for (Value buffer : buffers)
    create<memref::DeallocOp>(buffer);
}
