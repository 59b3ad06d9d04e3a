//===- QsatCompile.h - The program qsat-compile ------------------*- C++ -*-===//

#ifndef QSAT_TOOLS_QSATCOMPILE_H
#define QSAT_TOOLS_QSATCOMPILE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qsat {

/// Compiles functions of a module ahead of time to a shared library, as the
/// command line says (`qsat-compile --help`). Returns the exit status.
int compileMain(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace qsat

#endif // QSAT_TOOLS_QSATCOMPILE_H
