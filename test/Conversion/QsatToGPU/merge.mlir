// A warp for each row, or a thread where there are no warps.
// RUN: qsat-opt --convert-qsat-to-gpu --canonicalize --cse %s | FileCheck %s
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s --check-prefix=HOST
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline=chip=sm_80 %s | FileCheck %s --check-prefix=CODE %}

// CHECK-LABEL: llvm.func @qsat_merge(
// All lanes have read both sums before one is written over.
// CHECK-COUNT-2: memref.load {{.*}} : memref<1x1x8xf32
// CHECK-COUNT-2: nvvm.shfl.sync bfly
// CHECK:         scf.for
// CHECK-COUNT-2:   memref.load {{.*}} : memref<1x1x8x64xbf16
// CHECK:           memref.store {{.*}} : memref<1x1x8x64xbf16
// CHECK:         memref.store {{.*}} : memref<1x1x8xf32
// CHECK:       gpu.launch_func <%{{.*}} : !llvm.ptr> @qsat_merge::@qsat_merge

// HOST-LABEL: gpu.func @qsat_merge(
// HOST-NOT:     shfl
// HOST:         scf.for
// CODE:       bin = "\7FELF
func.func @merge(%o: memref<1x1x8x64xbf16>, %l: memref<1x1x8xf32>) {
  qsat.merge ins(%o, %l, %o, %l : memref<1x1x8x64xbf16>, memref<1x1x8xf32>, memref<1x1x8x64xbf16>, memref<1x1x8xf32>)
    outs(%o, %l : memref<1x1x8x64xbf16>, memref<1x1x8xf32>)
  return
}
