// Powers of infinity.
module {
  func.func @f98(%arg0: tensor<16x1x4xf32>, %arg1: tensor<256xf32>, %arg2: tensor<4x4x4x4xf32>) -> tensor<4x4x4x1xf32> attributes {llvm.emit_c_interface} {
    %0 = tensor.empty() : tensor<16x1x4xf64>
    %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<16x1x4xf32>) outs(%0 : tensor<16x1x4xf64>) {
    ^bb0(%in0: f32, %out0: f64):
      %2 = arith.extf %in0 : f32 to f64
      linalg.yield %2 : f64
    } -> tensor<16x1x4xf64>
    %3 = tensor.empty() : tensor<256xf64>
    %4 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%arg1 : tensor<256xf32>) outs(%3 : tensor<256xf64>) {
    ^bb0(%in0: f32, %out0: f64):
      %5 = arith.extf %in0 : f32 to f64
      linalg.yield %5 : f64
    } -> tensor<256xf64>
    %6 = arith.constant dense<5.00000000000000000e-01> : tensor<f64>
    %7 = tensor.empty() : tensor<16x1x4xf64>
    %8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> ()>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %1 : tensor<f64>, tensor<16x1x4xf64>) outs(%7 : tensor<16x1x4xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %9 = arith.mulf %in0, %in1 : f64
      linalg.yield %9 : f64
    } -> tensor<16x1x4xf64>
    %10 = arith.constant dense<5.00000000000000000e-01> : tensor<256xf64>
    %11 = tensor.empty() : tensor<256xf64>
    %12 = linalg.mul ins(%4, %10 : tensor<256xf64>, tensor<256xf64>) outs(%11 : tensor<256xf64>) -> tensor<256xf64>
    %13 = tensor.expand_shape %12 [[0, 1, 2, 3]] output_shape [4, 4, 4, 4] : tensor<256xf64> into tensor<4x4x4x4xf64>
    %14 = tensor.empty() : tensor<4x4x4x4xf64>
    %15 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d1, d2, d3, d0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%13 : tensor<4x4x4x4xf64>) outs(%14 : tensor<4x4x4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x4x4xf64>
    %16 = tensor.collapse_shape %15 [[0, 1], [2], [3]] : tensor<4x4x4x4xf64> into tensor<16x4x4xf64>
    %17 = tensor.empty() : tensor<16x1x4xf64>
    %18 = arith.constant 0.00000000000000000e+00 : f64
    %19 = linalg.fill ins(%18 : f64) outs(%17 : tensor<16x1x4xf64>) -> tensor<16x1x4xf64>
    %20 = linalg.batch_matmul ins(%8, %16 : tensor<16x1x4xf64>, tensor<16x4x4xf64>) outs(%19 : tensor<16x1x4xf64>) -> tensor<16x1x4xf64>
    %21 = arith.constant dense<2.00000000000000000e+00> : tensor<f64>
    %22 = tensor.empty() : tensor<4x1x4x4xf64>
    %23 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> ()>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21 : tensor<f64>) outs(%22 : tensor<4x1x4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x1x4x4xf64>
    %24 = tensor.empty() : tensor<4x4x1x4xf64>
    %25 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d3, d2, d1, d0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%23 : tensor<4x1x4x4xf64>) outs(%24 : tensor<4x4x1x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x1x4xf64>
    %26 = tensor.collapse_shape %25 [[0, 1], [2], [3]] : tensor<4x4x1x4xf64> into tensor<16x1x4xf64>
    %27 = tensor.empty() : tensor<16x1x4xf64>
    %28 = linalg.div ins(%20, %26 : tensor<16x1x4xf64>, tensor<16x1x4xf64>) outs(%27 : tensor<16x1x4xf64>) -> tensor<16x1x4xf64>
    %29 = arith.constant dense<0.00000000000000000e+00> : tensor<1xf64>
    %30 = tensor.empty() : tensor<1xi64>
    %31 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%30 : tensor<1xi64>) {
    ^bb0(%out0: i64):
      %32 = linalg.index 0 : index
      %33 = arith.index_cast %32 : index to i64
      linalg.yield %33 : i64
    } -> tensor<1xi64>
    %34 = tensor.empty() : tensor<4xi64>
    %35 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%34 : tensor<4xi64>) {
    ^bb0(%out0: i64):
      %36 = linalg.index 0 : index
      %37 = arith.index_cast %36 : index to i64
      linalg.yield %37 : i64
    } -> tensor<4xi64>
    %38 = tensor.empty() : tensor<1x4xi64>
    %39 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%31, %35 : tensor<1xi64>, tensor<4xi64>) outs(%38 : tensor<1x4xi64>) {
    ^bb0(%in0: i64, %in1: i64, %out0: i64):
      %40 = arith.subi %in0, %in1 : i64
      linalg.yield %40 : i64
    } -> tensor<1x4xi64>
    %41 = tensor.empty() : tensor<1x4xi1>
    %42 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<1x4xi64>) outs(%41 : tensor<1x4xi1>) {
    ^bb0(%in0: i64, %out0: i1):
      %43 = arith.constant 0 : i64
      %44 = arith.cmpi sge, %in0, %43 : i64
      linalg.yield %44 : i1
    } -> tensor<1x4xi1>
    %45 = tensor.empty() : tensor<1x4xf64>
    %46 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%42, %29 : tensor<1x4xi1>, tensor<1xf64>) outs(%45 : tensor<1x4xf64>) {
    ^bb0(%in0: i1, %in1: f64, %out0: f64):
      %47 = arith.constant 0xFFF0000000000000 : f64
      %48 = arith.select %in0, %in1, %47 : f64
      linalg.yield %48 : f64
    } -> tensor<1x4xf64>
    %49 = tensor.expand_shape %46 [[0], [1, 2, 3]] output_shape [1, 1, 4, 1] : tensor<1x4xf64> into tensor<1x1x4x1xf64>
    %50 = tensor.empty() : tensor<1x4x4x4xf64>
    %51 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, 0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%49 : tensor<1x1x4x1xf64>) outs(%50 : tensor<1x4x4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<1x4x4x4xf64>
    %52 = tensor.empty() : tensor<4x4x1x4xf64>
    %53 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d2, d0, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%51 : tensor<1x4x4x4xf64>) outs(%52 : tensor<4x4x1x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x1x4xf64>
    %54 = tensor.collapse_shape %53 [[0, 1], [2], [3]] : tensor<4x4x1x4xf64> into tensor<16x1x4xf64>
    %55 = arith.addf %28, %54 : tensor<16x1x4xf64>
    %56 = arith.constant dense<1.44269504088896339e+00> : tensor<1xf64>
    %57 = tensor.collapse_shape %56 [] : tensor<1xf64> into tensor<f64>
    %58 = tensor.empty() : tensor<1x4x4x4xf64>
    %59 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> ()>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%57 : tensor<f64>) outs(%58 : tensor<1x4x4x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<1x4x4x4xf64>
    %60 = tensor.empty() : tensor<4x4x1x4xf64>
    %61 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d2, d1, d0, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59 : tensor<1x4x4x4xf64>) outs(%60 : tensor<4x4x1x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x1x4xf64>
    %62 = tensor.collapse_shape %61 [[0, 1], [2], [3]] : tensor<4x4x1x4xf64> into tensor<16x1x4xf64>
    %63 = tensor.empty() : tensor<16x1x4xf64>
    %64 = linalg.mul ins(%55, %62 : tensor<16x1x4xf64>, tensor<16x1x4xf64>) outs(%63 : tensor<16x1x4xf64>) -> tensor<16x1x4xf64>
    %65 = tensor.empty() : tensor<16x1x1xf64>
    %66 = arith.constant 0xFFF0000000000000 : f64
    %67 = linalg.fill ins(%66 : f64) outs(%65 : tensor<16x1x1xf64>) -> tensor<16x1x1xf64>
    %68 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%64 : tensor<16x1x4xf64>) outs(%67 : tensor<16x1x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %69 = arith.maximumf %out0, %in0 : f64
      linalg.yield %69 : f64
    } -> tensor<16x1x1xf64>
    %70 = arith.constant dense<0xFFF0000000000000> : tensor<16x1x1xf64>
    %71 = arith.maximumf %70, %68 : tensor<16x1x1xf64>
    %72 = tensor.collapse_shape %71 [[0], [1, 2]] : tensor<16x1x1xf64> into tensor<16x1xf64>
    %73 = tensor.expand_shape %72 [[0, 1], [2]] output_shape [4, 4, 1] : tensor<16x1xf64> into tensor<4x4x1xf64>
    %74 = tensor.empty() : tensor<4x4x4x1xf64>
    %75 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73 : tensor<4x4x1xf64>) outs(%74 : tensor<4x4x4x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x4x1xf64>
    %76 = tensor.empty() : tensor<4x4x1x4xf64>
    %77 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75 : tensor<4x4x4x1xf64>) outs(%76 : tensor<4x4x1x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x1x4xf64>
    %78 = tensor.collapse_shape %77 [[0, 1], [2], [3]] : tensor<4x4x1x4xf64> into tensor<16x1x4xf64>
    %79 = arith.subf %64, %78 : tensor<16x1x4xf64>
    %80 = tensor.empty() : tensor<16x1x4xf64>
    %81 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79 : tensor<16x1x4xf64>) outs(%80 : tensor<16x1x4xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %82 = arith.constant 0x7FF0000000000000 : f64
      %83 = math.powf %82, %in0 : f64
      linalg.yield %83 : f64
    } -> tensor<16x1x4xf64>
    %84 = tensor.empty() : tensor<4x16x1xf64>
    %85 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d1, d2, d0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<16x1x4xf64>) outs(%84 : tensor<4x16x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x16x1xf64>
    %86 = tensor.empty() : tensor<1x16x1xf64>
    %87 = arith.constant 0.00000000000000000e+00 : f64
    %88 = linalg.fill ins(%87 : f64) outs(%86 : tensor<1x16x1xf64>) -> tensor<1x16x1xf64>
    %89 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (0, d1, d2)>], iterator_types = ["reduction", "parallel", "parallel"]} ins(%85 : tensor<4x16x1xf64>) outs(%88 : tensor<1x16x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %90 = arith.addf %in0, %out0 : f64
      linalg.yield %90 : f64
    } -> tensor<1x16x1xf64>
    %91 = tensor.collapse_shape %89 [[0, 1], [2]] : tensor<1x16x1xf64> into tensor<16x1xf64>
    %92 = tensor.expand_shape %91 [[0, 1], [2]] output_shape [4, 4, 1] : tensor<16x1xf64> into tensor<4x4x1xf64>
    %93 = tensor.empty() : tensor<4x4x1x4xf64>
    %94 = linalg.broadcast ins(%92 : tensor<4x4x1xf64>) outs(%93 : tensor<4x4x1x4xf64>) dimensions = [3]
    %95 = tensor.empty() : tensor<4x4x4x1xf64>
    %96 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d1, d2, d3, d0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94 : tensor<4x4x1x4xf64>) outs(%95 : tensor<4x4x4x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<4x4x4x1xf64>
    %97 = tensor.collapse_shape %96 [[0], [1, 2], [3]] : tensor<4x4x4x1xf64> into tensor<4x16x1xf64>
    %98 = arith.divf %85, %97 : tensor<4x16x1xf64>
    %99 = tensor.expand_shape %98 [[0], [1, 2], [3]] output_shape [4, 4, 4, 1] : tensor<4x16x1xf64> into tensor<4x4x4x1xf64>
    %100 = tensor.empty() : tensor<4x4x4x1xf32>
    %101 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%99 : tensor<4x4x4x1xf64>) outs(%100 : tensor<4x4x4x1xf32>) {
    ^bb0(%in0: f64, %out0: f32):
      %102 = arith.truncf %in0 : f64 to f32
      linalg.yield %102 : f32
    } -> tensor<4x4x4x1xf32>
    %103 = tensor.empty() : tensor<4x4x4x1xf32>
    %104 = arith.constant 0.00000000000000000e+00 : f32
    %105 = linalg.fill ins(%104 : f32) outs(%103 : tensor<4x4x4x1xf32>) -> tensor<4x4x4x1xf32>
    %106 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d2)>, affine_map<(d0, d1, d2, d3, d4) -> (d4, d0, d1, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg2, %101 : tensor<4x4x4x4xf32>, tensor<4x4x4x1xf32>) outs(%105 : tensor<4x4x4x1xf32>) {
    ^bb0(%in0: f32, %in1: f32, %out0: f32):
      %107 = arith.mulf %in0, %in1 : f32
      %108 = arith.addf %107, %out0 : f32
      linalg.yield %108 : f32
    } -> tensor<4x4x4x1xf32>
    return %106 : tensor<4x4x4x1xf32>
  }
}
