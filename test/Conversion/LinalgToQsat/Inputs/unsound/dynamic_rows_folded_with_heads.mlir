// Rows of run-time number folded with query heads: the result once had another shape.
// sizes: 3x5x4x2, 3x6x2, 6x1x3
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d4)>
#map3 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map6 = affine_map<(d0, d1) -> (d0, d1)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d3, d2, d0)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @f6(%arg0: tensor<3x5x?x2xf64>, %arg1: tensor<3x?x2xf64>, %arg2: tensor<?x1x3xf64>) -> tensor<3x?x1xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 1.4426950408889634 : f64
    %cst_0 = arith.constant 0xFFF0000000000000 : f64
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %cst_1 = arith.constant 0.000000e+00 : f64
    %c5 = arith.constant 5 : index
    %cst_2 = arith.constant 0.89089871814033927 : f64
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %dim = tensor.dim %arg0, %c2 : tensor<3x5x?x2xf64>
    %dim_3 = tensor.dim %arg1, %c1 : tensor<3x?x2xf64>
    %0 = tensor.empty(%dim) : tensor<3x5x?x2xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<3x5x?x2xf64>) outs(%0 : tensor<3x5x?x2xf64>) {
    ^bb0(%in: f64, %out: f64):
      %22 = arith.mulf %in, %cst_2 : f64
      linalg.yield %22 : f64
    } -> tensor<3x5x?x2xf64>
    %2 = arith.muli %dim, %c5 : index
    %3 = tensor.empty(%2, %dim_3) : tensor<3x?x?xf64>
    %expanded = tensor.expand_shape %3 [[0], [1, 2], [3]] output_shape [3, 5, %dim, %dim_3] : tensor<3x?x?xf64> into tensor<3x5x?x?xf64>
    %dim_4 = tensor.dim %expanded, %c2 : tensor<3x5x?x?xf64>
    %dim_5 = tensor.dim %expanded, %c3 : tensor<3x5x?x?xf64>
    %4 = tensor.empty(%dim_4, %dim_5) : tensor<3x5x?x?xf64>
    %5 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%4 : tensor<3x5x?x?xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst_1 : f64
    } -> tensor<3x5x?x?xf64>
    %6 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%1, %arg1 : tensor<3x5x?x2xf64>, tensor<3x?x2xf64>) outs(%5 : tensor<3x5x?x?xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %22 = arith.mulf %in_8, %cst_2 : f64
      %23 = arith.mulf %in, %22 : f64
      %24 = arith.addf %out, %23 : f64
      linalg.yield %24 : f64
    } -> tensor<3x5x?x?xf64>
    %collapsed = tensor.collapse_shape %6 [[0], [1, 2], [3]] : tensor<3x5x?x?xf64> into tensor<3x?x?xf64>
    %7 = tensor.empty(%dim, %dim_3) : tensor<5x?x?xindex>
    %8 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel"]} outs(%7 : tensor<5x?x?xindex>) {
    ^bb0(%out: index):
      %22 = linalg.index 1 : index
      %23 = linalg.index 2 : index
      %24 = arith.subi %22, %23 : index
      linalg.yield %24 : index
    } -> tensor<5x?x?xindex>
    %collapsed_6 = tensor.collapse_shape %8 [[0, 1], [2]] : tensor<5x?x?xindex> into tensor<?x?xindex>
    %expanded_7 = tensor.expand_shape %collapsed_6 [[0, 1], [2]] output_shape [1, %2, %dim_3] : tensor<?x?xindex> into tensor<1x?x?xindex>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed, %expanded_7 : tensor<3x?x?xf64>, tensor<1x?x?xindex>) outs(%3 : tensor<3x?x?xf64>) {
    ^bb0(%in: f64, %in_8: index, %out: f64):
      %22 = arith.cmpi sle, %in_8, %c2 : index
      %23 = linalg.index 1 : index
      %24 = arith.remui %23, %c3 : index
      %25 = linalg.index 2 : index
      %26 = arith.subi %24, %25 : index
      %27 = arith.cmpi sge, %26, %c0 : index
      %28 = arith.andi %22, %27 : i1
      %29 = arith.cmpi eq, %28, %false : i1
      %30 = arith.select %29, %cst_0, %cst_1 : f64
      %31 = arith.addf %in, %30 : f64
      linalg.yield %31 : f64
    } -> tensor<3x?x?xf64>
    %10 = tensor.empty(%2) : tensor<3x?xf64>
    %11 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel"]} outs(%10 : tensor<3x?xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst_0 : f64
    } -> tensor<3x?xf64>
    %12 = linalg.generic {indexing_maps = [#map4, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%9 : tensor<3x?x?xf64>) outs(%11 : tensor<3x?xf64>) {
    ^bb0(%in: f64, %out: f64):
      %22 = arith.maximumf %out, %in : f64
      linalg.yield %22 : f64
    } -> tensor<3x?xf64>
    %13 = linalg.generic {indexing_maps = [#map4, #map7, #map4], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %12 : tensor<3x?x?xf64>, tensor<3x?xf64>) outs(%3 : tensor<3x?x?xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %22 = arith.subf %in, %in_8 : f64
      %23 = arith.mulf %22, %cst : f64
      %24 = math.exp2 %23 : f64
      linalg.yield %24 : f64
    } -> tensor<3x?x?xf64>
    %14 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel"]} outs(%10 : tensor<3x?xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst_1 : f64
    } -> tensor<3x?xf64>
    %15 = linalg.generic {indexing_maps = [#map4, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<3x?x?xf64>) outs(%14 : tensor<3x?xf64>) {
    ^bb0(%in: f64, %out: f64):
      %22 = arith.addf %out, %in : f64
      linalg.yield %22 : f64
    } -> tensor<3x?xf64>
    %16 = tensor.empty(%2) : tensor<3x?xi1>
    %17 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel"]} outs(%16 : tensor<3x?xi1>) {
    ^bb0(%out: i1):
      linalg.yield %false : i1
    } -> tensor<3x?xi1>
    %18 = linalg.generic {indexing_maps = [#map4, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%9 : tensor<3x?x?xf64>) outs(%17 : tensor<3x?xi1>) {
    ^bb0(%in: f64, %out: i1):
      %22 = arith.cmpf une, %in, %cst_0 : f64
      %23 = arith.ori %out, %22 : i1
      linalg.yield %23 : i1
    } -> tensor<3x?xi1>
    %19 = tensor.empty(%2) : tensor<3x?x1xf64>
    %20 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel"]} outs(%19 : tensor<3x?x1xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst_1 : f64
    } -> tensor<3x?x1xf64>
    %21 = linalg.generic {indexing_maps = [#map8, #map9, #map8, #map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%18, %13, %15, %arg2 : tensor<3x?xi1>, tensor<3x?x?xf64>, tensor<3x?xf64>, tensor<?x1x3xf64>) outs(%20 : tensor<3x?x1xf64>) {
    ^bb0(%in: i1, %in_8: f64, %in_9: f64, %in_10: f64, %out: f64):
      %22 = arith.divf %in_8, %in_9 : f64
      %23 = arith.select %in, %22, %cst_1 : f64
      %24 = arith.mulf %23, %in_10 : f64
      %25 = arith.addf %out, %24 : f64
      linalg.yield %25 : f64
    } -> tensor<3x?x1xf64>
    return %21 : tensor<3x?x1xf64>
  }
}
