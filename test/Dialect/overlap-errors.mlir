// One case for each numbered constraint of qsat.overlap.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: both are tensors, or both are memrefs
func.func @c1(%a: tensor<1x4x2x2xf32>, %o: memref<1x4x2x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected all operands to be tensors as the first one is, but got 'memref<1x4x2x2xf32>'}}
  qsat.overlap ins(%a : tensor<1x4x2x2xf32>) outs(%o : memref<1x4x2x2xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%a: tensor<1x4x2x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected 1 results, but got 0}}
  qsat.overlap ins(%a : tensor<1x4x2x2xf32>) outs(%a : tensor<1x4x2x2xf32>)
  return
}

// -----

// C2: B in amplitude, overlap
func.func @c2_batch(%a: memref<1x4x2x2xf32>, %o: memref<2x4x2x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected dimension 0 of overlap (batch) to be 1 as in amplitude, but got 2}}
  qsat.overlap ins(%a : memref<1x4x2x2xf32>) outs(%o : memref<2x4x2x2xf32>)
  return
}

// -----

// C2: H in amplitude, overlap
func.func @c2_heads(%a: memref<1x4x2x2xf32>, %o: memref<1x2x2x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected dimension 1 of overlap (query heads) to be 4 as in amplitude, but got 2}}
  qsat.overlap ins(%a : memref<1x4x2x2xf32>) outs(%o : memref<1x2x2x2xf32>)
  return
}

// -----

// C2: Mb in amplitude, overlap
func.func @c2_blocks(%a: memref<1x4x2x2xf32>, %o: memref<1x4x3x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected dimension 2 of overlap (query blocks) to be 2 as in amplitude, but got 3}}
  qsat.overlap ins(%a : memref<1x4x2x2xf32>) outs(%o : memref<1x4x3x2xf32>)
  return
}

// -----

// C3: H is a multiple of G
func.func @c3(%a: memref<1x4x2x2xf32>, %o: memref<1x4x2x3xf32>) {
  // expected-error @+1 {{'qsat.overlap' op expected H to be a multiple of G, but got 4 and 3}}
  qsat.overlap ins(%a : memref<1x4x2x2xf32>) outs(%o : memref<1x4x2x3xf32>)
  return
}

// -----

// Types: f32 of rank 4
func.func @types(%a: memref<1x4x2x2xf64>, %o: memref<1x4x2x2xf32>) {
  // expected-error @+1 {{'qsat.overlap' op operand #0 must be}}
  qsat.overlap ins(%a : memref<1x4x2x2xf64>) outs(%o : memref<1x4x2x2xf32>)
  return
}
