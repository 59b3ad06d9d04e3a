//===- RegionOnKeys.h - Score regions on vectors of keys --------*- C++ -*-===//
// The lanes of a vector are keys, against one query row of one head. What depends
// on the row alone stays scalar; elementwise operations on the rest become vector
// operations. (RegionOnLanes, of the score kernels, has query rows as lanes.)

#ifndef QSAT_CONVERSION_QSATTOLOOPS_REGIONONKEYS_H
#define QSAT_CONVERSION_QSATTOLOOPS_REGIONONKEYS_H

#include "FlashKernel.h"

#include "mlir/IR/IRMapping.h"

namespace qsat {

/// A query row, in the op's own coordinates.
struct RowPlace {
  mlir::Value batch, head, row;
};

/// Applies the score region of an attention op to the scores of one row: `lanes`
/// keys at a time where each of its operations is elementwise, else key by key.
class RegionOnKeys {
public:
  using Value = mlir::Value;

  /// `operands` stand for those of `op`, `captures` for the values that the region
  /// takes from around it (see `isolateRegion`).
  RegionOnKeys(KernelBuilder &kb, const FlashOp &op, mlir::ValueRange operands,
               mlir::ValueRange captures, RowPlace row, int64_t lanes);

  bool isElementwise();
  /// The region on keys [key, key + lanes); extras past `limit` are not read.
  Value onVector(Value score, Value key, Value limit);
  /// The region on one key.
  Value onScalar(Value score, Value key);

private:
  bool dependsOnKey(unsigned extra) { return op.extraMaps[extra].isFunctionOfDim(3); }
  /// True when the keys of an extra lie side by side in memory.
  bool isContiguous(unsigned extra);
  Value loadExtra(unsigned extra, Value j);
  Value loadExtras(unsigned extra, Value key, Value limit);
  Value clone(mlir::IRMapping &map, int64_t lanes, llvm::DenseSet<Value> &vectors);

  KernelBuilder &kb;
  const FlashOp &op;
  mlir::Block &block;
  int64_t lanes;
  llvm::SmallVector<Value> extras, at;
  Value b, h, i;
  mlir::IRMapping captured;
};

/// log2 e * z, except that a finite z stays finite: the lowest number is a mask
/// that hides a key beside visible ones, but not a whole row.
mlir::Value toBase2(KernelBuilder &kb, mlir::Value z);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_REGIONONKEYS_H
