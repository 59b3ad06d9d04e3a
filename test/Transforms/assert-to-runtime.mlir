// RUN: qsat-opt %s --qsat-assert-to-runtime | FileCheck %s

// Equal messages share a global.
// CHECK-COUNT-1: llvm.mlir.global internal constant @[[MESSAGE:.*]]("too large\00")
// CHECK: llvm.func @qsat_assert_failed(!llvm.ptr)
// CHECK-LABEL: @check
// CHECK-SAME: %[[OK:.*]]: i1
func.func @check(%ok: i1, %x: f32) -> f32 {
  // CHECK: %[[BROKEN:.*]] = arith.xori %[[OK]], %true
  // CHECK: scf.if %[[BROKEN]]
  // CHECK:   %[[TEXT:.*]] = llvm.mlir.addressof @[[MESSAGE]]
  // CHECK:   llvm.call @qsat_assert_failed(%[[TEXT]])
  cf.assert %ok, "too large"
  // CHECK: llvm.mlir.addressof @[[MESSAGE]]
  cf.assert %ok, "too large"
  return %x : f32
}
