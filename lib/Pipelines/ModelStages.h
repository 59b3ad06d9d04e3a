//===- ModelStages.h - What all pipelines do with a model -----*- C++ -*-===//

#ifndef QSAT_PIPELINES_MODELSTAGES_H
#define QSAT_PIPELINES_MODELSTAGES_H

#include "qsat/Transforms/Passes.h"

#include "llvm/ADT/StringRef.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace qsat {

void addCleanup(mlir::OpPassManager &pm);

/// After it: one function per entry, linalg on tensors. JAX and TOSA spellings
/// are gone.
void buildNormalize(mlir::OpPassManager &pm);

/// After it: dense attention is qsat.attention.
void buildRaise(mlir::OpPassManager &pm);

/// After it: attention that pays off sparse is scoring, selection and
/// qsat.sparse_attention.
void buildSparsify(mlir::OpPassManager &pm, Quality quality, SparsifyPassOptions options);

/// After it: memrefs, never freed; the caller owns the results.
void buildBuffers(mlir::OpPassManager &pm);

/// After it: every buffer is freed where it is last used.
void buildDeallocation(mlir::OpPassManager &pm);

/// Unknown names mean exact: what reads them from users has checked them.
Quality getQuality(llvm::StringRef name);

} // namespace qsat

#endif // QSAT_PIPELINES_MODELSTAGES_H
