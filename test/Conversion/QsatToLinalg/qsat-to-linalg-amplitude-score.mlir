// RUN: qsat-opt %s --convert-qsat-to-linalg --canonicalize --cse | FileCheck %s

// Rows 2, 6, 10, 14 of each block of 16; the sum over the keys of a block.
// CHECK-LABEL: func @rows
func.func @rows(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>, %l0: tensor<1x2x3xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3xf32>) {
  // CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x40x20xf32>)
  // CHECK: linalg.generic {{.*}} outs(%arg2 : tensor<1x2x3x3xf32>)
  // CHECK:   scf.for
  // CHECK:     arith.muli %{{.*}}, %c4
  // CHECK:     arith.addi %{{.*}}, %c2
  // CHECK:     arith.minsi
  // CHECK:     scf.for
  // CHECK:   %[[ROWS:.*]] = arith.sitofp
  // CHECK:   %[[MEAN:.*]] = arith.divf %{{.*}}, %[[ROWS]]
  // CHECK:   math.sqrt %[[MEAN]]
  // CHECK: linalg.generic {{.*}} outs(%arg3 : tensor<1x2x3xf32>)
  // CHECK:   math.log
  // CHECK-NOT: qsat.
  %a, %l = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>)
    outs(%a0, %l0 : tensor<1x2x3x3xf32>, tensor<1x2x3xf32>)
    {block_m = 16 : i64, block_n = 8 : i64, stride = 4 : i64} -> tensor<1x2x3x3xf32>, tensor<1x2x3xf32>
  return %a, %l : tensor<1x2x3x3xf32>, tensor<1x2x3xf32>
}

// All rows: no stride.
// CHECK-LABEL: func @exact
func.func @exact(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK: tensor<1x2x40x20xf32>
  // CHECK-NOT: arith.muli %{{.*}}, %c4
  // CHECK: math.sqrt
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<exact>, block_m = 16 : i64, block_n = 8 : i64, stride = 4 : i64} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}

// Only means of blocks meet: no score of a single key.
// CHECK-LABEL: func @pooled
func.func @pooled(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK-NOT: tensor<1x2x40x20xf32>
  // CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>) outs(%{{.*}} : tensor<1x2x3x3xf32>)
  // CHECK-NOT: tensor<1x2x40x20xf32>
  // CHECK: return
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<pooled>, block_m = 16 : i64, block_n = 8 : i64} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}

// A logit for every row and block; the exact scores serve partially visible blocks.
// CHECK-LABEL: func @centroid
func.func @centroid(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK: outs(%{{.*}} : tensor<1x2x40x20xf32>)
  // CHECK: ins(%arg0, %{{.*}} : tensor<1x2x40x8xf32>, tensor<1x2x3x8xf32>) outs(%{{.*}} : tensor<1x2x40x3xf32>)
  // CHECK: outs(%{{.*}} : tensor<40x3xindex>)
  // CHECK: outs(%{{.*}} : tensor<1x2x40x3xf32>)
  // CHECK-NOT: qsat.
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<centroid>, block_m = 16 : i64, block_n = 8 : i64, mask = #qsat.mask<causal>} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}

// As centroid, with means and variances.
// CHECK-LABEL: func @d2
func.func @d2(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
  // CHECK: outs(%{{.*}} : tensor<1x2x3x8xf32>)
  // CHECK: %[[VAR:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x8xf32>)
  // CHECK:   arith.subf
  // CHECK: tensor.extract %[[VAR]]
  // CHECK: arith.mulf %{{.*}}, %[[HALF]]
  // CHECK-NOT: qsat.
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<d2>, block_m = 16 : i64, block_n = 8 : i64, mask = #qsat.mask<causal>} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}

// Groups of 4 rows and 4 keys.
// CHECK-LABEL: func @antidiagonal
func.func @antidiagonal(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x10x5xf32>)
  // CHECK:   scf.for %[[T:.*]] = %c0 to %c4
  // CHECK:     arith.addi %{{.*}}, %[[T]]
  // CHECK:     arith.subi %{{.*}}, %[[T]]
  // CHECK-NOT: qsat.
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<antidiagonal>, block_m = 16 : i64, block_n = 8 : i64, stride = 4 : i64} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}

// d2 lets through ceil(0.25 n) blocks by rank, and the diagonal; the rest is hidden.
// CHECK-LABEL: func @cascade
func.func @cascade(%q: tensor<1x2x40x8xf32>, %k: tensor<1x2x20x8xf32>, %a0: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // CHECK-DAG: %[[SHARE:.*]] = arith.constant 2.500000e-01 : f64
  // CHECK: %[[AMPLITUDE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x3xf32>)
  // CHECK: %[[THROUGH:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x3xi1>)
  // CHECK:   arith.mulf %{{.*}}, %[[SHARE]] : f64
  // CHECK:   math.ceil
  // CHECK: tensor.extract %[[THROUGH]]
  // CHECK-NOT: qsat.
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x2x40x8xf32>, tensor<1x2x20x8xf32>) outs(%a0 : tensor<1x2x3x3xf32>)
    {estimator = #qsat.estimator<cascade>, share = 0.25 : f64, block_m = 16 : i64, block_n = 8 : i64} -> tensor<1x2x3x3xf32>
  return %a : tensor<1x2x3x3xf32>
}
