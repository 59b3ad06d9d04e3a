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
  void syncWarp();
  /// Writes of this thread come before what any thread of the device reads that
  /// knows of them; and the other way round.
  void fenceDevice();

  //===--- shared memory --------------------------------------------------===//

  Value sharedPointer(Value address);
  Value loadShared(Value address); ///< an i32
  Value loadSharedF32(Value address);
  void storeShared(Value value, Value address);
  /// Starts a copy of 16 bytes from global memory (i64 address); zeros where
  /// not `isInside`, and nothing is read there.
  void copyAsync(Value address, Value source, Value isInside);
  /// What was started since the last commit is one group.
  void commitCopies();
  /// Waits until at most `pending` groups of this thread are unfinished.
  void waitCopies(int64_t pending);
  /// Four 8x8 matrices of 16-bit elements, a register pair each: lane 8 i + j
  /// gives the address of row j of matrix i. A thread gets of each row lane / 4,
  /// columns 2 (lane % 4) and the next; `transposed`: of the transpose.
  Values loadMatrices(Value address, bool transposed);

  //===--- global memory, by i64 addresses --------------------------------===//

  /// One, two or four f32 side by side, aligned to their size.
  Values loadGlobal(Value address, int64_t count);
  void storeGlobal(mlir::ValueRange values, Value address);

  //===--- products of a warp ---------------------------------------------===//

  /// c [16,8] + a [16,16] . b [16,8]: 4 f32, 4 and 2 pairs of elements.
  Values multiplyAdd(mlir::ValueRange c, mlir::ValueRange a, mlir::ValueRange b, mlir::FloatType element);

  //===--- special functions and conversions ------------------------------===//

  Value reciprocal(Value x); ///< of the special function unit
  Value log2(Value x);       ///< of the special function unit
  /// Two f32 as a pair of `element`s in an i32, `low` in the lower half.
  Value pack(Value low, Value high, mlir::FloatType element);
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_NVIDIABUILDER_H
