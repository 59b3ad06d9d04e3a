// RUN: qsat-opt %s --qsat-lower-matmul="cpu=x86-64-v4" --split-input-file | FileCheck %s
// RUN: qsat-opt %s --qsat-lower-matmul="cpu=x86-64-v4" --remarks-filter-missed=qsat --split-input-file -o %t 2>&1 | FileCheck %s --check-prefix=REMARK

// The right operand is packed into panels of 32 columns; a register tile has 8
// rows. 100 columns leave a part of a panel: a masked store.

// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[A:.*]]: memref<70x300xf32>, %[[B:.*]]: memref<300x100xf32>, %[[C:.*]]: memref<70x100xf32>
// CHECK-NEXT: call @[[ALL:.*]](%[[A]], %[[B]], %[[C]])
// CHECK: func.func private @[[PACK:qsat_matmul_pack]](
// CHECK: func.func private @[[TASK:qsat_matmul]](
// CHECK: vector.load %{{.*}} : memref<?x?x32xf32>, vector<32xf32>
// CHECK-COUNT-8: vector.fma %{{.*}} : vector<32xf32>
// CHECK: vector.maskedstore %{{.*}} vector<32xf32>
// CHECK: func.func private @[[ALL]](
// CHECK: %[[PACKED:.*]] = memref.alloc
// CHECK: scf.parallel
// CHECK: func.call @[[PACK]](
// CHECK: scf.parallel
// CHECK: func.call @[[TASK]](
// CHECK: memref.dealloc %[[PACKED]]
func.func @matmul(%a: memref<70x300xf32>, %b: memref<300x100xf32>, %c: memref<70x100xf32>) {
  linalg.matmul ins(%a, %b : memref<70x300xf32>, memref<300x100xf32>) outs(%c : memref<70x100xf32>)
  return
}

// -----

// Two products of one shape share their kernels; one that overwrites zeros
// does not read them.

// CHECK-LABEL: func.func @shared_and_overwritten(
// CHECK: call @qsat_matmul_all(
// CHECK: call @qsat_matmul_all(
// CHECK: memref.alloc
// CHECK-NOT: linalg.fill
// CHECK: call @qsat_matmul_all_0(
func.func @shared_and_overwritten(%a: memref<64x64xf32>, %b: memref<64x64xf32>, %c: memref<64x64xf32>) -> memref<64x64xf32> {
  linalg.matmul ins(%a, %b : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
  linalg.matmul ins(%b, %a : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
  %zero = arith.constant 0.0 : f32
  %new = memref.alloc() : memref<64x64xf32>
  linalg.fill ins(%zero : f32) outs(%new : memref<64x64xf32>)
  linalg.matmul ins(%a, %b : memref<64x64xf32>, memref<64x64xf32>) outs(%new : memref<64x64xf32>)
  return %new : memref<64x64xf32>
}

// -----

// A transposed, narrower weight is widened as it is packed.

// CHECK-LABEL: func.func @transposed_bf16(
// CHECK-NEXT: call @qsat_matmul_all(
// CHECK: func.func private @qsat_matmul_pack(
// CHECK: arith.extf %{{.*}} : bf16 to f32
func.func @transposed_bf16(%a: memref<2x64x48xf32>, %w: memref<96x48xbf16>, %c: memref<2x64x96xf32>) {
  linalg.contract indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (n, k)>,
                                   affine_map<(b, m, n, k) -> (b, m, n)>]
      ins(%a, %w : memref<2x64x48xf32>, memref<96x48xbf16>) outs(%c : memref<2x64x96xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @few_rows(
// CHECK: linalg.matmul
// REMARK: too few rows for packing to pay
func.func @few_rows(%a: memref<1x64xf32>, %b: memref<64x64xf32>, %c: memref<1x64xf32>) {
  linalg.matmul ins(%a, %b : memref<1x64xf32>, memref<64x64xf32>) outs(%c : memref<1x64xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @not_a_product(
// CHECK: linalg.generic
// REMARK: the body is not a multiply-add of its arguments
func.func @not_a_product(%a: memref<8x64xf32>, %b: memref<64x64xf32>, %c: memref<8x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x64xf32>) outs(%c : memref<8x64xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %difference = arith.subf %x, %y : f32
    %sum = arith.addf %out, %difference : f32
    linalg.yield %sum : f32
  }
  return
}
