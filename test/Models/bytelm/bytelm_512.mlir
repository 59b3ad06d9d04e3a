#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0) -> (d0)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map6 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map7 = affine_map<(d0, d1, d2) -> (d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map10 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map11 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map12 = affine_map<(d0, d1) -> (0, d1)>
#map13 = affine_map<(d0, d1) -> ()>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<1x512xi64>, %arg1: tensor<256x256xbf16>, %arg2: tensor<256xbf16>, %arg3: tensor<256xbf16>, %arg4: tensor<256x256xbf16>, %arg5: tensor<128x256xbf16>, %arg6: tensor<128x256xbf16>, %arg7: tensor<256x256xbf16>, %arg8: tensor<688x256xbf16>, %arg9: tensor<688x256xbf16>, %arg10: tensor<256x688xbf16>, %arg11: tensor<256xbf16>, %arg12: tensor<256xbf16>, %arg13: tensor<256x256xbf16>, %arg14: tensor<128x256xbf16>, %arg15: tensor<128x256xbf16>, %arg16: tensor<256x256xbf16>, %arg17: tensor<688x256xbf16>, %arg18: tensor<688x256xbf16>, %arg19: tensor<256x688xbf16>, %arg20: tensor<256xbf16>, %arg21: tensor<256xbf16>, %arg22: tensor<256x256xbf16>, %arg23: tensor<128x256xbf16>, %arg24: tensor<128x256xbf16>, %arg25: tensor<256x256xbf16>, %arg26: tensor<688x256xbf16>, %arg27: tensor<688x256xbf16>, %arg28: tensor<256x688xbf16>, %arg29: tensor<256xbf16>, %arg30: tensor<256xbf16>, %arg31: tensor<256x256xbf16>, %arg32: tensor<128x256xbf16>, %arg33: tensor<128x256xbf16>, %arg34: tensor<256x256xbf16>, %arg35: tensor<688x256xbf16>, %arg36: tensor<688x256xbf16>, %arg37: tensor<256x688xbf16>, %arg38: tensor<256xbf16>) -> tensor<1x512x256xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c256 = arith.constant 256 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<1x4x512x512xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_5 = arith.constant dense<true> : tensor<512x512xi1>
    %cst_6 = arith.constant 0xFFF0000000000000 : f64
    %cst_7 = arith.constant 0.35355339059327379 : f64
    %cst_8 = arith.constant 1.000000e-05 : f64
    %cst_9 = arith.constant 2.000000e+00 : f32
    %cst_10 = arith.constant 6.400000e+01 : f32
    %cst_11 = arith.constant 1.000000e+05 : f32
    %cst_12 = arith.constant 2.560000e+02 : f32
    %0 = tensor.empty() : tensor<256x256xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %2 = tensor.empty() : tensor<256xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg2 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg3 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %6 = tensor.empty() : tensor<128x256xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg5 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %10 = tensor.empty() : tensor<688x256xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg8 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg9 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %13 = tensor.empty() : tensor<256x688xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg10 : tensor<256x688xbf16>) outs(%13 : tensor<256x688xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x688xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg11 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg12 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg13 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %18 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg14 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg15 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg16 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg17 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %22 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg18 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg19 : tensor<256x688xbf16>) outs(%13 : tensor<256x688xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x688xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg20 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg21 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %26 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg22 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg23 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %28 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg24 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg25 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %30 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg26 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %31 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg27 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %32 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg28 : tensor<256x688xbf16>) outs(%13 : tensor<256x688xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x688xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg29 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg30 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %35 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg31 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %36 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg32 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %37 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg33 : tensor<128x256xbf16>) outs(%6 : tensor<128x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<128x256xf32>
    %38 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg34 : tensor<256x256xbf16>) outs(%0 : tensor<256x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x256xf32>
    %39 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg35 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %40 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg36 : tensor<688x256xbf16>) outs(%10 : tensor<688x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<688x256xf32>
    %41 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg37 : tensor<256x688xbf16>) outs(%13 : tensor<256x688xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256x688xf32>
    %42 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%arg38 : tensor<256xbf16>) outs(%2 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %301 = arith.extf %in : bf16 to f32
      linalg.yield %301 : f32
    } -> tensor<256xf32>
    %43 = tensor.empty() : tensor<32xf32>
    %44 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel"]} outs(%43 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %301 = linalg.index 0 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.sitofp %302 : i64 to f32
      %304 = arith.mulf %303, %cst_9 : f32
      %305 = arith.addf %304, %cst : f32
      linalg.yield %305 : f32
    } -> tensor<32xf32>
    %45 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%44 : tensor<32xf32>) outs(%43 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<32xf32>
    %46 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%45 : tensor<32xf32>) outs(%43 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_10 : f32
      linalg.yield %301 : f32
    } -> tensor<32xf32>
    %47 = tensor.empty() : tensor<512xf32>
    %48 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel"]} outs(%47 : tensor<512xf32>) {
    ^bb0(%out: f32):
      %301 = linalg.index 0 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.sitofp %302 : i64 to f32
      %304 = arith.addf %303, %cst : f32
      linalg.yield %304 : f32
    } -> tensor<512xf32>
    %49 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]} ins(%46 : tensor<32xf32>) outs(%43 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.powf %cst_11, %in : f32
      linalg.yield %301 : f32
    } -> tensor<32xf32>
    %expanded = tensor.expand_shape %48 [[0, 1]] output_shape [512, 1] : tensor<512xf32> into tensor<512x1xf32>
    %50 = tensor.empty() : tensor<512x32xf32>
    %51 = linalg.generic {indexing_maps = [#map2, #map3, #map], iterator_types = ["parallel", "parallel"]} ins(%expanded, %49 : tensor<512x1xf32>, tensor<32xf32>) outs(%50 : tensor<512x32xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<512x32xf32>
    %concat = tensor.concat dim(1) %51, %51 : (tensor<512x32xf32>, tensor<512x32xf32>) -> tensor<512x64xf32>
    %52 = tensor.empty() : tensor<512x64xf32>
    %53 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%concat : tensor<512x64xf32>) outs(%52 : tensor<512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.cos %in : f32
      linalg.yield %301 : f32
    } -> tensor<512x64xf32>
    %54 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%concat : tensor<512x64xf32>) outs(%52 : tensor<512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.sin %in : f32
      linalg.yield %301 : f32
    } -> tensor<512x64xf32>
    %55 = tensor.empty() : tensor<1x512x256xf32>
    %56 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x512xi64>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: i64, %out: f32):
      %301 = arith.index_cast %in : i64 to index
      %302 = linalg.index 2 : index
      %303 = arith.cmpi slt, %301, %c256 : index
      cf.assert %303, "index must be smaller than dim size"
      %304 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %304, "index must be larger or equal to 0"
      %extracted = tensor.extract %1[%301, %302] : tensor<256x256xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x512x256xf32>
    %57 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%56, %56 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %58 = tensor.empty() : tensor<1x512x1xf32>
    %59 = linalg.fill ins(%cst : f32) outs(%58 : tensor<1x512x1xf32>) -> tensor<1x512x1xf32>
    %60 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%57 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %61 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %62 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %63 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %64 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%56, %63 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %65 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%64, %3 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed = linalg.transpose ins(%5 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %65 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %66 = tensor.empty() : tensor<512x256xf32>
    %67 = linalg.fill ins(%cst : f32) outs(%66 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %68 = linalg.matmul ins(%collapsed, %transposed : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_13 = tensor.expand_shape %68 [[0, 1], [2, 3]] output_shape [1, 512, 4, 64] : tensor<512x256xf32> into tensor<1x512x4x64xf32>
    %69 = tensor.empty() : tensor<1x4x512x64xf32>
    %transposed_14 = linalg.transpose ins(%expanded_13 : tensor<1x512x4x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice = tensor.extract_slice %transposed_14[0, 0, 0, 0] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %extracted_slice_15 = tensor.extract_slice %transposed_14[0, 0, 0, 32] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %70 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_14, %53 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %71 = tensor.empty() : tensor<1x4x512x32xf32>
    %72 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_15 : tensor<1x4x512x32xf32>) outs(%71 : tensor<1x4x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x32xf32>
    %concat_16 = tensor.concat dim(3) %72, %extracted_slice : (tensor<1x4x512x32xf32>, tensor<1x4x512x32xf32>) -> tensor<1x4x512x64xf32>
    %73 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_16, %54 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %74 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70, %73 : tensor<1x4x512x64xf32>, tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %75 = tensor.empty() : tensor<256x128xf32>
    %transposed_17 = linalg.transpose ins(%7 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %76 = tensor.empty() : tensor<512x128xf32>
    %77 = linalg.fill ins(%cst : f32) outs(%76 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %78 = linalg.matmul ins(%collapsed, %transposed_17 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_18 = tensor.expand_shape %78 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %79 = tensor.empty() : tensor<1x2x512x64xf32>
    %transposed_19 = linalg.transpose ins(%expanded_18 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_20 = tensor.extract_slice %transposed_19[0, 0, 0, 0] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %extracted_slice_21 = tensor.extract_slice %transposed_19[0, 0, 0, 32] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %80 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_19, %53 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %81 = tensor.empty() : tensor<1x2x512x32xf32>
    %82 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_21 : tensor<1x2x512x32xf32>) outs(%81 : tensor<1x2x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x32xf32>
    %concat_22 = tensor.concat dim(3) %82, %extracted_slice_20 : (tensor<1x2x512x32xf32>, tensor<1x2x512x32xf32>) -> tensor<1x2x512x64xf32>
    %83 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_22, %54 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %84 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80, %83 : tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %transposed_23 = linalg.transpose ins(%8 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %85 = linalg.matmul ins(%collapsed, %transposed_23 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_24 = tensor.expand_shape %85 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %86 = tensor.empty() : tensor<1x2x2x512x64xf32>
    %87 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%84 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %collapsed_26 = tensor.collapse_shape %87 [[0], [1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<1x4x512x64xf32>
    %88 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_25 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %89 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74 : tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x512x64xf32>
    %90 = tensor.empty() : tensor<512xi64>
    %91 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel"]} outs(%90 : tensor<512xi64>) {
    ^bb0(%out: i64):
      %301 = linalg.index 0 : index
      %302 = arith.index_cast %301 : index to i64
      linalg.yield %302 : i64
    } -> tensor<512xi64>
    %expanded_27 = tensor.expand_shape %91 [[0, 1]] output_shape [1, 512] : tensor<512xi64> into tensor<1x512xi64>
    %expanded_28 = tensor.expand_shape %91 [[0, 1]] output_shape [512, 1] : tensor<512xi64> into tensor<512x1xi64>
    %92 = tensor.empty() : tensor<512x512xi64>
    %93 = linalg.generic {indexing_maps = [#map12, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%expanded_27, %expanded_28 : tensor<1x512xi64>, tensor<512x1xi64>) outs(%92 : tensor<512x512xi64>) {
    ^bb0(%in: i64, %in_163: i64, %out: i64):
      %301 = arith.subi %in, %in_163 : i64
      linalg.yield %301 : i64
    } -> tensor<512x512xi64>
    %94 = tensor.empty() : tensor<512x512xi1>
    %95 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%93 : tensor<512x512xi64>) outs(%94 : tensor<512x512xi1>) {
    ^bb0(%in: i64, %out: i1):
      %301 = arith.cmpi sle, %in, %c0_i64 : i64
      linalg.yield %301 : i1
    } -> tensor<512x512xi1>
    %96 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%95, %cst_5 : tensor<512x512xi1>, tensor<512x512xi1>) outs(%94 : tensor<512x512xi1>) {
    ^bb0(%in: i1, %in_163: i1, %out: i1):
      %301 = arith.andi %in, %in_163 : i1
      linalg.yield %301 : i1
    } -> tensor<512x512xi1>
    %97 = tensor.empty() : tensor<512x512xf32>
    %98 = linalg.generic {indexing_maps = [#map, #map13, #map13, #map], iterator_types = ["parallel", "parallel"]} ins(%96, %cst_3, %cst_4 : tensor<512x512xi1>, tensor<f32>, tensor<f32>) outs(%97 : tensor<512x512xf32>) {
    ^bb0(%in: i1, %in_163: f32, %in_164: f32, %out: f32):
      %301 = arith.select %in, %in_163, %in_164 : f32
      linalg.yield %301 : f32
    } -> tensor<512x512xf32>
    %99 = tensor.empty() : tensor<1x4x64x512xf32>
    %transposed_29 = linalg.transpose ins(%collapsed_26 : tensor<1x4x512x64xf32>) outs(%99 : tensor<1x4x64x512xf32>) permutation = [0, 1, 3, 2] 
    %100 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_29 : tensor<1x4x64x512xf32>) outs(%99 : tensor<1x4x64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x64x512xf32>
    %collapsed_30 = tensor.collapse_shape %89 [[0, 1], [2], [3]] : tensor<1x4x512x64xf32> into tensor<4x512x64xf32>
    %collapsed_31 = tensor.collapse_shape %100 [[0, 1], [2], [3]] : tensor<1x4x64x512xf32> into tensor<4x64x512xf32>
    %101 = tensor.empty() : tensor<4x512x512xf32>
    %102 = linalg.fill ins(%cst : f32) outs(%101 : tensor<4x512x512xf32>) -> tensor<4x512x512xf32>
    %103 = linalg.batch_matmul ins(%collapsed_30, %collapsed_31 : tensor<4x512x64xf32>, tensor<4x64x512xf32>) outs(%102 : tensor<4x512x512xf32>) -> tensor<4x512x512xf32>
    %expanded_32 = tensor.expand_shape %103 [[0, 1], [2], [3]] output_shape [1, 4, 512, 512] : tensor<4x512x512xf32> into tensor<1x4x512x512xf32>
    %104 = tensor.empty() : tensor<1x4x512x512xf32>
    %105 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_32, %98 : tensor<1x4x512x512xf32>, tensor<512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %106 = tensor.empty() : tensor<1x4x512xi64>
    %107 = linalg.fill ins(%c0_i64 : i64) outs(%106 : tensor<1x4x512xi64>) -> tensor<1x4x512xi64>
    %108 = tensor.empty() : tensor<1x4x512xf32>
    %109 = linalg.fill ins(%cst_0 : f32) outs(%108 : tensor<1x4x512xf32>) -> tensor<1x4x512xf32>
    %110:2 = linalg.generic {indexing_maps = [#map8, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%105 : tensor<1x4x512x512xf32>) outs(%109, %107 : tensor<1x4x512xf32>, tensor<1x4x512xi64>) {
    ^bb0(%in: f32, %out: f32, %out_163: i64):
      %301 = linalg.index 3 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.maximumf %in, %out : f32
      %304 = arith.cmpf ogt, %in, %out : f32
      %305 = arith.select %304, %302, %out_163 : i64
      linalg.yield %303, %305 : f32, i64
    } -> (tensor<1x4x512xf32>, tensor<1x4x512xi64>)
    %expanded_33 = tensor.expand_shape %110#0 [[0], [1], [2, 3]] output_shape [1, 4, 512, 1] : tensor<1x4x512xf32> into tensor<1x4x512x1xf32>
    %111 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%105, %expanded_33 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.subf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %112 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%111 : tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.exp %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %113 = tensor.empty() : tensor<1x4x512x1xf32>
    %114 = linalg.fill ins(%cst : f32) outs(%113 : tensor<1x4x512x1xf32>) -> tensor<1x4x512x1xf32>
    %115 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%112 : tensor<1x4x512x512xf32>) outs(%114 : tensor<1x4x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x1xf32>
    %116 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%112, %115 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.divf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %117 = tensor.empty() : tensor<1x4x512x512xi1>
    %118 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%105 : tensor<1x4x512x512xf32>) outs(%117 : tensor<1x4x512x512xi1>) {
    ^bb0(%in: f32, %out: i1):
      %301 = arith.extf %in : f32 to f64
      %302 = arith.cmpf oeq, %301, %cst_6 : f64
      linalg.yield %302 : i1
    } -> tensor<1x4x512x512xi1>
    %119 = tensor.empty() : tensor<1x4x512x1xi1>
    %120 = linalg.fill ins(%true : i1) outs(%119 : tensor<1x4x512x1xi1>) -> tensor<1x4x512x1xi1>
    %121 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%118 : tensor<1x4x512x512xi1>) outs(%120 : tensor<1x4x512x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %301 = arith.andi %in, %out : i1
      linalg.yield %301 : i1
    } -> tensor<1x4x512x1xi1>
    %122 = linalg.generic {indexing_maps = [#map15, #map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%121, %cst_2, %116 : tensor<1x4x512x1xi1>, tensor<1x4x512x512xf32>, tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: i1, %in_163: f32, %in_164: f32, %out: f32):
      %301 = arith.select %in, %in_163, %in_164 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %collapsed_34 = tensor.collapse_shape %122 [[0, 1], [2], [3]] : tensor<1x4x512x512xf32> into tensor<4x512x512xf32>
    %collapsed_35 = tensor.collapse_shape %88 [[0, 1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<4x512x64xf32>
    %123 = tensor.empty() : tensor<4x512x64xf32>
    %124 = linalg.fill ins(%cst : f32) outs(%123 : tensor<4x512x64xf32>) -> tensor<4x512x64xf32>
    %125 = linalg.batch_matmul ins(%collapsed_34, %collapsed_35 : tensor<4x512x512xf32>, tensor<4x512x64xf32>) outs(%124 : tensor<4x512x64xf32>) -> tensor<4x512x64xf32>
    %expanded_36 = tensor.expand_shape %125 [[0, 1], [2], [3]] output_shape [1, 4, 512, 64] : tensor<4x512x64xf32> into tensor<1x4x512x64xf32>
    %126 = tensor.empty() : tensor<1x512x4x64xf32>
    %transposed_37 = linalg.transpose ins(%expanded_36 : tensor<1x4x512x64xf32>) outs(%126 : tensor<1x512x4x64xf32>) permutation = [0, 2, 1, 3] 
    %transposed_38 = linalg.transpose ins(%9 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_39 = tensor.collapse_shape %transposed_37 [[0, 1], [2, 3]] : tensor<1x512x4x64xf32> into tensor<512x256xf32>
    %127 = linalg.matmul ins(%collapsed_39, %transposed_38 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_40 = tensor.expand_shape %127 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %128 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%56, %expanded_40 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %129 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %128 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %130 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%129 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %131 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %132 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %133 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %134 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %133 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %135 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134, %4 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_41 = linalg.transpose ins(%11 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %collapsed_42 = tensor.collapse_shape %135 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %136 = tensor.empty() : tensor<512x688xf32>
    %137 = linalg.fill ins(%cst : f32) outs(%136 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %138 = linalg.matmul ins(%collapsed_42, %transposed_41 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_43 = tensor.expand_shape %138 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %139 = tensor.empty() : tensor<1x512x688xf32>
    %140 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_43 : tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      %302 = math.exp %301 : f32
      %303 = arith.addf %302, %cst_1 : f32
      %304 = arith.divf %cst_1, %303 : f32
      linalg.yield %304 : f32
    } -> tensor<1x512x688xf32>
    %141 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_43, %140 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_44 = linalg.transpose ins(%12 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %142 = linalg.matmul ins(%collapsed_42, %transposed_44 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_45 = tensor.expand_shape %142 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %143 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141, %expanded_45 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_46 = linalg.transpose ins(%14 : tensor<256x688xf32>) outs(%10 : tensor<688x256xf32>) permutation = [1, 0] 
    %collapsed_47 = tensor.collapse_shape %143 [[0, 1], [2]] : tensor<1x512x688xf32> into tensor<512x688xf32>
    %144 = linalg.matmul ins(%collapsed_47, %transposed_46 : tensor<512x688xf32>, tensor<688x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_48 = tensor.expand_shape %144 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %145 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %expanded_48 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %146 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %145 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %147 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%146 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %148 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%147 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %149 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%148 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %150 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %151 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %150 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %152 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151, %15 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_49 = linalg.transpose ins(%17 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_50 = tensor.collapse_shape %152 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %153 = linalg.matmul ins(%collapsed_50, %transposed_49 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_51 = tensor.expand_shape %153 [[0, 1], [2, 3]] output_shape [1, 512, 4, 64] : tensor<512x256xf32> into tensor<1x512x4x64xf32>
    %transposed_52 = linalg.transpose ins(%expanded_51 : tensor<1x512x4x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_53 = tensor.extract_slice %transposed_52[0, 0, 0, 0] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %extracted_slice_54 = tensor.extract_slice %transposed_52[0, 0, 0, 32] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %154 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_52, %53 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %155 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_54 : tensor<1x4x512x32xf32>) outs(%71 : tensor<1x4x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x32xf32>
    %concat_55 = tensor.concat dim(3) %155, %extracted_slice_53 : (tensor<1x4x512x32xf32>, tensor<1x4x512x32xf32>) -> tensor<1x4x512x64xf32>
    %156 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_55, %54 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %157 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%154, %156 : tensor<1x4x512x64xf32>, tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_56 = linalg.transpose ins(%18 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %158 = linalg.matmul ins(%collapsed_50, %transposed_56 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_57 = tensor.expand_shape %158 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_58 = linalg.transpose ins(%expanded_57 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_59 = tensor.extract_slice %transposed_58[0, 0, 0, 0] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %extracted_slice_60 = tensor.extract_slice %transposed_58[0, 0, 0, 32] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %159 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_58, %53 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %160 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_60 : tensor<1x2x512x32xf32>) outs(%81 : tensor<1x2x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x32xf32>
    %concat_61 = tensor.concat dim(3) %160, %extracted_slice_59 : (tensor<1x2x512x32xf32>, tensor<1x2x512x32xf32>) -> tensor<1x2x512x64xf32>
    %161 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_61, %54 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %162 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%159, %161 : tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %transposed_62 = linalg.transpose ins(%19 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %163 = linalg.matmul ins(%collapsed_50, %transposed_62 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_63 = tensor.expand_shape %163 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_64 = linalg.transpose ins(%expanded_63 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %164 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%162 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %collapsed_65 = tensor.collapse_shape %164 [[0], [1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<1x4x512x64xf32>
    %165 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_64 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %166 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%157 : tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_66 = linalg.transpose ins(%collapsed_65 : tensor<1x4x512x64xf32>) outs(%99 : tensor<1x4x64x512xf32>) permutation = [0, 1, 3, 2] 
    %167 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_66 : tensor<1x4x64x512xf32>) outs(%99 : tensor<1x4x64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x64x512xf32>
    %collapsed_67 = tensor.collapse_shape %166 [[0, 1], [2], [3]] : tensor<1x4x512x64xf32> into tensor<4x512x64xf32>
    %collapsed_68 = tensor.collapse_shape %167 [[0, 1], [2], [3]] : tensor<1x4x64x512xf32> into tensor<4x64x512xf32>
    %168 = linalg.batch_matmul ins(%collapsed_67, %collapsed_68 : tensor<4x512x64xf32>, tensor<4x64x512xf32>) outs(%102 : tensor<4x512x512xf32>) -> tensor<4x512x512xf32>
    %expanded_69 = tensor.expand_shape %168 [[0, 1], [2], [3]] output_shape [1, 4, 512, 512] : tensor<4x512x512xf32> into tensor<1x4x512x512xf32>
    %169 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_69, %98 : tensor<1x4x512x512xf32>, tensor<512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %170:2 = linalg.generic {indexing_maps = [#map8, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%169 : tensor<1x4x512x512xf32>) outs(%109, %107 : tensor<1x4x512xf32>, tensor<1x4x512xi64>) {
    ^bb0(%in: f32, %out: f32, %out_163: i64):
      %301 = linalg.index 3 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.maximumf %in, %out : f32
      %304 = arith.cmpf ogt, %in, %out : f32
      %305 = arith.select %304, %302, %out_163 : i64
      linalg.yield %303, %305 : f32, i64
    } -> (tensor<1x4x512xf32>, tensor<1x4x512xi64>)
    %expanded_70 = tensor.expand_shape %170#0 [[0], [1], [2, 3]] output_shape [1, 4, 512, 1] : tensor<1x4x512xf32> into tensor<1x4x512x1xf32>
    %171 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%169, %expanded_70 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.subf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %172 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%171 : tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.exp %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %173 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%172 : tensor<1x4x512x512xf32>) outs(%114 : tensor<1x4x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x1xf32>
    %174 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%172, %173 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.divf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %175 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%169 : tensor<1x4x512x512xf32>) outs(%117 : tensor<1x4x512x512xi1>) {
    ^bb0(%in: f32, %out: i1):
      %301 = arith.extf %in : f32 to f64
      %302 = arith.cmpf oeq, %301, %cst_6 : f64
      linalg.yield %302 : i1
    } -> tensor<1x4x512x512xi1>
    %176 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%175 : tensor<1x4x512x512xi1>) outs(%120 : tensor<1x4x512x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %301 = arith.andi %in, %out : i1
      linalg.yield %301 : i1
    } -> tensor<1x4x512x1xi1>
    %177 = linalg.generic {indexing_maps = [#map15, #map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%176, %cst_2, %174 : tensor<1x4x512x1xi1>, tensor<1x4x512x512xf32>, tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: i1, %in_163: f32, %in_164: f32, %out: f32):
      %301 = arith.select %in, %in_163, %in_164 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %collapsed_71 = tensor.collapse_shape %177 [[0, 1], [2], [3]] : tensor<1x4x512x512xf32> into tensor<4x512x512xf32>
    %collapsed_72 = tensor.collapse_shape %165 [[0, 1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<4x512x64xf32>
    %178 = linalg.batch_matmul ins(%collapsed_71, %collapsed_72 : tensor<4x512x512xf32>, tensor<4x512x64xf32>) outs(%124 : tensor<4x512x64xf32>) -> tensor<4x512x64xf32>
    %expanded_73 = tensor.expand_shape %178 [[0, 1], [2], [3]] output_shape [1, 4, 512, 64] : tensor<4x512x64xf32> into tensor<1x4x512x64xf32>
    %transposed_74 = linalg.transpose ins(%expanded_73 : tensor<1x4x512x64xf32>) outs(%126 : tensor<1x512x4x64xf32>) permutation = [0, 2, 1, 3] 
    %transposed_75 = linalg.transpose ins(%20 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_76 = tensor.collapse_shape %transposed_74 [[0, 1], [2, 3]] : tensor<1x512x4x64xf32> into tensor<512x256xf32>
    %179 = linalg.matmul ins(%collapsed_76, %transposed_75 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_77 = tensor.expand_shape %179 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %180 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %expanded_77 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %181 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%180, %180 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %182 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%181 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %183 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%182 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %184 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%183 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %185 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %186 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%180, %185 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %187 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%186, %16 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_78 = linalg.transpose ins(%21 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %collapsed_79 = tensor.collapse_shape %187 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %188 = linalg.matmul ins(%collapsed_79, %transposed_78 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_80 = tensor.expand_shape %188 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %189 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_80 : tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      %302 = math.exp %301 : f32
      %303 = arith.addf %302, %cst_1 : f32
      %304 = arith.divf %cst_1, %303 : f32
      linalg.yield %304 : f32
    } -> tensor<1x512x688xf32>
    %190 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_80, %189 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_81 = linalg.transpose ins(%22 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %191 = linalg.matmul ins(%collapsed_79, %transposed_81 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_82 = tensor.expand_shape %191 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %192 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%190, %expanded_82 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_83 = linalg.transpose ins(%23 : tensor<256x688xf32>) outs(%10 : tensor<688x256xf32>) permutation = [1, 0] 
    %collapsed_84 = tensor.collapse_shape %192 [[0, 1], [2]] : tensor<1x512x688xf32> into tensor<512x688xf32>
    %193 = linalg.matmul ins(%collapsed_84, %transposed_83 : tensor<512x688xf32>, tensor<688x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_85 = tensor.expand_shape %193 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %194 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%180, %expanded_85 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %195 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%194, %194 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %196 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%195 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %197 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%196 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %198 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%197 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %199 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%198 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %200 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%194, %199 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %201 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%200, %24 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_86 = linalg.transpose ins(%26 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_87 = tensor.collapse_shape %201 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %202 = linalg.matmul ins(%collapsed_87, %transposed_86 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_88 = tensor.expand_shape %202 [[0, 1], [2, 3]] output_shape [1, 512, 4, 64] : tensor<512x256xf32> into tensor<1x512x4x64xf32>
    %transposed_89 = linalg.transpose ins(%expanded_88 : tensor<1x512x4x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_90 = tensor.extract_slice %transposed_89[0, 0, 0, 0] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %extracted_slice_91 = tensor.extract_slice %transposed_89[0, 0, 0, 32] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %203 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_89, %53 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %204 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_91 : tensor<1x4x512x32xf32>) outs(%71 : tensor<1x4x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x32xf32>
    %concat_92 = tensor.concat dim(3) %204, %extracted_slice_90 : (tensor<1x4x512x32xf32>, tensor<1x4x512x32xf32>) -> tensor<1x4x512x64xf32>
    %205 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_92, %54 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %206 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%203, %205 : tensor<1x4x512x64xf32>, tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_93 = linalg.transpose ins(%27 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %207 = linalg.matmul ins(%collapsed_87, %transposed_93 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_94 = tensor.expand_shape %207 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_95 = linalg.transpose ins(%expanded_94 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_96 = tensor.extract_slice %transposed_95[0, 0, 0, 0] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %extracted_slice_97 = tensor.extract_slice %transposed_95[0, 0, 0, 32] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %208 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_95, %53 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %209 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_97 : tensor<1x2x512x32xf32>) outs(%81 : tensor<1x2x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x32xf32>
    %concat_98 = tensor.concat dim(3) %209, %extracted_slice_96 : (tensor<1x2x512x32xf32>, tensor<1x2x512x32xf32>) -> tensor<1x2x512x64xf32>
    %210 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_98, %54 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %211 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%208, %210 : tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %transposed_99 = linalg.transpose ins(%28 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %212 = linalg.matmul ins(%collapsed_87, %transposed_99 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_100 = tensor.expand_shape %212 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_101 = linalg.transpose ins(%expanded_100 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %213 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%211 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %collapsed_102 = tensor.collapse_shape %213 [[0], [1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<1x4x512x64xf32>
    %214 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_101 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %215 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%206 : tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_103 = linalg.transpose ins(%collapsed_102 : tensor<1x4x512x64xf32>) outs(%99 : tensor<1x4x64x512xf32>) permutation = [0, 1, 3, 2] 
    %216 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_103 : tensor<1x4x64x512xf32>) outs(%99 : tensor<1x4x64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x64x512xf32>
    %collapsed_104 = tensor.collapse_shape %215 [[0, 1], [2], [3]] : tensor<1x4x512x64xf32> into tensor<4x512x64xf32>
    %collapsed_105 = tensor.collapse_shape %216 [[0, 1], [2], [3]] : tensor<1x4x64x512xf32> into tensor<4x64x512xf32>
    %217 = linalg.batch_matmul ins(%collapsed_104, %collapsed_105 : tensor<4x512x64xf32>, tensor<4x64x512xf32>) outs(%102 : tensor<4x512x512xf32>) -> tensor<4x512x512xf32>
    %expanded_106 = tensor.expand_shape %217 [[0, 1], [2], [3]] output_shape [1, 4, 512, 512] : tensor<4x512x512xf32> into tensor<1x4x512x512xf32>
    %218 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_106, %98 : tensor<1x4x512x512xf32>, tensor<512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %219:2 = linalg.generic {indexing_maps = [#map8, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%218 : tensor<1x4x512x512xf32>) outs(%109, %107 : tensor<1x4x512xf32>, tensor<1x4x512xi64>) {
    ^bb0(%in: f32, %out: f32, %out_163: i64):
      %301 = linalg.index 3 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.maximumf %in, %out : f32
      %304 = arith.cmpf ogt, %in, %out : f32
      %305 = arith.select %304, %302, %out_163 : i64
      linalg.yield %303, %305 : f32, i64
    } -> (tensor<1x4x512xf32>, tensor<1x4x512xi64>)
    %expanded_107 = tensor.expand_shape %219#0 [[0], [1], [2, 3]] output_shape [1, 4, 512, 1] : tensor<1x4x512xf32> into tensor<1x4x512x1xf32>
    %220 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%218, %expanded_107 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.subf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %221 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%220 : tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.exp %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %222 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%221 : tensor<1x4x512x512xf32>) outs(%114 : tensor<1x4x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x1xf32>
    %223 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%221, %222 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.divf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %224 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%218 : tensor<1x4x512x512xf32>) outs(%117 : tensor<1x4x512x512xi1>) {
    ^bb0(%in: f32, %out: i1):
      %301 = arith.extf %in : f32 to f64
      %302 = arith.cmpf oeq, %301, %cst_6 : f64
      linalg.yield %302 : i1
    } -> tensor<1x4x512x512xi1>
    %225 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%224 : tensor<1x4x512x512xi1>) outs(%120 : tensor<1x4x512x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %301 = arith.andi %in, %out : i1
      linalg.yield %301 : i1
    } -> tensor<1x4x512x1xi1>
    %226 = linalg.generic {indexing_maps = [#map15, #map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%225, %cst_2, %223 : tensor<1x4x512x1xi1>, tensor<1x4x512x512xf32>, tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: i1, %in_163: f32, %in_164: f32, %out: f32):
      %301 = arith.select %in, %in_163, %in_164 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %collapsed_108 = tensor.collapse_shape %226 [[0, 1], [2], [3]] : tensor<1x4x512x512xf32> into tensor<4x512x512xf32>
    %collapsed_109 = tensor.collapse_shape %214 [[0, 1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<4x512x64xf32>
    %227 = linalg.batch_matmul ins(%collapsed_108, %collapsed_109 : tensor<4x512x512xf32>, tensor<4x512x64xf32>) outs(%124 : tensor<4x512x64xf32>) -> tensor<4x512x64xf32>
    %expanded_110 = tensor.expand_shape %227 [[0, 1], [2], [3]] output_shape [1, 4, 512, 64] : tensor<4x512x64xf32> into tensor<1x4x512x64xf32>
    %transposed_111 = linalg.transpose ins(%expanded_110 : tensor<1x4x512x64xf32>) outs(%126 : tensor<1x512x4x64xf32>) permutation = [0, 2, 1, 3] 
    %transposed_112 = linalg.transpose ins(%29 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_113 = tensor.collapse_shape %transposed_111 [[0, 1], [2, 3]] : tensor<1x512x4x64xf32> into tensor<512x256xf32>
    %228 = linalg.matmul ins(%collapsed_113, %transposed_112 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_114 = tensor.expand_shape %228 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %229 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%194, %expanded_114 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %230 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%229, %229 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %231 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%230 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %232 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%231 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %233 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%232 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %234 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%233 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %235 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%229, %234 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %236 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%235, %25 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_115 = linalg.transpose ins(%30 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %collapsed_116 = tensor.collapse_shape %236 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %237 = linalg.matmul ins(%collapsed_116, %transposed_115 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_117 = tensor.expand_shape %237 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %238 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_117 : tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      %302 = math.exp %301 : f32
      %303 = arith.addf %302, %cst_1 : f32
      %304 = arith.divf %cst_1, %303 : f32
      linalg.yield %304 : f32
    } -> tensor<1x512x688xf32>
    %239 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_117, %238 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_118 = linalg.transpose ins(%31 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %240 = linalg.matmul ins(%collapsed_116, %transposed_118 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_119 = tensor.expand_shape %240 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %241 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%239, %expanded_119 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_120 = linalg.transpose ins(%32 : tensor<256x688xf32>) outs(%10 : tensor<688x256xf32>) permutation = [1, 0] 
    %collapsed_121 = tensor.collapse_shape %241 [[0, 1], [2]] : tensor<1x512x688xf32> into tensor<512x688xf32>
    %242 = linalg.matmul ins(%collapsed_121, %transposed_120 : tensor<512x688xf32>, tensor<688x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_122 = tensor.expand_shape %242 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %243 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%229, %expanded_122 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %244 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%243, %243 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %245 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%244 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %246 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%245 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %247 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%246 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %248 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%247 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %249 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%243, %248 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %250 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%249, %33 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_123 = linalg.transpose ins(%35 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_124 = tensor.collapse_shape %250 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %251 = linalg.matmul ins(%collapsed_124, %transposed_123 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_125 = tensor.expand_shape %251 [[0, 1], [2, 3]] output_shape [1, 512, 4, 64] : tensor<512x256xf32> into tensor<1x512x4x64xf32>
    %transposed_126 = linalg.transpose ins(%expanded_125 : tensor<1x512x4x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_127 = tensor.extract_slice %transposed_126[0, 0, 0, 0] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %extracted_slice_128 = tensor.extract_slice %transposed_126[0, 0, 0, 32] [1, 4, 512, 32] [1, 1, 1, 1] : tensor<1x4x512x64xf32> to tensor<1x4x512x32xf32>
    %252 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_126, %53 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %253 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_128 : tensor<1x4x512x32xf32>) outs(%71 : tensor<1x4x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x32xf32>
    %concat_129 = tensor.concat dim(3) %253, %extracted_slice_127 : (tensor<1x4x512x32xf32>, tensor<1x4x512x32xf32>) -> tensor<1x4x512x64xf32>
    %254 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_129, %54 : tensor<1x4x512x64xf32>, tensor<512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %255 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%252, %254 : tensor<1x4x512x64xf32>, tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_130 = linalg.transpose ins(%36 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %256 = linalg.matmul ins(%collapsed_124, %transposed_130 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_131 = tensor.expand_shape %256 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_132 = linalg.transpose ins(%expanded_131 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_133 = tensor.extract_slice %transposed_132[0, 0, 0, 0] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %extracted_slice_134 = tensor.extract_slice %transposed_132[0, 0, 0, 32] [1, 2, 512, 32] [1, 1, 1, 1] : tensor<1x2x512x64xf32> to tensor<1x2x512x32xf32>
    %257 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_132, %53 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %258 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_134 : tensor<1x2x512x32xf32>) outs(%81 : tensor<1x2x512x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x32xf32>
    %concat_135 = tensor.concat dim(3) %258, %extracted_slice_133 : (tensor<1x2x512x32xf32>, tensor<1x2x512x32xf32>) -> tensor<1x2x512x64xf32>
    %259 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_135, %54 : tensor<1x2x512x64xf32>, tensor<512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %260 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%257, %259 : tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x2x512x64xf32>
    %transposed_136 = linalg.transpose ins(%37 : tensor<128x256xf32>) outs(%75 : tensor<256x128xf32>) permutation = [1, 0] 
    %261 = linalg.matmul ins(%collapsed_124, %transposed_136 : tensor<512x256xf32>, tensor<256x128xf32>) outs(%77 : tensor<512x128xf32>) -> tensor<512x128xf32>
    %expanded_137 = tensor.expand_shape %261 [[0, 1], [2, 3]] output_shape [1, 512, 2, 64] : tensor<512x128xf32> into tensor<1x512x2x64xf32>
    %transposed_138 = linalg.transpose ins(%expanded_137 : tensor<1x512x2x64xf32>) outs(%79 : tensor<1x2x512x64xf32>) permutation = [0, 2, 1, 3] 
    %262 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%260 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %collapsed_139 = tensor.collapse_shape %262 [[0], [1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<1x4x512x64xf32>
    %263 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_138 : tensor<1x2x512x64xf32>) outs(%86 : tensor<1x2x2x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x512x64xf32>
    %264 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%255 : tensor<1x4x512x64xf32>) outs(%69 : tensor<1x4x512x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x512x64xf32>
    %transposed_140 = linalg.transpose ins(%collapsed_139 : tensor<1x4x512x64xf32>) outs(%99 : tensor<1x4x64x512xf32>) permutation = [0, 1, 3, 2] 
    %265 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_140 : tensor<1x4x64x512xf32>) outs(%99 : tensor<1x4x64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_7 : f64 to f32
      %302 = arith.mulf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x4x64x512xf32>
    %collapsed_141 = tensor.collapse_shape %264 [[0, 1], [2], [3]] : tensor<1x4x512x64xf32> into tensor<4x512x64xf32>
    %collapsed_142 = tensor.collapse_shape %265 [[0, 1], [2], [3]] : tensor<1x4x64x512xf32> into tensor<4x64x512xf32>
    %266 = linalg.batch_matmul ins(%collapsed_141, %collapsed_142 : tensor<4x512x64xf32>, tensor<4x64x512xf32>) outs(%102 : tensor<4x512x512xf32>) -> tensor<4x512x512xf32>
    %expanded_143 = tensor.expand_shape %266 [[0, 1], [2], [3]] output_shape [1, 4, 512, 512] : tensor<4x512x512xf32> into tensor<1x4x512x512xf32>
    %267 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_143, %98 : tensor<1x4x512x512xf32>, tensor<512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %268:2 = linalg.generic {indexing_maps = [#map8, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%267 : tensor<1x4x512x512xf32>) outs(%109, %107 : tensor<1x4x512xf32>, tensor<1x4x512xi64>) {
    ^bb0(%in: f32, %out: f32, %out_163: i64):
      %301 = linalg.index 3 : index
      %302 = arith.index_cast %301 : index to i64
      %303 = arith.maximumf %in, %out : f32
      %304 = arith.cmpf ogt, %in, %out : f32
      %305 = arith.select %304, %302, %out_163 : i64
      linalg.yield %303, %305 : f32, i64
    } -> (tensor<1x4x512xf32>, tensor<1x4x512xi64>)
    %expanded_144 = tensor.expand_shape %268#0 [[0], [1], [2, 3]] output_shape [1, 4, 512, 1] : tensor<1x4x512xf32> into tensor<1x4x512x1xf32>
    %269 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%267, %expanded_144 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.subf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %270 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%269 : tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.exp %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %271 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%270 : tensor<1x4x512x512xf32>) outs(%114 : tensor<1x4x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x1xf32>
    %272 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%270, %271 : tensor<1x4x512x512xf32>, tensor<1x4x512x1xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.divf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %273 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%267 : tensor<1x4x512x512xf32>) outs(%117 : tensor<1x4x512x512xi1>) {
    ^bb0(%in: f32, %out: i1):
      %301 = arith.extf %in : f32 to f64
      %302 = arith.cmpf oeq, %301, %cst_6 : f64
      linalg.yield %302 : i1
    } -> tensor<1x4x512x512xi1>
    %274 = linalg.generic {indexing_maps = [#map8, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%273 : tensor<1x4x512x512xi1>) outs(%120 : tensor<1x4x512x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %301 = arith.andi %in, %out : i1
      linalg.yield %301 : i1
    } -> tensor<1x4x512x1xi1>
    %275 = linalg.generic {indexing_maps = [#map15, #map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%274, %cst_2, %272 : tensor<1x4x512x1xi1>, tensor<1x4x512x512xf32>, tensor<1x4x512x512xf32>) outs(%104 : tensor<1x4x512x512xf32>) {
    ^bb0(%in: i1, %in_163: f32, %in_164: f32, %out: f32):
      %301 = arith.select %in, %in_163, %in_164 : f32
      linalg.yield %301 : f32
    } -> tensor<1x4x512x512xf32>
    %collapsed_145 = tensor.collapse_shape %275 [[0, 1], [2], [3]] : tensor<1x4x512x512xf32> into tensor<4x512x512xf32>
    %collapsed_146 = tensor.collapse_shape %263 [[0, 1, 2], [3], [4]] : tensor<1x2x2x512x64xf32> into tensor<4x512x64xf32>
    %276 = linalg.batch_matmul ins(%collapsed_145, %collapsed_146 : tensor<4x512x512xf32>, tensor<4x512x64xf32>) outs(%124 : tensor<4x512x64xf32>) -> tensor<4x512x64xf32>
    %expanded_147 = tensor.expand_shape %276 [[0, 1], [2], [3]] output_shape [1, 4, 512, 64] : tensor<4x512x64xf32> into tensor<1x4x512x64xf32>
    %transposed_148 = linalg.transpose ins(%expanded_147 : tensor<1x4x512x64xf32>) outs(%126 : tensor<1x512x4x64xf32>) permutation = [0, 2, 1, 3] 
    %transposed_149 = linalg.transpose ins(%38 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_150 = tensor.collapse_shape %transposed_148 [[0, 1], [2, 3]] : tensor<1x512x4x64xf32> into tensor<512x256xf32>
    %277 = linalg.matmul ins(%collapsed_150, %transposed_149 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_151 = tensor.expand_shape %277 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %278 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%243, %expanded_151 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %279 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%278, %278 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %280 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%279 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %281 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%280 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %282 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%281 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %283 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%282 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %284 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%278, %283 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %285 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%284, %34 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_152 = linalg.transpose ins(%39 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %collapsed_153 = tensor.collapse_shape %285 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %286 = linalg.matmul ins(%collapsed_153, %transposed_152 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_154 = tensor.expand_shape %286 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %287 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_154 : tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.negf %in : f32
      %302 = math.exp %301 : f32
      %303 = arith.addf %302, %cst_1 : f32
      %304 = arith.divf %cst_1, %303 : f32
      linalg.yield %304 : f32
    } -> tensor<1x512x688xf32>
    %288 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_154, %287 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_155 = linalg.transpose ins(%40 : tensor<688x256xf32>) outs(%13 : tensor<256x688xf32>) permutation = [1, 0] 
    %289 = linalg.matmul ins(%collapsed_153, %transposed_155 : tensor<512x256xf32>, tensor<256x688xf32>) outs(%137 : tensor<512x688xf32>) -> tensor<512x688xf32>
    %expanded_156 = tensor.expand_shape %289 [[0, 1], [2]] output_shape [1, 512, 688] : tensor<512x688xf32> into tensor<1x512x688xf32>
    %290 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%288, %expanded_156 : tensor<1x512x688xf32>, tensor<1x512x688xf32>) outs(%139 : tensor<1x512x688xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x688xf32>
    %transposed_157 = linalg.transpose ins(%41 : tensor<256x688xf32>) outs(%10 : tensor<688x256xf32>) permutation = [1, 0] 
    %collapsed_158 = tensor.collapse_shape %290 [[0, 1], [2]] : tensor<1x512x688xf32> into tensor<512x688xf32>
    %291 = linalg.matmul ins(%collapsed_158, %transposed_157 : tensor<512x688xf32>, tensor<688x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_159 = tensor.expand_shape %291 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    %292 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%278, %expanded_159 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.addf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %293 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%292, %292 : tensor<1x512x256xf32>, tensor<1x512x256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %294 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "reduction"]} ins(%293 : tensor<1x512x256xf32>) outs(%59 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.addf %in, %out : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %295 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%294 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.divf %in, %cst_12 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %296 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%295 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = arith.truncf %cst_8 : f64 to f32
      %302 = arith.addf %in, %301 : f32
      linalg.yield %302 : f32
    } -> tensor<1x512x1xf32>
    %297 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%296 : tensor<1x512x1xf32>) outs(%58 : tensor<1x512x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %301 = math.rsqrt %in : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x1xf32>
    %298 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%292, %297 : tensor<1x512x256xf32>, tensor<1x512x1xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %299 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel"]} ins(%298, %42 : tensor<1x512x256xf32>, tensor<256xf32>) outs(%55 : tensor<1x512x256xf32>) {
    ^bb0(%in: f32, %in_163: f32, %out: f32):
      %301 = arith.mulf %in, %in_163 : f32
      linalg.yield %301 : f32
    } -> tensor<1x512x256xf32>
    %transposed_160 = linalg.transpose ins(%1 : tensor<256x256xf32>) outs(%0 : tensor<256x256xf32>) permutation = [1, 0] 
    %collapsed_161 = tensor.collapse_shape %299 [[0, 1], [2]] : tensor<1x512x256xf32> into tensor<512x256xf32>
    %300 = linalg.matmul ins(%collapsed_161, %transposed_160 : tensor<512x256xf32>, tensor<256x256xf32>) outs(%67 : tensor<512x256xf32>) -> tensor<512x256xf32>
    %expanded_162 = tensor.expand_shape %300 [[0, 1], [2]] output_shape [1, 512, 256] : tensor<512x256xf32> into tensor<1x512x256xf32>
    return %expanded_162 : tensor<1x512x256xf32>
  }
}
