//===- LinalgToParallelLoops.cpp - Loops that LLVM vectorises -------------===//
//
// LLVM's loop vectoriser does the inner loops, which decides their form: the
// innermost loop runs over the dimension that most operands are contiguous in,
// reductions over it are carried in registers (a sum in memory is not
// vectorised without knowing that nothing aliases) and may be reassociated.
//
//===----------------------------------------------------------------------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace qsat {
#define GEN_PASS_DEF_LINALGTOPARALLELLOOPSPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {

/// Below this many iterations threads cost more than they give.
constexpr int64_t minParallelWork = 1 << 14;
/// Iterations of the parallel loop that keep any number of threads busy.
constexpr int64_t enoughTasks = 256;
/// Elements per task when the only loop is split.
constexpr int64_t chunk = 1 << 13;

/// The order and kind of the loops of an op. Positions are loop dimensions.
struct LoopPlan {
  /// Outer parallel loops, outermost first; the first `numTasks` of them are
  /// distributed over threads.
  SmallVector<unsigned> outer;
  unsigned numTasks = 0;
  /// Reductions whose accumulators live in memory, around `inner`.
  SmallVector<unsigned> memoryReductions;
  /// Reductions carried in registers: the innermost loops if there are any.
  SmallVector<unsigned> registerReductions;
  /// The innermost parallel loop, if it is vectorised, and whether it is cut
  /// into chunks for the threads.
  std::optional<unsigned> inner;
  bool splitInner = false;
};

/// How well a loop over `dim` suits vector loads and stores: the operands that
/// are contiguous along it less those that are strided.
int getContiguity(linalg::LinalgOp op, unsigned dim) {
  int score = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    int weight = op.isDpsInit(&operand) ? 2 : 1;
    for (auto [position, expr] : llvm::enumerate(map.getResults()))
      if (expr.isFunctionOfDim(dim))
        score += position + 1 == map.getNumResults() ? weight : -weight;
  }
  return score;
}

LoopPlan planLoops(linalg::LinalgOp op) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  SmallVector<unsigned> parallel, reduction;
  int64_t work = 1;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    (linalg::isParallelIterator(kind) ? parallel : reduction).push_back(dim);
    work = ShapedType::isDynamic(sizes[dim]) || work >= minParallelWork ? minParallelWork : work * sizes[dim];
  }
  LoopPlan plan;
  std::optional<unsigned> best;
  for (unsigned dim : parallel)
    if (sizes[dim] != 1 && (!best || getContiguity(op, dim) >= getContiguity(op, *best)))
      best = dim;
  bool alongReduction =
      !reduction.empty() && (!best || getContiguity(op, reduction.back()) >= getContiguity(op, *best));
  if (alongReduction)
    plan.registerReductions = reduction;
  else
    plan.memoryReductions = reduction;
  for (unsigned dim : parallel)
    if (alongReduction || dim != best)
      plan.outer.push_back(dim);
  if (!alongReduction)
    plan.inner = best;

  if (work < minParallelWork)
    return plan;
  int64_t tasks = 1;
  for (unsigned dim : plan.outer) {
    if (tasks >= enoughTasks)
      break;
    tasks = ShapedType::isDynamic(sizes[dim]) ? enoughTasks : tasks * sizes[dim];
    ++plan.numTasks;
  }
  if (tasks == 1) {
    plan.numTasks = 0;
    plan.splitInner = plan.inner && plan.memoryReductions.empty();
  }
  return plan;
}

/// Emits the loops of one op.
class LoopEmitter {
public:
  LoopEmitter(RewriterBase &rewriter, linalg::LinalgOp op)
      : rewriter(rewriter), op(op), loc(op.getLoc()), plan(planLoops(op)), ranges(op.createLoopRanges(rewriter, loc)),
        ivs(ranges.size()) {}

  void emit() {
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    auto getSize = [&](unsigned dim) {
      return getValueOrCreateConstantIndexOp(rewriter, loc, ranges[dim].size);
    };
    if (plan.numTasks) {
      SmallVector<Value> lower(plan.numTasks, zero), upper, step(plan.numTasks, one);
      for (unsigned i = 0; i < plan.numTasks; ++i)
        upper.push_back(getSize(plan.outer[i]));
      auto tasks = scf::ParallelOp::create(rewriter, loc, lower, upper, step);
      for (auto [i, iv] : llvm::enumerate(tasks.getInductionVars()))
        ivs[plan.outer[i]] = iv;
      rewriter.setInsertionPointToStart(tasks.getBody());
    }
    auto enterFor = [&](unsigned dim, Value begin, Value end) {
      auto loop = scf::ForOp::create(rewriter, loc, begin, end, one);
      ivs[dim] = loop.getInductionVar();
      rewriter.setInsertionPointToStart(loop.getBody());
    };
    for (unsigned dim : ArrayRef(plan.outer).drop_front(plan.numTasks))
      enterFor(dim, zero, getSize(dim));
    for (unsigned dim : plan.memoryReductions)
      enterFor(dim, zero, getSize(dim));
    if (plan.inner && plan.splitInner) {
      Value size = getSize(*plan.inner), width = arith::ConstantIndexOp::create(rewriter, loc, chunk);
      auto tasks = scf::ParallelOp::create(rewriter, loc, zero, size, width);
      rewriter.setInsertionPointToStart(tasks.getBody());
      Value end = arith::AddIOp::create(rewriter, loc, tasks.getInductionVars()[0], width);
      enterFor(*plan.inner, tasks.getInductionVars()[0], arith::MinSIOp::create(rewriter, loc, end, size));
    } else if (plan.inner) {
      enterFor(*plan.inner, zero, getSize(*plan.inner));
    }

    // Accumulators that are loaded before and stored after the reductions.
    SmallVector<Value> accumulators;
    bool inRegisters = !plan.registerReductions.empty();
    for (OpOperand &init : op.getDpsInitsMutable()) {
      bool used = op.getMatchingBlockArgument(&init).use_empty();
      accumulators.push_back(used && !inRegisters ? Value() : load(init));
    }
    SmallVector<scf::ForOp> loops;
    SmallVector<Value> carried = accumulators;
    for (unsigned dim : plan.registerReductions) {
      auto loop = scf::ForOp::create(rewriter, loc, zero, getSize(dim), one, carried);
      if (!loops.empty())
        scf::YieldOp::create(rewriter, loc, loop.getResults());
      ivs[dim] = loop.getInductionVar();
      loops.push_back(loop);
      carried.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
      rewriter.setInsertionPointToStart(loop.getBody());
    }
    SmallVector<Value> results = emitBody(carried);
    if (inRegisters) {
      scf::YieldOp::create(rewriter, loc, results);
      rewriter.setInsertionPointAfter(loops.front());
      results.assign(loops.front().getResults().begin(), loops.front().getResults().end());
    }
    for (auto [init, result] : llvm::zip_equal(op.getDpsInitsMutable(), results))
      memref::StoreOp::create(rewriter, loc, result, init.get(), getIndices(init));
  }

private:
  /// The indices of the element of `operand` at the current iteration.
  SmallVector<Value> getIndices(OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    SmallVector<Value> indices;
    for (AffineExpr expr : map.getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        indices.push_back(ivs[dim.getPosition()]);
      else
        indices.push_back(affine::expandAffineExpr(rewriter, loc, expr, ivs, {}));
    }
    return indices;
  }

  Value load(OpOperand &operand) {
    if (!isa<MemRefType>(operand.get().getType()))
      return operand.get();
    return memref::LoadOp::create(rewriter, loc, operand.get(), getIndices(operand));
  }

  /// One iteration; returns what it yields. `accumulators` has one value per
  /// init, null where the region does not read it.
  SmallVector<Value> emitBody(ArrayRef<Value> accumulators) {
    IRMapping mapping;
    for (OpOperand *input : op.getDpsInputOperands())
      if (BlockArgument argument = op.getMatchingBlockArgument(input); !argument.use_empty())
        mapping.map(argument, load(*input));
    for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), accumulators))
      if (value)
        mapping.map(op.getMatchingBlockArgument(&init), value);
    Block *body = op.getBlock();
    for (Operation &inner : body->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        mapping.map(index.getResult(), ivs[index.getDim()]);
        continue;
      }
      Operation *clone = rewriter.clone(inner, mapping);
      // Nested regions (scf.if) may ask for an index too.
      clone->walk([&](linalg::IndexOp index) { rewriter.replaceOp(index, ivs[index.getDim()]); });
      relaxRounding(clone, isCombiner(inner));
    }
    SmallVector<Value> results;
    for (Value value : body->getTerminator()->getOperands())
      results.push_back(mapping.lookupOrDefault(value));
    return results;
  }

  /// Does `inner` combine an element with the accumulator of its own result?
  bool isCombiner(Operation &inner) {
    if (plan.registerReductions.empty() || inner.getNumResults() != 1)
      return false;
    for (OpOperand &yielded : op.getBlock()->getTerminator()->getOpOperands())
      if (yielded.get() == inner.getResult(0) &&
          llvm::is_contained(inner.getOperands(), op.getRegionOutputArgs()[yielded.getOperandNumber()]))
        return true;
    return false;
  }

  /// Products and sums may fuse; a reduction may run in several partial sums.
  static void relaxRounding(Operation *inner, bool combiner) {
    if (!isa<arith::AddFOp, arith::MulFOp, arith::SubFOp>(inner))
      return;
    auto flags = cast<arith::ArithFastMathInterface>(inner).getFastMathFlagsAttr().getValue();
    flags = flags | arith::FastMathFlags::contract;
    if (combiner)
      flags = flags | arith::FastMathFlags::reassoc;
    inner->setAttr("fastmath", arith::FastMathFlagsAttr::get(inner->getContext(), flags));
  }

  RewriterBase &rewriter;
  linalg::LinalgOp op;
  Location loc;
  LoopPlan plan;
  SmallVector<Range> ranges;
  /// The induction variable of each loop dimension.
  SmallVector<Value> ivs;
};

struct LinalgToParallelLoopsPass : qsat::impl::LinalgToParallelLoopsPassBase<LinalgToParallelLoopsPass> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation()->walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      if (!isa<MemRefType>(copy.getSource().getType()) || !isa<MemRefType>(copy.getTarget().getType()))
        continue;
      rewriter.setInsertionPoint(copy);
      linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
      rewriter.eraseOp(copy);
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      LoopEmitter(rewriter, op).emit();
      rewriter.eraseOp(op);
      ++numLowered;
    }
  }
};

} // namespace
