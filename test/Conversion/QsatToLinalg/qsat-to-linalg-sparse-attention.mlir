// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// The lists become a map of blocks, which hides the scores of the others.
// CHECK-LABEL: func @listed_blocks
// CHECK-SAME: %[[I:[a-z0-9]*]]: tensor<1x2x3x2xi32>, %[[C:[a-z0-9]*]]: tensor<1x2x3xi32>,
func.func @listed_blocks(%i: tensor<1x2x3x2xi32>, %c: tensor<1x2x3xi32>, %q: tensor<1x2x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x3xf32>, %o0: tensor<1x2x5x3xf32>, %l0: tensor<1x2x5xf32>, %k0: tensor<1x2x5xf32>) -> (tensor<1x2x5x3xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>) {
  // CHECK: %[[LISTED:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xi1>)
  // CHECK:   %[[COUNT:.*]] = tensor.extract %[[C]]
  // CHECK:   %[[END:.*]] = arith.index_cast %[[COUNT]]
  // CHECK:   scf.for %{{.*}} = %c0 to %[[END]]
  // CHECK:     tensor.extract %[[I]]
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x5x7xf32>)
  // CHECK:   %[[IN:.*]] = tensor.extract %[[LISTED]]
  // CHECK:   arith.select %[[IN]], %{{.*}}, %{{.*}} : f32
  // CHECK: math.exp
  // CHECK-NOT: qsat.
  %o, %l, %kept = qsat.sparse_attention ins(%q, %k, %v : tensor<1x2x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x3xf32>)
    list(%i, %c : tensor<1x2x3x2xi32>, tensor<1x2x3xi32>)
    outs(%o0, %l0, %k0 : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
    {block_m = 2 : i64, block_n = 2 : i64} -> tensor<1x2x5x3xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>
  return %o, %l, %kept : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>
}

// One centroid and one mean value per block, over all of its keys.
// CHECK-LABEL: func @centroid
func.func @centroid(%i: tensor<1x2x3x2xi32>, %c: tensor<1x2x3xi32>, %q: tensor<1x2x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x3xf32>, %o0: tensor<1x2x5x3xf32>, %l0: tensor<1x2x5xf32>) -> tensor<1x2x5x3xf32> {
  // CHECK: outs(%{{.*}} : tensor<1x2x4x8xf32>)
  // CHECK: outs(%{{.*}} : tensor<1x2x5x4xf32>)
  // CHECK: outs(%{{.*}} : tensor<5x4xindex>)
  // CHECK-NOT: math.log1p
  // CHECK: outs(%{{.*}} : tensor<1x2x4x3xf32>)
  // CHECK-NOT: qsat.
  %o, %l = qsat.sparse_attention ins(%q, %k, %v : tensor<1x2x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x3xf32>)
    list(%i, %c : tensor<1x2x3x2xi32>, tensor<1x2x3xi32>) outs(%o0, %l0 : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>)
    {block_m = 2 : i64, block_n = 2 : i64, background = #qsat.background<centroid>} -> tensor<1x2x5x3xf32>, tensor<1x2x5xf32>
  return %o : tensor<1x2x5x3xf32>
}

// The second order of the logits comes in as log(1 + s/2).
// CHECK-LABEL: func @t2
func.func @t2(%i: tensor<1x2x3x2xi32>, %c: tensor<1x2x3xi32>, %q: tensor<1x2x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x3xf32>, %o0: tensor<1x2x5x3xf32>, %l0: tensor<1x2x5xf32>) -> tensor<1x2x5x3xf32> {
  // CHECK: math.log1p
  %o, %l = qsat.sparse_attention ins(%q, %k, %v : tensor<1x2x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x3xf32>)
    list(%i, %c : tensor<1x2x3x2xi32>, tensor<1x2x3xi32>) outs(%o0, %l0 : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>)
    {block_m = 2 : i64, block_n = 2 : i64, background = #qsat.background<t2>} -> tensor<1x2x5x3xf32>, tensor<1x2x5xf32>
  return %o : tensor<1x2x5x3xf32>
}

// rank1: the same score for every visible key of an unlisted block.
// CHECK-LABEL: func @rank1_rounds
func.func @rank1_rounds(%i: tensor<1x2x3x2xi32>, %c: tensor<1x2x3xi32>, %q: tensor<1x2x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x3xf32>, %o0: tensor<1x2x5x3xf32>, %l0: tensor<1x2x5xf32>) -> tensor<1x2x5x3xf32> {
  // CHECK-DAG: %[[LOGIT:.*]] = arith.constant 2.500000e-01 : f32
  // CHECK-DAG: %[[TURNS:.*]] = arith.constant 5.000000e+00 : f64
  // CHECK: %[[LISTED:.*]] = tensor.extract %{{.*}} : tensor<1x2x3x4xi1>
  // CHECK: arith.select %[[LISTED]], %{{.*}}, %[[LOGIT]] : f32
  // CHECK: %[[ROOT:.*]] = math.sqrt %{{.*}} : f64
  // CHECK: %[[THETA:.*]] = math.asin %[[ROOT]]
  // CHECK: %[[ANGLE:.*]] = arith.mulf %[[THETA]], %[[TURNS]]
  // CHECK: %[[SINE:.*]] = math.sin %[[ANGLE]]
  // CHECK: arith.mulf %[[SINE]], %[[SINE]]
  // CHECK-NOT: qsat.
  %o, %l = qsat.sparse_attention ins(%q, %k, %v : tensor<1x2x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x3xf32>)
    list(%i, %c : tensor<1x2x3x2xi32>, tensor<1x2x3xi32>) outs(%o0, %l0 : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>)
    {block_m = 2 : i64, block_n = 2 : i64, background = #qsat.background<rank1>, background_logit = 0.25 : f64, amplification = #qsat.amplification<rounds = 2>}
    -> tensor<1x2x5x3xf32>, tensor<1x2x5xf32>
  return %o : tensor<1x2x5x3xf32>
}

// CHECK-LABEL: func @fixed_point
func.func @fixed_point(%i: tensor<1x2x3x2xi32>, %c: tensor<1x2x3xi32>, %q: tensor<1x2x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x3xf32>, %o0: tensor<1x2x5x3xf32>, %l0: tensor<1x2x5xf32>) -> tensor<1x2x5x3xf32> {
  // CHECK: math.ceil
  // CHECK: math.cosh
  // CHECK: math.acos
  // CHECK: math.acosh
  %o, %l = qsat.sparse_attention ins(%q, %k, %v : tensor<1x2x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x3xf32>)
    list(%i, %c : tensor<1x2x3x2xi32>, tensor<1x2x3xi32>) outs(%o0, %l0 : tensor<1x2x5x3xf32>, tensor<1x2x5xf32>)
    {block_m = 2 : i64, block_n = 2 : i64, background = #qsat.background<rank1>, amplification = #qsat.amplification<fixed_point = 0.1>}
    -> tensor<1x2x5x3xf32>, tensor<1x2x5xf32>
  return %o : tensor<1x2x5x3xf32>
}
