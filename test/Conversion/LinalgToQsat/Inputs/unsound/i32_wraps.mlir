// A mask on i32 indices plus 2147483647, which wraps around.
#map = affine_map<(d0, d1, d2, d3) -> (d1, d3, d0, d2)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>
#map3 = affine_map<(d0, d1, d2) -> ()>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0) -> (d0)>
#map9 = affine_map<(d0, d1) -> (d1)>
#map10 = affine_map<(d0, d1) -> (d0, d1)>
#map11 = affine_map<(d0, d1) -> (d0)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map13 = affine_map<(d0, d1, d2, d3) -> ()>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @f89(%arg0: tensor<96xf64>, %arg1: tensor<8x3x4xf64>, %arg2: tensor<3x4x4x4xf64>, %arg3: tensor<3x4x4x4xf64>) -> tensor<12x4x4xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant -1.7976931348623157E+308 : f64
    %cst_0 = arith.constant -1.000000e+04 : f64
    %cst_1 = arith.constant 1.000000e+00 : f64
    %c0_i32 = arith.constant 0 : i32
    %c4 = arith.constant 4 : index
    %c5_i32 = arith.constant 5 : i32
    %c2147483647_i32 = arith.constant 2147483647 : i32
    %cst_2 = arith.constant 1.250000e-01 : f64
    %cst_3 = arith.constant 0.000000e+00 : f64
    %expanded = tensor.expand_shape %arg1 [[0, 1], [2], [3]] output_shape [4, 2, 3, 4] : tensor<8x3x4xf64> into tensor<4x2x3x4xf64>
    %0 = tensor.empty() : tensor<3x4x4x2xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<4x2x3x4xf64>) outs(%0 : tensor<3x4x4x2xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x2xf64>
    %collapsed = tensor.collapse_shape %1 [[0, 1], [2], [3]] : tensor<3x4x4x2xf64> into tensor<12x4x2xf64>
    %expanded_4 = tensor.expand_shape %arg0 [[0, 1, 2, 3]] output_shape [3, 4, 4, 2] : tensor<96xf64> into tensor<3x4x4x2xf64>
    %2 = tensor.empty() : tensor<3x4x2x4xf64>
    %3 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_4 : tensor<3x4x4x2xf64>) outs(%2 : tensor<3x4x2x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x2x4xf64>
    %collapsed_5 = tensor.collapse_shape %3 [[0, 1], [2], [3]] : tensor<3x4x2x4xf64> into tensor<12x2x4xf64>
    %4 = tensor.empty() : tensor<12x4x4xf64>
    %5 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : f64) outs(%4 : tensor<12x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<12x4x4xf64>
    %6 = linalg.generic {indexing_maps = [#map5, #map6, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%collapsed, %collapsed_5 : tensor<12x4x2xf64>, tensor<12x2x4xf64>) outs(%5 : tensor<12x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.mulf %in, %in_13 : f64
      %40 = arith.addf %out, %39 : f64
      linalg.yield %40 : f64
    } -> tensor<12x4x4xf64>
    %7 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<12x4x4xf64>) outs(%4 : tensor<12x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = arith.mulf %in, %cst_2 : f64
      linalg.yield %39 : f64
    } -> tensor<12x4x4xf64>
    %expanded_6 = tensor.expand_shape %7 [[0, 1], [2], [3]] output_shape [3, 4, 4, 4] : tensor<12x4x4xf64> into tensor<3x4x4x4xf64>
    %8 = tensor.empty() : tensor<3x4x4x4xf64>
    %9 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_6 : tensor<3x4x4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x4xf64>
    %10 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %arg3 : tensor<3x4x4x4xf64>, tensor<3x4x4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.addf %in, %in_13 : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x4xf64>
    %11 = tensor.empty() : tensor<4xi32>
    %12 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel"]} outs(%11 : tensor<4xi32>) {
    ^bb0(%out: i32):
      %39 = linalg.index 0 : index
      %40 = arith.index_cast %39 : index to i32
      %41 = arith.addi %40, %c2147483647_i32 : i32
      linalg.yield %41 : i32
    } -> tensor<4xi32>
    %13 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel"]} ins(%12 : tensor<4xi32>) outs(%11 : tensor<4xi32>) {
    ^bb0(%in: i32, %out: i32):
      %39 = arith.addi %in, %c5_i32 : i32
      linalg.yield %39 : i32
    } -> tensor<4xi32>
    %14 = tensor.empty() : tensor<4x4xi32>
    %15 = linalg.generic {indexing_maps = [#map9, #map10], iterator_types = ["parallel", "parallel"]} ins(%13 : tensor<4xi32>) outs(%14 : tensor<4x4xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<4x4xi32>
    %collapsed_7 = tensor.collapse_shape %15 [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>
    %16 = tensor.empty() : tensor<16xi1>
    %17 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel"]} ins(%collapsed_7 : tensor<16xi32>) outs(%16 : tensor<16xi1>) {
    ^bb0(%in: i32, %out: i1):
      %39 = linalg.index 0 : index
      %40 = arith.divui %39, %c4 : index
      %41 = arith.index_cast %40 : index to i32
      %42 = arith.cmpi sle, %41, %in : i32
      linalg.yield %42 : i1
    } -> tensor<16xi1>
    %18 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel"]} outs(%11 : tensor<4xi32>) {
    ^bb0(%out: i32):
      %39 = linalg.index 0 : index
      %40 = arith.index_cast %39 : index to i32
      linalg.yield %40 : i32
    } -> tensor<4xi32>
    %19 = linalg.generic {indexing_maps = [#map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%18 : tensor<4xi32>) outs(%14 : tensor<4x4xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<4x4xi32>
    %collapsed_8 = tensor.collapse_shape %19 [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>
    %20 = linalg.generic {indexing_maps = [#map9, #map10], iterator_types = ["parallel", "parallel"]} ins(%18 : tensor<4xi32>) outs(%14 : tensor<4x4xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<4x4xi32>
    %collapsed_9 = tensor.collapse_shape %20 [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>
    %21 = tensor.empty() : tensor<16xi32>
    %22 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel"]} ins(%collapsed_8, %collapsed_9 : tensor<16xi32>, tensor<16xi32>) outs(%21 : tensor<16xi32>) {
    ^bb0(%in: i32, %in_13: i32, %out: i32):
      %39 = arith.subi %in, %in_13 : i32
      linalg.yield %39 : i32
    } -> tensor<16xi32>
    %23 = tensor.empty() : tensor<16xf64>
    %24 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel"]} ins(%17, %22 : tensor<16xi1>, tensor<16xi32>) outs(%23 : tensor<16xf64>) {
    ^bb0(%in: i1, %in_13: i32, %out: f64):
      %39 = arith.cmpi sge, %in_13, %c0_i32 : i32
      %40 = arith.andi %in, %39 : i1
      %41 = arith.uitofp %40 : i1 to f64
      linalg.yield %41 : f64
    } -> tensor<16xf64>
    %25 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel"]} ins(%24 : tensor<16xf64>) outs(%23 : tensor<16xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = arith.subf %cst_1, %in : f64
      linalg.yield %39 : f64
    } -> tensor<16xf64>
    %26 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel"]} ins(%25 : tensor<16xf64>) outs(%23 : tensor<16xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = arith.mulf %in, %cst_0 : f64
      linalg.yield %39 : f64
    } -> tensor<16xf64>
    %expanded_10 = tensor.expand_shape %26 [[0, 1]] output_shape [4, 4] : tensor<16xf64> into tensor<4x4xf64>
    %27 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %expanded_10 : tensor<3x4x4x4xf64>, tensor<4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.addf %in, %in_13 : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x4xf64>
    %28 = tensor.empty() : tensor<3x4x4x1xf64>
    %29 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst : f64) outs(%28 : tensor<3x4x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x1xf64>
    %30 = linalg.generic {indexing_maps = [#map1, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%27 : tensor<3x4x4x4xf64>) outs(%29 : tensor<3x4x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = arith.maxnumf %in, %out : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x1xf64>
    %31 = linalg.generic {indexing_maps = [#map1, #map14, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27, %30 : tensor<3x4x4x4xf64>, tensor<3x4x4x1xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.subf %in, %in_13 : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x4xf64>
    %32 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%31 : tensor<3x4x4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = math.exp %in : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x4xf64>
    %33 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3 : f64) outs(%28 : tensor<3x4x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x1xf64>
    %34 = linalg.generic {indexing_maps = [#map1, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%32 : tensor<3x4x4x4xf64>) outs(%33 : tensor<3x4x4x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %39 = arith.addf %out, %in : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x1xf64>
    %35 = linalg.generic {indexing_maps = [#map1, #map14, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%32, %34 : tensor<3x4x4x4xf64>, tensor<3x4x4x1xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.divf %in, %in_13 : f64
      linalg.yield %39 : f64
    } -> tensor<3x4x4x4xf64>
    %36 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<3x4x4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x4xf64>
    %collapsed_11 = tensor.collapse_shape %36 [[0, 1], [2], [3]] : tensor<3x4x4x4xf64> into tensor<12x4x4xf64>
    %37 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%35 : tensor<3x4x4x4xf64>) outs(%8 : tensor<3x4x4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x4x4x4xf64>
    %collapsed_12 = tensor.collapse_shape %37 [[0, 1], [2], [3]] : tensor<3x4x4x4xf64> into tensor<12x4x4xf64>
    %38 = linalg.generic {indexing_maps = [#map5, #map6, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%collapsed_11, %collapsed_12 : tensor<12x4x4xf64>, tensor<12x4x4xf64>) outs(%5 : tensor<12x4x4xf64>) {
    ^bb0(%in: f64, %in_13: f64, %out: f64):
      %39 = arith.mulf %in, %in_13 : f64
      %40 = arith.addf %out, %39 : f64
      linalg.yield %40 : f64
    } -> tensor<12x4x4xf64>
    return %38 : tensor<12x4x4xf64>
  }
}

