//===- Report.h - What a run measured ----------------------------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_REPORT_H
#define QSAT_LIB_TOOLS_REPORT_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace qsat::tools {

/// Times of a program, in milliseconds, and what the instrumented ops did in
/// the timed runs.
struct RunReport {
  /// An op that `qsat-instrument` numbered.
  struct Op {
    std::string name, location;
    /// Of an overlap: the numbers of the selections per head and per group that it is beside,
    /// where there are both.
    std::optional<std::pair<size_t, size_t>> selections;
    /// A selection that nothing but the report reads.
    bool isForReport = false;
  };

  /// The file of the model, and how its attention was compiled: "dense",
  /// "quality=high", "density=0.1".
  std::string model, attention;
  double compileMs = 0;
  /// (stage, ms).
  std::vector<std::pair<std::string, double>> stages;
  /// One entry per timed run.
  std::vector<double> runMs;
  int threads = 0;
  std::vector<Op> ops;

  /// Takes over the numbering that `qsat-instrument` left on `module`.
  void readOps(mlir::ModuleOp module);
  /// {"model", "attention", "run_ms": {min, median, max}, "compile_ms", "threads", "stages": [...],
  ///  "ops": [{op, location, calls, ms, share}], calls and ms per run,
  ///  "selections": [{location, marked_pairs, visible_pairs, density, mass}],
  ///  "audits": [{location, rows, relative_error, low, high, kept_mass, kept_mass_p05}],
  ///  "agreements": [{location, heads, entropy, largest_entropy, own_mass, own_density, shared_mass,
  ///  shared_density, share}], null where a number is not finite}.
  llvm::json::Object toJSON() const;
  /// The same as tables, op kinds summed up.
  void print(llvm::raw_ostream &os) const;
  /// What the audits found, a line for each; then remarks on the heads of each group.
  void printAudits(llvm::raw_ostream &os) const;
};

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_REPORT_H
