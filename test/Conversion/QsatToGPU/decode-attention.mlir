// One query row of each head to many keys: the 4 heads that share keys are rows
// of one product; the keys are split over thread blocks, whose results the last
// of them merges.
// RUN: qsat-opt --convert-qsat-to-gpu --canonicalize --cse %s | FileCheck %s --check-prefixes=CHECK,EARLY
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_80 --canonicalize --cse %s | FileCheck %s --check-prefixes=CHECK,LATE
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CODE %}
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline %s | FileCheck %s --check-prefix=CODE %}

// CHECK-LABEL: gpu.module @qsat_sparse_decode
// Pages of 16 keys: one is a tile of a warp.
// CHECK:         nvvm.cp.async.shared.global {{.*}}, 16, cache = cg, %{{.*}}
// CHECK:         scf.for
// CHECK:           nvvm.cp.async.wait.group

// CHECK-LABEL: gpu.module @qsat_decode
// CHECK:         llvm.func @qsat_decode(
// CHECK-SAME:      nvvm.maxntid = array<i32: 256>, nvvm.minctasm = 1 : i32
// It starts while the kernel before it ends, where there is a way to wait for that.
// EARLY:         nvvm.griddepcontrol launch_dependents
// EARLY-NEXT:    nvvm.griddepcontrol wait
// LATE-NOT:      nvvm.griddepcontrol
// Each warp its own tiles: no barrier of the block among the keys.
// CHECK:         scf.for
// CHECK-NOT:       nvvm.barrier
// CHECK:           nvvm.cp.async.wait.group
// CHECK-NEXT:      nvvm.bar.warp.sync
// CHECK-COUNT-8:   nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// CHECK-COUNT-8:   nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<col>
// CHECK:           scf.yield
// CHECK:         nvvm.barrier
// The last share of the rows merges them all.
// CHECK:         llvm.fence syncscope("device") acq_rel
// CHECK:         llvm.atomicrmw uinc_wrap
// CHECK:         llvm.fence syncscope("device") acq_rel

// CHECK-LABEL: func.func @decode(
// CHECK-COUNT-4: call @qsat_gpu_rows(
// CHECK:         call @qsat_gpu_processors()
// CHECK:         %[[STREAM:.*]] = {{.*}}call @qsat_gpu_stream()
// CHECK:         %[[SCRATCH:.*]] = {{.*}}call @qsat_gpu_scratch(%[[STREAM]],
// EARLY:         %[[EARLY:.*]] = {{.*}}call @qsat_gpu_early(%[[STREAM]])
// EARLY:         gpu.launch_func <%[[EARLY]] : !llvm.ptr> @qsat_decode::@qsat_decode
// LATE:          gpu.launch_func <%[[STREAM]] : !llvm.ptr> @qsat_decode::@qsat_decode
// CODE-COUNT-2:  bin = "\7FELF
func.func @decode(%q: memref<1x8x1x128xbf16>, %k: memref<1x2x?x128xbf16>, %o: memref<1x8x1x128xbf16>, %l: memref<1x8x1xf32>) {
  qsat.attention ins(%q, %k, %k : memref<1x8x1x128xbf16>, memref<1x2x?x128xbf16>, memref<1x2x?x128xbf16>)
    outs(%o, %l : memref<1x8x1x128xbf16>, memref<1x8x1xf32>)
  return
}

// CHECK-LABEL: func.func @pages(
// CHECK:         gpu.launch_func {{.*}} @qsat_sparse_decode::@qsat_sparse_decode
func.func @pages(%q: memref<?x8x2x64xf16>, %k: memref<?x2x?x64xf16>, %i: memref<?x2x1x?xi32>, %c: memref<?x2x1xi32>,
                 %o: memref<?x8x2x64xf16>, %l: memref<?x8x2xf32>) {
  qsat.sparse_attention ins(%q, %k, %k : memref<?x8x2x64xf16>, memref<?x2x?x64xf16>, memref<?x2x?x64xf16>)
    list(%i, %c : memref<?x2x1x?xi32>, memref<?x2x1xi32>) outs(%o, %l : memref<?x8x2x64xf16>, memref<?x8x2xf32>)
    {block_n = 16 : i64, mask = #qsat.mask<causal, offset = 4000>}
  return
}
