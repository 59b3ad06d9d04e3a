//===- NvidiaBuilder.h - What NVIDIA's GPUs add to a kernel ----*- C++ -*-===//
// Threads and their exchanges, shared memory, copies to it, products of a warp:
// what chips have from sm_80 on. Areas of shared memory are 32-bit byte
// addresses.

#ifndef QSAT_CONVERSION_QSATTOGPU_NVIDIABUILDER_H
#define QSAT_CONVERSION_QSATTOGPU_NVIDIABUILDER_H

#include "DeviceBuilder.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace qsat {

class NvidiaBuilder : public DeviceBuilder {
public:
  using DeviceBuilder::DeviceBuilder;

  //===--- threads --------------------------------------------------------===//

  Value threadId();
  Value blockId();
  Value gridSize();
  /// `value`, which is the same in all threads of a warp, known to be so.
  Value uniform(Value value);
  /// The value of the thread whose lane number differs in the bits of `lanes`.
  Value exchange(Value value, int64_t lanes);
  void syncBlock();

  //===--- shared memory --------------------------------------------------===//

  Value sharedPointer(Value address);
  Value loadShared(Value address);
  void storeShared(Value value, Value address);

  //===--- special functions and conversions ------------------------------===//

  Value reciprocal(Value x); ///< of the special function unit
  Value log2(Value x);       ///< of the special function unit
  /// Two f32 as a pair of `element`s in an i32, `low` in the lower half.
  Value pack(Value low, Value high, mlir::FloatType element);
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_NVIDIABUILDER_H
