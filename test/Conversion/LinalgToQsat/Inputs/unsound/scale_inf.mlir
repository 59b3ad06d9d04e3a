// A scale of infinity: NaN everywhere.
module {
  func.func @f57(%arg0: tensor<16xf64>, %arg1: tensor<4x4xf64>, %arg2: tensor<16xf64>) -> tensor<4x4xf64> attributes {llvm.emit_c_interface} {
    %0 = tensor.empty() : tensor<16xf64>
    %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%arg0 : tensor<16xf64>) outs(%0 : tensor<16xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %2 = arith.constant 1.19348319192733698e+00 : f64
      %3 = arith.mulf %in0, %2 : f64
      linalg.yield %3 : f64
    } -> tensor<16xf64>
    %4 = tensor.empty() : tensor<4x4xf64>
    %5 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<4x4xf64>) outs(%4 : tensor<4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %6 = arith.constant 1.19348319192733698e+00 : f64
      %7 = arith.mulf %in0, %6 : f64
      linalg.yield %7 : f64
    } -> tensor<4x4xf64>
    %8 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [4, 2, 2] : tensor<16xf64> into tensor<4x2x2xf64>
    %9 = tensor.expand_shape %5 [[0], [1, 2]] output_shape [4, 2, 2] : tensor<4x4xf64> into tensor<4x2x2xf64>
    %10 = tensor.empty() : tensor<4x2x2xf64>
    %11 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<4x2x2xf64>) outs(%10 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x2x2xf64>
    %12 = tensor.empty() : tensor<4x2x2xf64>
    %13 = arith.constant 0.00000000000000000e+00 : f64
    %14 = linalg.fill ins(%13 : f64) outs(%12 : tensor<4x2x2xf64>) -> tensor<4x2x2xf64>
    %15 = linalg.batch_matmul ins(%8, %11 : tensor<4x2x2xf64>, tensor<4x2x2xf64>) outs(%14 : tensor<4x2x2xf64>) -> tensor<4x2x2xf64>
    %16 = tensor.empty() : tensor<4x2x2xf64>
    %17 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<4x2x2xf64>) outs(%16 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %18 = arith.constant 1.19348319192733698e+00 : f64
      %19 = arith.mulf %18, %in0 : f64
      linalg.yield %19 : f64
    } -> tensor<4x2x2xf64>
    %20 = tensor.empty() : tensor<4x2xf64>
    %21 = arith.constant 0xFFF0000000000000 : f64
    %22 = linalg.fill ins(%21 : f64) outs(%20 : tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = tensor.empty() : tensor<4x2xi64>
    %24 = arith.constant 0 : i64
    %25 = linalg.fill ins(%24 : i64) outs(%23 : tensor<4x2xi64>) -> tensor<4x2xi64>
    %26, %27 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%17 : tensor<4x2x2xf64>) outs(%22, %25 : tensor<4x2xf64>, tensor<4x2xi64>) {
    ^bb0(%in0: f64, %out0: f64, %out1: i64):
      %28 = arith.maximumf %in0, %out0 : f64
      %29 = arith.cmpf ogt, %in0, %out0 : f64
      %30 = linalg.index 2 : index
      %31 = arith.index_cast %30 : index to i64
      %32 = arith.select %29, %31, %out1 : i64
      linalg.yield %28, %32 : f64, i64
    } -> (tensor<4x2xf64>, tensor<4x2xi64>)
    %33 = tensor.expand_shape %26 [[0], [1, 2]] output_shape [4, 2, 1] : tensor<4x2xf64> into tensor<4x2x1xf64>
    %34 = tensor.empty() : tensor<4x2x2xf64>
    %35 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17, %33 : tensor<4x2x2xf64>, tensor<4x2x1xf64>) outs(%34 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %36 = arith.subf %in0, %in1 : f64
      linalg.yield %36 : f64
    } -> tensor<4x2x2xf64>
    %37 = tensor.collapse_shape %35 [[0, 1, 2]] : tensor<4x2x2xf64> into tensor<16xf64>
    %38 = tensor.empty() : tensor<16xf64>
    %39 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%37 : tensor<16xf64>) outs(%38 : tensor<16xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %40 = arith.constant 0x7FF0000000000000 : f64
      %41 = arith.mulf %in0, %40 : f64
      linalg.yield %41 : f64
    } -> tensor<16xf64>
    %42 = tensor.empty() : tensor<16xf64>
    %43 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%39 : tensor<16xf64>) outs(%42 : tensor<16xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %44 = math.exp2 %in0 : f64
      linalg.yield %44 : f64
    } -> tensor<16xf64>
    %45 = tensor.expand_shape %43 [[0, 1, 2]] output_shape [4, 2, 2] : tensor<16xf64> into tensor<4x2x2xf64>
    %46 = tensor.collapse_shape %45 [[0, 1], [2]] : tensor<4x2x2xf64> into tensor<8x2xf64>
    %47 = tensor.empty() : tensor<8x1xf64>
    %48 = arith.constant 0.00000000000000000e+00 : f64
    %49 = linalg.fill ins(%48 : f64) outs(%47 : tensor<8x1xf64>) -> tensor<8x1xf64>
    %50 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, 0)>], iterator_types = ["parallel", "reduction"]} ins(%46 : tensor<8x2xf64>) outs(%49 : tensor<8x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %51 = arith.addf %out0, %in0 : f64
      linalg.yield %51 : f64
    } -> tensor<8x1xf64>
    %52 = tensor.expand_shape %arg2 [[0, 1, 2]] output_shape [4, 2, 2] : tensor<16xf64> into tensor<4x2x2xf64>
    %53 = tensor.expand_shape %43 [[0, 1, 2]] output_shape [4, 2, 2] : tensor<16xf64> into tensor<4x2x2xf64>
    %54 = tensor.empty() : tensor<4x2x2xf64>
    %55 = arith.constant 0.00000000000000000e+00 : f64
    %56 = linalg.fill ins(%55 : f64) outs(%54 : tensor<4x2x2xf64>) -> tensor<4x2x2xf64>
    %57 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%52, %53 : tensor<4x2x2xf64>, tensor<4x2x2xf64>) outs(%56 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %58 = arith.mulf %in1, %in0 : f64
      %59 = arith.addf %out0, %58 : f64
      linalg.yield %59 : f64
    } -> tensor<4x2x2xf64>
    %60 = tensor.collapse_shape %50 [[0, 1]] : tensor<8x1xf64> into tensor<8xf64>
    %61 = tensor.expand_shape %60 [[0, 1]] output_shape [4, 2] : tensor<8xf64> into tensor<4x2xf64>
    %62 = tensor.empty() : tensor<4x2x2xf64>
    %63 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%57, %61 : tensor<4x2x2xf64>, tensor<4x2xf64>) outs(%62 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %64 = arith.divf %in0, %in1 : f64
      linalg.yield %64 : f64
    } -> tensor<4x2x2xf64>
    %65 = tensor.empty() : tensor<4x2x2xf64>
    %66 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<4x2x2xf64>) outs(%65 : tensor<4x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %67 = linalg.index 2 : index
      %68 = arith.index_cast %67 : index to i64
      %69 = arith.sitofp %68 : i64 to f64
      %70 = arith.constant 2.50000000000000000e-01 : f64
      %71 = arith.mulf %69, %70 : f64
      %72 = arith.constant 7.50000000000000000e-01 : f64
      %73 = arith.addf %71, %72 : f64
      %74 = arith.addf %in0, %73 : f64
      linalg.yield %74 : f64
    } -> tensor<4x2x2xf64>
    %75 = tensor.collapse_shape %66 [[0], [1, 2]] : tensor<4x2x2xf64> into tensor<4x4xf64>
    return %75 : tensor<4x4xf64>
  }
}
