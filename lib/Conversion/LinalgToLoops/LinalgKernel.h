//===- LinalgKernel.h - The kernel of a linalg op -------------*- C++ -*-===//

#ifndef QSAT_CONVERSION_LINALGTOLOOPS_LINALGKERNEL_H
#define QSAT_CONVERSION_LINALGTOLOOPS_LINALGKERNEL_H

#include "VectorPlan.h"

#include "../QsatToLoops/KernelBuilder.h"
#include "../QsatToLoops/Lowering.h"

namespace qsat {

/// Loops over a part of the iteration space of a linalg op on memrefs. The
/// parallel dimensions are *outer* (one index for each task), one is *split* (a
/// range for each task), one may be vectorised; reductions are innermost.
class LinalgKernel {
public:
  LinalgKernel(KernelBuilder &kb, mlir::linalg::LinalgOp op, const VectorPlan &plan, int64_t width);

  /// kernel(outer..., first, last, operands..., captured...).
  mlir::func::FuncOp build(mlir::ModuleOp module);

  llvm::ArrayRef<unsigned> getOuter() const { return outer; }
  std::optional<unsigned> getSplit() const { return split; }
  llvm::ArrayRef<mlir::Value> getCaptured() const { return captured; }

  /// The extent of a loop dimension, from operands of the types of the op's.
  static mlir::Value getExtent(KernelBuilder &kb, mlir::linalg::LinalgOp op, unsigned dim, mlir::ValueRange operands);

private:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  void emitParallel(unsigned next);
  void emitRow();
  void emitPoint(bool isVector);
  Values emitReduction(unsigned next, mlir::ValueRange carried, bool isVector);
  Values emitReductionRow(mlir::ValueRange carried);
  void loadUniform();
  Values emitBody(mlir::ValueRange outs, bool isVector, mlir::IRMapping map);
  Value emitIndex(Value memref);
  Values getIndices(mlir::AffineMap map);
  Value loadOperand(mlir::OpOperand &operand, bool isVector);
  void emitOp(mlir::Operation &op, bool isVector, mlir::IRMapping &map);
  Value asVector(Value value);

  KernelBuilder &kb;
  mlir::linalg::LinalgOp op;
  const VectorPlan &plan;
  int64_t width;
  llvm::SmallVector<unsigned> outer, reductions;
  std::optional<unsigned> split;
  llvm::SmallVector<mlir::Value> captured;

  /// Within the kernel: the index of every dimension, the operands, the range
  /// of the split dimension, what is the same for a row.
  Values at, operands;
  Value first, last;
  mlir::IRMapping shared;
};

} // namespace qsat

#endif // QSAT_CONVERSION_LINALGTOLOOPS_LINALGKERNEL_H
