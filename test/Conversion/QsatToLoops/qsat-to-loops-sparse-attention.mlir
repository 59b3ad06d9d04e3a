// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 --canonicalize --cse --split-input-file %s | FileCheck %s

// The kernel walks over the list of its query block: 128 rows are panels of 96 and of 32.
// CHECK-LABEL: func.func @lists
// CHECK: memref.alloc() {{.*}} : memref<1x2x8x64x64xf32>
// CHECK: func.call @qsat_pack(
// CHECK-NOT: memref.alloc
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c64) step (%c1)
// CHECK: func.call @qsat_sparse_attention(
// CHECK: func.func private @qsat_sparse_attention(%{{[a-z0-9]+}}: index, %[[HEAD:[a-z0-9]+]]: index, {{.*}}, %[[INDICES:[a-z0-9]+]]: memref<1x4x4x3xi32>, %[[COUNTS:[a-z0-9]+]]: memref<1x4x4xi32>,
// Two query heads read one list. A count past the extent of the list is cut.
// CHECK: %[[LIST_HEAD:.*]] = arith.divui %[[HEAD]], %c2
// CHECK: %[[GIVEN:.*]] = memref.load %[[COUNTS]][%{{.*}}, %[[LIST_HEAD]], %{{.*}}]
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[GIVEN]]
// CHECK: %[[LEAST:.*]] = arith.minsi %[[COUNT]], %c3
// CHECK: %[[END:.*]] = arith.maxsi %[[LEAST]], %c0
// CHECK: scf.for %[[T:.*]] = %c0 to %[[END]]
// CHECK: %[[ENTRY:.*]] = memref.load %[[INDICES]][%{{.*}}, %[[LIST_HEAD]], %{{.*}}, %[[T]]]
// CHECK: %[[BLOCK:.*]] = arith.index_cast %[[ENTRY]]
// A number outside of the context is passed over.
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[BLOCK]], %c4
// CHECK: scf.if %[[INSIDE]]
// CHECK: vector.fma {{.*}} : vector<64xf32>
func.func @lists(%q: memref<1x8x512x64xf32>, %k: memref<1x2x512x64xf32>, %i: memref<1x4x4x3xi32>,
                 %c: memref<1x4x4xi32>, %o: memref<1x8x512x64xf32>, %l: memref<1x8x512xf32>) {
  qsat.sparse_attention
    ins(%q, %k, %k : memref<1x8x512x64xf32>, memref<1x2x512x64xf32>, memref<1x2x512x64xf32>)
    list(%i, %c : memref<1x4x4x3xi32>, memref<1x4x4xi32>)
    outs(%o, %l : memref<1x8x512x64xf32>, memref<1x8x512xf32>)
    {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
  return
}

// -----

// Blocks of 40 keys are packed with a gap each, to 64: a listed block starts a tile.
// CHECK-LABEL: func.func @odd_blocks
// CHECK: memref.alloc() {{.*}} : memref<1x2x6x64x32xf32>
func.func @odd_blocks(%q: memref<1x2x100x64xf32>, %i: memref<1x2x3x3xi32>, %c: memref<1x2x3xi32>,
                      %o: memref<1x2x100x64xf32>, %l: memref<1x2x100xf32>) {
  qsat.sparse_attention
    ins(%q, %q, %q : memref<1x2x100x64xf32>, memref<1x2x100x64xf32>, memref<1x2x100x64xf32>)
    list(%i, %c : memref<1x2x3x3xi32>, memref<1x2x3xi32>)
    outs(%o, %l : memref<1x2x100x64xf32>, memref<1x2x100xf32>)
    {block_m = 40 : i64, block_n = 40 : i64}
  return
}

// -----

// A background: means of K (packed as keys are) and of V, variances for t2, one block
// to a task; a second state that is merged with the first by a library-free log.
// CHECK-LABEL: func.func @background
// CHECK: memref.alloc() {{.*}} : memref<1x2x8x64x64xf32>
// CHECK: %[[V_MEANS:.*]] = memref.alloc() {{.*}} : memref<1x2x4x64xf32>
// CHECK: %[[K_MEANS:.*]] = memref.alloc() {{.*}} : memref<1x2x2x64x64xf32>
// CHECK: %[[K_VARIANCES:.*]] = memref.alloc() {{.*}} : memref<1x2x2x64x64xf32>
// CHECK: scf.parallel
// CHECK: func.call @qsat_block_statistics(
// CHECK: func.call @qsat_sparse_attention(
// CHECK: memref.dealloc %[[V_MEANS]]
// CHECK: memref.dealloc %[[K_MEANS]]
// CHECK: memref.dealloc %[[K_VARIANCES]]
// CHECK: func.func private @qsat_block_statistics(
// CHECK: arith.divf
// CHECK: func.func private @qsat_sparse_attention(
// CHECK-NOT: math.log
// CHECK: return
func.func @background(%q: memref<1x8x512x64xf32>, %k: memref<1x2x512x64xf32>, %i: memref<1x4x4x3xi32>,
                      %c: memref<1x4x4xi32>, %o: memref<1x8x512x64xf32>, %l: memref<1x8x512xf32>,
                      %kept: memref<1x8x512xf32>) {
  qsat.sparse_attention
    ins(%q, %k, %k : memref<1x8x512x64xf32>, memref<1x2x512x64xf32>, memref<1x2x512x64xf32>)
    list(%i, %c : memref<1x4x4x3xi32>, memref<1x4x4xi32>)
    outs(%o, %l, %kept : memref<1x8x512x64xf32>, memref<1x8x512xf32>, memref<1x8x512xf32>)
    {scale = 1.250000e-01 : f64, background = #qsat.background<t2>}
  return
}

// -----

// Means of V are all that rank1 needs; the probability of a search goes by its own formula.
// CHECK-LABEL: func.func @rank1
// CHECK-COUNT-2: memref.alloc()
// CHECK-NOT: memref.alloc()
// CHECK: func.func private @qsat_sparse_attention(
// CHECK: math.asin
// CHECK: math.roundeven
// CHECK: math.sin
func.func @rank1(%q: memref<1x2x256x64xf32>, %i: memref<1x2x2x2xi32>, %c: memref<1x2x2xi32>,
                 %o: memref<1x2x256x64xf32>, %l: memref<1x2x256xf32>) {
  qsat.sparse_attention
    ins(%q, %q, %q : memref<1x2x256x64xf32>, memref<1x2x256x64xf32>, memref<1x2x256x64xf32>)
    list(%i, %c : memref<1x2x2x2xi32>, memref<1x2x2xi32>)
    outs(%o, %l : memref<1x2x256x64xf32>, memref<1x2x256xf32>)
    {background = #qsat.background<rank1>, amplification = #qsat.amplification<optimal>}
  return
}
