// RUN: qsat-opt %s --pass-pipeline="builtin.module(func.func(qsat-decompose-aggregates))" | FileCheck %s

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK-NOT: linalg.softmax
  // CHECK: arith.maxnumf
  // CHECK: math.exp
  // CHECK: arith.addf
  // CHECK: arith.divf
  %init = tensor.empty() : tensor<4x8xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: @concat
func.func @concat(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  // CHECK-NOT: tensor.concat
  // CHECK-COUNT-2: tensor.insert_slice
  %y = tensor.concat dim(0) %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// torch's maximum comes with its index; nobody reads it here.
// CHECK-LABEL: @unused_index
func.func @unused_index(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %i: tensor<4xi64>) -> tensor<4xf32> {
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x8xf32>) outs(%{{.*}} : tensor<4xf32>)
  // CHECK-NOT: linalg.index
  %max, %index = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%m, %i : tensor<4xf32>, tensor<4xi64>) {
  ^bb0(%in: f32, %best: f32, %at: i64):
    %j = linalg.index 1 : index
    %j64 = arith.index_cast %j : index to i64
    %new = arith.maximumf %in, %best : f32
    %larger = arith.cmpf ogt, %in, %best : f32
    %newAt = arith.select %larger, %j64, %at : i64
    linalg.yield %new, %newAt : f32, i64
  } -> (tensor<4xf32>, tensor<4xi64>)
  return %max : tensor<4xf32>
}
