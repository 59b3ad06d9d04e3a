// One thread for each row, in ops that every GPU has; no barrier, no shared
// memory. The same IR goes to NVPTX, AMDGPU and SPIR-V.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: qsat-opt --qsat-nvidia-pipeline="chip=sm_80 ptxas=no-such-program" %s | FileCheck %s --check-prefix=NVPTX
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CUBIN %}
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=gfx942}, canonicalize, gpu.module(convert-scf-to-cf, convert-gpu-to-rocdl{chipset=gfx942}, reconcile-unrealized-casts), gpu-module-to-binary{format=isa})" %s | FileCheck %s --check-prefix=AMDGPU
// RUN: qsat-opt --pass-pipeline="builtin.module(convert-qsat-to-gpu{chip=generic}, canonicalize, map-memref-spirv-storage-class, gpu.module(spirv-attach-target{ver=v1.3 caps=Shader exts=SPV_KHR_storage_buffer_storage_class}), convert-gpu-to-spirv)" %s | FileCheck %s --check-prefix=SPIRV

// CHECK-LABEL: gpu.func @qsat_attention(
// CHECK-SAME:    kernel
// CHECK-DAG:     %[[BLOCK:.*]] = gpu.block_id x
// CHECK-DAG:     %[[THREAD:.*]] = gpu.thread_id x
// CHECK:         %[[FIRST:.*]] = arith.muli %[[BLOCK]], %c64
// CHECK:         %[[ROW:.*]] = arith.addi %[[FIRST]], %[[THREAD]]
// CHECK:         %[[IS_ROW:.*]] = arith.cmpi slt, %[[ROW]], %arg5
// CHECK:         scf.if %[[IS_ROW]]
// CHECK-COUNT-8:   vector.load %arg0
// The sinks, then the window.
// CHECK:           scf.for
// CHECK-COUNT-8:     vector.load %arg1
// CHECK-COUNT-8:     vector.load %arg2
// CHECK:           scf.for
// CHECK-NOT:     gpu.barrier

// CHECK-LABEL: func.func @attention(
// CHECK:         gpu.launch_func @qsat_attention::@qsat_attention blocks in (%c2, %c4, %c1) threads in (%c64, %c1, %c1)
// CHECK-SAME:      args(%arg0 : memref<1x4x100x32xf32>

// NVPTX:  assembly = "{{.*}}.target sm_80{{.*}}.entry qsat_attention(
// CUBIN:  bin = "\7FELF
// AMDGPU: assembly = "{{.*}}amdgcn-amd-amdhsa--gfx942{{.*}}qsat_attention:
// SPIRV:  spirv.module
// SPIRV:  spirv.func @qsat_attention(
// SPIRV-SAME: spirv.entry_point_abi = #spirv.entry_point_abi<workgroup_size = [64, 1, 1]>
// SPIRV:        spirv.mlir.loop
func.func @attention(%q: memref<1x4x100x32xf32>, %k: memref<1x2x90x32xf32>, %o: memref<1x4x100x32xf32>,
                     %l: memref<1x4x100xf32>) {
  qsat.attention ins(%q, %k, %k : memref<1x4x100x32xf32>, memref<1x2x90x32xf32>, memref<1x2x90x32xf32>)
    outs(%o, %l : memref<1x4x100x32xf32>, memref<1x4x100xf32>) {mask = #qsat.mask<causal, window = 20, sinks = 3>}
  return
}
