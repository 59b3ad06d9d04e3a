//===- HopperBuilder.h - What Hopper adds to a kernel ---------*- C++ -*-===//
// Barriers in shared memory, the bulk tensor copy engine (TMA), products of a
// warpgroup (wgmma), each as one call. Tiles of 16-bit elements lie in shared
// memory as the copy engine writes them with its 128-byte swizzle: panels of 64
// columns, each [rows x 128 bytes], panels one after the other, aligned to 1024
// bytes.

#ifndef QSAT_CONVERSION_QSATTOGPU_HOPPERBUILDER_H
#define QSAT_CONVERSION_QSATTOGPU_HOPPERBUILDER_H

#include "NvidiaBuilder.h"

namespace qsat {

class HopperBuilder : public NvidiaBuilder {
public:
  using NvidiaBuilder::NvidiaBuilder;

  /// Bytes of one row of a panel, its columns of 16 bits, and the unit that
  /// addresses in descriptors are counted in.
  static constexpr int64_t kPanelBytes = 128, kPanelColumns = 64, kDescriptorUnit = 16;
  /// Rows of the product of one warpgroup, and the depth of one wgmma.
  static constexpr int64_t kGroupRows = 64, kStep = 16;

  //===--- registers ------------------------------------------------------===//

  /// Gives registers back, or takes them (all threads of a warpgroup together).
  void releaseRegisters(int64_t count);
  void takeRegisters(int64_t count);

  //===--- barriers -------------------------------------------------------===//

  void initBarrier(Value address, int64_t arrivals);
  /// Makes initialised barriers known to the copy engine.
  void fenceBarrierInit();
  void arrive(Value barrier);
  /// Arrives, and tells that copies of `bytes` complete on this phase.
  void arriveExpecting(Value barrier, int64_t bytes);
  /// Waits for the end of the phase of parity `phase`.
  void wait(Value barrier, Value phase);
  /// Numbered barriers of the block: all `threads` wait, or some only arrive.
  void syncNamed(Value number, int64_t threads);
  void arriveNamed(Value number, int64_t threads);

  //===--- shared memory and copies ---------------------------------------===//

  void prefetchMap(Value map);
  /// Starts a copy of the box at `coordinates`; what lies outside is zero.
  void loadBox(Value address, Value map, Value barrier, mlir::ValueRange coordinates);
  /// Starts a copy to the box at `coordinates`; what lies outside is dropped.
  void storeBox(Value map, Value address, mlir::ValueRange coordinates);
  void commitStores();
  /// Waits until all stores have read shared memory, or have finished.
  void waitStoresRead();
  void waitStores();
  /// Makes writes of threads to shared memory visible to the copy engine.
  void fenceForCopies();
  /// Four 8x8 matrices of 16-bit elements, a register pair each, to `address`.
  void storeMatrices(Value address, mlir::ValueRange registers);

  //===--- warpgroup products ---------------------------------------------===//

  /// Descriptor of an operand at `address`: groups of 8 rows 1024 bytes apart,
  /// panels `panelBytes` apart (read for operands that are not K-major).
  Value descriptor(Value address, int64_t panelBytes = kDescriptorUnit);
  Value advance(Value descriptor, int64_t bytes);
  /// Starts S [64,keys] = A [64,width] . B [keys,width]^T, both K-major in shared
  /// memory, and commits it. The accumulators of a thread, keys / 2.
  Values startProduct(Value a, Value b, int64_t keys, int64_t width, mlir::FloatType element);
  /// Starts O [64,columns] += P [64,keys] . V [keys,columns], P in registers
  /// (keys / 4 pairs of elements), V row-major in shared memory, and commits it.
  Values startUpdate(mlir::ValueRange o, mlir::ValueRange p, Value v, int64_t keys,
                     int64_t columns, mlir::FloatType element);
  /// Waits until at most `pending` of the committed products are unfinished.
  void waitProducts(int64_t pending);

};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOPPERBUILDER_H
