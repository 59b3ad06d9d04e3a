// A bias of one element per batch, whose unit dimensions once made an invalid map.
module {
  func.func @f187(%arg0: tensor<4x1x2x1xf64>, %arg1: tensor<2x4x1x2xf64>, %arg2: tensor<2x1x1x2xf64>, %arg3: tensor<1xf64>) -> tensor<2x1x1x1xf64> attributes {llvm.emit_c_interface} {
    %0 = tensor.empty() : tensor<2x1x2x1xf64>
    %1 = arith.constant 0.00000000000000000e+00 : f64
    %2 = linalg.fill ins(%1 : f64) outs(%0 : tensor<2x1x2x1xf64>) -> tensor<2x1x2x1xf64>
    %3 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d2, d4, d1, d0)>, affine_map<(d0, d1, d2, d3, d4) -> (d4, d3, d0, d1)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] ins(%arg1, %arg0 : tensor<2x4x1x2xf64>, tensor<4x1x2x1xf64>) outs(%2 : tensor<2x1x2x1xf64>) -> tensor<2x1x2x1xf64>
    %4 = tensor.empty() : tensor<2x1x2x1xf64>
    %5 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%3 : tensor<2x1x2x1xf64>) outs(%4 : tensor<2x1x2x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %6 = arith.constant 5.88235294117647078e-01 : f64
      %7 = arith.divf %in0, %6 : f64
      linalg.yield %7 : f64
    } -> tensor<2x1x2x1xf64>
    %8 = tensor.empty() : tensor<2x1x2x1xf64>
    %9 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5, %arg3 : tensor<2x1x2x1xf64>, tensor<1xf64>) outs(%8 : tensor<2x1x2x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %10 = linalg.index 2 : index
      %11 = arith.index_cast %10 : index to i64
      %12 = linalg.index 3 : index
      %13 = arith.index_cast %12 : index to i64
      %14 = arith.subi %11, %13 : i64
      %15 = arith.sitofp %14 : i64 to f64
      %16 = arith.mulf %in1, %15 : f64
      %17 = arith.addf %in0, %16 : f64
      linalg.yield %17 : f64
    } -> tensor<2x1x2x1xf64>
    %18 = tensor.empty() : tensor<2x1x1xf64>
    %19 = arith.constant 0xFFF0000000000000 : f64
    %20 = linalg.fill ins(%19 : f64) outs(%18 : tensor<2x1x1xf64>) -> tensor<2x1x1xf64>
    %21 = linalg.reduce { arith.maxnumf } ins(%9 : tensor<2x1x2x1xf64>) outs(%20 : tensor<2x1x1xf64>) dimensions = [2]
    %22 = tensor.empty() : tensor<2x1x1x2xf64>
    %23 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %21 : tensor<2x1x2x1xf64>, tensor<2x1x1xf64>) outs(%22 : tensor<2x1x1x2xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %24 = arith.subf %in0, %in1 : f64
      %25 = math.exp %24 : f64
      linalg.yield %25 : f64
    } -> tensor<2x1x1x2xf64>
    %26 = tensor.empty() : tensor<2x1x1x1xf64>
    %27 = arith.constant 0.00000000000000000e+00 : f64
    %28 = linalg.fill ins(%27 : f64) outs(%26 : tensor<2x1x1x1xf64>) -> tensor<2x1x1x1xf64>
    %29 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%23 : tensor<2x1x1x2xf64>) outs(%28 : tensor<2x1x1x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %30 = arith.addf %out0, %in0 : f64
      linalg.yield %30 : f64
    } -> tensor<2x1x1x1xf64>
    %31 = tensor.empty() : tensor<2x1x1x1xf64>
    %32 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%29, %21 : tensor<2x1x1x1xf64>, tensor<2x1x1xf64>) outs(%31 : tensor<2x1x1x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %33 = math.log %in0 : f64
      %34 = arith.addf %33, %in1 : f64
      linalg.yield %34 : f64
    } -> tensor<2x1x1x1xf64>
    %35 = tensor.empty() : tensor<2x1x2x1xf64>
    %36 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, 0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %32 : tensor<2x1x2x1xf64>, tensor<2x1x1x1xf64>) outs(%35 : tensor<2x1x2x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %37 = arith.subf %in0, %in1 : f64
      %38 = math.exp %37 : f64
      linalg.yield %38 : f64
    } -> tensor<2x1x2x1xf64>
    %39 = tensor.empty() : tensor<2x1x1x1xf64>
    %40 = arith.constant 0.00000000000000000e+00 : f64
    %41 = linalg.fill ins(%40 : f64) outs(%39 : tensor<2x1x1x1xf64>) -> tensor<2x1x1x1xf64>
    %42 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d2)>, affine_map<(d0, d1, d2, d3, d4) -> (d4, d1, d3, d0)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] ins(%36, %arg2 : tensor<2x1x2x1xf64>, tensor<2x1x1x2xf64>) outs(%41 : tensor<2x1x1x1xf64>) -> tensor<2x1x1x1xf64>
    return %42 : tensor<2x1x1x1xf64>
  }
}
