// Three query heads and three features, folded into nine, beside rows of run-time number.
// sizes: 2x3x4x3, 2x5x3, 2x5x3, 6x4x5
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
module {
  func.func @f143(%arg0: tensor<?x3x?x3xf16>, %arg1: tensor<?x?x3xf16>, %arg2: tensor<?x?x3xf16>, %arg3: tensor<?x?x?xf32>) -> tensor<?x9x?xf16> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 0x7FC00000 : f32
    %cst_0 = arith.constant 7.500000e-01 : f32
    %cst_1 = arith.constant 2.500000e-01 : f32
    %cst_2 = arith.constant 0.000000e+00 : f32
    %c3 = arith.constant 3 : index
    %cst_3 = arith.constant 0.57735026918962584 : f64
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x3x?x3xf16>
    %dim_4 = tensor.dim %arg0, %c2 : tensor<?x3x?x3xf16>
    %dim_5 = tensor.dim %arg1, %c1 : tensor<?x?x3xf16>
    %0 = tensor.empty(%dim, %dim_4) : tensor<?x3x?x3xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<?x3x?x3xf16>) outs(%0 : tensor<?x3x?x3xf32>) {
    ^bb0(%in: f16, %out: f32):
      %34 = arith.extf %in : f16 to f32
      linalg.yield %34 : f32
    } -> tensor<?x3x?x3xf32>
    %2 = tensor.empty(%dim, %dim_5) : tensor<?x?x3xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1 : tensor<?x?x3xf16>) outs(%2 : tensor<?x?x3xf32>) {
    ^bb0(%in: f16, %out: f32):
      %34 = arith.extf %in : f16 to f32
      linalg.yield %34 : f32
    } -> tensor<?x?x3xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1 : tensor<?x3x?x3xf32>) outs(%0 : tensor<?x3x?x3xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = arith.truncf %cst_3 : f64 to f32
      %35 = arith.mulf %in, %34 : f32
      linalg.yield %35 : f32
    } -> tensor<?x3x?x3xf32>
    %collapsed = tensor.collapse_shape %4 [[0], [1, 2], [3]] : tensor<?x3x?x3xf32> into tensor<?x?x3xf32>
    %5 = tensor.empty(%dim, %dim_5) : tensor<?x3x?xf32>
    %transposed = linalg.transpose ins(%3 : tensor<?x?x3xf32>) outs(%5 : tensor<?x3x?xf32>) permutation = [0, 2, 1] 
    %6 = arith.muli %dim_4, %c3 : index
    %7 = tensor.empty(%dim, %6, %dim_5) : tensor<?x?x?xf32>
    %8 = linalg.fill ins(%cst_2 : f32) outs(%7 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %9 = linalg.batch_matmul ins(%collapsed, %transposed : tensor<?x?x3xf32>, tensor<?x3x?xf32>) outs(%8 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %expanded = tensor.expand_shape %9 [[0], [1, 2], [3]] output_shape [%dim, 3, %dim_4, %dim_5] : tensor<?x?x?xf32> into tensor<?x3x?x?xf32>
    %expanded_6 = tensor.expand_shape %arg3 [[0, 1], [2], [3]] output_shape [%dim, 3, %dim_4, %dim_5] : tensor<?x?x?xf32> into tensor<?x3x?x?xf32>
    %10 = tensor.empty(%dim, %dim_4, %dim_5) : tensor<?x3x?x?xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<?x3x?x?xf32>) outs(%10 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = linalg.index 0 : index
      %35 = arith.index_cast %34 : index to i64
      %36 = arith.sitofp %35 : i64 to f32
      %37 = arith.mulf %36, %cst_1 : f32
      %38 = arith.addf %37, %cst_0 : f32
      %39 = arith.addf %in, %38 : f32
      linalg.yield %39 : f32
    } -> tensor<?x3x?x?xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11, %expanded_6 : tensor<?x3x?x?xf32>, tensor<?x3x?x?xf32>) outs(%10 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %34 = arith.addf %in, %in_14 : f32
      linalg.yield %34 : f32
    } -> tensor<?x3x?x?xf32>
    %13 = tensor.empty(%dim, %dim_4) : tensor<?x3x?xf32>
    %14 = linalg.fill ins(%cst : f32) outs(%13 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%12 : tensor<?x3x?x?xf32>) outs(%14 : tensor<?x3x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = arith.maxnumf %out, %in : f32
      linalg.yield %34 : f32
    } -> tensor<?x3x?xf32>
    %collapsed_7 = tensor.collapse_shape %12 [[0, 1], [2], [3]] : tensor<?x3x?x?xf32> into tensor<?x?x?xf32>
    %collapsed_8 = tensor.collapse_shape %15 [[0, 1], [2]] : tensor<?x3x?xf32> into tensor<?x?xf32>
    %16 = arith.muli %dim, %c3 : index
    %17 = tensor.empty(%16, %dim_4, %dim_5) : tensor<?x?x?xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_7, %collapsed_8 : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%17 : tensor<?x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %34 = arith.subf %in, %in_14 : f32
      linalg.yield %34 : f32
    } -> tensor<?x?x?xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<?x?x?xf32>) outs(%17 : tensor<?x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.exp %in : f32
      linalg.yield %34 : f32
    } -> tensor<?x?x?xf32>
    %20 = tensor.empty(%16, %dim_4) : tensor<?x?xf32>
    %21 = linalg.fill ins(%cst_2 : f32) outs(%20 : tensor<?x?xf32>) -> tensor<?x?xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<?x?x?xf32>) outs(%21 : tensor<?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = arith.addf %out, %in : f32
      linalg.yield %34 : f32
    } -> tensor<?x?xf32>
    %23 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%22 : tensor<?x?xf32>) outs(%20 : tensor<?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.log %in : f32
      linalg.yield %34 : f32
    } -> tensor<?x?xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %23 : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%17 : tensor<?x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %34 = arith.subf %in, %in_14 : f32
      linalg.yield %34 : f32
    } -> tensor<?x?x?xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<?x?x?xf32>) outs(%17 : tensor<?x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.exp %in : f32
      linalg.yield %34 : f32
    } -> tensor<?x?x?xf32>
    %26 = tensor.empty(%16, %dim_4, %dim_5) : tensor<?x?x?xf16>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<?x?x?xf32>) outs(%26 : tensor<?x?x?xf16>) {
    ^bb0(%in: f32, %out: f16):
      %34 = arith.truncf %in : f32 to f16
      linalg.yield %34 : f16
    } -> tensor<?x?x?xf16>
    %28 = tensor.empty(%dim, %dim_5) : tensor<?x3x?xf16>
    %transposed_9 = linalg.transpose ins(%arg2 : tensor<?x?x3xf16>) outs(%28 : tensor<?x3x?xf16>) permutation = [0, 2, 1] 
    %expanded_10 = tensor.expand_shape %27 [[0, 1], [2], [3]] output_shape [%dim, 3, %dim_4, %dim_5] : tensor<?x?x?xf16> into tensor<?x3x?x?xf16>
    %collapsed_11 = tensor.collapse_shape %expanded_10 [[0], [1, 2], [3]] : tensor<?x3x?x?xf16> into tensor<?x?x?xf16>
    %29 = tensor.empty(%dim, %6) : tensor<?x3x?xf32>
    %30 = linalg.fill ins(%cst_2 : f32) outs(%29 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %31 = linalg.batch_matmul indexing_maps = [#map5, #map6, #map2] ins(%transposed_9, %collapsed_11 : tensor<?x3x?xf16>, tensor<?x?x?xf16>) outs(%30 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %32 = tensor.empty(%dim, %6) : tensor<?x3x?xf16>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<?x3x?xf32>) outs(%32 : tensor<?x3x?xf16>) {
    ^bb0(%in: f32, %out: f16):
      %34 = arith.truncf %in : f32 to f16
      linalg.yield %34 : f16
    } -> tensor<?x3x?xf16>
    %expanded_12 = tensor.expand_shape %33 [[0], [1], [2, 3]] output_shape [%dim, 3, 3, %dim_4] : tensor<?x3x?xf16> into tensor<?x3x3x?xf16>
    %collapsed_13 = tensor.collapse_shape %expanded_12 [[0], [1, 2], [3]] : tensor<?x3x3x?xf16> into tensor<?x9x?xf16>
    return %collapsed_13 : tensor<?x9x?xf16>
  }
}
