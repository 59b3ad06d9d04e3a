//===- GatherRows.cpp - Rows from anywhere to an operand ------------------===//

#include "GatherRows.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

void qsat::gatherRows(HopperBuilder &b, const GatheredRows &rows, function_ref<Value(Value)> address) {
  constexpr int64_t kThreads = 128, kBytes = 16, kRows = HopperBuilder::kGroupRows;
  constexpr int64_t perPanel = HopperBuilder::kPanelBytes / kBytes;
  int64_t perRow = 2 * rows.width / kBytes, pieces = rows.count * perRow;
  auto type = VectorType::get(4, b.getI32Type());
  // A few in flight: all would take the registers of the scores.
  int64_t flight = pieces % (kThreads * 8) ? 4 : 8;
  b.loop(b.i32(0), b.i32(pieces / (kThreads * flight)), {}, [&](Value t, ValueRange) -> Values {
    Values data, targets;
    for (int64_t n = 0; n < flight; ++n) {
      Value number = b.add(rows.inGroup, b.add(b.mul(t, kThreads * flight), kThreads * n));
      Value r = b.div(number, perRow), piece = b.rem(number, perRow);
      Value from = b.add(address(r), b.extend(b.mul(piece, kBytes)));
      Value source = b.create<LLVM::IntToPtrOp>(b.pointer(/*global*/ 1), from);
      data.push_back(b.create<LLVM::LoadOp>(type, source, /*alignment=*/kBytes));
      Value inOperand = b.rem(r, kRows), operand = b.mul(b.div(r, kRows), kRows * rows.width * 2);
      Value panel = b.mul(b.div(piece, perPanel), kRows * HopperBuilder::kPanelBytes);
      Value place = b.bitXor(b.rem(piece, perPanel), b.rem(inOperand, perPanel));
      Value target = b.add(b.add(rows.area, operand), b.add(panel, b.mul(inOperand, HopperBuilder::kPanelBytes)));
      targets.push_back(b.add(target, b.mul(place, kBytes)));
    }
    for (auto [value, target] : llvm::zip_equal(data, targets))
      b.create<LLVM::StoreOp>(value, b.sharedPointer(target), /*alignment=*/kBytes);
    return {};
  });
  b.fenceForCopies();
  b.syncNamed(rows.barrier, kThreads);
}
