//===- SelectKernel.h - Pieces of the amplified_select kernel ---*- C++ -*-===//
// A task owns one row of blocks: (batch, list head, query block), or all query
// blocks of a list head in turn where the policy accumulates over them. It works
// in buffers of Nb elements.

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_SELECTKERNEL_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_SELECTKERNEL_H

#include "ScoreKernel.h"
#include "SortedOrder.h"

#include <optional>

namespace qsat {

/// What the steps of one amplified_select share.
struct SelectKernel {
  SelectKernel(TaskBuilder &b, AmplifiedSelectOp op, mlir::ValueRange operands);
  using Value = mlir::Value;

  TaskBuilder &b;
  AmplifiedSelectOp op;
  MaskBounds mask;
  mlir::FloatType f32;

  // Outside the parallel loop.
  Value amplitude, lse, spread, indices, counts, mass, queries;
  Value batches, lists, blocksM, blocksN, limit;
  Value group;     ///< query heads of one list, H / Hs
  Value heads;     ///< H
  llvm::SmallVector<Value, 4> at; ///< position, zeros when absent

  // In a task.
  Value batch, list, block;
  Value p;         ///< [Nb] f32: amplitude^2, the mean over the list's heads
  Value key;       ///< [Nb] f32: what the policy compares or orders by
  Value sums;      ///< [Nb] f32: p accumulated over query blocks (heavy_hitter)
  Value eligible, forced, marked; ///< [Nb] i1
  std::optional<SortedOrder> order;

  Value theta() { return b.constant(f32, op.getTheta().convertToDouble()); }
  /// The ascending sum of `values` over the eligible blocks.
  Value eligibleSum(Value values);
  void appendToOrder(Value values, Value among);
};

/// p, eligible and forced of the task's row; nothing marked.
void loadRow(SelectKernel &s);
/// Marks the forced blocks and those that the policy takes.
void markByPolicy(SelectKernel &s);
/// Unmarks what is past the limit.
void limitMarks(SelectKernel &s);
/// Writes the results of the row.
void storeRow(SelectKernel &s);
/// The modelled oracle calls for the mass `mass` (f32), as f32.
mlir::Value buildQueries(TaskBuilder &b, AmplificationAttr iterations, mlir::Value mass);

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_SELECTKERNEL_H
