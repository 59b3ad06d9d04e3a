// RUN: qsat-opt %s --pass-pipeline="builtin.module(func.func(qsat-linalg-to-parallel-loops))" | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#transposed = affine_map<(i, j) -> (j, i)>

// Along a row: in a register, and in any order.
// CHECK-LABEL: @row_sums
// CHECK-SAME: %[[X:.*]]: memref<512x256xf32>, %[[SUMS:.*]]: memref<512xf32>
func.func @row_sums(%x: memref<512x256xf32>, %sums: memref<512xf32>) {
  // CHECK: scf.parallel (%[[I:.*]]) =
  // CHECK:   %[[INIT:.*]] = memref.load %[[SUMS]][%[[I]]]
  // CHECK:   %[[SUM:.*]] = scf.for %[[J:.*]] = {{.*}} iter_args(%[[ACC:.*]] = %[[INIT]])
  // CHECK:     %[[ELEMENT:.*]] = memref.load %[[X]][%[[I]], %[[J]]]
  // CHECK:     %[[SQUARE:.*]] = arith.mulf %[[ELEMENT]], %[[ELEMENT]] fastmath<contract>
  // CHECK:     arith.addf %[[ACC]], %[[SQUARE]] fastmath<reassoc,contract>
  // CHECK:   memref.store %[[SUM]], %[[SUMS]][%[[I]]]
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<512x256xf32>) outs(%sums : memref<512xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %square = arith.mulf %in, %in : f32
    %sum = arith.addf %acc, %square : f32
    linalg.yield %sum : f32
  }
  return
}

// Along a column: the contiguous dimension stays innermost, sums stay in memory.
// CHECK-LABEL: @column_sums
// CHECK-SAME: %[[X:.*]]: memref<512x256xf32>, %[[SUMS:.*]]: memref<256xf32>
func.func @column_sums(%x: memref<512x256xf32>, %sums: memref<256xf32>) {
  // CHECK:     scf.for %[[I:[^ ]*]] =
  // CHECK:       scf.for %[[J:[^ ]*]] =
  // CHECK:         %[[ACC:.*]] = memref.load %[[SUMS]][%[[J]]]
  // CHECK:         %[[ELEMENT:.*]] = memref.load %[[X]][%[[I]], %[[J]]]
  // CHECK:         %[[SUM:.*]] = arith.addf %[[ACC]], %[[ELEMENT]] fastmath<contract>
  // CHECK:         memref.store %[[SUM]], %[[SUMS]][%[[J]]]
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<512x256xf32>) outs(%sums : memref<256xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %sum = arith.addf %acc, %in : f32
    linalg.yield %sum : f32
  }
  return
}

// One long loop is cut into chunks for the threads; indices are available.
// CHECK-LABEL: @iota
func.func @iota(%out: memref<100000xi64>) {
  // CHECK: scf.parallel (%[[CHUNK:.*]]) = (%{{.*}}) to (%{{.*}}) step (%{{.*}})
  // CHECK:   scf.for %[[I:.*]] = %[[CHUNK]] to
  // CHECK:     %[[CAST:.*]] = arith.index_cast %[[I]]
  // CHECK:     memref.store %[[CAST]], %{{.*}}[%[[I]]]
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%out : memref<100000xi64>) {
  ^bb0(%old: i64):
    %i = linalg.index 0 : index
    %cast = arith.index_cast %i : index to i64
    linalg.yield %cast : i64
  }
  return
}

// Too little work for threads. Writes are contiguous, reads are not.
// CHECK-LABEL: @small_transpose
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<8x4xf32>
func.func @small_transpose(%x: memref<4x8xf32>, %y: memref<8x4xf32>) {
  // CHECK-NOT: scf.parallel
  // CHECK: scf.for %[[I:[^ ]*]] =
  // CHECK:   scf.for %[[J:[^ ]*]] =
  // CHECK:     %[[E:.*]] = memref.load %[[X]][%[[J]], %[[I]]]
  // CHECK:     memref.store %[[E]], %[[Y]][%[[I]], %[[J]]]
  linalg.transpose ins(%x : memref<4x8xf32>) outs(%y : memref<8x4xf32>) permutation = [1, 0]
  return
}

// A strided copy would be a call of a library.
// CHECK-LABEL: @strided_copy
func.func @strided_copy(%x: memref<4x8xf32, strided<[16, 1]>>, %y: memref<4x8xf32>) {
  // CHECK-NOT: memref.copy
  // CHECK: memref.load
  // CHECK: memref.store
  memref.copy %x, %y : memref<4x8xf32, strided<[16, 1]>> to memref<4x8xf32>
  return
}
