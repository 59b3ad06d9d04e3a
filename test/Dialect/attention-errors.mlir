// One case for each numbered constraint of qsat.attention, then malformed IR in
// the generic form, which reaches the verifier without the parser's checks.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all of q, k, v, extras and inits are tensors and there is one result of the same type per init
func.func @c1_mixed(%x: tensor<1x2x4x8xf32>, %o: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected all operands to be tensors as the first one is, but got 'memref<1x2x4x8xf32>'}}
  qsat.attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
                 outs(%o : memref<1x2x4x8xf32>)
  return
}

// -----

// C1: extras too
func.func @c1_extras(%x: memref<1x2x4x8xf32>, %e: tensor<f32>) {
  // expected-error @+1 {{'qsat.attention' op expected all operands to be memrefs as the first one is, but got 'tensor<f32>'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : tensor<f32>) outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(b, h, i, j) -> ()>]}
                 score {
                 ^bb0(%z: f32, %y: f32, %b: index, %h: index, %i: index, %j: index):
                   qsat.yield %z : f32
                 }
  return
}

// -----

// C1: one result per init
func.func @c1_results(%x: tensor<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected 1 results, but got 0}}
  qsat.attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
                 outs(%x : tensor<1x2x4x8xf32>)
  return
}

// -----

// C1: on memrefs there is none
func.func @c1_memref_results(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected 0 results, but got 1}}
  %r = qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                      outs(%x : memref<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// C1: of the same type
func.func @c1_result_type(%x: tensor<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected result type 'tensor<1x2x4x8xf32>' of its init, but got 'tensor<1x2x?x8xf32>'}}
  %r = qsat.attention ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
                      outs(%x : tensor<1x2x4x8xf32>) -> tensor<1x2x?x8xf32>
  return
}

// -----

// C2: B agrees in q, k, v, o, lse
func.func @c2_batch(%q: memref<3x2x4x8xf32>, %k: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 0 of k (batch) to be 3 as in q, but got 1}}
  qsat.attention ins(%q, %k, %k : memref<3x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%q : memref<3x2x4x8xf32>)
  return
}

// -----

// C2: H in q, o, lse
func.func @c2_query_heads(%x: memref<1x2x4x8xf32>, %o: memref<1x3x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 1 of o (query heads) to be 2 as in q, but got 3}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%o : memref<1x3x4x8xf32>)
  return
}

// -----

// C2: Hkv in k, v
func.func @c2_key_heads(%x: memref<1x2x4x8xf32>, %v: memref<1x1x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 1 of v (key heads) to be 2 as in k, but got 1}}
  qsat.attention ins(%x, %x, %v : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x1x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

// C2: M in q, o, lse
func.func @c2_queries(%x: memref<1x2x4x8xf32>, %lse: memref<1x2x5xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 2 of lse (queries) to be 4 as in q, but got 5}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x, %lse : memref<1x2x4x8xf32>, memref<1x2x5xf32>)
  return
}

// -----

// C2: N in k, v
func.func @c2_keys(%x: memref<1x2x4x8xf32>, %v: memref<1x2x6x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 2 of v (keys) to be 4 as in k, but got 6}}
  qsat.attention ins(%x, %x, %v : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x6x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

// C2: D in q, k
func.func @c2_head_width(%q: memref<1x2x4x8xf32>, %k: memref<1x2x4x7xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 3 of k (head width) to be 8 as in q, but got 7}}
  qsat.attention ins(%q, %k, %k : memref<1x2x4x8xf32>, memref<1x2x4x7xf32>, memref<1x2x4x7xf32>)
                 outs(%q : memref<1x2x4x8xf32>)
  return
}

// -----

// C2: Dv in v, o
func.func @c2_value_width(%x: memref<1x2x4x8xf32>, %v: memref<1x2x4x16xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected dimension 3 of o (value width) to be 16 as in v, but got 8}}
  qsat.attention ins(%x, %x, %v : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x16xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

// C2: lse is [B,H,M]
func.func @c2_lse_rank(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected lse to have rank 3, but got 'memref<1x2x4x8xf32>'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
  return
}

// -----

// C2: o is [B,H,M,Dv]
func.func @c2_o_rank(%x: memref<1x2x4x8xf32>, %o: memref<f32>) {
  // expected-error @+1 {{'qsat.attention' op expected o to have rank 4, but got 'memref<f32>'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%o : memref<f32>)
  return
}

// -----

// C3: H is a multiple of Hkv
func.func @c3(%q: memref<1x3x4x8xf32>, %k: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected the heads of q to be a multiple of those of k, but got 3 and 2}}
  qsat.attention ins(%q, %k, %k : memref<1x3x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%q : memref<1x3x4x8xf32>)
  return
}

// -----

// C3: of no key/value head nothing is a multiple
func.func @c3_no_head(%q: memref<1x3x4x8xf32>, %k: memref<1x0x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected at least one head in k}}
  qsat.attention ins(%q, %k, %k : memref<1x3x4x8xf32>, memref<1x0x4x8xf32>, memref<1x0x4x8xf32>)
                 outs(%q : memref<1x3x4x8xf32>)
  return
}

// -----

// C4: q, k and v have the same element type
func.func @c4(%q: memref<1x2x4x8xf32>, %k: memref<1x2x4x8xbf16>) {
  // expected-error @+1 {{'qsat.attention' op expected k to have element type 'f32', but got 'bf16'}}
  qsat.attention ins(%q, %k, %k : memref<1x2x4x8xf32>, memref<1x2x4x8xbf16>, memref<1x2x4x8xbf16>)
                 outs(%q : memref<1x2x4x8xf32>)
  return
}

// -----

// C4: that of o is it or the accumulation type
func.func @c4_o(%x: memref<1x2x4x8xbf16>, %o: memref<1x2x4x8xf16>) {
  // expected-error @+1 {{'qsat.attention' op expected o to have element type 'bf16' or 'f32', but got 'f16'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xbf16>, memref<1x2x4x8xbf16>, memref<1x2x4x8xbf16>)
                 outs(%o : memref<1x2x4x8xf16>)
  return
}

// -----

// C4: lse has the accumulation type
func.func @c4_lse(%x: memref<1x2x4x8xf64>, %lse: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected lse to have element type 'f64', but got 'f32'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf64>, memref<1x2x4x8xf64>, memref<1x2x4x8xf64>)
                 outs(%x, %lse : memref<1x2x4x8xf64>, memref<1x2x4xf32>)
  return
}

// -----

// C5: the region takes (score, one scalar per extra of its element type, four indices)
func.func @c5_arguments(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected score region arguments ('f32', 'index', 'index', 'index', 'index'), but got ('f32', 'index')}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 score {
                 ^bb0(%z: f32, %b: index):
                   qsat.yield %z : f32
                 }
  return
}

// -----

// C5: both scores are of the accumulation type
func.func @c5_score_type(%x: memref<1x2x4x8xbf16>) {
  // expected-error @+1 {{'qsat.attention' op expected score region arguments ('f32', 'index', 'index', 'index', 'index'), but got ('f64', 'index', 'index', 'index', 'index')}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xbf16>, memref<1x2x4x8xbf16>, memref<1x2x4x8xbf16>)
                 outs(%x : memref<1x2x4x8xbf16>)
                 score {
                 ^bb0(%z: f64, %b: index, %h: index, %i: index, %j: index):
                   qsat.yield %z : f64
                 }
  return
}

// -----

// C5: and yields a score
func.func @c5_yield_type(%x: memref<1x2x4x8xf32>, %wide: f64) {
  // expected-error @+1 {{'qsat.attention' op expected the score region to yield 'f32', but got 'f64'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 score {
                 ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
                   // expected-note @+1 {{yielded here}}
                   qsat.yield %wide : f64
                 }
  return
}

// -----

// C5: without a region there are no extras
func.func @c5_no_region(%x: memref<1x2x4x8xf32>, %e: memref<2xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected a score region to read the extras}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : memref<2xf32>) outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
  return
}

// -----

// C6: there is one map per extra
func.func @c6_count(%x: memref<1x2x4x8xf32>, %e: memref<2xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected one map in extra_maps per extra, but got 0 for 1}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : memref<2xf32>) outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

// C6: a map without an extra
func.func @c6_no_extra(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected one map in extra_maps per extra, but got 1 for 0}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
  return
}

// -----

// C6: with as many results as the extra has dimensions
func.func @c6_results(%x: memref<1x2x4x8xf32>, %e: memref<2xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected extra_maps[0] to map (b, h, i, j) to 1 indices without symbols, but got affine_map<(d0, d1, d2, d3) -> (d1, d2)>}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : memref<2xf32>) outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(b, h, i, j) -> (h, i)>]}
  return
}

// -----

// C6: and no symbols
func.func @c6_symbols(%x: memref<1x2x4x8xf32>, %e: memref<2xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected extra_maps[0] to map (b, h, i, j) to 1 indices without symbols, but got affine_map<(d0, d1, d2, d3)[s0] -> (s0)>}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : memref<2xf32>) outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(b, h, i, j)[s] -> (s)>]}
  return
}

// -----

// C6: of four dimensions
func.func @c6_dims(%x: memref<1x2x4x8xf32>, %e: memref<2xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected extra_maps[0] to map (b, h, i, j) to 1 indices without symbols, but got affine_map<(d0) -> (d0)>}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 extras(%e : memref<2xf32>) outs(%x : memref<1x2x4x8xf32>)
                 {extra_maps = [affine_map<(h) -> (h)>]}
  return
}

// -----

// C7: `at` has four indices or is absent
func.func @c7(%x: memref<1x2x4x8xf32>, %i: index) {
  // expected-error @+1 {{'qsat.attention' op expected at(b, h, i, j) to have 4 indices, but got 2}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 at(%i, %i) outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

// C8: there are one or two inits, o and lse
func.func @c8(%x: memref<1x2x4x8xf32>, %lse: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected inits o and, optionally, lse, but got 3}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x, %lse, %lse : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C8: none is too few
func.func @c8_none(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected inits o and, optionally, lse, but got 0}}
  "qsat.attention"(%x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

func.func @integer_operands(%x: memref<1x2x4x8xi8>) {
  // expected-error @+1 {{'qsat.attention' op operand #0 must be 4D tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values or 4D memref of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'memref<1x2x4x8xi8>'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xi8>, memref<1x2x4x8xi8>, memref<1x2x4x8xi8>)
                 outs(%x : memref<1x2x4x8xi8>)
  return
}

// -----

func.func @rank(%x: memref<1x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op operand #0 must be 4D tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values or 4D memref of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'memref<1x4x8xf32>'}}
  qsat.attention ins(%x, %x, %x : memref<1x4x8xf32>, memref<1x4x8xf32>, memref<1x4x8xf32>)
                 outs(%x : memref<1x4x8xf32>)
  return
}

// -----

func.func @unranked(%x: tensor<*xf32>) {
  // expected-error @+1 {{'qsat.attention' op operand #0 must be 4D tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values or 4D memref of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'tensor<*xf32>'}}
  %r = qsat.attention ins(%x, %x, %x : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
                      outs(%x : tensor<*xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @unranked_init(%x: memref<1x2x4x8xf32>, %o: memref<*xf32>) {
  // expected-error @+1 {{'qsat.attention' op operand #3 must be variadic of ranked tensor of any type values or strided memref of any type values, but got 'memref<*xf32>'}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%o : memref<*xf32>)
  return
}

// -----

func.func @scalar(%x: f32) {
  // expected-error @+1 {{'qsat.attention' op operand #0 must be 4D tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values or 4D memref of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'f32'}}
  qsat.attention ins(%x, %x, %x : f32, f32, f32) outs(%x : f32)
  return
}

// -----

//===----------------------------------------------------------------------===//
// Malformed regions
//===----------------------------------------------------------------------===//

func.func @two_blocks(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected a score region of one block}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 score {
                 ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
                   cf.br ^bb1
                 ^bb1:
                   qsat.yield %z : f32
                 }
  return
}

// -----

func.func @wrong_terminator(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected the score region to end in qsat.yield}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 score {
                 ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
                   %y = arith.negf %z : f32
                 }
  return
}

// -----

func.func @empty_block(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected the score region to end in qsat.yield}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>)
                 score {
                 ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
                 }
  return
}

// -----

func.func @stray_yield(%z: f32) {
  // expected-error @+1 {{'qsat.yield' op expects parent op to be one of 'qsat.attention, qsat.amplitude_score, qsat.sparse_attention, qsat.audit'}}
  qsat.yield %z : f32
}

// -----

//===----------------------------------------------------------------------===//
// The generic form
//===----------------------------------------------------------------------===//

func.func @segments_sum(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op operand count (4) does not match with the total size (9) specified in attribute 'operandSegmentSizes'}}
  "qsat.attention"(%x, %x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1, 5, 0, 1>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @segments_negative(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op 'operandSegmentSizes' attribute cannot have negative elements}}
  "qsat.attention"(%x, %x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1, -1, 1, 1>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @segments_shifted(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected 1 operand in segment 0, but got 2}}
  "qsat.attention"(%x, %x, %x, %x) <{operandSegmentSizes = array<i32: 2, 0, 1, 0, 0, 1>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @segments_missing(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op operand count (4) does not match with the total size (0) specified in attribute 'operandSegmentSizes'}}
  "qsat.attention"(%x, %x, %x, %x) ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @segments_count(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{size mismatch in attribute conversion: 3 vs 6}}
  "qsat.attention"(%x, %x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 2>}> ({
  }) : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @no_operands() {
  // expected-error @+1 {{'qsat.attention' op expected 3 or more operands, but found 0}}
  "qsat.attention"() <{operandSegmentSizes = array<i32: 0, 0, 0, 0, 0, 0>}> ({
  }) : () -> ()
  return
}

// -----

func.func @regions_missing(%x: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op requires one region}}
  "qsat.attention"(%x, %x, %x, %x) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1>}>
    : (memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @scale_type(%x: memref<1x2x4x8xf32>) {
  // expected-error @+2 {{custom op 'qsat.attention' 'qsat.attention' op attribute 'scale' failed to satisfy constraint: 64-bit float attribute}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>) {scale = 1.0 : f32}
  return
}

// -----

func.func @mask_type(%x: memref<1x2x4x8xf32>) {
  // expected-error @+2 {{custom op 'qsat.attention' 'qsat.attention' op attribute 'mask' failed to satisfy constraint: The part of a mask that whole blocks can be skipped by}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>) {mask = "causal"}
  return
}

// -----

func.func @maps_type(%x: memref<1x2x4x8xf32>) {
  // expected-error @+2 {{custom op 'qsat.attention' 'qsat.attention' op attribute 'extra_maps' failed to satisfy constraint: AffineMap array attribute}}
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
                 outs(%x : memref<1x2x4x8xf32>) {extra_maps = [1 : i64]}
  return
}
