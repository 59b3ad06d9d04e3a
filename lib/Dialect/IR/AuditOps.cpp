//===- AuditOps.cpp - qsat.audit, overlap ---------------------------------===//

#include "Verification.h"

#include <cmath>

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// AuditOp
//===----------------------------------------------------------------------===//

FloatType AuditOp::getAccType() {
  return getAccumulationType(cast<ShapedType>(getQ().getType()).getElementType());
}

int64_t AuditOp::getStratum() {
  return static_cast<int64_t>(std::rint(2.0 / getShare().convertToDouble()));
}

/// C8. Compared as numbers: 2 / share of a tiny share is past any integer.
static LogicalResult verifyShare(AuditOp op) {
  double share = op.getShare().convertToDouble();
  if (!(share > 0 && share <= 1))
    return op.emitOpError("expected 0 < share <= 1, but got ") << share;
  if (std::rint(2.0 / share) >= 0x1p31)
    return op.emitOpError("expected 2 / share < 2^31, but got share = ") << share;
  return success();
}

/// C9: two draws from each stratum.
static LogicalResult verifyTwoDraws(AuditOp op) {
  for (Value init : op.getInits()) {
    int64_t draws = cast<ShapedType>(init.getType()).getDimSize(3);
    if (draws != 2)
      return op.emitOpError("expected dimension 3 of the inits to be 2 draws, but got ")
             << init.getType();
  }
  return success();
}

LogicalResult AuditOp::verify() {
  if (failed(verifySingleOperands(*this, getProperties().operandSegmentSizes, 4)))
    return failure();
  size_t wanted = getLse() ? 3 : 2;
  if (getInits().size() != wanted)
    return emitOpError("expected inits error")
           << (getLse() ? ", norm and kept with" : " and norm without")
           << " an lse operand, but got " << getInits().size();
  SmallVector<Value> shaped{getQ(), getK(), getV(), getO()};
  if (getLse())
    shaped.push_back(getLse());
  llvm::append_range(shaped, getExtras());
  llvm::append_range(shaped, getInits());
  Named q{"q", getQ()}, k{"k", getK()}, v{"v", getV()}, o{"o", getO()}, lse{"lse", getLse()},
      error{"error", getError()}, norm{"norm", getNorm()}, kept{"kept", getKept()};
  if (failed(verifyTensorOrMemref(*this, shaped, getInits())))
    return failure();
  for (Named init : {error, norm, kept})
    if (init.value && (failed(verifyRank(*this, init, 4)) ||
                       failed(verifyElementType(*this, init, Float32Type::get(getContext())))))
      return failure();
  if (failed(verifyDimsAgree(*this, "batch",
                             {{q, 0}, {k, 0}, {v, 0}, {o, 0}, {lse, 0}, {error, 0}, {norm, 0}, {kept, 0}})) ||
      failed(verifyDimsAgree(*this, "query heads",
                             {{q, 1}, {o, 1}, {lse, 1}, {error, 1}, {norm, 1}, {kept, 1}})) ||
      failed(verifyDimsAgree(*this, "key heads", {{k, 1}, {v, 1}})) ||
      failed(verifyDimsAgree(*this, "queries", {{q, 2}, {o, 2}, {lse, 2}})) ||
      failed(verifyDimsAgree(*this, "keys", {{k, 2}, {v, 2}})) ||
      failed(verifyDimsAgree(*this, "head width", {{q, 3}, {k, 3}})) ||
      failed(verifyDimsAgree(*this, "value width", {{v, 3}, {o, 3}})) ||
      failed(verifyMultiple(*this, {q, 1}, {k, 1})))
    return failure();
  Type element = cast<ShapedType>(q.value.getType()).getElementType(), acc = getAccType();
  if (failed(verifyElementType(*this, k, element)) || failed(verifyElementType(*this, v, element)))
    return failure();
  Type outElement = cast<ShapedType>(o.value.getType()).getElementType();
  if (outElement != element && outElement != acc)
    return emitOpError("expected o to have element type ")
           << element << " or " << acc << ", but got " << outElement;
  if ((lse.value && failed(verifyElementType(*this, lse, acc))) || failed(verifyShare(*this)))
    return failure();
  int64_t queries = cast<ShapedType>(q.value.getType()).getDimSize(2);
  for (Named init : {error, norm, kept})
    if (init.value && failed(verifyBlockCount(*this, {init, 2}, queries, getStratum())))
      return failure();
  if (failed(verifyDimsAgree(*this, "strata", {{error, 2}, {norm, 2}, {kept, 2}})) ||
      failed(verifyTwoDraws(*this)) ||
      failed(verifyScoreRegion(*this, getScore(), getExtras(), getExtraMaps(), acc)))
    return failure();
  return verifyPosition(*this, getPosition());
}

void AuditOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects, getRecord());
}

LogicalResult AuditOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}

//===----------------------------------------------------------------------===//
// OverlapOp
//===----------------------------------------------------------------------===//

LogicalResult OverlapOp::verify() {
  Named amplitude{"amplitude", getAmplitude()}, overlap{"overlap", getInit()};
  if (failed(verifyTensorOrMemref(*this, {getAmplitude(), getInit()}, getInit())) ||
      failed(verifyDimsAgree(*this, "batch", {{amplitude, 0}, {overlap, 0}})) ||
      failed(verifyDimsAgree(*this, "query heads", {{amplitude, 1}, {overlap, 1}})) ||
      failed(verifyDimsAgree(*this, "query blocks", {{amplitude, 2}, {overlap, 2}})))
    return failure();
  int64_t heads = cast<ShapedType>(getAmplitude().getType()).getDimSize(1);
  int64_t group = cast<ShapedType>(getInit().getType()).getDimSize(3);
  if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(group) &&
      (group == 0 || heads % group != 0))
    return emitOpError("expected H to be a multiple of G, but got ") << heads << " and " << group;
  return success();
}

void OverlapOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects, getRecord());
}

LogicalResult OverlapOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}
