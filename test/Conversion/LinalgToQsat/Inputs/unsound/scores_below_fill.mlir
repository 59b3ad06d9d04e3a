// The product starts from -inf: the visible scores are below the fill, and what is hidden takes the mass.
module {
  func.func @f189(%arg0: tensor<9x3x3x3xf64> {bufferization.writable = false}, %arg1: tensor<9x4x3xf64> {bufferization.writable = false}, %arg2: tensor<3x36xf64> {bufferization.writable = false}) -> tensor<3x3x9x3xf64> attributes {llvm.emit_c_interface} {
    %0 = tensor.expand_shape %arg1 [[0, 1], [2], [3]] output_shape [3, 3, 4, 3] : tensor<9x4x3xf64> into tensor<3x3x4x3xf64>
    %1 = tensor.empty() : tensor<3x3x4x9xf64>
    %2 = arith.constant 0xFFF0000000000000 : f64
    %3 = linalg.fill ins(%2 : f64) outs(%1 : tensor<3x3x4x9xf64>) -> tensor<3x3x4x9xf64>
    %4 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d1, d0)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%0, %arg0 : tensor<3x3x4x3xf64>, tensor<9x3x3x3xf64>) outs(%3 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %5 = arith.mulf %in0, %in1 : f64
      %6 = arith.addf %5, %out0 : f64
      linalg.yield %6 : f64
    } -> tensor<3x3x4x9xf64>
    %7 = arith.constant dense<-1.00000000000000000e+09> : tensor<f64>
    %8 = arith.constant dense<true> : tensor<3x4xi1>
    %9 = tensor.empty() : tensor<3xi64>
    %10 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%9 : tensor<3xi64>) {
    ^bb0(%out0: i64):
      %11 = linalg.index 0 : index
      %12 = arith.index_cast %11 : index to i64
      linalg.yield %12 : i64
    } -> tensor<3xi64>
    %13 = tensor.empty() : tensor<3xi64>
    %14 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%10 : tensor<3xi64>) outs(%13 : tensor<3xi64>) {
    ^bb0(%in0: i64, %out0: i64):
      %15 = arith.constant 2 : i64
      %16 = arith.addi %in0, %15 : i64
      linalg.yield %16 : i64
    } -> tensor<3xi64>
    %17 = tensor.empty() : tensor<4xi64>
    %18 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%17 : tensor<4xi64>) {
    ^bb0(%out0: i64):
      %19 = linalg.index 0 : index
      %20 = arith.index_cast %19 : index to i64
      linalg.yield %20 : i64
    } -> tensor<4xi64>
    %21 = tensor.empty() : tensor<3x4xi64>
    %22 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%14, %18 : tensor<3xi64>, tensor<4xi64>) outs(%21 : tensor<3x4xi64>) {
    ^bb0(%in0: i64, %in1: i64, %out0: i64):
      %23 = arith.subi %in0, %in1 : i64
      linalg.yield %23 : i64
    } -> tensor<3x4xi64>
    %24 = tensor.empty() : tensor<3x4xi1>
    %25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%22 : tensor<3x4xi64>) outs(%24 : tensor<3x4xi1>) {
    ^bb0(%in0: i64, %out0: i1):
      %26 = arith.constant 0 : i64
      %27 = arith.cmpi sge, %in0, %26 : i64
      linalg.yield %27 : i1
    } -> tensor<3x4xi1>
    %28 = tensor.empty() : tensor<3x4xi1>
    %29 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%8, %25 : tensor<3x4xi1>, tensor<3x4xi1>) outs(%28 : tensor<3x4xi1>) {
    ^bb0(%in0: i1, %in1: i1, %out0: i1):
      %30 = arith.andi %in0, %in1 : i1
      linalg.yield %30 : i1
    } -> tensor<3x4xi1>
    %31 = tensor.empty() : tensor<3x4xi1>
    %32 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%29 : tensor<3x4xi1>) outs(%31 : tensor<3x4xi1>) {
    ^bb0(%in0: i1, %out0: i1):
      %33 = arith.constant true
      %34 = arith.xori %in0, %33 : i1
      linalg.yield %34 : i1
    } -> tensor<3x4xi1>
    %35 = tensor.empty() : tensor<3x3x4xi1>
    %36 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<3x4xi1>) outs(%35 : tensor<3x3x4xi1>) {
    ^bb0(%in0: i1, %out0: i1):
      linalg.yield %in0 : i1
    } -> tensor<3x3x4xi1>
    %37 = tensor.empty() : tensor<4x3x3xi1>
    %38 = linalg.transpose ins(%36 : tensor<3x3x4xi1>) outs(%37 : tensor<4x3x3xi1>) permutation = [2, 1, 0]
    %39 = tensor.collapse_shape %38 [[0], [1, 2]] : tensor<4x3x3xi1> into tensor<4x9xi1>
    %40 = tensor.empty() : tensor<3x3x4x9xf64>
    %41 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d2, d3)>, affine_map<(d0, d1, d2, d3) -> ()>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%39, %7, %4 : tensor<4x9xi1>, tensor<f64>, tensor<3x3x4x9xf64>) outs(%40 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: i1, %in1: f64, %in2: f64, %out0: f64):
      %42 = arith.select %in0, %in1, %in2 : f64
      linalg.yield %42 : f64
    } -> tensor<3x3x4x9xf64>
    %43 = tensor.empty() : tensor<3x3x4x9xf64>
    %44 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%41 : tensor<3x3x4x9xf64>) outs(%43 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %45 = arith.constant 1.44269504088896339e+00 : f64
      %46 = arith.mulf %in0, %45 : f64
      linalg.yield %46 : f64
    } -> tensor<3x3x4x9xf64>
    %47 = tensor.empty() : tensor<3x3x9xf64>
    %48 = arith.constant 0xFFF0000000000000 : f64
    %49 = linalg.fill ins(%48 : f64) outs(%47 : tensor<3x3x9xf64>) -> tensor<3x3x9xf64>
    %50 = tensor.empty() : tensor<3x3x9xi64>
    %51 = arith.constant 0 : i64
    %52 = linalg.fill ins(%51 : i64) outs(%50 : tensor<3x3x9xi64>) -> tensor<3x3x9xi64>
    %53, %54 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>], iterator_types = ["parallel", "parallel", "reduction", "parallel"]} ins(%44 : tensor<3x3x4x9xf64>) outs(%49, %52 : tensor<3x3x9xf64>, tensor<3x3x9xi64>) {
    ^bb0(%in0: f64, %out0: f64, %out1: i64):
      %55 = arith.maximumf %in0, %out0 : f64
      %56 = arith.cmpf ogt, %in0, %out0 : f64
      %57 = linalg.index 2 : index
      %58 = arith.index_cast %57 : index to i64
      %59 = arith.select %56, %58, %out1 : i64
      linalg.yield %55, %59 : f64, i64
    } -> (tensor<3x3x9xf64>, tensor<3x3x9xi64>)
    %60 = tensor.expand_shape %53 [[0], [1], [2, 3]] output_shape [3, 3, 1, 9] : tensor<3x3x9xf64> into tensor<3x3x1x9xf64>
    %61 = tensor.empty() : tensor<3x3x4x9xf64>
    %62 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%44, %60 : tensor<3x3x4x9xf64>, tensor<3x3x1x9xf64>) outs(%61 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %63 = arith.subf %in0, %in1 : f64
      linalg.yield %63 : f64
    } -> tensor<3x3x4x9xf64>
    %64 = tensor.empty() : tensor<3x3x4x9xf64>
    %65 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62 : tensor<3x3x4x9xf64>) outs(%64 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %66 = arith.constant 2.00000000000000000e+00 : f64
      %67 = math.powf %66, %in0 : f64
      linalg.yield %67 : f64
    } -> tensor<3x3x4x9xf64>
    %68 = tensor.empty() : tensor<3x3x9xf64>
    %69 = arith.constant 0.00000000000000000e+00 : f64
    %70 = linalg.fill ins(%69 : f64) outs(%68 : tensor<3x3x9xf64>) -> tensor<3x3x9xf64>
    %71 = linalg.reduce { arith.addf } ins(%65 : tensor<3x3x4x9xf64>) outs(%70 : tensor<3x3x9xf64>) dimensions = [2]
    %72 = tensor.empty() : tensor<3x3x4x9xf64>
    %73 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %71 : tensor<3x3x4x9xf64>, tensor<3x3x9xf64>) outs(%72 : tensor<3x3x4x9xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %74 = arith.divf %in0, %in1 : f64
      linalg.yield %74 : f64
    } -> tensor<3x3x4x9xf64>
    %75 = tensor.expand_shape %arg2 [[0], [1, 2, 3]] output_shape [3, 3, 4, 3] : tensor<3x36xf64> into tensor<3x3x4x3xf64>
    %76 = tensor.empty() : tensor<3x3x9x3xf64>
    %77 = arith.constant 0.00000000000000000e+00 : f64
    %78 = linalg.fill ins(%77 : f64) outs(%76 : tensor<3x3x9x3xf64>) -> tensor<3x3x9x3xf64>
    %79 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d2)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] ins(%73, %75 : tensor<3x3x4x9xf64>, tensor<3x3x4x3xf64>) outs(%78 : tensor<3x3x9x3xf64>) -> tensor<3x3x9x3xf64>
    return %79 : tensor<3x3x9x3xf64>
  }
}
