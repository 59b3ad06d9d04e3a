// One query row, whose unit dimension is read at no loop.
module {
  func.func @f17(%arg0: tensor<4xf32> {bufferization.writable = false}, %arg1: tensor<52xf32> {bufferization.writable = false}, %arg2: tensor<78xf32> {bufferization.writable = false}) -> tensor<6xf32> attributes {llvm.emit_c_interface} {
    %0 = tensor.expand_shape %arg1 [[0, 1]] output_shape [4, 13] : tensor<52xf32> into tensor<4x13xf32>
    %1 = tensor.empty() : tensor<13x4xf32>
    %2 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x13xf32>) outs(%1 : tensor<13x4xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      linalg.yield %in0 : f32
    } -> tensor<13x4xf32>
    %3 = tensor.expand_shape %arg0 [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
    %4 = tensor.empty() : tensor<13x1xf32>
    %5 = arith.constant 0.00000000000000000e+00 : f32
    %6 = linalg.fill ins(%5 : f32) outs(%4 : tensor<13x1xf32>) -> tensor<13x1xf32>
    %7 = linalg.matmul ins(%2, %3 : tensor<13x4xf32>, tensor<4x1xf32>) outs(%6 : tensor<13x1xf32>) -> tensor<13x1xf32>
    %8 = tensor.empty() : tensor<13x1xf32>
    %9 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%7 : tensor<13x1xf32>) outs(%8 : tensor<13x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %10 = arith.constant 3.33333333333333348e+00 : f32
      %11 = arith.divf %in0, %10 : f32
      linalg.yield %11 : f32
    } -> tensor<13x1xf32>
    %12 = tensor.empty() : tensor<1xf32>
    %13 = arith.constant 0xFF800000 : f32
    %14 = linalg.fill ins(%13 : f32) outs(%12 : tensor<1xf32>) -> tensor<1xf32>
    %15 = tensor.empty() : tensor<1xi64>
    %16 = arith.constant 0 : i64
    %17 = linalg.fill ins(%16 : i64) outs(%15 : tensor<1xi64>) -> tensor<1xi64>
    %18, %19 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1)>], iterator_types = ["reduction", "parallel"]} ins(%9 : tensor<13x1xf32>) outs(%14, %17 : tensor<1xf32>, tensor<1xi64>) {
    ^bb0(%in0: f32, %out0: f32, %out1: i64):
      %20 = arith.maximumf %in0, %out0 : f32
      %21 = arith.cmpf ogt, %in0, %out0 : f32
      %22 = linalg.index 0 : index
      %23 = arith.index_cast %22 : index to i64
      %24 = arith.select %21, %23, %out1 : i64
      linalg.yield %20, %24 : f32, i64
    } -> (tensor<1xf32>, tensor<1xi64>)
    %25 = tensor.collapse_shape %18 [] : tensor<1xf32> into tensor<f32>
    %26 = tensor.empty() : tensor<13xf32>
    %27 = linalg.broadcast ins(%25 : tensor<f32>) outs(%26 : tensor<13xf32>) dimensions = [0]
    %28 = tensor.empty() : tensor<13x1xf32>
    %29 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%9, %27 : tensor<13x1xf32>, tensor<13xf32>) outs(%28 : tensor<13x1xf32>) {
    ^bb0(%in0: f32, %in1: f32, %out0: f32):
      %30 = arith.subf %in0, %in1 : f32
      linalg.yield %30 : f32
    } -> tensor<13x1xf32>
    %31 = tensor.empty() : tensor<13x1xf32>
    %32 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%29 : tensor<13x1xf32>) outs(%31 : tensor<13x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %33 = math.exp %in0 : f32
      linalg.yield %33 : f32
    } -> tensor<13x1xf32>
    %34 = tensor.empty() : tensor<1xf32>
    %35 = arith.constant 0.00000000000000000e+00 : f32
    %36 = linalg.fill ins(%35 : f32) outs(%34 : tensor<1xf32>) -> tensor<1xf32>
    %37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>], iterator_types = ["reduction", "parallel"]} ins(%32 : tensor<13x1xf32>) outs(%36 : tensor<1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %38 = arith.addf %out0, %in0 : f32
      linalg.yield %38 : f32
    } -> tensor<1xf32>
    %39 = tensor.empty() : tensor<1xf32>
    %40 = linalg.generic {indexing_maps = [affine_map<(d0) -> (0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%37 : tensor<1xf32>) outs(%39 : tensor<1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %41 = math.log %in0 : f32
      linalg.yield %41 : f32
    } -> tensor<1xf32>
    %42 = tensor.empty() : tensor<13x1xf32>
    %43 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%29, %40 : tensor<13x1xf32>, tensor<1xf32>) outs(%42 : tensor<13x1xf32>) {
    ^bb0(%in0: f32, %in1: f32, %out0: f32):
      %44 = arith.subf %in0, %in1 : f32
      linalg.yield %44 : f32
    } -> tensor<13x1xf32>
    %45 = tensor.empty() : tensor<13x1xf32>
    %46 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%43 : tensor<13x1xf32>) outs(%45 : tensor<13x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %47 = math.exp %in0 : f32
      linalg.yield %47 : f32
    } -> tensor<13x1xf32>
    %48 = tensor.expand_shape %arg2 [[0, 1]] output_shape [13, 6] : tensor<78xf32> into tensor<13x6xf32>
    %49 = tensor.empty() : tensor<6x13xf32>
    %50 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%48 : tensor<13x6xf32>) outs(%49 : tensor<6x13xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      linalg.yield %in0 : f32
    } -> tensor<6x13xf32>
    %51 = tensor.collapse_shape %46 [[0, 1]] : tensor<13x1xf32> into tensor<13xf32>
    %52 = tensor.empty() : tensor<6xf32>
    %53 = arith.constant 0.00000000000000000e+00 : f32
    %54 = linalg.fill ins(%53 : f32) outs(%52 : tensor<6xf32>) -> tensor<6xf32>
    %55 = linalg.matvec ins(%50, %51 : tensor<6x13xf32>, tensor<13xf32>) outs(%54 : tensor<6xf32>) -> tensor<6xf32>
    return %55 : tensor<6xf32>
  }
}
