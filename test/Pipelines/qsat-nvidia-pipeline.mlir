// From attention on tensors to machine code and the
// host's calls: results become arguments, and a kernel that is slow is an error.
// RUN: qsat-opt --qsat-nvidia-pipeline=ptxas=no-such-program %s | FileCheck %s --check-prefixes=CHECK,PTX
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline %s | FileCheck %s --check-prefixes=CHECK,CODE %}

// PTX:   gpu.binary @qsat_attention [#gpu.object<{{.*}} assembly = "{{.*}}.target sm_90a
// CODE:  gpu.binary @qsat_attention [#gpu.object<{{.*}} bin = "\7FELF
// CHECK: llvm.func @attention(
// CHECK: llvm.call @qsat_gpu_tile_map(
// CHECK: gpu.launch_func <%{{.*}} : !llvm.ptr> @qsat_attention::@qsat_attention
// CHECK-NOT: unrealized_conversion_cast
func.func @attention(%q: tensor<1x8x512x64xbf16>, %k: tensor<1x2x512x64xbf16>, %v: tensor<1x2x512x64xbf16>)
    -> tensor<1x8x512x64xbf16> {
  %init = tensor.empty() : tensor<1x8x512x64xbf16>
  %o = qsat.attention ins(%q, %k, %v : tensor<1x8x512x64xbf16>, tensor<1x2x512x64xbf16>, tensor<1x2x512x64xbf16>)
    outs(%init : tensor<1x8x512x64xbf16>) {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
    -> tensor<1x8x512x64xbf16>
  return %o : tensor<1x8x512x64xbf16>
}
