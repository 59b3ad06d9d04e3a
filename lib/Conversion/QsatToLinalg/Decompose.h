//===- Decompose.h - The meaning of each op as linalg -----------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_QSATTOLINALG_DECOMPOSE_H
#define QSAT_LIB_CONVERSION_QSATTOLINALG_DECOMPOSE_H

#include "Emitter.h"

#include "qsat/Dialect/IR/Qsat.h"

namespace qsat {

/// Emits the op on tensors as linalg, tensor, arith, math and scf, and returns
/// one value per result. They follow the formulas of the op descriptions
/// literally and hold all scores [B,H,M,N]: a meaning, not a fast program.
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, AttentionOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, SparseAttentionOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, MergeOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, AmplitudeScoreOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, AmplifiedSelectOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, AuditOp op);
llvm::SmallVector<mlir::Value> decompose(mlir::OpBuilder &b, OverlapOp op);

/// P of a marked mass a in [0, 1], of the type of a; computed in f64.
Expr emitProbability(Emitter &e, AmplificationAttr amplification, Expr a);

/// The modelled oracle calls for a marked mass a in [0, 1], f64.
Expr emitQueries(Emitter &e, AmplificationAttr amplification, Expr a);

/// The diagonal key blocks [first, last] of query rows i0 .. i1 (problem
/// coordinates): those that hold a key i + offset, clamped to the `blocks` key
/// blocks, of which the first starts at key `j0`.
std::pair<Expr, Expr> emitDiagonal(Emitter &e, MaskAttr mask, Expr i0, Expr i1, Expr j0,
                                   int64_t blockN, Expr blocks);

/// Whether block J comes before block I in the order: forced first, then by
/// descending key, ties by lower index.
Expr comesBefore(Expr forcedJ, Expr keyJ, Expr j, Expr forcedI, Expr keyI, Expr i);

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLINALG_DECOMPOSE_H
