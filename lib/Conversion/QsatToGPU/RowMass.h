//===- RowMass.h - The mass of a row in some keys -------------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_ROWMASS_H
#define QSAT_CONVERSION_QSATTOGPU_ROWMASS_H

#include "TeamKernel.h"

#include "../QsatToLoops/RegionOnKeys.h"

#include <optional>

namespace qsat {

/// An online sum l 2^m of powers of 2.
class MassSum {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  MassSum(TeamBuilder &b, mlir::FloatType type) : b(b), type(type) {}

  /// m and l of nothing.
  Values empty();
  /// 2^z more.
  Values add(mlir::ValueRange sum, Value z);
  /// log2 of the sum; -inf of nothing.
  Value log(mlir::ValueRange sum);

private:
  TeamBuilder &b;
  mlir::FloatType type;
};

/// What one thread knows of a row of q: the scores of its keys.
class RowMass {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  /// `operands` stand for those of `op`, `captures` for what its region takes from around it.
  RowMass(TeamBuilder &b, const FlashOp &op, mlir::ValueRange operands, mlir::ValueRange captures, RowPlace at);

  /// log2 of the sum of exp z over the keys of [first, end) that the row sees.
  Value over(Value first, Value end);
  /// z of a key, whether the row sees it or not.
  Value score(Value key);
  Value sees(Value key);
  /// Whether the row sees all keys of [first, end), which is not empty.
  Value seesAll(Value first, Value end);

private:
  Value product(Value key);
  Values addKeys(Values sum, Value first, Value end);

  TeamBuilder &b;
  const FlashOp &op;
  mlir::ValueRange operands;
  RowPlace at;
  MaskOnKeys mask;
  Value kvHead;
  std::optional<RegionOnKeys> region;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_ROWMASS_H
