// Where warps have products: two halves of the mean by the row, and three of the
// square by the variance, for two times 4 columns of a chunk, 2 tiles of 8 blocks, two
// groups of 16 rows; and single keys.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_80 --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// CUBIN-COUNT-4: gpu.binary @{{.*}} bin = "\7FELF
// CHECK-LABEL:     llvm.func @qsat_score_blocks({{.*}}maxntid = array<i32: 128>
// CHECK-COUNT-160: nvvm.mma.sync {{.*}}tf32
// CHECK-COUNT-32:  nvvm.mma.sync {{.*}}bf16
// CHECK-NOT:       nvvm.mma.sync
// CHECK-LABEL:     func.func @d2_bf16(
// CHECK:             gpu.launch_func {{.*}}@qsat_score_blocks
func.func @d2_bf16(%q: memref<1x4x2048x64xbf16>, %k: memref<1x2x2048x64xbf16>, %a: memref<1x4x16x16xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x4x2048x64xbf16>, memref<1x2x2048x64xbf16>) outs(%a : memref<1x4x16x16xf32>)
    {mask = #qsat.mask<causal>, estimator = #qsat.estimator<d2>}
  return
}
