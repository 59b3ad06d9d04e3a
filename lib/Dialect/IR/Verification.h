//===- Verification.h - Checks that the qsat ops share ----------*- C++ -*-===//
// Every check emits one diagnostic "operand: expected X, but got Y" on `op`.

#ifndef QSAT_LIB_DIALECT_IR_VERIFICATION_H
#define QSAT_LIB_DIALECT_IR_VERIFICATION_H

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// An operand and the name that ODS gives it.
struct Named {
  llvm::StringRef name;
  mlir::Value value;
};

/// One dimension of an operand.
struct NamedDim {
  Named operand;
  unsigned dim;
};

/// In the generic form nothing else checks that an operand that is neither
/// variadic nor optional is there once: the first `singles` of `segments` are 1.
mlir::LogicalResult verifySingleOperands(mlir::Operation *op, llvm::ArrayRef<int32_t> segments,
                                         size_t singles);

/// An extent or a count that an attribute gives, and its name. The getters of
/// ODS return signless attributes unsigned: as such, nothing is negative.
struct NamedInt {
  NamedInt(llvm::StringRef name, uint64_t value) : name(name), value(int64_t(value)) {}
  llvm::StringRef name;
  int64_t value;
};

/// Each of `values` is in [least, 2^31), so that what is computed from them and
/// an extent does not overflow.
mlir::LogicalResult verifyRange(mlir::Operation *op, llvm::ArrayRef<NamedInt> values,
                                int64_t least);

/// C1: all of `values` are tensors and `op` has one result per init of the
/// init's type, or all are memrefs and `op` has no result.
mlir::LogicalResult verifyTensorOrMemref(mlir::Operation *op, mlir::ValueRange values,
                                         mlir::ValueRange inits);

/// The static extents among `dims` agree; `what` names the dimension (C2).
mlir::LogicalResult verifyDimsAgree(mlir::Operation *op, llvm::StringRef what,
                                    llvm::ArrayRef<NamedDim> dims);

/// Dimension `dim` of `operand` is ceil(extent/block) where both are static.
mlir::LogicalResult verifyBlockCount(mlir::Operation *op, NamedDim dim, int64_t extent,
                                     int64_t block);

/// `outer` is a multiple of `inner` where both are static (C3).
mlir::LogicalResult verifyMultiple(mlir::Operation *op, NamedDim outer, NamedDim inner);

/// `operand` has the element type `type` (C4).
mlir::LogicalResult verifyElementType(mlir::Operation *op, Named operand, mlir::Type type);

/// `operand` has the rank `rank`.
mlir::LogicalResult verifyRank(mlir::Operation *op, Named operand, int64_t rank);

/// C5, C6: signature of the score region, extras and their maps.
mlir::LogicalResult verifyScoreRegion(mlir::Operation *op, mlir::Region &score,
                                      mlir::ValueRange extras, mlir::ArrayAttr extraMaps,
                                      mlir::Type accType);

/// C7: `at` has four indices or is absent.
mlir::LogicalResult verifyPosition(mlir::Operation *op, mlir::ValueRange position);

/// The accumulation type of `element`: f64 for f64, f32 otherwise.
mlir::FloatType getAccumulationType(mlir::Type element);

/// Reports reads of memref inputs and writes of memref inits and, with `record`, a write of
/// what the run reports, which keeps an op whose results nobody reads.
void getDpsEffects(
    mlir::DestinationStyleOpInterface op,
    llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects,
    bool record = false);

/// The shapes of the results of a destination-style op: those of its inits.
mlir::LogicalResult reifyFromInits(mlir::DestinationStyleOpInterface op, mlir::OpBuilder &b,
                                   mlir::ReifiedRankedShapedTypeDims &shapes);

} // namespace qsat

#endif // QSAT_LIB_DIALECT_IR_VERIFICATION_H
