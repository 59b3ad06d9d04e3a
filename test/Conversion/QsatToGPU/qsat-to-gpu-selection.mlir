// Scores, selection and attention of its lists: four launches. Scores take one
// thread for each sampled row and key block, or warpgroups; a row of blocks one
// thread, or a warp where lanes can exchange values.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_90a --canonicalize --cse %s | FileCheck %s --check-prefix=HOPPER
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline %s | FileCheck %s --check-prefix=CODE %}

// CHECK-LABEL: gpu.func @qsat_select(
// CHECK-NOT:     nvvm
// CHECK-LABEL: gpu.func @qsat_score_normalize(
// CHECK-NOT:     nvvm
// CHECK-LABEL: gpu.func @qsat_score_rows(
// CHECK-NOT:     nvvm
// CHECK-LABEL: func.func @chain(
// CHECK:         %[[MASSES:.*]] = memref.alloc() {{.*}} : memref<1x4x2x2x8xf32>
// 2 x 2 pairs of blocks, 8 rows of each.
// CHECK:         gpu.launch_func @qsat_score_rows::@qsat_score_rows blocks in (%c1, %c4, %c1)
// CHECK:         gpu.launch_func @qsat_score_normalize::@qsat_score_normalize
// CHECK:         memref.dealloc %[[MASSES]]
// CHECK:         gpu.launch_func @qsat_select::@qsat_select
// CHECK:         gpu.launch_func @qsat_sparse_attention

// Places in the list: how many lanes of the warp before this one mark a block.
// HOPPER-LABEL: llvm.func @qsat_select(
// HOPPER:         %[[MARKED:.*]] = nvvm.vote.sync ballot
// HOPPER:         %[[BEFORE:.*]] = arith.andi %[[MARKED]],
// HOPPER:         llvm.intr.ctpop(%[[BEFORE]])
// Rows of a key block lie side by side in 8 lanes; 4 key blocks to a warp.
// HOPPER-LABEL: llvm.func @qsat_score_normalize(
// HOPPER:         nvvm.shfl.sync {{.*}}bfly {{.*}}, %c8_i32,
// HOPPER:         nvvm.shfl.sync {{.*}}bfly {{.*}}, %c16_i32,
// 64 rows of each of four warpgroups against a key block: the scores of one are
// looked at while the products of others run.
// HOPPER-LABEL: llvm.func @qsat_score_rows(
// HOPPER-SAME:     nvvm.maxntid = array<i32: 640>
// HOPPER:          nvvm.setmaxregister decrease 24
// HOPPER:          nvvm.cp.async.bulk.tensor.shared.cluster.global
// HOPPER:          nvvm.setmaxregister increase 112
// HOPPER-COUNT-8:  nvvm.wgmma.mma_async {{.*}}m = 64, n = 128, k = 16
// HOPPER-NOT:      nvvm.wgmma.mma_async
// HOPPER:          nvvm.wgmma.wait.group.sync.aligned 0
// HOPPER:          llvm.intr.exp2
// HOPPER-NOT:      nvvm.wgmma.mma_async
// HOPPER-LABEL: func.func @chain(
// HOPPER:         %[[SPACE:.*]] = call @qsat_gpu_allocate(%c512_i64)
// HOPPER:         call @qsat_gpu_free(
// HOPPER-NOT:     memref.alloc

// CODE-COUNT-4: gpu.binary @{{.*}} bin = "\7FELF
func.func @chain(%q: memref<1x4x250x128xbf16>, %k: memref<1x2x250x128xbf16>, %o: memref<1x4x250x128xbf16>,
                 %a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %m: memref<1x4x2xf32>,
                 %l: memref<1x4x250xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x4x250x128xbf16>, memref<1x2x250x128xbf16>) outs(%a : memref<1x4x2x2xf32>)
    {mask = #qsat.mask<causal>}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %m, %m : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {mask = #qsat.mask<causal>, theta = 1.200000e-02 : f64, local = 1 : i64}
  qsat.sparse_attention ins(%q, %k, %k : memref<1x4x250x128xbf16>, memref<1x2x250x128xbf16>, memref<1x2x250x128xbf16>)
    list(%i, %c : memref<1x4x2x2xi32>, memref<1x4x2xi32>) outs(%o, %l : memref<1x4x250x128xbf16>, memref<1x4x250xf32>)
    {mask = #qsat.mask<causal>}
  return
}
