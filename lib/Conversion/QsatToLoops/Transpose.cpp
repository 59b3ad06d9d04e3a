//===- Transpose.cpp - Transposes registers -------------------------------===//

#include "Transpose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qsat;

/// By blocks of ..., 4, 2, 1 lanes: what rows that nobody reads would take falls away
/// first.
KernelBuilder::Values qsat::transpose(KernelBuilder &kb, KernelBuilder::Values rows) {
  int64_t lanes = rows.size();
  for (int64_t step = lanes / 2; step > 0; step /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool isOdd = lane & step;
      low.push_back(isOdd ? lanes + lane - step : lane);
      high.push_back(isOdd ? lanes + lane : lane + step);
    }
    for (int64_t r = 0; r < lanes; ++r) {
      if (r & step)
        continue;
      Value a = rows[r], b = rows[r + step];
      rows[r] = vector::ShuffleOp::create(kb, kb.getLoc(), a, b, low);
      rows[r + step] = vector::ShuffleOp::create(kb, kb.getLoc(), a, b, high);
    }
  }
  return rows;
}
