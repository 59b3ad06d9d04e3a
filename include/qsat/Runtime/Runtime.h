//===- Runtime.h - What generated code may call ------------------*- C++ -*-===//
//
// The only functions of this project that compiled models call. Plain C, so
// that a model can be linked with, or run without, any of LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef QSAT_RUNTIME_RUNTIME_H
#define QSAT_RUNTIME_RUNTIME_H

#include <cstdint>
#include <vector>

extern "C" {

/// Instrumented op `id` begins / ends on the calling thread. Ops nest.
void qsat_op_begin(int32_t id);
void qsat_op_end(int32_t id);

/// What an amplified_select, op `id`, chose. `indices` is [lists, max] i32,
/// row-major, `counts` [lists] i32 and `mass` [lists] f32, lists = batch * hs *
/// blocks, the query block varying fastest. The list of query block I covers
/// `block_m` rows of the `rows` rows and blocks of `block_n` of the `keys`
/// keys. `mask_*` are the fields of #qsat.mask; `lookahead` applies only when
/// `bounded` is not 0. `row0` and `key0` are the positions of the first row
/// and key in the problem.
void qsat_report_selection(int32_t id, const int32_t *indices, const int32_t *counts, const float *mass,
                           int64_t lists, int64_t blocks, int64_t max, int64_t rows, int64_t keys, int64_t block_m,
                           int64_t block_n, int64_t row0, int64_t key0, int64_t bounded, int64_t lookahead,
                           int64_t offset, int64_t window, int64_t sinks);

/// What an audit, op `id`, found on `rows` rows: its results as dense arrays, `kept`
/// null where the op has no such result.
void qsat_report_audit(int32_t id, const float *error, const float *norm, const float *kept, int64_t rows);

/// What an overlap, op `id`, found: its result [rows, blocks, group] as a dense array, rows = batch
/// * heads, the query head varying fastest.
void qsat_report_overlap(int32_t id, const float *overlap, int64_t rows, int64_t heads, int64_t blocks,
                         int64_t group);

/// Asks the system to let this process use AMX tiles; 0 where it does not. To be
/// called before the threads that use them start; asks once.
int32_t qsat_request_amx();

/// The most threads that a parallel loop started here would have: those of OpenMP, or one
/// where the process has no OpenMP.
int32_t qsat_max_threads();

/// An assertion of the model failed: prints `message` and exits with status 1.
[[noreturn]] void qsat_assert_failed(const char *message);

} // extern "C"

namespace qsat {

/// A row that an audit recomputed: its terms of the squared error and norm, and the
/// probability mass that it kept (NaN where the audit does not say).
struct AuditedRow {
  float error, norm, kept;
};

/// The overlaps of the heads of one group in one query block: a symmetric matrix [G, G].
struct HeadOverlap {
  int64_t group; ///< which of a layer's groups: the key/value head
  std::vector<float> matrix;
};

/// The total over all calls of one instrumented op.
struct OpProfile {
  int64_t calls = 0;
  double milliseconds = 0;
  /// amplified_select only. Pairs (row, key) that the mask shows, in listed
  /// blocks and in all, summed over calls, batch and lists.
  double markedPairs = 0, visiblePairs = 0;
  /// Sum of the mean kept mass of each call.
  double mass = 0;
  /// audit only. The rows of all calls since `clearEvidence`.
  std::vector<AuditedRow> audited;
  /// overlap only. Of all calls since `clearEvidence`.
  std::vector<HeadOverlap> overlaps;
};

/// The profile since the last reset, indexed by op id.
std::vector<OpProfile> getProfile();
void resetProfile();
/// Forgets audited rows and overlaps: a repeated run finds the same ones again.
void clearEvidence();

/// A function that generated code calls by name.
struct RuntimeFunction {
  const char *name;
  void *address;
};

/// All of the above, for a just-in-time linker.
std::vector<RuntimeFunction> getRuntimeFunctions();

} // namespace qsat

#endif // QSAT_RUNTIME_RUNTIME_H
