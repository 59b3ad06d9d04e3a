//===- AssertToRuntime.cpp - A model's assertions as an exit status -------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

namespace qsat {
#define GEN_PASS_DEF_ASSERTTORUNTIMEPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {

constexpr llvm::StringLiteral failedName = "qsat_assert_failed";

struct AssertToRuntimePass : qsat::impl::AssertToRuntimePassBase<AssertToRuntimePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<cf::AssertOp> asserts;
    module.walk([&](cf::AssertOp op) { asserts.push_back(op); });
    if (asserts.empty())
      return;
    OpBuilder builder(module.getBodyRegion());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), pointer);
    if (!module.lookupSymbol(failedName))
      LLVM::LLVMFuncOp::create(builder, module.getLoc(), failedName, type);

    llvm::StringMap<std::string> globals;
    for (cf::AssertOp op : asserts) {
      std::string &name = globals[op.getMsg()];
      if (name.empty()) {
        name = "qsat_assert_message_" + std::to_string(globals.size());
        builder.setInsertionPointToStart(module.getBody());
        std::string text = (op.getMsg() + Twine('\0')).str();
        LLVM::GlobalOp::create(builder, op.getLoc(), LLVM::LLVMArrayType::get(builder.getI8Type(), text.size()),
                               /*isConstant=*/true, LLVM::Linkage::Internal, name, builder.getStringAttr(text));
      }
      builder.setInsertionPoint(op);
      Location loc = op.getLoc();
      Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
      Value broken = arith::XOrIOp::create(builder, loc, op.getArg(), yes);
      auto branch = scf::IfOp::create(builder, loc, broken, /*withElseRegion=*/false);
      builder.setInsertionPointToStart(branch.thenBlock());
      Value message = LLVM::AddressOfOp::create(builder, loc, pointer, name);
      LLVM::CallOp::create(builder, loc, type, failedName, message);
      op.erase();
    }
  }
};

} // namespace
