// Sizes are symbols: those that an operation requires to be equal are one.
// RUN: qsat-opt %s --split-input-file --qsat-raise-attention | FileCheck %s

#id = affine_map<(b, i, j) -> (b, i, j)>
#row = affine_map<(b, i, j) -> (b, i)>

// Batch, rows and keys dynamic; only K and V are known to agree on the keys.
// CHECK-LABEL: func.func @all_dynamic
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x8xf32>, %[[K:.*]]: tensor<?x?x8xf32>, %[[V:.*]]: tensor<?x?x4xf32>)
// CHECK: qsat.attention ins({{.*}} : tensor<1x?x?x8xf32>, tensor<1x?x?x8xf32>, tensor<1x?x?x4xf32>)
// CHECK-NOT: math.exp
func.func @all_dynamic(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %b = tensor.dim %q, %c0 : tensor<?x?x8xf32>
  %n = tensor.dim %q, %c1 : tensor<?x?x8xf32>
  %m = tensor.dim %k, %c1 : tensor<?x?x8xf32>
  %scores = tensor.empty(%b, %n, %m) : tensor<?x?x?xf32>
  %rows = tensor.empty(%b, %n) : tensor<?x?xf32>
  %out = tensor.empty(%b, %n) : tensor<?x?x4xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%scores : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %s = linalg.batch_matmul
      indexing_maps = [affine_map<(b, i, j, d) -> (b, i, d)>, affine_map<(b, i, j, d) -> (b, j, d)>, affine_map<(b, i, j, d) -> (b, i, j)>]
      ins(%q, %k : tensor<?x?x8xf32>, tensor<?x?x8xf32>) outs(%s0 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %m0 = linalg.fill ins(%least : f32) outs(%rows : tensor<?x?xf32>) -> tensor<?x?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%s : tensor<?x?x?xf32>) outs(%m0 : tensor<?x?xf32>) dimensions = [2]
  %e = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %max : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%scores : tensor<?x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.subf %x, %y : f32
    %p = math.exp %d : f32
    linalg.yield %p : f32
  } -> tensor<?x?x?xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%rows : tensor<?x?xf32>) -> tensor<?x?xf32>
  %sum = linalg.reduce { arith.addf } ins(%e : tensor<?x?x?xf32>) outs(%l0 : tensor<?x?xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e, %sum : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%scores : tensor<?x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.divf %x, %y : f32
    linalg.yield %d : f32
  } -> tensor<?x?x?xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%out : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<?x?x?xf32>, tensor<?x?x4xf32>) outs(%o0 : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// A convolution reads its input at the sum of two indices: no keys of 8 features.
// CHECK-LABEL: func.func @convolution
// CHECK-NOT: qsat.attention
func.func @convolution(%q: tensor<?x?x8xf32>, %k: tensor<?xf32>, %v: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %b = tensor.dim %q, %c0 : tensor<?x?x8xf32>
  %n = tensor.dim %q, %c1 : tensor<?x?x8xf32>
  %m = tensor.dim %v, %c1 : tensor<?x?x4xf32>
  %scores = tensor.empty(%b, %n, %m) : tensor<?x?x?xf32>
  %rows = tensor.empty(%b, %n) : tensor<?x?xf32>
  %out = tensor.empty(%b, %n) : tensor<?x?x4xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%scores : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, i, j, d) -> (b, i, d)>, affine_map<(b, i, j, d) -> (j + d)>, affine_map<(b, i, j, d) -> (b, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<?x?x8xf32>, tensor<?xf32>) outs(%s0 : tensor<?x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %t = arith.mulf %x, %y : f32
    %u = arith.addf %o, %t : f32
    linalg.yield %u : f32
  } -> tensor<?x?x?xf32>
  %m0 = linalg.fill ins(%least : f32) outs(%rows : tensor<?x?xf32>) -> tensor<?x?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%s : tensor<?x?x?xf32>) outs(%m0 : tensor<?x?xf32>) dimensions = [2]
  %e = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %max : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%scores : tensor<?x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.subf %x, %y : f32
    %p = math.exp %d : f32
    linalg.yield %p : f32
  } -> tensor<?x?x?xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%rows : tensor<?x?xf32>) -> tensor<?x?xf32>
  %sum = linalg.reduce { arith.addf } ins(%e : tensor<?x?x?xf32>) outs(%l0 : tensor<?x?xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e, %sum : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%scores : tensor<?x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.divf %x, %y : f32
    linalg.yield %d : f32
  } -> tensor<?x?x?xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%out : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<?x?x?xf32>, tensor<?x?x4xf32>) outs(%o0 : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}
