// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @two_merges_share_a_kernel
// CHECK-NOT: memref.alloc
// CHECK: scf.parallel (%{{.*}})
// CHECK: func.call @qsat_merge(
// CHECK: scf.parallel
// CHECK: func.call @qsat_merge(
// CHECK-NOT: qsat.merge
// CHECK: func.func private @qsat_merge(
// CHECK-SAME: attributes {no_inline, passthrough = ["no-builtins"]}
func.func @two_merges_share_a_kernel(
    %o1: memref<2x4x100x64xf32>, %l1: memref<2x4x100xf32>,
    %o2: memref<2x4x100x64xf32>, %l2: memref<2x4x100xf32>,
    %o: memref<2x4x100x64xf32>, %l: memref<2x4x100xf32>) {
  qsat.merge ins(%o1, %l1, %o2, %l2 : memref<2x4x100x64xf32>, memref<2x4x100xf32>, memref<2x4x100x64xf32>, memref<2x4x100xf32>)
    outs(%o, %l : memref<2x4x100x64xf32>, memref<2x4x100xf32>)
  qsat.merge ins(%o2, %l2, %o1, %l1 : memref<2x4x100x64xf32>, memref<2x4x100xf32>, memref<2x4x100x64xf32>, memref<2x4x100xf32>)
    outs(%o, %l : memref<2x4x100x64xf32>, memref<2x4x100xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @bf16_is_merged_in_f32
// CHECK: func.func private @qsat_merge(
// CHECK: vector.load {{.*}} vector<16xbf16>
// CHECK: arith.extf {{.*}} vector<16xbf16> to vector<16xf32>
// No instruction of this CPU rounds to bf16: integer arithmetic, no library.
// CHECK-NOT: arith.truncf
// CHECK: arith.bitcast {{.*}} vector<16xi16> to vector<16xbf16>
func.func @bf16_is_merged_in_f32(
    %o1: memref<?x?x?x?xbf16>, %l1: memref<?x?x?xf32>, %o: memref<?x?x?x?xbf16>, %l: memref<?x?x?xf32>) {
  qsat.merge ins(%o1, %l1, %o1, %l1 : memref<?x?x?x?xbf16>, memref<?x?x?xf32>, memref<?x?x?x?xbf16>, memref<?x?x?xf32>)
    outs(%o, %l : memref<?x?x?x?xbf16>, memref<?x?x?xf32>)
  return
}

// -----

// Rows that are not contiguous are merged one number at a time.
// CHECK-LABEL: func.func @merge_strided_rows(
// CHECK:         call @[[KERNEL:qsat_merge[_0-9]*]](
// CHECK-LABEL: func.func private @qsat_merge
// CHECK-NOT:     vector.load
// CHECK:         memref.load
// CHECK-NOT:     vector.load
func.func @merge_strided_rows(%o1: memref<1x1x8x8xf32, strided<[?, ?, ?, ?], offset: ?>>, %l: memref<1x1x8xf32>,
                              %o: memref<1x1x8x8xf32>) {
  qsat.merge ins(%o1, %l, %o, %l : memref<1x1x8x8xf32, strided<[?, ?, ?, ?], offset: ?>>, memref<1x1x8xf32>, memref<1x1x8x8xf32>, memref<1x1x8xf32>)
    outs(%o, %l : memref<1x1x8x8xf32>, memref<1x1x8xf32>)
  return
}
