//===- SelectRow.h - One list of amplified_select, on any GPU --*- C++ -*-===//
// A team makes the list of one query block. Its lanes look at consecutive key
// blocks; what is marked moves to the front by counting what lies before it, so
// that lists ascend and are the same in every run. Nothing is sorted: the k first
// of an order are those at or above a key, which is found two bits at a time.

#ifndef QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
#define QSAT_CONVERSION_QSATTOGPU_SELECTROW_H

#include "TeamKernel.h"

#include "../QsatToLoops/MaskBounds.h"

namespace qsat {

class SelectRow {
public:
  using Value = mlir::Value;

  /// `operands` stand for those of `op`; `orders` [B,Hs,Mb,Nb] i32 is for policies
  /// that take the first of an order.
  SelectRow(TeamBuilder &b, AmplifiedSelectOp op, mlir::ValueRange operands, Value orders, Value block,
            Value list, Value batch);
  static bool needsOrders(AmplifiedSelectOp op);

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
  /// Calls `body` for the numbers of the key blocks that may be eligible; carries
  /// values.
  Values forEach(mlir::ValueRange inits, llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  using Test = llvm::function_ref<Value(const Candidate &)>;
  Value countOf(Test test);

  /// The place in the order, forced first, then by descending p: unsigned i32, not
  /// 0 but for what is not `among` them.
  Value orderOf(const Candidate &c, Value among);
  using Order = llvm::function_ref<Value(Value number)>;
  /// The first `length`, ties by lower number: those above `cut`, and the first
  /// `ties` at it.
  struct Prefix {
    Value cut, ties;
  };
  Prefix firstOf(Value length, Order order);

  Value cutOfPolicy();
  Value compared(const Candidate &c);
  Value lengthOfPolicy(Value eligible);
  void takeFirst();
  void takeFromCut();
  /// Writes the list of what a test marks, or of the first of an order.
  void store(Test marks);
  void storeFirst(const Prefix &prefix, Order order);
  /// `marks` gets a candidate and the ties before this round; it gives whether that
  /// is marked, and the ties of this round (of all lanes; null: none).
  void storeList(llvm::function_ref<std::pair<Value, Value>(const Candidate &, Value ties)> marks);
  Value queries(Value mass);

  TeamBuilder &b;
  AmplifiedSelectOp op;
  MaskBounds mask;
  mlir::FloatType f32;
  Value amplitude, lse, spread, indices, counts, mass, oracle, orders;
  Value block, list, batch;
  Value group, blocks, limit;
  Value visibleBlocks; ///< past the last that may be eligible
  Value firstRow, lastRow, diagonalBegin, diagonalLast;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
