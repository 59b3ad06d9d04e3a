//===- TeamOrder.h - The first of an order, by a team ---------*- C++ -*-===//
// Nothing is sorted: the k first of an order are those at or above a place, which
// is found two bits at a time.

#ifndef QSAT_CONVERSION_QSATTOGPU_TEAMORDER_H
#define QSAT_CONVERSION_QSATTOGPU_TEAMORDER_H

#include "TeamKernel.h"

namespace qsat {

/// Items [0, end), each with a place, an unsigned i32: larger ones come first,
/// ties by lower number; 0 is for what takes no part.
class TeamOrder {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;
  /// Gives the place of an item, or 0 past the last.
  using Places = llvm::function_ref<Value(Value number)>;

  TeamOrder(TeamBuilder &b, Value end) : b(b), end(end) {}

  /// Calls `body` for all items, those of the lanes side by side, and for numbers
  /// past the last to fill the last round; carries values.
  Values forEach(mlir::ValueRange inits, llvm::function_ref<Values(Value number, mlir::ValueRange)> body);

  /// The first of the order: all above `cut`, and the first `ties` at it.
  struct Prefix {
    Value cut, ties;
  };
  /// `length` of them.
  Prefix first(Value length, Places places);
  /// What an item weighs, a number not less than 0 that sums start with: f32 or index.
  struct Weights {
    Value zero;
    llvm::function_ref<Value(Value number)> weigh;
  };
  /// The largest cut such that what lies at or above it weighs as much as `reaches`
  /// asks for; 0 where all do not.
  Value largestCut(Places places, const Weights &weights, llvm::function_ref<Value(Value sum)> reaches);
  /// What the items weigh whose place compares with `cut`.
  Value sum(mlir::arith::CmpIPredicate predicate, Value cut, Places places, const Weights &weights);

  /// Whether an item with `place` is among `prefix`, of those that take part; and
  /// the ties of this round. `seen`: the ties of the rounds before.
  std::pair<Value, Value> isAmong(const Prefix &prefix, Value place, Value seen);

  /// The place of a number that is not negative: f32; below all others for NaN.
  /// Less than 2^31.
  static Value placeOfPositive(TeamBuilder &b, Value number);
  /// The same of any number.
  static Value placeOf(TeamBuilder &b, Value number);

private:
  std::pair<Value, Value> range(Places places);
  Values raise(Value cut, Value shift);
  Values sums(llvm::ArrayRef<Value> cuts, mlir::arith::CmpIPredicate predicate, Places places, const Weights &weights);

  TeamBuilder &b;
  Value end;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_TEAMORDER_H
