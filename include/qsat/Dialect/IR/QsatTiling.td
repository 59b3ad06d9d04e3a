//===- QsatTiling.td - TilingInterface of the qsat ops -----*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATTILING_TD
#define QSAT_DIALECT_IR_QSATTILING_TD

include "mlir/Interfaces/TilingInterface.td"

/// TilingInterface by a description of how each operand follows from the
/// iteration domain (lib/Dialect/IR/Tiling.h). All loops are parallel:
///
/// | op               | domain    | a tile is                                    |
/// |------------------|-----------|----------------------------------------------|
/// | attention        | (b, h, i) | an attention of some query rows              |
/// | sparse_attention | (b, h, I) | ... of query blocks, with their lists        |
/// | amplitude_score  | (b, h, I) | the amplitudes of query blocks               |
/// | amplified_select | (b, hs, I)| the lists of query blocks                    |
/// | audit            | (b, h, t) | the draws of some strata of rows             |
/// | overlap          | (b, I)    | the overlaps of query blocks                 |
/// | merge            | (b, h, i) | not along d: the tiles of lse would overlap  |
///
/// Tiles carry `at`, so masks, regions and random numbers keep the coordinates
/// of the whole problem, and extras are passed whole.
def Qsat_TilingTrait : DeclareOpInterfaceMethods<TilingInterface, [
    "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
    "getResultTilePosition", "generateResultTileValue",
    "getTiledImplementationFromOperandTiles", "getIterationDomainTileFromOperandTiles",
    "getIterationDomainTileFromResultTile", "isOpFusableWithConsumerSlice",
    "isOpFusableWithProducerSlices"]>;

class Qsat_TilingDefinition {
  code definition = [{
    ::llvm::SmallVector<::mlir::utils::IteratorType> $cppClass::getLoopIteratorTypes() {
      return ::qsat::tiling::getIteratorTypes(*this);
    }
    ::llvm::SmallVector<::mlir::Range> $cppClass::getIterationDomain(::mlir::OpBuilder &b) {
      return ::qsat::tiling::getDomain(*this, b);
    }
    ::mlir::FailureOr<::mlir::TilingResult> $cppClass::getTiledImplementation(
        ::mlir::OpBuilder &b, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes) {
      return ::qsat::tiling::tile(*this, b, {offsets, sizes});
    }
    ::llvm::LogicalResult $cppClass::getResultTilePosition(
        ::mlir::OpBuilder &b, unsigned resultNumber,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultOffsets,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultSizes) {
      return ::qsat::tiling::getResultTile(*this, b, resultNumber, {offsets, sizes},
                                           resultOffsets, resultSizes);
    }
    ::mlir::FailureOr<::mlir::TilingResult> $cppClass::generateResultTileValue(
        ::mlir::OpBuilder &b, unsigned resultNumber,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes) {
      return ::qsat::tiling::generateResultTile(*this, b, resultNumber, {offsets, sizes});
    }
    ::mlir::FailureOr<::mlir::TilingResult> $cppClass::getTiledImplementationFromOperandTiles(
        ::mlir::OpBuilder &b, ::llvm::ArrayRef<unsigned> operandNumbers,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allOffsets,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allSizes) {
      ::llvm::SmallVector<::mlir::OpFoldResult> offsets, sizes;
      if (failed(getIterationDomainTileFromOperandTiles(b, operandNumbers, allOffsets, allSizes,
                                                        offsets, sizes)))
        return ::mlir::failure();
      return getTiledImplementation(b, offsets, sizes);
    }
    ::llvm::LogicalResult $cppClass::getIterationDomainTileFromOperandTiles(
        ::mlir::OpBuilder &b, ::llvm::ArrayRef<unsigned> operandNumbers,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allOffsets,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allSizes,
        ::llvm::SmallVectorImpl<::mlir::OpFoldResult> &domainOffsets,
        ::llvm::SmallVectorImpl<::mlir::OpFoldResult> &domainSizes) {
      return ::qsat::tiling::getDomainOfOperandTiles(*this, b, operandNumbers, allOffsets,
                                                     allSizes, domainOffsets, domainSizes);
    }
    ::llvm::LogicalResult $cppClass::getIterationDomainTileFromResultTile(
        ::mlir::OpBuilder &b, unsigned resultNumber,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        ::llvm::SmallVectorImpl<::mlir::OpFoldResult> &domainOffsets,
        ::llvm::SmallVectorImpl<::mlir::OpFoldResult> &domainSizes) {
      return ::qsat::tiling::getDomainOfResultTile(*this, b, resultNumber, {offsets, sizes},
                                                   domainOffsets, domainSizes);
    }
    bool $cppClass::isOpFusableWithConsumerSlice(
        unsigned resultNumber, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes) {
      return ::qsat::tiling::canTileResult(*this, resultNumber, {offsets, sizes});
    }
    bool $cppClass::isOpFusableWithProducerSlices(
        ::llvm::ArrayRef<unsigned> operandNumbers,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allOffsets,
        ::llvm::ArrayRef<::llvm::SmallVector<::mlir::OpFoldResult>> allSizes) {
      return ::qsat::tiling::canTileOperands(*this, operandNumbers, allOffsets, allSizes);
    }
  }];
}

#endif // QSAT_DIALECT_IR_QSATTILING_TD
