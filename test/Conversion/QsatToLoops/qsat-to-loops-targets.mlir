// The same op for different CPUs: width and number of registers, instructions.
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=x86-64-v4" %s | FileCheck %s --check-prefix=AVX512
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=znver5" %s | FileCheck %s --check-prefix=PAIRS
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=sapphirerapids" %s | FileCheck %s --check-prefix=AMX
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=sapphirerapids features=-amx-bf16" %s | FileCheck %s --check-prefix=NOAMX
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=x86-64-v3" %s | FileCheck %s --check-prefix=AVX2
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=x86-64-v4 features=-avx512f" %s | FileCheck %s --check-prefix=AVX2
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=x86-64" %s | FileCheck %s --check-prefix=SSE2
// RUN: qsat-opt "--convert-qsat-to-loops=cpu=neoverse-n1" %s | FileCheck %s --check-prefix=NEON
// RUN: sed s/bf16/f16/g %s | qsat-opt --convert-qsat-to-loops=cpu=graniterapids | FileCheck %s --check-prefix=AMXF16
// RUN: sed s/bf16/f16/g %s | qsat-opt --convert-qsat-to-loops=cpu=sapphirerapids | FileCheck %s --check-prefix=NOAMXF16
// RUN: not qsat-opt "--convert-qsat-to-loops=cpu=pdp-11" %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not qsat-opt "--convert-qsat-to-loops=cpu=x86-64-v3 features=avx2" %s 2>&1 | FileCheck %s --check-prefix=FEATURE

// UNKNOWN: error: unknown CPU 'pdp-11'
// FEATURE: error: expected a feature like +avx2 or -avx512f, but got 'avx2'

// AVX512-LABEL: func.func private @qsat_attention(
// Blocks of 128 keys are whole tiles of 64: 6 rows of them.
// AVX512: vector.fma {{.*}} : vector<64xf32>
// AVX512: math.ceil
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
// No instruction of these features rounds to bf16: integers, not a library call.
// AVX512-NOT: arith.truncf
// AVX512: arith.bitcast {{.*}} vector<16xi16> to vector<16xbf16>

// Pairs of bf16: K and V stay bf16, P is rounded two registers at a time.
// PAIRS-LABEL: func.func @attention(
// PAIRS: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x?x?x16x32xbf16>
// PAIRS: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x?x2x?x32xbf16>
// PAIRS-LABEL: func.func private @qsat_attention(
// PAIRS: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// PAIRS: llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"
// PAIRS: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// PAIRS-NOT: vector.fma {{.*}} vector<32xf32>

// Both kernels, and at run time the choice of one: the system may refuse AMX.
// AMX: func.func private @qsat_request_amx() -> i32
// AMX-LABEL: func.func @attention(
// AMX: %[[ANSWER:.*]] = call @qsat_request_amx() : () -> i32
// AMX: %[[GRANTED:.*]] = arith.cmpi ne, %[[ANSWER]]
// AMX: func.call @qsat_attention_either(%[[GRANTED]],
// AMX-LABEL: func.func private @qsat_attention(
// AMX-NOT: amx.
// AMX-LABEL: func.func private @qsat_attention_amx(
// AMX: amx.tile_mulf
// AMX: scf.while
// AMX-LABEL: func.func private @qsat_attention_either(

// Where the system refuses AMX, pairs of f16 are widened.
// AMXF16-LABEL: func.func private @qsat_attention(
// AMXF16-NOT: amx.
// AMXF16: vector.fma {{.*}} : vector<16xf32>
// AMXF16-LABEL: func.func private @qsat_attention_amx(
// AMXF16: amx.tile_mulf {{.*}} : !amx.tile<16x32xf16>

// Tiles of bf16 alone do not serve f16.
// NOAMXF16-LABEL: func.func private @qsat_attention(
// NOAMXF16-NOT: amx.
// NOAMXF16: vector.fma {{.*}} : vector<64xf32>

// Widened to f32: products of pairs are slow on Intel.
// NOAMX-LABEL: func.func private @qsat_attention(
// NOAMX-NOT: dpbf16ps
// NOAMX: vector.fma {{.*}} : vector<64xf32>

// 16 registers of 8 lanes: 4 rows of 16 keys.
// AVX2-LABEL: func.func private @qsat_attention(
// AVX2: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// AVX2: vector.fma {{.*}} : vector<16xf32>
// AVX2-NOT: llvm.call_intrinsic

// Neither fused multiply-add nor rounding: both would be library calls.
// SSE2-LABEL: func.func private @qsat_attention(
// SSE2-NOT: vector.fma
// SSE2-NOT: math.
// SSE2: vector.store {{.*}} vector<4xbf16>

// NEON-LABEL: func.func private @qsat_attention(
// NEON: vector.fma {{.*}} : vector<8xf32>
// NEON-NOT: llvm.call_intrinsic
func.func @attention(%q: memref<1x2x64x32xbf16>, %o: memref<1x2x64x32xbf16>, %l: memref<1x2x64xf32>) {
  qsat.attention
    ins(%q, %q, %q : memref<1x2x64x32xbf16>, memref<1x2x64x32xbf16>, memref<1x2x64x32xbf16>)
    outs(%o, %l : memref<1x2x64x32xbf16>, memref<1x2x64xf32>) {mask = #qsat.mask<causal>}
  return
}
