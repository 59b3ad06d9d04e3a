// RUN: qsat-opt %s --pass-pipeline="builtin.module(func.func(qsat-expand-math))" | FileCheck %s --check-prefixes=CHECK,FAST
// RUN: qsat-opt %s --pass-pipeline="builtin.module(func.func(qsat-expand-math{approximate=false}))" | FileCheck %s --check-prefixes=CHECK,LIBM

// CHECK-LABEL: @square
func.func @square(%x: f32) -> f32 {
  %two = arith.constant 2 : i64
  // CHECK: %[[Y:.*]] = arith.mulf %[[X:.*]], %[[X]]
  // CHECK: return %[[Y]]
  %y = math.fpowi %x, %two : f32, i64
  return %y : f32
}

// CHECK-LABEL: @power
func.func @power(%x: f32, %n: i64) -> f32 {
  // CHECK: %[[N:.*]] = arith.sitofp %{{.*}} : i64 to f32
  // CHECK: math.powf %{{.*}}, %[[N]]
  %y = math.fpowi %x, %n : f32, i64
  return %y : f32
}

// CHECK-LABEL: @exponential
func.func @exponential(%x: f32, %y: f64) -> (f32, f64) {
  // FAST-NOT: math.exp {{.*}} : f32
  // LIBM: math.exp {{.*}} : f32
  // CHECK: math.exp {{.*}} : f64
  %a = math.exp %x : f32
  %b = math.exp %y : f64
  return %a, %b : f32, f64
}
