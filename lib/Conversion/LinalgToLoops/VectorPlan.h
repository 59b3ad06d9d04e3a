//===- VectorPlan.h - How a linalg op becomes vector loops ----*- C++ -*-===//

#ifndef QSAT_CONVERSION_LINALGTOLOOPS_VECTORPLAN_H
#define QSAT_CONVERSION_LINALGTOLOOPS_VECTORPLAN_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace qsat {

/// What a value of the body is along the vectorised dimension.
enum class Lanes {
  Uniform, ///< the same for all lanes: computed once, as a scalar
  Index,   ///< the index of that dimension itself, plus something uniform
  Varying, ///< a vector
};

/// Which dimension of a linalg op on memrefs is vectorised, and how.
struct VectorPlan {
  /// The dimension, or none: plain loops.
  std::optional<unsigned> dim;
  /// `dim` is a reduction: lanes are combined at the end.
  bool isReduction = false;
  /// Of every value of the body, block arguments too.
  llvm::DenseMap<mlir::Value, Lanes> lanes;

  bool isUniform(mlir::Value value) const {
    auto it = lanes.find(value);
    return it == lanes.end() || it->second == Lanes::Uniform;
  }
};

/// The plan for `op` with `width` lanes.
VectorPlan planVectors(mlir::linalg::LinalgOp op, int64_t width);

/// The op of the body that combines output `index` with a new value, or null.
/// Its operands are the output's argument, used nowhere else, and that value.
mlir::Operation *getCombiner(mlir::linalg::LinalgOp op, unsigned index);

} // namespace qsat

#endif // QSAT_CONVERSION_LINALGTOLOOPS_VECTORPLAN_H
