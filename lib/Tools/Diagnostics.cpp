//===- Diagnostics.cpp - One error is enough ------------------------------===//

#include "Diagnostics.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"

#include "llvm/Support/SourceMgr.h"
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

Error getFailure(const FirstErrorHandler &handler, const Twine &message) {
  return handler.sawError() ? make_error<ReportedError>() : createStringError(inconvertibleErrorCode(), message);
}

Expected<OwningOpRef<ModuleOp>> readModule(StringRef path, SourceMgr &sources, MLIRContext *context,
                                           const FirstErrorHandler &handler) {
  std::string message;
  std::unique_ptr<MemoryBuffer> file = openInputFile(path, &message);
  if (!file)
    return createStringError(inconvertibleErrorCode(), message);
  sources.AddNewSourceBuffer(std::move(file), SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, context);
  if (!module)
    return getFailure(handler, path + ": expected a module");
  return std::move(module);
}

int reportError(Error error) {
  handleAllErrors(
      std::move(error), [](const ReportedError &) {},
      [](const ErrorInfoBase &info) { WithColor::error() << info.message() << "\n"; });
  return 1;
}

} // namespace qsat::tools
