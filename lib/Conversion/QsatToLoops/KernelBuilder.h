//===- KernelBuilder.h - Builds CPU kernels -------------------*- C++ -*-===//
// What the kernels of convert-qsat-to-loops are made of: index arithmetic,
// loops with a body given as a lambda, vectors, exp2 and log2 without a library
// call. Differences between CPUs end here and in CPUTarget.

#ifndef QSAT_CONVERSION_QSATTOLOOPS_KERNELBUILDER_H
#define QSAT_CONVERSION_QSATTOLOOPS_KERNELBUILDER_H

#include "qsat/Target/CPUTarget.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qsat {

class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

  KernelBuilder(mlir::Location loc, mlir::OpBuilder builder, const CPUTarget &target)
      : ImplicitLocOpBuilder(loc, builder), target(target) {}

  const CPUTarget &getTarget() const { return target; }

  //===--- index arithmetic -----------------------------------------------===//

  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, index(b)); }
  Value div(Value a, Value b);    ///< of non-negative numbers
  Value div(Value a, int64_t b) { return b == 1 ? a : div(a, index(b)); }
  Value rem(Value a, Value b);    ///< of non-negative numbers
  Value rem(Value a, int64_t b) { return rem(a, index(b)); }
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value min(Value a, Value b);    ///< signed
  Value max(Value a, Value b);    ///< signed
  /// `value` limited to [low, high].
  Value clamp(Value value, Value low, Value high) { return max(low, min(value, high)); }
  /// Signed comparison of indices or integers.
  Value cmp(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value less(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::slt, a, b); }
  Value both(Value a, Value b);   ///< of i1 or vectors of it
  Value either(Value a, Value b); ///< of i1 or vectors of it
  Value toIndex(Value integer);
  Value toI32(Value index);
  /// Extent `dim` of a memref.
  Value dim(Value memref, int64_t dim);

  //===--- floating point, scalars or vectors -----------------------------===//

  /// A constant of a float type or of a vector of it.
  Value constant(mlir::Type type, double value);
  Value addf(Value a, Value b);
  Value subf(Value a, Value b);
  Value mulf(Value a, Value b);
  Value negf(Value a);
  Value divf(Value a, Value b);
  /// a * b + c, fused where the CPU can.
  Value fma(Value a, Value b, Value c);
  Value cmpf(mlir::arith::CmpFPredicate predicate, Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// The larger of two numbers; b where one is NaN. One instruction.
  Value maxf(Value a, Value b);
  /// x rounded up to a whole number where the CPU has an instruction for it,
  /// else x.
  Value ceil(Value x);
  /// 2^x, x a float or a vector of it; relative error below 3e-9 (f32: plus
  /// rounding) or 1e-16 (f64). 0 below the least normal number; NaN stays.
  Value exp2(Value x);
  /// The same, relative error 4e-6, or, if `isCoarse`, 8e-5: enough for what is
  /// rounded to bf16.
  Value exp2ForBF16(Value x, bool isCoarse = false);
  /// log2 x of a positive normal x; same accuracy.
  Value log2(Value x);

  //===--- vectors --------------------------------------------------------===//

  mlir::VectorType vec(mlir::Type element, int64_t lanes);
  /// Lanes of one register of elements `type`.
  int64_t lanes(mlir::Type type) const;
  Value splat(Value scalar, int64_t lanes);
  /// 0, 1, ... as i32.
  Value iota(int64_t lanes);
  Value reduceMax(Value vector);
  /// The largest element of all of `vectors`, at least one, of the same type.
  Value reduceMax(Values vectors);
  /// The largest element of each of as many vectors as they have lanes, in order.
  Value reduceMaxEach(Values vectors);
  Value reduceAdd(Value vector);
  /// The sum of each of as many vectors as they have lanes, in order.
  Value reduceAddEach(Values vectors);
  /// i1: some lane of a vector of i1 is true.
  Value any(Value vector);
  /// c[i] + a[2i] b[2i] + a[2i+1] b[2i+1] of bf16 (AVX-512 BF16 only) or f16 in f32.
  Value dotPairs(Value a, Value b, Value c);
  /// c + the four products of the bytes of a, unsigned, and of b, signed, in each
  /// lane of i32.
  Value dotBytes(Value a, Value b, Value c);
  /// The pairs (a[i], b[i]) of all elements, in two vectors.
  Values interleave(Value a, Value b);
  /// Two vectors of f32 side by side, rounded to bf16 (AVX-512 BF16 only) or f16.
  Value roundPair(Value low, Value high, mlir::FloatType element);

  //===--- memory ---------------------------------------------------------===//

  /// One element, as stored.
  Value load(Value memref, mlir::ValueRange at);
  /// One element, widened to `type`.
  Value loadAs(mlir::Type type, Value memref, mlir::ValueRange at);
  void store(Value value, Value memref, mlir::ValueRange at);
  /// One element, rounded to the element type of the memref.
  void storeAs(Value value, Value memref, mlir::ValueRange at);
  /// `lanes` elements along the last dimension, which has unit stride.
  Value loadVector(Value memref, mlir::ValueRange at, int64_t lanes);
  /// The same, widened to a vector of `type`.
  Value loadVectorAs(mlir::Type type, Value memref, mlir::ValueRange at, int64_t lanes);
  /// The four bytes at `at` and after it, as an i32.
  Value loadWord(Value memref, mlir::ValueRange at);
  /// The elements of 16 bits at `at` and after it, in each of `lanes` pairs of a vector.
  Value splatPair(Value memref, mlir::ValueRange at, int64_t lanes);
  void storeVector(Value vector, Value memref, mlir::ValueRange at);
  /// The same, rounded to the element type of the memref.
  void storeVectorAs(Value vector, Value memref, mlir::ValueRange at);
  /// Widens or rounds a float or a vector of floats to elements of `element`.
  Value convert(Value value, mlir::Type element);
  /// Scratch on the stack, aligned to a cache line. For kernel functions only:
  /// a stack allocation inside scf.parallel does not survive OpenMP.
  Value scratch(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// True when the last dimension of `memref` is known to have unit stride.
  static bool isRowContiguous(Value memref);

  //===--- control flow ---------------------------------------------------===//

  void loop(Value low, Value high, int64_t step, llvm::function_ref<void(Value)> body);
  /// The same; nothing is emitted for an empty range.
  void loop(int64_t low, int64_t high, int64_t step, llvm::function_ref<void(Value)> body);
  /// A loop with carried values; `body` returns the next ones.
  Values loop(Value low, Value high, int64_t step, mlir::ValueRange inits,
              llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  void when(Value condition, llvm::function_ref<void()> body);
  /// The values that `then` or `otherwise` returns.
  Values choose(Value condition, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);
  /// scf.parallel over [0, count).
  void parallel(Value count, llvm::function_ref<void(Value)> body);
  /// Task number t of `count` in the order 0, count-1, 1, count-2, ... Under a
  /// causal mask the work grows with the task, so any run of consecutive t,
  /// which is what a static schedule gives a thread, has the mean work.
  Value foldedOrder(Value t, Value count);

  //===--- functions ------------------------------------------------------===//

  /// A private function that is not inlined, so that its scratch is its own:
  /// `body` gets its arguments; the return is added. `name` gets a suffix where
  /// it is taken.
  mlir::func::FuncOp function(mlir::ModuleOp module, llvm::StringRef name,
                              mlir::TypeRange arguments,
                              llvm::function_ref<void(mlir::ValueRange)> body);

private:
  Value exp2Portable(Value x);
  Value exp2AVX512(Value x, llvm::ArrayRef<double> coefficients, bool fromFloor);
  Value callIntrinsic(llvm::StringRef name, mlir::Type type, mlir::ValueRange operands);
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);
  Value roundToBF16(Value value);
  mlir::Type withElement(Value like, mlir::Type element);

  const CPUTarget &target;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_KERNELBUILDER_H
