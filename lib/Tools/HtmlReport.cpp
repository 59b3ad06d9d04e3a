//===- HtmlReport.cpp - A run's report as a page --------------------------===//

#include "HtmlReport.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace qsat::tools {
namespace {

constexpr StringLiteral kStyle = R"css(
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2em .8em .2em 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { width: 40%; } td.bar div { height: 1em; background: #4878a8; margin-top: .25em; min-width: 1px; }
td.where { color: #666; font-size: .85em; word-break: break-all; }
)css";

double getNumber(const json::Object &object, StringRef key) { return object.getNumber(key).value_or(0); }

StringRef getString(const json::Object &object, StringRef key) { return object.getString(key).value_or(""); }

std::string escape(StringRef text) {
  std::string escaped;
  raw_string_ostream os(escaped);
  printHTMLEscaped(text, os);
  return escaped;
}

const json::Array &getList(const json::Object &object, StringRef key) {
  static const json::Array none;
  const json::Array *list = object.getArray(key);
  return list ? *list : none;
}

/// Prints one table; rows come cell by cell.
class Table {
public:
  /// Columns whose heading begins with '#' hold numbers, "%" is a bar.
  Table(raw_ostream &os, ArrayRef<StringRef> headings) : os(os) {
    os << "<table>\n<tr>";
    for (StringRef heading : headings) {
      bool number = heading.consume_front("#");
      os << (number ? "<th class=\"n\">" : "<th>") << (heading == "%" ? "" : heading) << "</th>";
    }
    os << "</tr>\n";
  }
  ~Table() { os << "</table>\n"; }
  Table(const Table &) = delete;
  Table &operator=(const Table &) = delete;

  Table &row() {
    os << "<tr>";
    return *this;
  }
  void end() { os << "</tr>\n"; }
  Table &text(StringRef value) {
    os << "<td>" << escape(value) << "</td>";
    return *this;
  }
  Table &place(StringRef location) {
    os << "<td class=\"where\">" << escape(location) << "</td>";
    return *this;
  }
  Table &number(double value, int digits) {
    os << "<td class=\"n\">" << format("%.*f", digits, value) << "</td>";
    return *this;
  }
  /// A number of `object`, which may be null.
  Table &number(const json::Object &object, StringRef key, int digits) {
    if (std::optional<double> value = object.getNumber(key))
      return number(*value, digits);
    os << "<td class=\"n\">not finite</td>";
    return *this;
  }
  /// A bar as long as `share` of the column, 0 to 1.
  Table &bar(double share) {
    os << "<td class=\"bar\"><div style=\"width:" << format("%.1f", 100 * std::clamp(share, 0.0, 1.0)) << "%\"></div></td>";
    return *this;
  }

private:
  raw_ostream &os;
};

/// Kinds of qsat ops, and what is left of the run.
void printTimes(const json::Object &report, raw_ostream &os) {
  struct Kind {
    double ms = 0, share = 0;
  };
  MapVector<StringRef, Kind> kinds;
  double rest = 1;
  for (const json::Value &value : getList(report, "ops")) {
    const json::Object &op = *value.getAsObject();
    Kind &kind = kinds[getString(op, "op")];
    kind.ms += getNumber(op, "ms");
    kind.share += getNumber(op, "share");
    rest -= getNumber(op, "share");
  }
  os << "<h2>Where the time goes</h2>\n";
  Table table(os, {"", "#ms per run", "#share in %", "%"});
  for (const auto &[name, kind] : kinds)
    table.row().text(name).number(kind.ms, 3).number(100 * kind.share, 1).bar(kind.share).end();
  double ms = getNumber(*report.getObject("run_ms"), "median") * rest;
  table.row().text("rest of the model").number(ms, 3).number(100 * rest, 1).bar(rest).end();
}

void printSelections(const json::Object &report, raw_ostream &os) {
  const json::Array &selections = getList(report, "selections");
  if (selections.empty())
    return;
  os << "<h2>What the selections keep</h2>\n"
     << "<p>Density: share of the visible pairs of query and key that is attended to. "
     << "Kept mass: share of the attention probability in it, as the scored rows estimate it.</p>\n";
  Table table(os, {"selection", "#density", "%", "#kept mass"});
  for (const json::Value &value : selections) {
    const json::Object &selection = *value.getAsObject();
    double density = getNumber(selection, "density");
    table.row().place(getString(selection, "location")).number(density, 4).bar(density);
    table.number(getNumber(selection, "mass"), 4).end();
  }
}

void printAudits(const json::Object &report, raw_ostream &os) {
  const json::Array &audits = getList(report, "audits");
  if (audits.empty())
    return;
  os << "<h2>What that costs in accuracy</h2>\n"
     << "<p>Relative error of each attention's output against dense attention of the same inputs, with a 95 % interval, "
     << "from a random sample of rows recomputed exactly. An estimate over all rows, not a bound for any. Kept mass: "
     << "share of the attention probability of these rows that was kept, its mean and what 5 % of the rows are below."
     << "</p>\n";
  Table table(os, {"attention", "#rows", "#relative error", "#from", "#to", "#kept mass", "#5 % below"});
  for (const json::Value &value : audits) {
    const json::Object &audit = *value.getAsObject();
    table.row().place(getString(audit, "location")).number(getNumber(audit, "rows"), 0);
    for (StringRef name : {"relative_error", "low", "high"})
      table.number(audit, name, 5);
    table.number(audit, "kept_mass", 4).number(audit, "kept_mass_p05", 4).end();
  }
}

void printAgreements(const json::Object &report, raw_ostream &os) {
  const json::Array &agreements = getList(report, "agreements");
  if (agreements.empty())
    return;
  os << "<h2>Whether heads could share lists</h2>\n"
     << "<p>Entropy of the heads of a group over the key blocks: 0 where all look at the same blocks, at most ln of "
     << "their number. Beside it what lists per head and lists shared by the group keep by the same rule.</p>\n";
  Table table(os, {"attention", "#heads", "#entropy", "#largest", "#own mass", "#density", "#shared mass", "#density", ""});
  for (const json::Value &value : agreements) {
    const json::Object &found = *value.getAsObject();
    table.row().place(getString(found, "location")).number(getNumber(found, "heads"), 0);
    table.number(found, "entropy", 3).number(found, "largest_entropy", 3);
    for (StringRef name : {"own_mass", "own_density", "shared_mass", "shared_density"})
      table.number(found, name, 4);
    table.text(found.getBoolean("share").value_or(false) ? "share" : "keep per head").end();
  }
}

void printOps(const json::Object &report, raw_ostream &os) {
  const json::Array &ops = getList(report, "ops");
  if (ops.empty())
    return;
  double longest = 0;
  for (const json::Value &value : ops)
    longest = std::max(longest, getNumber(*value.getAsObject(), "ms"));
  os << "<h2>Each op</h2>\n";
  Table table(os, {"op", "where", "#ms", "%"});
  for (const json::Value &value : ops) {
    const json::Object &op = *value.getAsObject();
    double ms = getNumber(op, "ms");
    table.row().text(getString(op, "op")).place(getString(op, "location")).number(ms, 3);
    table.bar(longest > 0 ? ms / longest : 0).end();
  }
}

void printStages(const json::Object &report, raw_ostream &os) {
  double total = getNumber(report, "compile_ms");
  os << "<h2>Compilation</h2>\n";
  Table table(os, {"stage", "#ms", "%"});
  for (const json::Value &value : getList(report, "stages")) {
    const json::Object &stage = *value.getAsObject();
    double ms = getNumber(stage, "ms");
    table.row().text(getString(stage, "stage")).number(ms, 0).bar(total > 0 ? ms / total : 0).end();
  }
}

} // namespace

void printHTML(const json::Object &report, raw_ostream &os) {
  const json::Object &run = *report.getObject("run_ms");
  os << "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>" << escape(getString(report, "model"))
     << "</title>\n<style>" << kStyle << "</style>\n<h1>" << escape(getString(report, "model")) << ", attention "
     << escape(getString(report, "attention")) << "</h1>\n<p>"
     << format("Median %.3f ms (%.3f to %.3f) over %.0f runs on %.0f threads; compiled in %.0f ms.</p>\n",
               getNumber(run, "median"), getNumber(run, "min"), getNumber(run, "max"), getNumber(report, "runs"),
               getNumber(report, "threads"), getNumber(report, "compile_ms"));
  printTimes(report, os);
  printSelections(report, os);
  printAudits(report, os);
  printAgreements(report, os);
  printOps(report, os);
  printStages(report, os);
  os << "</html>\n";
}

} // namespace qsat::tools
