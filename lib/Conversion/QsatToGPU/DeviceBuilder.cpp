//===- DeviceBuilder.cpp - Builds the body of a GPU kernel ----------------===//

#include "DeviceBuilder.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

Value DeviceBuilder::i32(int64_t value) {
  return createOrFold<arith::ConstantOp>(getI32IntegerAttr(value));
}

Value DeviceBuilder::i64(int64_t value) {
  return createOrFold<arith::ConstantOp>(getI64IntegerAttr(value));
}

Value DeviceBuilder::add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
Value DeviceBuilder::sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
Value DeviceBuilder::mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
Value DeviceBuilder::div(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
Value DeviceBuilder::rem(Value a, Value b) { return createOrFold<arith::RemUIOp>(a, b); }
Value DeviceBuilder::bitAnd(Value a, int64_t b) { return createOrFold<arith::AndIOp>(a, i32(b)); }
Value DeviceBuilder::bitXor(Value a, Value b) { return createOrFold<arith::XOrIOp>(a, b); }
Value DeviceBuilder::shiftLeft(Value a, int64_t b) { return createOrFold<arith::ShLIOp>(a, i32(b)); }
Value DeviceBuilder::shiftRight(Value a, int64_t b) {
  return createOrFold<arith::ShRUIOp>(a, i32(b));
}
Value DeviceBuilder::min(Value a, Value b) { return createOrFold<arith::MinSIOp>(a, b); }
Value DeviceBuilder::max(Value a, Value b) { return createOrFold<arith::MaxSIOp>(a, b); }
Value DeviceBuilder::minUnsigned(Value a, Value b) { return createOrFold<arith::MinUIOp>(a, b); }

Value DeviceBuilder::cmp(arith::CmpIPredicate predicate, Value a, Value b) {
  return createOrFold<arith::CmpIOp>(predicate, a, b);
}

Value DeviceBuilder::both(Value a, Value b) { return createOrFold<arith::AndIOp>(a, b); }
Value DeviceBuilder::either(Value a, Value b) { return createOrFold<arith::OrIOp>(a, b); }

Value DeviceBuilder::select(Value condition, Value a, Value b) {
  return createOrFold<arith::SelectOp>(condition, a, b);
}

Value DeviceBuilder::extend(Value a) { return createOrFold<arith::ExtSIOp>(getI64Type(), a); }
Value DeviceBuilder::extendUnsigned(Value a) {
  return createOrFold<arith::ExtUIOp>(getI64Type(), a);
}
Value DeviceBuilder::toIndex(Value a) {
  return createOrFold<arith::IndexCastOp>(getIndexType(), a);
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

Value DeviceBuilder::f32(double value) {
  return createOrFold<arith::ConstantOp>(getF32FloatAttr(static_cast<float>(value)));
}

Value DeviceBuilder::addf(Value a, Value b) { return create<arith::AddFOp>(a, b); }
Value DeviceBuilder::mulf(Value a, Value b) { return create<arith::MulFOp>(a, b); }
Value DeviceBuilder::negf(Value a) { return create<arith::NegFOp>(a); }
Value DeviceBuilder::maxf(Value a, Value b) { return create<arith::MaxNumFOp>(a, b); }
Value DeviceBuilder::fma(Value a, Value b, Value c) { return create<LLVM::FMAOp>(a, b, c); }

Value DeviceBuilder::cmpf(arith::CmpFPredicate predicate, Value a, Value b) {
  return create<arith::CmpFOp>(predicate, a, b);
}

Value DeviceBuilder::exp2(Value x) {
  return create<LLVM::Exp2Op>(x.getType(), x, LLVM::FastmathFlags::afn);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

LLVM::LLVMPointerType DeviceBuilder::pointer(unsigned space) {
  return LLVM::LLVMPointerType::get(getContext(), space);
}

Value DeviceBuilder::loadConstant(Type type, Value base, Value index) {
  Value address = create<LLVM::GEPOp>(base.getType(), type, base, ValueRange{index});
  auto load = create<LLVM::LoadOp>(type, address);
  load.setInvariant(true);
  return load;
}

void DeviceBuilder::store(Value value, Value base, Value index) {
  Value address = create<LLVM::GEPOp>(base.getType(), value.getType(), base, ValueRange{index});
  create<LLVM::StoreOp>(value, address);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Values DeviceBuilder::loop(Value low, Value high, ValueRange inits,
                           function_ref<Values(Value, ValueRange)> body) {
  auto op = create<scf::ForOp>(low, high, i32(1), inits);
  InsertionGuard guard(*this);
  if (inits.empty())
    op.getBody()->getTerminator()->erase();
  setInsertionPointToEnd(op.getBody());
  Values next = body(op.getInductionVar(), op.getRegionIterArgs());
  create<scf::YieldOp>(next);
  return llvm::to_vector_of<Value>(op.getResults());
}

Values DeviceBuilder::loopWhile(ValueRange inits, function_ref<Test(ValueRange)> before,
                                function_ref<Values(ValueRange)> body) {
  // The types of the results are those that `before` passes on: known only once
  // it has been built.
  Block *head = new Block;
  for (Value init : inits)
    head->addArgument(init.getType(), getLoc());
  Test test;
  {
    InsertionGuard guard(*this);
    setInsertionPointToEnd(head);
    test = before(head->getArguments());
    create<scf::ConditionOp>(test.first, test.second);
  }
  auto op = create<scf::WhileOp>(TypeRange(ValueRange(test.second)), inits);
  op.getBefore().push_back(head);
  Block *tail = &op.getAfter().emplaceBlock();
  for (Value value : test.second)
    tail->addArgument(value.getType(), getLoc());
  InsertionGuard guard(*this);
  setInsertionPointToEnd(tail);
  Values next = body(tail->getArguments());
  create<scf::YieldOp>(next);
  return llvm::to_vector_of<Value>(op.getResults());
}

void DeviceBuilder::when(Value condition, function_ref<void()> then,
                         function_ref<void()> otherwise) {
  auto op = create<scf::IfOp>(condition, /*withElseRegion=*/static_cast<bool>(otherwise));
  InsertionGuard guard(*this);
  setInsertionPoint(op.thenYield());
  then();
  if (!otherwise)
    return;
  setInsertionPoint(op.elseYield());
  otherwise();
}

Values DeviceBuilder::choose(Value condition, function_ref<Values()> then, ValueRange otherwise) {
  auto op = create<scf::IfOp>(otherwise.getTypes(), condition, /*withElseRegion=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToEnd(op.thenBlock());
  Values values = then();
  create<scf::YieldOp>(values);
  setInsertionPointToEnd(op.elseBlock());
  create<scf::YieldOp>(otherwise);
  return llvm::to_vector_of<Value>(op.getResults());
}

//===----------------------------------------------------------------------===//
// PTX
//===----------------------------------------------------------------------===//

static LLVM::InlineAsmOp createAssembly(DeviceBuilder &b, TypeRange types, StringRef ptx,
                                        StringRef constraints, ValueRange operands, bool pure) {
  auto dialect = LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT);
  return b.create<LLVM::InlineAsmOp>(types, operands, ptx, constraints,
                                     /*has_side_effects=*/!pure, /*is_align_stack=*/false,
                                     LLVM::TailCallKind::None, dialect,
                                     /*operand_attrs=*/ArrayAttr());
}

void DeviceBuilder::assembly(StringRef ptx, StringRef constraints, ValueRange operands) {
  createAssembly(*this, {}, ptx, constraints, operands, /*pure=*/false);
}

Value DeviceBuilder::assembly(Type type, StringRef ptx, StringRef constraints, ValueRange operands,
                              bool pure) {
  return createAssembly(*this, type, ptx, constraints, operands, pure).getResult(0);
}
