// RUN: qsat-opt %s --convert-qsat-to-linalg --split-input-file --verify-diagnostics

func.func @memrefs(%o1: memref<1x2x8x4xf32>, %l1: memref<1x2x8xf32>, %o2: memref<1x2x8x4xf32>, %l2: memref<1x2x8xf32>, %o: memref<1x2x8x4xf32>, %l: memref<1x2x8xf32>) {
  // expected-error @below {{'qsat.merge' op expected tensors, but got memrefs: convert-qsat-to-linalg works on tensors, before bufferization}}
  qsat.merge ins(%o1, %l1, %o2, %l2 : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8x4xf32>, memref<1x2x8xf32>)
    outs(%o, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>)
  return
}
