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

// -----

// A cache whose length is known at run time: rows are counted from it. Keys and values are not
// copied, since the two caches have one length: the products say so.
// CHECK-LABEL: @cached
// CHECK-SAME: (%[[Q:[^:]*]]: {{.*}}, %[[PAST:[^:]*]]: {{.*}}, %{{.*}}: {{.*}}, %{{.*}}: {{.*}}, %{{.*}}: {{.*}})
// CHECK-NOT: tensor.extract
// CHECK: %[[LENGTH:.*]] = tensor.dim %[[PAST]], %{{.*}} : tensor<4x?x8xf32>
// CHECK: qsat.attention {{.*}} at(%[[ZERO:.*]], %[[ZERO]], %[[START:.*]], %[[ZERO]])
// CHECK-SAME: {mask = #qsat.mask<causal>} -> tensor<1x4x?x8xf32>
func.func @cached(%q: tensor<4x?x8xf32>, %past_k: tensor<4x?x8xf32>, %new_k: tensor<4x?x8xf32>, %past_v: tensor<4x?x8xf32>, %new_v: tensor<4x?x8xf32>) -> tensor<4x?x8xf32> {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %hide = arith.constant 0xFF800000 : f32
  %past = tensor.dim %past_k, %c1 : tensor<4x?x8xf32>
  %m = tensor.dim %q, %c1 : tensor<4x?x8xf32>
  %k = tensor.concat dim(1) %past_k, %new_k : (tensor<4x?x8xf32>, tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %v = tensor.concat dim(1) %past_v, %new_v : (tensor<4x?x8xf32>, tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %n = tensor.dim %k, %c1 : tensor<4x?x8xf32>
  %se = tensor.empty(%m, %n) : tensor<4x?x?xf32>
  %oe = tensor.empty(%m) : tensor<4x?x8xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(h, i, j, d) -> (h, i, d)>, affine_map<(h, i, j, d) -> (h, j, d)>, affine_map<(h, i, j, d) -> (h, i, j)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : tensor<4x?x8xf32>, tensor<4x?x8xf32>) outs(%si : tensor<4x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %x = arith.mulf %a, %b : f32
    %y = arith.addf %x, %c : f32
    linalg.yield %y : f32
  } -> tensor<4x?x?xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(h, i, j) -> (h, i, j)>, affine_map<(h, i, j) -> (h, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<4x?x?xf32>) outs(%se : tensor<4x?x?xf32>) {
  ^bb0(%x: f32, %out: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %at = arith.addi %i, %past : index
    %sees = arith.cmpi sle, %j, %at : index
    %y = arith.select %sees, %x, %hide : f32
    linalg.yield %y : f32
  } -> tensor<4x?x?xf32>
  %p = linalg.softmax dimension(2) ins(%z : tensor<4x?x?xf32>) outs(%se : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x?x?xf32>, tensor<4x?x8xf32>) outs(%oi : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  return %o : tensor<4x?x8xf32>
}
