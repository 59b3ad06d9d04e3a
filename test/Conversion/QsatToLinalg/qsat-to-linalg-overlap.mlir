// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// A head beside the t-th of its group of 2.
// CHECK-LABEL: func @overlap
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<1x6x3x5xf32>
func.func @overlap(%a: tensor<1x6x3x5xf32>, %init: tensor<1x6x3x2xf32>) -> tensor<1x6x3x2xf32> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x6x3x2xf32>)
  // CHECK:   %[[H:.*]] = linalg.index 1
  // CHECK:   arith.divui %[[H]], %c2
  // CHECK:   scf.for {{.*}} to %c5
  // CHECK:     tensor.extract %[[A]][{{.*}}, %[[H]],
  // CHECK:     tensor.extract %[[A]]
  // CHECK:     arith.mulf
  // CHECK:     arith.addf
  // CHECK-NOT: qsat.
  %rho = qsat.overlap ins(%a : tensor<1x6x3x5xf32>) outs(%init : tensor<1x6x3x2xf32>) -> tensor<1x6x3x2xf32>
  return %rho : tensor<1x6x3x2xf32>
}
