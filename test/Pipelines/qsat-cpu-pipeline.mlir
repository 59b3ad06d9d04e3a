// RUN: qsat-opt %s --qsat-cpu-pipeline | FileCheck %s
// RUN: qsat-opt %s --qsat-cpu-pipeline="lowering=linalg instrument" | FileCheck %s --check-prefix=LINALG
// RUN: qsat-opt %s --qsat-cpu-pipeline="instrument" | FileCheck %s --check-prefix=TIMED
// RUN: qsat-opt %s --qsat-cpu-pipeline="instrument raise=false" | FileCheck %s --check-prefix=PLAIN

// Everything ends in the LLVM dialect, threads included. Attention is raised
// and becomes a kernel that holds no matrix of scores: 512 * 512 * 4 bytes would
// be allocated by the plain form.
// CHECK-NOT: {{(^|[ "])}}{{(linalg|tensor|scf|memref|qsat|tosa|arith|vector)\.}}
// CHECK: llvm.func @main
// CHECK: omp.parallel

// TIMED: qsat.instrumented = {{\[\[}}"qsat.attention"
// TIMED: llvm.call @qsat_op_begin
// TIMED: llvm.call @qsat_op_end

// Nothing to instrument when the meaning or the model's own form is lowered.
// LINALG: qsat.instrumented = []
// PLAIN: qsat.instrumented = []

#id = affine_map<(b, i, j) -> (b, i, j)>
#row = affine_map<(b, i, j) -> (b, i)>
func.func @main(%q: tensor<2x512x64xf32>, %k: tensor<2x512x64xf32>, %v: tensor<2x512x64xf32>) -> tensor<2x512x64xf32> {
  %o = func.call @attend(%q, %k, %v) : (tensor<2x512x64xf32>, tensor<2x512x64xf32>, tensor<2x512x64xf32>) -> tensor<2x512x64xf32>
  return %o : tensor<2x512x64xf32>
}
func.func private @attend(%q: tensor<2x512x64xf32>, %k: tensor<2x512x64xf32>, %v: tensor<2x512x64xf32>) -> tensor<2x512x64xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %ekt = tensor.empty() : tensor<2x64x512xf32>
  %kt = linalg.transpose ins(%k : tensor<2x512x64xf32>) outs(%ekt : tensor<2x64x512xf32>) permutation = [0, 2, 1]
  %es = tensor.empty() : tensor<2x512x512xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<2x512x512xf32>) -> tensor<2x512x512xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<2x512x64xf32>, tensor<2x64x512xf32>) outs(%zs : tensor<2x512x512xf32>) -> tensor<2x512x512xf32>
  %er = tensor.empty() : tensor<2x512xf32>
  %lowest = linalg.fill ins(%low : f32) outs(%er : tensor<2x512xf32>) -> tensor<2x512xf32>
  %max = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s : tensor<2x512x512xf32>) outs(%lowest : tensor<2x512xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %m = arith.maximumf %in, %acc : f32
    linalg.yield %m : f32
  } -> tensor<2x512xf32>
  %e = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %max : tensor<2x512x512xf32>, tensor<2x512xf32>) outs(%es : tensor<2x512x512xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %d = arith.subf %in, %m : f32
    %x = math.exp %d : f32
    linalg.yield %x : f32
  } -> tensor<2x512x512xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<2x512xf32>) -> tensor<2x512xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%e : tensor<2x512x512xf32>) outs(%zr : tensor<2x512xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %a = arith.addf %in, %acc : f32
    linalg.yield %a : f32
  } -> tensor<2x512xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e, %sum : tensor<2x512x512xf32>, tensor<2x512xf32>) outs(%es : tensor<2x512x512xf32>) {
  ^bb0(%in: f32, %total: f32, %out: f32):
    %x = arith.divf %in, %total : f32
    linalg.yield %x : f32
  } -> tensor<2x512x512xf32>
  %eo = tensor.empty() : tensor<2x512x64xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x512x64xf32>) -> tensor<2x512x64xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x512x512xf32>, tensor<2x512x64xf32>) outs(%zo : tensor<2x512x64xf32>) -> tensor<2x512x64xf32>
  return %o : tensor<2x512x64xf32>
}
