//===- TosaBoolCast.cpp - tosa.cast of booleans to floats -----------------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace qsat {
#define GEN_PASS_DEF_TOSABOOLCASTPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {
struct TosaBoolCastPass : qsat::impl::TosaBoolCastPassBase<TosaBoolCastPass> {
  using Base::Base;

  // A walk: drivers of patterns fold what they visit.
  void runOnOperation() override {
    getOperation()->walk([](tosa::CastOp op) {
      if (!getElementTypeOrSelf(op.getInput()).isInteger(1) ||
          !isa<FloatType>(getElementTypeOrSelf(op.getType())) ||
          !isa<RankedTensorType>(op.getInput().getType()) || !isa<RankedTensorType>(op.getType()))
        return;
      OpBuilder builder(op);
      Value input = op.getInput();
      auto type = cast<ShapedType>(op.getType()), from = cast<ShapedType>(input.getType());
      // The shapes are compatible, but one may say more.
      auto same = from.clone(type.getElementType());
      Value number = arith::UIToFPOp::create(builder, op.getLoc(), same, input);
      if (same != type)
        number = tensor::CastOp::create(builder, op.getLoc(), type, number);
      op.replaceAllUsesWith(number);
      op.erase();
    });
  }
};
} // namespace
