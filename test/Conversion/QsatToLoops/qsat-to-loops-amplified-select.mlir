// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @threshold
// CHECK: call @qsat_select_threshold(
// CHECK-LABEL: func.func private @qsat_select_threshold(
// CHECK: %[[TASKS:.*]] = arith.constant 256 : index
// CHECK: arith.minsi %{{.*}}, %[[TASKS]] : index
// CHECK: %[[MEMORY:.*]] = memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK: scf.parallel (%[[WORKER:.*]]) =
// CHECK: scf.for
// CHECK-NEXT: func.call @qsat_select_threshold_row(%{{.*}}, %[[WORKER]], %[[MEMORY]]
// CHECK: memref.dealloc %[[MEMORY]]
// CHECK: func.func private @qsat_select_threshold_row(
// CHECK-SAME: attributes {no_inline, passthrough = ["no-builtins"]}
// CHECK-NOT: memref.alloc
// CHECK: %[[P:.*]] = memref.load {{.*}} : memref<32xf32>
// CHECK: arith.cmpf oge, %[[P]], %{{.*}} : f32
// CHECK: memref.store {{.*}} : memref<1x8x32x32xi32>
// CHECK: math.asin
func.func @threshold(%a: memref<1x8x32x32xf32>, %i: memref<1x8x32x32xi32>, %c: memref<1x8x32xi32>,
                     %m: memref<1x8x32xf32>, %n: memref<1x8x32xf32>) {
  qsat.amplified_select ins(%a : memref<1x8x32x32xf32>)
    outs(%i, %c, %m, %n : memref<1x8x32x32xi32>, memref<1x8x32xi32>, memref<1x8x32xf32>, memref<1x8x32xf32>)
    {policy = #qsat.policy<threshold>, theta = 6.000000e-03 : f64, mask = #qsat.mask<causal>}
  return
}

// -----

// Query blocks in turn: one task for each batch and list head.

// CHECK-LABEL: func.func @heavy_hitter_accumulates_over_query_blocks
// CHECK-LABEL: func.func private @qsat_select_heavy_hitter(
// CHECK: %[[TASKS:.*]] = arith.muli %{{.*}}, %{{.*}} : index
// CHECK: arith.minsi %{{.*}}, %[[TASKS]] : index
// CHECK: scf.parallel
// CHECK: func.func private @qsat_select_heavy_hitter_row(
// CHECK: scf.while
func.func @heavy_hitter_accumulates_over_query_blocks(
    %a: memref<?x?x?x?xf32>, %i: memref<?x?x?x?xi32>, %c: memref<?x?x?xi32>,
    %m: memref<?x?x?xf32>, %n: memref<?x?x?xf32>) {
  qsat.amplified_select ins(%a : memref<?x?x?x?xf32>)
    outs(%i, %c, %m, %n : memref<?x?x?x?xi32>, memref<?x?x?xi32>, memref<?x?x?xf32>, memref<?x?x?xf32>)
    {policy = #qsat.policy<heavy_hitter>, k = 4 : i64, entangle}
  return
}

// -----

// No arcsine where no rounds are counted.

// CHECK-LABEL: func.func @born_counts_no_queries
// CHECK: func.func private @qsat_select_mass_row(
// CHECK-NOT: math.asin
func.func @born_counts_no_queries(
    %a: memref<1x8x32x32xf32>, %i: memref<1x2x32x8xi32>, %c: memref<1x2x32xi32>,
    %m: memref<1x2x32xf32>, %n: memref<1x2x32xf32>) {
  qsat.amplified_select ins(%a : memref<1x8x32x32xf32>)
    outs(%i, %c, %m, %n : memref<1x2x32x8xi32>, memref<1x2x32xi32>, memref<1x2x32xf32>, memref<1x2x32xf32>)
    {policy = #qsat.policy<mass>, theta = 9.000000e-01 : f64, entangle,
     iterations = #qsat.amplification<born>}
  return
}
