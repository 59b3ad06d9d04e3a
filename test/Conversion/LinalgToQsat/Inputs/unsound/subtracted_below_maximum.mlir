// -1e34 - q k lies below -1e30, where the maximum starts: all weights are 0.
#map = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
module {
  func.func @subtracted_below_maximum(%q: tensor<3x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x4xf32>) -> tensor<3x4xf32> attributes {llvm.emit_c_interface} {
    %zero = arith.constant 0.0 : f32
    %start = arith.constant -1.0e30 : f32
    %low = arith.constant -1.0e34 : f32
    %matrix = tensor.empty() : tensor<3x5xf32>
    %vector = tensor.empty() : tensor<3xf32>
    %out = tensor.empty() : tensor<3x4xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%matrix : tensor<3x5xf32>) -> tensor<3x5xf32>
    %qk = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%q, %k : tensor<3x4xf32>, tensor<5x4xf32>) outs(%zeros : tensor<3x5xf32>) -> tensor<3x5xf32>
    %scores = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%qk : tensor<3x5xf32>) outs(%matrix : tensor<3x5xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = arith.subf %low, %x : f32
      linalg.yield %s : f32
    } -> tensor<3x5xf32>
    %starts = linalg.fill ins(%start : f32) outs(%vector : tensor<3xf32>) -> tensor<3xf32>
    %max = linalg.reduce { arith.maximumf } ins(%scores : tensor<3x5xf32>) outs(%starts : tensor<3xf32>) dimensions = [1]
    %exp = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%scores, %max : tensor<3x5xf32>, tensor<3xf32>) outs(%matrix : tensor<3x5xf32>) {
    ^bb0(%x: f32, %m: f32, %o: f32):
      %d = arith.subf %x, %m : f32
      %e = math.exp %d : f32
      linalg.yield %e : f32
    } -> tensor<3x5xf32>
    %sums = linalg.fill ins(%zero : f32) outs(%vector : tensor<3xf32>) -> tensor<3xf32>
    %sum = linalg.reduce { arith.addf } ins(%exp : tensor<3x5xf32>) outs(%sums : tensor<3xf32>) dimensions = [1]
    %p = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%exp, %sum : tensor<3x5xf32>, tensor<3xf32>) outs(%matrix : tensor<3x5xf32>) {
    ^bb0(%x: f32, %s: f32, %o: f32):
      %e = arith.divf %x, %s : f32
      linalg.yield %e : f32
    } -> tensor<3x5xf32>
    %empty = linalg.fill ins(%zero : f32) outs(%out : tensor<3x4xf32>) -> tensor<3x4xf32>
    %r = linalg.matmul ins(%p, %v : tensor<3x5xf32>, tensor<5x4xf32>) outs(%empty : tensor<3x4xf32>) -> tensor<3x4xf32>
    return %r : tensor<3x4xf32>
  }
}
