// TOSA without attention is left alone, next to attention that is raised.
// RUN: qsat-opt %s --qsat-raise-attention | FileCheck %s

// CHECK-LABEL: func.func @attention_and_projection
func.func @attention_and_projection(%q: tensor<2x5x4xf32>, %k: tensor<2x7x4xf32>, %v: tensor<2x7x3xf32>,
                                    %w: tensor<2x3x6xf32>) -> tensor<2x5x6xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  // CHECK: %[[O:.*]] = qsat.attention
  // CHECK-SAME: tensor<1x2x5x4xf32>, tensor<1x2x7x4xf32>, tensor<1x2x7x3xf32>
  %kt = tosa.transpose %k {perms = array<i32: 0, 2, 1>} : (tensor<2x7x4xf32>) -> tensor<2x4x7xf32>
  %s = tosa.matmul %q, %kt, %zero, %zero : (tensor<2x5x4xf32>, tensor<2x4x7xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x5x7xf32>
  %m = tosa.reduce_max %s {axis = 2 : i32} : (tensor<2x5x7xf32>) -> tensor<2x5x1xf32>
  %z = tosa.sub %s, %m : (tensor<2x5x7xf32>, tensor<2x5x1xf32>) -> tensor<2x5x7xf32>
  %e = tosa.exp %z : (tensor<2x5x7xf32>) -> tensor<2x5x7xf32>
  %l = tosa.reduce_sum %e {axis = 2 : i32} : (tensor<2x5x7xf32>) -> tensor<2x5x1xf32>
  %r = tosa.reciprocal %l : (tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
  %p = tosa.mul %e, %r, %shift : (tensor<2x5x7xf32>, tensor<2x5x1xf32>, tensor<1xi8>) -> tensor<2x5x7xf32>
  %o = tosa.matmul %p, %v, %zero, %zero : (tensor<2x5x7xf32>, tensor<2x7x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x5x3xf32>
  // CHECK-NOT: tosa.exp
  // CHECK: tosa.matmul
  // CHECK: tosa.sigmoid
  %y = tosa.matmul %o, %w, %zero, %zero : (tensor<2x5x3xf32>, tensor<2x3x6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x5x6xf32>
  %g = tosa.sigmoid %y : (tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  return %g : tensor<2x5x6xf32>
}
