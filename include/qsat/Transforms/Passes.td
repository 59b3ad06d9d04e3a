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

    `quality` sets one threshold theta on the mass of a key block for all heads
    and layers: high 0.001, balanced 0.004, fast 0.012; `exact` changes nothing.
    theta is an absolute mass: the density falls as the context grows. `density`
    asks instead for that share of the visible key blocks of each query block
    (policy budget, alpha = density, exponent = 1).

    `report` writes, as JSON, what was decided for each attention and why.
  }];
  let options = [
    Option<"quality", "quality", "::qsat::Quality", "::qsat::Quality::Balanced",
           "How close to dense: exact, high, balanced or fast",
           [{::llvm::cl::values(
             clEnumValN(::qsat::Quality::Exact, "exact", "leave attention dense"),
             clEnumValN(::qsat::Quality::High, "high", "theta = 0.001"),
             clEnumValN(::qsat::Quality::Balanced, "balanced", "theta = 0.004"),
             clEnumValN(::qsat::Quality::Fast, "fast", "theta = 0.012"))}]>,
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
    Option<"seed", "seed", "int64_t", "0", "Seed of the policy measure">,
    Option<"estimator", "estimator", "std::string", "\"rows\"",
           "Estimator of the block amplitudes">,
    Option<"stride", "stride", "int64_t", "16",
           "Query rows per sampled row (rows, cascade), or group size (antidiagonal)">,
    Option<"share", "share", "double", "0.5",
           "Share of the blocks that cascade lets through">,
    Option<"background", "background", "std::string", "\"none\"",
           "What stands in for unselected keys: none, rank1, centroid or t2">,
    Option<"blockM", "block-m", "int64_t", "128", "Query rows per block">,
    Option<"blockN", "block-n", "int64_t", "128", "Keys per block">,
    Option<"sinks", "sinks", "int64_t", "0", "First key blocks that are always kept">,
    Option<"local", "local", "int64_t", "0", "Key blocks before the diagonal that are always kept">,
    Option<"entangle", "entangle", "bool", "false",
           "One list for all query heads of a key/value head">,
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

#endif // QSAT_TRANSFORMS_PASSES_TD
