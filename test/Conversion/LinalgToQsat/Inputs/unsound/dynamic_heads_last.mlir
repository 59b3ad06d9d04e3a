// The query heads of one key/value head are the last dimension of queries of run-time size.
// sizes: 4x11x2x3, 4x2x7, 2x7x6
module {
  func.func @f39(%arg0: tensor<4x?x?x3xf16>, %arg1: tensor<4x?x?xf16>, %arg2: tensor<?x?x6xf16>) -> tensor<?x6x3x?xf16> attributes {llvm.emit_c_interface} {
    %0 = arith.constant 1 : index
    %1 = tensor.dim %arg0, %0 : tensor<4x?x?x3xf16>
    %2 = arith.constant 2 : index
    %3 = tensor.dim %arg0, %2 : tensor<4x?x?x3xf16>
    %4 = arith.constant 2 : index
    %5 = tensor.dim %arg1, %4 : tensor<4x?x?xf16>
    %6 = tensor.empty(%1, %3) : tensor<4x?x?x3xf32>
    %7 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<4x?x?x3xf16>) outs(%6 : tensor<4x?x?x3xf32>) {
    ^bb0(%in0: f16, %out0: f32):
      %8 = arith.extf %in0 : f16 to f32
      linalg.yield %8 : f32
    } -> tensor<4x?x?x3xf32>
    %9 = tensor.empty(%3, %5) : tensor<4x?x?xf32>
    %10 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1 : tensor<4x?x?xf16>) outs(%9 : tensor<4x?x?xf32>) {
    ^bb0(%in0: f16, %out0: f32):
      %11 = arith.extf %in0 : f16 to f32
      linalg.yield %11 : f32
    } -> tensor<4x?x?xf32>
    %12 = tensor.empty(%3, %5) : tensor<4x?x?xf32>
    %13 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10 : tensor<4x?x?xf32>) outs(%12 : tensor<4x?x?xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %14 = arith.constant 2.00000000000000000e+00 : f32
      %15 = arith.divf %in0, %14 : f32
      linalg.yield %15 : f32
    } -> tensor<4x?x?xf32>
    %16 = tensor.empty(%3, %1) : tensor<?x3x?x4xf32>
    %17 = linalg.transpose ins(%7 : tensor<4x?x?x3xf32>) outs(%16 : tensor<?x3x?x4xf32>) permutation = [2, 3, 1, 0]
    %18 = tensor.collapse_shape %17 [[0], [1, 2], [3]] : tensor<?x3x?x4xf32> into tensor<?x?x4xf32>
    %19 = tensor.empty(%3, %5) : tensor<?x4x?xf32>
    %20 = linalg.transpose ins(%13 : tensor<4x?x?xf32>) outs(%19 : tensor<?x4x?xf32>) permutation = [1, 0, 2]
    %21 = arith.constant 3 : index
    %22 = arith.muli %21, %1 : index
    %23 = tensor.empty(%3, %22, %5) : tensor<?x?x?xf32>
    %24 = arith.constant 0.00000000000000000e+00 : f32
    %25 = linalg.fill ins(%24 : f32) outs(%23 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %26 = linalg.batch_matmul ins(%18, %20 : tensor<?x?x4xf32>, tensor<?x4x?xf32>) outs(%25 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %27 = tensor.empty(%3, %22) : tensor<?x?xf32>
    %28 = arith.constant 0xFF800000 : f32
    %29 = linalg.fill ins(%28 : f32) outs(%27 : tensor<?x?xf32>) -> tensor<?x?xf32>
    %30 = linalg.reduce { arith.maximumf } ins(%26 : tensor<?x?x?xf32>) outs(%29 : tensor<?x?xf32>) dimensions = [2]
    %31 = tensor.empty(%3, %22, %5) : tensor<?x?x?xf32>
    %32 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26, %30 : tensor<?x?x?xf32>, tensor<?x?xf32>) outs(%31 : tensor<?x?x?xf32>) {
    ^bb0(%in0: f32, %in1: f32, %out0: f32):
      %33 = arith.subf %in0, %in1 : f32
      linalg.yield %33 : f32
    } -> tensor<?x?x?xf32>
    %34 = tensor.empty(%3, %22, %5) : tensor<?x?x?xf32>
    %35 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<?x?x?xf32>) outs(%34 : tensor<?x?x?xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %36 = math.exp %in0 : f32
      linalg.yield %36 : f32
    } -> tensor<?x?x?xf32>
    %37 = tensor.empty(%3, %22) : tensor<?x?x1xf32>
    %38 = arith.constant 0.00000000000000000e+00 : f32
    %39 = linalg.fill ins(%38 : f32) outs(%37 : tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
    %40 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%35 : tensor<?x?x?xf32>) outs(%39 : tensor<?x?x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %41 = arith.addf %in0, %out0 : f32
      linalg.yield %41 : f32
    } -> tensor<?x?x1xf32>
    %42 = tensor.empty(%3, %22, %5) : tensor<?x?x?xf32>
    %43 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35, %40 : tensor<?x?x?xf32>, tensor<?x?x1xf32>) outs(%42 : tensor<?x?x?xf32>) {
    ^bb0(%in0: f32, %in1: f32, %out0: f32):
      %44 = arith.divf %in0, %in1 : f32
      linalg.yield %44 : f32
    } -> tensor<?x?x?xf32>
    %45 = tensor.empty(%3, %22, %5) : tensor<?x?x?xf16>
    %46 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43 : tensor<?x?x?xf32>) outs(%45 : tensor<?x?x?xf16>) {
    ^bb0(%in0: f32, %out0: f16):
      %47 = arith.truncf %in0 : f32 to f16
      linalg.yield %47 : f16
    } -> tensor<?x?x?xf16>
    %48 = tensor.empty(%3, %5) : tensor<?x6x?xf16>
    %49 = linalg.transpose ins(%arg2 : tensor<?x?x6xf16>) outs(%48 : tensor<?x6x?xf16>) permutation = [0, 2, 1]
    %50 = tensor.empty(%3, %5, %22) : tensor<?x?x?xf16>
    %51 = linalg.transpose ins(%46 : tensor<?x?x?xf16>) outs(%50 : tensor<?x?x?xf16>) permutation = [0, 2, 1]
    %52 = tensor.empty(%3, %22) : tensor<?x6x?xf32>
    %53 = arith.constant 0.00000000000000000e+00 : f32
    %54 = linalg.fill ins(%53 : f32) outs(%52 : tensor<?x6x?xf32>) -> tensor<?x6x?xf32>
    %55 = linalg.batch_matmul ins(%49, %51 : tensor<?x6x?xf16>, tensor<?x?x?xf16>) outs(%54 : tensor<?x6x?xf32>) -> tensor<?x6x?xf32>
    %56 = tensor.empty(%3, %22) : tensor<?x6x?xf16>
    %57 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%55 : tensor<?x6x?xf32>) outs(%56 : tensor<?x6x?xf16>) {
    ^bb0(%in0: f32, %out0: f16):
      %58 = arith.truncf %in0 : f32 to f16
      linalg.yield %58 : f16
    } -> tensor<?x6x?xf16>
    %59 = tensor.expand_shape %57 [[0], [1], [2, 3]] output_shape [%3, 6, 3, %1] : tensor<?x6x?xf16> into tensor<?x6x3x?xf16>
    return %59 : tensor<?x6x3x?xf16>
  }
}
