//===- GatherRows.h - Rows from anywhere to an operand --------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_GATHERROWS_H
#define QSAT_CONVERSION_QSATTOGPU_GATHERROWS_H

#include "HopperBuilder.h"

namespace qsat {

/// Rows of 16-bit elements that a warpgroup brings to shared memory by itself, 16 bytes
/// at a time, in the swizzle that products read: for rows that the copy engine has no
/// boxes for. Each 64 rows are an operand, one after the other from `area` on.
struct GatheredRows {
  mlir::Value area;
  int64_t count, width;
  mlir::Value inGroup, barrier; ///< the thread's number, and a named barrier of the group
};
/// `address`: of row r of the group in memory, i64.
void gatherRows(HopperBuilder &b, const GatheredRows &rows, llvm::function_ref<mlir::Value(mlir::Value r)> address);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_GATHERROWS_H
