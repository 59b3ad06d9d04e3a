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

func.func @width(%q: memref<1x1x8x96xbf16>) {
  // expected-error @+1 {{'qsat.attention' op expected head widths of 64, 128, 192 or 256, but got 96 and 96}}
  qsat.attention ins(%q, %q, %q : memref<1x1x8x96xbf16>, memref<1x1x8x96xbf16>, memref<1x1x8x96xbf16>)
    outs(%q : memref<1x1x8x96xbf16>)
  return
}

// -----

func.func @element(%q: memref<1x1x8x64xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected q, k and v of bf16 or f16, but got 'f32'}}
  qsat.attention ins(%q, %q, %q : memref<1x1x8x64xf32>, memref<1x1x8x64xf32>, memref<1x1x8x64xf32>)
    outs(%q : memref<1x1x8x64xf32>)
  return
}

// -----

func.func @output(%q: memref<1x1x8x64xbf16>, %o: memref<1x1x8x64xf32>) {
  // expected-error @+1 {{'qsat.attention' op expected o of 'bf16', but got 'f32'}}
  qsat.attention ins(%q, %q, %q : memref<1x1x8x64xbf16>, memref<1x1x8x64xbf16>, memref<1x1x8x64xbf16>)
    outs(%o : memref<1x1x8x64xf32>)
  return
}

// -----

func.func @columns(%q: memref<1x1x8x64xbf16>, %k: memref<1x1x8x64xbf16, strided<[1024, 1024, 1, 8]>>) {
  // expected-error @+1 {{'qsat.attention' op k: expected rows with unit stride, but got}}
  qsat.attention ins(%q, %k, %q : memref<1x1x8x64xbf16>, memref<1x1x8x64xbf16, strided<[1024, 1024, 1, 8]>>, memref<1x1x8x64xbf16>)
    outs(%q : memref<1x1x8x64xbf16>)
  return
}

// -----

func.func @blocks(%q: memref<1x1x128x64xbf16>, %i: memref<1x1x1x1xi32>, %c: memref<1x1x1xi32>, %l: memref<1x1x128xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected block_n to be 64 or 128, but got 32}}
  qsat.sparse_attention ins(%q, %q, %q : memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>, memref<1x1x128x64xbf16>)
    list(%i, %c : memref<1x1x1x1xi32>, memref<1x1x1xi32>) outs(%q, %l : memref<1x1x128x64xbf16>, memref<1x1x128xf32>)
    {block_n = 32 : i64}
  return
}

// -----

func.func @rows(%q: memref<1x1x64x64xbf16>, %i: memref<1x1x1x1xi32>, %c: memref<1x1x1xi32>, %l: memref<1x1x64xf32>) {
  // expected-error @+1 {{'qsat.sparse_attention' op expected block_m to be a multiple of 128, but got 64}}
  qsat.sparse_attention ins(%q, %q, %q : memref<1x1x64x64xbf16>, memref<1x1x64x64xbf16>, memref<1x1x64x64xbf16>)
    list(%i, %c : memref<1x1x1x1xi32>, memref<1x1x1xi32>) outs(%q, %l : memref<1x1x64x64xbf16>, memref<1x1x64xf32>)
    {block_m = 64 : i64}
  return
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

func.func @merge(%o: memref<1x1x8x64xbf16>, %l: memref<1x1x8xf32>) {
  // expected-error @+1 {{'qsat.merge' op has no GPU kernel yet}}
  qsat.merge ins(%o, %l, %o, %l : memref<1x1x8x64xbf16>, memref<1x1x8xf32>, memref<1x1x8x64xbf16>, memref<1x1x8xf32>)
    outs(%o, %l : memref<1x1x8x64xbf16>, memref<1x1x8xf32>)
  return
}
