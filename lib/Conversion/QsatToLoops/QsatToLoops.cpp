//===- QsatToLoops.cpp - qsat ops on memrefs to CPU loops -----------------===//

#include "qsat/Conversion/Passes.h"

#include "KernelBuilder.h"
#include "Lowering.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qsat {
#define GEN_PASS_DEF_CONVERTQSATTOLOOPS
#include "qsat/Conversion/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

Value qsat::askRuntime(ImplicitLocOpBuilder &b, StringRef name) {
  Operation *table = SymbolTable::getNearestSymbolTable(b.getInsertionBlock()->getParentOp());
  if (!SymbolTable::lookupSymbolIn(table, name)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&table->getRegion(0).front());
    func::FuncOp::create(b, b.getLoc(), name, b.getFunctionType({}, {b.getI32Type()})).setPrivate();
  }
  return func::CallOp::create(b, b.getLoc(), name, TypeRange(b.getI32Type())).getResult(0);
}

Value qsat::requestAMX(ImplicitLocOpBuilder &b) {
  Value answer = askRuntime(b, "qsat_request_amx");
  Value zero = arith::ConstantOp::create(b, b.getLoc(), b.getI32IntegerAttr(0));
  return arith::CmpIOp::create(b, b.getLoc(), arith::CmpIPredicate::ne, answer, zero);
}

/// Dispatches on the op family.
static LogicalResult lower(Operation *op, LoweringContext &context) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](AmplitudeScoreOp op) { return lowerAmplitudeScore(op, context); })
      .Case([&](AmplifiedSelectOp op) { return lowerAmplifiedSelect(op, context); })
      .Case([&](AttentionOp op) { return lowerAttention(op, context); })
      .Case([&](SparseAttentionOp op) { return lowerSparseAttention(op, context); })
      .Case([&](AuditOp op) { return lowerAudit(op, context); })
      .Case([&](OverlapOp op) { return lowerOverlap(op, context); })
      .Case([&](MergeOp op) { return lowerMerge(op, context); })
      .Default([](Operation *op) { return op->emitOpError("has no lowering to loops yet"); });
}

namespace {
struct ConvertQsatToLoops : public qsat::impl::ConvertQsatToLoopsBase<ConvertQsatToLoops> {
  using ConvertQsatToLoopsBase::ConvertQsatToLoopsBase;

  void runOnOperation() override {
    llvm::Expected<CPUTarget> target = CPUTarget::get(cpu, features);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    if (packedBytes < 0) {
      getOperation().emitError("expected packed-bytes of at least 0, but got ")
          << packedBytes.getValue();
      return signalPassFailure();
    }
    target->packedBytes = packedBytes;
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<QsatDialect>(op->getDialect()) && !isa<YieldOp>(op))
        ops.push_back(op);
    });
    LoweringContext context{*target, getOperation(), {}};
    for (Operation *op : ops) {
      if (op->getNumResults() != 0) {
        op->emitOpError("expected memref operands, but got tensors: bufferize first");
        return signalPassFailure();
      }
      if (failed(lower(op, context)))
        return signalPassFailure();
      ++numLowered;
    }
    // Only now: a region is what a kernel's configuration is compared by.
    for (Operation *op : ops)
      op->erase();
    numKernels += context.kernels.size();
  }
};
} // namespace
