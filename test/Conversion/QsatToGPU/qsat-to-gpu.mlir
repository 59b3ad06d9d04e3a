// RUN: qsat-opt --convert-qsat-to-gpu --canonicalize --cse --split-input-file %s | FileCheck %s

// Causal attention: one tile map for each array, the launch on the caller's
// stream, a producer that gives registers to the consumers, and products of
// scores in the dialect, of values in PTX: their left operand is in registers.

// CHECK-LABEL: gpu.module @qsat_attention [#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx83">]
// CHECK:         llvm.func @qsat_attention(
// CHECK-SAME:      {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}
// CHECK-SAME:      gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 384>, nvvm.minctasm = 1 : i32
// CHECK:           nvvm.setmaxregister decrease 40
// CHECK:           nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:           llvm.atomicrmw uinc_wrap
// CHECK:           nvvm.setmaxregister increase 232
// The first tile, with no values before it.
// CHECK-COUNT-8:   nvvm.wgmma.mma_async {{.*}} <m = 64, n = 176, k = 16>
// CHECK:           nvvm.wgmma.wait.group.sync.aligned 0
// CHECK:           scf.for
// CHECK-COUNT-8:     nvvm.wgmma.mma_async
// CHECK:             llvm.inline_asm {{.*}}wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK:             nvvm.wgmma.wait.group.sync.aligned 1
// CHECK:             scf.if
// CHECK:             nvvm.wgmma.wait.group.sync.aligned 0
// Weights against a reference that is raised only where a score passes it: all
// exponents are below 0 as long as all signs are set.
// CHECK-COUNT-87:    arith.andi {{.*}} : i32
// CHECK:             arith.cmpi sge,
// CHECK:             %[[RAISED:.*]] = nvvm.vote.sync any
// CHECK-NOT:         arith.maxnumf
// CHECK-COUNT-88:    llvm.intr.exp2
// CHECK:             scf.if %[[RAISED]]
// CHECK:               arith.maxnumf
// CHECK:           nvvm.cp.async.bulk.tensor.global.shared.cta

// CHECK-LABEL: func.func @causal(
// CHECK:         scf.if
// CHECK-COUNT-4:   call @qsat_gpu_tile_map(
// CHECK:           %[[STREAM:.*]] = func.call @qsat_gpu_stream()
// CHECK:           %[[COUNTER:.*]] = func.call @qsat_gpu_counter(%[[STREAM]])
// CHECK:           gpu.launch_func <%[[STREAM]] : !llvm.ptr> @qsat_attention::@qsat_attention
// CHECK-SAME:        dynamic_shared_memory_size
// CHECK-SAME:        %[[COUNTER]] : !llvm.ptr
func.func @causal(%q: memref<1x8x?x128xbf16>, %k: memref<1x2x?x128xbf16>, %o: memref<1x8x?x128xbf16>) {
  qsat.attention ins(%q, %k, %k : memref<1x8x?x128xbf16>, memref<1x2x?x128xbf16>, memref<1x2x?x128xbf16>)
    outs(%o : memref<1x8x?x128xbf16>) {mask = #qsat.mask<causal>}
  return
}

// -----

// Heads of 64 columns: three groups of rows, tiles of 128 keys.

// CHECK-LABEL: gpu.module @qsat_attention
// CHECK:         nvvm.maxntid = array<i32: 512>
// CHECK:         nvvm.setmaxregister decrease 32
// CHECK:         nvvm.setmaxregister increase 160
// CHECK-COUNT-4: nvvm.wgmma.mma_async {{.*}} <m = 64, n = 128, k = 16>, D[<f32>, <{{zero|one}}>], A[<f16>
func.func @narrow(%q: memref<2x4x100x64xf16>, %l: memref<2x4x100xf32>) {
  qsat.attention ins(%q, %q, %q : memref<2x4x100x64xf16>, memref<2x4x100x64xf16>, memref<2x4x100x64xf16>)
    outs(%q, %l : memref<2x4x100x64xf16>, memref<2x4x100xf32>)
  return
}

// -----

// Lists: a number past the last block is that of the block behind it, which
// the copy engine fills with zeros and the mask hides. Two blocks of 64 keys
// fill a tile, panel by panel.

// CHECK-LABEL: gpu.module @qsat_sparse_attention
// CHECK:         %[[OUTSIDE:.*]] = arith.divui
// CHECK:         scf.if
// CHECK:           %[[BLOCK:.*]] = llvm.load {{.*}} invariant
// CHECK-NEXT:      arith.minui %[[BLOCK]], %{{.*}} : i32
// CHECK-COUNT-4: nvvm.cp.async.bulk.tensor.shared.cluster.global
func.func @lists(%q: memref<1x4x256x128xbf16>, %i: memref<1x2x2x4xi32>, %c: memref<1x2x2xi32>,
                 %l: memref<1x4x256xf32>, %kept: memref<1x4x256xf32>) {
  qsat.sparse_attention ins(%q, %q, %q : memref<1x4x256x128xbf16>, memref<1x4x256x128xbf16>, memref<1x4x256x128xbf16>)
    list(%i, %c : memref<1x2x2x4xi32>, memref<1x2x2xi32>)
    outs(%q, %l, %kept : memref<1x4x256x128xbf16>, memref<1x4x256xf32>, memref<1x4x256xf32>)
    {block_n = 64 : i64}
  return
}

// -----

// One kernel for ops of one configuration; another for another mask.

// CHECK-COUNT-2: gpu.module
// CHECK-NOT:     gpu.module
// CHECK-LABEL: func.func @shared(
// CHECK:         gpu.launch_func {{.*}} @[[NAME:.*]]::@qsat_attention
// CHECK:         gpu.launch_func {{.*}} @[[NAME]]::@qsat_attention
// CHECK:         gpu.launch_func
// CHECK-NOT:     @[[NAME]]::
func.func @shared(%q: memref<1x1x128x64xbf16>, %k: memref<1x1x128x64xbf16>) {
  qsat.attention ins(%q, %q, %q : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    outs(%k : memref<1x1x128x64xbf16>)
  qsat.attention ins(%k, %k, %k : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    outs(%q : memref<1x1x128x64xbf16>)
  qsat.attention ins(%k, %k, %k : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    outs(%q : memref<1x1x128x64xbf16>) {mask = #qsat.mask<window = 9>}
  return
}
