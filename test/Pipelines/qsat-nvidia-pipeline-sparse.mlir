// Dense attention becomes scores, selection and attention of the lists: four
// launches, buffers in the order of the stream, and blocks of 128 x 128, which the
// kernels read.
// RUN: qsat-opt --qsat-nvidia-pipeline="quality=balanced ptxas=no-such-program" %s | FileCheck %s
// RUN: qsat-opt --qsat-nvidia-pipeline="density=0.1 ptxas=no-such-program" %s | FileCheck %s 
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline="density=0.1" %s | FileCheck %s --check-prefix=CODE %}

// CODE-COUNT-4: gpu.binary @{{.*}} bin = "\7FELF
// CHECK: llvm.func @attention(
// CHECK:       llvm.call @qsat_gpu_allocate
// CHECK:       gpu.launch_func {{.*}} @qsat_score_rows::@qsat_score_rows
// CHECK:       gpu.launch_func {{.*}} @qsat_score_normalize::@qsat_score_normalize
// CHECK:       gpu.launch_func {{.*}} @qsat_select::@qsat_select
// CHECK:       gpu.launch_func {{.*}} @qsat_sparse_attention::@qsat_sparse_attention
// CHECK:       llvm.call @qsat_gpu_free
// CHECK-NOT:   malloc
// CHECK-NOT:   unrealized_conversion_cast
func.func @attention(%q: tensor<1x8x4096x128xbf16>, %k: tensor<1x2x4096x128xbf16>, %v: tensor<1x2x4096x128xbf16>)
    -> tensor<1x8x4096x128xbf16> {
  %init = tensor.empty() : tensor<1x8x4096x128xbf16>
  %o = qsat.attention ins(%q, %k, %v : tensor<1x8x4096x128xbf16>, tensor<1x2x4096x128xbf16>, tensor<1x2x4096x128xbf16>)
    outs(%init : tensor<1x8x4096x128xbf16>) {scale = 0.08838834764831845 : f64, mask = #qsat.mask<causal>}
    -> tensor<1x8x4096x128xbf16>
  return %o : tensor<1x8x4096x128xbf16>
}
