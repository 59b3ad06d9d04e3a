// Attention over the lists as without a background, then means of the blocks, then
// one thread for each row merges what is not listed.
// RUN: qsat-opt --convert-qsat-to-gpu=chip=generic --canonicalize --cse %s | FileCheck %s
// RUN: qsat-opt --convert-qsat-to-gpu=chip=sm_90a --canonicalize --cse %s | FileCheck %s --check-prefix=HOPPER
// RUN: %if ptxas %{ qsat-opt --qsat-nvidia-pipeline %s | FileCheck %s --check-prefix=CODE %}

// CHECK-LABEL: func.func @centroids(
// CHECK:         gpu.launch_func @qsat_sparse_attention::@qsat_sparse_attention
// CHECK:         %[[KEYS:.*]] = memref.alloc() {{.*}} : memref<1x2x2x64xf32>
// CHECK:         gpu.launch_func @qsat_block_means::@qsat_block_means blocks in (%c4, %c2, %c1)
// CHECK:         gpu.launch_func @qsat_background::@qsat_background blocks in (%c4, %c2, %c1)
// CHECK:         memref.dealloc %[[KEYS]]
// CHECK-NOT:     qsat.

// HOPPER-LABEL: func.func @centroids(
// HOPPER:         gpu.launch_func {{.*}} @qsat_sparse_attention
// HOPPER:         gpu.launch_func {{.*}} @qsat_block_means
// HOPPER:         gpu.launch_func {{.*}} @qsat_background

// CODE-COUNT-3: gpu.binary @{{.*}} bin = "\7FELF
func.func @centroids(%q: memref<1x2x256x64xbf16>, %i: memref<1x2x2x2xi32>, %c: memref<1x2x2xi32>, %o: memref<1x2x256x64xbf16>,
                     %l: memref<1x2x256xf32>) {
  qsat.sparse_attention ins(%q, %q, %q : memref<1x2x256x64xbf16>, memref<1x2x256x64xbf16>, memref<1x2x256x64xbf16>)
    list(%i, %c : memref<1x2x2x2xi32>, memref<1x2x2xi32>) outs(%o, %l : memref<1x2x256x64xbf16>, memref<1x2x256xf32>)
    {background = #qsat.background<centroid>, mask = #qsat.mask<causal>}
  return
}
