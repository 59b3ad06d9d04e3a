// RUN: qsat-opt %s --qsat-raise-attention --split-input-file | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1)>
#keep = affine_map<(d0, d1, d2) -> (d0, d1, 0)>

// CHECK-LABEL: @batched
// CHECK-SAME: (%[[Q:.*]]: tensor<4x32x8xf32>, %[[K:.*]]: tensor<4x48x8xf32>, %[[V:.*]]: tensor<4x48x16xf32>)
// CHECK-DAG: %[[Q4:.*]] = tensor.expand_shape %[[Q]] {{\[}}[0, 1], [2], [3]] output_shape [1, 4, 32, 8]
// CHECK-DAG: %[[K4:.*]] = tensor.expand_shape %[[K]]
// CHECK-DAG: %[[V4:.*]] = tensor.expand_shape %[[V]]
// CHECK: %[[O:.*]] = qsat.attention ins(%[[Q4]], %[[K4]], %[[V4]]
// CHECK-SAME: scale = 2.500000e-01 : f64
// CHECK-SAME: -> tensor<1x4x32x16xf32>
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[O]]
// CHECK-NOT: 32x48
// CHECK: return %[[R]]
func.func @batched(%q: tensor<4x32x8xf32>, %k: tensor<4x48x8xf32>, %v: tensor<4x48x16xf32>) -> tensor<4x32x16xf32> {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.25 : f32
  %kt0 = tensor.empty() : tensor<4x8x48xf32>
  %kt = linalg.transpose ins(%k : tensor<4x48x8xf32>) outs(%kt0 : tensor<4x8x48xf32>) permutation = [0, 2, 1]
  %e = tensor.empty() : tensor<4x32x48xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<4x32x48xf32>) -> tensor<4x32x48xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x32x8xf32>, tensor<4x8x48xf32>) outs(%s0 : tensor<4x32x48xf32>) -> tensor<4x32x48xf32>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<4x32x48xf32>) outs(%e : tensor<4x32x48xf32>) {
  ^bb0(%x: f32, %out: f32):
    %y = arith.mulf %x, %scale : f32
    linalg.yield %y : f32
  } -> tensor<4x32x48xf32>
  %r = tensor.empty() : tensor<4x32xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%r : tensor<4x32xf32>) -> tensor<4x32xf32>
  %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%z : tensor<4x32x48xf32>) outs(%m0 : tensor<4x32xf32>) {
  ^bb0(%x: f32, %out: f32):
    %y = arith.maximumf %x, %out : f32
    linalg.yield %y : f32
  } -> tensor<4x32xf32>
  %p0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%z, %m : tensor<4x32x48xf32>, tensor<4x32xf32>) outs(%e : tensor<4x32x48xf32>) {
  ^bb0(%x: f32, %max: f32, %out: f32):
    %d = arith.subf %x, %max : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<4x32x48xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4x32xf32>) -> tensor<4x32xf32>
  %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%p0 : tensor<4x32x48xf32>) outs(%l0 : tensor<4x32xf32>) {
  ^bb0(%x: f32, %out: f32):
    %y = arith.addf %x, %out : f32
    linalg.yield %y : f32
  } -> tensor<4x32xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%p0, %l : tensor<4x32x48xf32>, tensor<4x32xf32>) outs(%e : tensor<4x32x48xf32>) {
  ^bb0(%x: f32, %sum: f32, %out: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<4x32x48xf32>
  %oe = tensor.empty() : tensor<4x32x16xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x32x16xf32>) -> tensor<4x32x16xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x32x48xf32>, tensor<4x48x16xf32>) outs(%o0 : tensor<4x32x16xf32>) -> tensor<4x32x16xf32>
  return %o : tensor<4x32x16xf32>
}
