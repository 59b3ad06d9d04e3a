// A constant of +inf where a key is visible.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map7 = affine_map<(d0, d1) -> (d0, d1)>
#map8 = affine_map<(d0, d1) -> (d1)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>
module {
  func.func @f100(%arg0: tensor<2x4x4xf64>, %arg1: tensor<8x4xf64>, %arg2: tensor<8x1xf64>, %arg3: tensor<4xi1>) -> tensor<2x4x1xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 1.4426950408889634 : f64
    %cst_0 = arith.constant 0xFFF0000000000000 : f64
    %cst_1 = arith.constant 0x7FF0000000000000 : f64
    %cst_2 = arith.constant -1.7976931348623157E+308 : f64
    %cst_3 = arith.constant 0.000000e+00 : f64
    %cst_4 = arith.constant 3.000000e-01 : f64
    %0 = tensor.empty() : tensor<2x4x4xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x4x4xf64>) outs(%0 : tensor<2x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %23 = arith.mulf %in, %cst_4 : f64
      linalg.yield %23 : f64
    } -> tensor<2x4x4xf64>
    %2 = tensor.empty() : tensor<2x4x4x4xf64>
    %expanded = tensor.expand_shape %arg1 [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xf64> into tensor<2x4x4xf64>
    %3 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x4x4xf64>) outs(%2 : tensor<2x4x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<2x4x4x4xf64>
    %expanded_5 = tensor.expand_shape %arg2 [[0, 1], [2]] output_shape [2, 4, 1] : tensor<8x1xf64> into tensor<2x4x1xf64>
    %collapsed = tensor.collapse_shape %expanded_5 [[0], [1, 2]] : tensor<2x4x1xf64> into tensor<2x4xf64>
    %4 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed : tensor<2x4xf64>) outs(%0 : tensor<2x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<2x4x4xf64>
    %5 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<2x4x4xf64>) outs(%0 : tensor<2x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<2x4x4xf64>
    %expanded_6 = tensor.expand_shape %5 [[0], [1], [2, 3]] output_shape [2, 4, 4, 1] : tensor<2x4x4xf64> into tensor<2x4x4x1xf64>
    %6 = linalg.fill ins(%cst_3 : f64) outs(%0 : tensor<2x4x4xf64>) -> tensor<2x4x4xf64>
    %7 = linalg.contract indexing_maps = [#map5, #map2, #map6] ins(%1, %3 : tensor<2x4x4xf64>, tensor<2x4x4x4xf64>) outs(%6 : tensor<2x4x4xf64>) -> tensor<2x4x4xf64>
    %collapsed_7 = tensor.collapse_shape %7 [[0], [1, 2]] : tensor<2x4x4xf64> into tensor<2x16xf64>
    %8 = tensor.empty() : tensor<4x4xi1>
    %broadcasted = linalg.broadcast ins(%arg3 : tensor<4xi1>) outs(%8 : tensor<4x4xi1>) dimensions = [0] 
    %collapsed_8 = tensor.collapse_shape %broadcasted [[0, 1]] : tensor<4x4xi1> into tensor<16xi1>
    %9 = tensor.empty() : tensor<2x16xf64>
    %10 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_7, %collapsed_8 : tensor<2x16xf64>, tensor<16xi1>) outs(%9 : tensor<2x16xf64>) {
    ^bb0(%in: f64, %in_15: i1, %out: f64):
      %23 = arith.select %in_15, %cst_1, %cst_2 : f64
      %24 = arith.addf %in, %23 : f64
      linalg.yield %24 : f64
    } -> tensor<2x16xf64>
    %expanded_9 = tensor.expand_shape %10 [[0], [1, 2]] output_shape [2, 4, 4] : tensor<2x16xf64> into tensor<2x4x4xf64>
    %11 = tensor.empty() : tensor<2x4x1xf64>
    %12 = tensor.empty() : tensor<2x4xf64>
    %13 = linalg.fill ins(%cst_0 : f64) outs(%12 : tensor<2x4xf64>) -> tensor<2x4xf64>
    %14 = linalg.generic {indexing_maps = [#map, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%expanded_9 : tensor<2x4x4xf64>) outs(%13 : tensor<2x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %23 = arith.maximumf %out, %in : f64
      linalg.yield %23 : f64
    } -> tensor<2x4xf64>
    %15 = linalg.generic {indexing_maps = [#map9, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<2x4xf64>) outs(%0 : tensor<2x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<2x4x4xf64>
    %16 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<2x4x4xf64>) outs(%0 : tensor<2x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<2x4x4xf64>
    %collapsed_10 = tensor.collapse_shape %16 [[0], [1, 2]] : tensor<2x4x4xf64> into tensor<2x16xf64>
    %17 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%10, %collapsed_10 : tensor<2x16xf64>, tensor<2x16xf64>) outs(%9 : tensor<2x16xf64>) {
    ^bb0(%in: f64, %in_15: f64, %out: f64):
      %23 = arith.subf %in, %in_15 : f64
      %24 = arith.mulf %23, %cst : f64
      %25 = math.exp2 %24 : f64
      linalg.yield %25 : f64
    } -> tensor<2x16xf64>
    %expanded_11 = tensor.expand_shape %17 [[0], [1, 2]] output_shape [2, 4, 4] : tensor<2x16xf64> into tensor<2x4x4xf64>
    %18 = linalg.fill ins(%cst_3 : f64) outs(%11 : tensor<2x4x1xf64>) -> tensor<2x4x1xf64>
    %19 = linalg.fill ins(%cst_3 : f64) outs(%12 : tensor<2x4xf64>) -> tensor<2x4xf64>
    %20 = linalg.generic {indexing_maps = [#map, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%expanded_11 : tensor<2x4x4xf64>) outs(%19 : tensor<2x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %23 = arith.addf %out, %in : f64
      linalg.yield %23 : f64
    } -> tensor<2x4xf64>
    %broadcasted_12 = linalg.broadcast ins(%20 : tensor<2x4xf64>) outs(%0 : tensor<2x4x4xf64>) dimensions = [2] 
    %collapsed_13 = tensor.collapse_shape %broadcasted_12 [[0], [1, 2]] : tensor<2x4x4xf64> into tensor<2x16xf64>
    %21 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%17, %collapsed_13 : tensor<2x16xf64>, tensor<2x16xf64>) outs(%9 : tensor<2x16xf64>) {
    ^bb0(%in: f64, %in_15: f64, %out: f64):
      %23 = arith.divf %in, %in_15 : f64
      linalg.yield %23 : f64
    } -> tensor<2x16xf64>
    %expanded_14 = tensor.expand_shape %21 [[0], [1, 2]] output_shape [2, 4, 4] : tensor<2x16xf64> into tensor<2x4x4xf64>
    %22 = linalg.contract indexing_maps = [#map10, #map5, #map6] ins(%expanded_6, %expanded_14 : tensor<2x4x4x1xf64>, tensor<2x4x4xf64>) outs(%18 : tensor<2x4x1xf64>) -> tensor<2x4x1xf64>
    return %22 : tensor<2x4x1xf64>
  }
}

