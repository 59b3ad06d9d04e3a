// One case for each numbered constraint of qsat.amplitude_score.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all of q, k, extras and inits are tensors and there is one result of the same type per init
func.func @c1_mixed(%x: memref<1x2x128x8xf32>, %a: tensor<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected all operands to be memrefs as the first one is, but got 'tensor<1x2x1x1xf32>'}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : tensor<1x2x1x1xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%x: tensor<1x2x128x8xf32>, %a: tensor<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 1 results, but got 0}}
  qsat.amplitude_score ins(%x, %x : tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
    outs(%a : tensor<1x2x1x1xf32>)
  return
}

// -----

// C2: B agrees in q, k, amplitude, lse
func.func @c2_batch(%x: memref<1x2x128x8xf32>, %a: memref<3x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected dimension 0 of amplitude (batch) to be 1 as in q, but got 3}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<3x2x1x1xf32>)
  return
}

// -----

// C2: D in q, k
func.func @c2_width(%x: memref<1x2x128x8xf32>, %k: memref<1x2x128x9xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected dimension 3 of k (head width) to be 8 as in q, but got 9}}
  qsat.amplitude_score ins(%x, %k : memref<1x2x128x8xf32>, memref<1x2x128x9xf32>)
    outs(%a : memref<1x2x1x1xf32>)
  return
}

// -----

// C2: H in q, amplitude, lse
func.func @c2_heads(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>, %l: memref<1x4x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected dimension 1 of lse (query heads) to be 2 as in q, but got 4}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a, %l : memref<1x2x1x1xf32>, memref<1x4x1xf32>)
  return
}

// -----

// C3: H is a multiple of Hkv
func.func @c3(%q: memref<1x3x128x8xf32>, %k: memref<1x2x128x8xf32>, %a: memref<1x3x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected the heads of q to be a multiple of those of k, but got 3 and 2}}
  qsat.amplitude_score ins(%q, %k : memref<1x3x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x3x1x1xf32>)
  return
}

// -----

// C4: q and k have the same element type
func.func @c4(%q: memref<1x2x128x8xf32>, %k: memref<1x2x128x8xf16>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected k to have element type 'f32', but got 'f16'}}
  qsat.amplitude_score ins(%q, %k : memref<1x2x128x8xf32>, memref<1x2x128x8xf16>)
    outs(%a : memref<1x2x1x1xf32>)
  return
}

// -----

// Amplitudes are f32, of f64 inputs too.
func.func @amplitude_type(%x: memref<1x2x128x8xf64>, %a: memref<1x2x1x1xf64>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected amplitude to have element type 'f32', but got 'f64'}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf64>, memref<1x2x128x8xf64>)
    outs(%a : memref<1x2x1x1xf64>)
  return
}

// -----

// C5: the region takes (score, one scalar per extra of its element type, four indices)
func.func @c5(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected score region arguments ('f32', 'index', 'index', 'index', 'index'), but got ('f32')}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>)
    score {
    ^bb0(%z: f32):
      qsat.yield %z : f32
    }
  return
}

// -----

// C6: there is one map per extra
func.func @c6(%x: memref<1x2x128x8xf32>, %e: memref<2xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected one map in extra_maps per extra, but got 0 for 1}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    extras(%e : memref<2xf32>) outs(%a : memref<1x2x1x1xf32>)
  return
}

// -----

// C7: `at` has four indices or is absent
func.func @c7(%x: memref<1x2x128x8xf32>, %i: index, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected at(b, h, i, j) to have 4 indices, but got 3}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    at(%i, %i, %i) outs(%a : memref<1x2x1x1xf32>)
  return
}

// -----

// C8: `block_m`, `block_n` and `stride` are positive and less than 2^31
func.func @c8_positive(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 1 <= block_n < 2^31, but got 0}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {block_n = 0 : i64}
  return
}

// -----

// C8: 0 < `share` <= 1
func.func @c8_share(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 0 < share <= 1, but got 1.500000e+00}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {share = 1.5 : f64}
  return
}

// -----

// C8: not a number is no share
func.func @c8_share_nan(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 0 < share <= 1, but got nan}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {share = 0x7FF8000000000000 : f64}
  return
}

// -----

// C8: for `antidiagonal`, `stride` divides both blocks
func.func @c8_stride(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected stride to divide block_m and block_n, but got 24 for 128 and 128}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>)
    {estimator = #qsat.estimator<antidiagonal>, stride = 24 : i64}
  return
}

// -----

// C9: amplitude has ceil(M/block_m) x ceil(N/block_n) blocks
func.func @c9_rows(%x: memref<1x2x129x8xf32>, %a: memref<1x2x1x2xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected dimension 2 of amplitude to be ceil(129/128) = 2 blocks, but got 1}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x129x8xf32>, memref<1x2x129x8xf32>)
    outs(%a : memref<1x2x1x2xf32>)
  return
}

// -----

// C8: so that the row and key of a block do not overflow
func.func @c8_huge(%x: memref<1x2x129x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 1 <= block_m < 2^31, but got 9223372036854775807}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x129x8xf32>, memref<1x2x129x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {block_m = 9223372036854775807 : i64}
  return
}

// -----

// C9: lse ceil(M/block_m)
func.func @c9_lse(%x: memref<1x2x129x8xf32>, %a: memref<1x2x2x2xf32>, %l: memref<1x2x129xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected dimension 2 of lse (query blocks) to be 2 as in amplitude, but got 129}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x129x8xf32>, memref<1x2x129x8xf32>)
    outs(%a, %l : memref<1x2x2x2xf32>, memref<1x2x129xf32>)
  return
}

// -----

// C10: a score region goes with `exact`, `rows` and `antidiagonal` only
func.func @c10(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected no score region with estimator centroid: it computes no single scores}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<centroid>}
    score {
    ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
      %y = math.tanh %z : f32
      qsat.yield %y : f32
    }
  return
}

// -----

// C11: there are one or two inits, amplitude and lse
func.func @c11(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected inits amplitude and, optionally, lse, but got 3}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a, %a, %a : memref<1x2x1x1xf32>, memref<1x2x1x1xf32>, memref<1x2x1x1xf32>)
  return
}

// -----

func.func @estimator_type(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+2 {{custom op 'qsat.amplitude_score' 'qsat.amplitude_score' op attribute 'estimator' failed to satisfy constraint: how block amplitudes are estimated}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.policy<mass>}
  return
}

// -----

func.func @segments_shifted(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected 1 operand in segment 1, but got 0}}
  "qsat.amplitude_score"(%x, %x, %a) <{operandSegmentSizes = array<i32: 1, 0, 1, 0, 1>}> ({
  }) : (memref<1x2x128x8xf32>, memref<1x2x128x8xf32>, memref<1x2x1x1xf32>) -> ()
  return
}

// -----

// C12: int8 goes with rows
func.func @c12_estimator(%x: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected int8 with estimator rows, but got estimator cascade}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<cascade>, int8}
  return
}

// -----

// C12: and not with f64
func.func @c12_f64(%x: memref<1x2x128x8xf64>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected q of at most 32 bits with int8, but got 'memref<1x2x128x8xf64>'}}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x8xf64>, memref<1x2x128x8xf64>)
    outs(%a : memref<1x2x1x1xf32>) {int8}
  return
}
