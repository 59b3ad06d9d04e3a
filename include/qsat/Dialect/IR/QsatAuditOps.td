//===- QsatAuditOps.td - Evidence about an attention's error -*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATAUDITOPS_TD
#define QSAT_DIALECT_IR_QSATAUDITOPS_TD

include "qsat/Dialect/IR/QsatOpBase.td"

def Qsat_AuditOp : Qsat_ScoreOp<"audit"> {
  let summary = "recomputes a random sample of rows exactly and compares";
  let description = [{
    The query rows are cut into strata of n = rint(1 / share) rows; the last one
    may be partial. From each stratum t of each head one row is drawn,

        r = t n + floor(u n_t / 2^32),   n_t = min(n, M - t n),

    u the 32-bit hash below. With o*_r, lse*_r the dense attention of row r over
    all keys that it sees, in the accumulation type:

        error[b,h,t] = n_t sum_d (o_rd - o*_rd)^2
        norm[b,h,t]  = n_t sum_d (o*_rd)^2
        kept[b,h,t]  = exp(lse_r - lse*_r)    (0 where row r sees no key)

    so that sums over any set of heads are unbiased estimates of the squared
    error and the squared norm over all of their rows (Horvitz and Thompson):

        relative error = sqrt(sum error / sum norm)

    The single terms are results, not only their sums: errors of rows are
    heavy-tailed, and an interval that covers needs their distribution
    (`qsat.audit` in Python, `qsat-run --audit`). An estimate, not a bound: it
    says nothing of a single row. `kept` goes with an lse operand, that of the
    audited op; for `sparse_attention` without a background it is the probability
    mass that row r kept.

    `u(b,h,t)`, of problem coordinates, so that a tile draws what the whole
    draws: x = seed + 0x9E3779B9 * (t + 1) + 0xC2B2AE3D * h + 0x27D4EB2F * b in
    32-bit arithmetic, mixed as for the policy `measure`; t counts strata,
    `at` i is a multiple of n.

    With `record` the results are handed to the run's report when the op is
    instrumented; it stays though nothing reads them. The rows are drawn afresh
    and not those of the estimator `rows`: the selection was made for these,
    and errors on them are smaller than elsewhere.
    }] # scoreDescription # [{
    Constraints:
    * C1, C3, C5 to C7: as for `qsat.attention`; o and lse are operands.
    * C2: B agrees in q, k, v, o, lse and inits; H in q, o, lse and inits; M in q,
      o, lse; Hkv and N in k, v; D in q, k; Dv in v, o.
    * C4: q, k and v have the same element type; that of o is it or the
      accumulation type; lse has the accumulation type; inits are f32.
    * C8: 0 < `share` <= 1 and n < 2^31; `seed` is any number, taken mod 2^32.
    * C9: the inits are [B,H,ceil(M/n)]: error, norm and, exactly with an lse
      operand, kept.

    Example:

    ```mlir
    %e, %n, %kept = qsat.audit
           ins(%q, %k, %v : tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>)
           of(%o : tensor<1x8x4096x64xf32>) lse(%lse : tensor<1x8x4096xf32>)
           outs(%e0, %n0, %k0 : tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>)
           {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>, seed = 7 : i64}
           -> tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Rank4:$q, Qsat_Rank4:$k, Qsat_Rank4:$v, Qsat_Rank4:$o,
    Optional<Qsat_Shaped<[Qsat_Acc], [3]>>:$lse,
    Variadic<Qsat_AnyShaped>:$extras,
    Variadic<Index>:$position,
    Variadic<Qsat_AnyShaped>:$inits,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    OptionalAttr<Qsat_MaskAttr>:$mask,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps,
    DefaultValuedAttr<F64Attr, "0.015625">:$share,
    DefaultValuedAttr<I64Attr, "0">:$seed,
    UnitAttr:$record);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region AnyRegion:$score);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `:` type($q) `,` type($k) `,` type($v) `)`
    `of` `(` $o `:` type($o) `)`
    (`lse` `(` $lse^ `:` type($lse) `)`)?
    (`extras` `(` $extras^ `:` type($extras) `)`)?
    (`at` `(` $position^ `)`)?
    `outs` `(` $inits `:` type($inits) `)`
    attr-dict (`score` $score^)? (`->` type($results)^)?
  }];
  let extraClassDeclaration = scoreDeclaration # [{
    ::mlir::Value getError() { return getInits()[0]; }
    ::mlir::Value getNorm() { return getInits()[1]; }
    /// The kept-mass init, or null.
    ::mlir::Value getKept() { return getInits().size() > 2 ? getInits()[2] : ::mlir::Value(); }
    /// n, the rows of a stratum: rint(1 / share).
    int64_t getStratum();
  }];
  let hasCanonicalizer = 1;
}

#endif // QSAT_DIALECT_IR_QSATAUDITOPS_TD
