//===- QsatAuditOps.td - Evidence about sparse attention ---*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATAUDITOPS_TD
#define QSAT_DIALECT_IR_QSATAUDITOPS_TD

include "qsat/Dialect/IR/QsatOpBase.td"

def Qsat_AuditOp : Qsat_ScoreOp<"audit"> {
  let summary = "recomputes a random sample of rows exactly and compares";
  let description = [{
    The query rows are cut into strata of n = rint(2 / share) rows; the last one
    may be partial, n_t = min(n, M - t n). Of each stratum t of each head two rows
    t n + o are drawn, s = 0 near its start and s = 1 anywhere:

        s = 0: l = min(number of leading zeros of u_0, K), K = ceil(log2 n_t),
               o uniform in level l: [0, 1) for l = 0, else [2^(l-1), min(2^l, n_t))
        s = 1: o uniform in [0, n_t)

    where a uniform o in [from, to) is from + floor(u_1 (to - from) / 2^32), and u_0,
    u_1 are the hashes below. A row is met with probability p_0(o) by the first and
    1 / n_t by the second, so w(o) = 1 / (p_0(o) + 1 / n_t), p_0(o) = 2^-(l+1) (2^-K
    for l = K) over the size of level l, makes sums of the terms unbiased (Hansen
    and Hurwitz; the balance heuristic of Veach and Guibas). With r = t n + o and
    o*_r, lse*_r the dense attention of row r over all keys that it sees, in the
    accumulation type:

        error[b,h,t,s] = w(o) sum_d (o_rd - o*_rd)^2
        norm[b,h,t,s]  = w(o) sum_d (o*_rd)^2
        kept[b,h,t,s]  = exp(lse_r - lse*_r)    (0 where row r sees no key)

        relative error = sqrt(sum error / sum norm)    over any set of heads

    Why near the start: lists change where a query block begins, and its first rows,
    which see least of the diagonal block, carry most of the error (measured: on some
    layers 99 % of it is in 1 % of the rows). Strata of block_m rows meet them; rows
    drawn uniformly rarely do, and an interval from these misses.

    The single terms are results, not only their sums: errors of rows are
    heavy-tailed, and an interval that covers needs their distribution
    (python/qsat/audit.py, `qsat-run --audit`). An estimate, not a bound: it says
    nothing of a single row. `kept` goes with an lse operand, that of the audited
    op; for `sparse_attention` without a background it is the probability mass that
    row r kept. The rows are not those of the estimator `rows`: the selection was
    made for these, and errors on them are smaller than elsewhere.

    `u_x(b,h,t,s)`, of problem coordinates, so that a tile draws what the whole
    draws: y = seed + 0x9E3779B9 * (2 t + s + 1) + 0x85EBCA77 * x + 0xC2B2AE3D * h
    + 0x27D4EB2F * b in 32-bit arithmetic, mixed as for the policy `measure`; t
    counts strata, `at` i is a multiple of n.

    With `record` the results are handed to the run's report when the op is
    instrumented; it stays though nothing reads them.
    }] # scoreDescription # [{
    Constraints:
    * C1, C3, C5 to C7: as for `qsat.attention`; o and lse are operands.
    * C2: B agrees in q, k, v, o, lse and inits; H in q, o, lse and inits; M in q,
      o, lse; Hkv and N in k, v; D in q, k; Dv in v, o.
    * C4: q, k and v have the same element type; that of o is it or the
      accumulation type; lse has the accumulation type; inits are f32.
    * C8: 0 < `share` <= 1 and n < 2^31; `seed` is any number, taken mod 2^32.
    * C9: the inits are [B,H,ceil(M/n),2]: error, norm and, exactly with an lse
      operand, kept.

    Example:

    ```mlir
    %e, %n, %kept = qsat.audit
           ins(%q, %k, %v : tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>)
           of(%o : tensor<1x8x4096x64xf32>) lse(%lse : tensor<1x8x4096xf32>)
           outs(%e0, %n0, %k0 : tensor<1x8x32x2xf32>, tensor<1x8x32x2xf32>, tensor<1x8x32x2xf32>)
           {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>, seed = 7 : i64}
           -> tensor<1x8x32x2xf32>, tensor<1x8x32x2xf32>, tensor<1x8x32x2xf32>
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
    /// n, the rows of a stratum: rint(2 / share).
    int64_t getStratum();
  }];
  let hasCanonicalizer = 1;
}

def Qsat_OverlapOp : Qsat_DpsOp<"overlap"> {
  let summary = "overlaps of the amplitudes of the query heads of a group";
  let description = [{
    The H query heads come in groups of G neighbours. Of head h, query block I and the
    t-th head of the group of h:

        overlap[b,h,I,t] = sum_J amplitude[b,h,I,J] amplitude[b,h - h mod G + t,I,J]

    in f32. Of the state sum_hJ G^(-1/2) psi_hJ |h>|J> of a group, overlap / G is the
    reduced density matrix of the heads: symmetric, positive semidefinite, of trace 1
    where the squares of amplitudes sum to 1. Its eigenvalues s^2 are the squared
    singular values of M_hJ = psi_hJ G^(-1/2), and

        E = -sum_r s_r^2 ln s_r^2       (python/qsat/entanglement.py)

    is the entropy of the heads: 0 where all heads of the group look at the same
    blocks with the same weights, so that one list serves them as well as lists of their
    own; ln G where no two look at the same block. A diagnostic of `entangle`; a model of
    a quantum state, not one.

    With `record` the result is handed to the run's report when the op is instrumented,
    with the two `amplified_select` of the same amplitudes, one of lists per head and one
    of lists per group (`entangle`), where there are both; the op stays though nothing
    reads it.

    Constraints:
    * C1: as for `qsat.attention`.
    * C2: B, H and Mb agree in amplitude and overlap.
    * C3: H is a multiple of G, the last extent of overlap.

    Example:

    ```mlir
    %rho = qsat.overlap ins(%a : tensor<1x8x32x32xf32>) outs(%init : tensor<1x8x32x4xf32>) -> tensor<1x8x32x4xf32>
    ```
  }];
  let arguments = (ins Qsat_Stat4:$amplitude, Qsat_Stat4:$init, UnitAttr:$record);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $amplitude `:` type($amplitude) `)`
    `outs` `(` $init `:` type($init) `)`
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

#endif // QSAT_DIALECT_IR_QSATAUDITOPS_TD
