// The shape of a result is that of its init; common subexpressions are found.
// RUN: qsat-opt %s -resolve-ranked-shaped-type-result-dims -cse -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @extent(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x?x8xf32>, %[[L:[^:]*]]: tensor<1x?x?xf32>)
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[M:.*]] = tensor.dim %[[X]], %[[C2]]
// CHECK-DAG:     %[[H:.*]] = tensor.dim %[[L]], %[[C1]]
// CHECK:         return %[[M]], %[[H]]
func.func @extent(%x: tensor<1x?x?x8xf32>, %l: tensor<1x?x?xf32>) -> (index, index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0:2 = qsat.attention ins(%x, %x, %x : tensor<1x?x?x8xf32>, tensor<1x?x?x8xf32>, tensor<1x?x?x8xf32>)
    outs(%x, %l : tensor<1x?x?x8xf32>, tensor<1x?x?xf32>) -> tensor<1x?x?x8xf32>, tensor<1x?x?xf32>
  %m = tensor.dim %0#0, %c2 : tensor<1x?x?x8xf32>
  %h = tensor.dim %0#1, %c1 : tensor<1x?x?xf32>
  return %m, %h : index, index
}

// -----

// CHECK-LABEL: func.func @twice(
// CHECK:         %[[O:.*]] = qsat.attention
// CHECK-NOT:     qsat.attention
// CHECK:         return %[[O]], %[[O]]
func.func @twice(%x: tensor<1x2x4x8xf32>) -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) {
  %0 = qsat.attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%x : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %1 = qsat.attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%x : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %0, %1 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>
}

// -----

// Ops on memrefs write: they are neither dead nor common.
// CHECK-LABEL: func.func @memrefs_write(
// CHECK-COUNT-2: qsat.attention
func.func @memrefs_write(%x: memref<1x2x4x8xf32>, %o: memref<1x2x4x8xf32>) {
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    outs(%o : memref<1x2x4x8xf32>)
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    outs(%o : memref<1x2x4x8xf32>)
  return
}
