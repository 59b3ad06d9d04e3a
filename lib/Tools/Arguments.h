//===- Arguments.h - Arrays as arguments and results of a function *- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_ARGUMENTS_H
#define QSAT_LIB_TOOLS_ARGUMENTS_H

#include "Npy.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

namespace qsat::tools {

/// Reads `files` and gives each of the arguments `types` its array: a member
/// argN of an archive is argument N; everything else follows in order. Element
/// types, ranks and static extents are checked.
llvm::Expected<std::vector<NamedArray>> loadArguments(llvm::ArrayRef<std::string> files,
                                                      llvm::ArrayRef<mlir::Type> types);

/// Says why `type` cannot be read from or written to a file, or nothing when
/// it can: ranked tensors of, and single, integers of 1, 8, 16, 32, 64 bits
/// and floats.
llvm::Error checkType(mlir::Type type);

/// The element type that an array of `type` (a tensor or a scalar) is written
/// with. bf16 is ui16: its bits.
DType getDType(mlir::Type type);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_ARGUMENTS_H
