//===- LowerMatmul.cpp - Matrix products on memrefs to kernels ------------===//

#include "MatmulKernel.h"

#include "qsat/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace qsat {
#define GEN_PASS_DEF_LOWERMATMULPASS
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

/// The block argument behind `value`, widened or not.
static BlockArgument getFactor(Value value) {
  if (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  return dyn_cast<BlockArgument>(value);
}

/// True for yield(out + a * b), in any order, a and b widened or not; and b, a
/// the first two arguments.
static bool isMultiplyAdd(Block *body) {
  auto yield = cast<linalg::YieldOp>(body->getTerminator());
  if (body->getNumArguments() != 3 || yield->getNumOperands() != 1)
    return false;
  auto sum = yield->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  Value out = body->getArgument(2);
  Value product = sum.getLhs() == out ? sum.getRhs() : sum.getLhs();
  if (sum.getLhs() != out && sum.getRhs() != out)
    return false;
  auto multiply = product.getDefiningOp<arith::MulFOp>();
  if (!multiply)
    return false;
  BlockArgument first = getFactor(multiply.getLhs()), second = getFactor(multiply.getRhs());
  return first && second && first.getOwner() == body && second.getOwner() == body &&
         first.getArgNumber() + second.getArgNumber() == 1;
}

/// Only plain dimensions, no expression and no constant.
static bool isProjection(AffineMap map) {
  return map.getNumSymbols() == 0 &&
         llvm::all_of(map.getResults(), [](AffineExpr e) { return isa<AffineDimExpr>(e); }) &&
         map.isProjectedPermutation();
}

/// Of `dims` the one to tile: the largest static extent, else the last.
static unsigned takeLargest(SmallVectorImpl<unsigned> &dims, ArrayRef<int64_t> extents) {
  unsigned *best = dims.end() - 1;
  for (unsigned &dim : dims)
    if (!ShapedType::isDynamic(extents[*best]) && !ShapedType::isDynamic(extents[dim]) &&
        extents[dim] > extents[*best])
      best = &dim;
  unsigned dim = *best;
  dims.erase(best);
  return dim;
}

FailureOr<Matmul> qsat::matchMatmul(linalg::LinalgOp op, std::string &reason) {
  auto fail = [&](StringRef text) -> FailureOr<Matmul> {
    reason = text.str();
    return failure();
  };
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || !op.hasPureBufferSemantics())
    return fail("expected two inputs and an output in memory");
  if (!isMultiplyAdd(op.getBlock()))
    return fail("the body is not a multiply-add of its arguments");
  Matmul matmul;
  matmul.op = op;
  matmul.a = op.getDpsInputOperand(0)->get();
  matmul.b = op.getDpsInputOperand(1)->get();
  matmul.c = op.getDpsInitOperand(0)->get();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!llvm::all_of(maps, isProjection))
    return fail("an indexing map is not a projected permutation");
  auto cType = cast<MemRefType>(matmul.c.getType());
  if (maps[2].getNumResults() == 0 || !KernelBuilder::isRowContiguous(matmul.c))
    return fail("rows of the output are not contiguous");
  // n is the last dimension of c: the operand that has it is b.
  unsigned last = maps[2].getDimPosition(maps[2].getNumResults() - 1);
  if (maps[0].isFunctionOfDim(last)) {
    std::swap(matmul.a, matmul.b);
    std::swap(maps[0], maps[1]);
  }
  matmul.aMap = maps[0];
  matmul.bMap = maps[1];
  matmul.cMap = maps[2];
  Builder b(op.getContext());
  matmul.acc = cType.getElementType().isF64() ? b.getF64Type() : b.getF32Type();
  for (Value operand : {matmul.a, matmul.b, matmul.c}) {
    auto element = dyn_cast<FloatType>(cast<MemRefType>(operand.getType()).getElementType());
    if (!element || !(element.isF64() || element.isF32() || element.isBF16() || element.isF16()) ||
        element.getWidth() > matmul.acc.getIntOrFloatBitWidth())
      return fail("an element type is none of f64, f32, bf16 and f16");
  }
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<unsigned> ms, ks;
  for (unsigned dim = 0; dim < op.getNumLoops(); ++dim) {
    bool inA = matmul.aMap.isFunctionOfDim(dim), inB = matmul.bMap.isFunctionOfDim(dim),
         inC = matmul.cMap.isFunctionOfDim(dim);
    if (inA && inB && inC)
      matmul.batch.push_back(dim);
    else if (inA && inC)
      ms.push_back(dim);
    else if (inB && inC && dim != last)
      matmul.outerN.push_back(dim);
    else if (inA && inB)
      ks.push_back(dim);
    else if (dim != last)
      return fail("a dimension is in one operand only");
  }
  if (!matmul.bMap.isFunctionOfDim(last) || matmul.aMap.isFunctionOfDim(last))
    return fail("the last dimension of the output is a batch dimension");
  if (ks.size() != 1 || ms.empty())
    return fail("expected one reduction dimension and at least one row dimension");
  matmul.n = last;
  matmul.k = ks.front();
  matmul.m = takeLargest(ms, extents);
  matmul.outerM.assign(ms.begin(), ms.end());
  if (extents[matmul.k] == 0)
    return fail("the reduction is empty");
  // Packing b costs as much as a few rows of the product.
  int64_t rows = extents[matmul.m];
  if (!ShapedType::isDynamic(rows) && rows < 4)
    return fail("too few rows for packing to pay");
  return matmul;
}

/// The fill with zeros that gives `c` its value before `op`, when nothing else
/// can see it: c is an allocation, and between the two nothing touches it.
static linalg::FillOp findZeroFill(Value c, Operation *op) {
  SmallVector<Value> aliases{c};
  while (auto view = aliases.back().getDefiningOp<ViewLikeOpInterface>())
    aliases.push_back(view.getViewSource());
  if (!aliases.back().getDefiningOp<memref::AllocOp>())
    return {};
  llvm::SmallPtrSet<Value, 8> set(aliases.begin(), aliases.end());
  for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode()) {
    if (auto fill = dyn_cast<linalg::FillOp>(before); fill && fill.getOutputs()[0] == c) {
      return matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ? fill : linalg::FillOp();
    }
    bool touches = llvm::any_of(before->getOperands(), [&](Value v) { return set.contains(v); });
    // The views that lead to c are no use of their own.
    if (touches && !llvm::is_contained(aliases, before->getNumResults() ? before->getResult(0) : Value()))
      return {};
    if (before->getNumRegions() != 0 && !isa<linalg::LinalgOp>(before))
      return {};
    if (before == aliases.back().getDefiningOp())
      return {};
  }
  return {};
}

namespace {
struct LowerMatmulPass : qsat::impl::LowerMatmulPassBase<LowerMatmulPass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<CPUTarget> target = CPUTarget::get(cpu, features);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    SmallVector<Matmul, 0> matmuls;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() == 0)
        return;
      std::string reason;
      FailureOr<Matmul> matmul = matchMatmul(op, reason);
      if (failed(matmul)) {
        remark::missed(op.getLoc(), remark::RemarkOpts::name("matmul").category("qsat"))
            << remark::reason("{0}", reason);
        return;
      }
      matmuls.push_back(*matmul);
    });
    LoweringContext context{*target, getOperation(), {}};
    for (Matmul &matmul : matmuls) {
      if (linalg::FillOp fill = findZeroFill(matmul.c, matmul.op)) {
        fill.erase();
        matmul.overwrite = true;
        matmul.op->setAttr("qsat.overwrite", UnitAttr::get(&getContext()));
      }
      lowerMatmul(matmul, context);
      ++numLowered;
    }
    for (Matmul &matmul : matmuls)
      matmul.op->erase();
    numKernels += context.kernels.size();
  }
};
} // namespace
