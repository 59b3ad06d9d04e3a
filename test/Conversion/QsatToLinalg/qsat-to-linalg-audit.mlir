// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// Dense attention of all rows, then, for each stratum, the row that the hash draws.
// CHECK-LABEL: func @audit
// CHECK-SAME: %[[O:[a-z0-9]*]]: tensor<1x2x7x3xf32>, %[[LSE:[a-z0-9]*]]: tensor<1x2x7xf32>,
func.func @audit(%o: tensor<1x2x7x3xf32>, %lse: tensor<1x2x7xf32>, %q: tensor<1x2x7x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x3xf32>, %e0: tensor<1x2x3x2xf32>) -> (tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) {
  // CHECK: math.exp
  // CHECK: %[[EXACT:.*]] = linalg.generic {indexing_maps = [#{{[^,]*}}], {{.*}} outs(%{{.*}} : tensor<1x2x7x3xf32>)
  // CHECK:   arith.divf
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x2xf32>)
  // CHECK:   math.ctlz
  // CHECK:   arith.xori
  // CHECK:   %[[SCALED:.*]] = arith.muli %{{.*}}, %{{.*}} : i64
  // CHECK:   arith.shrui %[[SCALED]], %{{.*}} : i64
  // CHECK:   scf.for
  // CHECK:     %[[GIVEN:.*]] = tensor.extract %[[O]]
  // CHECK:     %[[RIGHT:.*]] = tensor.extract %[[EXACT]]
  // CHECK:     %[[DIFFERENCE:.*]] = arith.subf %[[GIVEN]], %[[RIGHT]]
  // CHECK:     arith.mulf %[[DIFFERENCE]], %[[DIFFERENCE]]
  // The norm, and what was kept.
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x2xf32>)
  // CHECK:     %[[AGAIN:.*]] = tensor.extract %[[EXACT]]
  // CHECK:     arith.mulf %[[AGAIN]], %[[AGAIN]]
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x2xf32>)
  // CHECK:     tensor.extract %[[LSE]]
  // CHECK-NOT: qsat.
  %0:3 = qsat.audit ins(%q, %k, %v : tensor<1x2x7x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x3xf32>)
    of(%o : tensor<1x2x7x3xf32>) lse(%lse : tensor<1x2x7xf32>)
    outs(%e0, %e0, %e0 : tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>) {share = 6.666667e-01 : f64}
    -> tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>
}
