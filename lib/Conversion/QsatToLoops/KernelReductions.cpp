//===- KernelReductions.cpp - From vectors to numbers ---------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qsat;

/// Halves until one lane is left; `combine` is applied lane by lane.
static Value reduceByHalves(KernelBuilder &kb, Value vector,
                            function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  while (lanes > 1) {
    lanes /= 2;
    Value low = vector::ExtractStridedSliceOp::create(kb, kb.getLoc(), vector, {0}, {lanes}, {1});
    Value high =
        vector::ExtractStridedSliceOp::create(kb, kb.getLoc(), vector, {lanes}, {lanes}, {1});
    vector = combine(low, high);
  }
  return vector::ExtractOp::create(kb, kb.getLoc(), vector, 0);
}
Value KernelBuilder::reduceMax(Value vector) {
  return reduceByHalves(*this, vector, [&](Value a, Value b) { return maxf(a, b); });
}
Value KernelBuilder::reduceMax(Values vectors) {
  // As a tree: no maximum waits for all before it.
  while (vectors.size() > 1) {
    Values next;
    for (size_t i = 0; i + 1 < vectors.size(); i += 2)
      next.push_back(maxf(vectors[i], vectors[i + 1]));
    if (vectors.size() % 2)
      next.push_back(vectors.back());
    vectors = next;
  }
  return reduceMax(vectors.front());
}
Value KernelBuilder::reduceAdd(Value vector) {
  return reduceByHalves(*this, vector, [&](Value a, Value b) { return addf(a, b); });
}
Value KernelBuilder::any(Value vector) {
  return vector::ReductionOp::create(*this, getLoc(), vector::CombiningKind::OR, vector);
}

/// Halves the number of vectors: of two that are half of all apart, the lanes whose
/// number lacks the bit `step` come from the first, the others from the second. Lane n
/// of what is left belongs to vector n.
static Value reduceEachByHalves(KernelBuilder &kb, KernelBuilder::Values vectors,
                                function_ref<Value(Value, Value)> combine) {
  int64_t lanes = vectors.size();
  for (int64_t step = lanes / 2; step > 0; step /= 2) {
    SmallVector<int64_t> own, other;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t from = lane & step ? lanes : 0;
      own.push_back(from + lane);
      other.push_back(from + (lane ^ step));
    }
    for (int64_t n = 0; n < step; ++n) {
      Value x = vectors[n], y = vectors[n + step];
      Value low = vector::ShuffleOp::create(kb, kb.getLoc(), x, y, own);
      Value high = vector::ShuffleOp::create(kb, kb.getLoc(), x, y, other);
      vectors[n] = combine(low, high);
    }
  }
  return vectors.front();
}
Value KernelBuilder::reduceMaxEach(Values vectors) {
  return reduceEachByHalves(*this, std::move(vectors), [&](Value a, Value b) { return maxf(a, b); });
}
Value KernelBuilder::reduceAddEach(Values vectors) {
  return reduceEachByHalves(*this, std::move(vectors), [&](Value a, Value b) { return addf(a, b); });
}
