//===- HtmlReport.h - A run's report as a page -------------------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_HTMLREPORT_H
#define QSAT_LIB_TOOLS_HTMLREPORT_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace qsat::tools {

/// Writes what RunReport::toJSON() gave as one page without scripts or other
/// files: where the time goes, each qsat op, each selection, each stage.
void printHTML(const llvm::json::Object &report, llvm::raw_ostream &os);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_HTMLREPORT_H
