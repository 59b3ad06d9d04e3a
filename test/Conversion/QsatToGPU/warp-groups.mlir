// Antidiagonals of 16 x 16 pairs: of each pair of the groups 2 products a chunk of
// 32 columns, for 4 key blocks of 8 groups.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_80 --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// CUBIN-COUNT-2: gpu.binary @{{.*}} bin = "\7FELF
// CHECK-LABEL:    llvm.func @qsat_score_groups({{.*}}maxntid = array<i32: 128>
// CHECK:            scf.for
// CHECK-COUNT-16:     nvvm.mma.sync {{.*}}bf16
// CHECK-NOT:      nvvm.mma.sync
// CHECK-LABEL:    func.func @antidiagonal(
// CHECK:            gpu.launch_func {{.*}}@qsat_score_groups
// CHECK:            gpu.launch_func {{.*}}@qsat_score_normalize
func.func @antidiagonal(%q: memref<1x4x2048x64xbf16>, %k: memref<1x2x2048x64xbf16>, %a: memref<1x4x16x16xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x4x2048x64xbf16>, memref<1x2x2048x64xbf16>) outs(%a : memref<1x4x16x16xf32>)
    {mask = #qsat.mask<causal>, estimator = #qsat.estimator<antidiagonal>}
  return
}
