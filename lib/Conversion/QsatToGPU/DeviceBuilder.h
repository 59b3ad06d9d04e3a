//===- DeviceBuilder.h - Builds the body of a GPU kernel ------*- C++ -*-===//
// 32-bit index arithmetic, single-precision arithmetic and structured control
// flow with bodies given as lambdas. Knows no GPU: see HopperBuilder.

#ifndef QSAT_CONVERSION_QSATTOGPU_DEVICEBUILDER_H
#define QSAT_CONVERSION_QSATTOGPU_DEVICEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qsat {

class DeviceBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

  DeviceBuilder(mlir::Location loc, mlir::OpBuilder builder) : ImplicitLocOpBuilder(loc, builder) {}

  //===--- 32-bit integers ------------------------------------------------===//

  Value i32(int64_t value);
  Value i64(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b == 0 ? a : add(a, i32(b)); }
  Value sub(Value a, Value b);
  Value sub(Value a, int64_t b) { return b == 0 ? a : sub(a, i32(b)); }
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, i32(b)); }
  Value div(Value a, Value b); ///< of non-negative numbers
  Value div(Value a, int64_t b) { return b == 1 ? a : div(a, i32(b)); }
  Value rem(Value a, Value b); ///< of non-negative numbers
  Value rem(Value a, int64_t b) { return rem(a, i32(b)); }
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value bitAnd(Value a, int64_t b);
  Value bitXor(Value a, Value b);
  Value bitXor(Value a, int64_t b) { return bitXor(a, i32(b)); }
  Value shiftLeft(Value a, int64_t b);
  Value shiftRight(Value a, int64_t b);
  Value min(Value a, Value b);         ///< signed
  Value max(Value a, Value b);         ///< signed
  Value minUnsigned(Value a, Value b); ///< negative numbers are large
  Value cmp(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value equal(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::eq, a, b); }
  Value equal(Value a, int64_t b) { return equal(a, i32(b)); }
  Value less(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::slt, a, b); }
  Value both(Value a, Value b);
  Value either(Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// Widens an i32, with its sign or, as an address, without.
  Value extend(Value a);
  Value extendUnsigned(Value a);
  Value toIndex(Value a);

  //===--- f32 --------------------------------------------------------------===//

  Value f32(double value);
  Value addf(Value a, Value b);
  Value mulf(Value a, Value b);
  Value negf(Value a);
  Value maxf(Value a, Value b); ///< the number where one is NaN
  Value fma(Value a, Value b, Value c);
  Value cmpf(mlir::arith::CmpFPredicate predicate, Value a, Value b);
  /// 2^x by the special function unit; needs a kernel that flushes denormals.
  Value exp2(Value x);

  //===--- global memory --------------------------------------------------===//

  /// Element `index` (i64) of an array of `type` that no thread writes.
  Value loadConstant(mlir::Type type, Value pointer, Value index);
  void store(Value value, Value pointer, Value index);

  //===--- control flow ---------------------------------------------------===//

  /// for (t = low; t < high; ++t) with carried values.
  Values loop(Value low, Value high, mlir::ValueRange inits,
              llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  /// while (condition) with carried values: `before` gives the condition and
  /// what the body gets; the body gives the next carried values.
  using Test = std::pair<Value, Values>;
  Values loopWhile(mlir::ValueRange inits, llvm::function_ref<Test(mlir::ValueRange)> before,
                   llvm::function_ref<Values(mlir::ValueRange)> body);
  void when(Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = {});
  /// The values that `then` gives, or `otherwise`.
  Values choose(Value condition, llvm::function_ref<Values()> then, mlir::ValueRange otherwise);

  //===--- what no op gives -------------------------------------------------===//

  /// PTX without a result.
  void assembly(llvm::StringRef ptx, llvm::StringRef constraints, mlir::ValueRange operands);
  /// PTX with one result; `pure`: without side effects.
  Value assembly(mlir::Type type, llvm::StringRef ptx, llvm::StringRef constraints,
                 mlir::ValueRange operands, bool pure);

  mlir::LLVM::LLVMPointerType pointer(unsigned space = 0);
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_DEVICEBUILDER_H
