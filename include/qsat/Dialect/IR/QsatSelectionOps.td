//===- QsatSelectionOps.td - Amplitude scoring and selection *- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATSELECTIONOPS_TD
#define QSAT_DIALECT_IR_QSATSELECTIONOPS_TD

include "qsat/Dialect/IR/QsatOpBase.td"

def Qsat_AmplitudeScoreOp : Qsat_ScoreOp<"amplitude_score"> {
  let summary = "estimated amplitude of each (query block, key block)";
  let description = [{
    amplitude[b,h,I,J] = sqrt(mean over the contributing rows i of query block
    I of P_i(J)), where P_i(J) estimates the probability that row i gives to
    key block J. Blocks are `block_m` rows by `block_n` keys; the last ones may
    be partial. A row that sees no key contributes P_i = 0. The second init, if
    given, is lse[b,h,I]: the mean over the contributing rows that see a key of
    the row's log-sum-exp as the estimator knows it, that is, the log of the
    denominator of its softmax in the table (-inf if there is no such row).

    Row i is `fully visible` to J when the mask shows it every key of J,
    `partially visible` when some. n_J is the number of keys of J.

    | estimator      | contributing rows   | P_i(J)                                 |
    |----------------|---------------------|----------------------------------------|
    | `exact`        | all                 | sum_{j in J} p_ij                      |
    | `rows`         | r_t = min(stride/2 + t*stride, rows-1), t = 0 .. ceil(rows/stride)-1, in each block | as exact |
    | `pooled`       | one: the mean of the block's rows of q | softmax_J(scale <qbar_I, kbar_J> + log n_J) over the J that any row of I sees |
    | `centroid`     | all                 | softmax_J(l), l = scale <q_i, kbar_J> + log n_J where J is fully visible, the exact log-sum-exp over the visible keys where partially, -inf where not |
    | `d2`           | all                 | as centroid, with l + s/2 where fully visible, s = scale^2 sum_d q_id^2 Var_J,d (biased variance of the block's keys) |
    | `antidiagonal` | groups g of `stride` rows | sum_{c in J} softmax_c(y), c groups of `stride` keys, y_gc = mean over the visible pairs (g*stride+t, c*stride+stride-1-t) of z, -inf if there are none (a pair past the last row or key, or with z = -inf, is not visible) |
    | `cascade`      | as rows             | as exact, over the blocks let through: the ceil(share * n) blocks of largest d2 amplitude of the n that any row of I sees (ties: lower J), and the diagonal blocks |

    kbar_J and Var_J are of the whole block, in the accumulation type. The
    diagonal blocks of I are those that hold a key i + offset, clamped at 0 and
    the last key, of a row i of I. share * n is computed in f64. `rows` is the
    default: measured, a few exact rows beat all rows approximately.

    With `int8` the contributing rows of q, and the rows of k, are rounded to 8 bits
    with one scale per row: x becomes rint(x * (127 / t)) * (t / 127), t = max_d |x_d|,
    in f32, 0 where 127 / t overflows; the scores of a row that is not all finite
    are NaN. Products are then sums of integers.
    }] # scoreDescription # [{
    Constraints:
    * C1, C5, C6, C7: as for `qsat.attention`.
    * C2: B agrees in q, k, amplitude, lse; D in q, k; H in q, amplitude, lse.
    * C3: H is a multiple of Hkv.
    * C4: q and k have the same element type.
    * C8: `block_m`, `block_n` and `stride` are positive and less than 2^31,
      0 < `share` <= 1, and, for `antidiagonal`, `stride` divides both blocks.
    * C9: amplitude has ceil(M/block_m) x ceil(N/block_n) blocks, lse ceil(M/block_m).
    * C10: a score region goes with `exact`, `rows` and `antidiagonal` only: the
      others never compute single scores.
    * C11: there are one or two inits, amplitude and lse.
    * C12: `int8` goes with the estimator `rows`, and not with f64.

    Example:

    ```mlir
    %a = qsat.amplitude_score ins(%q, %k : tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>)
           outs(%init : tensor<1x8x32x32xf32>)
           {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>, estimator = #qsat.estimator<rows>}
           -> tensor<1x8x32x32xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Rank4:$q, Qsat_Rank4:$k,
    Variadic<Qsat_AnyShaped>:$extras,
    Variadic<Index>:$position,
    Variadic<Qsat_AnyShaped>:$inits,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    OptionalAttr<Qsat_MaskAttr>:$mask,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps,
    DefaultValuedAttr<Qsat_EstimatorAttr, "::qsat::Estimator::Rows">:$estimator,
    DefaultValuedAttr<I64Attr, "128">:$block_m,
    DefaultValuedAttr<I64Attr, "128">:$block_n,
    DefaultValuedAttr<I64Attr, "16">:$stride,
    DefaultValuedAttr<F64Attr, "0.5">:$share,
    UnitAttr:$int8);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region AnyRegion:$score);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `:` type($q) `,` type($k) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)?
    (`at` `(` $position^ `)`)?
    `outs` `(` $inits `:` type($inits) `)`
    attr-dict (`score` $score^)? (`->` type($results)^)?
  }];
  let extraClassDeclaration = scoreDeclaration # [{
    ::mlir::Value getAmplitude() { return getInits()[0]; }
    /// The lse init, or null.
    ::mlir::Value getLse() { return getInits().size() > 1 ? getInits()[1] : ::mlir::Value(); }
  }];
  let hasCanonicalizer = 1;
}

def Qsat_AmplifiedSelectOp : Qsat_DpsOp<"amplified_select", [AttrSizedOperandSegments]> {
  let summary = "marks key blocks by their amplitudes and lists them";
  let description = [{
    For each query block I the marked key blocks, ascending, in
    `indices[b,hs,I,0 .. counts[b,hs,I])`; what is past the count is not
    written. `mass` is the marked sum of p = amplitude^2, clamped to [0, 1].
    `queries` is the modelled number of oracle calls of one amplified
    preparation: the rounds m that `iterations` gives for a = mass
    (`#qsat.amplification`; 0 for `full`; 2m for `fixed_point`, whose
    L - 1 = 2m). A model of a quantum search, not a cost of this program.

    Everything is computed in f32, attributes rounded to it, and sums run in
    ascending order; only alpha * n^exponent is computed in f64. As in the
    score ops `at(b, h, i, j)` is the position of the first query head, row and
    key in the problem, here multiples of H/Hs, `block_m` and `block_n`.

    *Eligible* are the blocks that the mask shows to any of the rows
    [I*block_m, (I+1)*block_m). *Forced* are the eligible blocks among: the
    diagonal (those that hold a key i + offset, clamped at 0 and the last key
    block, of one of these rows), unless `no_diagonal`; the first `sinks` blocks;
    the `local` blocks before the first diagonal block and after the last. Marked
    are the forced blocks and those eligible blocks that the policy takes. "The k largest"
    means: forced first, then by descending key, ties by lower index, until
    max(k, number forced) are marked, or all eligible. At most `max` (the extent of indices) are
    marked: when more would be, the `max` first in the order forced, descending
    p, lower index.

    | policy               | takes                                                        |
    |----------------------|--------------------------------------------------------------|
    | `threshold`          | p >= theta                                                   |
    | `top_k`              | the k largest p                                              |
    | `logit_threshold`    | p >= exp(theta - lse): z >= tau, the paper's (tau,k)-good rows |
    | `relative_threshold` | p >= theta * max p over the eligible                         |
    | `mass`               | the shortest prefix of the descending p (forced first) whose sum is >= theta * sum of the eligible p, or all |
    | `budget`             | the ceil(alpha * n^exponent) largest p, n the number eligible |
    | `residual`           | p * spread >= theta * sum of the eligible p * spread; spread[b,hkv,J] is the expected error of a key block after compensation, per unit of mass; list hs reads hkv of its first head, hs * (H/Hs) floordiv (H/Hkv) |
    | `heavy_hitter`       | the k largest of the p accumulated over this op's query blocks 0 .. I |
    | `measure`            | the k largest log p + g, g = -log(-log u) (Gumbel): k draws without replacement from p. u from (seed, position), see below |

    `u(b,hs,I,J)`, of problem coordinates in blocks, so that a tile draws what
    the whole draws: x = seed + 0x9E3779B9 * (J + 1) + 0x85EBCA77 * I
    + 0xC2B2AE3D * hs + 0x27D4EB2F * b in 32-bit arithmetic; x ^= x >> 16;
    x *= 0x85EBCA6B; x ^= x >> 13; x *= 0xC2B2AE35; x ^= x >> 16 (MurmurHash3's
    finaliser); u = ((x >> 9) + 0.5) * 2^-23, which f32 holds exactly and which
    is neither 0 nor 1.

    With Hs < H (`entangle`) the H/Hs heads of a group share one list: p is the
    mean of their p (and lse, the mean of their lse).

    With `record` the op stays though nothing reads its lists: a run's report says what
    they would have held.

    Constraints:
    * C1: all tensors with one result per init, or all memrefs with none.
    * C2: B and Mb agree in amplitude, lse and inits; Hs in the inits; B and Nb
      in amplitude and spread.
    * C3: H is a multiple of Hs, and Hs < H exactly when `entangle` is set.
    * C4: `logit_threshold` has an lse operand and `residual` a spread operand;
      the others have neither.
    * C5: `block_m` and `block_n` are positive; `k` is not negative, and positive
      for `top_k`, `heavy_hitter` and `measure`; `theta` is not NaN, and not negative except
      for `logit_threshold`; `alpha` > 0 and 0 <= `exponent` <= 1 for `budget`;
      `sinks` and `local` are not negative; all of these are less than 2^31.
    * C6: `at` has four indices or is absent.
    * C7: there are four inits: indices, counts, mass, queries.
    * C8: H is a multiple of the Hkv of spread.

    Example:

    ```mlir
    %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x8x32x32xf32>)
           outs(%i0, %c0, %m0, %n0 : tensor<1x8x32x32xi32>, tensor<1x8x32xi32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>)
           {policy = #qsat.policy<threshold>, theta = 6.000000e-03 : f64, mask = #qsat.mask<causal>}
           -> tensor<1x8x32x32xi32>, tensor<1x8x32xi32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Stat4:$amplitude,
    Optional<Qsat_Stat3>:$lse,
    Optional<Qsat_Stat3>:$spread,
    Variadic<Index>:$position,
    Variadic<Qsat_AnyShaped>:$inits,
    OptionalAttr<Qsat_MaskAttr>:$mask,
    DefaultValuedAttr<Qsat_PolicyAttr, "::qsat::Policy::Threshold">:$policy,
    DefaultValuedAttr<I64Attr, "128">:$block_m,
    DefaultValuedAttr<I64Attr, "128">:$block_n,
    DefaultValuedAttr<F64Attr, "0.0">:$theta,
    DefaultValuedAttr<I64Attr, "0">:$k,
    DefaultValuedAttr<F64Attr, "1.0">:$alpha,
    DefaultValuedAttr<F64Attr, "1.0">:$exponent,
    DefaultValuedAttr<I64Attr, "0">:$seed,
    DefaultValuedAttr<I64Attr, "0">:$sinks,
    DefaultValuedAttr<I64Attr, "0">:$local,
    UnitAttr:$no_diagonal,
    UnitAttr:$entangle,
    OptionalAttr<Qsat_AmplificationAttr>:$iterations,
    UnitAttr:$record);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $amplitude `:` type($amplitude) `)`
    (`lse` `(` $lse^ `:` type($lse) `)`)?
    (`spread` `(` $spread^ `:` type($spread) `)`)?
    (`at` `(` $position^ `)`)?
    `outs` `(` $inits `:` type($inits) `)`
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = baseDeclaration # [{
    ::mlir::Value getIndices() { return getInits()[0]; }
    ::mlir::Value getCounts() { return getInits()[1]; }
    ::mlir::Value getMass() { return getInits()[2]; }
    ::mlir::Value getQueries() { return getInits()[3]; }
    /// `iterations`, or its default `optimal`.
    AmplificationAttr getIterationsOrDefault();
  }];
  let hasCanonicalizer = 1;
}

#endif // QSAT_DIALECT_IR_QSATSELECTIONOPS_TD
