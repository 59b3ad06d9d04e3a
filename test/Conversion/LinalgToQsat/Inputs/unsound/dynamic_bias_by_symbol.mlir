// A bias read at an index with a run-time size in it, which no affine map of the op can hold.
// sizes: 3x2x2x4x4, 3x2x5x4, 2x5x9x3, 3x10
module {
  func.func @f25(%arg0: tensor<?x2x2x?x4xf64>, %arg1: tensor<?x2x?x4xf64>, %arg2: tensor<2x?x9x?xf64>, %arg3: tensor<?x?xf64>) -> tensor<?x?x9xf64> attributes {llvm.emit_c_interface} {
    %0 = arith.constant 0 : index
    %1 = tensor.dim %arg0, %0 : tensor<?x2x2x?x4xf64>
    %2 = arith.constant 3 : index
    %3 = tensor.dim %arg0, %2 : tensor<?x2x2x?x4xf64>
    %4 = arith.constant 2 : index
    %5 = tensor.dim %arg1, %4 : tensor<?x2x?x4xf64>
    %6 = tensor.empty(%1, %3) : tensor<?x2x2x?x4xf64>
    %7 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<?x2x2x?x4xf64>) outs(%6 : tensor<?x2x2x?x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %8 = arith.constant 5.00000000000000000e-01 : f64
      %9 = arith.mulf %in0, %8 : f64
      linalg.yield %9 : f64
    } -> tensor<?x2x2x?x4xf64>
    %10 = tensor.empty(%1, %5) : tensor<?x2x?x4xf64>
    %11 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg1 : tensor<?x2x?x4xf64>) outs(%10 : tensor<?x2x?x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %12 = arith.constant 2.00000000000000000e+00 : f64
      %13 = arith.divf %in0, %12 : f64
      linalg.yield %13 : f64
    } -> tensor<?x2x?x4xf64>
    %14 = tensor.empty(%1, %5) : tensor<4x?x2x?xf64>
    %15 = linalg.transpose ins(%11 : tensor<?x2x?x4xf64>) outs(%14 : tensor<4x?x2x?xf64>) permutation = [3, 0, 1, 2]
    %16 = tensor.empty(%1, %5) : tensor<?x2x?x4xf64>
    %17 = linalg.transpose ins(%15 : tensor<4x?x2x?xf64>) outs(%16 : tensor<?x2x?x4xf64>) permutation = [1, 2, 3, 0]
    %18 = tensor.collapse_shape %17 [[0, 1], [2], [3]] : tensor<?x2x?x4xf64> into tensor<?x?x4xf64>
    %19 = tensor.empty(%1, %3) : tensor<?x2x4x2x?xf64>
    %20 = linalg.transpose ins(%7 : tensor<?x2x2x?x4xf64>) outs(%19 : tensor<?x2x4x2x?xf64>) permutation = [0, 1, 4, 2, 3]
    %21 = tensor.collapse_shape %20 [[0, 1], [2], [3, 4]] : tensor<?x2x4x2x?xf64> into tensor<?x4x?xf64>
    %22 = arith.constant 2 : index
    %23 = arith.muli %22, %1 : index
    %24 = arith.constant 2 : index
    %25 = arith.muli %24, %3 : index
    %26 = tensor.empty(%23, %5, %25) : tensor<?x?x?xf64>
    %27 = arith.constant 0.00000000000000000e+00 : f64
    %28 = linalg.fill ins(%27 : f64) outs(%26 : tensor<?x?x?xf64>) -> tensor<?x?x?xf64>
    %29 = linalg.batch_matmul ins(%18, %21 : tensor<?x?x4xf64>, tensor<?x4x?xf64>) outs(%28 : tensor<?x?x?xf64>) -> tensor<?x?x?xf64>
    %30 = tensor.empty(%23, %5, %25) : tensor<?x?x?xf64>
    %31 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<?x?x?xf64>) outs(%30 : tensor<?x?x?xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %32 = arith.constant 5.00000000000000000e-01 : f64
      %33 = arith.mulf %in0, %32 : f64
      linalg.yield %33 : f64
    } -> tensor<?x?x?xf64>
    %34 = tensor.expand_shape %arg3 [[0], [1, 2]] output_shape [%1, 2, %5] : tensor<?x?xf64> into tensor<?x2x?xf64>
    %35 = tensor.empty(%3, %1, %5) : tensor<2x?x?x2x?xf64>
    %36 = linalg.broadcast ins(%34 : tensor<?x2x?xf64>) outs(%35 : tensor<2x?x?x2x?xf64>) dimensions = [0, 1]
    %37 = tensor.empty(%1, %5, %3) : tensor<?x2x?x2x?xf64>
    %38 = linalg.transpose ins(%36 : tensor<2x?x?x2x?xf64>) outs(%37 : tensor<?x2x?x2x?xf64>) permutation = [2, 3, 4, 0, 1]
    %39 = tensor.collapse_shape %38 [[0, 1], [2], [3, 4]] : tensor<?x2x?x2x?xf64> into tensor<?x?x?xf64>
    %40 = tensor.empty(%23, %5, %25) : tensor<?x?x?xf64>
    %41 = linalg.add ins(%31, %39 : tensor<?x?x?xf64>, tensor<?x?x?xf64>) outs(%40 : tensor<?x?x?xf64>) -> tensor<?x?x?xf64>
    %42 = tensor.empty(%25, %5, %23) : tensor<?x?x?xf64>
    %43 = linalg.transpose ins(%41 : tensor<?x?x?xf64>) outs(%42 : tensor<?x?x?xf64>) permutation = [2, 1, 0]
    %44 = tensor.empty(%25, %5, %23) : tensor<?x?x?xf64>
    %45 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43 : tensor<?x?x?xf64>) outs(%44 : tensor<?x?x?xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %46 = linalg.index 1 : index
      %47 = linalg.index 0 : index
      %48 = arith.constant 11 : index
      %49 = arith.remui %47, %48 : index
      %50 = arith.subi %46, %49 : index
      %51 = arith.constant 0 : index
      %52 = arith.cmpi sle, %50, %51 : index
      %53 = linalg.index 0 : index
      %54 = arith.constant 11 : index
      %55 = arith.remui %53, %54 : index
      %56 = linalg.index 1 : index
      %57 = arith.subi %55, %56 : index
      %58 = arith.constant 8 : index
      %59 = arith.cmpi slt, %57, %58 : index
      %60 = arith.andi %52, %59 : i1
      %61 = arith.constant false
      %62 = arith.cmpi eq, %60, %61 : i1
      %63 = arith.constant -1.00000000000000000e+09 : f64
      %64 = arith.constant 0.00000000000000000e+00 : f64
      %65 = arith.select %62, %63, %64 : f64
      %66 = arith.addf %in0, %65 : f64
      linalg.yield %66 : f64
    } -> tensor<?x?x?xf64>
    %67 = tensor.expand_shape %45 [[0, 1], [2], [3, 4]] output_shape [2, %3, %5, %1, 2] : tensor<?x?x?xf64> into tensor<2x?x?x?x2xf64>
    %68 = tensor.empty(%3, %1, %5) : tensor<?x2x?x2x?xf64>
    %69 = linalg.transpose ins(%67 : tensor<2x?x?x?x2xf64>) outs(%68 : tensor<?x2x?x2x?xf64>) permutation = [1, 0, 3, 4, 2]
    %70 = tensor.empty(%3, %1) : tensor<?x2x?x2xf64>
    %71 = arith.constant 0xFFF0000000000000 : f64
    %72 = linalg.fill ins(%71 : f64) outs(%70 : tensor<?x2x?x2xf64>) -> tensor<?x2x?x2xf64>
    %73 = linalg.reduce { arith.maximumf } ins(%69 : tensor<?x2x?x2x?xf64>) outs(%72 : tensor<?x2x?x2xf64>) dimensions = [4]
    %74 = tensor.empty(%3, %1) : tensor<?x2x?x2xf64>
    %75 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73 : tensor<?x2x?x2xf64>) outs(%74 : tensor<?x2x?x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %76 = arith.constant 0xFFF0000000000000 : f64
      %77 = arith.maximumf %76, %in0 : f64
      linalg.yield %77 : f64
    } -> tensor<?x2x?x2xf64>
    %78 = tensor.empty(%3, %1) : tensor<?x2x?x2xf64>
    %79 = linalg.transpose ins(%75 : tensor<?x2x?x2xf64>) outs(%78 : tensor<?x2x?x2xf64>) permutation = [0, 3, 2, 1]
    %80 = tensor.expand_shape %79 [[0, 1], [2], [3], [4]] output_shape [1, %3, 2, %1, 2] : tensor<?x2x?x2xf64> into tensor<1x?x2x?x2xf64>
    %81 = tensor.empty(%5, %3, %1) : tensor<?x?x2x?x2xf64>
    %82 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<1x?x2x?x2xf64>) outs(%81 : tensor<?x?x2x?x2xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<?x?x2x?x2xf64>
    %83 = tensor.empty(%3, %1, %5) : tensor<?x2x?x2x?xf64>
    %84 = linalg.transpose ins(%82 : tensor<?x?x2x?x2xf64>) outs(%83 : tensor<?x2x?x2x?xf64>) permutation = [1, 4, 3, 2, 0]
    %85 = tensor.empty(%3, %1, %5) : tensor<?x2x?x2x?xf64>
    %86 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%69, %84 : tensor<?x2x?x2x?xf64>, tensor<?x2x?x2x?xf64>) outs(%85 : tensor<?x2x?x2x?xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %87 = arith.subf %in0, %in1 : f64
      %88 = math.exp %87 : f64
      linalg.yield %88 : f64
    } -> tensor<?x2x?x2x?xf64>
    %89 = tensor.empty(%3, %1) : tensor<?x2x?x2x1xf64>
    %90 = arith.constant 0.00000000000000000e+00 : f64
    %91 = linalg.fill ins(%90 : f64) outs(%89 : tensor<?x2x?x2x1xf64>) -> tensor<?x2x?x2x1xf64>
    %92 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, 0)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%86 : tensor<?x2x?x2x?xf64>) outs(%91 : tensor<?x2x?x2x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %93 = arith.addf %out0, %in0 : f64
      linalg.yield %93 : f64
    } -> tensor<?x2x?x2x1xf64>
    %94 = tensor.empty(%3, %1, %5) : tensor<?x2x?x2x?xf64>
    %95 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, 0)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%86, %92 : tensor<?x2x?x2x?xf64>, tensor<?x2x?x2x1xf64>) outs(%94 : tensor<?x2x?x2x?xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %96 = arith.divf %in0, %in1 : f64
      linalg.yield %96 : f64
    } -> tensor<?x2x?x2x?xf64>
    %97 = tensor.empty(%5, %3, %1) : tensor<?x?x?x2x2xf64>
    %98 = linalg.transpose ins(%95 : tensor<?x2x?x2x?xf64>) outs(%97 : tensor<?x?x?x2x2xf64>) permutation = [4, 0, 2, 1, 3]
    %99 = tensor.empty(%1, %3) : tensor<?x2x9x2x?xf64>
    %100 = arith.constant 0.00000000000000000e+00 : f64
    %101 = linalg.fill ins(%100 : f64) outs(%99 : tensor<?x2x9x2x?xf64>) -> tensor<?x2x9x2x?xf64>
    %102 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d5, d2, d0)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d5, d4, d0, d3, d1)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4)>] ins(%arg2, %98 : tensor<2x?x9x?xf64>, tensor<?x?x?x2x2xf64>) outs(%101 : tensor<?x2x9x2x?xf64>) -> tensor<?x2x9x2x?xf64>
    %103 = tensor.empty(%1, %3) : tensor<?x2x2x?x9xf64>
    %104 = linalg.transpose ins(%102 : tensor<?x2x9x2x?xf64>) outs(%103 : tensor<?x2x2x?x9xf64>) permutation = [0, 1, 3, 4, 2]
    %105 = tensor.collapse_shape %104 [[0, 1, 2], [3], [4]] : tensor<?x2x2x?x9xf64> into tensor<?x?x9xf64>
    return %105 : tensor<?x?x9xf64>
  }
}
