// The scores times +inf: NaN everywhere.
module {
  func.func @f110(%arg0: tensor<2x2x2x2x2xf64> {bufferization.writable = false}, %arg1: tensor<2x2x2x2x2xf64> {bufferization.writable = false}, %arg2: tensor<2x2x2x4xf64> {bufferization.writable = false}, %arg3: tensor<8xf64> {bufferization.writable = false}, %arg4: tensor<2x4x2x2xf64> {bufferization.writable = false}) -> tensor<2x2x2x2x2xf64> attributes {llvm.emit_c_interface} {
    %0 = arith.constant dense<2.99999999999999989e-01> : tensor<f64>
    %1 = tensor.expand_shape %0 [] output_shape [1, 1, 1, 1, 1] : tensor<f64> into tensor<1x1x1x1x1xf64>
    %2 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %3 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (0, 0, 0, 0, 0)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%1, %arg0 : tensor<1x1x1x1x1xf64>, tensor<2x2x2x2x2xf64>) outs(%2 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %4 = arith.mulf %in0, %in1 : f64
      linalg.yield %4 : f64
    } -> tensor<2x2x2x2x2xf64>
    %5 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %6 = linalg.transpose ins(%3 : tensor<2x2x2x2x2xf64>) outs(%5 : tensor<2x2x2x2x2xf64>) permutation = [0, 1, 2, 4, 3]
    %7 = tensor.collapse_shape %6 [[0, 1, 2], [3], [4]] : tensor<2x2x2x2x2xf64> into tensor<8x2x2xf64>
    %8 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %9 = linalg.transpose ins(%arg1 : tensor<2x2x2x2x2xf64>) outs(%8 : tensor<2x2x2x2x2xf64>) permutation = [0, 1, 2, 4, 3]
    %10 = tensor.collapse_shape %9 [[0, 1, 2], [3], [4]] : tensor<2x2x2x2x2xf64> into tensor<8x2x2xf64>
    %11 = tensor.empty() : tensor<8x2x2xf64>
    %12 = arith.constant 0.00000000000000000e+00 : f64
    %13 = linalg.fill ins(%12 : f64) outs(%11 : tensor<8x2x2xf64>) -> tensor<8x2x2xf64>
    %14 = linalg.batch_matmul indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>] ins(%7, %10 : tensor<8x2x2xf64>, tensor<8x2x2xf64>) outs(%13 : tensor<8x2x2xf64>) -> tensor<8x2x2xf64>
    %15 = tensor.expand_shape %arg3 [[0, 1, 2]] output_shape [2, 2, 2] : tensor<8xf64> into tensor<2x2x2xf64>
    %16 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %17 = linalg.broadcast ins(%15 : tensor<2x2x2xf64>) outs(%16 : tensor<2x2x2x2x2xf64>) dimensions = [0, 1]
    %18 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %19 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d1, d0, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%17 : tensor<2x2x2x2x2xf64>) outs(%18 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<2x2x2x2x2xf64>
    %20 = tensor.collapse_shape %19 [[0, 1, 2], [3], [4]] : tensor<2x2x2x2x2xf64> into tensor<8x2x2xf64>
    %21 = tensor.empty() : tensor<8x2x2xf64>
    %22 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %20 : tensor<8x2x2xf64>, tensor<8x2x2xf64>) outs(%21 : tensor<8x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %23 = arith.addf %in0, %in1 : f64
      linalg.yield %23 : f64
    } -> tensor<8x2x2xf64>
    %24 = tensor.expand_shape %22 [[0, 1, 2], [3], [4]] output_shape [2, 2, 2, 2, 2] : tensor<8x2x2xf64> into tensor<2x2x2x2x2xf64>
    %25 = tensor.collapse_shape %24 [[0], [1, 2], [3, 4]] : tensor<2x2x2x2x2xf64> into tensor<2x4x4xf64>
    %26 = tensor.empty() : tensor<2x4x4xf64>
    %27 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<2x4x4xf64>) outs(%26 : tensor<2x4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %28 = arith.constant 0x7FF0000000000000 : f64
      %29 = arith.mulf %in0, %28 : f64
      linalg.yield %29 : f64
    } -> tensor<2x4x4xf64>
    %30 = tensor.expand_shape %27 [[0], [1, 2], [3, 4]] output_shape [2, 2, 2, 2, 2] : tensor<2x4x4xf64> into tensor<2x2x2x2x2xf64>
    %31 = tensor.empty() : tensor<2x2x2x2xf64>
    %32 = arith.constant -1.79769313486231571e+308 : f64
    %33 = linalg.fill ins(%32 : f64) outs(%31 : tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %34 = linalg.reduce { arith.maxnumf } ins(%30 : tensor<2x2x2x2x2xf64>) outs(%33 : tensor<2x2x2x2xf64>) dimensions = [4]
    %35 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %36 = linalg.broadcast ins(%34 : tensor<2x2x2x2xf64>) outs(%35 : tensor<2x2x2x2x2xf64>) dimensions = [2]
    %37 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %38 = linalg.transpose ins(%36 : tensor<2x2x2x2x2xf64>) outs(%37 : tensor<2x2x2x2x2xf64>) permutation = [0, 1, 3, 4, 2]
    %39 = tensor.collapse_shape %38 [[0], [1, 2], [3, 4]] : tensor<2x2x2x2x2xf64> into tensor<2x4x4xf64>
    %40 = tensor.empty() : tensor<2x4x4xf64>
    %41 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %39 : tensor<2x4x4xf64>, tensor<2x4x4xf64>) outs(%40 : tensor<2x4x4xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %42 = arith.subf %in0, %in1 : f64
      %43 = math.exp2 %42 : f64
      linalg.yield %43 : f64
    } -> tensor<2x4x4xf64>
    %44 = tensor.expand_shape %41 [[0], [1, 2], [3, 4]] output_shape [2, 2, 2, 2, 2] : tensor<2x4x4xf64> into tensor<2x2x2x2x2xf64>
    %45 = tensor.collapse_shape %44 [[0], [1], [2, 3], [4]] : tensor<2x2x2x2x2xf64> into tensor<2x2x4x2xf64>
    %46 = tensor.empty() : tensor<2x2x4xf64>
    %47 = arith.constant 0.00000000000000000e+00 : f64
    %48 = linalg.fill ins(%47 : f64) outs(%46 : tensor<2x2x4xf64>) -> tensor<2x2x4xf64>
    %49 = linalg.reduce { arith.addf } ins(%45 : tensor<2x2x4x2xf64>) outs(%48 : tensor<2x2x4xf64>) dimensions = [3]
    %50 = tensor.expand_shape %49 [[0], [1], [2, 3]] output_shape [2, 2, 2, 2] : tensor<2x2x4xf64> into tensor<2x2x2x2xf64>
    %51 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %52 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%50 : tensor<2x2x2x2xf64>) outs(%51 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<2x2x2x2x2xf64>
    %53 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %54 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d4, d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%52 : tensor<2x2x2x2x2xf64>) outs(%53 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<2x2x2x2x2xf64>
    %55 = tensor.collapse_shape %54 [[0], [1, 2], [3, 4]] : tensor<2x2x2x2x2xf64> into tensor<2x4x4xf64>
    %56 = tensor.empty() : tensor<2x4x4xf64>
    %57 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41, %55 : tensor<2x4x4xf64>, tensor<2x4x4xf64>) outs(%56 : tensor<2x4x4xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %58 = arith.divf %in0, %in1 : f64
      linalg.yield %58 : f64
    } -> tensor<2x4x4xf64>
    %59 = tensor.expand_shape %arg4 [[0], [1, 2], [3], [4]] output_shape [2, 2, 2, 2, 2] : tensor<2x4x2x2xf64> into tensor<2x2x2x2x2xf64>
    %60 = tensor.empty() : tensor<2x2x2x2x2xf64>
    %61 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%59 : tensor<2x2x2x2x2xf64>) outs(%60 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<2x2x2x2x2xf64>
    %62 = tensor.expand_shape %arg2 [[0], [1], [2], [3, 4]] output_shape [2, 2, 2, 2, 2] : tensor<2x2x2x4xf64> into tensor<2x2x2x2x2xf64>
    %63 = tensor.expand_shape %57 [[0], [1, 2], [3, 4]] output_shape [2, 2, 2, 2, 2] : tensor<2x4x4xf64> into tensor<2x2x2x2x2xf64>
    %64 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d5, d3)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4, d5)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%62, %63 : tensor<2x2x2x2x2xf64>, tensor<2x2x2x2x2xf64>) outs(%61 : tensor<2x2x2x2x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %65 = arith.mulf %in0, %in1 : f64
      %66 = arith.addf %out0, %65 : f64
      linalg.yield %66 : f64
    } -> tensor<2x2x2x2x2xf64>
    return %64 : tensor<2x2x2x2x2xf64>
  }
}
