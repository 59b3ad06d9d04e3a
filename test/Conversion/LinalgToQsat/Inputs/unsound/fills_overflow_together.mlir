// Two numbers that hide, each of which a change of base leaves finite, but not their sum.
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#qk = affine_map<(i, j, d) -> (i, d)>
#kk = affine_map<(i, j, d) -> (j, d)>
#ss = affine_map<(i, j, d) -> (i, j)>
module {
  func.func @fills_overflow_together(%q: tensor<4x3xf32> {bufferization.writable = false}, %k: tensor<4x3xf32> {bufferization.writable = false}, %v: tensor<4x3xf32> {bufferization.writable = false}, %a: tensor<4x4xi1> {bufferization.writable = false}, %b: tensor<4x4xi1> {bufferization.writable = false}) -> tensor<4x3xf32> attributes {llvm.emit_c_interface} {
    %zero = arith.constant 0.0 : f32
    %start = arith.constant 0xFF800000 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %r = tensor.empty() : tensor<4xf32>
    %oe = tensor.empty() : tensor<4x3xf32>
    %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %s = linalg.contract indexing_maps = [#qk, #kk, #ss] ins(%q, %k : tensor<4x3xf32>, tensor<4x3xf32>) outs(%s0 : tensor<4x4xf32>) -> tensor<4x4xf32>
    %z = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %a, %b : tensor<4x4xf32>, tensor<4x4xi1>, tensor<4x4xi1>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%x: f32, %a_ij: i1, %b_ij: i1, %out: f32):
      %none_a = arith.constant 0.0 : f32
      %low_a = arith.constant -2.0e38 : f32
      %added_a = arith.select %a_ij, %none_a, %low_a : f32
      %once = arith.addf %x, %added_a : f32
      %none_b = arith.constant 0.0 : f32
      %low_b = arith.constant -1.0e38 : f32
      %added_b = arith.select %b_ij, %none_b, %low_b : f32
      %score = arith.addf %once, %added_b : f32
      linalg.yield %score : f32
    } -> tensor<4x4xf32>
    %m0 = linalg.fill ins(%start : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
    %m = linalg.reduce { arith.maximumf } ins(%z : tensor<4x4xf32>) outs(%m0 : tensor<4xf32>) dimensions = [1]
    %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%z, %m : tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%x: f32, %max: f32, %out: f32):
      %d = arith.subf %x, %max : f32
      %four = arith.constant 4.0 : f32
      %y = math.powf %four, %d : f32
      linalg.yield %y : f32
    } -> tensor<4x4xf32>
    %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
    %l = linalg.reduce { arith.addf } ins(%w : tensor<4x4xf32>) outs(%l0 : tensor<4xf32>) dimensions = [1]
    %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%x: f32, %sum: f32, %out: f32):
      %y = arith.divf %x, %sum : f32
      linalg.yield %y : f32
    } -> tensor<4x4xf32>
    %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x3xf32>) -> tensor<4x3xf32>
    %o = linalg.matmul ins(%p, %v : tensor<4x4xf32>, tensor<4x3xf32>) outs(%o0 : tensor<4x3xf32>) -> tensor<4x3xf32>
    return %o : tensor<4x3xf32>
  }
}
