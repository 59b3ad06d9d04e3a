// Where warps have products, a tile of 64 keys: 8 of 8 keys by 4 of 16 columns, for two
// groups of 16 rows, and of values.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_80 --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// CUBIN-COUNT-3: gpu.binary @{{.*}} bin = "\7FELF
// CHECK-LABEL:    llvm.func @qsat_audit({{.*}}maxntid = array<i32: 128>
// CHECK-COUNT-64: nvvm.mma.sync
// CHECK:          llvm.intr.exp2
// CHECK-COUNT-64: nvvm.mma.sync
// CHECK-NOT:      nvvm.mma.sync
// CHECK-LABEL:    func.func @audit_bf16(
// CHECK:            call @qsat_gpu_processors
// CHECK:            gpu.launch_func {{.*}}@qsat_audit_draw
// CHECK:            gpu.launch_func {{.*}}@qsat_audit
// CHECK:            gpu.launch_func {{.*}}@qsat_audit_compare
func.func @audit_bf16(%q: memref<1x4x2048x64xbf16>, %k: memref<1x2x2048x64xbf16>, %l: memref<1x4x2048xf32>, %e: memref<1x4x16x2xf32>) {
  qsat.audit ins(%q, %k, %k : memref<1x4x2048x64xbf16>, memref<1x2x2048x64xbf16>, memref<1x2x2048x64xbf16>)
    of(%q : memref<1x4x2048x64xbf16>) lse(%l : memref<1x4x2048xf32>) outs(%e, %e, %e : memref<1x4x16x2xf32>, memref<1x4x16x2xf32>, memref<1x4x16x2xf32>)
    {mask = #qsat.mask<causal>}
  return
}
