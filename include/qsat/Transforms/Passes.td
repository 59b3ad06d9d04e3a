//===- Passes.td - Transformations of qsat IR --------------*- tablegen -*-===//

#ifndef QSAT_TRANSFORMS_PASSES_TD
#define QSAT_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SparsifyPass : Pass<"qsat-sparsify", "::mlir::ModuleOp"> {
  let summary = "rewrite dense attention into scoring, selection and sparse attention where it pays";
  let description = [{
    NON-NUMERIC-PRESERVING: the result depends on the data and differs from the
    dense one. Each `qsat.attention` on tensors becomes

    ```mlir
    %a = qsat.amplitude_score ins(%q, %k ...) {estimator = #qsat.estimator<rows>}
    %i, %c, %m, %n = qsat.amplified_select ins(%a ...) {policy = #qsat.policy<threshold>, theta = ...}
    %o, %lse = qsat.sparse_attention ins(%q, %k, %v ...) list(%i, %c ...)
    ```

    when the cost model expects a speed-up of at least `min-speedup`; otherwise
    it stays dense, with a remark that says why (`--remarks-filter-missed=qsat`).
    With a dynamic number of keys both forms are made, and the context from which
    on the model expects that speed-up is compared at run time.

    `quality` sets one threshold theta on the mass of a key block, and which rows
    estimate it, for all heads, layers and contexts: high 0.006 and every 8th row,
    balanced 0.008 and every 16th, fast 0.016 and every 16th; `exact` changes
    nothing. theta is an absolute mass: the density falls about as 1 / context, and
    what it costs in accuracy does not depend on the context. Measured on a
    byte-level model (docs/accuracy.md), over dense: at most 0.001, 0.004 and 0.015
    bits per byte more on whole documents of 16k and of 32k, in the mean. The block
    beside the diagonal is always kept (`local`): sampled rows say nothing of the
    first rows of their block, which look there. `density`
    asks instead for that share of the visible key blocks of each query block
    (policy budget, alpha = density, exponent = 1).

    With `audit` every sparse attention is followed by a `qsat.audit` that is
    recorded: a random sample of rows, drawn by `seed`, is recomputed exactly, and an
    instrumented run reports the relative error with its interval. Where several query
    heads read one key/value head a recorded `qsat.overlap` and the selection that the
    option `entangle` does not take follow: the run then says whether the heads of a
    group could share lists.

    `report` writes, as JSON, what was decided for each attention and why.
  }];
  let options = [
    Option<"quality", "quality", "::qsat::Quality", "::qsat::Quality::Balanced",
           "How close to dense: exact, high, balanced or fast",
           [{::llvm::cl::values(
             clEnumValN(::qsat::Quality::Exact, "exact", "leave attention dense"),
             clEnumValN(::qsat::Quality::High, "high", "theta = 0.006, stride = 8"),
             clEnumValN(::qsat::Quality::Balanced, "balanced", "theta = 0.008, stride = 16"),
             clEnumValN(::qsat::Quality::Fast, "fast", "theta = 0.016, stride = 16"))}]>,
    Option<"density", "density", "double", "0.0",
           "Share of the visible key blocks to keep, in (0, 1]; 0: by quality">,
    Option<"policy", "policy", "std::string", "\"\"",
           "Selection policy; default threshold, or budget with density">,
    Option<"theta", "theta", "double", "-1.0",
           "Threshold of the policy; default by quality">,
    Option<"topK", "k", "int64_t", "0",
           "Number of key blocks for top_k, heavy_hitter and measure">,
    Option<"exponent", "exponent", "double", "1.0",
           "C of the policy budget, alpha n^C; alpha is density">,
    Option<"seed", "seed", "int64_t", "0", "Seed of the policy measure and of audit">,
    Option<"estimator", "estimator", "std::string", "\"rows\"",
           "Estimator of the block amplitudes">,
    Option<"stride", "stride", "int64_t", "0",
           "Query rows per sampled row (rows, cascade), or group size (antidiagonal); 0: by quality">,
    Option<"int8", "int8", "bool", "false",
           "Round the rows of q and k that rows scores to 8 bits; every quality scores every 8th row then">,
    Option<"share", "share", "double", "0.5",
           "Share of the blocks that cascade lets through">,
    Option<"background", "background", "std::string", "\"none\"",
           "What stands in for unselected keys: none, rank1, centroid or t2">,
    Option<"blockM", "block-m", "int64_t", "64", "Query rows per block">,
    Option<"blockN", "block-n", "int64_t", "64", "Keys per block">,
    Option<"sinks", "sinks", "int64_t", "0", "First key blocks that are always kept">,
    Option<"local", "local", "int64_t", "1", "Key blocks on each side of the diagonal that are always kept">,
    Option<"entangle", "entangle", "bool", "false",
           "One list for all query heads of a key/value head">,
    Option<"audit", "audit", "bool", "false",
           "Recompute a random sample of rows exactly after each sparse attention">,
    Option<"auditShare", "audit-share", "double", "0.0",
           "Share of the rows that audit recomputes; 0: two of each query block, or of 128 rows">,
    Option<"minKeys", "min-keys", "int64_t", "2048",
           "Fewest visible keys for which attention is made sparse">,
    Option<"minSpeedup", "min-speedup", "double", "1.1",
           "Least speed-up of the attention that the cost model must expect">,
    Option<"report", "report", "std::string", "\"\"",
           "File for a JSON report of every decision">
  ];
  let statistics = [
    Statistic<"numSparsified", "sparsified", "Number of attentions made sparse">,
    Statistic<"numKeptDense", "kept-dense", "Number of attentions left dense">
  ];
  let dependentDialects = ["::qsat::QsatDialect", "::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ExpandMathPass : InterfacePass<"qsat-expand-math", "::mlir::FunctionOpInterface"> {
  let summary = "write math functions as arithmetic that vectorises";
  let description = [{
    Powers by small integers become products; exp, expm1, log, log2, log1p, tanh
    and erf of f32 (f16 and bf16 through f32) become polynomials, correct to a
    few units in the last place, unless `approximate` is false. f64 stays.

    ```mlir
    %y = math.fpowi %x, %c2 : f32, i64   // becomes
    %y = arith.mulf %x, %x : f32
    ```
  }];
  let options = [
    Option<"approximate", "approximate", "bool", "true", "Use polynomials for transcendental functions">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def LinalgToParallelLoopsPass : InterfacePass<"qsat-linalg-to-parallel-loops", "::mlir::FunctionOpInterface"> {
  let summary = "lower linalg ops and copies on memrefs to loops that LLVM vectorises";
  let description = [{
    The innermost loop runs along the dimension that most operands are
    contiguous in. A reduction along it is carried in registers, with
    `reassoc` on the combining op (any other one accumulates in memory); outer
    parallel loops become scf.parallel when there is enough work. Products
    and sums get `contract`.

    ```mlir
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                    iterator_types = ["parallel", "reduction"]} ins(%x ...) outs(%sum ...) { ... }
    // becomes
    scf.parallel (%i) = (%c0) to (%c4096) step (%c1) {
      %init = memref.load %sum[%i]
      %s = scf.for %j = %c0 to %c256 step %c1 iter_args(%acc = %init) { ... arith.addf ... fastmath<reassoc,contract> }
      memref.store %s, %sum[%i]
    }
    ```
  }];
  let statistics = [Statistic<"numLowered", "lowered", "number of ops lowered">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def InstrumentPass : Pass<"qsat-instrument", "::mlir::ModuleOp"> {
  let summary = "call the profiling functions of the runtime around qsat ops";
  let description = [{
    Numbers the qsat ops on memrefs that are in no parallel loop, and leaves the
    attribute `qsat.instrumented` on the module: [name, location] by number.
    After an `amplified_select` the runtime is told what it chose; the extents
    are those of the `sparse_attention` that reads the lists. After an `audit` or
    an `overlap` with `record` it is told what that found. An entry of an `overlap`
    also has the numbers of the selections per head and per group from the same
    amplitudes, one of a selection with `record` the word. Run it before the
    ops are lowered. The functions: qsat/Runtime/Runtime.h.

    ```mlir
    qsat.merge ins(%o1, %l1, %o2, %l2 : ...) outs(%o, %l : ...)
    // becomes
    call @qsat_op_begin(%c0_i32) : (i32) -> ()
    qsat.merge ins(%o1, %l1, %o2, %l2 : ...) outs(%o, %l : ...)
    call @qsat_op_end(%c0_i32) : (i32) -> ()
    ```
  }];
  let statistics = [Statistic<"numInstrumented", "instrumented", "number of ops instrumented">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect"];
}

def AssemblePTXPass : Pass<"qsat-assemble-ptx", "::mlir::ModuleOp"> {
  let summary = "turn PTX in gpu.binary into machine code, and refuse what is slow";
  let description = [{
    Runs ptxas. It is an error, at the kernel, when ptxas says that it made
    warpgroup products wait for each other or put registers into memory: such
    a kernel gives right results at a fraction of its speed. Without ptxas the
    PTX stays, for the driver to compile; a remark says so.

    ```mlir
    gpu.binary @k [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "...">]
    // becomes
    gpu.binary @k [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "...">]
    ```
  }];
  let options = [Option<"ptxas", "ptxas", "std::string", "\"ptxas\"",
                        "the program, by path or to be found on the PATH or in CUDA's usual place">];
  let statistics = [Statistic<"numAssembled", "assembled", "number of objects assembled">];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"];
}

def AssertToRuntimePass : Pass<"qsat-assert-to-runtime", "::mlir::ModuleOp"> {
  let summary = "report a failed cf.assert through the runtime";
  let description = [{
    The runtime prints the message and exits with status 1; upstream's lowering
    aborts the process.

    ```mlir
    cf.assert %ok, "index out of range"
    // becomes
    scf.if %broken { llvm.call @qsat_assert_failed(%message) : (!llvm.ptr) -> () }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"];
}

def DecomposeAggregatesPass : InterfacePass<"qsat-decompose-aggregates", "::mlir::FunctionOpInterface"> {
  let summary = "decompose linalg.softmax and tensor.concat, drop unused results";
  let description = [{
    linalg's aggregates become the structured ops that they stand for, concat
    inserted slices, and a generic loses the results that nothing reads (the
    index of torch's maximum). After raising: it would hide what that looks for.

    ```mlir
    linalg.softmax dimension(1) ins(%x ...) outs(%y ...)
    // becomes a maximum, an exponential, a sum and a division
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def FuseElementwisePass : InterfacePass<"qsat-fuse-elementwise", "::mlir::FunctionOpInterface"> {
  let summary = "fuse elementwise linalg ops, and fold moved or widened weights into products";
  let description = [{
    An elementwise op with one reader becomes part of it; a transpose that keeps
    rows whole becomes part of all its readers. A matrix product whose right
    operand is transposed or widened reads the source itself, as
    `linalg.contract`. Every op gets its own fill and empty tensor, so that
    bufferization copies none. Run no CSE between this and bufferization.

    ```mlir
    %wide = linalg.generic ins(%w : tensor<688x256xbf16>) {extf}
    %t = linalg.transpose ins(%wide) permutation = [1, 0]
    %c = linalg.matmul ins(%a, %t) outs(%zero)
    // becomes
    %c = linalg.contract indexing_maps = [(m, n, k) -> (m, k), (m, n, k) -> (n, k), (m, n, k) -> (m, n)]
           ins(%a, %w : tensor<4096x256xf32>, tensor<688x256xbf16>) outs(%zero)
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def TosaBoolCastPass : InterfacePass<"qsat-tosa-bool-cast", "::mlir::FunctionOpInterface"> {
  let summary = "turns tosa.cast of booleans to floats into arith.uitofp";
  let description = [{
    Upstream folds the cast of a constant `true` to -1.0, and lowers any other to 1.0.
    Run before whatever folds: canonicalization, inlining, `tosa-to-linalg`.

    ```mlir
    %y = tosa.cast %x : (tensor<4xi1>) -> tensor<4xf32>
    // becomes
    %y = arith.uitofp %x : tensor<4xi1> to tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

#endif // QSAT_TRANSFORMS_PASSES_TD
