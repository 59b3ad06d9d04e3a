//===- SelectionOps.cpp - qsat.amplitude_score, amplified_select ----------===//

#include "Verification.h"

#include <cmath>

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// AmplitudeScoreOp
//===----------------------------------------------------------------------===//

FloatType AmplitudeScoreOp::getAccType() {
  return getAccumulationType(cast<ShapedType>(getQ().getType()).getElementType());
}

LogicalResult AmplitudeScoreOp::verify() {
  if (failed(verifySingleOperands(*this, getProperties().operandSegmentSizes, 2)))
    return failure();
  if (getInits().empty() || getInits().size() > 2)
    return emitOpError("expected inits amplitude and, optionally, lse, but got ")
           << getInits().size();
  SmallVector<Value> shaped{getQ(), getK()};
  llvm::append_range(shaped, getExtras());
  llvm::append_range(shaped, getInits());
  Named q{"q", getQ()}, k{"k", getK()}, amplitude{"amplitude", getAmplitude()},
      lse{"lse", getLse()};
  Type f32 = Float32Type::get(getContext());
  if (failed(verifyTensorOrMemref(*this, shaped, getInits())) ||
      failed(verifyRank(*this, amplitude, 4)) || failed(verifyElementType(*this, amplitude, f32)))
    return failure();
  if (lse.value && (failed(verifyRank(*this, lse, 3)) || failed(verifyElementType(*this, lse, f32))))
    return failure();
  if (failed(verifyDimsAgree(*this, "batch", {{q, 0}, {k, 0}, {amplitude, 0}, {lse, 0}})) ||
      failed(verifyDimsAgree(*this, "query heads", {{q, 1}, {amplitude, 1}, {lse, 1}})) ||
      failed(verifyDimsAgree(*this, "query blocks", {{amplitude, 2}, {lse, 2}})) ||
      failed(verifyDimsAgree(*this, "head width", {{q, 3}, {k, 3}})) ||
      failed(verifyMultiple(*this, {q, 1}, {k, 1})))
    return failure();
  auto qType = cast<ShapedType>(getQ().getType()), kType = cast<ShapedType>(getK().getType());
  if (failed(verifyElementType(*this, k, qType.getElementType())))
    return failure();
  if (failed(verifyRange(
          *this,
          {{"block_m", getBlockM()}, {"block_n", getBlockN()}, {"stride", getStride()}}, 1)))
    return failure();
  double share = getShare().convertToDouble();
  if (!(share > 0 && share <= 1))
    return emitOpError("expected 0 < share <= 1, but got ") << share;
  if (getEstimator() == Estimator::Antidiagonal &&
      (getBlockM() % getStride() != 0 || getBlockN() % getStride() != 0))
    return emitOpError("expected stride to divide block_m and block_n, but got ")
           << getStride() << " for " << getBlockM() << " and " << getBlockN();
  if (failed(verifyBlockCount(*this, {amplitude, 2}, qType.getDimSize(2), getBlockM())) ||
      failed(verifyBlockCount(*this, {amplitude, 3}, kType.getDimSize(2), getBlockN())))
    return failure();
  if (failed(
          verifyScoreRegion(*this, getScore(), getExtras(), getExtraMaps(), getAccType())))
    return failure();
  if (hasScoreRegion() &&
      !llvm::is_contained({Estimator::Exact, Estimator::Rows, Estimator::Antidiagonal},
                          getEstimator()))
    return emitOpError("expected no score region with estimator ")
           << stringifyEstimator(getEstimator()) << ": it computes no single scores";
  if (getInt8() && getEstimator() != Estimator::Rows)
    return emitOpError("expected int8 with estimator rows, but got estimator ")
           << stringifyEstimator(getEstimator());
  if (getInt8() && getAccType().isF64())
    return emitOpError("expected q of at most 32 bits with int8, but got ") << getQ().getType();
  return verifyPosition(*this, getPosition());
}

void AmplitudeScoreOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects);
}

LogicalResult AmplitudeScoreOp::reifyResultShapes(OpBuilder &b,
                                                  ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}

//===----------------------------------------------------------------------===//
// AmplifiedSelectOp
//===----------------------------------------------------------------------===//

AmplificationAttr AmplifiedSelectOp::getIterationsOrDefault() {
  if (AmplificationAttr given = getIterationsAttr())
    return given;
  return AmplificationAttr::getKind(getContext(), AmplificationKind::Optimal);
}

/// C4, C5: what each policy needs.
static LogicalResult verifyPolicy(AmplifiedSelectOp op) {
  StringRef name = stringifyPolicy(op.getPolicy());
  auto verifyStatistic = [&](StringRef operand, bool given, Policy needs) -> LogicalResult {
    if (given == (op.getPolicy() == needs))
      return success();
    return op.emitOpError("expected ")
           << (given ? "no " : "") << operand << " operand for policy " << name
           << (given ? "" : ", but got none");
  };
  if (failed(verifyStatistic("lse", bool(op.getLse()), Policy::LogitThreshold)) ||
      failed(verifyStatistic("spread", bool(op.getSpread()), Policy::Residual)))
    return failure();
  if (failed(verifyRange(op, {{"block_m", op.getBlockM()}, {"block_n", op.getBlockN()}}, 1)) ||
      failed(verifyRange(op, {{"sinks", op.getSinks()}, {"local", op.getLocal()}}, 0)))
    return failure();
  bool counts = llvm::is_contained({Policy::TopK, Policy::HeavyHitter, Policy::Measure},
                                   op.getPolicy());
  if (failed(verifyRange(op, {{"k", op.getK()}}, counts ? 1 : 0)))
    return failure();
  double theta = op.getTheta().convertToDouble();
  if (std::isnan(theta) || (theta < 0 && op.getPolicy() != Policy::LogitThreshold))
    return op.emitOpError("expected theta >= 0, but got ") << theta;
  double alpha = op.getAlpha().convertToDouble(), exponent = op.getExponent().convertToDouble();
  if (op.getPolicy() == Policy::Budget && !(alpha > 0 && exponent >= 0 && exponent <= 1))
    return op.emitOpError("expected alpha > 0 and 0 <= exponent <= 1, but got ")
           << alpha << " and " << exponent;
  return success();
}

LogicalResult AmplifiedSelectOp::verify() {
  if (failed(verifySingleOperands(*this, getProperties().operandSegmentSizes, 1)))
    return failure();
  if (getInits().size() != 4)
    return emitOpError("expected inits indices, counts, mass and queries, but got ")
           << getInits().size();
  SmallVector<Value> shaped{getAmplitude()};
  if (getLse())
    shaped.push_back(getLse());
  if (getSpread())
    shaped.push_back(getSpread());
  llvm::append_range(shaped, getInits());
  Named amplitude{"amplitude", getAmplitude()}, lse{"lse", getLse()}, spread{"spread", getSpread()},
      indices{"indices", getIndices()}, counts{"counts", getCounts()}, mass{"mass", getMass()},
      queries{"queries", getQueries()};
  if (failed(verifyTensorOrMemref(*this, shaped, getInits())))
    return failure();
  Type i32 = IntegerType::get(getContext(), 32), f32 = Float32Type::get(getContext());
  if (failed(verifyRank(*this, indices, 4)) || failed(verifyElementType(*this, indices, i32)) ||
      failed(verifyRank(*this, counts, 3)) || failed(verifyElementType(*this, counts, i32)))
    return failure();
  for (Named n : {mass, queries})
    if (failed(verifyRank(*this, n, 3)) || failed(verifyElementType(*this, n, f32)))
      return failure();
  if (failed(verifyDimsAgree(*this, "batch",
                             {{amplitude, 0}, {lse, 0}, {spread, 0}, {indices, 0}, {counts, 0},
                              {mass, 0}, {queries, 0}})) ||
      failed(verifyDimsAgree(*this, "query heads", {{amplitude, 1}, {lse, 1}})) ||
      failed(verifyDimsAgree(*this, "list heads",
                             {{indices, 1}, {counts, 1}, {mass, 1}, {queries, 1}})) ||
      failed(verifyDimsAgree(*this, "query blocks",
                             {{amplitude, 2}, {lse, 2}, {indices, 2}, {counts, 2}, {mass, 2},
                              {queries, 2}})) ||
      failed(verifyDimsAgree(*this, "key blocks", {{amplitude, 3}, {spread, 2}})) ||
      failed(verifyMultiple(*this, {amplitude, 1}, {counts, 1})))
    return failure();
  if (getSpread() && failed(verifyMultiple(*this, {amplitude, 1}, {spread, 1})))
    return failure();
  int64_t heads = cast<ShapedType>(getAmplitude().getType()).getDimSize(1);
  int64_t lists = cast<ShapedType>(getCounts().getType()).getDimSize(1);
  if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(lists) &&
      getEntangle() != (lists < heads))
    return emitOpError("expected entangle exactly with fewer lists than heads, but got ")
           << lists << " lists for " << heads << " heads";
  if (failed(verifyPolicy(*this)))
    return failure();
  return verifyPosition(*this, getPosition());
}

void AmplifiedSelectOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getDpsEffects(*this, effects, getRecord());
}

LogicalResult AmplifiedSelectOp::reifyResultShapes(OpBuilder &b,
                                                   ReifiedRankedShapedTypeDims &shapes) {
  return reifyFromInits(*this, b, shapes);
}
