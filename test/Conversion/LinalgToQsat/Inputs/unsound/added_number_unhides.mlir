// -1e9 is added where j > i, then +1e9 in the same places: nothing is hidden.
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1) -> (d0)>
#map5 = affine_map<(d0, d1) -> (d1)>
#map6 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map7 = affine_map<(d0, d1) -> (0, d1)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d1)>
module {
  func.func @f155(%arg0: tensor<9x3xf64>, %arg1: tensor<3x3xf64>, %arg2: tensor<3x3xf64>) -> tensor<3x3x3xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 0xFFF0000000000000 : f64
    %cst_0 = arith.constant 1.4426950408889634 : f64
    %cst_1 = arith.constant 1.000000e+00 : f64
    %c1_i64 = arith.constant 1 : i64
    %cst_2 = arith.constant -1.000000e+09 : f64
    %false = arith.constant false
    %c0_i64 = arith.constant 0 : i64
    %cst_3 = arith.constant 0.000000e+00 : f64
    %cst_4 = arith.constant 3.000000e-01 : f64
    %0 = tensor.empty() : tensor<3x3xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<3x3xf64>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.mulf %in, %cst_4 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %expanded = tensor.expand_shape %1 [[0], [1, 2]] output_shape [3, 3, 1] : tensor<3x3xf64> into tensor<3x3x1xf64>
    %2 = tensor.empty() : tensor<3x3x3xf64>
    %3 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<3x3x1xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<3x3x3xf64>
    %broadcasted = linalg.broadcast ins(%arg2 : tensor<3x3xf64>) outs(%2 : tensor<3x3x3xf64>) dimensions = [0] 
    %transposed = linalg.transpose ins(%3 : tensor<3x3x3xf64>) outs(%2 : tensor<3x3x3xf64>) permutation = [2, 1, 0] 
    %expanded_5 = tensor.expand_shape %arg0 [[0, 1], [2]] output_shape [3, 3, 3] : tensor<9x3xf64> into tensor<3x3x3xf64>
    %transposed_6 = linalg.transpose ins(%expanded_5 : tensor<3x3x3xf64>) outs(%2 : tensor<3x3x3xf64>) permutation = [1, 0, 2] 
    %4 = linalg.fill ins(%cst_3 : f64) outs(%2 : tensor<3x3x3xf64>) -> tensor<3x3x3xf64>
    %5 = linalg.batch_matmul ins(%transposed, %transposed_6 : tensor<3x3x3xf64>, tensor<3x3x3xf64>) outs(%4 : tensor<3x3x3xf64>) -> tensor<3x3x3xf64>
    %6 = tensor.empty() : tensor<3xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %34 = linalg.index 0 : index
      %35 = arith.index_cast %34 : index to i64
      linalg.yield %35 : i64
    } -> tensor<3xi64>
    %8 = tensor.empty() : tensor<3x3xi64>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %7 : tensor<3xi64>, tensor<3xi64>) outs(%8 : tensor<3x3xi64>) {
    ^bb0(%in: i64, %in_8: i64, %out: i64):
      %34 = arith.subi %in, %in_8 : i64
      linalg.yield %34 : i64
    } -> tensor<3x3xi64>
    %10 = tensor.empty() : tensor<3x3xi1>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<3x3xi64>) outs(%10 : tensor<3x3xi1>) {
    ^bb0(%in: i64, %out: i1):
      %34 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %34 : i1
    } -> tensor<3x3xi1>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%11 : tensor<3x3xi1>) outs(%10 : tensor<3x3xi1>) {
    ^bb0(%in: i1, %out: i1):
      %34 = arith.cmpi eq, %in, %false : i1
      linalg.yield %34 : i1
    } -> tensor<3x3xi1>
    %13 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%12 : tensor<3x3xi1>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: i1, %out: f64):
      %34 = arith.select %in, %cst_2, %cst_3 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %14 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %13 : tensor<3x3x3xf64>, tensor<3x3xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %34 = arith.addf %in, %in_8 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %15 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%7 : tensor<3xi64>) outs(%6 : tensor<3xi64>) {
    ^bb0(%in: i64, %out: i64):
      %34 = arith.addi %in, %c1_i64 : i64
      linalg.yield %34 : i64
    } -> tensor<3xi64>
    %expanded_7 = tensor.expand_shape %7 [[0, 1]] output_shape [1, 3] : tensor<3xi64> into tensor<1x3xi64>
    %16 = linalg.generic {indexing_maps = [#map4, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %expanded_7 : tensor<3xi64>, tensor<1x3xi64>) outs(%10 : tensor<3x3xi1>) {
    ^bb0(%in: i64, %in_8: i64, %out: i1):
      %34 = arith.cmpi sgt, %in, %in_8 : i64
      linalg.yield %34 : i1
    } -> tensor<3x3xi1>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<3x3xi64>) outs(%10 : tensor<3x3xi1>) {
    ^bb0(%in: i64, %out: i1):
      %34 = arith.cmpi sle, %in, %c1_i64 : i64
      linalg.yield %34 : i1
    } -> tensor<3x3xi1>
    %18 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%16, %17 : tensor<3x3xi1>, tensor<3x3xi1>) outs(%10 : tensor<3x3xi1>) {
    ^bb0(%in: i1, %in_8: i1, %out: i1):
      %34 = arith.andi %in, %in_8 : i1
      linalg.yield %34 : i1
    } -> tensor<3x3xi1>
    %19 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%18 : tensor<3x3xi1>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: i1, %out: f64):
      %34 = arith.uitofp %in : i1 to f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %20 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%19 : tensor<3x3xf64>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.subf %cst_1, %in : f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %21 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%20 : tensor<3x3xf64>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.mulf %in, %cst_2 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %22 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<3x3xf64>) outs(%0 : tensor<3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.negf %in : f64
      linalg.yield %34 : f64
    } -> tensor<3x3xf64>
    %23 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %22 : tensor<3x3x3xf64>, tensor<3x3xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %34 = arith.addf %in, %in_8 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %24 = linalg.generic {indexing_maps = [#map8, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<3x3x3xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.mulf %in, %cst_0 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %25 = linalg.fill ins(%cst : f64) outs(%0 : tensor<3x3xf64>) -> tensor<3x3xf64>
    %reduced = linalg.reduce { arith.maximumf } ins(%24 : tensor<3x3x3xf64>) outs(%25 : tensor<3x3xf64>) dimensions = [2] 
    %26 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24, %reduced : tensor<3x3x3xf64>, tensor<3x3xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %34 = arith.subf %in, %in_8 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %27 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<3x3x3xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = math.exp2 %in : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %28 = tensor.empty() : tensor<3x3x1xf64>
    %29 = linalg.fill ins(%cst_3 : f64) outs(%28 : tensor<3x3x1xf64>) -> tensor<3x3x1xf64>
    %30 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%27 : tensor<3x3x3xf64>) outs(%29 : tensor<3x3x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.addf %out, %in : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x1xf64>
    %31 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<3x3x1xf64>) outs(%28 : tensor<3x3x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %34 = arith.divf %cst_1, %in : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x1xf64>
    %32 = linalg.generic {indexing_maps = [#map2, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %31 : tensor<3x3x3xf64>, tensor<3x3x1xf64>) outs(%2 : tensor<3x3x3xf64>) {
    ^bb0(%in: f64, %in_8: f64, %out: f64):
      %34 = arith.mulf %in, %in_8 : f64
      linalg.yield %34 : f64
    } -> tensor<3x3x3xf64>
    %33 = linalg.batch_matmul ins(%32, %broadcasted : tensor<3x3x3xf64>, tensor<3x3x3xf64>) outs(%4 : tensor<3x3x3xf64>) -> tensor<3x3x3xf64>
    return %33 : tensor<3x3x3xf64>
  }
}

