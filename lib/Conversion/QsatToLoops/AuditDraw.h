//===- AuditDraw.h - The rows that qsat.audit draws -------------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_AUDITDRAW_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_AUDITDRAW_H

#include "TaskBuilder.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// A stratum of a query head, all in the op's own coordinates.
struct AuditStratum {
  mlir::Value batch, head, number;
  mlir::Value first, count; ///< t n and n_t
};

/// A drawn row, of the op's own rows, and the weight (of type `acc`) of its terms.
struct AuditDraw {
  mlir::Value row, weight;
};

/// Draw `s` of a stratum: see the op's description. `at`: its position, of four indices.
AuditDraw drawAuditRow(TaskBuilder &b, AuditOp op, mlir::ValueRange at, const AuditStratum &stratum, int64_t s,
                       mlir::FloatType acc);

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_AUDITDRAW_H
