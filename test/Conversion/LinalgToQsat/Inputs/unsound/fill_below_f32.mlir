// A softmax in f64 of f32 operands, and a fill that is -inf in f32.
module {
  func.func @f40(%arg0: tensor<1x9xf32>, %arg1: tensor<3x3x1xf32>, %arg2: tensor<9x1xf32>, %arg3: tensor<1x9xf64>, %arg4: tensor<9xi1>) -> tensor<1x3x3xf32> attributes {llvm.emit_c_interface} {
    %0 = tensor.empty() : tensor<1x9xf32>
    %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<1x9xf32>) outs(%0 : tensor<1x9xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %2 = arith.constant 3.53553390593273786e-01 : f32
      %3 = arith.mulf %2, %in0 : f32
      linalg.yield %3 : f32
    } -> tensor<1x9xf32>
    %4 = tensor.empty() : tensor<3x3x1xf32>
    %5 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1 : tensor<3x3x1xf32>) outs(%4 : tensor<3x3x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      %6 = arith.constant 2.82842712474618985e+00 : f32
      %7 = arith.mulf %in0, %6 : f32
      linalg.yield %7 : f32
    } -> tensor<3x3x1xf32>
    %8 = tensor.empty() : tensor<3x3x1xf32>
    %9 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d1, d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<3x3x1xf32>) outs(%8 : tensor<3x3x1xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      linalg.yield %in0 : f32
    } -> tensor<3x3x1xf32>
    %10 = tensor.expand_shape %1 [[0], [1, 2]] output_shape [1, 3, 3] : tensor<1x9xf32> into tensor<1x3x3xf32>
    %11 = tensor.empty() : tensor<1x3x3xf32>
    %12 = arith.constant 0.00000000000000000e+00 : f32
    %13 = linalg.fill ins(%12 : f32) outs(%11 : tensor<1x3x3xf32>) -> tensor<1x3x3xf32>
    %14 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d3, d1, d0)>, affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>] ins(%9, %10 : tensor<3x3x1xf32>, tensor<1x3x3xf32>) outs(%13 : tensor<1x3x3xf32>) -> tensor<1x3x3xf32>
    %15 = tensor.empty() : tensor<1x3x3xf32>
    %16 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x3x3xf32>) outs(%15 : tensor<1x3x3xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      linalg.yield %in0 : f32
    } -> tensor<1x3x3xf32>
    %17 = tensor.collapse_shape %16 [[0], [1, 2]] : tensor<1x3x3xf32> into tensor<1x9xf32>
    %18 = tensor.empty() : tensor<1x9xf64>
    %19 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<1x9xf32>) outs(%18 : tensor<1x9xf64>) {
    ^bb0(%in0: f32, %out0: f64):
      %20 = arith.extf %in0 : f32 to f64
      linalg.yield %20 : f64
    } -> tensor<1x9xf64>
    %21 = tensor.empty() : tensor<9x1xf64>
    %22 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1, d0)>], iterator_types = ["parallel", "parallel"]} ins(%19, %arg3 : tensor<1x9xf64>, tensor<1x9xf64>) outs(%21 : tensor<9x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %23 = arith.addf %in0, %in1 : f64
      linalg.yield %23 : f64
    } -> tensor<9x1xf64>
    %24 = tensor.empty() : tensor<9x1xf64>
    %25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg4, %22 : tensor<9xi1>, tensor<9x1xf64>) outs(%24 : tensor<9x1xf64>) {
    ^bb0(%in0: i1, %in1: f64, %out0: f64):
      %26 = arith.constant -1.79769313486231571e+308 : f64
      %27 = arith.select %in0, %in1, %26 : f64
      linalg.yield %27 : f64
    } -> tensor<9x1xf64>
    %28 = arith.constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
    %29 = tensor.empty() : tensor<3x3xi1>
    %30 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} outs(%29 : tensor<3x3xi1>) {
    ^bb0(%out0: i1):
      %31 = linalg.index 1 : index
      %32 = arith.constant 5 : index
      %33 = arith.addi %31, %32 : index
      %34 = linalg.index 0 : index
      %35 = arith.cmpi sgt, %33, %34 : index
      linalg.yield %35 : i1
    } -> tensor<3x3xi1>
    %36 = tensor.empty() : tensor<3x3xi1>
    %37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%30, %28 : tensor<3x3xi1>, tensor<3x3xi1>) outs(%36 : tensor<3x3xi1>) {
    ^bb0(%in0: i1, %in1: i1, %out0: i1):
      %38 = arith.andi %in0, %in1 : i1
      linalg.yield %38 : i1
    } -> tensor<3x3xi1>
    %39 = tensor.collapse_shape %37 [[0, 1]] : tensor<3x3xi1> into tensor<9xi1>
    %40 = tensor.empty() : tensor<9x1xf64>
    %41 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%39, %25 : tensor<9xi1>, tensor<9x1xf64>) outs(%40 : tensor<9x1xf64>) {
    ^bb0(%in0: i1, %in1: f64, %out0: f64):
      %42 = arith.constant -1.79769313486231571e+308 : f64
      %43 = arith.select %in0, %in1, %42 : f64
      linalg.yield %43 : f64
    } -> tensor<9x1xf64>
    %44 = tensor.expand_shape %41 [[0, 1], [2]] output_shape [3, 3, 1] : tensor<9x1xf64> into tensor<3x3x1xf64>
    %45 = tensor.empty() : tensor<3x1x3xf64>
    %46 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44 : tensor<3x3x1xf64>) outs(%45 : tensor<3x1x3xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<3x1x3xf64>
    %47 = tensor.collapse_shape %46 [[0, 1], [2]] : tensor<3x1x3xf64> into tensor<3x3xf64>
    %48 = tensor.empty() : tensor<3xf64>
    %49 = arith.constant 0x7FF8000000000000 : f64
    %50 = linalg.fill ins(%49 : f64) outs(%48 : tensor<3xf64>) -> tensor<3xf64>
    %51 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%47 : tensor<3x3xf64>) outs(%50 : tensor<3xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %52 = arith.maxnumf %in0, %out0 : f64
      linalg.yield %52 : f64
    } -> tensor<3xf64>
    %53 = tensor.expand_shape %51 [[0, 1]] output_shape [3, 1] : tensor<3xf64> into tensor<3x1xf64>
    %54 = tensor.empty() : tensor<3x1x3xf64>
    %55 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%53 : tensor<3x1xf64>) outs(%54 : tensor<3x1x3xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<3x1x3xf64>
    %56 = tensor.empty() : tensor<3x3x1xf64>
    %57 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%55 : tensor<3x1x3xf64>) outs(%56 : tensor<3x3x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<3x3x1xf64>
    %58 = tensor.collapse_shape %57 [[0, 1], [2]] : tensor<3x3x1xf64> into tensor<9x1xf64>
    %59 = tensor.empty() : tensor<9x1xf64>
    %60 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%41, %58 : tensor<9x1xf64>, tensor<9x1xf64>) outs(%59 : tensor<9x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %61 = arith.subf %in0, %in1 : f64
      %62 = arith.constant 1.44269504088896339e+00 : f64
      %63 = arith.mulf %61, %62 : f64
      %64 = math.exp2 %63 : f64
      linalg.yield %64 : f64
    } -> tensor<9x1xf64>
    %65 = tensor.expand_shape %60 [[0, 1], [2]] output_shape [3, 3, 1] : tensor<9x1xf64> into tensor<3x3x1xf64>
    %66 = tensor.empty() : tensor<3x1x3xf64>
    %67 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65 : tensor<3x3x1xf64>) outs(%66 : tensor<3x1x3xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<3x1x3xf64>
    %68 = tensor.collapse_shape %67 [[0, 1], [2]] : tensor<3x1x3xf64> into tensor<3x3xf64>
    %69 = tensor.empty() : tensor<3xf64>
    %70 = arith.constant 0.00000000000000000e+00 : f64
    %71 = linalg.fill ins(%70 : f64) outs(%69 : tensor<3xf64>) -> tensor<3xf64>
    %72 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%68 : tensor<3x3xf64>) outs(%71 : tensor<3xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      %73 = arith.addf %in0, %out0 : f64
      linalg.yield %73 : f64
    } -> tensor<3xf64>
    %74 = tensor.expand_shape %72 [[0, 1]] output_shape [3, 1] : tensor<3xf64> into tensor<3x1xf64>
    %75 = tensor.empty() : tensor<3x1x3xf64>
    %76 = linalg.broadcast ins(%74 : tensor<3x1xf64>) outs(%75 : tensor<3x1x3xf64>) dimensions = [2]
    %77 = tensor.empty() : tensor<3x3x1xf64>
    %78 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<3x1x3xf64>) outs(%77 : tensor<3x3x1xf64>) {
    ^bb0(%in0: f64, %out0: f64):
      linalg.yield %in0 : f64
    } -> tensor<3x3x1xf64>
    %79 = tensor.collapse_shape %78 [[0, 1], [2]] : tensor<3x3x1xf64> into tensor<9x1xf64>
    %80 = tensor.empty() : tensor<9x1xf64>
    %81 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%60, %79 : tensor<9x1xf64>, tensor<9x1xf64>) outs(%80 : tensor<9x1xf64>) {
    ^bb0(%in0: f64, %in1: f64, %out0: f64):
      %82 = arith.constant 1.00000000000000000e+00 : f64
      %83 = arith.divf %82, %in1 : f64
      %84 = arith.mulf %in0, %83 : f64
      linalg.yield %84 : f64
    } -> tensor<9x1xf64>
    %85 = tensor.empty() : tensor<9x1xf32>
    %86 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%81 : tensor<9x1xf64>) outs(%85 : tensor<9x1xf32>) {
    ^bb0(%in0: f64, %out0: f32):
      %87 = arith.truncf %in0 : f64 to f32
      linalg.yield %87 : f32
    } -> tensor<9x1xf32>
    %88 = tensor.expand_shape %86 [[0, 1], [2]] output_shape [3, 3, 1] : tensor<9x1xf32> into tensor<3x3x1xf32>
    %89 = tensor.empty() : tensor<1x3x3xf32>
    %90 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d2, d1, d0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88 : tensor<3x3x1xf32>) outs(%89 : tensor<1x3x3xf32>) {
    ^bb0(%in0: f32, %out0: f32):
      linalg.yield %in0 : f32
    } -> tensor<1x3x3xf32>
    %91 = tensor.expand_shape %arg2 [[0, 1], [2]] output_shape [3, 3, 1] : tensor<9x1xf32> into tensor<3x3x1xf32>
    %92 = tensor.empty() : tensor<1x3x3xf32>
    %93 = arith.constant 0.00000000000000000e+00 : f32
    %94 = linalg.fill ins(%93 : f32) outs(%92 : tensor<1x3x3xf32>) -> tensor<1x3x3xf32>
    %95 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d2, d3, d0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>] ins(%90, %91 : tensor<1x3x3xf32>, tensor<3x3x1xf32>) outs(%94 : tensor<1x3x3xf32>) -> tensor<1x3x3xf32>
    return %95 : tensor<1x3x3xf32>
  }
}
