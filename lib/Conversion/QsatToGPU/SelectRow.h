//===- SelectRow.h - One list of amplified_select, on any GPU --*- C++ -*-===//
// A team makes the list of one query block. Its lanes look at consecutive key
// blocks; what is marked moves to the front by counting what lies before it, so
// that lists ascend and are the same in every run. Nothing is sorted: the k first
// of an order are those at or above a key, which is found bit by bit.

#ifndef QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
#define QSAT_CONVERSION_QSATTOGPU_SELECTROW_H

#include "TeamKernel.h"

#include "../QsatToLoops/MaskBounds.h"

namespace qsat {

class SelectRow {
public:
  using Value = mlir::Value;

  /// `operands` stand for those of `op`.
  SelectRow(TeamBuilder &b, AmplifiedSelectOp op, mlir::ValueRange operands, Value block, Value list,
            Value batch);

  void build();

private:
  using Values = KernelBuilder::Values;

  /// What is known of a key block.
  struct Candidate {
    Value number;   ///< past the last for lanes with nothing to do
    Value p;        ///< amplitude^2, the mean over the list's heads
    Value eligible, forced;
  };
  Candidate candidate(Value number);
  /// The key of the order: forced first, then by descending p (i64, not negative).
  Value orderOf(const Candidate &c);
  /// The first `count` by `orderOf`, ties by lower number: those above `cut`, and
  /// the first `ties` at it.
  struct Prefix {
    Value cut, ties;
  };
  /// A test of candidates, built anew for each loop over them.
  using Test = llvm::function_ref<Value(const Candidate &)>;
  Prefix firstOf(Value count, Test among);
  /// Calls `body` for the key blocks of all lanes; carries values.
  Values forEach(mlir::ValueRange inits, llvm::function_ref<Values(const Candidate &, mlir::ValueRange)> body);
  Value countOf(Test test);

  Value cutOfPolicy();
  Value compared(const Candidate &c);
  Value lengthOfPolicy();
  /// Writes the list of what `test` marks, but of ties at `prefix.cut` only the
  /// first; without a prefix, all.
  void store(Test test, std::optional<Prefix> prefix);
  Value queries(Value mass);

  TeamBuilder &b;
  AmplifiedSelectOp op;
  MaskBounds mask;
  mlir::FloatType f32;
  Value amplitude, lse, spread, indices, counts, mass, oracle;
  Value block, list, batch;
  Value group, blocks, limit;
  Value firstRow, lastRow, diagonalBegin, diagonalLast;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
