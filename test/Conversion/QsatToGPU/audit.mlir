// Rows are drawn, their dense attention is computed in parts of the keys, and what
// is audited is compared with it.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_90a %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=gfx942}, canonicalize, gpu.module(convert-math-to-llvm, convert-scf-to-cf, convert-gpu-to-rocdl{chipset=gfx942}, reconcile-unrealized-casts), gpu-module-to-binary{format=isa})" %s | FileCheck %s --check-prefix=AMDGPU
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=generic}, canonicalize, map-memref-spirv-storage-class, gpu.module(spirv-attach-target{ver=v1.3 caps=Shader,Int64,Float64 exts=SPV_KHR_storage_buffer_storage_class}, convert-math-to-spirv), convert-gpu-to-spirv)" %s | FileCheck %s --check-prefix=SPIRV

// CHECK-NOT: gpu.barrier
// CUBIN-COUNT-3: gpu.binary @{{.*}} bin = "\7FELF
// AMDGPU-COUNT-3: amdgcn-amd-amdhsa--gfx942{{.*}}qsat_audit
// SPIRV-COUNT-3: spirv.func @qsat_audit

!q = memref<1x4x1024x32xf32>
!k = memref<1x2x1024x32xf32>
!l = memref<1x4x1024xf32>
!e = memref<1x4x8x2xf32>

// 8 strata, 2 draws and 2 query heads of a kv head; 2 parts of the keys.
// CHECK-LABEL: func.func @audit(
// CHECK:         %[[ROWS:.*]] = memref.alloc() {{.*}} : memref<1x2x32xi32>
// CHECK:         %[[WEIGHTS:.*]] = memref.alloc() {{.*}} : memref<1x2x32xf32>
// CHECK:         %[[O:.*]] = memref.alloc() {{.*}} : memref<1x2x64x32xf32>
// CHECK:         %[[LSE:.*]] = memref.alloc() {{.*}} : memref<1x2x64xf32>
// CHECK:         gpu.launch_func @qsat_audit_draw{{.*}} blocks in (%c1, %c4, %c1)
// CHECK:         gpu.launch_func @qsat_audit::@qsat_audit blocks in (%c1, %c2, %c1)
// CHECK:         gpu.launch_func @qsat_audit_compare{{.*}} blocks in (%c1, %c2, %c1)
func.func @audit(%q: !q, %k: !k, %o: !q, %l: !l, %e: !e, %n: !e, %kept: !e) {
  qsat.audit ins(%q, %k, %k : !q, !k, !k) of(%o : !q) lse(%l : !l) outs(%e, %n, %kept : !e, !e, !e)
    {mask = #qsat.mask<causal>, seed = 7 : i64}
  return
}
