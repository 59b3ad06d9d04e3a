// Every op is tiled along its batch dimensions and (blocks of) query rows.
// RUN: qsat-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// One head and 16 rows at a time: the key head is the query head over 2, the
// extras stay whole, `at` says where the tile is.
// CHECK-LABEL: func @attention
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<1x4x32x8xf32>, %[[K:[a-z0-9]*]]: tensor<1x2x48x8xf32>, %[[V:.*]]: tensor<1x2x48x16xf32>, %[[SLOPES:.*]]: tensor<4xf32>
func.func @attention(%q: tensor<1x4x32x8xf32>, %k: tensor<1x2x48x8xf32>, %v: tensor<1x2x48x16xf32>, %slopes: tensor<4xf32>) -> (tensor<1x4x32x16xf32>, tensor<1x4x32xf32>) {
  %o0 = tensor.empty() : tensor<1x4x32x16xf32>
  %l0 = tensor.empty() : tensor<1x4x32xf32>
  // CHECK: scf.for %[[H:.*]] = %c0 to %c4 step %c1
  // CHECK:   scf.for %[[I:.*]] = %c0 to %c32 step %c16
  // CHECK:     %[[Q_TILE:.*]] = tensor.extract_slice %[[Q]][0, %[[H]], %[[I]], 0] [1, 1, 16, 8] [1, 1, 1, 1]
  // CHECK:     %[[HKV:.*]] = affine.apply #{{.*}}()[%[[H]]]
  // CHECK:     %[[K_TILE:.*]] = tensor.extract_slice %[[K]][0, %[[HKV]], 0, 0] [1, 1, 48, 8]
  // CHECK:     %[[V_TILE:.*]] = tensor.extract_slice %[[V]][0, %[[HKV]], 0, 0] [1, 1, 48, 16]
  // CHECK:     %[[O_TILE:.*]] = tensor.extract_slice %{{.*}}[0, %[[H]], %[[I]], 0] [1, 1, 16, 16]
  // CHECK:     %[[LSE_TILE:.*]] = tensor.extract_slice %{{.*}}[0, %[[H]], %[[I]]] [1, 1, 16]
  // CHECK:     qsat.attention ins(%[[Q_TILE]], %[[K_TILE]], %[[V_TILE]] :
  // CHECK-SAME: extras(%[[SLOPES]] : tensor<4xf32>) at(%c0, %[[H]], %[[I]], %c0)
  // CHECK-SAME: outs(%[[O_TILE]], %[[LSE_TILE]] : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>)
  // CHECK:       qsat.yield
  // CHECK:     tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[H]], %[[I]], 0] [1, 1, 16, 16]
  // CHECK:     tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[H]], %[[I]]] [1, 1, 16]
  %o, %lse = qsat.attention ins(%q, %k, %v : tensor<1x4x32x8xf32>, tensor<1x2x48x8xf32>, tensor<1x2x48x16xf32>)
    extras(%slopes : tensor<4xf32>) outs(%o0, %l0 : tensor<1x4x32x16xf32>, tensor<1x4x32xf32>)
    {mask = #qsat.mask<causal>, extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
    score {
    ^bb0(%z: f32, %slope: f32, %b: index, %h: index, %i: index, %j: index):
      %y = arith.mulf %z, %slope : f32
      qsat.yield %y : f32
    } -> tensor<1x4x32x16xf32>, tensor<1x4x32xf32>
  return %o, %lse : tensor<1x4x32x16xf32>, tensor<1x4x32xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:3 = transform.structured.tile_using_for %op tile_sizes [1, 1, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Head tiles of a multiple of the group take as many key heads less; without
// a mask or region a tile needs no position.
// CHECK: #[[$HEAD:.*]] = affine_map<(d0) -> (d0 * 4)>
// CHECK: #[[$ROW:.*]] = affine_map<(d0) -> (d0 * 16)>
// CHECK: #[[$KEY_HEAD:.*]] = affine_map<(d0) -> (d0 * 2)>
// CHECK-LABEL: func @attention_groups
func.func @attention_groups(%q: tensor<2x8x?x8xf32>, %k: tensor<2x4x?x8xf32>, %v: tensor<2x4x?x8xf32>, %o0: tensor<2x8x?x8xf32>) -> tensor<2x8x?x8xf32> {
  // CHECK: scf.forall (%[[T:.*]], %[[U:.*]]) in (2, %{{.*}})
  // CHECK:   %[[H:.*]] = affine.apply #[[$HEAD]](%[[T]])
  // CHECK:   %[[I:.*]] = affine.apply #[[$ROW]](%[[U]])
  // CHECK:   %[[ROWS:.*]] = affine.min
  // CHECK:   %[[HKV:.*]] = affine.apply #[[$KEY_HEAD]](%[[T]])
  // CHECK:   tensor.extract_slice %{{.*}}[0, %[[HKV]], 0, 0] [2, 2, %{{.*}}, 8]
  // CHECK:   qsat.attention ins({{.*}} : tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>) outs
  // CHECK:   tensor.parallel_insert_slice %{{.*}} into %{{.*}}[0, %[[H]], %[[I]], 0] [2, 4, %[[ROWS]], 8]
  %o = qsat.attention ins(%q, %k, %v : tensor<2x8x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>)
    outs(%o0 : tensor<2x8x?x8xf32>) -> tensor<2x8x?x8xf32>
  return %o : tensor<2x8x?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [0, 4, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// On memrefs the tiles are subviews.
// CHECK-LABEL: func @attention_memref
func.func @attention_memref(%q: memref<1x4x32x8xf32>, %k: memref<1x4x48x8xf32>, %v: memref<1x4x48x8xf32>, %o: memref<1x4x32x8xf32>) {
  // CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c16
  // CHECK:   memref.subview %{{.*}}[0, 0, %[[I]], 0] [1, 4, 16, 8]
  // CHECK:   qsat.attention ins({{.*}}) at(%c0, %c0, %[[I]], %c0) outs(%{{.*}} : memref<1x4x16x8xf32, strided<[1024, 256, 8, 1], offset: ?>>)
  qsat.attention ins(%q, %k, %v : memref<1x4x32x8xf32>, memref<1x4x48x8xf32>, memref<1x4x48x8xf32>)
    outs(%o : memref<1x4x32x8xf32>) {mask = #qsat.mask<causal>}
  return
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiles of query blocks: 2 blocks of 16 rows, the last of which is partial.
// CHECK: #[[$ROW:.*]] = affine_map<()[s0] -> (s0 * 16)>
// CHECK: #[[$CLIP:.*]] = affine_map<()[s0, s1] -> (s1 * -16 + 72, s0 * 16)>
// CHECK-LABEL: func @sparse_attention
func.func @sparse_attention(%q: tensor<1x4x72x8xf32>, %k: tensor<1x2x48x8xf32>, %v: tensor<1x2x48x8xf32>,
    %i: tensor<1x2x5x3xi32>, %c: tensor<1x2x5xi32>, %o0: tensor<1x4x72x8xf32>, %l0: tensor<1x4x72xf32>, %k0: tensor<1x4x72xf32>, %at: index)
    -> (tensor<1x4x72x8xf32>, tensor<1x4x72xf32>, tensor<1x4x72xf32>) {
  // CHECK: scf.for %[[H:.*]] = %c0 to %c4 step %c1
  // CHECK:   scf.for %[[I:.*]] = %c0 to %c5 step %c2
  // CHECK:     %[[BLOCKS:.*]] = affine.min
  // CHECK:     %[[ROW:.*]] = affine.apply #[[$ROW]]()[%[[I]]]
  // CHECK:     %[[ROWS:.*]] = affine.min #[[$CLIP]]()[%[[BLOCKS]], %[[I]]]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[H]], %[[ROW]], 0] [1, 1, %[[ROWS]], 8]
  // CHECK:     %[[LIST:.*]] = affine.apply #{{.*}}()[%[[H]]]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[LIST]], %[[I]], 0] [1, 1, %[[BLOCKS]], 3]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[LIST]], %[[I]]] [1, 1, %[[BLOCKS]]]
  // CHECK:     %[[AT:.*]] = affine.apply #{{.*}}()[%arg8, %[[I]]]
  // CHECK: qsat.sparse_attention ins({{.*}}) list({{.*}}) at(%c0, %[[H]], %[[AT]], %c0) outs
  // CHECK-COUNT-3: tensor.insert_slice
  %z = arith.constant 0 : index
  %o, %lse, %kept = qsat.sparse_attention ins(%q, %k, %v : tensor<1x4x72x8xf32>, tensor<1x2x48x8xf32>, tensor<1x2x48x8xf32>)
    list(%i, %c : tensor<1x2x5x3xi32>, tensor<1x2x5xi32>) at(%z, %z, %at, %z)
    outs(%o0, %l0, %k0 : tensor<1x4x72x8xf32>, tensor<1x4x72xf32>, tensor<1x4x72xf32>)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64}
    -> tensor<1x4x72x8xf32>, tensor<1x4x72xf32>, tensor<1x4x72xf32>
  return %o, %lse, %kept : tensor<1x4x72x8xf32>, tensor<1x4x72xf32>, tensor<1x4x72xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.sparse_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [0, 1, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Scoring fused into selection, one query block of one list at a time: the
// list of a group of 2 heads needs the amplitudes of both.
// CHECK-LABEL: func @score_and_select
func.func @score_and_select(%q: tensor<1x4x64x8xf32>, %k: tensor<1x2x64x8xf32>, %a0: tensor<1x4x4x4xf32>,
    %i0: tensor<1x2x4x4xi32>, %c0: tensor<1x2x4xi32>, %m0: tensor<1x2x4xf32>, %n0: tensor<1x2x4xf32>)
    -> (tensor<1x2x4x4xi32>, tensor<1x2x4xi32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>) {
  // CHECK: scf.for %[[L:.*]] = %c0 to %c2 step %c1
  // CHECK:   scf.for %[[I:.*]] = %c0 to %c4 step %c1
  // CHECK:     %[[H:.*]] = affine.apply #{{.*}}()[%[[L]]]
  // CHECK:     %[[ROW:.*]] = affine.apply #{{.*}}()[%[[I]]]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[H]], %[[ROW]], 0] [1, 2, 16, 8]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[L]], 0, 0] [1, 1, 64, 8]
  // CHECK:     %[[A:.*]] = qsat.amplitude_score ins({{.*}} : tensor<1x2x16x8xf32>, tensor<1x1x64x8xf32>) at(%c0, %[[H]], %[[ROW]], %c0) outs(%{{.*}} : tensor<1x2x1x4xf32>)
  // CHECK:     qsat.amplified_select ins(%[[A]] : tensor<1x2x1x4xf32>) at(%c0, %[[H]], %[[ROW]], %c0)
  // CHECK-SAME: outs({{.*}} : tensor<1x1x1x4xi32>, tensor<1x1x1xi32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>)
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x4x64x8xf32>, tensor<1x2x64x8xf32>) outs(%a0 : tensor<1x4x4x4xf32>)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64} -> tensor<1x4x4x4xf32>
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x4x4x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x4x4xi32>, tensor<1x2x4xi32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
    {mask = #qsat.mask<causal>, theta = 0.01 : f64, entangle, block_m = 16 : i64, block_n = 16 : i64}
    -> tensor<1x2x4x4xi32>, tensor<1x2x4xi32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return %i, %c, %m, %n : tensor<1x2x4x4xi32>, tensor<1x2x4xi32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.amplified_select"]} in %root : (!transform.any_op) -> !transform.any_op
    %fused, %loops:2 = transform.structured.fuse %op tile_sizes [0, 1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// heavy_hitter may be tiled along heads.
// CHECK-LABEL: func @heavy_hitter_heads
func.func @heavy_hitter_heads(%a: tensor<1x4x4x4xf32>, %i0: tensor<1x4x4x4xi32>, %c0: tensor<1x4x4xi32>, %m0: tensor<1x4x4xf32>, %n0: tensor<1x4x4xf32>) -> tensor<1x4x4x4xi32> {
  // CHECK: scf.for
  // CHECK: qsat.amplified_select ins(%{{.*}} : tensor<1x1x4x4xf32>)
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x4x4x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>)
    {policy = #qsat.policy<heavy_hitter>, k = 2 : i64}
    -> tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>
  return %i : tensor<1x4x4x4xi32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.amplified_select"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// spread[b, hkv, J] of 4 lists over 2 key heads of 8 query heads.
// CHECK-LABEL: func @residual
func.func @residual(%a: tensor<1x8x4x4xf32>, %s: tensor<1x2x4xf32>, %i0: tensor<1x4x4x4xi32>, %c0: tensor<1x4x4xi32>, %m0: tensor<1x4x4xf32>, %n0: tensor<1x4x4xf32>) -> tensor<1x4x4x4xi32> {
  // CHECK: qsat.amplified_select ins(%{{.*}} : tensor<1x2x4x4xf32>) spread(%{{.*}} : tensor<1x1x4xf32>)
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x8x4x4xf32>) spread(%s : tensor<1x2x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>)
    {policy = #qsat.policy<residual>, theta = 0.1 : f64, entangle}
    -> tensor<1x4x4x4xi32>, tensor<1x4x4xi32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>
  return %i : tensor<1x4x4x4xi32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.amplified_select"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The query projection is fused into the tiles of attention.
// CHECK-LABEL: func @fuse_producer_of_q
func.func @fuse_producer_of_q(%x: tensor<1x4x32x8xf32>, %k: tensor<1x4x48x8xf32>, %v: tensor<1x4x48x8xf32>) -> tensor<1x4x32x8xf32> {
  %q0 = tensor.empty() : tensor<1x4x32x8xf32>
  // CHECK: scf.for
  // CHECK:   scf.for
  // CHECK:     %[[Q_TILE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x16x8xf32>)
  // CHECK:     qsat.attention ins(%[[Q_TILE]],
  %q = linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : tensor<1x4x32x8xf32>) outs(%q0 : tensor<1x4x32x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %y = arith.addf %in, %in : f32
      linalg.yield %y : f32
    } -> tensor<1x4x32x8xf32>
  %o0 = tensor.empty() : tensor<1x4x32x8xf32>
  %o = qsat.attention ins(%q, %k, %v : tensor<1x4x32x8xf32>, tensor<1x4x48x8xf32>, tensor<1x4x48x8xf32>)
    outs(%o0 : tensor<1x4x32x8xf32>) {mask = #qsat.mask<causal>} -> tensor<1x4x32x8xf32>
  return %o : tensor<1x4x32x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %fused, %loops:2 = transform.structured.fuse %op tile_sizes [0, 1, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Sparse attention fused into a consumer tiled by rows: the tile of 24 rows
// touches blocks of 16, of which the wanted rows are cut out.
// CHECK: #[[$FIRST_BLOCK:.*]] = affine_map<(d0) -> ((d0 * 3) floordiv 2)>
// CHECK: #[[$BLOCKS:.*]] = affine_map<(d0) -> ((d0 * 3 + 3) ceildiv 2 - (d0 * 3) floordiv 2)>
// CHECK-LABEL: func @fuse_into_consumer
func.func @fuse_into_consumer(%q: tensor<1x1x48x8xf32>, %k: tensor<1x1x48x8xf32>, %v: tensor<1x1x48x8xf32>, %i: tensor<1x1x3x3xi32>, %c: tensor<1x1x3xi32>) -> tensor<1x1x48x8xf32> {
  %o0 = tensor.empty() : tensor<1x1x48x8xf32>
  %l0 = tensor.empty() : tensor<1x1x48xf32>
  // CHECK: scf.forall (%[[T:.*]]) in (2)
  // CHECK:   %[[FIRST:.*]] = affine.apply #[[$FIRST_BLOCK]](%[[T]])
  // CHECK:   %[[BLOCKS:.*]] = affine.apply #[[$BLOCKS]](%[[T]])
  // CHECK:   tensor.extract_slice %{{.*}}[0, 0, %[[FIRST]]] [1, 1, %[[BLOCKS]]]
  // CHECK:   %[[WIDE:.*]]:2 = qsat.sparse_attention
  // CHECK:   %[[ROWS:.*]] = tensor.extract_slice %[[WIDE]]#0[0, 0, %{{.*}}, 0] [1, 1, 24, 8]
  // CHECK:   linalg.exp ins(%[[ROWS]] : tensor<1x1x24x8xf32>)
  %o, %l = qsat.sparse_attention ins(%q, %k, %v : tensor<1x1x48x8xf32>, tensor<1x1x48x8xf32>, tensor<1x1x48x8xf32>)
    list(%i, %c : tensor<1x1x3x3xi32>, tensor<1x1x3xi32>) outs(%o0, %l0 : tensor<1x1x48x8xf32>, tensor<1x1x48xf32>)
    {block_m = 16 : i64, block_n = 16 : i64} -> tensor<1x1x48x8xf32>, tensor<1x1x48xf32>
  %e0 = tensor.empty() : tensor<1x1x48x8xf32>
  %e = linalg.exp ins(%o : tensor<1x1x48x8xf32>) outs(%e0 : tensor<1x1x48x8xf32>) -> tensor<1x1x48x8xf32>
  return %e : tensor<1x1x48x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %exp tile_sizes [0, 0, 24, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %op = transform.structured.match ops{["qsat.sparse_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %fused, %new = transform.structured.fuse_into_containing_op %op into %loop : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The heads of a group stay together.
// CHECK-LABEL: func @overlap
func.func @overlap(%a: tensor<2x6x5x7xf32>, %init: tensor<2x6x5x3xf32>) -> tensor<2x6x5x3xf32> {
  // CHECK: scf.for %[[B:.*]] = %c0 to %c2 step %c1
  // CHECK:   scf.for %[[I:.*]] = %c0 to %c5 step %c1
  // CHECK:     tensor.extract_slice %{{.*}}[%[[B]], 0, %[[I]], 0] [1, 6, 1, 7]
  // CHECK:     qsat.overlap ins({{.*}} : tensor<1x6x1x7xf32>) outs({{.*}} : tensor<1x6x1x3xf32>)
  %rho = qsat.overlap ins(%a : tensor<2x6x5x7xf32>) outs(%init : tensor<2x6x5x3xf32>) -> tensor<2x6x5x3xf32>
  return %rho : tensor<2x6x5x3xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.overlap"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @merge
func.func @merge(%o1: tensor<1x2x8x4xf32>, %l1: tensor<1x2x8xf32>, %o2: tensor<1x2x8x4xf32>, %l2: tensor<1x2x8xf32>, %o0: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>) -> (tensor<1x2x8x4xf32>, tensor<1x2x8xf32>) {
  // CHECK: scf.for %[[H:.*]] = %c0 to %c2 step %c1
  // CHECK:   scf.for %[[I:.*]] = %c0 to %c8 step %c4
  // CHECK:     qsat.merge ins({{.*}} : tensor<1x1x4x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4xf32>) outs
  // CHECK:     tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[H]], %[[I]], 0] [1, 1, 4, 4]
  // CHECK:     tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[H]], %[[I]]] [1, 1, 4]
  %o, %l = qsat.merge ins(%o1, %l1, %o2, %l2 : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>)
    outs(%o0, %l0 : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8x4xf32>, tensor<1x2x8xf32>
  return %o, %l : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.merge"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [0, 1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The strata of an audit: 128 rows each, the last one partial. `at` says which
// rows are drawn.
// CHECK-LABEL: func @audit
func.func @audit(%q: tensor<1x4x200x8xf32>, %k: tensor<1x2x48x8xf32>, %l: tensor<1x4x200xf32>, %e: tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32> {
  // CHECK: scf.for %[[H:.*]] = %c0 to %c4 step %c1
  // CHECK:   scf.for %[[T:.*]] = %c0 to %c2 step %c1
  // CHECK:     %[[ROW:.*]] = affine.apply #{{.*}}()[%[[T]]]
  // CHECK:     %[[ROWS:.*]] = affine.min #{{.*}}()[%[[T]]]
  // CHECK:     tensor.extract_slice %{{.*}}[0, %[[H]], %[[ROW]], 0] [1, 1, %[[ROWS]], 8]
  // CHECK:     %[[LSE_TILE:.*]] = tensor.extract_slice %{{.*}}[0, %[[H]], %[[ROW]]] [1, 1, %[[ROWS]]]
  // CHECK:     %[[E_TILE:.*]] = tensor.extract_slice %{{.*}}[0, %[[H]], %[[T]], 0] [1, 1, 1, 2]
  // CHECK:     qsat.audit ins({{.*}} : tensor<1x1x?x8xf32>, tensor<1x1x48x8xf32>, tensor<1x1x48x8xf32>) of({{.*}} : tensor<1x1x?x8xf32>)
  // CHECK-SAME: lse(%[[LSE_TILE]] : tensor<1x1x?xf32>) at(%c0, %[[H]], %[[ROW]], %c0) outs(%[[E_TILE]], {{.*}} : tensor<1x1x1x2xf32>,
  %0:3 = qsat.audit ins(%q, %k, %k : tensor<1x4x200x8xf32>, tensor<1x2x48x8xf32>, tensor<1x2x48x8xf32>)
    of(%q : tensor<1x4x200x8xf32>) lse(%l : tensor<1x4x200xf32>)
    outs(%e, %e, %e : tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>)
    -> tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>
  return %0#0 : tensor<1x4x2x2xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["qsat.audit"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:3 = transform.structured.tile_using_for %op tile_sizes [1, 1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
