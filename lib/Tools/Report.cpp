//===- Report.cpp - What a run measured -----------------------------------===//

#include "Report.h"

#include "ErrorEstimate.h"
#include "HeadEntropy.h"

#include "qsat/Runtime/Runtime.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace qsat::tools {
namespace {

struct Quantiles {
  double min = 0, median = 0, max = 0;
};

Quantiles getQuantiles(std::vector<double> values) {
  if (values.empty())
    return {};
  sort(values);
  size_t middle = values.size() / 2;
  double median = values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

/// The profile of the timed runs, one entry per op.
std::vector<OpProfile> getOpProfiles(size_t numOps) {
  std::vector<OpProfile> profiles = getProfile();
  profiles.resize(numOps);
  return profiles;
}

/// `x`, or null: JSON has no NaN.
json::Value orNull(double x) { return std::isfinite(x) ? json::Value(x) : json::Value(nullptr); }

json::Object auditToJSON(const RunReport::Op &op, const OpProfile &profile) {
  ErrorEstimate error = estimateError(profile.audited);
  KeptMass kept = summarizeKept(profile.audited);
  return json::Object{{"location", op.location},
                      {"rows", static_cast<int64_t>(profile.audited.size())},
                      {"relative_error", orNull(error.value)},
                      {"low", orNull(error.low)},
                      {"high", orNull(error.high)},
                      {"kept_mass", orNull(kept.mean)},
                      {"kept_mass_p05", orNull(kept.p05)}};
}

/// What lists hold: a share of the visible pairs, and of the attention probability.
struct Lists {
  double density, mass;

  explicit Lists(const OpProfile &profile)
      : density(profile.markedPairs / profile.visiblePairs), mass(profile.mass / profile.calls) {}
};

/// Evidence about the heads of the groups of one attention: whether they could share lists.
struct Agreement {
  HeadEntropy entropy;
  Lists own, shared;

  /// True when no group has more than a quarter of the most entropy, and shared lists are not
  /// longer than lists per head by more than a twentieth. Measured (docs/accuracy.md): below
  /// a quarter, sharing costs a layer less than can be seen; the mass that it loses says less.
  bool recommendsSharing() const {
    return entropy.largest <= std::log(entropy.heads) / 4 && shared.density <= 1.05 * own.density;
  }
};

/// That of op number `id`, if it is an overlap beside both kinds of lists.
std::optional<Agreement> getAgreement(const RunReport::Op &op, const OpProfile &profile,
                                      const std::vector<OpProfile> &profiles) {
  if (!op.selections || profile.overlaps.empty())
    return std::nullopt;
  auto [own, shared] = *op.selections;
  return Agreement{estimateEntropy(profile.overlaps), Lists(profiles[own]), Lists(profiles[shared])};
}

json::Object agreementToJSON(const RunReport::Op &op, const Agreement &found) {
  return json::Object{{"location", op.location},
                      {"heads", found.entropy.heads},
                      {"entropy", orNull(found.entropy.mean)},
                      {"largest_entropy", orNull(found.entropy.largest)},
                      {"own_mass", orNull(found.own.mass)},
                      {"own_density", orNull(found.own.density)},
                      {"shared_mass", orNull(found.shared.mass)},
                      {"shared_density", orNull(found.shared.density)},
                      {"share", found.recommendsSharing()}};
}

} // namespace

void RunReport::readOps(mlir::ModuleOp module) {
  auto list = module->getAttrOfType<mlir::ArrayAttr>("qsat.instrumented");
  if (!list)
    return;
  // The attribute stays on the module: it is read again after later stages.
  ops.clear();
  for (mlir::Attribute entry : list) {
    auto fields = cast<mlir::ArrayAttr>(entry);
    auto number = [&](size_t n) -> size_t { return cast<mlir::IntegerAttr>(fields[n]).getInt(); };
    ops.push_back({cast<mlir::StringAttr>(fields[0]).str(), cast<mlir::StringAttr>(fields[1]).str(), {}});
    if (fields.size() == 4)
      ops.back().selections = {number(2), number(3)};
    ops.back().isForReport = fields.size() == 3;
  }
}

json::Object RunReport::toJSON() const {
  Quantiles run = getQuantiles(runMs);
  double runs = std::max<size_t>(runMs.size(), 1), total = 0;
  for (double ms : runMs)
    total += ms;
  json::Array stageList, opList, selections, audits, agreements;
  for (const auto &[name, ms] : stages)
    stageList.push_back(json::Object{{"stage", name}, {"ms", ms}});
  std::vector<OpProfile> profiles = getOpProfiles(ops.size());
  for (auto [op, profile] : zip_equal(ops, profiles)) {
    opList.push_back(json::Object{{"op", op.name},
                                  {"location", op.location},
                                  {"calls", profile.calls / runs},
                                  {"ms", profile.milliseconds / runs},
                                  {"share", total > 0 ? profile.milliseconds / total : 0.0}});
    if (profile.visiblePairs > 0 && !op.isForReport)
      selections.push_back(json::Object{{"location", op.location},
                                        {"marked_pairs", profile.markedPairs / runs},
                                        {"visible_pairs", profile.visiblePairs / runs},
                                        {"density", profile.markedPairs / profile.visiblePairs},
                                        {"mass", profile.mass / std::max<int64_t>(profile.calls, 1)}});
    if (!profile.audited.empty())
      audits.push_back(auditToJSON(op, profile));
    if (std::optional<Agreement> found = getAgreement(op, profile, profiles))
      agreements.push_back(agreementToJSON(op, *found));
  }
  return json::Object{{"model", model},
                      {"attention", attention},
                      {"run_ms", json::Object{{"min", run.min}, {"median", run.median}, {"max", run.max}}},
                      {"runs", static_cast<int64_t>(runMs.size())},
                      {"compile_ms", compileMs},
                      {"threads", threads},
                      {"stages", std::move(stageList)},
                      {"ops", std::move(opList)},
                      {"selections", std::move(selections)},
                      {"audits", std::move(audits)},
                      {"agreements", std::move(agreements)}};
}

void RunReport::print(raw_ostream &os) const {
  Quantiles run = getQuantiles(runMs);
  os << format("compile: %.0f ms\n", compileMs);
  if (!runMs.empty())
    os << format("run: min %.3f, median %.3f, max %.3f ms (%d runs, %d threads)\n", run.min, run.median, run.max,
                 static_cast<int>(runMs.size()), threads);
  if (ops.empty() || runMs.empty())
    return;
  struct Kind : OpProfile {};
  MapVector<StringRef, Kind> kinds;
  std::vector<OpProfile> profiles = getOpProfiles(ops.size());
  for (auto [op, profile] : zip_equal(ops, profiles)) {
    Kind &kind = kinds[op.isForReport ? "lists for the report" : StringRef(op.name)];
    kind.calls += profile.calls;
    kind.milliseconds += profile.milliseconds;
    kind.markedPairs += profile.markedPairs;
    kind.visiblePairs += profile.visiblePairs;
    kind.mass += profile.mass;
  }
  double runs = runMs.size(), total = 0;
  for (double ms : runMs)
    total += ms;
  os << format("%-24s %8s %12s %8s %9s %10s\n", "op (per run)", "calls", "ms", "share", "density", "kept mass");
  for (const auto &[name, kind] : kinds) {
    os << format("%-24s %8.0f %12.3f %7.1f%%", name.str().c_str(), kind.calls / runs, kind.milliseconds / runs,
                 100 * kind.milliseconds / total);
    if (kind.visiblePairs > 0)
      os << format(" %9.4f %10.4f", kind.markedPairs / kind.visiblePairs, kind.mass / kind.calls);
    os << "\n";
  }
}

void RunReport::printAudits(raw_ostream &os) const {
  os << format("%-32s %8s %10s %21s %10s %10s\n", "audit of sparse attention", "rows", "rel. error",
               "95 % interval", "kept mass", "5 % below");
  std::vector<OpProfile> profiles = getOpProfiles(ops.size());
  bool none = true;
  for (auto [op, profile] : zip_equal(ops, profiles)) {
    if (profile.audited.empty())
      continue;
    none = false;
    ErrorEstimate error = estimateError(profile.audited);
    KeptMass kept = summarizeKept(profile.audited);
    os << format("%-32s %8zu %10.5f %10.5f %10.5f %10.4f %10.4f\n", op.location.c_str(), profile.audited.size(),
                 error.value, error.low, error.high, kept.mean, kept.p05);
  }
  if (none)
    os << "no attention was made sparse\n";
  for (auto [op, profile] : zip_equal(ops, profiles)) {
    std::optional<Agreement> found = getAgreement(op, profile, profiles);
    if (!found)
      continue;
    bool shares = found->recommendsSharing();
    os << op.location
       << format(": remark: heads of a group %s: entropy %.3f of at most ln %lld = %.3f (largest of a group %.3f); "
                 "mass %.4f kept by shared lists at density %.4f beside %.4f by lists per head at %.4f: %s\n",
                 shares ? "agree" : "disagree", found->entropy.mean, static_cast<long long>(found->entropy.heads),
                 std::log(found->entropy.heads), found->entropy.largest, found->shared.mass, found->shared.density,
                 found->own.mass, found->own.density, shares ? "share lists (entangle)" : "keep lists per head");
  }
}

} // namespace qsat::tools
