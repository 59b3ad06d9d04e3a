//===- Diagnostics.h - One error is enough -----------------------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_DIAGNOSTICS_H
#define QSAT_LIB_TOOLS_DIAGNOSTICS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/Support/Error.h"

namespace qsat::tools {

/// Lets the first error through to the handlers registered before it and drops
/// those that follow from it. Warnings and remarks pass.
class FirstErrorHandler : public mlir::ScopedDiagnosticHandler {
public:
  explicit FirstErrorHandler(mlir::MLIRContext *context);
  bool sawError() const { return seen; }

private:
  bool seen = false;
};

/// An error that a diagnostic has told about already.
class ReportedError : public llvm::ErrorInfo<ReportedError> {
public:
  static char ID;
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};

/// A diagnostic comes first; `message` is for failures without one.
llvm::Error getFailure(const FirstErrorHandler &handler, const llvm::Twine &message);

/// Parses the module in the file `path`, .mlir or .mlirbc, with its text in
/// `sources` for diagnostics.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> readModule(llvm::StringRef path, llvm::SourceMgr &sources,
                                                             mlir::MLIRContext *context,
                                                             const FirstErrorHandler &handler);

/// Prints "error: ..." to stderr unless that is done; returns exit status 1.
int reportError(llvm::Error error);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_DIAGNOSTICS_H
