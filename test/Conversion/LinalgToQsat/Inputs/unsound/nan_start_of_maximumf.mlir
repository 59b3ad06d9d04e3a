// A maximum by arith.maximumf from NaN, which propagates it.
#map = affine_map<(d0, d1, d2) -> ()>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
#map6 = affine_map<(d0, d1, d2) -> (d2, d1, d0)>
#map7 = affine_map<(d0, d1) -> (d0, d1)>
#map8 = affine_map<(d0, d1) -> (0, d1)>
#map9 = affine_map<(d0, d1) -> ()>
#map10 = affine_map<(d0, d1) -> (d0, 0)>
#map11 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map12 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map13 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#map14 = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d2, d0, d3)>
module {
  func.func @f66(%arg0: tensor<2x1x4xf32>, %arg1: tensor<2x4x4xf32>, %arg2: tensor<2x20xf32>) -> tensor<2x5x1xf32> attributes {llvm.emit_c_interface} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %cst = arith.constant 0x7FC00000 : f32
    %cst_0 = arith.constant -1.000000e+04 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %c0_i64 = arith.constant 0 : i64
    %c3_i64 = arith.constant 3 : i64
    %cst_2 = arith.constant 3.000000e-01 : f32
    %cst_3 = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x4x1xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : f32) outs(%0 : tensor<2x4x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x1xf32>
    %2 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%arg1, %arg0 : tensor<2x4x4xf32>, tensor<2x1x4xf32>) outs(%1 : tensor<2x4x1xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %31 = arith.mulf %in, %in_8 : f32
      %32 = arith.addf %out, %31 : f32
      linalg.yield %32 : f32
    } -> tensor<2x4x1xf32>
    %3 = tensor.empty() : tensor<4x1x2xf32>
    %4 = linalg.generic {indexing_maps = [#map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<2x4x1xf32>) outs(%3 : tensor<4x1x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<4x1x2xf32>
    %5 = tensor.empty() : tensor<2x1x4xf32>
    %6 = linalg.generic {indexing_maps = [#map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<4x1x2xf32>) outs(%5 : tensor<2x1x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1x4xf32>
    %collapsed = tensor.collapse_shape %6 [[0], [1, 2]] : tensor<2x1x4xf32> into tensor<2x4xf32>
    %7 = tensor.empty() : tensor<2x4xf32>
    %8 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<2x4xf32>) outs(%7 : tensor<2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.mulf %in, %cst_2 : f32
      linalg.yield %31 : f32
    } -> tensor<2x4xf32>
    %9 = tensor.empty() : tensor<1x4xi1>
    %10 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel", "parallel"]} outs(%9 : tensor<1x4xi1>) {
    ^bb0(%out: i1):
      %31 = linalg.index 1 : index
      %32 = arith.cmpi slt, %31, %c1 : index
      linalg.yield %32 : i1
    } -> tensor<1x4xi1>
    %11 = tensor.empty() : tensor<1x4xf32>
    %12 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%10 : tensor<1x4xi1>) outs(%11 : tensor<1x4xf32>) {
    ^bb0(%in: i1, %out: f32):
      %31 = linalg.index 1 : index
      %32 = arith.index_cast %31 : index to i64
      %33 = arith.subi %c0_i64, %32 : i64
      %34 = arith.cmpi sle, %33, %c3_i64 : i64
      %35 = arith.cmpi sle, %32, %c0_i64 : i64
      %36 = arith.ori %34, %35 : i1
      %37 = arith.andi %in, %36 : i1
      %38 = arith.uitofp %37 : i1 to f32
      linalg.yield %38 : f32
    } -> tensor<1x4xf32>
    %13 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%8, %12 : tensor<2x4xf32>, tensor<1x4xf32>) outs(%7 : tensor<2x4xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %31 = arith.subf %cst_1, %in_8 : f32
      %32 = arith.mulf %31, %cst_0 : f32
      %33 = arith.addf %in, %32 : f32
      linalg.yield %33 : f32
    } -> tensor<2x4xf32>
    %14 = tensor.empty() : tensor<2x1xf32>
    %15 = linalg.generic {indexing_maps = [#map9, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst : f32) outs(%14 : tensor<2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1xf32>
    %16 = linalg.generic {indexing_maps = [#map7, #map10], iterator_types = ["parallel", "reduction"]} ins(%13 : tensor<2x4xf32>) outs(%15 : tensor<2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.maximumf %out, %in : f32
      linalg.yield %31 : f32
    } -> tensor<2x1xf32>
    %17 = tensor.empty() : tensor<4x2x1xf32>
    %18 = linalg.generic {indexing_maps = [#map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<2x1xf32>) outs(%17 : tensor<4x2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<4x2x1xf32>
    %19 = linalg.generic {indexing_maps = [#map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<4x2x1xf32>) outs(%5 : tensor<2x1x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1x4xf32>
    %collapsed_4 = tensor.collapse_shape %19 [[0], [1, 2]] : tensor<2x1x4xf32> into tensor<2x4xf32>
    %20 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%13, %collapsed_4 : tensor<2x4xf32>, tensor<2x4xf32>) outs(%7 : tensor<2x4xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %31 = arith.subf %in, %in_8 : f32
      %32 = math.exp %31 : f32
      linalg.yield %32 : f32
    } -> tensor<2x4xf32>
    %expanded = tensor.expand_shape %20 [[0], [1, 2]] output_shape [2, 1, 4] : tensor<2x4xf32> into tensor<2x1x4xf32>
    %21 = linalg.generic {indexing_maps = [#map9, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : f32) outs(%14 : tensor<2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map12], iterator_types = ["parallel", "parallel", "reduction"]} ins(%expanded : tensor<2x1x4xf32>) outs(%21 : tensor<2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.addf %out, %in : f32
      linalg.yield %31 : f32
    } -> tensor<2x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel", "parallel", "parallel"]} outs(%0 : tensor<2x4x1xf32>) {
    ^bb0(%out: f32):
      %31 = linalg.index 0 : index
      %extracted = tensor.extract %22[%31, %c0] : tensor<2x1xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x4x1xf32>
    %24 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x4x1xf32>) outs(%5 : tensor<2x1x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1x4xf32>
    %collapsed_5 = tensor.collapse_shape %24 [[0], [1, 2]] : tensor<2x1x4xf32> into tensor<2x4xf32>
    %25 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%20, %collapsed_5 : tensor<2x4xf32>, tensor<2x4xf32>) outs(%7 : tensor<2x4xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %31 = arith.divf %in, %in_8 : f32
      linalg.yield %31 : f32
    } -> tensor<2x4xf32>
    %expanded_6 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [2, 1, 4] : tensor<2x4xf32> into tensor<2x1x4xf32>
    %26 = tensor.empty() : tensor<1x2x4xf32>
    %27 = linalg.generic {indexing_maps = [#map14, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_6 : tensor<2x1x4xf32>) outs(%26 : tensor<1x2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x4xf32>
    %expanded_7 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [2, 5, 4] : tensor<2x20xf32> into tensor<2x5x4xf32>
    %28 = tensor.empty() : tensor<2x5x1xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : f32) outs(%28 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x5x1xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%expanded_7, %27 : tensor<2x5x4xf32>, tensor<1x2x4xf32>) outs(%29 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %31 = arith.mulf %in, %in_8 : f32
      %32 = arith.addf %out, %31 : f32
      linalg.yield %32 : f32
    } -> tensor<2x5x1xf32>
    return %30 : tensor<2x5x1xf32>
  }
}

