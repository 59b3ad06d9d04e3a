// Policies that take the first of an order store the place of each block in it, by
// which a cut is found; heavy_hitter sums over query blocks before.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_90a %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=gfx942}, canonicalize, gpu.module(convert-math-to-llvm, convert-scf-to-cf, convert-gpu-to-rocdl{chipset=gfx942}, reconcile-unrealized-casts), gpu-module-to-binary{format=isa})" %s | FileCheck %s --check-prefix=AMDGPU
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=generic}, canonicalize, map-memref-spirv-storage-class, gpu.module(spirv-attach-target{ver=v1.3 caps=Shader,Int64,Float64 exts=SPV_KHR_storage_buffer_storage_class}, convert-math-to-spirv), convert-gpu-to-spirv)" %s | FileCheck %s --check-prefix=SPIRV

// CHECK-NOT: gpu.barrier
// CUBIN-COUNT-5: gpu.binary @{{.*}} bin = "\7FELF
// AMDGPU-COUNT-5: amdgcn-amd-amdhsa--gfx942{{.*}}qsat_select
// SPIRV-COUNT-5: spirv.func @qsat_select

!a = memref<1x4x16x16xf32>
!i = memref<1x4x16x16xi32>
!c = memref<1x4x16xi32>
!r = memref<1x4x16xf32>

// CHECK-LABEL: func.func @mass(
// CHECK:         %[[PLACES:.*]] = memref.alloc() {{.*}} : memref<1x4x16x16xi32>
// CHECK:         gpu.launch_func @qsat_select{{.*}} blocks in (%c1, %c4, %c1)
// CHECK:         memref.dealloc %[[PLACES]]
func.func @mass(%a: !a, %i: !i, %c: !c, %m: !r) {
  qsat.amplified_select ins(%a : !a) outs(%i, %c, %m, %m : !i, !c, !r, !r)
    {mask = #qsat.mask<causal>, theta = 9.000000e-01 : f64, policy = #qsat.policy<mass>}
  return
}

// CHECK-LABEL: func.func @heavy_hitter(
// CHECK:         %[[SUMS:.*]] = memref.alloc() {{.*}} : memref<1x4x16x16xf32>
// CHECK:         gpu.launch_func @qsat_select_sums{{.*}} args(%arg0 : {{.*}}, %[[SUMS]] :
// CHECK:         gpu.launch_func @qsat_select
func.func @heavy_hitter(%a: !a, %i: !i, %c: !c, %m: !r) {
  qsat.amplified_select ins(%a : !a) outs(%i, %c, %m, %m : !i, !c, !r, !r)
    {mask = #qsat.mask<causal>, k = 5 : i64, policy = #qsat.policy<heavy_hitter>}
  return
}

// CHECK-LABEL: func.func @measure(
// CHECK:         gpu.launch_func @qsat_select
func.func @measure(%a: !a, %i: !i, %c: !c, %m: !r) {
  qsat.amplified_select ins(%a : !a) outs(%i, %c, %m, %m : !i, !c, !r, !r)
    {mask = #qsat.mask<causal>, k = 5 : i64, seed = 7 : i64, policy = #qsat.policy<measure>}
  return
}

// Any exponent.
// CHECK-LABEL: func.func @budget(
// CHECK:         gpu.launch_func @qsat_select
func.func @budget(%a: !a, %i: !i, %c: !c, %m: !r) {
  qsat.amplified_select ins(%a : !a) outs(%i, %c, %m, %m : !i, !c, !r, !r)
    {mask = #qsat.mask<causal>, exponent = 3.000000e-01 : f64, policy = #qsat.policy<budget>}
  return
}
