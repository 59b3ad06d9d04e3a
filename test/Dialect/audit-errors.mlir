// One case for each numbered constraint of qsat.audit.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all of q, k, v, o, lse, extras and inits are tensors, or all are memrefs
func.func @c1(%x: memref<1x2x4x8xf32>, %o: tensor<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected all operands to be memrefs as the first one is, but got 'tensor<1x2x4x8xf32>'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%o : tensor<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%x: tensor<1x2x4x8xf32>, %e: tensor<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected 2 results, but got 1}}
  %r = qsat.audit ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) of(%x : tensor<1x2x4x8xf32>) outs(%e, %e : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) -> tensor<1x2x1x2xf32>
  return
}

// -----

// C2: M in q, o
func.func @c2_queries(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %o: memref<1x2x5x8xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected dimension 2 of o (queries) to be 4 as in q, but got 5}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%o : memref<1x2x5x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C2: H in inits
func.func @c2_heads(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %n: memref<1x3x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected dimension 1 of norm (query heads) to be 2 as in q, but got 3}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %n : memref<1x2x1x2xf32>, memref<1x3x1x2xf32>)
  return
}

// -----

// C2: Dv in v, o
func.func @c2_values(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %o: memref<1x2x4x9xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected dimension 3 of o (value width) to be 8 as in v, but got 9}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%o : memref<1x2x4x9xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C3: H is a multiple of Hkv
func.func @c3(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %k: memref<1x3x4x8xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected the heads of q to be a multiple of those of k, but got 2 and 3}}
  qsat.audit ins(%x, %k, %k : memref<1x2x4x8xf32>, memref<1x3x4x8xf32>, memref<1x3x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C4: q, k and v have the same element type
func.func @c4_k(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %k: memref<1x2x4x8xf16>) {
  // expected-error @+1 {{'qsat.audit' op expected k to have element type 'f32', but got 'f16'}}
  qsat.audit ins(%x, %k, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf16>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C4: that of o is it or the accumulation type
func.func @c4_o(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %o: memref<1x2x4x8xbf16>) {
  // expected-error @+1 {{'qsat.audit' op expected o to have element type 'f32' or 'f32', but got 'bf16'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%o : memref<1x2x4x8xbf16>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C4: lse has the accumulation type
func.func @c4_lse(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %l: memref<1x2x4xf64>) {
  // expected-error @+1 {{'qsat.audit' op expected lse to have element type 'f32', but got 'f64'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) lse(%l : memref<1x2x4xf64>) outs(%e, %e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C4: inits are f32
func.func @c4_inits(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %d: memref<1x2x1x2xf64>) {
  // expected-error @+1 {{'qsat.audit' op expected error to have element type 'f32', but got 'f64'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%d, %e : memref<1x2x1x2xf64>, memref<1x2x1x2xf32>)
  return
}

// -----

// C5: without a region there are no extras
func.func @c5(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %s: memref<2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected a score region to read the extras}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) extras(%s : memref<2xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
  return
}

// -----

// C6: one map per extra
func.func @c6(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %s: memref<2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected one map in extra_maps per extra, but got 0 for 1}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) extras(%s : memref<2xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C7: `at` has four indices or is absent
func.func @c7(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %i: index) {
  // expected-error @+1 {{'qsat.audit' op expected at(b, h, i, j) to have 4 indices, but got 1}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) at(%i) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C8: 0 < share <= 1
func.func @c8_zero(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected 0 < share <= 1, but got 0.000000e+00}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {share = 0.0 : f64}
  return
}

// -----

// C8: 0 < share <= 1
func.func @c8_nan(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected 0 < share <= 1, but got nan}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {share = 0x7FF8000000000000 : f64}
  return
}

// -----

// C8: n < 2^31
func.func @c8_stratum(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected 2 / share < 2^31, but got share = 1.000000e-12}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {share = 1.0e-12 : f64}
  return
}

// -----

// C9: the inits are [B,H,ceil(M/n),2]
func.func @c9_strata(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected dimension 2 of error to be ceil(4/2) = 2 blocks, but got 1}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {share = 1.0 : f64}
  return
}

// -----

// C9: and have rank 4
func.func @c9_rank(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected norm to have rank 4, but got 'memref<1x2x4xf32>'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %l : memref<1x2x1x2xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C9: exactly with an lse operand, kept
func.func @c9_kept(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected inits error, norm and kept with an lse operand, but got 2}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) lse(%l : memref<1x2x4xf32>) outs(%e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C9: exactly with an lse operand, kept
func.func @c9_no_kept(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected inits error and norm without an lse operand, but got 3}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e, %e : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>, memref<1x2x1x2xf32>)
  return
}

// -----

// C9: two draws from each stratum
func.func @c9_draws(%x: memref<1x2x4x8xf32>, %e: memref<1x2x1x3xf32>) {
  // expected-error @+1 {{'qsat.audit' op expected dimension 3 of the inits to be 2 draws, but got 'memref<1x2x1x3xf32>'}}
  qsat.audit ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) of(%x : memref<1x2x4x8xf32>) outs(%e, %e : memref<1x2x1x3xf32>, memref<1x2x1x3xf32>)
  return
}
