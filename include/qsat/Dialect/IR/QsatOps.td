//===- QsatOps.td - The ops of the qsat dialect ------------*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATOPS_TD
#define QSAT_DIALECT_IR_QSATOPS_TD

include "qsat/Dialect/IR/QsatAttentionOps.td"
include "qsat/Dialect/IR/QsatSelectionOps.td"
include "qsat/Dialect/IR/QsatAuditOps.td"

#endif // QSAT_DIALECT_IR_QSATOPS_TD
