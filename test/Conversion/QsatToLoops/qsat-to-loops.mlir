// RUN: qsat-opt --convert-qsat-to-loops=cpu=x86-64-v4 --canonicalize --cse --split-input-file %s | FileCheck %s

// K is packed in groups of 64 keys, V is read in place; nothing has the extent M x N.
// CHECK-LABEL: func.func @causal
// CHECK-SAME: (%[[Q:.*]]: memref<1x8x512x64xf32>, %[[K:.*]]: memref<1x2x512x64xf32>, %[[V:.*]]: memref<1x2x512x64xf32>, %[[O:.*]]: memref<1x8x512x64xf32>)
// CHECK: %[[PACKED:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x2x8x64x64xf32>
// CHECK: scf.parallel
// CHECK: func.call @qsat_pack({{.*}}, %[[K]], %{{.*}})
// CHECK-NOT: memref.alloc
// 8 heads of 6 panels.
// CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c48) step (%c1)
// CHECK: func.call @qsat_attention({{.*}}, %[[V]], %[[Q]], %[[K]], %[[V]], %[[O]])
// CHECK: memref.dealloc %[[PACKED]]

// CHECK-LABEL: func.func private @qsat_pack
// CHECK-SAME: attributes {no_inline, passthrough = ["no-builtins"]}
// CHECK-COUNT-64: vector.shuffle

// CHECK-LABEL: func.func private @qsat_attention
// CHECK-SAME: attributes {no_inline, passthrough = ["no-builtins"]}
// CHECK-NOT: memref.alloc()
// CHECK: memref.alloca() {{.*}} : memref<96x64xf32>
// The register tile of scores: 6 rows of 64 keys.
// CHECK: scf.for {{.*}} -> (vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>)
// CHECK: vector.fma {{.*}} : vector<64xf32>
// Only tiles that the diagonal crosses are masked.
// CHECK: scf.if
// CHECK: arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// The online softmax: rescaling where the maximum rises, no library call.
// CHECK: scf.if {{.*}} -> (f32)
// CHECK: math.ceil
// CHECK-NOT: math.
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
// CHECK: vector.fma {{.*}} : vector<64xf32>
func.func @causal(%q: memref<1x8x512x64xf32>, %k: memref<1x2x512x64xf32>,
                  %v: memref<1x2x512x64xf32>, %o: memref<1x8x512x64xf32>) {
  qsat.attention
    ins(%q, %k, %v : memref<1x8x512x64xf32>, memref<1x2x512x64xf32>, memref<1x2x512x64xf32>)
    outs(%o : memref<1x8x512x64xf32>) {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
  return
}

// -----

// One kernel per configuration: the second op shares the first one's, the third
// has another mask.
// CHECK-LABEL: func.func @configurations
// CHECK-SAME: (%[[Q:.*]]: memref<1x2x64x32xf32>, %[[R:.*]]: memref<1x2x64x32xf32>,
// CHECK: func.call @qsat_attention({{.*}}, %[[Q]], %[[Q]], %[[Q]], %[[Q]], %{{.*}})
// CHECK: func.call @qsat_attention({{.*}}, %[[R]], %[[Q]], %[[Q]], %[[R]], %{{.*}})
// CHECK: func.call @qsat_attention_0(
// CHECK: func.func private @qsat_pack(
// Operands that are one value here are different arguments of the kernel.
// CHECK: func.func private @qsat_attention({{.*}}, %[[VALUES:[a-z0-9]+]]: memref<1x2x64x32xf32>, %[[QUERIES:[a-z0-9]+]]: memref<1x2x64x32xf32>, %{{[a-z0-9]+}}: memref<1x2x64x32xf32>, %{{[a-z0-9]+}}: memref<1x2x64x32xf32>, %[[OUT:[a-z0-9]+]]: memref<1x2x64x32xf32>)
// CHECK: vector.load %[[QUERIES]]
// CHECK: vector.load %[[VALUES]]
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: func.func private @qsat_attention_0(
func.func @configurations(%q: memref<1x2x64x32xf32>, %r: memref<1x2x64x32xf32>, %o: memref<1x2x64x32xf32>) {
  qsat.attention ins(%q, %q, %q : memref<1x2x64x32xf32>, memref<1x2x64x32xf32>, memref<1x2x64x32xf32>)
    outs(%o : memref<1x2x64x32xf32>)
  qsat.attention ins(%q, %q, %r : memref<1x2x64x32xf32>, memref<1x2x64x32xf32>, memref<1x2x64x32xf32>)
    outs(%o : memref<1x2x64x32xf32>)
  qsat.attention ins(%q, %q, %q : memref<1x2x64x32xf32>, memref<1x2x64x32xf32>, memref<1x2x64x32xf32>)
    outs(%o : memref<1x2x64x32xf32>) {mask = #qsat.mask<causal>}
  return
}

// -----

// Dynamic extents, bf16: K and V are packed as f32; Dv = 40 is padded to 48.
// CHECK-LABEL: func.func @bf16
// CHECK: memref.alloc({{.*}}) {{.*}} : memref<?x?x?x40x64xf32>
// CHECK: memref.alloc({{.*}}) {{.*}} : memref<?x?x?x48xf32>
// CHECK: func.func private @qsat_attention
// CHECK: memref.load %{{.*}} : memref<?x?x?x40xbf16>
// CHECK: vector.store %{{.*}} : memref<?x?x?x40xbf16>, vector<16xbf16>
func.func @bf16(%q: memref<?x?x?x40xbf16>, %k: memref<?x?x?x40xbf16>, %o: memref<?x?x?x40xbf16>,
                %lse: memref<?x?x?xf32>) {
  qsat.attention ins(%q, %k, %k : memref<?x?x?x40xbf16>, memref<?x?x?x40xbf16>, memref<?x?x?x40xbf16>)
    outs(%o, %lse : memref<?x?x?x40xbf16>, memref<?x?x?xf32>)
  return
}

// -----

// A region whose operations are elementwise runs on vectors of keys; what depends
// on the row alone stays scalar.
// CHECK-LABEL: func.func @alibi
// CHECK: func.func private @qsat_attention
// CHECK: %[[SLOPE:.*]] = memref.load %{{.*}} : memref<8xf32>
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK: vector.broadcast %[[SLOPE]] : f32 to vector<16xf32>
// CHECK: arith.mulf {{.*}} : vector<16xf32>
func.func @alibi(%q: memref<1x8x64x32xf32>, %slopes: memref<8xf32>, %o: memref<1x8x64x32xf32>) {
  qsat.attention ins(%q, %q, %q : memref<1x8x64x32xf32>, memref<1x8x64x32xf32>, memref<1x8x64x32xf32>)
    extras(%slopes : memref<8xf32>) outs(%o : memref<1x8x64x32xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
    score {
    ^bb0(%z: f32, %slope: f32, %b: index, %h: index, %i: index, %j: index):
      %d = arith.subi %j, %i : index
      %di = arith.index_cast %d : index to i32
      %df = arith.sitofp %di : i32 to f32
      %bias = arith.mulf %slope, %df : f32
      %y = arith.addf %z, %bias : f32
      qsat.yield %y : f32
    }
  return
}

// -----

// With position operands the mask speaks of problem coordinates.
// CHECK-LABEL: func.func @position
// CHECK-SAME: %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index)
// CHECK: func.call @qsat_attention({{.*}}, %[[I]], %[[I]], %[[I]], %[[J]], %{{.*}})
// CHECK: func.func private @qsat_attention({{.*}}, %[[AT:[a-z0-9]+]]: index, %[[AT_J:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: memref<1x2x64x32xf32>)
// CHECK: %[[SHIFT:.*]] = arith.subi %[[AT]], %[[AT_J]]
func.func @position(%q: memref<1x2x64x32xf32>, %o: memref<1x2x64x32xf32>, %i: index, %j: index) {
  qsat.attention ins(%q, %q, %q : memref<1x2x64x32xf32>, memref<1x2x64x32xf32>, memref<1x2x64x32xf32>)
    at(%i, %i, %i, %j) outs(%o : memref<1x2x64x32xf32>) {mask = #qsat.mask<causal, window = 100, sinks = 4>}
  return
}
