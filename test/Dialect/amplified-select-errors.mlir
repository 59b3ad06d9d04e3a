// One case for each numbered constraint of qsat.amplified_select.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all tensors with one result per init, or all memrefs with none
func.func @c1_mixed(%a: memref<1x4x2x2xf32>, %i: tensor<1x4x2x2xi32>, %c: tensor<1x4x2xi32>, %f: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected all operands to be memrefs as the first one is, but got 'tensor<1x4x2x2xi32>'}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : tensor<1x4x2x2xi32>, tensor<1x4x2xi32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%a: tensor<1x4x2x2xf32>, %i: tensor<1x4x2x2xi32>, %c: tensor<1x4x2xi32>, %f: tensor<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 4 results, but got 2}}
  %r:2 = qsat.amplified_select ins(%a : tensor<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : tensor<1x4x2x2xi32>, tensor<1x4x2xi32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>)
    -> tensor<1x4x2x2xi32>, tensor<1x4x2xi32>
  return
}

// -----

// C2: B and Mb agree in amplitude, lse and inits
func.func @c2_blocks(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x3xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected dimension 2 of counts (query blocks) to be 2 as in amplitude, but got 3}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x3xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  return
}

// -----

// C2: of lse too
func.func @c2_lse(%a: memref<1x4x2x2xf32>, %lse: memref<2x4x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected dimension 0 of lse (batch) to be 1 as in amplitude, but got 2}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>) lse(%lse : memref<2x4x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<logit_threshold>}
  return
}

// -----

// C2: Hs in the inits
func.func @c2_lists(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x2x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected dimension 1 of counts (list heads) to be 4 as in indices, but got 2}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x2x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  return
}

// -----

// C2: B and Nb in amplitude and spread
func.func @c2_spread(%a: memref<1x4x2x2xf32>, %s: memref<1x2x3xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected dimension 2 of spread (key blocks) to be 2 as in amplitude, but got 3}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>) spread(%s : memref<1x2x3xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<residual>}
  return
}

// -----

// C3: H is a multiple of Hs
func.func @c3_multiple(%a: memref<1x4x2x2xf32>, %i: memref<1x3x2x2xi32>, %c: memref<1x3x2xi32>, %f: memref<1x3x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected the heads of amplitude to be a multiple of those of counts, but got 4 and 3}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x3x2x2xi32>, memref<1x3x2xi32>, memref<1x3x2xf32>, memref<1x3x2xf32>) {entangle}
  return
}

// -----

// C3: and Hs < H exactly when `entangle` is set
func.func @c3_not_entangled(%a: memref<1x4x2x2xf32>, %i: memref<1x2x2x2xi32>, %c: memref<1x2x2xi32>, %f: memref<1x2x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected entangle exactly with fewer lists than heads, but got 2 lists for 4 heads}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x2x2x2xi32>, memref<1x2x2xi32>, memref<1x2x2xf32>, memref<1x2x2xf32>)
  return
}

// -----

// C3: nothing is entangled where every head has its list
func.func @c3_entangled(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected entangle exactly with fewer lists than heads, but got 4 lists for 4 heads}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>) {entangle}
  return
}

// -----

// C4: `logit_threshold` has an lse operand
func.func @c4_lse(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected lse operand for policy logit_threshold, but got none}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<logit_threshold>}
  return
}

// -----

// C4: `residual` a spread operand
func.func @c4_spread(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected spread operand for policy residual, but got none}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<residual>}
  return
}

// -----

// C4: the others have neither
func.func @c4_neither(%a: memref<1x4x2x2xf32>, %lse: memref<1x4x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected no lse operand for policy threshold}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>) lse(%lse : memref<1x4x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  return
}

// -----

// C5: `block_m` and `block_n` are positive
func.func @c5_blocks(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 1 <= block_m < 2^31, but got -1}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {block_m = -1 : i64}
  return
}

// -----

// C5: `k` is positive for `top_k`, `heavy_hitter` and `measure`
func.func @c5_k(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 1 <= k < 2^31, but got 0}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<top_k>}
  return
}

// -----

// C5: `k` is not negative
func.func @c5_negative_k(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 1 <= k < 2^31, but got -3}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<measure>, k = -3 : i64}
  return
}

// -----

// C5: `theta` is not NaN
func.func @c5_theta_nan(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected theta >= 0, but got nan}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {theta = 0x7FF8000000000000 : f64}
  return
}

// -----

// C5: and not negative except for `logit_threshold`
func.func @c5_theta(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected theta >= 0, but got -1.000000e+00}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {theta = -1.0 : f64}
  return
}

// -----

// C5: `alpha` > 0 and 0 <= `exponent` <= 1 for `budget`
func.func @c5_budget(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected alpha > 0 and 0 <= exponent <= 1, but got 1.000000e+00 and 1.500000e+00}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<budget>, exponent = 1.5 : f64}
  return
}

// -----

// C5: `sinks` and `local` are not negative
func.func @c5_local(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 0 <= local < 2^31, but got -1}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {local = -1 : i64}
  return
}

// -----

// C5: all of these are less than 2^31
func.func @c5_sinks(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 0 <= sinks < 2^31, but got 4294967296}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {sinks = 4294967296 : i64}
  return
}

// -----

// C6: `at` has four indices or is absent
func.func @c6(%a: memref<1x4x2x2xf32>, %p: index, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected at(b, h, i, j) to have 4 indices, but got 5}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>) at(%p, %p, %p, %p, %p)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  return
}

// -----

// C7: there are four inits: indices, counts, mass, queries
func.func @c7(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected inits indices, counts, mass and queries, but got 2}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c : memref<1x4x2x2xi32>, memref<1x4x2xi32>)
  return
}

// -----

// C7: of these types
func.func @c7_types(%a: memref<1x4x2x2xf32>, %i: memref<1x4x2x2xi64>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected indices to have element type 'i32', but got 'i64'}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi64>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  return
}

// -----

// C8: H is a multiple of the Hkv of spread
func.func @c8(%a: memref<1x4x2x2xf32>, %s: memref<1x3x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>, %f: memref<1x4x2xf32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected the heads of amplitude to be a multiple of those of spread, but got 4 and 3}}
  qsat.amplified_select ins(%a : memref<1x4x2x2xf32>) spread(%s : memref<1x3x2xf32>)
    outs(%i, %c, %f, %f : memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
    {policy = #qsat.policy<residual>}
  return
}

// -----

func.func @two_lse(%a: memref<1x4x2x2xf32>, %l: memref<1x4x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>) {
  // expected-error @+1 {{'qsat.amplified_select' op operand group starting at #1 requires 0 or 1 element, but found 2}}
  "qsat.amplified_select"(%a, %l, %l, %i, %c, %l, %l) <{operandSegmentSizes = array<i32: 1, 2, 0, 0, 4>}>
    : (memref<1x4x2x2xf32>, memref<1x4x2xf32>, memref<1x4x2xf32>, memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>) -> ()
  return
}

// -----

func.func @segments_shifted(%a: memref<1x4x2x2xf32>, %l: memref<1x4x2xf32>, %i: memref<1x4x2x2xi32>, %c: memref<1x4x2xi32>) {
  // expected-error @+1 {{'qsat.amplified_select' op expected 1 operand in segment 0, but got 2}}
  "qsat.amplified_select"(%a, %a, %i, %c, %l, %l) <{operandSegmentSizes = array<i32: 2, 0, 0, 0, 4>}>
    : (memref<1x4x2x2xf32>, memref<1x4x2x2xf32>, memref<1x4x2x2xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>) -> ()
  return
}
