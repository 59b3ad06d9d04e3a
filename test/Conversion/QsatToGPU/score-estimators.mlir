// Every estimator gives masses of rows in key blocks, from which one kernel finds
// the amplitudes. None of them asks for more than every GPU has, so that the same
// IR goes to NVPTX, AMDGPU and SPIR-V.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_90a %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=gfx942}, canonicalize, gpu.module(convert-math-to-llvm, convert-scf-to-cf, convert-gpu-to-rocdl{chipset=gfx942}, reconcile-unrealized-casts), gpu-module-to-binary{format=isa})" %s | FileCheck %s --check-prefix=AMDGPU
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=generic}, canonicalize, map-memref-spirv-storage-class, gpu.module(spirv-attach-target{ver=v1.3 caps=Shader,Int64,Float64 exts=SPV_KHR_storage_buffer_storage_class}, convert-math-to-spirv), convert-gpu-to-spirv)" %s | FileCheck %s --check-prefix=SPIRV

// CHECK-NOT: gpu.barrier
// CUBIN-COUNT-15: gpu.binary @{{.*}} bin = "\7FELF
// AMDGPU-COUNT-15: amdgcn-amd-amdhsa--gfx942{{.*}}qsat_
// SPIRV-DAG: spirv.func @qsat_query_means(
// SPIRV-DAG: spirv.func @qsat_score_blocks(
// SPIRV-DAG: spirv.func @qsat_score_groups(
// SPIRV-DAG: spirv.func @qsat_cascade_passes(

!q = memref<1x4x250x32xf32>
!k = memref<1x2x250x32xf32>
!a = memref<1x4x16x16xf32>
!l = memref<1x4x16xf32>

// The mean of the queries of a block stands for all.
// CHECK-LABEL: func.func @pooled(
// CHECK:         gpu.launch_func @qsat_key_means{{.*}} blocks in (%c8, %c2, %c1)
// CHECK:         gpu.launch_func @qsat_query_means{{.*}} blocks in (%c8, %c4, %c1)
// CHECK:         memref.alloc() {{.*}} : memref<1x4x16x16x1xf32>
// CHECK:         gpu.launch_func @qsat_score_blocks{{.*}} blocks in (%c4, %c4, %c1)
// CHECK:         gpu.launch_func @qsat_block_normalize
func.func @pooled(%q: !q, %k: !k, %a: !a, %l: !l) {
  qsat.amplitude_score ins(%q, %k : !q, !k) outs(%a, %l : !a, !l)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64, estimator = #qsat.estimator<pooled>}
  return
}

// With variances, for all rows.
// CHECK-LABEL: func.func @d2(
// CHECK-COUNT-2: memref.alloc() {{.*}} : memref<1x2x16x32xf32>
// CHECK:         gpu.launch_func @qsat_key_means
// CHECK:         memref.alloc() {{.*}} : memref<1x4x16x16x16xf32>
// CHECK:         gpu.launch_func @qsat_score_blocks{{.*}} blocks in (%c64, %c4, %c1)
// CHECK:         gpu.launch_func @qsat_block_normalize
func.func @d2(%q: !q, %k: !k, %a: !a, %l: !l) {
  qsat.amplitude_score ins(%q, %k : !q, !k) outs(%a, %l : !a, !l)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64, estimator = #qsat.estimator<d2>}
  return
}

// Groups of 4 rows.
// CHECK-LABEL: func.func @antidiagonal(
// CHECK:         memref.alloc() {{.*}} : memref<1x4x16x16x4xf32>
// CHECK:         gpu.launch_func @qsat_score_groups{{.*}} blocks in (%c16, %c4, %c1)
// CHECK:         gpu.launch_func @qsat_score_normalize
func.func @antidiagonal(%q: !q, %k: !k, %a: !a, %l: !l) {
  qsat.amplitude_score ins(%q, %k : !q, !k) outs(%a, %l : !a, !l)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64, stride = 4 : i64, estimator = #qsat.estimator<antidiagonal>}
  return
}

// Of d2 the amplitudes, which say what passes; then rows of what does.
// CHECK-LABEL: func.func @cascade(
// CHECK:         gpu.launch_func @qsat_key_means
// CHECK:         gpu.launch_func @qsat_score_blocks
// CHECK:         gpu.launch_func @qsat_block_normalize
// CHECK:         %[[PASSES:.*]] = memref.alloc() {{.*}} : memref<1x4x16x16xi32>
// CHECK:         gpu.launch_func @qsat_cascade_passes
// CHECK:         gpu.launch_func @qsat_score_rows
// CHECK:         gpu.launch_func @qsat_score_normalize
// CHECK:         memref.dealloc %[[PASSES]]
func.func @cascade(%q: !q, %k: !k, %a: !a, %l: !l) {
  qsat.amplitude_score ins(%q, %k : !q, !k) outs(%a, %l : !a, !l)
    {mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 16 : i64, stride = 4 : i64, estimator = #qsat.estimator<cascade>}
  return
}
