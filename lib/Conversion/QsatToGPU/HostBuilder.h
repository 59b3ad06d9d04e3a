//===- HostBuilder.h - Builds what the host does for a launch -*- C++ -*-===//
// Arithmetic in 64 bits, and calls of the functions of qsat/Runtime/GPURuntime.h.

#ifndef QSAT_CONVERSION_QSATTOGPU_HOSTBUILDER_H
#define QSAT_CONVERSION_QSATTOGPU_HOSTBUILDER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace qsat {

class HostBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;

  HostBuilder(mlir::Location loc, mlir::OpBuilder builder, mlir::SymbolTable &symbols)
      : ImplicitLocOpBuilder(loc, builder), symbols(symbols) {}

  Value i64(int64_t value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b); ///< of non-negative numbers
  Value ceilDiv(Value a, Value b);
  Value ceilDiv(Value a, int64_t b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value clamp(Value value, int64_t low, int64_t high);
  Value toI32(Value value);
  Value toI64(Value index);

  /// A memref's first element, extents and strides (in elements).
  struct Array {
    Value data;
    llvm::SmallVector<Value> extents, strides;
  };
  Array describe(Value memref);

  /// The tensor map over `array` [B,H,rows,columns] for boxes of `rows` rows and
  /// `panels` panels of 64 columns, by value.
  Value tileMap(const Array &array, mlir::Type element, int64_t rows, int64_t panels);

  /// A function of the runtime.
  Value call(llvm::StringRef name, mlir::Type result, mlir::ValueRange arguments);

  mlir::Type pointer();

private:
  mlir::SymbolTable &symbols;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOSTBUILDER_H
