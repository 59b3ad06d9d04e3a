// RUN: qsat-opt %s --transform-interpreter --split-input-file --verify-diagnostics

// The reason of a near miss, where it is.
func.func @near_miss(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %v: tensor<4x12x16xf32>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %se = tensor.empty() : tensor<4x8x12xf32>
  %oe = tensor.empty() : tensor<4x8x16xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  // expected-note @below {{the softmax runs over another index than the weighted sum of the values}}
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %o : tensor<4x8x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{expected payload that holds an attention}}
    %attention = transform.qsat.raise_attention %f : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// Payload that is no end of an attention: another product, and what is no product at all.
func.func @products(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %si: tensor<4x8x12xf32>) -> tensor<4x8x12xf32> {
  // expected-note @below {{nothing in this payload op resembles attention}}
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  return %s : tensor<4x8x12xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %s = transform.structured.match ops{["linalg.batch_matmul"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{expected payload in which an attention ends}}
    %attention = transform.qsat.raise_attention %s : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

func.func @no_result(%x: tensor<4xf32>) {
  // expected-note @below {{nothing in this payload op resembles attention}}
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %f = transform.structured.match ops{["func.return"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{expected payload in which an attention ends}}
    transform.match.qsat.attention %f : !transform.any_op
    transform.yield
  }
}

// -----

// A payload op outside of all functions.
%outside = arith.constant 1 : index

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %c = transform.structured.match ops{["arith.constant"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{expected payload in a function, but got 'arith.constant'}}
    %attention = transform.qsat.raise_attention %c : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// The options of the pass: a finite number that hides all keys of a row, or no shift, is
// exact only to somebody who says so.
func.func @unshifted(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %v: tensor<4x12x16xf32>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %se = tensor.empty() : tensor<4x8x12xf32>
  %oe = tensor.empty() : tensor<4x8x16xf32>
  %re = tensor.empty() : tensor<4x8xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %ri = linalg.fill ins(%zero : f32) outs(%re : tensor<4x8xf32>) -> tensor<4x8xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %e = linalg.exp ins(%s : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %l = linalg.reduce ins(%e : tensor<4x8x12xf32>) outs(%ri : tensor<4x8xf32>) dimensions = [2]
    (%x: f32, %out: f32) { %y = arith.addf %x, %out : f32  linalg.yield %y : f32 }
  %lb = linalg.broadcast ins(%l : tensor<4x8xf32>) outs(%se : tensor<4x8x12xf32>) dimensions = [2]
  %p = linalg.div ins(%e, %lb : tensor<4x8x12xf32>, tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  // expected-note @below {{the exponential is not shifted by the row maximum (allow-unshifted-softmax raises it all the same)}}
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %o : tensor<4x8x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{expected payload that holds an attention}}
    %attention = transform.qsat.raise_attention %f : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
