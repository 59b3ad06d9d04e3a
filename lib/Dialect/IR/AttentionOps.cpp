//===- AttentionOps.cpp - qsat.attention, sparse_attention, merge ---------===//

#include "Tiling.h"
#include "Verification.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace qsat;

#define GET_OP_CLASSES
#include "qsat/Dialect/IR/QsatOps.cpp.inc"

/// C1 to C7 of attention and sparse_attention.
template <typename OpTy>
static LogicalResult verifyAttentionLike(OpTy op) {
  SmallVector<Value> shaped{op.getQ(), op.getK(), op.getV()};
  llvm::append_range(shaped, op.getExtras());
  llvm::append_range(shaped, op.getInits());
  Named q{"q", op.getQ()}, k{"k", op.getK()}, v{"v", op.getV()}, o{"o", op.getO()},
      lse{"lse", op.getLse()};
  Type element = cast<ShapedType>(q.value.getType()).getElementType();
  Type acc = op.getAccType();
  if (failed(verifyTensorOrMemref(op, shaped, op.getInits())) || failed(verifyRank(op, o, 4)))
    return failure();
  if (lse.value && failed(verifyRank(op, lse, 3)))
    return failure();
  if (failed(verifyDimsAgree(op, "batch", {{q, 0}, {k, 0}, {v, 0}, {o, 0}, {lse, 0}})) ||
      failed(verifyDimsAgree(op, "query heads", {{q, 1}, {o, 1}, {lse, 1}})) ||
      failed(verifyDimsAgree(op, "key heads", {{k, 1}, {v, 1}})) ||
      failed(verifyDimsAgree(op, "queries", {{q, 2}, {o, 2}, {lse, 2}})) ||
      failed(verifyDimsAgree(op, "keys", {{k, 2}, {v, 2}})) ||
      failed(verifyDimsAgree(op, "head width", {{q, 3}, {k, 3}})) ||
      failed(verifyDimsAgree(op, "value width", {{v, 3}, {o, 3}})) ||
      failed(verifyMultiple(op, {q, 1}, {k, 1})))
    return failure();
  if (failed(verifyElementType(op, k, element)) || failed(verifyElementType(op, v, element)))
    return failure();
  Type outElement = cast<ShapedType>(o.value.getType()).getElementType();
  if (outElement != element && outElement != acc)
    return op.emitOpError("expected o to have element type ")
           << element << " or " << acc << ", but got " << outElement;
  if (lse.value && failed(verifyElementType(op, lse, acc)))
    return failure();
  if (failed(verifyScoreRegion(op, op.getScore(), op.getExtras(), op.getExtraMaps(), acc)))
    return failure();
  return verifyPosition(op, op.getPosition());
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

FloatType AttentionOp::getAccType() {
  return getAccumulationType(cast<ShapedType>(getQ().getType()).getElementType());
}

LogicalResult AttentionOp::verify() {
  if (failed(verifySingleOperands(*this, getProperties().operandSegmentSizes, 3)))
    return failure();
  if (getInits().empty() || getInits().size() > 2)
    return emitOpError("expected inits o and, optionally, lse, but got ") << getInits().size();
  return verifyAttentionLike(*this);
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects);
}

LogicalResult AttentionOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}

//===----------------------------------------------------------------------===//
// SparseAttentionOp
//===----------------------------------------------------------------------===//

FloatType SparseAttentionOp::getAccType() {
  return getAccumulationType(cast<ShapedType>(getQ().getType()).getElementType());
}

AmplificationAttr SparseAttentionOp::getAmplificationOrDefault() {
  if (AmplificationAttr given = getAmplificationAttr())
    return given;
  return AmplificationAttr::getKind(getContext(), getBackground() == Background::None
                                                      ? AmplificationKind::Full
                                                      : AmplificationKind::Born);
}

LogicalResult SparseAttentionOp::verify() {
  if (failed(verifySingleOperands(*this, getProperties().operandSegmentSizes, 5)))
    return failure();
  if (getInits().size() < 2 || getInits().size() > 3)
    return emitOpError("expected inits o, lse and, optionally, kept, but got ")
           << getInits().size();
  if (failed(verifyAttentionLike(*this)))
    return failure();
  Named q{"q", getQ()}, indices{"indices", getIndices()}, counts{"counts", getCounts()},
      kept{"kept", getKept()};
  if (failed(verifyTensorOrMemref(*this, {getQ(), getIndices(), getCounts()}, getInits())))
    return failure();
  if (failed(verifyDimsAgree(*this, "batch", {{q, 0}, {indices, 0}, {counts, 0}})) ||
      failed(verifyDimsAgree(*this, "list heads", {{indices, 1}, {counts, 1}})) ||
      failed(verifyDimsAgree(*this, "query blocks", {{indices, 2}, {counts, 2}})))
    return failure();
  if (failed(verifyRange(*this, {{"block_m", getBlockM()}, {"block_n", getBlockN()}}, 1)))
    return failure();
  int64_t queries = cast<ShapedType>(getQ().getType()).getDimSize(2);
  if (failed(verifyBlockCount(*this, {counts, 2}, queries, getBlockM())) ||
      failed(verifyMultiple(*this, {q, 1}, {indices, 1})))
    return failure();
  if (kept.value) {
    if (failed(verifyRank(*this, kept, 3)) ||
        failed(verifyElementType(*this, kept, Float32Type::get(getContext()))) ||
        failed(verifyDimsAgree(*this, "batch", {{q, 0}, {kept, 0}})) ||
        failed(verifyDimsAgree(*this, "query heads", {{q, 1}, {kept, 1}})) ||
        failed(verifyDimsAgree(*this, "queries", {{q, 2}, {kept, 2}})))
      return failure();
  }
  if (getBackground() != Background::None && hasScoreRegion())
    return emitOpError("expected no score region beside background ")
           << stringifyBackground(getBackground())
           << ": block statistics know nothing of single scores";
  if (getBackground() == Background::None &&
      getAmplificationOrDefault().getKind() != AmplificationKind::Full)
    return emitOpError("expected a background beside amplification ")
           << stringifyAmplificationKind(getAmplificationOrDefault().getKind());
  return success();
}

void SparseAttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects);
}

LogicalResult SparseAttentionOp::reifyResultShapes(OpBuilder &b,
                                                   ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}

//===----------------------------------------------------------------------===//
// MergeOp
//===----------------------------------------------------------------------===//

LogicalResult MergeOp::verify() {
  if (getInits().size() != 2)
    return emitOpError("expected inits o and lse, but got ") << getInits().size();
  SmallVector<Value> shaped{getO1(), getLse1(), getO2(), getLse2(), getO(), getLse()};
  Named o1{"o1", getO1()}, o2{"o2", getO2()}, o{"o", getO()}, l1{"lse1", getLse1()},
      l2{"lse2", getLse2()}, l{"lse", getLse()};
  if (failed(verifyTensorOrMemref(*this, shaped, getInits())) ||
      failed(verifyRank(*this, o, 4)) || failed(verifyRank(*this, l, 3)))
    return failure();
  const char *names[] = {"batch", "query heads", "queries", "value width"};
  for (unsigned d = 0; d < 4; ++d) {
    SmallVector<NamedDim> dims{{o1, d}, {o2, d}, {o, d}};
    if (d < 3)
      dims.append({{l1, d}, {l2, d}, {l, d}});
    if (failed(verifyDimsAgree(*this, names[d], dims)))
      return failure();
  }
  Type element = cast<ShapedType>(getO1().getType()).getElementType();
  Type acc = getAccumulationType(element);
  for (Named n : {o2, o})
    if (failed(verifyElementType(*this, n, element)))
      return failure();
  for (Named n : {l1, l2, l})
    if (failed(verifyElementType(*this, n, acc)))
      return failure();
  return success();
}

void MergeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects);
}

LogicalResult MergeOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}
