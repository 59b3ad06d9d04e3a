//===- HeadEntropy.cpp - How far the heads of a group agree ---------------===//

#include "HeadEntropy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace qsat::tools {
namespace {

/// A symmetric matrix [n, n] in f64.
class Matrix {
public:
  explicit Matrix(const std::vector<float> &values)
      : n(std::lround(std::sqrt(values.size()))), values(values.begin(), values.end()) {}

  double trace() const {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i)
      sum += at(i, i);
    return sum;
  }

  /// Jacobi's method, cyclic: what is off the diagonal falls quadratically, so that a few
  /// sweeps leave nothing. The diagonal is the eigenvalues then.
  void diagonalise() {
    constexpr int kMostSweeps = 50;
    for (int sweep = 0; sweep < kMostSweeps && !isDiagonal(); ++sweep)
      for (int64_t p = 0; p < n; ++p)
        for (int64_t q = p + 1; q < n; ++q)
          if (at(p, q) != 0)
            rotate(p, q);
  }

  double at(int64_t i, int64_t j) const { return values[i * n + j]; }
  const int64_t n;

private:
  double &element(int64_t i, int64_t j) { return values[i * n + j]; }

  bool isDiagonal() const {
    double off = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < i; ++j)
        off += at(i, j) * at(i, j);
    return off <= 1e-24 * trace() * trace();
  }

  /// Makes (p, q) zero by a rotation by the angle whose tangent is t, |t| <= 1.
  void rotate(int64_t p, int64_t q) {
    double theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
    double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0));
    double c = 1 / std::hypot(t, 1.0), s = t * c;
    for (int64_t k = 0; k < n; ++k) {
      double x = at(k, p), y = at(k, q);
      element(k, p) = c * x - s * y;
      element(k, q) = s * x + c * y;
    }
    for (int64_t k = 0; k < n; ++k) {
      double x = at(p, k), y = at(q, k);
      element(p, k) = c * x - s * y;
      element(q, k) = s * x + c * y;
    }
  }

  std::vector<double> values;
};

double entropyOf(Matrix matrix) {
  double trace = matrix.trace(), entropy = 0;
  if (!std::isfinite(trace))
    return std::numeric_limits<double>::quiet_NaN();
  matrix.diagonalise();
  for (int64_t i = 0; i < matrix.n; ++i)
    if (double share = matrix.at(i, i) / trace; share > 0)
      entropy -= share * std::log(share);
  return std::max(entropy, 0.0);
}

struct Mean {
  double sum = 0;
  int64_t count = 0;
  void add(double x) {
    sum += x;
    ++count;
  }
  double get() const { return sum / count; }
};

} // namespace

HeadEntropy estimateEntropy(const std::vector<HeadOverlap> &overlaps) {
  Mean all;
  std::map<int64_t, Mean> ofGroup;
  int64_t heads = 0;
  for (const HeadOverlap &overlap : overlaps) {
    Matrix matrix(overlap.matrix);
    heads = matrix.n;
    if (matrix.trace() == 0)
      continue;
    double entropy = entropyOf(std::move(matrix));
    all.add(entropy);
    ofGroup[overlap.group].add(entropy);
  }
  double largest = all.get();
  for (const auto &[group, mean] : ofGroup)
    largest = std::max(largest, mean.get());
  return {all.get(), largest, heads};
}

} // namespace qsat::tools
