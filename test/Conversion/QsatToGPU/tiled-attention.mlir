// Products of warps: for chips without those of warpgroups, and for what those
// cannot do. All warps of a block read one tile while the next is copied; a warp has 32
// rows, whose queries are in shared memory, or 16, whose are in registers.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_80 --canonicalize --cse %s | FileCheck %s
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CODE %}
// RUN: qsat-opt --convert-qsat-to-gpu --remarks-filter-missed=qsat %s 2>&1 | FileCheck %s --check-prefix=HOPPER

// HOPPER: remark: {{.*}}no wgmma kernel: expected head widths of 64, 128, 192 or 256, but got 96 and 96
// HOPPER: remark: {{.*}}no wgmma kernel: expected block_m to be a multiple of 128, but got 64
// HOPPER: remark: {{.*}}no wgmma kernel: expected o of bf16, but got f32

// CHECK-LABEL: gpu.module @qsat_attention_0
// CHECK:         llvm.store {{.*}} : f32

// CHECK-LABEL: gpu.module @qsat_sparse_attention
// CHECK:         nvvm.maxntid = array<i32: 128>

// CHECK-LABEL: gpu.module @qsat_attention
// CHECK:         nvvm.maxntid = array<i32: 128>, nvvm.minctasm = 2
// CHECK:         scf.for
// CHECK:           nvvm.cp.async.wait.group 0
// CHECK-NEXT:      nvvm.barrier
// CHECK:           nvvm.cp.async.shared.global
// CHECK:           nvvm.cp.async.commit.group
// Of a step, the queries of both groups; then keys for both.
// CHECK-COUNT-3:   nvvm.ldmatrix
// CHECK-COUNT-4:   nvvm.mma.sync
// CHECK:           nvvm.ldmatrix

// CHECK-LABEL: func.func @width(
// CODE-COUNT-4: bin = "\7FELF
func.func @width(%q: memref<1x4x?x96xbf16>, %k: memref<1x2x?x96xbf16>) {
  qsat.attention ins(%q, %k, %k : memref<1x4x?x96xbf16>, memref<1x2x?x96xbf16>, memref<1x2x?x96xbf16>)
    outs(%q : memref<1x4x?x96xbf16>) {mask = #qsat.mask<causal, window = 700, sinks = 4>}
  return
}

func.func @rows(%q: memref<1x1x128x64xbf16>, %i: memref<1x1x2x1xi32>, %c: memref<1x1x2xi32>, %l: memref<1x1x128xf32>) {
  qsat.sparse_attention ins(%q, %q, %q : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    list(%i, %c : memref<1x1x2x1xi32>, memref<1x1x2xi32>) outs(%q, %l : memref<1x1x128x64xbf16>, memref<1x1x128xf32>)
    {block_m = 64 : i64}
  return
}

func.func @output(%q: memref<1x1x80x64xbf16>, %o: memref<1x1x80x64xf32>) {
  qsat.attention ins(%q, %q, %q : memref<1x1x80x64xbf16>, memref<1x1x80x64xbf16>, memref<1x1x80x64xbf16>)
    outs(%o : memref<1x1x80x64xf32>)
  return
}

// What has no matrix products at all: a thread for each row.
// HOPPER: remark: {{.*}}no wgmma kernel: expected q, k and v of bf16 or f16, but got f32
// HOPPER: remark: {{.*}}no mma.sync kernel: expected q, k and v of bf16 or f16, but got f32
func.func @element(%q: memref<1x1x80x64xf32>) {
  qsat.attention ins(%q, %q, %q : memref<1x1x80x64xf32>, memref<1x1x80x64xf32>, memref<1x1x80x64xf32>)
    outs(%q : memref<1x1x80x64xf32>)
  return
}
