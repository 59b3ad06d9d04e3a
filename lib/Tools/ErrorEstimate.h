//===- ErrorEstimate.h - From audited rows to an interval --------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_ERRORESTIMATE_H
#define QSAT_LIB_TOOLS_ERRORESTIMATE_H

#include "qsat/Runtime/Runtime.h"

namespace qsat::tools {

/// sqrt(sum error / sum norm) over all rows of a problem, estimated from a sample,
/// and its 95 % interval. NaN where the sample says nothing.
struct ErrorEstimate {
  double value, low, high;
};

/// Errors of rows are heavy-tailed: the interval is that of the ratio's t statistic
/// after Hall's transformation, which takes its skewness out (P. Hall, "On the removal
/// of skewness by transformation", 1992), with the quantile of a t distribution of as
/// many degrees of freedom as twice the rows that the variance rests on. The same as `relative_error` of
/// python/qsat/audit.py, where its coverage is tested.
ErrorEstimate estimateError(const std::vector<AuditedRow> &rows);

/// Kept probability mass: the mean over the rows that see a key, and what 5 % of them
/// are below. NaN where the audit does not say.
struct KeptMass {
  double mean, p05;
};

KeptMass summarizeKept(const std::vector<AuditedRow> &rows);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_ERRORESTIMATE_H
