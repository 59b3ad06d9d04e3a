//===- QsatAttentionOps.td - Dense and sparse attention, merge *- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATATTENTIONOPS_TD
#define QSAT_DIALECT_IR_QSATATTENTIONOPS_TD

include "qsat/Dialect/IR/QsatOpBase.td"

def Qsat_YieldOp : Op<Qsat_Dialect, "yield", [
    Pure, Terminator,
    ParentOneOf<["AttentionOp", "AmplitudeScoreOp", "SparseAttentionOp", "AuditOp"]>]> {
  let summary = "returns the modified score from a score region";
  let arguments = (ins Qsat_Acc:$score);
  let assemblyFormat = "$score attr-dict `:` type($score)";
}

def Qsat_AttentionOp : Qsat_ScoreOp<"attention"> {
  let summary = "dense attention: o = softmax(mask(score(scale q k^T))) v";
  let description = [{
    o_i = sum_j p_ij v_j with p_i = softmax(z_i), and, when a second init is
    given, lse_i = log sum_j exp(z_ij). The pivot of the dialect: model IR is
    raised to it, and it is sparsified or lowered from it.
    }] # scoreDescription # [{
    Constraints:
    * C1: all of q, k, v, extras and inits are tensors and there is one result
      of the same type per init, or all are memrefs and there is none.
    * C2: B agrees in q, k, v, o, lse; D in q, k; N and Hkv in k, v;
      H and M in q, o, lse; Dv in v, o.
    * C3: H is a multiple of Hkv.
    * C4: q, k and v have the same element type; that of o is it or the
      accumulation type; lse has the accumulation type (f32, f64 for f64).
    * C5: the region takes (score, one scalar per extra of its element type,
      four indices) and yields a score, both scores of the accumulation type;
      without a region there are no extras.
    * C6: there is one map `(d0, d1, d2, d3) -> (...)` per extra, with as many
      results as the extra has dimensions, and no symbols.
    * C7: `at` has four indices or is absent.
    * C8: there are one or two inits, o and lse.

    Example:

    ```mlir
    %o = qsat.attention
           ins(%q, %k, %v : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
           extras(%slopes : tensor<8xf32>)
           outs(%init : tensor<1x8x512x64xf32>)
           {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>,
            extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
           score {
           ^bb0(%z: f32, %slope: f32, %b: index, %h: index, %i: index, %j: index):
             %d = arith.subi %j, %i : index
             %di = arith.index_cast %d : index to i32
             %df = arith.sitofp %di : i32 to f32
             %bias = arith.mulf %slope, %df : f32
             %y = arith.addf %z, %bias : f32
             qsat.yield %y : f32
           } -> tensor<1x8x512x64xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Rank4:$q, Qsat_Rank4:$k, Qsat_Rank4:$v,
    Variadic<Qsat_AnyShaped>:$extras,
    Variadic<Index>:$position,
    Variadic<Qsat_AnyShaped>:$inits,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    OptionalAttr<Qsat_MaskAttr>:$mask,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region AnyRegion:$score);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `:` type($q) `,` type($k) `,` type($v) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)?
    (`at` `(` $position^ `)`)?
    `outs` `(` $inits `:` type($inits) `)`
    attr-dict (`score` $score^)? (`->` type($results)^)?
  }];
  let extraClassDeclaration = scoreDeclaration # [{
    ::mlir::Value getO() { return getInits()[0]; }
    /// The lse init, or null.
    ::mlir::Value getLse() { return getInits().size() > 1 ? getInits()[1] : ::mlir::Value(); }
  }];
  let hasCanonicalizer = 1;
}

def Qsat_SparseAttentionOp : Qsat_ScoreOp<"sparse_attention"> {
  let summary = "attention over listed key blocks, with a background for the rest";
  let description = [{
    S_i are the visible keys in the key blocks that
    `indices[b,hs,I,0 .. counts[b,hs,I])` lists for the query block I of row i;
    entries past the count are never read. Head h reads list
    `h floordiv (H/Hs)`. Over S_i, (o_S, lse_S) is ordinary attention; the
    background gives (o_bg, lse_bg) for the visible keys in unlisted blocks:

    | background | log weight of an unlisted block J, per row        | its value |
    |------------|---------------------------------------------------|-----------|
    | `none`     | -inf                                              | -         |
    | `rank1`    | background_logit + log n_iJ                       | mean of the visible v of J |
    | `centroid` | scale <q_i, kbar_J> + log n_iJ                    | vbar_J    |
    | `t2`       | as centroid, + log(1 + s/2), s = scale^2 sum_d q_id^2 Var_J,d | vbar_J |

    n_iJ is the number of keys of J that row i sees; kbar_J, vbar_J and Var_J
    (biased) are of the whole block, in the accumulation type. With a = exp(lse_S - lse), lse = log(exp lse_S +
    exp lse_bg), and P from `amplification`:

        o = P o_S + (1 - P) o_bg,    lse,    kept = a

    P is 1 where there is no background (lse_bg = -inf) and, whatever the
    amplification, 0 where S_i is empty. A row with neither gives o = 0,
    lse = -inf, kept = 0.
    `rank1` with `background_logit = 0` is B = B1 + B2 of Gao, Song, Yang and
    Zhang (2023), in the un-shifted form; `full` ignores the background in o
    (it still is in lse and kept).
    }] # scoreDescription # [{
    Constraints:
    * C1, C3 to C7: as for `qsat.attention`.
    * C2: as for `qsat.attention`; B agrees in indices and counts too, and they
      agree in Hs and Mb = ceil(M/block_m); kept is [B,H,M] f32.
    * C8: H is a multiple of Hs.
    * C9: `block_m` and `block_n` are positive and less than 2^31.
    * C10: a background goes with no score region.
    * C11: `amplification` other than `full` goes with a background.
    * C12: there are two or three inits: o, lse and kept.

    Example:

    ```mlir
    %o, %lse = qsat.sparse_attention
           ins(%q, %k, %v : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
           list(%i, %c : tensor<1x8x4x4xi32>, tensor<1x8x4xi32>)
           outs(%o0, %l0 : tensor<1x8x512x64xf32>, tensor<1x8x512xf32>)
           {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>}
           -> tensor<1x8x512x64xf32>, tensor<1x8x512xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Rank4:$q, Qsat_Rank4:$k, Qsat_Rank4:$v,
    Qsat_Index4:$indices, Qsat_Index3:$counts,
    Variadic<Qsat_AnyShaped>:$extras,
    Variadic<Index>:$position,
    Variadic<Qsat_AnyShaped>:$inits,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    OptionalAttr<Qsat_MaskAttr>:$mask,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps,
    DefaultValuedAttr<I64Attr, "128">:$block_m,
    DefaultValuedAttr<I64Attr, "128">:$block_n,
    DefaultValuedAttr<Qsat_BackgroundAttr, "::qsat::Background::None">:$background,
    DefaultValuedAttr<F64Attr, "0.0">:$background_logit,
    OptionalAttr<Qsat_AmplificationAttr>:$amplification);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region AnyRegion:$score);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `:` type($q) `,` type($k) `,` type($v) `)`
    `list` `(` $indices `,` $counts `:` type($indices) `,` type($counts) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)?
    (`at` `(` $position^ `)`)?
    `outs` `(` $inits `:` type($inits) `)`
    attr-dict (`score` $score^)? (`->` type($results)^)?
  }];
  let extraClassDeclaration = scoreDeclaration # [{
    ::mlir::Value getO() { return getInits()[0]; }
    ::mlir::Value getLse() { return getInits()[1]; }
    /// The kept-mass init, or null.
    ::mlir::Value getKept() { return getInits().size() > 2 ? getInits()[2] : ::mlir::Value(); }
    /// `amplification`, or its default: `full` without a background, else `born`.
    AmplificationAttr getAmplificationOrDefault();
  }];
  let hasCanonicalizer = 1;
}

def Qsat_MergeOp : Qsat_DpsOp<"merge", []> {
  let summary = "merges two partial attentions by their log-sum-exp";
  let description = [{
    lse = log(exp lse1 + exp lse2), o = exp(lse1 - lse) o1 + exp(lse2 - lse) o2,
    and 0 where both are -inf. Associative and commutative up to rounding;
    (0, -inf) is its identity: a row with lse = -inf attended to nothing and
    holds 0, as every op here writes it. Merge is what split-KV, sharded
    attention, prefix caching and the background use.

    Constraints:
    * C1: all tensors with one result per init, or all memrefs with none.
    * C2: o1, o2 and o have the same shape [B,H,M,Dv], lse1, lse2 and lse the
      shape [B,H,M].
    * C3: o1, o2 and o have the same element type; lse1, lse2, lse have the
      accumulation type (f32, f64 for f64).
    * C4: there are two inits, o and lse.

    Example:

    ```mlir
    %o, %lse = qsat.merge
           ins(%o1, %lse1, %o2, %lse2 : tensor<1x8x512x64xf32>, tensor<1x8x512xf32>, tensor<1x8x512x64xf32>, tensor<1x8x512xf32>)
           outs(%o0, %l0 : tensor<1x8x512x64xf32>, tensor<1x8x512xf32>)
           -> tensor<1x8x512x64xf32>, tensor<1x8x512xf32>
    ```
  }];
  let arguments = (ins
    Qsat_Rank4:$o1, Qsat_Shaped<[Qsat_Acc], [3]>:$lse1,
    Qsat_Rank4:$o2, Qsat_Shaped<[Qsat_Acc], [3]>:$lse2,
    Variadic<Qsat_AnyShaped>:$inits);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $o1 `,` $lse1 `,` $o2 `,` $lse2 `:` type($o1) `,` type($lse1) `,` type($o2) `,` type($lse2) `)`
    `outs` `(` $inits `:` type($inits) `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = baseDeclaration # [{
    ::mlir::Value getO() { return getInits()[0]; }
    ::mlir::Value getLse() { return getInits()[1]; }
  }];
  let hasCanonicalizer = 1;
}

#endif // QSAT_DIALECT_IR_QSATATTENTIONOPS_TD
