//===- Passes.td - Conversions to and from the qsat dialect *- tablegen -*-===//

#ifndef QSAT_CONVERSION_PASSES_TD
#define QSAT_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertQsatToLoops : Pass<"convert-qsat-to-loops", "::mlir::ModuleOp"> {
  let summary = "turns qsat ops on memrefs into parallel loops over CPU kernels";
  let description = [{
    Every op becomes `scf.parallel` over tasks, here (batch, head, rows), each of
    which is one call of a private function that is emitted once per
    configuration (operand types, attributes, score region). Memory stays linear
    in the context, and below 64 MB for each kv head of attention: keys and values are
    packed into a heap buffer, those that it has no room for into the scratch on the
    stack that a query block works in, nothing is allocated in the loop. Bitwise
    the same result whatever the number of threads.

    The target decides how attention multiplies: f32 in whatever vector registers
    there are; bf16 in pairs where that is fast (AMD since Zen 4); bf16 in AMX tiles,
    beside a kernel without them, since the system may refuse AMX to a process
    (`qsat_request_amx` of the runtime asks); everything else is widened to f32.

    Attention of M <= 8 rows (static M, H, Hkv; contiguous rows of K and V; one block of
    rows of lists; no background) reads K and V in place, its tasks split over the keys.

    Before:

    ```mlir
    qsat.merge ins(%o1, %l1, %o2, %l2 : memref<1x8x512x64xf32>, memref<1x8x512xf32>, memref<1x8x512x64xf32>, memref<1x8x512xf32>)
               outs(%o, %l : memref<1x8x512x64xf32>, memref<1x8x512xf32>)
    ```

    After:

    ```mlir
    scf.parallel (%t) = (%c0) to (%c64) step (%c1) {
      func.call @qsat_merge(%b, %h, %i, %o1, %l1, %o2, %l2, %o, %l) : (...) -> ()
    }
    ```
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"host\"",
           "CPU to emit kernels for, as LLVM names it; `host` is this machine">,
    Option<"features", "features", "std::string", "\"\"",
           "features of the CPU on top of its own, as in LLVM: `+avx2,-avx512f`">,
    Option<"packedBytes", "packed-bytes", "int64_t", "56 << 20",
           "bytes of the packed keys and values of one kv head of attention; keys past "
           "them are packed tile by tile where they are used">
  ];
  let statistics = [
    Statistic<"numLowered", "lowered", "number of qsat ops lowered to loops">,
    Statistic<"numKernels", "kernels", "number of kernel functions emitted">
  ];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ConvertQsatToGPU : Pass<"convert-qsat-to-gpu", "::mlir::ModuleOp"> {
  let summary = "turns qsat ops on memrefs into launches of GPU kernels";
  let description = [{
    An op becomes a kernel in a `gpu.module`, emitted once per configuration
    (operand types, attributes, score region), and its launch on the stream that
    the runtime names, asynchronously. Memrefs are taken to be in device memory.

    On sm_90a: `attention` and `sparse_attention` (blocks of 64 or 128 keys) of
    bf16 or f16, head widths a multiple of 64 up to 256, with wgmma, weights in registers, and tiles loaded by the copy engine; any M and
    N, mask, score region, strides of batches, heads and rows. Scores and sums
    are f32; weights are rounded to the element type.

    On sm_80 and newer, and on sm_90a for what wgmma is not made for (a remark says
    why): attention by mma.sync and cp.async; head widths a multiple of 16 up to 256,
    blocks of multiples of 16 rows and keys, o of the element type or f32. At most 16
    query rows, known from the type, are decoding: all that share keys are rows of
    one product, keys are split over thread blocks, and the last block of the same
    rows merges what they found.

    On every other chip (`gfx942`, ...), for `generic`, which names none, and where
    there are no such products (f32, odd widths): the same ops with one thread for
    each row, of every element type, head width, layout and block, in ops of gpu,
    memref, vector, scf, arith and math. Right, not fast. `generic` kernels go to
    SPIR-V, or to threads of the host (`qsat-launch-to-loops`). `merge`: a warp, or a
    thread, for each row.

    On all: a background (amplification born or full), as two launches more, one thread
    for each row: right, not fast.

    On all: `amplitude_score` with every estimator (not in 8 bits), as the mass of each
    contributing row in each key block (memory: one number for each row and block) and a
    normalisation. rows and exact by wgmma on sm_90a, for what attention takes there; d2
    and centroid by mma.sync from sm_80 on (head widths a multiple of 32, blocks of
    multiples of 16 rows and 32 keys), as exact as f32; the others, antidiagonal among
    them, one thread for each number. `amplified_select` with every policy, nothing
    sorted. Scores of rows, selection and `attention` of the lists are four launches;
    nothing waits. What functions allocate for it comes from the runtime, in the order
    of the stream.

    On all: `audit`, as three launches: rows are drawn, their attention is computed in
    parts of the keys (by mma.sync from sm_80 on), and compared.

    Before:

    ```mlir
    qsat.attention ins(%q, %k, %v : memref<1x8x512x128xbf16>, memref<1x2x512x128xbf16>, memref<1x2x512x128xbf16>)
                   outs(%o : memref<1x8x512x128xbf16>) {mask = #qsat.mask<causal>}
    ```

    After:

    ```mlir
    %stream = func.call @qsat_gpu_stream() : () -> !llvm.ptr
    gpu.launch_func <%stream : !llvm.ptr> @qsat_attention::@qsat_attention
        blocks in (%tiles, %c1, %c1) threads in (%c384, %c1, %c1)
        dynamic_shared_memory_size %bytes args(%q_map : !llvm.array<16 x i64>, ...)
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_90a\"", "GPU to emit kernels for, as CUDA or LLVM names it, or generic">,
    Option<"skipsOthers", "skip-others", "bool", "false", "leave ops that have no kernel">,
    Option<"keys", "keys", "int64_t", "0", "keys of a tile of dense attention; 0: best for the shape">
  ];
  let statistics = [
    Statistic<"numLowered", "lowered", "number of qsat ops lowered to kernels">,
    Statistic<"numKernels", "kernels", "number of kernels emitted">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect", "::mlir::ROCDL::ROCDLDialect",
    "::mlir::scf::SCFDialect", "::mlir::spirv::SPIRVDialect", "::mlir::vector::VectorDialect"
  ];
}

def LaunchToLoops : Pass<"qsat-launch-to-loops", "::mlir::ModuleOp"> {
  let summary = "runs GPU kernels on threads of the host";
  let description = [{
    A launch becomes `scf.parallel` over its blocks and loops over the threads of
    a block around a call of what one thread does. For kernels whose threads do
    not depend on each other: barriers, exchanges between lanes and shared
    memory are errors. This is how kernels that are portable are tested where
    there is no GPU.

    Before:

    ```mlir
    gpu.launch_func @kernels::@scale blocks in (%n, %c1, %c1) threads in (%c64, %c1, %c1)
        args(%x : memref<?xf32>)
    ```

    After:

    ```mlir
    scf.parallel (%bx, %by, %bz) = (%c0, %c0, %c0) to (%n, %c1, %c1) step (%c1, %c1, %c1) {
      scf.for %tx = %c0 to %c64 step %c1 {
        // ... y and z
        func.call @scale(%bx, %by, %bz, %tx, %ty, %tz, %n, ..., %x) : (...) -> ()
      }
    }
    ```
  }];
  let statistics = [Statistic<"numLowered", "lowered", "number of launches lowered to loops">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::scf::SCFDialect"];
}

def ConvertQsatToLinalg : Pass<"convert-qsat-to-linalg"> {
  let summary = "turns qsat ops on tensors into what they mean, in linalg";
  let description = [{
    The executable meaning of every op, for every estimator, policy, background
    and amplification, and the fallback for targets without kernels. It follows
    the formulas of the op descriptions literally: scores are held as
    `[B,H,M,N]`, ranks are found by counting, nothing is tiled. It uses
    `linalg::AggregatedOpInterface`. Runs on any op; qsat ops on memrefs are an
    error.

    Before:

    ```mlir
    %o = qsat.attention ins(%q, %k, %v : tensor<1x2x4x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>)
           outs(%init : tensor<1x2x4x8xf32>) {mask = #qsat.mask<causal>} -> tensor<1x2x4x8xf32>
    ```

    After, in short:

    ```mlir
    %dots = linalg.generic ins(%q, %k) outs(%zero : tensor<1x2x4x6xf32>) {mulf, addf}
    %z = linalg.generic ins(%dots) {scale, mask}
    %max = linalg.generic ins(%z) outs(%minus_infinity : tensor<1x2x4xf32>) {maximumf}
    %p = linalg.generic ins(%z, %max) {exp}
    %sum = linalg.generic ins(%p) outs(%zero : tensor<1x2x4xf32>) {addf}
    %pv = linalg.generic ins(%p, %v) outs(%zero : tensor<1x2x4x8xf32>) {mulf, addf}
    %o = linalg.generic outs(%init : tensor<1x2x4x8xf32>) {divf}
    ```
  }];
  let statistics = [Statistic<"numDecomposed", "decomposed", "number of qsat ops decomposed">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def QsatRaiseAttention : Pass<"qsat-raise-attention"> {
  let summary = "finds dense attention in linalg on tensors and rewrites it to qsat.attention";
  let description = [{
    A weighted sum of values over keys, whose weights are the softmax of scores
    that hold one product of a query row and a key row, becomes `qsat.attention`.
    What lies between is read as scalar expressions at a point, so that
    reshapes, transposes, broadcasts, repeated key/value heads, casts and fused
    bodies do not matter: constant factors become the scale; conditions that
    compare row and key index become the structural mask; bias, other masks and
    softcap become the score region. Exact up to reassociation and to casts
    between the steps, which attention does in its accumulation type; a row
    whose keys are all hidden gives 0.

    Before:

    ```mlir
    %s = linalg.batch_matmul ins(%q, %kt : ...) outs(%zero : ...) -> tensor<4x32x32xf32>
    // max, sub, exp, sum, div over d2 of %s
    %o = linalg.batch_matmul ins(%p, %v : ...) outs(%zero2 : ...) -> tensor<4x32x8xf32>
    ```

    After:

    ```mlir
    %o = qsat.attention
           ins(%q4, %k4, %v4 : tensor<1x4x32x8xf32>, tensor<1x4x32x8xf32>, tensor<1x4x32x8xf32>)
           outs(%init : tensor<1x4x32x8xf32>) -> tensor<1x4x32x8xf32>
    ```

    Works on any operation, function by function. Run `--inline --canonicalize
    --cse` first. A near miss is a remark of
    category `qsat`.
  }];
  let options = [
    Option<"allowUnshifted", "allow-unshifted-softmax", "bool", "false",
           "NON-NUMERIC-PRESERVING: also raise a softmax whose exponentials are not shifted by the "
           "row maximum; where they overflow or underflow, attention does not">,
    Option<"ignoreHiddenRows", "ignore-hidden-rows", "bool", "false",
           "NON-NUMERIC-PRESERVING: rows all of whose keys are hidden by a finite number may have "
           "any result, so that a window next to a padding mask becomes structural">
  ];
  let statistics = [Statistic<"numRaised", "raised", "number of attentions raised">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect", "::qsat::QsatDialect"
  ];
}

class KernelPass<string name> : Pass<name, "::mlir::ModuleOp"> {
  let options = [
    Option<"cpu", "cpu", "std::string", "\"host\"",
           "CPU to emit kernels for, as LLVM names it; `host` is this machine">,
    Option<"features", "features", "std::string", "\"\"",
           "features of the CPU on top of its own, as in LLVM: `+avx2,-avx512f`">
  ];
  let statistics = [
    Statistic<"numLowered", "lowered", "number of ops lowered to loops">,
    Statistic<"numKernels", "kernels", "number of kernel functions emitted">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerMatmulPass : KernelPass<"qsat-lower-matmul"> {
  let summary = "turns matrix products on memrefs into packed register-tiled kernels";
  let description = [{
    Any linalg op on memrefs that is a contraction of floats over one dimension,
    with at least four rows: named or generic, batched, with transposed or
    narrower operands (bf16 and f16 are widened to f32, where it accumulates).
    The right operand is packed into panels; a task is a call of a kernel for 64
    rows and 8 panels. What is not such a product stays, with a remark that says
    why (`--remarks-filter-missed=qsat`).

    Before:

    ```mlir
    linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x32xf32>) outs(%c : memref<128x32xf32>)
    ```

    After:

    ```mlir
    %packed = memref.alloc(%panels, %k) : memref<?x?x32xf32>
    scf.parallel (%t) = (%c0) to (%panels) step (%c1) {
      func.call @qsat_matmul_pack(%panel, %t, %b, %packed) : (...) -> ()
    }
    scf.parallel (%t) = (%c0) to (%tasks) step (%c1) {
      func.call @qsat_matmul(%rows, %panels, %first, %a, %packed, %c) : (...) -> ()
    }
    ```
  }];
}

def LowerLinalgPass : KernelPass<"qsat-lower-linalg"> {
  let summary = "turns linalg ops on memrefs into parallel vector loops";
  let description = [{
    One kernel function for each distinct op; a task is a call of it for a part
    of the parallel dimensions. The dimension along which all operands are
    contiguous or constant is vectorised; what does not depend on it is computed
    once for each row. A reduction along it keeps partial results by lane, so
    sums are reassociated. Ops without such a dimension become plain loops, in
    parallel too. Copies of memrefs are treated like the ops.

    Before:

    ```mlir
    linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
        ins(%s : memref<4096xf32>) outs(%x : memref<4096x256xf32>) {...}
    ```

    After:

    ```mlir
    scf.parallel (%t) = (%c0) to (%tasks) step (%c1) {
      func.call @qsat_generic(%first, %last, %s, %x) : (...) -> ()
    }
    ```
  }];
}

#endif // QSAT_CONVERSION_PASSES_TD

