//===- LowerLinalg.cpp - Linalg on memrefs to parallel vector loops -------===//

#include "LinalgKernel.h"

#include "qsat/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"

namespace qsat {
#define GEN_PASS_DEF_LOWERLINALGPASS
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

/// Points of a task, counted as additions: some tens of microseconds of them.
static constexpr int64_t kTaskWork = 1 << 15;
/// What a math function costs, in additions.
static constexpr int64_t kMathWork = 16;

/// True when the loops can be emitted: the extent of every dimension can be
/// read from an operand, and the memory order says nothing else.
static bool canLower(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() == 0)
    return false;
  for (Value operand : op->getOperands())
    if (!isa<MemRefType>(operand.getType()) && isa<ShapedType>(operand.getType()))
      return false;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (unsigned dim = 0; dim < op.getNumLoops(); ++dim) {
    AffineExpr expr = getAffineDimExpr(dim, op.getContext());
    bool isKnown = llvm::any_of(maps, [&](AffineMap map) { return map.getResultPosition(expr).has_value(); });
    if (!isKnown)
      return false;
  }
  return llvm::all_of(maps, [](AffineMap map) { return map.getNumSymbols() == 0; });
}

/// Work of one index of the split dimension, in additions; unknown extents
/// count as the fewest that would be worth it.
static int64_t getRowWork(linalg::LinalgOp op, const LinalgKernel &kernel) {
  int64_t work = 1;
  op->walk([&](Operation *bodyOp) {
    if (isa_and_nonnull<math::MathDialect>(bodyOp->getDialect()))
      work += kMathWork;
  });
  for (auto [dim, extent] : llvm::enumerate(op.getStaticLoopRanges()))
    if (kernel.getSplit() != dim && !llvm::is_contained(kernel.getOuter(), dim))
      work *= ShapedType::isDynamic(extent) ? 64 : std::clamp<int64_t>(extent, 1, 1 << 20);
  return work;
}

/// driver(operands..., captured...): loops over tasks, each a call of the kernel.
static func::FuncOp buildDriver(KernelBuilder &kb, linalg::LinalgOp op, LinalgKernel &kernel, const VectorPlan &plan,
                                int64_t width, ModuleOp module) {
  func::FuncOp function = kernel.build(module);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t rowWork = getRowWork(op, kernel), total = rowWork, chunk = std::max<int64_t>(1, kTaskWork / rowWork);
  if (kernel.getSplit() == plan.dim)
    chunk = std::max<int64_t>(1, chunk / width) * width;
  auto addWork = [&](unsigned dim) {
    int64_t extent = ShapedType::isDynamic(ranges[dim]) ? kTaskWork : std::min(ranges[dim], kTaskWork);
    total = std::min(total * extent, kTaskWork);
  };
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, ValueRange(kernel.getCaptured()).getTypes());
  std::string name = "qsat_" + op->getName().stripDialect().str() + "_all";
  return kb.function(module, name, types, [&](ValueRange args) {
    ValueRange operands = args.take_front(op->getNumOperands());
    Value count = kb.index(1), chunks = kb.index(1), extent;
    SmallVector<Value> extents;
    for (unsigned dim : kernel.getOuter()) {
      extents.push_back(LinalgKernel::getExtent(kb, op, dim, operands));
      count = kb.mul(count, extents.back());
      addWork(dim);
    }
    if (kernel.getSplit()) {
      extent = LinalgKernel::getExtent(kb, op, *kernel.getSplit(), operands);
      chunks = kb.ceilDiv(extent, chunk);
      count = kb.mul(count, chunks);
      addWork(*kernel.getSplit());
    }
    auto call = [&](Value task) {
      Value linear = kb.div(task, chunks);
      SmallVector<Value> arguments(extents.size());
      for (size_t i = extents.size(); i-- > 0; linear = kb.div(linear, extents[i]))
        arguments[i] = kb.rem(linear, extents[i]);
      if (extent) {
        Value first = kb.mul(kb.rem(task, chunks), chunk);
        arguments.append({first, kb.min(kb.add(first, chunk), extent)});
      }
      llvm::append_range(arguments, args);
      func::CallOp::create(kb, op.getLoc(), function, arguments);
    };
    // A few additions are done before other threads have woken up.
    if (total < kTaskWork)
      kb.loop(kb.index(0), count, 1, call);
    else
      kb.parallel(count, call);
  });
}

/// A call of the op's driver at its place.
static void lower(linalg::LinalgOp op, LoweringContext &context) {
  KernelBuilder kb(op.getLoc(), OpBuilder(op), context.target);
  int64_t width = kb.lanes(kb.getF32Type());
  VectorPlan plan = planVectors(op, width);
  LinalgKernel kernel(kb, op, plan, width);
  func::FuncOp driver = context.kernels.get(op, op->getName().getStringRef(), [&] {
    return buildDriver(kb, op, kernel, plan, width, context.module);
  });
  SmallVector<Value> arguments(op->getOperands());
  llvm::append_range(arguments, kernel.getCaptured());
  func::CallOp::create(kb, op.getLoc(), driver, arguments);
}

/// memref.copy is a library call, slow for all but the simplest layouts.
static void expandCopies(Operation *root) {
  SmallVector<memref::CopyOp> copies;
  root->walk([&](memref::CopyOp copy) {
    auto source = dyn_cast<MemRefType>(copy.getSource().getType()), target = dyn_cast<MemRefType>(copy.getTarget().getType());
    if (source && target && source.getRank() > 0)
      copies.push_back(copy);
  });
  for (memref::CopyOp copy : copies) {
    OpBuilder b(copy);
    linalg::CopyOp::create(b, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  }
}

namespace {
struct LowerLinalgPass : qsat::impl::LowerLinalgPassBase<LowerLinalgPass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<CPUTarget> target = CPUTarget::get(cpu, features);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    expandCopies(getOperation());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (canLower(op))
        ops.push_back(op);
    });
    LoweringContext context{*target, getOperation(), {}};
    for (linalg::LinalgOp op : ops) {
      lower(op, context);
      ++numLowered;
    }
    for (linalg::LinalgOp op : ops)
      op->erase();
    numKernels += context.kernels.size();
  }
};
} // namespace
