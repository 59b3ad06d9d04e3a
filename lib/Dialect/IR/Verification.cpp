//===- Verification.cpp - Checks that the qsat ops share ------------------===//

#include "Verification.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace qsat;

static ShapedType shapedType(Value v) { return cast<ShapedType>(v.getType()); }

LogicalResult qsat::verifySingleOperands(Operation *op, ArrayRef<int32_t> segments,
                                         size_t singles) {
  for (auto [i, size] : llvm::enumerate(segments.take_front(singles)))
    if (size != 1)
      return op->emitOpError("expected 1 operand in segment ") << i << ", but got " << size;
  return success();
}

LogicalResult qsat::verifyRange(Operation *op, ArrayRef<NamedInt> values, int64_t least) {
  for (NamedInt v : values)
    if (v.value < least || v.value > std::numeric_limits<int32_t>::max())
      return op->emitOpError("expected ")
             << least << " <= " << v.name << " < 2^31, but got " << v.value;
  return success();
}

LogicalResult qsat::verifyTensorOrMemref(Operation *op, ValueRange values, ValueRange inits) {
  bool tensors = isa<TensorType>(values.front().getType());
  for (Value v : values)
    if (isa<TensorType>(v.getType()) != tensors)
      return op->emitOpError("expected all operands to be ")
             << (tensors ? "tensors" : "memrefs") << " as the first one is, but got " << v.getType();
  size_t results = tensors ? inits.size() : 0;
  if (op->getNumResults() != results)
    return op->emitOpError("expected ") << results << " results, but got " << op->getNumResults();
  for (auto [init, result] : llvm::zip(inits, op->getResults()))
    if (init.getType() != result.getType())
      return op->emitOpError("expected result type ")
             << init.getType() << " of its init, but got " << result.getType();
  return success();
}

LogicalResult qsat::verifyDimsAgree(Operation *op, StringRef what, ArrayRef<NamedDim> dims) {
  const NamedDim *known = nullptr;
  for (const NamedDim &d : dims) {
    if (!d.operand.value || shapedType(d.operand.value).isDynamicDim(d.dim))
      continue;
    if (!known) {
      known = &d;
      continue;
    }
    int64_t want = shapedType(known->operand.value).getDimSize(known->dim);
    int64_t got = shapedType(d.operand.value).getDimSize(d.dim);
    if (want != got)
      return op->emitOpError("expected dimension ")
             << d.dim << " of " << d.operand.name << " (" << what << ") to be " << want
             << " as in " << known->operand.name << ", but got " << got;
  }
  return success();
}

LogicalResult qsat::verifyBlockCount(Operation *op, NamedDim d, int64_t extent, int64_t block) {
  int64_t got = shapedType(d.operand.value).getDimSize(d.dim);
  if (ShapedType::isDynamic(extent) || ShapedType::isDynamic(got))
    return success();
  int64_t want = llvm::divideCeil(extent, block);
  if (want != got)
    return op->emitOpError("expected dimension ")
           << d.dim << " of " << d.operand.name << " to be ceil(" << extent << "/" << block
           << ") = " << want << " blocks, but got " << got;
  return success();
}

LogicalResult qsat::verifyMultiple(Operation *op, NamedDim outer, NamedDim inner) {
  int64_t o = shapedType(outer.operand.value).getDimSize(outer.dim);
  int64_t i = shapedType(inner.operand.value).getDimSize(inner.dim);
  if (i == 0)
    return op->emitOpError("expected at least one head in ") << inner.operand.name;
  if (!ShapedType::isDynamic(o) && !ShapedType::isDynamic(i) && o % i != 0)
    return op->emitOpError("expected the heads of ")
           << outer.operand.name << " to be a multiple of those of " << inner.operand.name
           << ", but got " << o << " and " << i;
  return success();
}

LogicalResult qsat::verifyElementType(Operation *op, Named operand, Type type) {
  Type got = shapedType(operand.value).getElementType();
  if (got != type)
    return op->emitOpError("expected ")
           << operand.name << " to have element type " << type << ", but got " << got;
  return success();
}

LogicalResult qsat::verifyRank(Operation *op, Named operand, int64_t rank) {
  if (shapedType(operand.value).getRank() != rank)
    return op->emitOpError("expected ") << operand.name << " to have rank " << rank << ", but got "
                                        << operand.value.getType();
  return success();
}

LogicalResult qsat::verifyScoreRegion(Operation *op, Region &score, ValueRange extras,
                                      ArrayAttr extraMaps, Type accType) {
  if (extraMaps.size() != extras.size())
    return op->emitOpError("expected one map in extra_maps per extra, but got ")
           << extraMaps.size() << " for " << extras.size();
  for (auto [index, pair] :
       llvm::enumerate(llvm::zip(extras, extraMaps.getAsRange<AffineMapAttr>()))) {
    auto [extra, mapAttr] = pair;
    AffineMap map = mapAttr.getValue();
    if (map.getNumDims() != 4 || map.getNumSymbols() != 0 ||
        int64_t(map.getNumResults()) != shapedType(extra).getRank())
      return op->emitOpError("expected extra_maps[")
             << index << "] to map (b, h, i, j) to " << shapedType(extra).getRank()
             << " indices without symbols, but got " << mapAttr;
  }
  if (score.empty()) {
    if (!extras.empty())
      return op->emitOpError("expected a score region to read the extras");
    return success();
  }
  if (!score.hasOneBlock())
    return op->emitOpError("expected a score region of one block");
  Block &block = score.front();
  SmallVector<Type> want{accType};
  for (Value extra : extras)
    want.push_back(shapedType(extra).getElementType());
  want.append(4, IndexType::get(op->getContext()));
  if (TypeRange(want) != block.getArgumentTypes())
    return op->emitOpError("expected score region arguments (")
           << want << "), but got (" << block.getArgumentTypes() << ")";
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError("expected the score region to end in qsat.yield");
  if (yield.getScore().getType() != accType)
    return (op->emitOpError("expected the score region to yield ")
            << accType << ", but got " << yield.getScore().getType())
               .attachNote(yield.getLoc())
           << "yielded here";
  return success();
}

LogicalResult qsat::verifyPosition(Operation *op, ValueRange position) {
  if (position.empty() || position.size() == 4)
    return success();
  return op->emitOpError("expected at(b, h, i, j) to have 4 indices, but got ") << position.size();
}

FloatType qsat::getAccumulationType(Type element) {
  return element.isF64() ? cast<FloatType>(element) : Float32Type::get(element.getContext());
}

namespace {
struct EvidenceResource : SideEffects::Resource::Base<EvidenceResource> {
  StringRef getName() final { return "qsat.evidence"; }
};
} // namespace

void qsat::getDpsEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects, bool record) {
  if (record)
    effects.emplace_back(MemoryEffects::Write::get(), EvidenceResource::get());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    // Inits are written only: no op reads what they held.
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

LogicalResult qsat::reifyFromInits(DestinationStyleOpInterface op, OpBuilder &b,
                                   ReifiedRankedShapedTypeDims &shapes) {
  for (Value init : op.getDpsInits()) {
    if (!isa<RankedTensorType>(init.getType()))
      continue;
    shapes.push_back(tensor::getMixedSizes(b, op.getLoc(), init));
  }
  return success();
}
