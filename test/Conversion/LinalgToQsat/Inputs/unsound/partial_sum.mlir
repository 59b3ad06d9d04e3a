// The values are summed over 3 of the 4 keys of the softmax.
#map = affine_map<(d0, d1, d2) -> (d0, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (0, d1)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map6 = affine_map<(d0, d1) -> (d0, 0)>
#map7 = affine_map<(d0, d1) -> (d1, d0)>
#map8 = affine_map<(d0, d1) -> (d1, 0)>
#map9 = affine_map<(d0, d1, d2) -> (d2, d0)>
#map10 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
module {
  func.func @f124(%arg0: tensor<4xf64>, %arg1: tensor<4x1x4xf64>, %arg2: tensor<16x3xf64>, %arg3: tensor<4xf64>, %arg4: tensor<4x4xi1>) -> tensor<12xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 1.193483191927337 : f64
    %cst_0 = arith.constant 0.83788360553709684 : f64
    %cst_1 = arith.constant 0xFFF0000000000000 : f64
    %cst_2 = arith.constant -1.7976931348623157E+308 : f64
    %cst_3 = arith.constant 0.000000e+00 : f64
    %0 = tensor.empty() : tensor<4xf64>
    %expanded = tensor.expand_shape %arg0 [[0, 1]] output_shape [4, 1] : tensor<4xf64> into tensor<4x1xf64>
    %1 = tensor.empty() : tensor<1x4xf64>
    %2 = tensor.empty() : tensor<4x4xf64>
    %3 = linalg.fill ins(%cst_3 : f64) outs(%2 : tensor<4x4xf64>) -> tensor<4x4xf64>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%expanded, %arg1 : tensor<4x1xf64>, tensor<4x1x4xf64>) outs(%3 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %19 = arith.mulf %in_11, %cst : f64
      %20 = arith.divf %in, %cst_0 : f64
      %21 = arith.mulf %20, %19 : f64
      %22 = arith.addf %out, %21 : f64
      linalg.yield %22 : f64
    } -> tensor<4x4xf64>
    %5 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel", "parallel"]} outs(%2 : tensor<4x4xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst : f64
    } -> tensor<4x4xf64>
    %6 = linalg.mul ins(%4, %5 : tensor<4x4xf64>, tensor<4x4xf64>) outs(%2 : tensor<4x4xf64>) -> tensor<4x4xf64>
    %expanded_4 = tensor.expand_shape %arg3 [[0, 1]] output_shape [1, 4] : tensor<4xf64> into tensor<1x4xf64>
    %7 = linalg.generic {indexing_maps = [#map3, #map4, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%arg4, %expanded_4, %6 : tensor<4x4xi1>, tensor<1x4xf64>, tensor<4x4xf64>) outs(%2 : tensor<4x4xf64>) {
    ^bb0(%in: i1, %in_11: f64, %in_12: f64, %out: f64):
      %19 = arith.addf %in_11, %in_12 : f64
      %20 = arith.select %in, %19, %cst_2 : f64
      linalg.yield %20 : f64
    } -> tensor<4x4xf64>
    %expanded_5 = tensor.expand_shape %0 [[0, 1]] output_shape [4, 1] : tensor<4xf64> into tensor<4x1xf64>
    %8 = linalg.fill ins(%cst_1 : f64) outs(%expanded_5 : tensor<4x1xf64>) -> tensor<4x1xf64>
    %expanded_6 = tensor.expand_shape %7 [[0, 1], [2]] output_shape [4, 1, 4] : tensor<4x4xf64> into tensor<4x1x4xf64>
    %9 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%expanded_6 : tensor<4x1x4xf64>) outs(%8 : tensor<4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %19 = arith.maxnumf %in, %out : f64
      linalg.yield %19 : f64
    } -> tensor<4x1xf64>
    %10 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel"]} ins(%7, %9 : tensor<4x4xf64>, tensor<4x1xf64>) outs(%2 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %19 = arith.subf %in, %in_11 : f64
      linalg.yield %19 : f64
    } -> tensor<4x4xf64>
    %11 = math.exp %10 : tensor<4x4xf64>
    %12 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%11 : tensor<4x4xf64>) outs(%2 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x4xf64>
    %13 = linalg.fill ins(%cst_3 : f64) outs(%1 : tensor<1x4xf64>) -> tensor<1x4xf64>
    %14 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["reduction", "parallel"]} ins(%12 : tensor<4x4xf64>) outs(%13 : tensor<1x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %19 = arith.addf %out, %in : f64
      linalg.yield %19 : f64
    } -> tensor<1x4xf64>
    %collapsed = tensor.collapse_shape %14 [[0, 1]] : tensor<1x4xf64> into tensor<4xf64>
    %expanded_7 = tensor.expand_shape %collapsed [[0, 1]] output_shape [4, 1] : tensor<4xf64> into tensor<4x1xf64>
    %15 = linalg.generic {indexing_maps = [#map3, #map8, #map3], iterator_types = ["parallel", "parallel"]} ins(%12, %expanded_7 : tensor<4x4xf64>, tensor<4x1xf64>) outs(%2 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %19 = arith.divf %in, %in_11 : f64
      linalg.yield %19 : f64
    } -> tensor<4x4xf64>
    %expanded_8 = tensor.expand_shape %arg2 [[0, 1], [2]] output_shape [4, 4, 3] : tensor<16x3xf64> into tensor<4x4x3xf64>
    %extracted_slice = tensor.extract_slice %15[1, 0] [3, 4] [1, 1] : tensor<4x4xf64> to tensor<3x4xf64>
    %extracted_slice_9 = tensor.extract_slice %expanded_8[0, 1, 0] [4, 3, 3] [1, 1, 1] : tensor<4x4x3xf64> to tensor<4x3x3xf64>
    %16 = tensor.empty() : tensor<4x3xf64>
    %17 = linalg.fill ins(%cst_3 : f64) outs(%16 : tensor<4x3xf64>) -> tensor<4x3xf64>
    %18 = linalg.generic {indexing_maps = [#map9, #map10, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%extracted_slice, %extracted_slice_9 : tensor<3x4xf64>, tensor<4x3x3xf64>) outs(%17 : tensor<4x3xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %19 = arith.mulf %in, %in_11 : f64
      %20 = arith.addf %19, %out : f64
      linalg.yield %20 : f64
    } -> tensor<4x3xf64>
    %collapsed_10 = tensor.collapse_shape %18 [[0, 1]] : tensor<4x3xf64> into tensor<12xf64>
    return %collapsed_10 : tensor<12xf64>
  }
}

