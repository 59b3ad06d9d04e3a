// Scores of 1e9, by their scale, beside a fill of -1e9.
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#qk = affine_map<(i, j, d) -> (i, d)>
#kk = affine_map<(i, j, d) -> (j, d)>
#ss = affine_map<(i, j, d) -> (i, j)>
module {
  func.func @large_scale(%q: tensor<4x3xf64> {bufferization.writable = false}, %k: tensor<4x3xf64> {bufferization.writable = false}, %v: tensor<4x3xf64> {bufferization.writable = false}) -> tensor<4x3xf64> attributes {llvm.emit_c_interface} {
    %zero = arith.constant 0.0 : f64
    %start = arith.constant 0xFFF0000000000000 : f64
    %e = tensor.empty() : tensor<4x4xf64>
    %r = tensor.empty() : tensor<4xf64>
    %oe = tensor.empty() : tensor<4x3xf64>
    %s0 = linalg.fill ins(%zero : f64) outs(%e : tensor<4x4xf64>) -> tensor<4x4xf64>
    %s = linalg.contract indexing_maps = [#qk, #kk, #ss] ins(%q, %k : tensor<4x3xf64>, tensor<4x3xf64>) outs(%s0 : tensor<4x4xf64>) -> tensor<4x4xf64>
    %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<4x4xf64>) outs(%e : tensor<4x4xf64>) {
    ^bb0(%x: f64, %out: f64):
      %scale = arith.constant 1.0e9 : f64
      %scaled = arith.mulf %x, %scale : f64
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %seen = arith.cmpi sle, %j, %i : index
      %none = arith.constant 0.0 : f64
      %low = arith.constant -1.0e9 : f64
      %added = arith.select %seen, %none, %low : f64
      %score = arith.addf %scaled, %added : f64
      linalg.yield %score : f64
    } -> tensor<4x4xf64>
    %m0 = linalg.fill ins(%start : f64) outs(%r : tensor<4xf64>) -> tensor<4xf64>
    %m = linalg.reduce { arith.maximumf } ins(%z : tensor<4x4xf64>) outs(%m0 : tensor<4xf64>) dimensions = [1]
    %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%z, %m : tensor<4x4xf64>, tensor<4xf64>) outs(%e : tensor<4x4xf64>) {
    ^bb0(%x: f64, %max: f64, %out: f64):
      %d = arith.subf %x, %max : f64
      %y = math.exp %d : f64
      linalg.yield %y : f64
    } -> tensor<4x4xf64>
    %l0 = linalg.fill ins(%zero : f64) outs(%r : tensor<4xf64>) -> tensor<4xf64>
    %l = linalg.reduce { arith.addf } ins(%w : tensor<4x4xf64>) outs(%l0 : tensor<4xf64>) dimensions = [1]
    %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<4x4xf64>, tensor<4xf64>) outs(%e : tensor<4x4xf64>) {
    ^bb0(%x: f64, %sum: f64, %out: f64):
      %y = arith.divf %x, %sum : f64
      linalg.yield %y : f64
    } -> tensor<4x4xf64>
    %o0 = linalg.fill ins(%zero : f64) outs(%oe : tensor<4x3xf64>) -> tensor<4x3xf64>
    %o = linalg.matmul ins(%p, %v : tensor<4x4xf64>, tensor<4x3xf64>) outs(%o0 : tensor<4x3xf64>) -> tensor<4x3xf64>
    return %o : tensor<4x3xf64>
  }
}
