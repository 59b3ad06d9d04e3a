//===- TaskBuilder.h - Builds parallel loops over tasks ---------*- C++ -*-===//
// A KernelBuilder for kernels with heap buffers of dynamic extents, whose parallel
// loop and task are written in one place.

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_TASKBUILDER_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_TASKBUILDER_H

#include "KernelBuilder.h"

namespace qsat {

class TaskBuilder : public KernelBuilder {
public:
  using KernelBuilder::KernelBuilder;

  //===--- index and integers -----------------------------------------------===//
  using KernelBuilder::ceilDiv;
  using KernelBuilder::max;
  using KernelBuilder::min;
  using KernelBuilder::sub;
  Value sub(Value a, int64_t b) { return b == 0 ? a : sub(a, index(b)); }
  Value min(Value a, int64_t b) { return min(a, index(b)); }
  Value max(Value a, int64_t b) { return max(a, index(b)); }
  /// ceil(a / b) for a >= 0, b > 0.
  Value ceilDiv(Value a, Value b) { return div(add(a, sub(b, 1)), b); }
  Value le(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::sle, a, b); }
  Value ge(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::sge, a, b); }
  Value gt(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::sgt, a, b); }
  Value eq(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::eq, a, b); }
  Value i32(int64_t value) { return create<mlir::arith::ConstantIntOp>(value, 32); }
  Value i64(int64_t value) { return create<mlir::arith::ConstantIntOp>(value, 64); }
  Value boolean(bool value) { return create<mlir::arith::ConstantIntOp>(value, 1); }
  Value toI64(Value index) {
    return createOrFold<mlir::arith::IndexCastOp>(getI64Type(), index);
  }
  /// An index as a float.
  Value toFloat(Value index, mlir::FloatType type) {
    return create<mlir::arith::SIToFPOp>(type, toI64(index));
  }

  /// The i32 hash of `seed` and the sum of factor * position (index), mod 2^32, by
  /// the finaliser of MurmurHash3.
  Value hash(uint64_t seed, llvm::ArrayRef<std::pair<uint32_t, Value>> terms);

  //===--- vectors ----------------------------------------------------------===//
  using KernelBuilder::load;
  using KernelBuilder::splat;
  Value splat(Value scalar, mlir::VectorType type) {
    return splat(scalar, type.getNumElements());
  }
  Value load(Value memref, mlir::ValueRange at, mlir::VectorType type) {
    return create<mlir::vector::LoadOp>(type, memref, at);
  }
  /// 2^x of a vector of any number of registers, register by register.
  Value exp2(Value x);

  //===--- control ----------------------------------------------------------===//
  using KernelBuilder::loop;
  void loop(Value to, llvm::function_ref<void(Value)> body) { loop(index(0), to, 1, body); }
  /// A loop whose step is a value.
  void loopBy(Value from, Value to, Value step, llvm::function_ref<void(Value)> body);
  void ifElse(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  /// Runs `body` for each point of the box [0, extents) in parallel; the body
  /// becomes a private function.
  void parallel(llvm::StringRef name, mlir::ValueRange extents,
                llvm::function_ref<void(mlir::ValueRange)> body);
  /// The same, where `body` calls `scratch`. The points, row-major, are dealt out in equal runs
  /// to as many workers as there are threads.
  void parallelWithScratch(llvm::StringRef name, mlir::ValueRange extents,
                           llvm::function_ref<void(mlir::ValueRange)> body);

  //===--- memory -----------------------------------------------------------===//
  /// A heap buffer, aligned to a cache line, freed by `release`; not in a parallel loop.
  Value allocate(mlir::Type element, mlir::ValueRange extents);
  void release(mlir::ValueRange buffers);
  /// A buffer for one task, aligned to a cache line; its worker's tasks find what the last one left
  /// there. All are of one allocation, before the loop: `extents` must not depend on the point.
  Value scratch(mlir::Type element, mlir::ValueRange extents);

private:
  void placeScratch(mlir::scf::ParallelOp loop);
  Value computeBefore(mlir::Operation *op, Value value, mlir::IRMapping &map);

  llvm::SmallVector<mlir::memref::AllocOp> scratches; ///< of the parallel loop that is being built
};

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_TASKBUILDER_H
