//===- SelectRow.h - One list of amplified_select, on any GPU --*- C++ -*-===//
// A team makes the list of one query block. Its lanes look at consecutive key
// blocks; what is marked moves to the front by counting what lies before it, so
// that lists ascend and are the same in every run.

#ifndef QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
#define QSAT_CONVERSION_QSATTOGPU_SELECTROW_H

#include "TeamOrder.h"

#include "../QsatToLoops/MaskBounds.h"

namespace qsat {

class SelectRow {
public:
  using Value = mlir::Value;

  /// Memory [B,Hs,Mb,Nb] beside the operands.
  struct Scratch {
    Value places; ///< i32, of policies that take the first of an order
    Value sums;   ///< f32, of heavy_hitter: p summed over the query blocks up to this
  };

  /// `operands` stand for those of `op`.
  SelectRow(TeamBuilder &b, AmplifiedSelectOp op, mlir::ValueRange operands, const Scratch &scratch, Value block,
            Value list, Value batch);
  static bool needsPlaces(AmplifiedSelectOp op);

  void build();
  /// amplitude^2 of block j, the mean over the heads of a list.
  static mlir::Value probability(TeamBuilder &b, Value amplitude, Value batch, Value list, Value group, Value block,
                                 Value j);

private:
  using Values = KernelBuilder::Values;

  /// What is known of a key block.
  struct Candidate {
    Value number;   ///< past the last for lanes with nothing to do
    Value p;        ///< amplitude^2, the mean over the list's heads
    Value eligible, forced;
  };
  Candidate candidate(Value number);
  using Test = llvm::function_ref<Value(const Candidate &)>;
  Value countOf(Test test);
  /// The place in the order forced first, then by descending p; 0 for what is not
  /// `among` them.
  Value placeByP(const Candidate &c, Value among);
  /// The place in the order of the policy.
  Value placeByPolicy(const Candidate &c);
  /// log p + Gumbel noise.
  Value noisyLog(const Candidate &c);
  Value storedPlace(Value number);
  void storePlace(Value place, Value number);

  Value cutOfPolicy();
  Value compared(const Candidate &c);
  Value lengthOfPolicy(Value eligible);
  Value lengthOfMass();
  Value lengthOfBudget(Value eligible);
  void takeFirst();
  void takeFromCut();
  /// Writes the list of what a test marks, or of the `length` first by the places
  /// that are stored.
  void store(Test marks);
  void storeFirst(Value length);
  /// `marks` gets a candidate and the ties before this round; it gives whether that
  /// is marked, and the ties of this round (of all lanes; null: none).
  void storeList(llvm::function_ref<std::pair<Value, Value>(const Candidate &, Value ties)> marks);
  Value queries(Value mass);

  TeamBuilder &b;
  AmplifiedSelectOp op;
  MaskBounds mask;
  mlir::FloatType f32;
  Scratch scratch;
  Value amplitude, lse, spread, indices, counts, mass, oracle;
  mlir::ValueRange position; ///< empty: zeros
  Value block, list, batch;
  Value group, blocks, limit;
  Value visibleBlocks; ///< past the last that may be eligible
  std::optional<TeamOrder> all; ///< of these
  Value firstRow, lastRow, diagonalBegin, diagonalLast;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_SELECTROW_H
