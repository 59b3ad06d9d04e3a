//===- Diagnostics.cpp - One error is enough ------------------------------===//

#include "Diagnostics.h"

#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir;

namespace qsat::tools {

FirstErrorHandler::FirstErrorHandler(MLIRContext *context)
    : ScopedDiagnosticHandler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return failure(); // to the next handler
        bool first = !seen;
        seen = true;
        return success(!first);
      }) {}

char ReportedError::ID = 0;

void ReportedError::log(raw_ostream &os) const { os << "an error was reported"; }

int reportError(Error error) {
  handleAllErrors(
      std::move(error), [](const ReportedError &) {},
      [](const ErrorInfoBase &info) { WithColor::error() << info.message() << "\n"; });
  return 1;
}

} // namespace qsat::tools
