//===- Tiling.h - Tiles of the qsat ops -------------------------*- C++ -*-===//
// An op says, in a TileSpec, how each dimension of each operand follows from
// its iteration domain; the functions below do the rest for all ops.

#ifndef QSAT_LIB_DIALECT_IR_TILING_H
#define QSAT_LIB_DIALECT_IR_TILING_H

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat::tiling {

/// A hyperrectangle of an iteration domain, an operand or a result.
struct Tile {
  llvm::ArrayRef<mlir::OpFoldResult> offsets, sizes;
};

/// The range [offset, offset + size).
struct Interval {
  mlir::OpFoldResult offset, size;
};

/// How one dimension of an operand follows from the iteration domain.
struct DimRule {
  enum Kind {
    Whole, ///< not tiled
    Loop,  ///< indexed by the loop
    Rows,  ///< rows [I * block, (I+1) * block) for block I of the loop, clipped
    Heads  ///< the heads that the heads of the loop read
  };
  Kind kind = Whole;
  unsigned loop = 0;
  int64_t block = 1;
  /// Where the extent of the dimension is read if not from the operand: inits
  /// take it from an input, since a loop carries inits from tile to tile, and
  /// bufferization would not see that the extents are the same.
  mlir::Value extentOf = {};
  unsigned extentDim = 0;

  DimRule like(mlir::Value value, unsigned dim) const {
    DimRule rule = *this;
    rule.extentOf = value;
    rule.extentDim = dim;
    return rule;
  }
};

/// How an op is tiled.
struct TileSpec {
  /// The dimension (value, dim) that is the extent of each loop.
  llvm::SmallVector<std::pair<mlir::Value, unsigned>> domain;
  /// Per operand of the op one rule per dimension; empty: passed whole.
  llvm::SmallVector<llvm::SmallVector<DimRule, 4>> operands;
  /// Rules of b, h and i in `at`; empty if the tile needs no position.
  llvm::SmallVector<DimRule, 3> position;
  /// The value with all query heads in dimension 1: H of the Heads rules.
  mlir::Value heads;
  /// The first block of loop 2 must be in each tile (running sums over it).
  bool prefixOnly = false;
};

TileSpec getTileSpec(mlir::Operation *op);

//===-- Implementations of TilingInterface, see there ---------------------===//

llvm::SmallVector<mlir::utils::IteratorType> getIteratorTypes(mlir::Operation *op);
llvm::SmallVector<mlir::Range> getDomain(mlir::Operation *op, mlir::OpBuilder &b);
mlir::FailureOr<mlir::TilingResult> tile(mlir::Operation *op, mlir::OpBuilder &b, Tile domain);
mlir::LogicalResult getResultTile(mlir::Operation *op, mlir::OpBuilder &b, unsigned result,
                                  Tile domain, llvm::SmallVector<mlir::OpFoldResult> &offsets,
                                  llvm::SmallVector<mlir::OpFoldResult> &sizes);
mlir::FailureOr<mlir::TilingResult> generateResultTile(mlir::Operation *op, mlir::OpBuilder &b,
                                                       unsigned result, Tile wanted);
/// The domain tile that covers the result tile: whole blocks where the result
/// has rows.
mlir::LogicalResult getDomainOfResultTile(mlir::Operation *op, mlir::OpBuilder &b, unsigned result,
                                          Tile wanted,
                                          llvm::SmallVectorImpl<mlir::OpFoldResult> &offsets,
                                          llvm::SmallVectorImpl<mlir::OpFoldResult> &sizes);
/// The domain tile that reads exactly the given operand tiles; fails if there
/// is none or the tiles disagree.
mlir::LogicalResult
getDomainOfOperandTiles(mlir::Operation *op, mlir::OpBuilder &b,
                        llvm::ArrayRef<unsigned> operandNumbers,
                        llvm::ArrayRef<llvm::SmallVector<mlir::OpFoldResult>> allOffsets,
                        llvm::ArrayRef<llvm::SmallVector<mlir::OpFoldResult>> allSizes,
                        llvm::SmallVectorImpl<mlir::OpFoldResult> &offsets,
                        llvm::SmallVectorImpl<mlir::OpFoldResult> &sizes);
bool canTileResult(mlir::Operation *op, unsigned result, Tile wanted);
bool canTileOperands(mlir::Operation *op, llvm::ArrayRef<unsigned> operandNumbers,
                     llvm::ArrayRef<llvm::SmallVector<mlir::OpFoldResult>> allOffsets,
                     llvm::ArrayRef<llvm::SmallVector<mlir::OpFoldResult>> allSizes);

//===-- Steps (TilingSlices.cpp) ------------------------------------------===//

/// The extent of dimension `dim` of a tensor or memref.
mlir::OpFoldResult getExtent(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, unsigned dim);

/// True when `[offset, offset + size)` is all of dimension `dim` of `v`.
bool isFull(mlir::OpFoldResult offset, mlir::OpFoldResult size, mlir::Value v, unsigned dim);

/// True when `value` is known to be a multiple of `factor`: a constant, the
/// induction variable of a loop with such bounds and step, or an affine
/// expression of such values.
bool isKnownMultiple(mlir::OpFoldResult value, int64_t factor);

/// The part of dimension `dim` of `operand` that a domain tile needs, by
/// `rule`. Emits an error on `op` and fails where heads cannot be split so.
mlir::FailureOr<Interval> getInterval(mlir::Operation *op, mlir::OpBuilder &b,
                                      const TileSpec &spec, const DimRule &rule,
                                      mlir::Value operand, unsigned dim, Tile domain);

/// The offset in problem coordinates that the domain tile adds to b, h or i.
mlir::OpFoldResult getPositionOffset(mlir::OpBuilder &b, mlir::Location loc, const TileSpec &spec,
                                     const DimRule &rule, Tile domain);

/// tensor.extract_slice or memref.subview of unit strides.
mlir::Value createSlice(mlir::OpBuilder &b, mlir::Location loc, mlir::Value source, Tile tile);

/// a + b and a * b of index values, folded.
mlir::OpFoldResult add(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult lhs,
                       mlir::OpFoldResult rhs);
mlir::OpFoldResult mul(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult lhs,
                       mlir::OpFoldResult rhs);
mlir::OpFoldResult sub(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult lhs,
                       mlir::OpFoldResult rhs);
/// floor and ceil of value / factor, factor > 0.
mlir::OpFoldResult floorDiv(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult value,
                            int64_t factor);
mlir::OpFoldResult ceilDiv(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult value,
                           int64_t factor);

} // namespace qsat::tiling

#endif // QSAT_LIB_DIALECT_IR_TILING_H
