// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 %s | FileCheck %s

// CHECK-LABEL: func.func @overlap
// CHECK: call @qsat_overlap(
// CHECK: func.func private @qsat_overlap(
// CHECK: scf.parallel {{.*}} to (%{{.*}}, %{{.*}}, %{{.*}}) step
// CHECK: func.func private @qsat_overlap_row
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     memref.load {{.*}} : memref<1x6x3x5xf32>
// CHECK:     memref.load {{.*}} : memref<1x6x3x5xf32>
// CHECK:     math.fma
// CHECK:   memref.store {{.*}} : memref<1x6x3x2xf32>
// CHECK-NOT: qsat.overlap
func.func @overlap(%a: memref<1x6x3x5xf32>, %rho: memref<1x6x3x2xf32>) {
  qsat.overlap ins(%a : memref<1x6x3x5xf32>) outs(%rho : memref<1x6x3x2xf32>)
  return
}
