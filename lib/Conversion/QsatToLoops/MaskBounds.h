//===- MaskBounds.h - What a structural mask shows of blocks ----*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_MASKBOUNDS_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_MASKBOUNDS_H

#include "TaskBuilder.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// The structural mask in the coordinates of an op's own rows and keys.
class MaskBounds {
public:
  MaskBounds(TaskBuilder &b, MaskAttr mask, mlir::ValueRange position);

  bool isTrivial() const { return !mask || mask.isTrivial(); }
  /// A row of [i0, i1] sees a key of [k0, k1] (indices; both not empty).
  mlir::Value anyVisible(mlir::Value i0, mlir::Value i1, mlir::Value k0, mlir::Value k1) const;
  /// All rows of [i0, i1] see all keys of [k0, k1].
  mlir::Value allVisible(mlir::Value i0, mlir::Value i1, mlir::Value k0, mlir::Value k1) const;
  /// Per lane, where the rows are `rows` (vector of i32): sees all of [k0, k1].
  mlir::Value lanesSee(mlir::Value rows, mlir::Value k0, mlir::Value k1) const;
  /// The keys that rows up to `i1` may see end here, or at `numKeys`.
  mlir::Value visibleEnd(mlir::Value i1, mlir::Value numKeys) const;
  /// Whether keys before that end may be hidden from all rows.
  bool hasWindow() const { return mask && mask.getWindow() > 0; }
  /// The key i + offset of row i.
  mlir::Value diagonalKey(mlir::Value i) const { return b.add(i, shift); }

private:
  TaskBuilder &b;
  MaskAttr mask;
  mlir::Value shift; ///< offset + at_i - at_j: key i + shift is row i's diagonal.
  mlir::Value sinks; ///< the sinks that this op's keys still hold, >= 0.
};

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_MASKBOUNDS_H
