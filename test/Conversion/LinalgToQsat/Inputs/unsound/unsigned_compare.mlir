// An unsigned comparison of a difference of indices, which may be negative.
#map = affine_map<(d0, d1) -> (d1, d0)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0, d1) -> (d0)>
#map4 = affine_map<(d0, d1) -> (d1)>
#map5 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map6 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map7 = affine_map<(d0, d1, d2) -> ()>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map10 = affine_map<(d0, d1, d2) -> (0, d1, 0)>
module {
  func.func @f25(%arg0: tensor<15xf64>, %arg1: tensor<3x5xf64>, %arg2: tensor<3x5xf64>) -> tensor<1x3x5xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant dense<1.4426950408889634> : tensor<f64>
    %cst_0 = arith.constant 0x7FF8000000000000 : f64
    %c0_i64 = arith.constant 0 : i64
    %cst_1 = arith.constant dense<-1.000000e+09> : tensor<f64>
    %cst_2 = arith.constant 0.000000e+00 : f64
    %expanded = tensor.expand_shape %arg0 [[0, 1, 2]] output_shape [1, 3, 5] : tensor<15xf64> into tensor<1x3x5xf64>
    %0 = tensor.empty() : tensor<5x3xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<3x5xf64>) outs(%0 : tensor<5x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<5x3xf64>
    %expanded_3 = tensor.expand_shape %1 [[0, 1], [2]] output_shape [1, 5, 3] : tensor<5x3xf64> into tensor<1x5x3xf64>
    %2 = tensor.empty() : tensor<1x3x3xf64>
    %3 = linalg.fill ins(%cst_2 : f64) outs(%2 : tensor<1x3x3xf64>) -> tensor<1x3x3xf64>
    %4 = linalg.batch_matmul ins(%expanded, %expanded_3 : tensor<1x3x5xf64>, tensor<1x5x3xf64>) outs(%3 : tensor<1x3x3xf64>) -> tensor<1x3x3xf64>
    %5 = tensor.empty() : tensor<3xi64>
    %6 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%5 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %28 = linalg.index 0 : index
      %29 = arith.index_cast %28 : index to i64
      linalg.yield %29 : i64
    } -> tensor<3xi64>
    %7 = tensor.empty() : tensor<3x3xi64>
    %8 = linalg.generic {indexing_maps = [#map3, #map4, #map1], iterator_types = ["parallel", "parallel"]} ins(%6, %6 : tensor<3xi64>, tensor<3xi64>) outs(%7 : tensor<3x3xi64>) {
    ^bb0(%in: i64, %in_7: i64, %out: i64):
      %28 = arith.subi %in, %in_7 : i64
      linalg.yield %28 : i64
    } -> tensor<3x3xi64>
    %9 = tensor.empty() : tensor<3x3xi1>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%8 : tensor<3x3xi64>) outs(%9 : tensor<3x3xi1>) {
    ^bb0(%in: i64, %out: i1):
      %28 = arith.cmpi uge, %in, %c0_i64 : i64
      linalg.yield %28 : i1
    } -> tensor<3x3xi1>
    %11 = linalg.generic {indexing_maps = [#map5, #map6, #map7, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10, %4, %cst_1 : tensor<3x3xi1>, tensor<1x3x3xf64>, tensor<f64>) outs(%2 : tensor<1x3x3xf64>) {
    ^bb0(%in: i1, %in_7: f64, %in_8: f64, %out: f64):
      %28 = arith.select %in, %in_7, %in_8 : f64
      linalg.yield %28 : f64
    } -> tensor<1x3x3xf64>
    %12 = tensor.empty() : tensor<1x3x1xf64>
    %13 = linalg.fill ins(%cst_0 : f64) outs(%12 : tensor<1x3x1xf64>) -> tensor<1x3x1xf64>
    %14 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%11 : tensor<1x3x3xf64>) outs(%13 : tensor<1x3x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %28 = arith.maxnumf %out, %in : f64
      linalg.yield %28 : f64
    } -> tensor<1x3x1xf64>
    %15 = linalg.generic {indexing_maps = [#map6, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11, %14 : tensor<1x3x3xf64>, tensor<1x3x1xf64>) outs(%2 : tensor<1x3x3xf64>) {
    ^bb0(%in: f64, %in_7: f64, %out: f64):
      %28 = arith.subf %in, %in_7 : f64
      linalg.yield %28 : f64
    } -> tensor<1x3x3xf64>
    %16 = tensor.empty() : tensor<3x3xf64>
    %broadcasted = linalg.broadcast ins(%cst : tensor<f64>) outs(%16 : tensor<3x3xf64>) dimensions = [0, 1] 
    %17 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%broadcasted : tensor<3x3xf64>) outs(%16 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x3xf64>
    %expanded_4 = tensor.expand_shape %17 [[0, 1], [2]] output_shape [1, 3, 3] : tensor<3x3xf64> into tensor<1x3x3xf64>
    %18 = arith.mulf %15, %expanded_4 : tensor<1x3x3xf64>
    %19 = linalg.generic {indexing_maps = [#map6, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x3x3xf64>) outs(%2 : tensor<1x3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %28 = math.exp2 %in : f64
      linalg.yield %28 : f64
    } -> tensor<1x3x3xf64>
    %20 = linalg.fill ins(%cst_2 : f64) outs(%12 : tensor<1x3x1xf64>) -> tensor<1x3x1xf64>
    %21 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<1x3x3xf64>) outs(%20 : tensor<1x3x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %28 = arith.addf %in, %out : f64
      linalg.yield %28 : f64
    } -> tensor<1x3x1xf64>
    %collapsed = tensor.collapse_shape %21 [[0, 1, 2]] : tensor<1x3x1xf64> into tensor<3xf64>
    %22 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel", "parallel"]} outs(%16 : tensor<3x3xf64>) {
    ^bb0(%out: f64):
      %28 = linalg.index 1 : index
      %extracted = tensor.extract %collapsed[%28] : tensor<3xf64>
      linalg.yield %extracted : f64
    } -> tensor<3x3xf64>
    %23 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%22 : tensor<3x3xf64>) outs(%16 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x3xf64>
    %expanded_5 = tensor.expand_shape %23 [[0, 1], [2]] output_shape [1, 3, 3] : tensor<3x3xf64> into tensor<1x3x3xf64>
    %24 = arith.divf %19, %expanded_5 : tensor<1x3x3xf64>
    %expanded_6 = tensor.expand_shape %arg2 [[0, 1], [2]] output_shape [1, 3, 5] : tensor<3x5xf64> into tensor<1x3x5xf64>
    %25 = tensor.empty() : tensor<1x3x5xf64>
    %26 = linalg.fill ins(%cst_2 : f64) outs(%25 : tensor<1x3x5xf64>) -> tensor<1x3x5xf64>
    %27 = linalg.batch_matmul ins(%24, %expanded_6 : tensor<1x3x3xf64>, tensor<1x3x5xf64>) outs(%26 : tensor<1x3x5xf64>) -> tensor<1x3x5xf64>
    return %27 : tensor<1x3x5xf64>
  }
}

