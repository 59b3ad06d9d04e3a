// RUN: qsat-opt %s --transform-interpreter --split-input-file | FileCheck %s
// The plugin in a stock mlir-opt knows the ops too.
// RUN: %if plugin %{ mlir-opt-22 --load-dialect-plugin=%qsat_lib_dir/qsatPlugin.so %s \
// RUN:   --transform-interpreter --split-input-file | FileCheck %s %}

// All attentions of a function; what computed them is dead.
// CHECK-LABEL: func.func @two_layers
// CHECK: %[[A:.*]] = qsat.attention
// CHECK-SAME: {first}
// CHECK: qsat.attention ins(%[[A]],
// CHECK-NOT: linalg.softmax
// CHECK: return
func.func @two_layers(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %v: tensor<4x12x16xf32>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %se = tensor.empty() : tensor<4x8x12xf32>
  %oe = tensor.empty() : tensor<4x8x16xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %s2 = linalg.batch_matmul ins(%o, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %p2 = linalg.softmax dimension(2) ins(%s2 : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %o2 = linalg.batch_matmul ins(%p2, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %o2 : tensor<4x8x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %attentions = transform.qsat.raise_attention %f : (!transform.any_op) -> !transform.op<"qsat.attention">
    %first, %rest = transform.split_handle %attentions : (!transform.op<"qsat.attention">)
      -> (!transform.any_op, !transform.any_op)
    transform.annotate %first "first" : !transform.any_op
    transform.apply_dce to %f : !transform.any_op
    transform.yield
  }
}

// -----

// The ops in which attentions end, found among all ops by the matcher: neither the transposition
// that follows one, which holds its numbers, nor the projection.
// CHECK-LABEL: func.func @chosen
// CHECK: qsat.attention
// CHECK: linalg.batch_matmul {projection}
func.func @chosen(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %v: tensor<4x12x16xf32>,
                  %w: tensor<4x16x16xf32>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %se = tensor.empty() : tensor<4x8x12xf32>
  %oe = tensor.empty() : tensor<4x8x16xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %te = tensor.empty() : tensor<8x4x16xf32>
  %t = linalg.transpose ins(%o : tensor<4x8x16xf32>) outs(%te : tensor<8x4x16xf32>) permutation = [1, 0, 2]
  %r = linalg.transpose ins(%t : tensor<8x4x16xf32>) outs(%oe : tensor<4x8x16xf32>) permutation = [1, 0, 2]
  %y = linalg.batch_matmul {projection} ins(%r, %w : tensor<4x8x16xf32>, tensor<4x16x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %y : tensor<4x8x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @ends_attention(%op: !transform.any_op {transform.readonly}) -> !transform.any_op {
    transform.match.qsat.attention %op : !transform.any_op
    transform.yield %op : !transform.any_op
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %ends = transform.collect_matching @ends_attention in %root : (!transform.any_op) -> !transform.any_op
    %attention = transform.qsat.raise_attention %ends : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// What a failure is silenced for is as it was.
// CHECK-LABEL: func.func @suppressed
// CHECK-NEXT: math.exp
func.func @suppressed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    transform.sequence %root : !transform.any_op failures(suppress) {
    ^bb0(%module: !transform.any_op):
      %attention = transform.qsat.raise_attention %module : (!transform.any_op) -> !transform.any_op
    }
    transform.yield
  }
}
