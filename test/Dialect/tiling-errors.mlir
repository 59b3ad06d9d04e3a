// RUN: qsat-opt %s --transform-interpreter --split-input-file --verify-diagnostics

func.func @head_tiles_across_groups(%q: tensor<1x12x32x8xf32>, %k: tensor<1x3x48x8xf32>, %v: tensor<1x3x48x8xf32>, %o0: tensor<1x12x32x8xf32>) -> tensor<1x12x32x8xf32> {
  // expected-error @below {{expected head tiles of 1 or of aligned multiples of 4 heads, which share a key head, but got a size of 2 that is not, or at an unknown offset}}
  // expected-error @below {{to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %o = qsat.attention ins(%q, %k, %v : tensor<1x12x32x8xf32>, tensor<1x3x48x8xf32>, tensor<1x3x48x8xf32>)
    outs(%o0 : tensor<1x12x32x8xf32>) -> tensor<1x12x32x8xf32>
  return %o : tensor<1x12x32x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 2, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @dynamic_head_tiles(%q: tensor<1x?x32x8xf32>, %k: tensor<1x?x48x8xf32>, %v: tensor<1x?x48x8xf32>, %o0: tensor<1x?x32x8xf32>) -> tensor<1x?x32x8xf32> {
  // expected-error @below {{expected head tiles of 1 or of all heads, since the number of heads is dynamic, but got another size}}
  // expected-error @below {{to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %o = qsat.attention ins(%q, %k, %v : tensor<1x?x32x8xf32>, tensor<1x?x48x8xf32>, tensor<1x?x48x8xf32>)
    outs(%o0 : tensor<1x?x32x8xf32>) -> tensor<1x?x32x8xf32>
  return %o : tensor<1x?x32x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 2, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @heavy_hitter_blocks(%a: tensor<1x4x4x4xf32>, %i0: tensor<1x4x4x4xi32>, %c0: tensor<1x4x4xi32>, %m0: tensor<1x4x4xf32>, %n0: tensor<1x4x4xf32>) -> tensor<1x4x4x4xi32> {
  // expected-error @below {{expected tiles that start at the first query block, since policy heavy_hitter sums over all earlier ones, but got tiling of the query blocks}}
  // expected-error @below {{to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x4x4x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>)
    {policy = #qsat.policy<heavy_hitter>, k = 2 : i64}
    -> tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>
  return %i : tensor<1x4x4x4xi32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.amplified_select"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
