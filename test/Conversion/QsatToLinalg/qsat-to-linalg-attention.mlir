// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[$Q:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-DAG: #[[$K:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
// CHECK-DAG: #[[$V:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
// CHECK-DAG: #[[$O:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>

// CHECK-LABEL: func @attention
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<1x2x4x8xf32>, %[[K:.*]]: tensor<1x2x6x8xf32>, %[[V:.*]]: tensor<1x2x6x3xf32>, %[[O0:.*]]: tensor<1x2x4x3xf32>, %[[L0:.*]]: tensor<1x2x4xf32>)
func.func @attention(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x3xf32>, %o0: tensor<1x2x4x3xf32>, %l0: tensor<1x2x4xf32>) -> (tensor<1x2x4x3xf32>, tensor<1x2x4xf32>) {
  // CHECK-DAG: %[[HIDDEN:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 5.000000e-01 : f32
  // CHECK: %[[DOTS:.*]] = linalg.generic {indexing_maps = [#[[$Q]], #[[$K]], #[[$O]]], {{.*}}} ins(%[[Q]], %[[K]] :
  // CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins(%[[DOTS]] :
  // CHECK:   %[[I:.*]] = linalg.index 2
  // CHECK:   %[[J:.*]] = linalg.index 3
  // CHECK:   %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[SCALE]]
  // CHECK:   %[[SEEN:.*]] = arith.cmpi sle, %[[J]], %[[I]]
  // CHECK:   arith.select %[[SEEN]], %[[SCALED]], %[[HIDDEN]]
  // CHECK: linalg.generic {{.*}} ins(%[[Z]] :
  // CHECK:   arith.maximumf
  // CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[Z]], %{{.*}} :
  // CHECK:   math.exp
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[P]] :
  // CHECK:   arith.addf
  // CHECK: %[[PV:.*]] = linalg.generic {indexing_maps = [#[[$Q]], #[[$V]], #[[$O]]], {{.*}}} ins(%[[P]], %[[V]] :
  // CHECK: %[[O:.*]] = linalg.generic {{.*}} outs(%[[O0]] :
  // CHECK:   arith.divf
  // CHECK: %[[LSE:.*]] = linalg.generic {{.*}} outs(%[[L0]] :
  // CHECK:   math.log
  // CHECK-NOT: qsat.
  // CHECK: return %[[O]], %[[LSE]]
  %o, %lse = qsat.attention ins(%q, %k, %v : tensor<1x2x4x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x3xf32>)
    outs(%o0, %l0 : tensor<1x2x4x3xf32>, tensor<1x2x4xf32>) {scale = 0.5 : f64, mask = #qsat.mask<causal>}
    -> tensor<1x2x4x3xf32>, tensor<1x2x4xf32>
  return %o, %lse : tensor<1x2x4x3xf32>, tensor<1x2x4xf32>
}

// Key heads are repeated for their group; bf16 is widened in the products; the
// region sees problem coordinates, and what it captures stays captured.
// CHECK-LABEL: func @grouped_bf16_region
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<1x4x?x8xbf16>, %[[K:.*]]: tensor<1x2x?x8xbf16>, %[[V:.*]]: tensor<1x2x?x8xbf16>, %[[BIAS:.*]]: tensor<4x?xf32>, %[[AT:.*]]: index, %[[CAPTURED:.*]]: f32,
func.func @grouped_bf16_region(%q: tensor<1x4x?x8xbf16>, %k: tensor<1x2x?x8xbf16>, %v: tensor<1x2x?x8xbf16>, %bias: tensor<4x?xf32>, %at: index, %captured: f32, %o0: tensor<1x4x?x8xbf16>) -> tensor<1x4x?x8xbf16> {
  %c0 = arith.constant 0 : index
  // CHECK: %[[K_GROUPED:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x?x8xbf16>)
  // CHECK:   arith.divui
  // CHECK:   tensor.extract %[[K]]
  // CHECK: linalg.generic {{.*}} ins(%[[Q]], %[[K_GROUPED]] :
  // CHECK-COUNT-2: arith.extf
  // CHECK: linalg.generic
  // CHECK:   %[[H:.*]] = linalg.index 1
  // CHECK:   %[[I:.*]] = linalg.index 2
  // CHECK:   %[[ROW:.*]] = arith.addi %[[I]], %[[AT]]
  // CHECK:   %[[J:.*]] = linalg.index 3
  // CHECK:   %[[EXTRA:.*]] = tensor.extract %[[BIAS]][%[[H]], %{{.*}}]
  // CHECK:   %[[BIASED:.*]] = arith.addf %{{.*}}, %[[EXTRA]]
  // CHECK:   arith.mulf %[[BIASED]], %[[CAPTURED]]
  // CHECK: arith.truncf
  // CHECK-NOT: qsat.
  %o = qsat.attention ins(%q, %k, %v : tensor<1x4x?x8xbf16>, tensor<1x2x?x8xbf16>, tensor<1x2x?x8xbf16>)
    extras(%bias : tensor<4x?xf32>) at(%c0, %c0, %at, %c0) outs(%o0 : tensor<1x4x?x8xbf16>)
    {extra_maps = [affine_map<(b, h, i, j) -> (h, j - i)>]}
    score {
    ^bb0(%z: f32, %x: f32, %b: index, %h: index, %i: index, %j: index):
      %biased = arith.addf %z, %x : f32
      %y = arith.mulf %biased, %captured : f32
      qsat.yield %y : f32
    } -> tensor<1x4x?x8xbf16>
  return %o : tensor<1x4x?x8xbf16>
}

// CHECK-LABEL: func @merge
// CHECK-SAME: %[[O1:.*]]: tensor<1x2x4x3xf32>, %[[L1:.*]]: tensor<1x2x4xf32>, %[[O2:.*]]: tensor<1x2x4x3xf32>, %[[L2:.*]]: tensor<1x2x4xf32>, %[[O0:.*]]: tensor<1x2x4x3xf32>, %[[L0:.*]]: tensor<1x2x4xf32>)
func.func @merge(%o1: tensor<1x2x4x3xf32>, %l1: tensor<1x2x4xf32>, %o2: tensor<1x2x4x3xf32>, %l2: tensor<1x2x4xf32>, %o0: tensor<1x2x4x3xf32>, %l0: tensor<1x2x4xf32>) -> (tensor<1x2x4x3xf32>, tensor<1x2x4xf32>) {
  // CHECK: linalg.generic {{.*}} outs(%[[O0]] :
  // CHECK:   %[[A:.*]] = tensor.extract %[[L1]]
  // CHECK:   %[[B:.*]] = tensor.extract %[[L2]]
  // CHECK:   arith.maximumf %[[A]], %[[B]]
  // CHECK-COUNT-2: math.exp
  // CHECK: linalg.generic {{.*}} outs(%[[L0]] :
  // CHECK:   math.log
  // CHECK-NOT: qsat.
  %o, %l = qsat.merge ins(%o1, %l1, %o2, %l2 : tensor<1x2x4x3xf32>, tensor<1x2x4xf32>, tensor<1x2x4x3xf32>, tensor<1x2x4xf32>)
    outs(%o0, %l0 : tensor<1x2x4x3xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x3xf32>, tensor<1x2x4xf32>
  return %o, %l : tensor<1x2x4x3xf32>, tensor<1x2x4xf32>
}
