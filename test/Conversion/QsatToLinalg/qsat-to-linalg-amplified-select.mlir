// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// Eligible, forced, p, taken, marked; then the lists.
// CHECK-LABEL: func @threshold
func.func @threshold(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> (tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  // CHECK-DAG: %[[THETA:.*]] = arith.constant 1.250000e-01 : f32
  // CHECK: %[[ELIGIBLE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x4xi1>)
  // CHECK: %[[FORCED:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x4xi1>)
  // CHECK:   arith.floordivsi
  // CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xf32>)
  // CHECK:   arith.mulf
  // CHECK: %[[TAKEN:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xi1>)
  // CHECK:   %[[E:.*]] = tensor.extract %[[ELIGIBLE]]
  // CHECK:   %[[LARGE:.*]] = arith.cmpf oge, %{{.*}}, %[[THETA]]
  // CHECK:   arith.andi %[[E]], %[[LARGE]]
  // CHECK: %[[INDICES:.*]] = linalg.generic {{.*}} outs(%arg1 : tensor<1x2x3x4xi32>)
  // CHECK: linalg.generic {{.*}} outs(%arg2 : tensor<1x2x3xi32>)
  // CHECK: linalg.generic {{.*}} outs(%arg3 : tensor<1x2x3xf32>)
  // CHECK: linalg.generic {{.*}} outs(%arg4 : tensor<1x2x3xf32>)
  // CHECK:   math.roundeven
  // CHECK-NOT: qsat.
  // CHECK: return %[[INDICES]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, theta = 0.125 : f64, mask = #qsat.mask<causal>}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i, %c, %m, %n : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

// The rank is the number of blocks that come before: forced, larger, or equal and of lower index.
// CHECK-LABEL: func @top_k
func.func @top_k(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK:   %[[LARGER:.*]] = arith.cmpf ogt
  // CHECK:   %[[EQUAL:.*]] = arith.cmpf oeq
  // CHECK:   %[[LOWER:.*]] = arith.cmpi slt
  // CHECK:   %[[TIE:.*]] = arith.andi %[[EQUAL]], %[[LOWER]]
  // CHECK:   arith.ori %[[LARGER]], %[[TIE]]
  // CHECK:   arith.cmpi slt, %{{.*}}, %c3
  // CHECK-NOT: qsat.
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<top_k>, k = 3 : i64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// p >= exp(theta - lse).
// CHECK-LABEL: func @logit_threshold
func.func @logit_threshold(%a: tensor<1x2x3x4xf32>, %l: tensor<1x2x3xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK-DAG: %[[THETA:.*]] = arith.constant -2.000000e+00 : f32
  // CHECK: %[[LSE:.*]] = tensor.extract %arg1
  // CHECK: %[[D:.*]] = arith.subf %[[THETA]], %[[LSE]]
  // CHECK: %[[BOUND:.*]] = math.exp %[[D]]
  // CHECK: arith.cmpf oge, %{{.*}}, %[[BOUND]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>) lse(%l : tensor<1x2x3xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<logit_threshold>, theta = -2.0 : f64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// p >= theta max p.
// CHECK-LABEL: func @relative_threshold
func.func @relative_threshold(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK: %[[MAX:.*]] = scf.for
  // CHECK:   arith.maximumf
  // CHECK: %[[BOUND:.*]] = arith.mulf %[[MAX]], %{{.*}}
  // CHECK: arith.cmpf oge, %{{.*}}, %[[BOUND]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<relative_threshold>, theta = 0.5 : f64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// Ranks, p in the order of ranks, and the sum before each rank.
// CHECK-LABEL: func @mass
func.func @mass(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK: %[[RANK:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xindex>)
  // CHECK: %[[ORDERED:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xf32>)
  // CHECK:   tensor.extract %[[RANK]]
  // CHECK: linalg.generic
  // CHECK:   tensor.extract %[[RANK]]
  // CHECK:   %[[BEFORE:.*]] = scf.for
  // CHECK:     tensor.extract %[[ORDERED]]
  // CHECK:   arith.cmpf oge, %[[BEFORE]], %{{.*}}
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<mass>, theta = 0.5 : f64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// ceil(0.5 sqrt n) in f64.
// CHECK-LABEL: func @budget
func.func @budget(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK: %[[ROOT:.*]] = math.sqrt %{{.*}} : f64
  // CHECK: %[[SHARE:.*]] = arith.mulf %[[ROOT]], %{{.*}} : f64
  // CHECK: math.ceil %[[SHARE]] : f64
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<budget>, alpha = 0.5 : f64, exponent = 0.5 : f64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// p spread >= theta sum of p spread.
// CHECK-LABEL: func @residual
func.func @residual(%a: tensor<1x2x3x4xf32>, %s: tensor<1x1x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK: %[[KEY:.*]] = linalg.generic
  // CHECK:   tensor.extract %arg1
  // CHECK:   arith.mulf
  // CHECK: linalg.generic
  // CHECK:   scf.for
  // CHECK:     tensor.extract %[[KEY]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>) spread(%s : tensor<1x1x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<residual>, theta = 0.25 : f64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// The sum over this and earlier query blocks.
// CHECK-LABEL: func @heavy_hitter
func.func @heavy_hitter(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xf32>)
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xf32>)
  // CHECK:   %[[END:.*]] = arith.addi %{{.*}}, %c1
  // CHECK:   scf.for %{{.*}} = %c0 to %[[END]]
  // CHECK:     tensor.extract %[[P]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<heavy_hitter>, k = 2 : i64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// log p plus Gumbel noise from a hash of the position.
// CHECK-LABEL: func @measure
func.func @measure(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x2x3x4xi32>, %c0: tensor<1x2x3xi32>, %m0: tensor<1x2x3xf32>, %n0: tensor<1x2x3xf32>) -> tensor<1x2x3x4xi32> {
  // CHECK-DAG: %[[MIX:.*]] = arith.constant -2048144789 : i32
  // CHECK-DAG: %[[STEP:.*]] = arith.constant 1.1920929E-7 : f32
  // CHECK: arith.shrui
  // CHECK: arith.xori
  // CHECK: arith.muli %{{.*}}, %[[MIX]] : i32
  // CHECK: %[[U:.*]] = arith.mulf %{{.*}}, %[[STEP]]
  // CHECK: math.log %[[U]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
    {block_m = 8 : i64, block_n = 8 : i64, policy = #qsat.policy<measure>, k = 2 : i64, seed = 7 : i64}
    -> tensor<1x2x3x4xi32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
  return %i : tensor<1x2x3x4xi32>
}

// Two heads share a list: the mean of their p, in f32.
// CHECK-LABEL: func @entangle
func.func @entangle(%a: tensor<1x2x3x4xf32>, %i0: tensor<1x1x3x2xi32>, %c0: tensor<1x1x3xi32>, %m0: tensor<1x1x3xf32>, %n0: tensor<1x1x3xf32>) -> tensor<1x1x3x2xi32> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x3x4xf32>)
  // CHECK:   %[[SUM:.*]] = scf.for
  // CHECK:     tensor.extract %arg0
  // CHECK:   arith.divf %[[SUM]], %{{.*}} : f32
  // At most two blocks, by rank.
  // CHECK: arith.cmpi slt, %{{.*}}, %c2
  // CHECK-NOT: qsat.
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x2x3x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x1x3x2xi32>, tensor<1x1x3xi32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>)
    {theta = 0.1 : f64, entangle} -> tensor<1x1x3x2xi32>, tensor<1x1x3xi32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>
  return %i : tensor<1x1x3x2xi32>
}
