// One case for each numbered constraint of qsat.merge.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// C1: all tensors with one result per init, or all memrefs with none
func.func @c1_mixed(%o: tensor<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected all operands to be tensors as the first one is, but got 'memref<1x2x4xf32>'}}
  qsat.merge ins(%o, %l, %o, %l : tensor<1x2x4x8xf32>, memref<1x2x4xf32>, tensor<1x2x4x8xf32>, memref<1x2x4xf32>)
             outs(%o, %l : tensor<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C1: one result per init
func.func @c1_results(%o: tensor<1x2x4x8xf32>, %l: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected 2 results, but got 1}}
  %r = qsat.merge ins(%o, %l, %o, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
                  outs(%o, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// C2: o1, o2 and o have the same shape [B,H,M,Dv]
func.func @c2_o(%o1: memref<1x2x4x8xf32>, %o2: memref<1x2x4x7xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected dimension 3 of o2 (value width) to be 8 as in o1, but got 7}}
  qsat.merge ins(%o1, %l, %o2, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x7xf32>, memref<1x2x4xf32>)
             outs(%o1, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C2: lse1, lse2 and lse the shape [B,H,M]
func.func @c2_lse(%o: memref<1x2x4x8xf32>, %l1: memref<1x2x4xf32>, %l2: memref<1x3x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected dimension 1 of lse2 (query heads) to be 2 as in o1, but got 3}}
  qsat.merge ins(%o, %l1, %o, %l2 : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x3x4xf32>)
             outs(%o, %l1 : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C2: the inits too
func.func @c2_init_rank(%o: memref<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected o to have rank 4, but got 'memref<1x2x4xf32>'}}
  qsat.merge ins(%o, %l, %o, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>)
             outs(%l, %o : memref<1x2x4xf32>, memref<1x2x4x8xf32>)
  return
}

// -----

// C3: o1, o2 and o have the same element type
func.func @c3_o(%o: memref<1x2x4x8xf32>, %b: memref<1x2x4x8xbf16>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected o to have element type 'bf16', but got 'f32'}}
  qsat.merge ins(%b, %l, %b, %l : memref<1x2x4x8xbf16>, memref<1x2x4xf32>, memref<1x2x4x8xbf16>, memref<1x2x4xf32>)
             outs(%o, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// C3: lse1, lse2, lse have the accumulation type
func.func @c3_lse(%o: memref<1x2x4x8xf64>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected lse1 to have element type 'f64', but got 'f32'}}
  qsat.merge ins(%o, %l, %o, %l : memref<1x2x4x8xf64>, memref<1x2x4xf32>, memref<1x2x4x8xf64>, memref<1x2x4xf32>)
             outs(%o, %l : memref<1x2x4x8xf64>, memref<1x2x4xf32>)
  return
}

// -----

// C4: there are two inits, o and lse
func.func @c4(%o: memref<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected inits o and lse, but got 1}}
  qsat.merge ins(%o, %l, %o, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>)
             outs(%o : memref<1x2x4x8xf32>)
  return
}

// -----

// C4: none is too few
func.func @c4_none(%o: memref<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected inits o and lse, but got 0}}
  "qsat.merge"(%o, %l, %o, %l)
    : (memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>) -> ()
  return
}

// -----

func.func @too_few_operands(%o: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.merge' op expected 4 or more operands, but found 1}}
  "qsat.merge"(%o) : (memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @lse_rank(%o: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'qsat.merge' op operand #1 must be 3D tensor of 64-bit float or 32-bit float values or 3D memref of 64-bit float or 32-bit float values, but got 'memref<1x2x4x8xf32>'}}
  qsat.merge ins(%o, %o, %o, %o : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
             outs(%o, %o : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
  return
}
