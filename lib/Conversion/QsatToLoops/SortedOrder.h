//===- SortedOrder.h - Exact orders of blocks by keys -----------*- C++ -*-===//

#ifndef QSAT_LIB_CONVERSION_QSATTOLOOPS_SORTEDORDER_H
#define QSAT_LIB_CONVERSION_QSATTOLOOPS_SORTEDORDER_H

#include "TaskBuilder.h"

namespace qsat {

/// Sorts blocks: forced first, then by descending f32 key, ties by lower index. A
/// block is one i64 whose integer order is that order:
///
///   forced * 2^62 + (the bits of the key, ordered) * 2^30 + (2^30 - 1 - block)
///
/// so that a sort of integers is stable and exact; blocks are below 2^30.
class SortedOrder {
public:
  /// Two buffers of `capacity` i64, scratch of the task.
  SortedOrder(TaskBuilder &b, mlir::Value capacity);

  /// Starts with no blocks.
  void clear();
  /// Appends block `block` (index) with `key` (f32) and `forced` (i1).
  void append(mlir::Value block, mlir::Value key, mlir::Value forced);
  /// Sorts what was appended.
  void sort();
  /// How many blocks were appended (index).
  mlir::Value size();
  /// The block at place `place` of the sorted order (index).
  mlir::Value blockAt(mlir::Value place);

private:
  TaskBuilder &b;
  mlir::Value first, second; ///< [capacity] i64
  mlir::Value length;        ///< [1] index
};

} // namespace qsat

#endif // QSAT_LIB_CONVERSION_QSATTOLOOPS_SORTEDORDER_H
