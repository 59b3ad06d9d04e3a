// What is added lies below the lowest number of f16, where the maximum starts: all weights are 0.
module {
  func.func @added_below_maximum(%arg0: tensor<4x2xf16> {bufferization.writable = false}, %arg1: tensor<2x4xf16> {bufferization.writable = false}, %arg2: tensor<2x4xf16> {bufferization.writable = false}, %arg3: tensor<2x2x2xf16> {bufferization.writable = false}, %arg4: tensor<2xi1> {bufferization.writable = false}) -> tensor<2x2x2xf16> attributes {llvm.emit_c_interface} {
    %0 = arith.constant dense<5.47722557505166074e-01> : tensor<f16>
    %1 = tensor.empty() : tensor<4x2xf16>
    %2 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg0, %0 : tensor<4x2xf16>, tensor<f16>) outs(%1 : tensor<4x2xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %3 = arith.mulf %in0, %in1 : f16
      linalg.yield %3 : f16
    } -> tensor<4x2xf16>
    %4 = arith.constant dense<5.47722557505166074e-01> : tensor<f16>
    %5 = tensor.empty() : tensor<2x4xf16>
    %6 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg1, %4 : tensor<2x4xf16>, tensor<f16>) outs(%5 : tensor<2x4xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %7 = arith.mulf %in0, %in1 : f16
      linalg.yield %7 : f16
    } -> tensor<2x4xf16>
    %8 = tensor.expand_shape %2 [[0, 1], [2]] output_shape [2, 2, 2] : tensor<4x2xf16> into tensor<2x2x2xf16>
    %9 = tensor.expand_shape %6 [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf16> into tensor<2x2x2xf16>
    %10 = tensor.empty() : tensor<2x2x2xf16>
    %11 = linalg.transpose ins(%9 : tensor<2x2x2xf16>) outs(%10 : tensor<2x2x2xf16>) permutation = [0, 2, 1]
    %12 = tensor.empty() : tensor<2x2x2xf16>
    %13 = arith.constant 0.00000000000000000e+00 : f16
    %14 = linalg.fill ins(%13 : f16) outs(%12 : tensor<2x2x2xf16>) -> tensor<2x2x2xf16>
    %15 = linalg.batch_matmul ins(%8, %11 : tensor<2x2x2xf16>, tensor<2x2x2xf16>) outs(%14 : tensor<2x2x2xf16>) -> tensor<2x2x2xf16>
    %16 = tensor.empty() : tensor<2x2x2xf16>
    %17 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15, %arg3 : tensor<2x2x2xf16>, tensor<2x2x2xf16>) outs(%16 : tensor<2x2x2xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %18 = arith.addf %in0, %in1 : f16
      linalg.yield %18 : f16
    } -> tensor<2x2x2xf16>
    %19 = arith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1>
    %20 = tensor.empty() : tensor<2x2xi1>
    %21 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%19, %arg4 : tensor<2x2xi1>, tensor<2xi1>) outs(%20 : tensor<2x2xi1>) {
    ^bb0(%in0: i1, %in1: i1, %out0: i1):
      %22 = arith.andi %in0, %in1 : i1
      linalg.yield %22 : i1
    } -> tensor<2x2xi1>
    %23 = tensor.empty() : tensor<2x2xf16>
    %24 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<2x2xi1>) outs(%23 : tensor<2x2xf16>) {
    ^bb0(%in0: i1, %out0: f16):
      %25 = arith.uitofp %in0 : i1 to f16
      linalg.yield %25 : f16
    } -> tensor<2x2xf16>
    %26 = tensor.empty() : tensor<2x2xf16>
    %27 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%24 : tensor<2x2xf16>) outs(%26 : tensor<2x2xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %28 = linalg.index 1 : index
      %29 = arith.index_cast %28 : index to i64
      %30 = arith.sitofp %29 : i64 to f16
      %31 = arith.constant 2.50000000000000000e-01 : f16
      %32 = arith.mulf %30, %31 : f16
      %33 = arith.constant 7.50000000000000000e-01 : f16
      %34 = arith.addf %32, %33 : f16
      %35 = arith.subf %in0, %34 : f16
      linalg.yield %35 : f16
    } -> tensor<2x2xf16>
    %36 = tensor.empty() : tensor<2x2xf16>
    %37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%27 : tensor<2x2xf16>) outs(%36 : tensor<2x2xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %38 = arith.constant 1.00000000000000000e+00 : f16
      %39 = arith.subf %38, %in0 : f16
      linalg.yield %39 : f16
    } -> tensor<2x2xf16>
    %40 = tensor.empty() : tensor<2x2xf16>
    %41 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%37 : tensor<2x2xf16>) outs(%40 : tensor<2x2xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %42 = arith.constant -6.55040000000000000e+04 : f16
      %43 = arith.mulf %in0, %42 : f16
      linalg.yield %43 : f16
    } -> tensor<2x2xf16>
    %44 = tensor.expand_shape %41 [[0, 1], [2]] output_shape [1, 2, 2] : tensor<2x2xf16> into tensor<1x2x2xf16>
    %45 = tensor.empty() : tensor<2x2x2xf16>
    %46 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44, %17 : tensor<1x2x2xf16>, tensor<2x2x2xf16>) outs(%45 : tensor<2x2x2xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %47 = arith.addf %in0, %in1 : f16
      linalg.yield %47 : f16
    } -> tensor<2x2x2xf16>
    %48 = tensor.empty() : tensor<2x2x2xf16>
    %49 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%46 : tensor<2x2x2xf16>) outs(%48 : tensor<2x2x2xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %50 = arith.constant 1.44269504088896339e+00 : f16
      %51 = arith.mulf %in0, %50 : f16
      linalg.yield %51 : f16
    } -> tensor<2x2x2xf16>
    %52 = tensor.empty() : tensor<2x2xf16>
    %53 = arith.constant -6.55040000000000000e+04 : f16
    %54 = linalg.fill ins(%53 : f16) outs(%52 : tensor<2x2xf16>) -> tensor<2x2xf16>
    %55 = linalg.reduce { arith.maximumf } ins(%49 : tensor<2x2x2xf16>) outs(%54 : tensor<2x2xf16>) dimensions = [2]
    %56 = tensor.collapse_shape %49 [[0, 1], [2]] : tensor<2x2x2xf16> into tensor<4x2xf16>
    %57 = tensor.collapse_shape %55 [[0, 1]] : tensor<2x2xf16> into tensor<4xf16>
    %58 = tensor.empty() : tensor<4x2xf16>
    %59 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%56, %57 : tensor<4x2xf16>, tensor<4xf16>) outs(%58 : tensor<4x2xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %60 = arith.subf %in0, %in1 : f16
      linalg.yield %60 : f16
    } -> tensor<4x2xf16>
    %61 = tensor.empty() : tensor<4x2xf16>
    %62 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%59 : tensor<4x2xf16>) outs(%61 : tensor<4x2xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %63 = arith.constant 2.00000000000000000e+00 : f16
      %64 = math.powf %63, %in0 : f16
      linalg.yield %64 : f16
    } -> tensor<4x2xf16>
    %65 = tensor.empty() : tensor<4xf16>
    %66 = arith.constant 0.00000000000000000e+00 : f16
    %67 = linalg.fill ins(%66 : f16) outs(%65 : tensor<4xf16>) -> tensor<4xf16>
    %68 = linalg.reduce { arith.addf } ins(%62 : tensor<4x2xf16>) outs(%67 : tensor<4xf16>) dimensions = [1]
    %69 = tensor.empty() : tensor<4xf16>
    %70 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%68 : tensor<4xf16>) outs(%69 : tensor<4xf16>) {
    ^bb0(%in0: f16, %out0: f16):
      %71 = arith.constant 1.00000000000000000e+00 : f16
      %72 = arith.divf %71, %in0 : f16
      linalg.yield %72 : f16
    } -> tensor<4xf16>
    %73 = tensor.expand_shape %70 [[0, 1]] output_shape [2, 2] : tensor<4xf16> into tensor<2x2xf16>
    %74 = tensor.empty() : tensor<2x2x2xf16>
    %75 = linalg.broadcast ins(%73 : tensor<2x2xf16>) outs(%74 : tensor<2x2x2xf16>) dimensions = [0]
    %76 = tensor.empty() : tensor<2x2x2xf16>
    %77 = linalg.transpose ins(%75 : tensor<2x2x2xf16>) outs(%76 : tensor<2x2x2xf16>) permutation = [1, 2, 0]
    %78 = tensor.collapse_shape %77 [[0, 1], [2]] : tensor<2x2x2xf16> into tensor<4x2xf16>
    %79 = tensor.empty() : tensor<4x2xf16>
    %80 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%62, %78 : tensor<4x2xf16>, tensor<4x2xf16>) outs(%79 : tensor<4x2xf16>) {
    ^bb0(%in0: f16, %in1: f16, %out0: f16):
      %81 = arith.mulf %in0, %in1 : f16
      linalg.yield %81 : f16
    } -> tensor<4x2xf16>
    %82 = tensor.expand_shape %80 [[0, 1], [2]] output_shape [2, 2, 2] : tensor<4x2xf16> into tensor<2x2x2xf16>
    %83 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf16> into tensor<2x2x2xf16>
    %84 = tensor.empty() : tensor<2x2x2xf16>
    %85 = linalg.transpose ins(%83 : tensor<2x2x2xf16>) outs(%84 : tensor<2x2x2xf16>) permutation = [0, 2, 1]
    %86 = tensor.empty() : tensor<2x2x2xf16>
    %87 = arith.constant 0.00000000000000000e+00 : f16
    %88 = linalg.fill ins(%87 : f16) outs(%86 : tensor<2x2x2xf16>) -> tensor<2x2x2xf16>
    %89 = linalg.batch_matmul indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>] ins(%82, %85 : tensor<2x2x2xf16>, tensor<2x2x2xf16>) outs(%88 : tensor<2x2x2xf16>) -> tensor<2x2x2xf16>
    return %89 : tensor<2x2x2xf16>
  }
}
