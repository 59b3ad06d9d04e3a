//===- MaskOnKeys.h - The structural mask on rows of keys -------*- C++ -*-===//
// Which keys a query row sees, in the op's own rows and keys: i and j in problem
// coordinates are row + at_i and key + at_j. (MaskBounds, of the score kernels, asks
// it of blocks.)

#ifndef QSAT_CONVERSION_QSATTOLOOPS_MASKONKEYS_H
#define QSAT_CONVERSION_QSATTOLOOPS_MASKONKEYS_H

#include "KernelBuilder.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

struct FlashOp;

/// The keys that a row sees: j < high and (j >= low or j < sinks).
struct VisibleKeys {
  mlir::Value low, high;
};

class MaskOnKeys {
public:
  using Value = mlir::Value;

  /// `operands` stand for those of `op`.
  MaskOnKeys(KernelBuilder &kb, const FlashOp &op, mlir::ValueRange operands);

  bool hasWindow() const { return mask && mask.getWindow() > 0; }
  /// N, the number of keys.
  Value getExtent() const { return extent; }
  /// The keys below it are visible beside the window.
  Value getSinks() const { return sinks; }
  /// What `row` sees: high is at most the number of keys.
  VisibleKeys visibleTo(Value row) const;

  /// Emits a loop over rows: calls its argument with the row of the scores, and the
  /// row of the op that it is.
  using ForEachRow = llvm::function_ref<void(llvm::function_ref<void(Value, Value)>)>;
  /// scores [rows,keys] of the keys [first, first + keys): -inf where a key is hidden
  /// or not below `limit`.
  void hide(Value scores, Value first, Value limit, ForEachRow forEachRow) const;

private:
  KernelBuilder &kb;
  MaskAttr mask;
  Value extent;
  Value shift; ///< offset + at_i - at_j
  Value sinks;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_MASKONKEYS_H
