// RUN: not qsat-opt --convert-qsat-to-gpu=keys=72 %s 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not qsat-opt --convert-qsat-to-gpu=keys=256 %s 2>&1 | FileCheck %s --check-prefix=MEMORY
// STEP: error: 'qsat.attention' op expected tiles of a multiple of 16 up to 256 keys, but got 72
// MEMORY: error: 'qsat.attention' op expected tiles that fit 232448 bytes of shared memory, but got tiles of 256 keys of widths 256 and 256
func.func @attention(%q: memref<1x1x8x256xbf16>) {
  qsat.attention ins(%q, %q, %q : memref<1x1x8x256xbf16>, memref<1x1x8x256xbf16>, memref<1x1x8x256xbf16>)
    outs(%q : memref<1x1x8x256xbf16>)
  return
}
