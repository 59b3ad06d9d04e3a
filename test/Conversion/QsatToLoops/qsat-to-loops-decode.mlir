// RUN: qsat-opt --convert-qsat-to-loops=cpu=znver5 --canonicalize --cse --split-input-file %s | FileCheck %s
// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v3 --canonicalize --cse --split-input-file %s | FileCheck %s --check-prefix=AVX2
// RUN: qsat-opt --convert-qsat-to-loops=cpu=sapphirerapids --canonicalize --cse --split-input-file %s | FileCheck %s --check-prefix=AMX

// Few query rows: nothing is packed. 2 kv heads in 8 chunks of 512 keys; all 4 query
// heads of a kv head are rows of one pass.
// CHECK-LABEL: func.func @decode
// CHECK-SAME: (%[[Q:.*]]: memref<1x8x1x128xbf16>, %[[K:.*]]: memref<1x2x4000x128xbf16>, %[[V:.*]]: memref<1x2x4000x128xbf16>, %[[O:.*]]: memref<1x8x1x128xbf16>)
// CHECK-NOT: memref.alloc(
// CHECK: %[[STATES:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x2x8x4x128xf32>
// CHECK: %[[STATES_OF_ANY:.*]] = memref.cast %[[STATES]]
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c16) step (%c1)
// CHECK: call @qsat_decode({{.*}}, %[[STATES_OF_ANY]], {{.*}}, %[[Q]], %[[K]], %[[V]], %[[O]])
// The states of the chunks are merged row by row.
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c8) step (%c1)
// CHECK: call @qsat_decode_merge(
// CHECK-NOT: scf.parallel
// CHECK: memref.dealloc %[[STATES]]

// CHECK-LABEL: func.func private @qsat_decode(
// CHECK-SAME: %[[KEYS:[a-z0-9]+]]: memref<1x2x4000x128xbf16>, %[[VALUES:[a-z0-9]+]]: memref<1x2x4000x128xbf16>, %{{[a-z0-9]+}}: memref<1x8x1x128xbf16>) attributes {no_inline, passthrough = ["no-builtins"]}
// Scores: 4 rows by 4 keys in registers; V is prefetched meanwhile.
// CHECK: memref.prefetch %[[VALUES]]
// CHECK: vector.load %[[KEYS]]{{.*}} : memref<1x2x4000x128xbf16>, vector<32xbf16>
// CHECK-COUNT-16: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// P V by pairs of keys; K of the next tile is prefetched.
// CHECK: memref.prefetch %[[KEYS]]
// CHECK: vector.load %[[VALUES]]{{.*}} : memref<1x2x4000x128xbf16>, vector<32xbf16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"

// Without such products K is widened, a tile at a time, on the stack.
// AVX2-LABEL: func.func private @qsat_decode(
// AVX2: memref.alloca() {{.*}} : memref<16x128xf32>
// AVX2: memref.prefetch
// AVX2: vector.fma {{.*}} : vector<8xf32>

// Few rows of a wide head: not by tiles.
// AMX-LABEL: func.func @decode(
// AMX: call @qsat_decode(
func.func @decode(%q: memref<1x8x1x128xbf16>, %k: memref<1x2x4000x128xbf16>,
                  %v: memref<1x2x4000x128xbf16>, %o: memref<1x8x1x128xbf16>) {
  qsat.attention
    ins(%q, %k, %v : memref<1x8x1x128xbf16>, memref<1x2x4000x128xbf16>, memref<1x2x4000x128xbf16>)
    outs(%o : memref<1x8x1x128xbf16>) {scale = 1.250000e-01 : f64}
  return
}

// -----

// Lists of pages: 4 of them to a task; a list for each kv head keeps one pass.
// CHECK-LABEL: func.func @pages
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x2x3x8x64xf32>
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c6) step (%c1)
// CHECK: call @qsat_decode(
func.func @pages(%q: memref<1x4x4x64xf32>, %k: memref<1x2x4000x64xf32>, %v: memref<1x2x4000x64xf32>,
                 %i: memref<1x2x1x10xi32>, %c: memref<1x2x1xi32>, %o: memref<1x4x4x64xf32>, %l: memref<1x4x4xf32>) {
  qsat.sparse_attention
    ins(%q, %k, %v : memref<1x4x4x64xf32>, memref<1x2x4000x64xf32>, memref<1x2x4000x64xf32>)
    list(%i, %c : memref<1x2x1x10xi32>, memref<1x2x1xi32>)
    outs(%o, %l : memref<1x4x4x64xf32>, memref<1x4x4xf32>)
    {scale = 1.250000e-01 : f64, block_m = 16 : i64, block_n = 128 : i64}
  return
}

// -----

// A list for each query head: the heads of a group read different keys.
// CHECK-LABEL: func.func @pages_of_heads
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x4x3x4x64xf32>
// CHECK: call @qsat_decode(
func.func @pages_of_heads(%q: memref<1x4x4x64xf32>, %k: memref<1x2x4000x64xf32>, %v: memref<1x2x4000x64xf32>,
                          %i: memref<1x4x1x10xi32>, %c: memref<1x4x1xi32>, %o: memref<1x4x4x64xf32>, %l: memref<1x4x4xf32>) {
  qsat.sparse_attention
    ins(%q, %k, %v : memref<1x4x4x64xf32>, memref<1x2x4000x64xf32>, memref<1x2x4000x64xf32>)
    list(%i, %c : memref<1x4x1x10xi32>, memref<1x4x1xi32>)
    outs(%o, %l : memref<1x4x4x64xf32>, memref<1x4x4xf32>)
    {scale = 1.250000e-01 : f64, block_m = 16 : i64, block_n = 128 : i64}
  return
}

// -----

// Left to the kernel of many rows: more than 8 rows, or an unknown number.
// CHECK-LABEL: func.func @many_rows
// CHECK-NOT: qsat_decode
// CHECK: call @qsat_attention(
func.func @many_rows(%q: memref<1x2x9x64xf32>, %k: memref<1x2x64x64xf32>, %o: memref<1x2x9x64xf32>) {
  qsat.attention ins(%q, %k, %k : memref<1x2x9x64xf32>, memref<1x2x64x64xf32>, memref<1x2x64x64xf32>)
    outs(%o : memref<1x2x9x64xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @unknown_rows
// CHECK-NOT: qsat_decode
// CHECK: call @qsat_attention(
func.func @unknown_rows(%q: memref<1x2x?x64xf32>, %k: memref<1x2x64x64xf32>, %o: memref<1x2x?x64xf32>) {
  qsat.attention ins(%q, %k, %k : memref<1x2x?x64xf32>, memref<1x2x64x64xf32>, memref<1x2x64x64xf32>)
    outs(%o : memref<1x2x?x64xf32>)
  return
}

// -----

// Tiles read K where it lies, 16 keys by the packed queries of 16 rows, and the 8 rows of
// P by the values of 16 keys, interleaved two by two. The system may refuse them.
// AMX-LABEL: func.func @decode_by_tiles(
// AMX: %[[HAS_TILES:.*]] = arith.cmpi ne
// AMX: func.call @qsat_decode_either(%[[HAS_TILES]]
// AMX-LABEL: func.func private @qsat_decode(
// AMX-NOT: amx.
// AMX-LABEL: func.func private @qsat_decode_amx(
// AMX-SAME: %[[KEYS:[a-z0-9]+]]: memref<1x2x4000x128xbf16>, %[[VALUES:[a-z0-9]+]]: memref<1x2x4000x128xbf16>, %{{[a-z0-9]+}}: memref<1x16x1x128xbf16>)
// AMX: amx.tile_load {{.*}} : memref<4x16x32xbf16> into !amx.tile<16x32xbf16>
// AMX: amx.tile_load %[[KEYS]]
// AMX: amx.tile_mulf {{.*}} : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// AMX: memref.prefetch %[[VALUES]]
// AMX: memref.prefetch %[[KEYS]]
// AMX: vector.load %[[VALUES]]
// AMX-COUNT-8: amx.tile_mulf {{.*}} : !amx.tile<8x16xbf16>, !amx.tile<8x32xbf16>, !amx.tile<8x16xf32>
func.func @decode_by_tiles(%q: memref<1x16x1x128xbf16>, %k: memref<1x2x4000x128xbf16>,
                           %v: memref<1x2x4000x128xbf16>, %o: memref<1x16x1x128xbf16>) {
  qsat.attention
    ins(%q, %k, %v : memref<1x16x1x128xbf16>, memref<1x2x4000x128xbf16>, memref<1x2x4000x128xbf16>)
    outs(%o : memref<1x16x1x128xbf16>) {scale = 1.250000e-01 : f64}
  return
}
