// On Hopper: attention of drawn rows by products of warpgroups, which gather their rows;
// the kernels overlap where one waits for the other.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_90a --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_90a %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_90a --remarks-filter-missed=qsat %s 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: {{.*}}expected head widths of 64, 128, 192 or 256, but got 96 and 96{{.*}}products of warps
// CUBIN-COUNT-6: gpu.binary @{{.*}} bin = "\7FELF

// CHECK-LABEL: llvm.func @qsat_audit_compare
// CHECK:         nvvm.griddepcontrol wait

// CHECK-LABEL: llvm.func @qsat_audit({{.*}}nvvm.maxntid = array<i32: 384>
// CHECK:         nvvm.griddepcontrol launch_dependents
// Parts past what a tile's rows see.
// CHECK:         scf.if
// CHECK:           nvvm.griddepcontrol wait
// CHECK:           llvm.store %{{.*}} : f32
// CHECK:         else
// CHECK:           nvvm.setmaxregister decrease
// CHECK-NOT:       nvvm.griddepcontrol
// CHECK:           nvvm.cp.async.bulk.tensor
// CHECK:           nvvm.setmaxregister increase
// CHECK:           nvvm.griddepcontrol wait
// CHECK:           llvm.store %{{.*}} : vector<4xi32>, !llvm.ptr<3>
// CHECK:           nvvm.fence.proxy
// CHECK-COUNT-8:   nvvm.wgmma.mma_async
// CHECK:           llvm.store %{{.*}} : vector<2xf32>

// CHECK-LABEL: llvm.func @qsat_audit_draw
// CHECK:         nvvm.griddepcontrol launch_dependents

// Heads that are no multiple of 64 wide: products of warps, one after the other.
// CHECK-LABEL: func.func @narrow(
// CHECK-NOT:     call @qsat_gpu_early
// CHECK:         return
func.func @narrow(%q: memref<1x4x2048x96xbf16>, %k: memref<1x2x2048x96xbf16>, %l: memref<1x4x2048xf32>, %e: memref<1x4x16x2xf32>) {
  qsat.audit ins(%q, %k, %k : memref<1x4x2048x96xbf16>, memref<1x2x2048x96xbf16>, memref<1x2x2048x96xbf16>)
    of(%q : memref<1x4x2048x96xbf16>) lse(%l : memref<1x4x2048xf32>) outs(%e, %e, %e : memref<1x4x16x2xf32>, memref<1x4x16x2xf32>, memref<1x4x16x2xf32>)
    {mask = #qsat.mask<causal>}
  return
}

// CHECK-LABEL: func.func @audit(
// CHECK:         gpu.launch_func {{.*}}@qsat_audit_draw
// CHECK:         call @qsat_gpu_early
// CHECK:         gpu.launch_func {{.*}}@qsat_audit
// CHECK:         call @qsat_gpu_early
// CHECK:         gpu.launch_func {{.*}}@qsat_audit_compare
func.func @audit(%q: memref<1x4x2048x128xbf16>, %k: memref<1x2x2048x128xbf16>, %l: memref<1x4x2048xf32>, %e: memref<1x4x16x2xf32>) {
  qsat.audit ins(%q, %k, %k : memref<1x4x2048x128xbf16>, memref<1x2x2048x128xbf16>, memref<1x2x2048x128xbf16>)
    of(%q : memref<1x4x2048x128xbf16>) lse(%l : memref<1x4x2048xf32>) outs(%e, %e, %e : memref<1x4x16x2xf32>, memref<1x4x16x2xf32>, memref<1x4x16x2xf32>)
    {mask = #qsat.mask<causal>}
  return
}
