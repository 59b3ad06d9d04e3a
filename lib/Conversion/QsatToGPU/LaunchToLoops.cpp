//===- LaunchToLoops.cpp - GPU kernels on threads of the host -------------===//

#include "qsat/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

namespace qsat {
#define GEN_PASS_DEF_LAUNCHTOLOOPS
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;

/// What the function of a kernel takes before the kernel's own arguments:
/// numbers of the block and of the thread, and their counts, in x, y and z.
static constexpr unsigned kBlock = 0, kThread = 3, kNumBlocks = 6, kNumThreads = 9, kNumPositions = 12;

/// The argument that stands for an op that names a thread's place, or none.
static std::optional<unsigned> getPosition(Operation *op) {
  auto at = [](unsigned first, gpu::Dimension dimension) {
    return first + static_cast<unsigned>(dimension);
  };
  if (auto id = dyn_cast<gpu::BlockIdOp>(op))
    return at(kBlock, id.getDimension());
  if (auto id = dyn_cast<gpu::ThreadIdOp>(op))
    return at(kThread, id.getDimension());
  if (auto dim = dyn_cast<gpu::GridDimOp>(op))
    return at(kNumBlocks, dim.getDimension());
  if (auto dim = dyn_cast<gpu::BlockDimOp>(op))
    return at(kNumThreads, dim.getDimension());
  return std::nullopt;
}

/// A function of the host that does what one thread of `kernel` does, or null
/// where threads depend on each other.
static func::FuncOp buildThread(gpu::GPUFuncOp kernel, SymbolTable &symbols) {
  MLIRContext *context = kernel.getContext();
  OpBuilder builder(context);
  SmallVector<Type> types(kNumPositions, builder.getIndexType());
  llvm::append_range(types, kernel.getArgumentTypes());
  auto function = func::FuncOp::create(kernel.getLoc(), kernel.getName(), builder.getFunctionType(types, {}));
  function.setPrivate();
  function->setAttr("no_inline", builder.getUnitAttr());
  Region &body = function.getBody();
  IRMapping map;
  kernel.getBody().cloneInto(&body, map);
  for (unsigned position = 0; position < kNumPositions; ++position)
    body.front().insertArgument(position, builder.getIndexType(), kernel.getLoc());
  WalkResult result = body.walk([&](Operation *op) {
    if (std::optional<unsigned> position = getPosition(op)) {
      op->getResult(0).replaceAllUsesWith(body.getArgument(*position));
      op->erase();
    } else if (isa<gpu::ReturnOp>(op)) {
      builder.setInsertionPoint(op);
      func::ReturnOp::create(builder, op->getLoc());
      op->erase();
    } else if (isa<gpu::GPUDialect>(op->getDialect())) {
      op->emitOpError("expected a kernel whose threads do not depend on each other");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted() || kernel.getNumWorkgroupAttributions()) {
    if (!result.wasInterrupted())
      kernel.emitOpError("expected a kernel without memory that threads share");
    function.erase();
    return {};
  }
  symbols.insert(function);
  return function;
}

namespace {
struct LaunchToLoops : qsat::impl::LaunchToLoopsBase<LaunchToLoops> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    llvm::MapVector<Operation *, func::FuncOp> functions;
    SmallVector<gpu::LaunchFuncOp> launches;
    module.walk([&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    for (gpu::LaunchFuncOp launch : launches) {
      auto kernel = module.lookupSymbol<gpu::GPUFuncOp>(launch.getKernel());
      if (!kernel) {
        launch.emitOpError("expected a kernel that is a gpu.func");
        return signalPassFailure();
      }
      func::FuncOp &function = functions[kernel];
      if (!function && !(function = buildThread(kernel, symbols)))
        return signalPassFailure();
      lower(launch, function);
    }
    for (gpu::GPUModuleOp kernels : llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
      kernels.erase();
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

  /// Blocks in parallel, threads of a block one after the other.
  void lower(gpu::LaunchFuncOp launch, func::FuncOp function) {
    OpBuilder b(launch);
    Location loc = launch.getLoc();
    gpu::KernelDim3 grid = launch.getGridSizeOperandValues(), block = launch.getBlockSizeOperandValues();
    Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
    SmallVector<Value> zeros(3, zero), ones(3, one);
    Value blocks[] = {grid.x, grid.y, grid.z}, threads[] = {block.x, block.y, block.z};
    auto parallel = scf::ParallelOp::create(b, loc, zeros, blocks, ones);
    b.setInsertionPoint(parallel.getBody()->getTerminator());
    scf::LoopNest nest = scf::buildLoopNest(b, loc, zeros, threads, ones);
    b.setInsertionPoint(nest.loops.back().getBody()->getTerminator());
    SmallVector<Value> arguments(parallel.getInductionVars());
    for (scf::ForOp loop : nest.loops)
      arguments.push_back(loop.getInductionVar());
    arguments.append(std::begin(blocks), std::end(blocks));
    arguments.append(std::begin(threads), std::end(threads));
    llvm::append_range(arguments, launch.getKernelOperands());
    func::CallOp::create(b, loc, function, arguments);
    launch.erase();
    ++numLowered;
  }
};
} // namespace
