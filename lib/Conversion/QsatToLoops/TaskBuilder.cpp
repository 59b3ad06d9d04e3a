//===- TaskBuilder.cpp - Builds parallel loops over tasks -----------------===//

#include "TaskBuilder.h"

#include "Lowering.h"

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

/// Moves `body`, of a loop, into a private function and calls it: `convert-scf-to-openmp` cannot
/// keep stack allocations in a loop body, and each task then owns its registers and its stack.
static void outlineBody(TaskBuilder &b, Block &body, StringRef name) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(*body.getParent(), *body.getParent(), used);
  KernelBuilder::Values arguments(body.getArguments());
  SmallVector<Operation *> constants;
  for (Value value : used) {
    Operation *definition = value.getDefiningOp();
    if (definition && matchPattern(value, m_Constant()))
      constants.push_back(definition);
    else
      arguments.push_back(value);
  }

  OpBuilder::InsertionGuard guard(b);
  Operation *table = SymbolTable::getNearestSymbolTable(body.getParentOp());
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
  Operation *terminator = body.getTerminator();
  entry->getOperations().splice(entry->end(), body.getOperations(), body.begin(),
                                terminator->getIterator());
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
  outlineBody(*this, *op.getBody(), name);
}

void TaskBuilder::parallelWithScratch(StringRef name, ValueRange extents,
                                      function_ref<void(ValueRange)> body) {
  Value tasks = index(1);
  for (Value extent : extents)
    tasks = mul(tasks, extent);
  Value workers = min(toIndex(askRuntime(*this, "qsat_max_threads")), tasks);
  auto loop = create<scf::ParallelOp>(ValueRange{index(0)}, ValueRange{workers}, ValueRange{index(1)});
  InsertionGuard guard(*this);
  setInsertionPoint(loop.getBody()->getTerminator());
  Value worker = loop.getInductionVars()[0];
  Value begin = div(mul(tasks, worker), workers), end = div(mul(tasks, add(worker, 1)), workers);
  auto run = create<scf::ForOp>(begin, end, index(1));
  setInsertionPoint(run.getBody()->getTerminator());
  Values point(extents.size());
  Value rest = run.getInductionVar();
  for (size_t n = extents.size() - 1; n > 0; --n) {
    point[n] = rem(rest, extents[n]);
    rest = div(rest, extents[n]);
  }
  point[0] = rest;
  body(point);
  placeScratch(loop);
  outlineBody(*this, *run.getBody(), name);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static constexpr int64_t kCacheLine = 64;

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
  return create<memref::AllocOp>(MemRefType::get(shape, element), dynamic, getI64IntegerAttr(kCacheLine));
}

void TaskBuilder::release(ValueRange buffers) {
  for (Value buffer : buffers)
    create<memref::DeallocOp>(buffer);
}

Value TaskBuilder::scratch(Type element, ValueRange extents) {
  // placeScratch makes it a part of the worker's memory when all of it is known.
  Value buffer = allocate(element, extents);
  scratches.push_back(buffer.getDefiningOp<memref::AllocOp>());
  return buffer;
}

/// `value` without what is inside of `op`: that is computed again, before it.
Value TaskBuilder::computeBefore(Operation *op, Value value, IRMapping &map) {
  Operation *definition = value.getDefiningOp();
  if (!definition || !op->isProperAncestor(definition))
    return value;
  if (Value known = map.lookupOrNull(value))
    return known;
  for (Value operand : definition->getOperands())
    map.map(operand, computeBefore(op, operand, map));
  return clone(*definition, map)->getResult(cast<OpResult>(value).getResultNumber());
}

void TaskBuilder::placeScratch(scf::ParallelOp loop) {
  InsertionGuard guard(*this);
  setInsertionPoint(loop);
  IRMapping map;
  Value bytes = index(0); // of a worker
  Values offsets;
  for (memref::AllocOp buffer : scratches) {
    MemRefType type = buffer.getType();
    Type element = type.getElementType();
    Value size = index(element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
    for (int64_t extent : type.getShape())
      if (!ShapedType::isDynamic(extent))
        size = mul(size, extent);
    for (Value extent : buffer.getDynamicSizes())
      size = mul(size, computeBefore(loop, extent, map));
    offsets.push_back(bytes);
    bytes = add(bytes, mul(div(add(size, kCacheLine - 1), kCacheLine), kCacheLine));
  }
  Value memory = allocate(getI8Type(), {mul(loop.getUpperBound()[0], bytes)});
  for (auto [buffer, offset] : llvm::zip_equal(scratches, offsets)) {
    setInsertionPoint(buffer);
    Value begin = add(mul(loop.getInductionVars()[0], bytes), offset);
    buffer.replaceAllUsesWith(
        create<memref::ViewOp>(buffer.getType(), memory, begin, buffer.getDynamicSizes()).getResult());
    buffer.erase();
  }
  scratches.clear();
  setInsertionPointAfter(loop);
  release(memory);
}
