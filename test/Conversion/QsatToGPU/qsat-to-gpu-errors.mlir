// RUN: qsat-opt --convert-qsat-to-gpu --split-input-file --verify-diagnostics %s
// RUN: not qsat-opt --convert-qsat-to-gpu=chip=sm_20 %s 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: expected sm_90a, sm_80 to sm_121, gfx9 to gfx12 or generic, but got 'sm_20'

func.func @tensors(%q: tensor<1x1x8x64xbf16>) -> tensor<1x1x8x64xbf16> {
  // expected-error @+1 {{'qsat.attention' op expected memref operands, but got tensors: bufferize first}}
  %o = qsat.attention ins(%q, %q, %q : tensor<1x1x8x64xbf16>, tensor<1x1x8x64xbf16>, tensor<1x1x8x64xbf16>)
    outs(%q : tensor<1x1x8x64xbf16>) -> tensor<1x1x8x64xbf16>
  return %o : tensor<1x1x8x64xbf16>
}

// -----

func.func @background(%q: memref<1x1x128x64xbf16>, %i: memref<1x1x1x1xi32>, %c: memref<1x1x1xi32>, %l: memref<1x1x128xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected amplification born or full with a background on a GPU, but got #qsat.amplification<optimal>}}
  qsat.sparse_attention ins(%q, %q, %q : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    list(%i, %c : memref<1x1x1x1xi32>, memref<1x1x1xi32>) outs(%q, %l : memref<1x1x128x64xbf16>, memref<1x1x128xf32>)
    {background = #qsat.background<rank1>, amplification = #qsat.amplification<optimal>}
  return
}

// -----

func.func @host(%q: memref<1x1x8x64xbf16>) -> bf16 {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{expected qsat ops and views only on arrays in device memory, but got 'memref.load'}}
  %x = memref.load %q[%c0, %c0, %c0, %c0] : memref<1x1x8x64xbf16>
  qsat.attention ins(%q, %q, %q : memref<1x1x8x64xbf16>, memref<1x1x8x64xbf16>, memref<1x1x8x64xbf16>)
    outs(%q : memref<1x1x8x64xbf16>)
  return %x : bf16
}

// -----

func.func @int8(%q: memref<1x2x128x8xf32>, %a: memref<1x2x1x1xf32>) {
  // expected-error @+1 {{'qsat.amplitude_score' op expected scores in the element type of q on a GPU, but got int8: leave it out}}
  qsat.amplitude_score ins(%q, %q : memref<1x2x128x8xf32>, memref<1x2x128x8xf32>) outs(%a : memref<1x2x1x1xf32>) {int8}
  return
}
