// e_ij / (sum_j e_ij + e_ij): a further term of the divisor that varies over the keys.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d1, d0)>
#map2 = affine_map<(d0, d1, d2) -> ()>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map6 = affine_map<(d0) -> (d0)>
#map7 = affine_map<(d0, d1) -> (d0)>
#map8 = affine_map<(d0, d1) -> (d0, d1)>
#map9 = affine_map<(d0, d1) -> (0, d1)>
#map10 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map11 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map12 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map13 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
module {
  func.func @f27(%arg0: tensor<1x4x5xf64>, %arg1: tensor<1x20xf64>, %arg2: tensor<1x4xf64>) -> tensor<1x1x4xf64> attributes {llvm.emit_c_interface} {
    %true = arith.constant true
    %cst = arith.constant -1.7976931348623157E+308 : f64
    %cst_0 = arith.constant 0xFFF0000000000000 : f64
    %c0_i64 = arith.constant 0 : i64
    %cst_1 = arith.constant 0.000000e+00 : f64
    %cst_2 = arith.constant 2.2360679774997898 : f64
    %0 = tensor.empty() : tensor<5x4x1xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x4x5xf64>) outs(%0 : tensor<5x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %38 = arith.divf %in, %cst_2 : f64
      linalg.yield %38 : f64
    } -> tensor<5x4x1xf64>
    %2 = tensor.empty() : tensor<1x4x5xf64>
    %3 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<5x4x1xf64>) outs(%2 : tensor<1x4x5xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x5xf64>
    %expanded = tensor.expand_shape %arg1 [[0], [1, 2]] output_shape [1, 5, 4] : tensor<1x20xf64> into tensor<1x5x4xf64>
    %4 = tensor.empty() : tensor<1x4x4xf64>
    %5 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_1 : f64) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x4xf64>
    %6 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%3, %expanded : tensor<1x4x5xf64>, tensor<1x5x4xf64>) outs(%5 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %38 = arith.mulf %in, %in_11 : f64
      %39 = arith.addf %out, %38 : f64
      linalg.yield %39 : f64
    } -> tensor<1x4x4xf64>
    %7 = tensor.empty() : tensor<4xi64>
    %8 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel"]} outs(%7 : tensor<4xi64>) {
    ^bb0(%out: i64):
      %38 = linalg.index 0 : index
      %39 = arith.index_cast %38 : index to i64
      linalg.yield %39 : i64
    } -> tensor<4xi64>
    %9 = tensor.empty() : tensor<4x4xi64>
    %10 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%8 : tensor<4xi64>) outs(%9 : tensor<4x4xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<4x4xi64>
    %collapsed = tensor.collapse_shape %10 [[0, 1]] : tensor<4x4xi64> into tensor<16xi64>
    %11 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel", "parallel"]} outs(%9 : tensor<4x4xi64>) {
    ^bb0(%out: i64):
      %38 = linalg.index 1 : index
      %extracted = tensor.extract %8[%38] : tensor<4xi64>
      linalg.yield %extracted : i64
    } -> tensor<4x4xi64>
    %collapsed_3 = tensor.collapse_shape %11 [[0, 1]] : tensor<4x4xi64> into tensor<16xi64>
    %12 = tensor.empty() : tensor<16xi64>
    %13 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%collapsed, %collapsed_3 : tensor<16xi64>, tensor<16xi64>) outs(%12 : tensor<16xi64>) {
    ^bb0(%in: i64, %in_11: i64, %out: i64):
      %38 = arith.subi %in, %in_11 : i64
      linalg.yield %38 : i64
    } -> tensor<16xi64>
    %14 = tensor.empty() : tensor<16xi1>
    %15 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel"]} ins(%13 : tensor<16xi64>) outs(%14 : tensor<16xi1>) {
    ^bb0(%in: i64, %out: i1):
      %38 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %38 : i1
    } -> tensor<16xi1>
    %expanded_4 = tensor.expand_shape %15 [[0, 1]] output_shape [4, 4] : tensor<16xi1> into tensor<4x4xi1>
    %expanded_5 = tensor.expand_shape %8 [[0, 1]] output_shape [1, 4] : tensor<4xi64> into tensor<1x4xi64>
    %16 = tensor.empty() : tensor<4x4xi1>
    %17 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel"]} ins(%expanded_4, %expanded_5 : tensor<4x4xi1>, tensor<1x4xi64>) outs(%16 : tensor<4x4xi1>) {
    ^bb0(%in: i1, %in_11: i64, %out: i1):
      %38 = arith.cmpi sle, %in_11, %c0_i64 : i64
      %39 = arith.ori %in, %38 : i1
      linalg.yield %39 : i1
    } -> tensor<4x4xi1>
    %18 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<4x4xi1>) outs(%16 : tensor<4x4xi1>) {
    ^bb0(%in: i1, %out: i1):
      %38 = arith.xori %in, %true : i1
      linalg.yield %38 : i1
    } -> tensor<4x4xi1>
    %19 = linalg.generic {indexing_maps = [#map10, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %6 : tensor<4x4xi1>, tensor<1x4x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: i1, %in_11: f64, %out: f64):
      %38 = arith.select %in, %cst_0, %in_11 : f64
      linalg.yield %38 : f64
    } -> tensor<1x4x4xf64>
    %20 = tensor.empty() : tensor<1x4x1xf64>
    %21 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst : f64) outs(%20 : tensor<1x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x1xf64>
    %22 = linalg.generic {indexing_maps = [#map, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<1x4x4xf64>) outs(%21 : tensor<1x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %38 = arith.maximumf %out, %in : f64
      linalg.yield %38 : f64
    } -> tensor<1x4x1xf64>
    %23 = linalg.generic {indexing_maps = [#map, #map11, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %22 : tensor<1x4x4xf64>, tensor<1x4x1xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %38 = arith.subf %in, %in_11 : f64
      linalg.yield %38 : f64
    } -> tensor<1x4x4xf64>
    %24 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x4x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %38 = math.exp %in : f64
      linalg.yield %38 : f64
    } -> tensor<1x4x4xf64>
    %25 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_1 : f64) outs(%20 : tensor<1x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x1xf64>
    %26 = linalg.generic {indexing_maps = [#map, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%24 : tensor<1x4x4xf64>) outs(%25 : tensor<1x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %38 = arith.addf %out, %in : f64
      linalg.yield %38 : f64
    } -> tensor<1x4x1xf64>
    %27 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x4x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %38 = arith.truncf %in : f64 to f32
      %39 = arith.extf %38 : f32 to f64
      linalg.yield %39 : f64
    } -> tensor<1x4x4xf64>
    %collapsed_6 = tensor.collapse_shape %27 [[0, 1, 2]] : tensor<1x4x4xf64> into tensor<16xf64>
    %collapsed_7 = tensor.collapse_shape %26 [[0], [1, 2]] : tensor<1x4x1xf64> into tensor<1x4xf64>
    %28 = linalg.generic {indexing_maps = [#map12, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_7 : tensor<1x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x4xf64>
    %29 = linalg.generic {indexing_maps = [#map13, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x4x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x4xf64>
    %collapsed_8 = tensor.collapse_shape %29 [[0, 1, 2]] : tensor<1x4x4xf64> into tensor<16xf64>
    %30 = tensor.empty() : tensor<16xf64>
    %31 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%collapsed_8, %collapsed_6 : tensor<16xf64>, tensor<16xf64>) outs(%30 : tensor<16xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %38 = arith.addf %in, %in_11 : f64
      linalg.yield %38 : f64
    } -> tensor<16xf64>
    %32 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%collapsed_6, %31 : tensor<16xf64>, tensor<16xf64>) outs(%30 : tensor<16xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %38 = arith.divf %in, %in_11 : f64
      linalg.yield %38 : f64
    } -> tensor<16xf64>
    %expanded_9 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [1, 4, 1] : tensor<1x4xf64> into tensor<1x4x1xf64>
    %33 = tensor.empty() : tensor<1x1x4xf64>
    %34 = linalg.generic {indexing_maps = [#map13, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_9 : tensor<1x4x1xf64>) outs(%33 : tensor<1x1x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x1x4xf64>
    %expanded_10 = tensor.expand_shape %32 [[0, 1, 2]] output_shape [1, 4, 4] : tensor<16xf64> into tensor<1x4x4xf64>
    %35 = linalg.generic {indexing_maps = [#map13, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_10 : tensor<1x4x4xf64>) outs(%4 : tensor<1x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x4x4xf64>
    %36 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_1 : f64) outs(%33 : tensor<1x1x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<1x1x4xf64>
    %37 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%34, %35 : tensor<1x1x4xf64>, tensor<1x4x4xf64>) outs(%36 : tensor<1x1x4xf64>) {
    ^bb0(%in: f64, %in_11: f64, %out: f64):
      %38 = arith.mulf %in, %in_11 : f64
      %39 = arith.addf %out, %38 : f64
      linalg.yield %39 : f64
    } -> tensor<1x1x4xf64>
    return %37 : tensor<1x1x4xf64>
  }
}

