// RUN: qsat-opt --convert-qsat-to-loops --split-input-file --verify-diagnostics %s

func.func @tensors(%q: tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32> {
  // expected-error @+1 {{'qsat.attention' op expected memref operands, but got tensors: bufferize first}}
  %o = qsat.attention ins(%q, %q, %q : tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>)
    outs(%q : tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32>
  return %o : tensor<1x1x8x8xf32>
}

// -----

func.func @dynamic_head_width(%q: memref<1x1x8x?xf32>, %v: memref<1x1x8x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op q: expected a static head width, but got 'memref<1x1x8x?xf32>'}}
  qsat.attention ins(%q, %q, %v : memref<1x1x8x?xf32>, memref<1x1x8x?xf32>, memref<1x1x8x8xf32>)
    outs(%v : memref<1x1x8x8xf32>)
  return
}

// -----

func.func @dynamic_value_width(%q: memref<1x1x8x8xf32>, %v: memref<1x1x8x?xf32>) {
  // expected-error @+1 {{'qsat.attention' op v: expected a static head width, but got 'memref<1x1x8x?xf32>'}}
  qsat.attention ins(%q, %q, %v : memref<1x1x8x8xf32>, memref<1x1x8x8xf32>, memref<1x1x8x?xf32>)
    outs(%v : memref<1x1x8x?xf32>)
  return
}

// -----

#tiled = affine_map<(a, b, c, d) -> (a, b, c floordiv 2, d, c mod 2)>
func.func @layout(%q: memref<1x1x8x8xf32, #tiled>, %v: memref<1x1x8x8xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected memrefs with a strided layout}}
  qsat.attention ins(%q, %v, %v : memref<1x1x8x8xf32, #tiled>, memref<1x1x8x8xf32>, memref<1x1x8x8xf32>)
    outs(%v : memref<1x1x8x8xf32>)
  return
}
