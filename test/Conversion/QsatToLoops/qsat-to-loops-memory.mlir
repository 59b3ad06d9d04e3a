// What attention of 128k keys allocates, for one kv head of D = 128: K, packed, 32 MiB
// where pairs of bf16 are multiplied. V is read in place, and so is V of f32; K of f32 would
// take 64 MiB, so that the last 16k keys are packed tile by tile where they are used.
// RUN: qsat-opt --convert-qsat-to-loops=cpu=znver5 --canonicalize --cse --split-input-file %s | FileCheck %s
// RUN: not qsat-opt --convert-qsat-to-loops=packed-bytes=-1 --split-input-file %s 2>&1 | FileCheck --check-prefix=NEGATIVE %s
// NEGATIVE: error: expected packed-bytes of at least 0, but got -1

// CHECK-LABEL: func.func @dense(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x8192x64x32xbf16>
// CHECK-NOT: memref.alloc(
func.func @dense(%q: memref<1x4x131072x128xbf16>, %k: memref<1x1x131072x128xbf16>,
                 %o: memref<1x4x131072x128xbf16>) {
  qsat.attention
    ins(%q, %k, %k : memref<1x4x131072x128xbf16>, memref<1x1x131072x128xbf16>,
                     memref<1x1x131072x128xbf16>)
    outs(%o : memref<1x4x131072x128xbf16>) {mask = #qsat.mask<causal>}
  return
}

// -----

// A length that is not known may be that large.
// CHECK-LABEL: func.func @dynamic(
// CHECK: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<1x1x?x64x32xbf16>
// CHECK-NOT: memref.alloc(
func.func @dynamic(%q: memref<1x4x?x128xbf16>, %k: memref<1x1x?x128xbf16>,
                   %o: memref<1x4x?x128xbf16>) {
  qsat.attention
    ins(%q, %k, %k : memref<1x4x?x128xbf16>, memref<1x1x?x128xbf16>, memref<1x1x?x128xbf16>)
    outs(%o : memref<1x4x?x128xbf16>) {mask = #qsat.mask<causal>}
  return
}

// -----

// Short contexts: V is packed too.
// CHECK-LABEL: func.func @short(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x512x64x32xbf16>
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x8x4096x32xbf16>
// CHECK-NOT: memref.alloc(
func.func @short(%q: memref<1x4x8192x128xbf16>, %k: memref<1x1x8192x128xbf16>,
                 %o: memref<1x4x8192x128xbf16>) {
  qsat.attention
    ins(%q, %k, %k : memref<1x4x8192x128xbf16>, memref<1x1x8192x128xbf16>,
                     memref<1x1x8192x128xbf16>)
    outs(%o : memref<1x4x8192x128xbf16>) {mask = #qsat.mask<causal>}
  return
}

// -----

// Lists: the means of the blocks besides, .5 MiB.
// CHECK-LABEL: func.func @listed(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x8192x64x32xbf16>
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x1024x128xbf16>
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x64x64x32xbf16>
// CHECK-NOT: memref.alloc(
func.func @listed(%q: memref<1x4x131072x128xbf16>, %k: memref<1x1x131072x128xbf16>,
                  %i: memref<1x4x1024x64xi32>, %c: memref<1x4x1024xi32>,
                  %o: memref<1x4x131072x128xbf16>, %l: memref<1x4x131072xf32>) {
  qsat.sparse_attention
    ins(%q, %k, %k : memref<1x4x131072x128xbf16>, memref<1x1x131072x128xbf16>,
                     memref<1x1x131072x128xbf16>)
    list(%i, %c : memref<1x4x1024x64xi32>, memref<1x4x1024xi32>)
    outs(%o, %l : memref<1x4x131072x128xbf16>, memref<1x4x131072xf32>)
    {mask = #qsat.mask<causal>, block_m = 128 : i64, block_n = 128 : i64,
     background = #qsat.background<centroid>}
  return
}

// -----

// CHECK-LABEL: func.func @single(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x3584x128x32xf32>
// CHECK-NOT: memref.alloc(
func.func @single(%q: memref<1x4x131072x128xf32>, %k: memref<1x1x131072x128xf32>,
                  %o: memref<1x4x131072x128xf32>) {
  qsat.attention
    ins(%q, %k, %k : memref<1x4x131072x128xf32>, memref<1x1x131072x128xf32>,
                     memref<1x1x131072x128xf32>)
    outs(%o : memref<1x4x131072x128xf32>) {mask = #qsat.mask<causal>}
  return
}

// The kernel packs a tile of the others into its scratch.
// CHECK-LABEL: func.func private @qsat_attention(
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1x1x4x128x32xf32>
// CHECK: scf.if
// CHECK: func.call @qsat_pack
