//===- QsatRun.h - The program qsat-run --------------------------*- C++ -*-===//

#ifndef QSAT_TOOLS_QSATRUN_H
#define QSAT_TOOLS_QSATRUN_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qsat {

/// Compiles a function of a model and runs it on arrays, as the command line
/// says (`qsat-run --help`). Returns the exit status.
int runMain(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace qsat

#endif // QSAT_TOOLS_QSATRUN_H
