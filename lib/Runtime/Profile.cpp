//===- Profile.cpp - Counts and times of instrumented ops -----------------===//

#include "qsat/Runtime/Runtime.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace {

using Clock = std::chrono::steady_clock;

std::mutex mutex;
std::vector<qsat::OpProfile> profiles;
/// The ops that this thread is in, innermost last.
thread_local std::vector<Clock::time_point> starts;

qsat::OpProfile &getEntry(int32_t id) {
  if (static_cast<size_t>(id) >= profiles.size())
    profiles.resize(id + 1);
  return profiles[id];
}

/// The mask of the dialect (#qsat.mask), with a row's visible keys as at most
/// two intervals.
struct Mask {
  bool bounded;
  int64_t lookahead, offset, window, sinks;

  /// The number of keys in [begin, end) that row `i` sees.
  int64_t count(int64_t i, int64_t begin, int64_t end) const {
    if (bounded)
      end = std::min(end, i + offset + lookahead + 1);
    if (end <= begin)
      return 0;
    if (window == 0)
      return end - begin;
    int64_t first = std::max(begin, i + offset - window + 1);
    int64_t inWindow = std::max<int64_t>(0, end - first);
    // Sinks before the window.
    return inWindow + std::max<int64_t>(0, std::min({end, first, sinks}) - begin);
  }
};

} // namespace

void qsat_op_begin(int32_t) { starts.push_back(Clock::now()); }

void qsat_op_end(int32_t id) {
  double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - starts.back()).count();
  starts.pop_back();
  std::lock_guard<std::mutex> lock(mutex);
  qsat::OpProfile &entry = getEntry(id);
  ++entry.calls;
  entry.milliseconds += milliseconds;
}

void qsat_report_selection(int32_t id, const int32_t *indices, const int32_t *counts, const float *mass,
                           int64_t lists, int64_t blocks, int64_t max, int64_t rows, int64_t keys, int64_t block_m,
                           int64_t block_n, int64_t row0, int64_t key0, int64_t bounded, int64_t lookahead,
                           int64_t offset, int64_t window, int64_t sinks) {
  Mask mask{bounded != 0, lookahead, offset, window, sinks};
  double marked = 0, visible = 0, massSum = 0;
  for (int64_t list = 0; list < lists; ++list) {
    int64_t row = (list % blocks) * block_m;
    int64_t rowEnd = std::min(row + block_m, rows);
    massSum += mass[list];
    for (int64_t i = row0 + row; i < row0 + rowEnd; ++i) {
      visible += mask.count(i, key0, key0 + keys);
      for (int64_t n = 0; n < counts[list]; ++n) {
        int64_t key = indices[list * max + n] * block_n;
        marked += mask.count(i, key0 + key, key0 + std::min(key + block_n, keys));
      }
    }
  }
  std::lock_guard<std::mutex> lock(mutex);
  qsat::OpProfile &entry = getEntry(id);
  entry.markedPairs += marked;
  entry.visiblePairs += visible;
  entry.mass += lists ? massSum / lists : 0;
}

void qsat_report_audit(int32_t id, const float *error, const float *norm, const float *kept, int64_t rows) {
  std::lock_guard<std::mutex> lock(mutex);
  qsat::OpProfile &entry = getEntry(id);
  for (int64_t row = 0; row < rows; ++row)
    entry.audited.push_back({error[row], norm[row], kept ? kept[row] : std::nanf("")});
}

void qsat_report_overlap(int32_t id, const float *overlap, int64_t rows, int64_t heads, int64_t blocks,
                         int64_t group) {
  std::lock_guard<std::mutex> lock(mutex);
  qsat::OpProfile &entry = getEntry(id);
  for (int64_t row = 0; row < rows; row += group)
    for (int64_t block = 0; block < blocks; ++block) {
      qsat::HeadOverlap found{row % heads / group, {}};
      for (int64_t head = row; head < row + group; ++head) {
        const float *line = overlap + (head * blocks + block) * group;
        found.matrix.insert(found.matrix.end(), line, line + group);
      }
      entry.overlaps.push_back(std::move(found));
    }
}

void qsat_assert_failed(const char *message) {
  std::fprintf(stderr, "error: the model's assertion failed: %s\n", message);
  std::fflush(stderr);
  // Other threads may be inside the parallel region that failed: no exit
  // handlers, which would wait for them.
  std::_Exit(1);
}

namespace qsat {

std::vector<OpProfile> getProfile() {
  std::lock_guard<std::mutex> lock(mutex);
  return profiles;
}

void resetProfile() {
  std::lock_guard<std::mutex> lock(mutex);
  profiles.clear();
}

void clearEvidence() {
  std::lock_guard<std::mutex> lock(mutex);
  for (OpProfile &profile : profiles) {
    profile.audited.clear();
    profile.overlaps.clear();
  }
}

std::vector<RuntimeFunction> getRuntimeFunctions() {
  return {{"qsat_op_begin", reinterpret_cast<void *>(&qsat_op_begin)},
          {"qsat_op_end", reinterpret_cast<void *>(&qsat_op_end)},
          {"qsat_report_selection", reinterpret_cast<void *>(&qsat_report_selection)},
          {"qsat_report_audit", reinterpret_cast<void *>(&qsat_report_audit)},
          {"qsat_report_overlap", reinterpret_cast<void *>(&qsat_report_overlap)},
          {"qsat_max_threads", reinterpret_cast<void *>(&qsat_max_threads)},
          {"qsat_request_amx", reinterpret_cast<void *>(&qsat_request_amx)},
          {"qsat_assert_failed", reinterpret_cast<void *>(&qsat_assert_failed)}};
}

} // namespace qsat
