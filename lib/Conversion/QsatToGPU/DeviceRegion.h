//===- DeviceRegion.h - The score region in a kernel ----------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_DEVICEREGION_H
#define QSAT_CONVERSION_QSATTOGPU_DEVICEREGION_H

#include "DeviceBuilder.h"
#include "HostBuilder.h"

#include "../QsatToLoops/FlashKernel.h"

namespace qsat {

/// What a kernel takes for the score region: on the host the values passed, in
/// the kernel its arguments.
struct RegionArguments {
  llvm::SmallVector<mlir::Value> position; ///< i64, as the op's `at`; four or none
  struct Extra {
    mlir::Value pointer;
    llvm::SmallVector<mlir::Value> strides; ///< i64, in elements
  };
  llvm::SmallVector<Extra> extras;
  llvm::SmallVector<mlir::Value> captures;

  /// The values to pass for `op`; `captures` are what its region takes from
  /// around it.
  static RegionArguments get(HostBuilder &b, const FlashOp &op, mlir::ValueRange captures);
  /// In the order of the parameters.
  llvm::SmallVector<mlir::Value *> fields();
};

class DeviceRegion {
public:
  using Value = mlir::Value;

  /// `inner` are what the region takes from around it.
  DeviceRegion(DeviceBuilder &b, const FlashOp &op, const RegionArguments &args, mlir::ValueRange inner)
      : b(b), op(op), args(args), inner(inner) {}

  /// Dimension `number` of (b, h, i, j) in problem coordinates, from an i32 in
  /// those of the arrays.
  Value place(unsigned number, Value local);
  /// The region on `score` of the given place. Extras are read there.
  Value apply(Value score, llvm::ArrayRef<Value> position);

private:
  Value loadExtra(unsigned number, llvm::ArrayRef<Value> at);

  DeviceBuilder &b;
  const FlashOp &op;
  const RegionArguments &args;
  mlir::ValueRange inner;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_DEVICEREGION_H
