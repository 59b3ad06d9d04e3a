//===- ErrorEstimate.cpp - From audited rows to an interval ---------------===//

#include "ErrorEstimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qsat::tools {

static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Solves (1 + k t / 3)^3 = 1 + k (z - k / 6) for t: the t statistic whose transform
/// is z, k = skewness / sqrt n.
static double inverseHall(double z, double k) {
  if (std::abs(k) < 1e-9)
    return z;
  return (std::cbrt(1 + k * (z - k / 6)) - 1) * 3 / k;
}

/// The quantile of Student's t for z, that of the normal distribution, to order nu^-2.
static double studentQuantile(double z, double nu) {
  double z2 = z * z;
  return z + z * (z2 + 1) / (4 * nu) + z * (5 * z2 * z2 + 16 * z2 + 3) / (96 * nu * nu);
}

ErrorEstimate estimateError(const std::vector<AuditedRow> &rows) {
  constexpr double kNormal = 1.959963984540054; // two-sided 95 %
  double n = rows.size(), error = 0, norm = 0;
  for (const AuditedRow &row : rows) {
    error += row.error;
    norm += row.norm;
  }
  double ratio = error / norm;
  if (!std::isfinite(ratio) || rows.size() < 2)
    return {std::sqrt(ratio), kNaN, kNaN};
  // The ratio is, to first order, the mean of these.
  double second = 0, third = 0, fourth = 0;
  for (const AuditedRow &row : rows) {
    double d = (row.error - ratio * row.norm) / (norm / n);
    second += d * d;
    third += d * d * d;
    fourth += d * d * d * d;
  }
  double deviation = std::sqrt(second / (n - 1));
  if (deviation == 0)
    return {std::sqrt(ratio), std::sqrt(ratio), std::sqrt(ratio)};
  double k = third / n / (deviation * deviation * deviation) / std::sqrt(n);
  double se = deviation / std::sqrt(n);
  double z = studentQuantile(kNormal, 2 * std::max(second * second / fourth, 1.0));
  double low = ratio - se * inverseHall(z, k), high = ratio - se * inverseHall(-z, k);
  return {std::sqrt(ratio), std::sqrt(std::max(low, 0.0)), std::sqrt(high)};
}

KeptMass summarizeKept(const std::vector<AuditedRow> &rows) {
  std::vector<double> kept;
  double sum = 0;
  for (const AuditedRow &row : rows) {
    if (std::isnan(row.kept) || (row.kept == 0 && row.norm == 0))
      continue;
    kept.push_back(row.kept);
    sum += row.kept;
  }
  if (kept.empty())
    return {kNaN, kNaN};
  size_t rank = kept.size() / 20;
  std::nth_element(kept.begin(), kept.begin() + rank, kept.end());
  return {sum / kept.size(), kept[rank]};
}

} // namespace qsat::tools
