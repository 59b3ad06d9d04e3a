// A finite fill after a mask of -inf: for one head it replaces what the mask hid.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
#map3 = affine_map<(d0, d1, d2) -> ()>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#map8 = affine_map<(d0) -> (d0)>
#map9 = affine_map<(d0, d1, d2) -> (d2)>
#map10 = affine_map<(d0, d1) -> ()>
#map11 = affine_map<(d0, d1) -> (d0, d1)>
#map12 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map13 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d3, d1)>
module {
  func.func @f45(%arg0: tensor<4x3x4xf64>, %arg1: tensor<4x3x3xf64>, %arg2: tensor<4x9xf64>, %arg3: tensor<4x4x3xf64>) -> tensor<4x3x4xf64> attributes {llvm.emit_c_interface} {
    %cst = arith.constant 0.57735026918962584 : f64
    %cst_0 = arith.constant 0x7FF8000000000000 : f64
    %cst_1 = arith.constant 0xFFF0000000000000 : f64
    %true = arith.constant true
    %c0_i32 = arith.constant 0 : i32
    %cst_2 = arith.constant -1.000000e+09 : f64
    %c3 = arith.constant 3 : index
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %cst_3 = arith.constant dense<0xFFF0000000000000> : tensor<f64>
    %cst_4 = arith.constant 0.000000e+00 : f64
    %0 = tensor.empty() : tensor<3x4x3xf64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]} outs(%0 : tensor<3x4x3xf64>) {
    ^bb0(%out: f64):
      linalg.yield %cst : f64
    } -> tensor<3x4x3xf64>
    %2 = tensor.empty() : tensor<4x3x3xf64>
    %3 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<3x4x3xf64>) outs(%2 : tensor<4x3x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x3x3xf64>
    %4 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1, %3 : tensor<4x3x3xf64>, tensor<4x3x3xf64>) outs(%2 : tensor<4x3x3xf64>) {
    ^bb0(%in: f64, %in_5: f64, %out: f64):
      %32 = arith.mulf %in, %in_5 : f64
      linalg.yield %32 : f64
    } -> tensor<4x3x3xf64>
    %5 = tensor.empty() : tensor<4x4x3xf64>
    %6 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<4x3x4xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x4x3xf64>
    %7 = tensor.empty() : tensor<4x3x4xf64>
    %8 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4 : f64) outs(%7 : tensor<4x3x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x3x4xf64>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%4, %6 : tensor<4x3x3xf64>, tensor<4x4x3xf64>) outs(%8 : tensor<4x3x4xf64>) {
    ^bb0(%in: f64, %in_5: f64, %out: f64):
      %32 = arith.mulf %in, %in_5 : f64
      %33 = arith.addf %out, %32 : f64
      linalg.yield %33 : f64
    } -> tensor<4x3x4xf64>
    %10 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %arg3 : tensor<4x3x4xf64>, tensor<4x4x3xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: f64, %in_5: f64, %out: f64):
      %32 = arith.addf %in, %in_5 : f64
      linalg.yield %32 : f64
    } -> tensor<4x4x3xf64>
    %11 = tensor.empty() : tensor<3xi64>
    %12 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel"]} outs(%11 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %32 = linalg.index 0 : index
      %33 = arith.index_cast %32 : index to i64
      linalg.yield %33 : i64
    } -> tensor<3xi64>
    %13 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel"]} ins(%12 : tensor<3xi64>) outs(%11 : tensor<3xi64>) {
    ^bb0(%in: i64, %out: i64):
      %32 = arith.addi %in, %c1_i64 : i64
      linalg.yield %32 : i64
    } -> tensor<3xi64>
    %14 = linalg.generic {indexing_maps = [#map, #map9, #map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10, %13, %cst_3 : tensor<4x4x3xf64>, tensor<3xi64>, tensor<f64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: f64, %in_5: i64, %in_6: f64, %out: f64):
      %32 = linalg.index 1 : index
      %33 = arith.index_cast %32 : index to i64
      %34 = arith.subi %in_5, %33 : i64
      %35 = arith.cmpi sge, %34, %c0_i64 : i64
      %36 = arith.addi %32, %c2 : index
      %37 = linalg.index 2 : index
      %38 = arith.subi %36, %37 : index
      %39 = arith.cmpi sge, %38, %c0 : index
      %40 = arith.andi %35, %39 : i1
      %41 = arith.select %40, %cst_4, %in_6 : f64
      %42 = arith.addf %in, %41 : f64
      linalg.yield %42 : f64
    } -> tensor<4x4x3xf64>
    %15 = tensor.empty() : tensor<3xi32>
    %16 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel"]} outs(%15 : tensor<3xi32>) {
    ^bb0(%out: i32):
      %32 = linalg.index 0 : index
      %33 = arith.index_cast %32 : index to i32
      linalg.yield %33 : i32
    } -> tensor<3xi32>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<4x4x3xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: f64, %out: f64):
      %32 = linalg.index 0 : index
      %33 = arith.cmpi eq, %32, %c3 : index
      %34 = arith.select %33, %cst_2, %in : f64
      linalg.yield %34 : f64
    } -> tensor<4x4x3xf64>
    %18 = linalg.generic {indexing_maps = [#map9, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %17 : tensor<3xi32>, tensor<4x4x3xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: i32, %in_5: f64, %out: f64):
      %32 = linalg.index 1 : index
      %33 = arith.index_cast %32 : index to i32
      %34 = arith.subi %33, %in : i32
      %35 = arith.cmpi slt, %34, %c0_i32 : i32
      %36 = arith.select %35, %cst_1, %cst_4 : f64
      %37 = arith.addf %36, %in_5 : f64
      linalg.yield %37 : f64
    } -> tensor<4x4x3xf64>
    %19 = tensor.empty() : tensor<4x4xf64>
    %20 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel"]} ins(%cst_0 : f64) outs(%19 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x4xf64>
    %21 = linalg.generic {indexing_maps = [#map, #map12], iterator_types = ["parallel", "parallel", "reduction"]} ins(%18 : tensor<4x4x3xf64>) outs(%20 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %32 = arith.maxnumf %out, %in : f64
      linalg.yield %32 : f64
    } -> tensor<4x4xf64>
    %22 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %21 : tensor<4x4x3xf64>, tensor<4x4xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: f64, %in_5: f64, %out: f64):
      %32 = arith.subf %in, %in_5 : f64
      %33 = math.exp %32 : f64
      linalg.yield %33 : f64
    } -> tensor<4x4x3xf64>
    %23 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel"]} ins(%cst_4 : f64) outs(%19 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      linalg.yield %in : f64
    } -> tensor<4x4xf64>
    %24 = linalg.generic {indexing_maps = [#map, #map12], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<4x4x3xf64>) outs(%23 : tensor<4x4xf64>) {
    ^bb0(%in: f64, %out: f64):
      %32 = arith.addf %out, %in : f64
      linalg.yield %32 : f64
    } -> tensor<4x4xf64>
    %25 = tensor.empty() : tensor<4x4x3xi1>
    %26 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<4x4x3xf64>) outs(%25 : tensor<4x4x3xi1>) {
    ^bb0(%in: f64, %out: i1):
      %32 = arith.cmpf oeq, %in, %cst_1 : f64
      linalg.yield %32 : i1
    } -> tensor<4x4x3xi1>
    %27 = tensor.empty() : tensor<4x4x1xi1>
    %28 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%true : i1) outs(%27 : tensor<4x4x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<4x4x1xi1>
    %29 = linalg.generic {indexing_maps = [#map, #map13], iterator_types = ["parallel", "parallel", "reduction"]} ins(%26 : tensor<4x4x3xi1>) outs(%28 : tensor<4x4x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %32 = arith.andi %in, %out : i1
      linalg.yield %32 : i1
    } -> tensor<4x4x1xi1>
    %30 = linalg.generic {indexing_maps = [#map13, #map, #map12, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29, %22, %24 : tensor<4x4x1xi1>, tensor<4x4x3xf64>, tensor<4x4xf64>) outs(%5 : tensor<4x4x3xf64>) {
    ^bb0(%in: i1, %in_5: f64, %in_6: f64, %out: f64):
      %32 = arith.divf %in_5, %in_6 : f64
      %33 = arith.select %in, %cst_4, %32 : f64
      linalg.yield %33 : f64
    } -> tensor<4x4x3xf64>
    %expanded = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [4, 3, 3] : tensor<4x9xf64> into tensor<4x3x3xf64>
    %31 = linalg.generic {indexing_maps = [#map14, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%expanded, %30 : tensor<4x3x3xf64>, tensor<4x4x3xf64>) outs(%8 : tensor<4x3x4xf64>) {
    ^bb0(%in: f64, %in_5: f64, %out: f64):
      %32 = arith.mulf %in, %in_5 : f64
      %33 = arith.addf %out, %32 : f64
      linalg.yield %33 : f64
    } -> tensor<4x3x4xf64>
    return %31 : tensor<4x3x4xf64>
  }
}

