// One case for each numbered constraint of qsat.sparse_attention.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all of q, k, v, extras and inits are tensors and there is one result of the same type per init
func.func @c1_list(%x: memref<1x2x4x8xf32>, %i: tensor<1x2x1x1xi32>, %c: tensor<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected all operands to be memrefs as the first one is, but got 'tensor<1x2x1x1xi32>'}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : tensor<1x2x1x1xi32>, tensor<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%x: tensor<1x2x4x8xf32>, %i: tensor<1x2x1x1xi32>, %c: tensor<1x2x1xi32>, %l: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected 2 results, but got 1}}
  %r = qsat.sparse_attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    list(%i, %c : tensor<1x2x1x1xi32>, tensor<1x2x1xi32>)
    outs(%x, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// C2: as for `qsat.attention`
func.func @c2(%x: memref<1x2x4x8xf32>, %v: memref<1x2x5x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected dimension 2 of v (keys) to be 4 as in k, but got 5}}
  qsat.sparse_attention ins(%x, %x, %v : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x5x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C2: B agrees in indices and counts too
func.func @c2_batch(%x: memref<1x2x4x8xf32>, %i: memref<2x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected dimension 0 of indices (batch) to be 1 as in q, but got 2}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<2x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C2: and they agree in Hs
func.func @c2_lists(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x1x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected dimension 1 of counts (list heads) to be 2 as in indices, but got 1}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x1x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C2: and Mb = ceil(M/block_m)
func.func @c2_blocks(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected dimension 2 of counts to be ceil(4/3) = 2 blocks, but got 1}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>) {block_m = 3 : i64}
  return
}

// -----

// C2: kept is [B,H,M] f32
func.func @c2_kept(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>, %kept: memref<1x1x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected dimension 1 of kept (query heads) to be 2 as in q, but got 1}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l, %kept : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x1x4xf32>)
  return
}

// -----

// C2: kept is f32 for f64 inputs too
func.func @c2_kept_type(%x: memref<1x2x4x8xf64>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf64>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected kept to have element type 'f32', but got 'f64'}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf64>, memref<1x2x4x8xf64>, memref<1x2x4x8xf64>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l, %l : memref<1x2x4x8xf64>, memref<1x2x4xf64>, memref<1x2x4xf64>)
  return
}

// -----

// C3: H is a multiple of Hkv
func.func @c3(%q: memref<1x3x4x8xf32>, %x: memref<1x2x4x8xf32>, %i: memref<1x3x1x1xi32>, %c: memref<1x3x1xi32>, %l: memref<1x3x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected the heads of q to be a multiple of those of k, but got 3 and 2}}
  qsat.sparse_attention ins(%q, %x, %x : memref<1x3x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x3x1x1xi32>, memref<1x3x1xi32>)
    outs(%q, %l : memref<1x3x4x8xf32>, memref<1x3x4xf32>)
  return
}

// -----

// C4: q, k and v have the same element type
func.func @c4(%x: memref<1x2x4x8xf32>, %v: memref<1x2x4x8xf16>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected v to have element type 'f32', but got 'f16'}}
  qsat.sparse_attention ins(%x, %x, %v : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf16>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C5: the region takes (score, one scalar per extra of its element type, four indices)
func.func @c5(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected score region arguments ('f32', 'index', 'index', 'index', 'index'), but got ()}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    score {
      %z = arith.constant 0.0 : f32
      qsat.yield %z : f32
    }
  return
}

// -----

// C6: there is one map per extra
func.func @c6(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected one map in extra_maps per extra, but got 1 for 0}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (i)>]}
  return
}

// -----

// C7: `at` has four indices or is absent
func.func @c7(%x: memref<1x2x4x8xf32>, %p: index, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected at(b, h, i, j) to have 4 indices, but got 1}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>) at(%p)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C8: H is a multiple of Hs
func.func @c8(%x: memref<1x4x4x8xf32>, %i: memref<1x3x1x1xi32>, %c: memref<1x3x1xi32>, %l: memref<1x4x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected the heads of q to be a multiple of those of indices, but got 4 and 3}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x4x4x8xf32>, memref<1x4x4x8xf32>, memref<1x4x4x8xf32>)
    list(%i, %c : memref<1x3x1x1xi32>, memref<1x3x1xi32>)
    outs(%x, %l : memref<1x4x4x8xf32>, memref<1x4x4xf32>)
  return
}

// -----

// C9: `block_m` and `block_n` are positive and less than 2^31
func.func @c9(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected 1 <= block_n < 2^31, but got -128}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>) {block_n = -128 : i64}
  return
}

// -----

// C10: a background goes with no score region
func.func @c10(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected no score region beside background t2: block statistics know nothing of single scores}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>) {background = #qsat.background<t2>}
    score {
    ^bb0(%z: f32, %b: index, %h: index, %r: index, %j: index):
      qsat.yield %z : f32
    }
  return
}

// -----

// C11: `amplification` other than `full` goes with a background
func.func @c11(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected a background beside amplification rounds}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    {amplification = #qsat.amplification<rounds = 1>}
  return
}

// -----

// C12: there are two or three inits: o, lse and kept
func.func @c12(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected inits o, lse and, optionally, kept, but got 1}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>) outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

func.func @indices_type(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi64>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op operand #3 must be 4D tensor of 32-bit signless integer values or 4D memref of 32-bit signless integer values, but got 'memref<1x2x1x1xi64>'}}
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi64>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

func.func @segments_shifted(%x: memref<1x2x4x8xf32>, %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected 1 operand in segment 2, but got 0}}
  "qsat.sparse_attention"(%x, %x, %i, %c, %x, %l) <{operandSegmentSizes = array<i32: 1, 1, 0, 1, 1, 0, 0, 2>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x1x1xi32>, memref<1x2x1xi32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>) -> ()
  return
}
