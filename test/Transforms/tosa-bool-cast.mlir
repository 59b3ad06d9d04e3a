// RUN: qsat-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(qsat-tosa-bool-cast))" | FileCheck %s
// RUN: qsat-opt %s --split-input-file --qsat-cpu-pipeline | FileCheck %s --check-prefix=CPU

// True is 1.0, not the -1.0 that upstream folds to, in a callee too.

// CPU-NOT: dense<-1.0
// CPU: dense<1.0
// CHECK-LABEL: func.func @constant
func.func @constant() -> tensor<2x4xf32> {
  %y = func.call @callee() : () -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
// CHECK-LABEL: func.func private @callee
func.func private @callee() -> tensor<2x4xf32> {
  %true = "tosa.const"() <{values = dense<true> : tensor<2x4xi1>}> : () -> tensor<2x4xi1>
  // CHECK: arith.uitofp %{{.*}} : tensor<2x4xi1> to tensor<2x4xf32>
  // CHECK-NOT: tosa.cast
  %y = tosa.cast %true : (tensor<2x4xi1>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<?x4xi1>) -> tensor<3x4xf32> {
  // CHECK: %[[Y:.*]] = arith.uitofp %{{.*}} : tensor<?x4xi1> to tensor<?x4xf32>
  // CHECK: tensor.cast %[[Y]] : tensor<?x4xf32> to tensor<3x4xf32>
  %y = tosa.cast %x : (tensor<?x4xi1>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// Casts of numbers stay.
// CHECK-LABEL: func.func @number
func.func @number(%x: tensor<4xi8>) -> tensor<4xf32> {
  // CHECK: tosa.cast
  %y = tosa.cast %x : (tensor<4xi8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
