// RUN: qsat-opt --convert-qsat-to-loops="cpu=x86-64-v4 features=+avx512vnni" --split-input-file %s | FileCheck %s
// RUN: qsat-opt --convert-qsat-to-loops=cpu=sapphirerapids --split-input-file %s | FileCheck %s --check-prefix=AMX
// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v3 --split-input-file %s | FileCheck %s --check-prefix=AVX2

// One task for each batch, kv head and query block: 4 heads of 8 sampled rows fill
// the 32 lanes. K is read as it lies: its elements are broadcast. The memory of all
// workers is allocated before they start; a task has its worker's part.

// CHECK-LABEL: func.func @rows_of_a_group_share_vectors
// CHECK: call @qsat_score_rows(
// CHECK-LABEL: func.func private @qsat_score_rows(
// CHECK: %[[THREADS:.*]] = call @qsat_max_threads() : () -> i32
// CHECK: %[[MOST:.*]] = arith.index_cast %[[THREADS]] : i32 to index
// CHECK: %[[WORKERS:.*]] = arith.minsi %[[MOST]], %{{.*}} : index
// CHECK: %[[BYTES:.*]] = arith.muli %[[WORKERS]], %{{.*}} : index
// CHECK: %[[MEMORY:.*]] = memref.alloc(%[[BYTES]]) {alignment = 64 : i64} : memref<?xi8>
// CHECK: scf.parallel (%[[WORKER:.*]]) = (%{{.*}}) to (%[[WORKERS]]) step
// CHECK: scf.for
// CHECK-NEXT: func.call @[[TASK:qsat_score_rows_[0-9]+]](%{{.*}}, %[[WORKER]], %[[MEMORY]]
// CHECK: memref.dealloc %[[MEMORY]] : memref<?xi8>
// CHECK: func.func private @[[TASK]](
// CHECK-SAME: attributes {no_inline, passthrough = ["no-builtins"]}
// CHECK-DAG: memref.view {{.*}} to memref<1x64x32xf32>
// CHECK-DAG: memref.view {{.*}} to memref<4x32xf32>
// CHECK-NOT: memref.alloc
// CHECK: %[[ROW:.*]] = vector.load {{.*}} : memref<1x64x32xf32>, vector<32xf32>
// CHECK: %[[KEY:.*]] = memref.load {{.*}} : memref<1x2x512x64xf32>
// CHECK: %[[SPLAT:.*]] = vector.broadcast %[[KEY]] : f32 to vector<32xf32>
// CHECK: vector.fma %[[SPLAT]], %[[ROW]], %{{.*}} : vector<32xf32>
// CHECK-NOT: math.exp
// CHECK: math.sqrt
// AVX2-LABEL: func.func @rows_of_a_group_share_vectors
// AVX2: vector.fma {{.*}} : vector<16xf32>
func.func @rows_of_a_group_share_vectors(%q: memref<1x8x512x64xf32>, %k: memref<1x2x512x64xf32>,
                                         %a: memref<1x8x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x8x512x64xf32>, memref<1x2x512x64xf32>)
    outs(%a : memref<1x8x4x4xf32>)
    {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
  return
}

// -----

// CHECK-LABEL: func.func @same_ops_share_a_kernel
// CHECK: call @[[KERNEL:.*]](%arg0, %arg1, %arg2
// CHECK: call @[[KERNEL]](%arg3, %arg1, %arg2
func.func @same_ops_share_a_kernel(%q: memref<1x2x64x8xf32>, %k: memref<1x2x64x8xf32>,
                                   %a: memref<1x2x1x1xf32>, %q2: memref<1x2x64x8xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x2x64x8xf32>, memref<1x2x64x8xf32>)
    outs(%a : memref<1x2x1x1xf32>)
  qsat.amplitude_score ins(%q2, %k : memref<1x2x64x8xf32>, memref<1x2x64x8xf32>)
    outs(%a : memref<1x2x1x1xf32>)
  return
}

// -----

// Keys that are not f32 are widened a tile at a time.

// CHECK-LABEL: func.func @bf16_keys_are_widened_by_tiles
// CHECK: memref.load {{.*}} : memref<?x?x?x?xbf16>
// CHECK: arith.extf {{.*}} : bf16 to f32
// CHECK: memref.store {{.*}} : memref<8x?xf32>
func.func @bf16_keys_are_widened_by_tiles(%q: memref<?x?x?x?xbf16>, %k: memref<?x?x?x?xbf16>,
                                          %a: memref<?x?x?x?xf32>, %l: memref<?x?x?xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<?x?x?x?xbf16>, memref<?x?x?x?xbf16>)
    outs(%a, %l : memref<?x?x?x?xf32>, memref<?x?x?xf32>)
  return
}

// -----

// The lanes differ in their row, and here in their head; key and batch are the same
// in all of them. What depends on these alone stays scalar.

// CHECK-LABEL: func.func @region_on_lanes
// CHECK: func.func private @qsat_score_rows_0
// CHECK: %[[SLOPES:.*]] = vector.load {{.*}} : memref<32xf32>, vector<32xf32>
// CHECK: arith.muli %{{.*}}, %{{.*}} : index
// CHECK: %[[D:.*]] = arith.subi %{{.*}}, %{{.*}} : vector<32xindex>
// CHECK: %[[DI:.*]] = arith.index_cast %[[D]] : vector<32xindex> to vector<32xi32>
// CHECK: %[[DF:.*]] = arith.sitofp %[[DI]] : vector<32xi32> to vector<32xf32>
// CHECK: arith.mulf %[[SLOPES]], %[[DF]] : vector<32xf32>
func.func @region_on_lanes(%q: memref<1x8x512x64xf32>, %k: memref<1x2x512x64xf32>,
                           %slopes: memref<8xf32>, %a: memref<1x8x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x8x512x64xf32>, memref<1x2x512x64xf32>)
    extras(%slopes : memref<8xf32>)
    outs(%a : memref<1x8x4x4xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
    score {
    ^bb0(%z: f32, %slope: f32, %b: index, %h: index, %i: index, %j: index):
      %jj = arith.muli %j, %j : index
      %d = arith.subi %jj, %i : index
      %di = arith.index_cast %d : index to i32
      %df = arith.sitofp %di : i32 to f32
      %bias = arith.mulf %slope, %df : f32
      %y = arith.addf %z, %bias : f32
      qsat.yield %y : f32
    }
  return
}

// -----

// Means and variances of the key blocks first; then one reduction over D goes
// through both, and partially visible blocks are done exactly.

// CHECK-LABEL: func.func @d2_reduces_over_means_and_variances
// CHECK-LABEL: func.func private @qsat_score_d2(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x4x16xf32>
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<1x1x4x16xf32>
// CHECK: scf.parallel
// CHECK: func.call @qsat_block_statistics(
// CHECK: scf.parallel
// CHECK: func.call @qsat_score_d2_0(
// CHECK: memref.dealloc
// CHECK: memref.dealloc
// CHECK: func.func private @qsat_score_d2_0(
// CHECK: memref.load {{.*}} : memref<1x1x4x16xf32>
// CHECK: vector.fma
// CHECK: memref.load {{.*}} : memref<1x1x4x16xf32>
// CHECK: vector.fma
// CHECK: memref.load {{.*}} : memref<1x1x256x16xf32>
// CHECK: vector.fma
func.func @d2_reduces_over_means_and_variances(
    %q: memref<1x1x256x16xf32>, %k: memref<1x1x256x16xf32>, %a: memref<1x1x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x1x256x16xf32>, memref<1x1x256x16xf32>)
    outs(%a : memref<1x1x4x4xf32>)
    {estimator = #qsat.estimator<d2>, block_m = 64 : i64, block_n = 64 : i64,
     mask = #qsat.mask<causal>}
  return
}

// -----

// CHECK-LABEL: func.func @pooled_needs_no_variances
// CHECK: func.func private @qsat_score_pooled_0(
// CHECK-NOT: memref<1x1x256x16xf32>, %{{.*}}: memref<1x1x4x16xf32>, %{{.*}}: memref<1x1x4x16xf32>
// CHECK: vector.fma
func.func @pooled_needs_no_variances(
    %q: memref<1x1x256x16xf32>, %k: memref<1x1x256x16xf32>, %a: memref<1x1x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x1x256x16xf32>, memref<1x1x256x16xf32>)
    outs(%a : memref<1x1x4x4xf32>)
    {estimator = #qsat.estimator<pooled>, block_m = 64 : i64, block_n = 64 : i64}
  return
}

// -----

// d2 writes its amplitudes to the result; the second part sorts them and overwrites
// them with those of the rows.

// CHECK-LABEL: func.func @cascade_is_d2_and_then_rows
// CHECK-LABEL: func.func private @qsat_score_cascade(
// CHECK: func.call @qsat_score_d2(
// CHECK: func.call @qsat_score_cascade_0(
// CHECK: func.func private @qsat_score_cascade_0(
// CHECK: memref.load {{.*}} : memref<1x1x4x4xf32>
// CHECK: scf.while
// CHECK: math.ceil
func.func @cascade_is_d2_and_then_rows(
    %q: memref<1x1x256x16xf32>, %k: memref<1x1x256x16xf32>, %a: memref<1x1x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x1x256x16xf32>, memref<1x1x256x16xf32>)
    outs(%a : memref<1x1x4x4xf32>)
    {estimator = #qsat.estimator<cascade>, share = 2.500000e-01 : f64, block_m = 64 : i64,
     block_n = 64 : i64}
  return
}

// -----

// The panel holds the 16 rows of each group; -inf scores are not counted.

// CHECK-LABEL: func.func @antidiagonal_pairs_rows_and_keys
// CHECK: func.func private @qsat_score_antidiagonal_0(
// CHECK: memref.view {{.*}} to memref<16x16x32xf32>
// CHECK: vector.fma
// CHECK: arith.cmpf une
func.func @antidiagonal_pairs_rows_and_keys(
    %q: memref<1x1x256x16xf32>, %k: memref<1x1x256x16xf32>, %a: memref<1x1x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x1x256x16xf32>, memref<1x1x256x16xf32>)
    outs(%a : memref<1x1x4x4xf32>)
    {estimator = #qsat.estimator<antidiagonal>, block_m = 64 : i64, block_n = 64 : i64}
  return
}

// -----

// Rows of K as bytes with a factor and a start of each sum; q as bytes that are not
// signed, four to an i32.

// CHECK-LABEL: func.func @rows_of_bytes
// CHECK: func.func private @qsat_score_rows
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<1x2x512x64xi8>
// CHECK: math.roundeven {{.*}} : vector<16xf32>
// CHECK: memref.view {{.*}} to memref<1x16x128xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// AVX2-LABEL: func.func @rows_of_bytes
// AVX2-NOT: vpdpbusd
// AVX2: arith.shrsi {{.*}} : vector<8xi32>

// Both kernels, and at run time the choice of one: the system may refuse AMX. Sixteen rows of
// K, as they lie, by both halves of the lanes of two chunks; rows past the last of K may be read.
// AMX-LABEL: func.func @rows_of_bytes
// AMX: call @qsat_score_rows_either(
// AMX: func.func private @qsat_score_rows(
// AMX-NOT: amx.
// AMX: func.func private @qsat_score_rows_amx(
// AMX-DAG: memref.alloc() {alignment = 64 : i64} : memref<1x2x527x64xi8>
// AMX-DAG: memref.view {{.*}} to memref<2x16x128xi8>
// AMX-DAG: memref.view {{.*}} to memref<16x32xi32>
// AMX-COUNT-2: amx.tile_zero
// AMX: amx.tile_load {{.*}} : memref<1x2x527x64xi8> into !amx.tile<16x64xi8>
// AMX-COUNT-2: amx.tile_muli {{.*}} : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
// AMX-COUNT-2: amx.tile_store
// AMX: func.func private @qsat_score_rows_either(
// AMX: call @qsat_request_amx() : () -> i32
func.func @rows_of_bytes(%q: memref<1x8x512x64xbf16>, %k: memref<1x2x512x64xbf16>, %a: memref<1x8x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x8x512x64xbf16>, memref<1x2x512x64xbf16>)
    outs(%a : memref<1x8x4x4xf32>)
    {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>, int8}
  return
}

// -----

// Rows of bf16 are read by tiles where they lie, 16 at a time; the last ones, which tiles
// would read beyond, from a copy.

// AMX-LABEL: func.func @rows_of_bf16_by_tiles
// AMX: call @qsat_score_rows_either(
// AMX: func.func private @qsat_score_rows_amx(
// AMX-DAG: memref.view {{.*}} to memref<2x32x64xbf16>
// AMX-DAG: memref.view {{.*}} to memref<16x64xbf16>
// AMX: scf.if
// AMX: amx.tile_load {{.*}} : memref<1x2x500x64xbf16> into !amx.tile<16x32xbf16>
// AMX-COUNT-2: amx.tile_mulf {{.*}} : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// AMX: } else {
// AMX: amx.tile_load {{.*}} : memref<16x64xbf16> into !amx.tile<16x32xbf16>
// AMX: vector.load {{.*}} : memref<16x32xf32>, vector<16xf32>
func.func @rows_of_bf16_by_tiles(%q: memref<1x8x512x64xbf16>, %k: memref<1x2x500x64xbf16>, %a: memref<1x8x4x4xf32>) {
  qsat.amplitude_score ins(%q, %k : memref<1x8x512x64xbf16>, memref<1x2x500x64xbf16>)
    outs(%a : memref<1x8x4x4xf32>)
    {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
  return
}
