// A bias by the distance of key and row, as T5 has it.
#map = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
#map1 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
module {
  func.func @bias_of_distance(%arg0: tensor<2x3x10x4xf32>, %arg1: tensor<2x3x12x4xf32>, %arg2: tensor<2x3x12x5xf32>, %arg3: tensor<8x3xf32>) -> tensor<2x3x10x5xf32> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant -3.40282347E+38 : f32
    %0 = tensor.empty() : tensor<2x3x10x12xf32>
    %1 = tensor.empty() : tensor<2x3x10x5xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%0 : tensor<2x3x10x12xf32>) -> tensor<2x3x10x12xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%1 : tensor<2x3x10x5xf32>) -> tensor<2x3x10x5xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<2x3x10x4xf32>, tensor<2x3x12x4xf32>) outs(%2 : tensor<2x3x10x12xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %8 = arith.mulf %in, %in_1 : f32
      %9 = arith.addf %8, %out : f32
      linalg.yield %9 : f32
    } -> tensor<2x3x10x12xf32>
    %5 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<2x3x10x12xf32>) outs(%0 : tensor<2x3x10x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %8 = linalg.index 2 : index
      %9 = linalg.index 3 : index
      %10 = linalg.index 1 : index
      %c7 = arith.constant 7 : index
      %11 = arith.subi %9, %8 : index
      %12 = arith.subi %8, %9 : index
      %13 = arith.maxsi %11, %12 : index
      %14 = arith.minsi %13, %c7 : index
      %extracted = tensor.extract %arg3[%14, %10] : tensor<8x3xf32>
      %15 = arith.addf %in, %extracted : f32
      linalg.yield %15 : f32
    } -> tensor<2x3x10x12xf32>
    %6 = linalg.softmax dimension(3) ins(%5 : tensor<2x3x10x12xf32>) outs(%0 : tensor<2x3x10x12xf32>) -> tensor<2x3x10x12xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%6, %arg2 : tensor<2x3x10x12xf32>, tensor<2x3x12x5xf32>) outs(%3 : tensor<2x3x10x5xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %8 = arith.mulf %in, %in_1 : f32
      %9 = arith.addf %8, %out : f32
      linalg.yield %9 : f32
    } -> tensor<2x3x10x5xf32>
    return %7 : tensor<2x3x10x5xf32>
  }
}
