//===- TeamKernel.cpp - Kernels of teams that work alone ------------------===//

#include "TeamKernel.h"

#include "DeviceMemory.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"

using namespace mlir;
using namespace qsat;

/// Threads of a block.
static constexpr int64_t kThreads = 64;

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

/// `value` of another lane of the warp.
static Value shuffle(TeamBuilder &b, Value value, Value lane, int64_t clamp, NVVM::ShflKind kind) {
  bool isIndex = value.getType().isIndex();
  if (isIndex)
    value = b.toI32(value);
  Value result = b.create<NVVM::ShflOp>(value.getType(), b.i32(-1), value, lane, b.i32(clamp), kind, UnitAttr());
  return isIndex ? b.toIndex(result) : result;
}

Value TeamBuilder::exchange(Value value, int64_t bits) {
  return shuffle(*this, value, i32(bits), /*clamp=*/31, NVVM::ShflKind::bfly);
}

Value TeamBuilder::sumOver(Value value, int64_t low, int64_t high) {
  for (int64_t bit = low; bit < high; bit *= 2) {
    Value other = exchange(value, bit);
    value = value.getType().isIndex() ? add(value, other) : addf(value, other);
  }
  return value;
}

Value TeamBuilder::largestOver(Value value, int64_t low, int64_t high) {
  for (int64_t bit = low; bit < high; bit *= 2)
    value = maxf(value, exchange(value, bit));
  return value;
}

Value TeamBuilder::exp2(Value x) {
  if (!onDriver || !x.getType().isF32())
    return TaskBuilder::exp2(x);
  return create<LLVM::Exp2Op>(x.getType(), x, LLVM::FastmathFlags::afn);
}

/// A float from 2^52 on is whole.
static constexpr double kWhole = 0x1p52;

Value TeamBuilder::roundUp(Value x) {
  Type type = x.getType();
  Value isSmall = cmpf(arith::CmpFPredicate::OLT, x, constant(type, kWhole)), zero = constant(type, 0.0);
  Value whole = create<arith::FPToSIOp>(getI64Type(), select(isSmall, x, zero)); // towards 0
  whole = create<arith::SIToFPOp>(type, whole);
  Value isBelow = cmpf(arith::CmpFPredicate::OLT, whole, x);
  return select(isSmall, select(isBelow, addf(whole, constant(type, 1.0)), whole), x);
}

Value TeamBuilder::roundToEven(Value x) {
  Type type = x.getType();
  Value least = constant(type, type.isF64() ? kWhole : 0x1p23);
  return select(cmpf(arith::CmpFPredicate::OLT, x, least), subf(addf(x, least), least), x);
}

Value TeamBuilder::sqrt(Value x) {
  if (onDriver)
    return create<math::SqrtOp>(x);
  // A step of Newton's doubles the 24 bits; one whose error, x - root^2, is exact
  // (of halves of the bits) rounds as if there had been no other.
  Type f64 = x.getType();
  Value first = convert(create<math::SqrtOp>(convert(x, getF32Type())), f64), half = constant(f64, 0.5);
  Value root = mulf(half, addf(first, divf(x, first)));
  Value bits = create<arith::AndIOp>(create<arith::BitcastOp>(getI64Type(), root), i64(-(int64_t(1) << 27)));
  Value high = create<arith::BitcastOp>(f64, bits), low = subf(root, high);
  Value error = subf(subf(x, mulf(high, high)), mulf(constant(f64, 2.0), mulf(high, low)));
  root = addf(root, divf(mulf(half, subf(error, mulf(low, low))), root));
  return select(cmpf(arith::CmpFPredicate::OEQ, first, constant(f64, 0.0)), first, root);
}

/// The lanes that have the condition, as bits.
static Value ballot(TeamBuilder &b, Value condition) {
  return b.create<NVVM::VoteSyncOp>(b.getI32Type(), b.i32(-1), condition, NVVM::VoteSyncKind::ballot);
}

static Value countBits(TeamBuilder &b, Value bits) { return b.toIndex(b.create<LLVM::CtPopOp>(bits.getType(), bits)); }

Value TeamBuilder::countOfTeam(Value condition) {
  return hasLanes() ? countBits(*this, ballot(*this, condition)) : select(condition, index(1), index(0));
}

Value TeamBuilder::countBefore(Value condition) {
  if (!hasLanes())
    return index(0);
  Value before = create<arith::SubIOp>(create<arith::ShLIOp>(i32(1), toI32(lane)), i32(1));
  return countBits(*this, create<arith::AndIOp>(ballot(*this, condition), before));
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// The number of the block or the thread in `dimension`.
template <typename GPUOp, typename X, typename Y, typename Z>
static Value place(TeamBuilder &b, gpu::Dimension dimension) {
  if (!b.onDriver)
    return GPUOp::create(b, b.getLoc(), dimension);
  Type i32 = b.getI32Type();
  Value number = dimension == gpu::Dimension::x   ? Value(X::create(b, b.getLoc(), i32))
                 : dimension == gpu::Dimension::y ? Value(Y::create(b, b.getLoc(), i32))
                                                  : Value(Z::create(b, b.getLoc(), i32));
  return b.toIndex(number);
}

/// The function around the body; `teams` is its last argument.
static void buildBody(TeamBuilder &b, ValueRange arguments, TeamBody body) {
  auto block = [&](gpu::Dimension dimension) {
    return place<gpu::BlockIdOp, NVVM::BlockIdXOp, NVVM::BlockIdYOp, NVVM::BlockIdZOp>(b, dimension);
  };
  Value thread = place<gpu::ThreadIdOp, NVVM::ThreadIdXOp, NVVM::ThreadIdYOp, NVVM::ThreadIdZOp>(
      b, gpu::Dimension::x);
  thread = b.add(b.mul(block(gpu::Dimension::x), kThreads), thread);
  Value team = b.div(thread, b.lanes);
  b.lane = b.rem(thread, b.lanes);
  Value head = block(gpu::Dimension::y), batch = block(gpu::Dimension::z);
  b.when(b.less(team, arguments.back()), [&] { body(b, arguments.drop_back(), team, head, batch); });
}

/// What KernelBuilder asks of a machine: no more than any has.
static const CPUTarget &getPortableMachine() {
  static const CPUTarget machine;
  return machine;
}

/// For the driver: a function of the LLVM dialect, its memrefs taken apart.
static void buildForDriver(gpu::GPUModuleOp module, const TeamLaunch &launch, ValueRange arguments, TeamBody body) {
  TeamBuilder b(module.getLoc(), OpBuilder::atBlockEnd(module.getBody()), getPortableMachine(), launch.lanes,
                /*onDriver=*/true);
  SmallVector<Type> types;
  for (Value argument : arguments)
    llvm::append_range(types, getPartTypes(argument.getType()));
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), types);
  auto function = b.create<LLVM::LLVMFuncOp>(launch.name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr("nvvm.maxntid", b.getDenseI32ArrayAttr(kThreads));
  // Left alone, ptxas would rather spill than use more than 56 registers.
  function->setAttr("nvvm.minctasm", b.getI32IntegerAttr(8));
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  SmallVector<Value> whole;
  ValueRange parts = entry->getArguments();
  for (Value argument : arguments) {
    size_t count = getPartTypes(argument.getType()).size();
    whole.push_back(fromParts(b, argument.getType(), parts.take_front(count)));
    parts = parts.drop_front(count);
  }
  if (launch.letsNextStart)
    b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::launch_dependents);
  if (launch.startsEarly)
    b.create<NVVM::GriddepcontrolOp>(NVVM::GridDepActionKind::wait);
  buildBody(b, whole, body);
  b.create<LLVM::ReturnOp>(ValueRange());
}

/// For everything else: a gpu.func.
static void buildPortable(gpu::GPUModuleOp module, StringRef name, ValueRange arguments, const GPUTarget &target,
                          TeamBody body) {
  TeamBuilder b(module.getLoc(), OpBuilder::atBlockEnd(module.getBody()), getPortableMachine(), /*lanes=*/1,
                /*onDriver=*/false);
  auto function = gpu::GPUFuncOp::create(b, b.getLoc(), name, b.getFunctionType(arguments.getTypes(), {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  if (target.isHost) // of no use but to SPIR-V, which cannot do without
    function->setAttr(spirv::getEntryPointABIAttrName(),
                      spirv::getEntryPointABIAttr(b.getContext(), {kThreads, 1, 1}));
  b.setInsertionPointToStart(&function.getBody().front());
  buildBody(b, function.getArguments(), body);
  gpu::ReturnOp::create(b, b.getLoc());
}

void qsat::launchTeams(Operation *op, GPULoweringContext &context, const TeamLaunch &launch, TeamBody body) {
  bool onDriver = context.target.hasRuntime;
  SmallVector<Value> arguments(launch.arguments);
  arguments.push_back(launch.teams);
  SymbolRefAttr kernel = context.getKernel(op, launch.name, [&](gpu::GPUModuleOp module) {
    if (onDriver)
      buildForDriver(module, launch, arguments, body);
    else
      buildPortable(module, launch.name, arguments, context.target, body);
  });

  TaskBuilder b(op->getLoc(), OpBuilder(op), getPortableMachine());
  Value blocks = b.ceilDiv(b.mul(launch.teams, launch.lanes), kThreads);
  if (!onDriver) {
    Value one = b.index(1);
    gpu::LaunchFuncOp::create(b, b.getLoc(), kernel, gpu::KernelDim3{blocks, launch.heads, launch.batches},
                              gpu::KernelDim3{b.index(kThreads), one, one}, /*dynamicSharedMemorySize=*/Value(),
                              arguments);
    return;
  }
  HostBuilder host(op->getLoc(), OpBuilder(op), context.symbols);
  // An empty grid is an error of the driver's.
  Value work = b.mul(b.mul(blocks, launch.heads), launch.batches);
  auto some = b.create<scf::IfOp>(b.gt(work, b.index(0)), /*withElseRegion=*/false);
  host.setInsertionPoint(some.thenYield());
  Value stream = host.call("qsat_gpu_stream", host.pointer(), {});
  if (launch.startsEarly)
    stream = host.call("qsat_gpu_early", host.pointer(), stream);
  SmallVector<Value> parts;
  for (Value argument : arguments)
    llvm::append_range(parts, toParts(host, argument));
  Value one = host.i64(1), none = host.create<arith::ConstantOp>(host.getI32IntegerAttr(0));
  host.create<gpu::LaunchFuncOp>(
      kernel, gpu::KernelDim3{host.toI64(blocks), host.toI64(launch.heads), host.toI64(launch.batches)},
      gpu::KernelDim3{host.i64(kThreads), one, one}, none, parts, stream);
}
