// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 --canonicalize --cse %s | FileCheck %s

// Four query heads to a key head and 8 strata: 64 drawn rows of each key head are
// gathered, attended to as one head, and compared.
// CHECK-LABEL: func.func @audit
// CHECK-DAG: %[[ROWS:.*]] = memref.alloc() {{.*}} : memref<1x2x64xi32>
// CHECK-DAG: %[[QUERIES:.*]] = memref.alloc() {{.*}} : memref<1x2x64x64xbf16>
// CHECK-DAG: memref.alloc() {{.*}} : memref<1x2x64x64xf32>
// CHECK-DAG: memref.alloc() {{.*}} : memref<1x2x64xf32>
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c16) step (%c1)
// CHECK:   func.call @qsat_audit_draw(
// CHECK: scf.parallel
// CHECK:   func.call @qsat_audit(
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c16) step (%c1)
// CHECK:   func.call @qsat_audit_compare(
// CHECK-COUNT-5: memref.dealloc
// CHECK: func.func private @qsat_audit_draw(
// CHECK: arith.shrui {{.*}} : i64
// The mask is that of the drawn row.
// CHECK: func.func private @qsat_audit(%[[BATCH:[a-z0-9]+]]: index, %[[HEAD:[a-z0-9]+]]: index, {{.*}} %[[DRAWN:[a-z0-9]+]]: memref<1x2x64xi32>, %{{[a-z0-9]+}}: memref<1x2x64x64xbf16>,
// CHECK: memref.load %[[DRAWN]][%[[BATCH]], %[[HEAD]], %{{.*}}] : memref<1x2x64xi32>
func.func @audit(%q: memref<1x8x500x64xbf16>, %k: memref<1x2x500x64xbf16>, %l: memref<1x8x500xf32>, %e: memref<1x8x8x2xf32>) {
  qsat.audit ins(%q, %k, %k : memref<1x8x500x64xbf16>, memref<1x2x500x64xbf16>, memref<1x2x500x64xbf16>)
    of(%q : memref<1x8x500x64xbf16>) lse(%l : memref<1x8x500xf32>)
    outs(%e, %e, %e : memref<1x8x8x2xf32>, memref<1x8x8x2xf32>, memref<1x8x8x2xf32>)
    {mask = #qsat.mask<causal>, share = 3.125000e-02 : f64}
  return
}
