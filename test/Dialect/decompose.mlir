// The ops as AggregatedOpInterface of the transform dialect, whose
// decompose_interface takes ops of one result only; convert-qsat-to-linalg
// uses the interface for all (test/Conversion/QsatToLinalg).
// RUN: qsat-opt %s --transform-interpreter | FileCheck %s

// CHECK-LABEL: func @attention
// CHECK-NOT: qsat.
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK-NOT: qsat.
// CHECK: return
func.func @attention(%q: tensor<1x2x16x8xf32>, %k: tensor<1x2x16x8xf32>, %v: tensor<1x2x16x8xf32>, %o0: tensor<1x2x16x8xf32>) -> tensor<1x2x16x8xf32> {
  %o = qsat.attention ins(%q, %k, %v : tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>)
    outs(%o0 : tensor<1x2x16x8xf32>) -> tensor<1x2x16x8xf32>
  return %o : tensor<1x2x16x8xf32>
}

// CHECK-LABEL: func @amplitude_score
// CHECK-NOT: qsat.
// CHECK: math.sqrt
// CHECK-NOT: qsat.
// CHECK: return
func.func @amplitude_score(%q: tensor<1x2x16x8xf32>, %k: tensor<1x2x16x8xf32>, %a0: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) outs(%a0 : tensor<1x2x2x2xf32>)
    {block_m = 8 : i64, block_n = 8 : i64} -> tensor<1x2x2x2xf32>
  return %a : tensor<1x2x2x2xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match ops{["qsat.attention", "qsat.amplitude_score"]} in %root : (!transform.any_op) -> !transform.any_op
    %decomposed = transform.structured.decompose_interface %ops : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
