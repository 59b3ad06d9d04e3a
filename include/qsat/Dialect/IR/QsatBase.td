//===- QsatBase.td - The qsat dialect and its attributes ---*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATBASE_TD
#define QSAT_DIALECT_IR_QSATBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Qsat_Dialect : Dialect {
  let name = "qsat";
  let cppNamespace = "::qsat";
  let summary = "Attention as amplitudes: scoring, amplified selection, sparse attention";
  let description = [{
    For one head, `z_ij = scale * <q_i, k_j>`, then the score region, then the
    mask; `p_i = softmax(z_i)`; `o_i = sum_j p_ij v_j`. The *amplitude* of key
    j for query i is `psi_ij = sqrt(p_ij)` (Born rule: `sum_j psi_ij^2 = 1`).
    A selection `S_i` has marked mass `a_i = sum_{j in S_i} psi_ij^2`; `m`
    rounds of amplitude amplification give `P_m = sin^2((2m+1) asin sqrt a)`.
    What is read out is

        out_i = P_i * o_S,i + (1 - P_i) * o_rest,i

    | P            | o_rest                     | this is                     |
    |--------------|----------------------------|-----------------------------|
    | a (exact)    | exact                      | dense attention             |
    | 1            | -                          | ordinary sparse attention   |
    | estimated a  | mean of the unselected v   | sparse + rank-1 (B1 + B2)   |
    | estimated a  | block centroids            | sparse + centroids          |

    This is quantum-*inspired*: nothing here is faster because of quantum
    mechanics. The accuracy-optimal P is a itself; amplification past a is the
    model of a quantum search's cost, exposed for study.

    Shapes, batch dimensions first: q `[B,H,M,D]`, k `[B,Hkv,N,D]`,
    v `[B,Hkv,N,Dv]`, o `[B,H,M,Dv]`, `H % Hkv == 0`; query head h reads
    key/value head `h floordiv (H / Hkv)`. Any dimension may be dynamic.
    Accumulation, log-sum-exp (natural log) and statistics are f32 (f64 for
    f64 inputs). A query row that sees no key gives 0 and lse = -inf.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

class Qsat_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Qsat_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------===//

def Qsat_MaskAttr : Qsat_Attr<"Mask", "mask"> {
  let summary = "The part of a mask that whole blocks can be skipped by";
  let description = [{
    Query i sees key j (both in problem coordinates) when

        j <= i + offset + lookahead                       (causal: lookahead = 0)
        j >  i + offset - window   or   j < sinks         (window > 0)

    A bound that is not written does not apply. `causal` is short for
    `lookahead = 0`. Every number is at most 2^48 in magnitude, so that sums
    of them and of a position do not overflow.

    Example: `#qsat.mask<causal, offset = 64, window = 1024, sinks = 4>`,
    `#qsat.mask<window = 65, lookahead = 64>` (64 keys to both sides).
  }];
  let parameters = (ins
    "std::optional<int64_t>":$lookahead,
    "int64_t":$offset,
    "int64_t":$window,
    "int64_t":$sinks
  );
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral getMaskMnemonic() { return "mask"; }
    /// The mask `j <= i + offset`.
    static MaskAttr getCausal(::mlir::MLIRContext *context, int64_t offset = 0) {
      return get(context, 0, offset, 0, 0);
    }
    bool isCausal() const { return getLookahead() && *getLookahead() == 0; }
    /// True when every key is visible to every query.
    bool isTrivial() const { return !getLookahead() && getWindow() == 0; }
    /// True when query `i` sees key `j`.
    bool isVisible(int64_t i, int64_t j) const {
      if (getLookahead() && j > i + getOffset() + *getLookahead())
        return false;
      return getWindow() == 0 || j > i + getOffset() - getWindow() || j < getSinks();
    }
  }];
}

//===----------------------------------------------------------------------===//
// Amplification
//===----------------------------------------------------------------------===//

def Qsat_AmplificationKind : I32EnumAttr<"AmplificationKind",
    "how the probability P of the marked keys follows from their mass a", [
      I32EnumAttrCase<"Born", 0, "born">,
      I32EnumAttrCase<"Full", 1, "full">,
      I32EnumAttrCase<"Rounds", 2, "rounds">,
      I32EnumAttrCase<"Optimal", 3, "optimal">,
      I32EnumAttrCase<"FixedPoint", 4, "fixed_point">]> {
  let cppNamespace = "::qsat";
  let genSpecializedAttr = 0;
}

def Qsat_AmplificationAttr : Qsat_Attr<"Amplification", "amplification"> {
  let summary = "The probability P of the marked keys, given their mass a";
  let description = [{
    With `theta = asin sqrt a`:

    | value                | rounds m                       | P                        |
    |----------------------|--------------------------------|--------------------------|
    | `born`               | 0                              | a                        |
    | `full`               | -                              | 1                        |
    | `rounds = m`         | m                              | sin^2((2m+1) theta)      |
    | `optimal`            | max(0, rint(pi/(4 theta) - 1/2)) | sin^2((2m+1) theta)    |
    | `fixed_point = delta`| (L-1)/2, see below             | 1 - delta^2 T_L(g sqrt(1-a))^2 |

    (Brassard, Høyer, Mosca, Tapp: amplitude amplification; Yoder, Low, Chuang:
    fixed point, with L the least odd integer >= ln(2/delta)/sqrt(a),
    g = T_{1/L}(1/delta) = cosh(acosh(1/delta)/L).) 0 <= m < 2^31 and
    0 < delta < 1. a is clamped to [0, 1]; for
    a = 0, P = 0 and m = 0 except under `full`. `rint` rounds half to even.

    Example: `#qsat.amplification<rounds = 2>`, `#qsat.amplification<born>`.
  }];
  let parameters = (ins
    "AmplificationKind":$kind,
    "int64_t":$rounds,
    APFloatParameter<"of fixed_point, 0 otherwise">:$delta
  );
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static AmplificationAttr getKind(::mlir::MLIRContext *context, AmplificationKind kind) {
      return get(context, kind, 0, ::llvm::APFloat(0.0));
    }
  }];
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Qsat_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::qsat";
  let genSpecializedAttr = 0;
}

def Qsat_Estimator : Qsat_Enum<"Estimator", "how block amplitudes are estimated", [
  I32EnumAttrCase<"Exact", 0, "exact">,
  I32EnumAttrCase<"Pooled", 1, "pooled">,
  I32EnumAttrCase<"Centroid", 2, "centroid">,
  I32EnumAttrCase<"D2", 3, "d2">,
  I32EnumAttrCase<"Antidiagonal", 4, "antidiagonal">,
  I32EnumAttrCase<"Rows", 5, "rows">,
  I32EnumAttrCase<"Cascade", 6, "cascade">]>;
def Qsat_EstimatorAttr : EnumAttr<Qsat_Dialect, Qsat_Estimator, "estimator"> {
  let assemblyFormat = "`<` $value `>`";
}

def Qsat_Policy : Qsat_Enum<"Policy", "which blocks are marked", [
  I32EnumAttrCase<"Threshold", 0, "threshold">,
  I32EnumAttrCase<"TopK", 1, "top_k">,
  I32EnumAttrCase<"LogitThreshold", 2, "logit_threshold">,
  I32EnumAttrCase<"RelativeThreshold", 3, "relative_threshold">,
  I32EnumAttrCase<"Mass", 4, "mass">,
  I32EnumAttrCase<"Budget", 5, "budget">,
  I32EnumAttrCase<"Residual", 6, "residual">,
  I32EnumAttrCase<"HeavyHitter", 7, "heavy_hitter">,
  I32EnumAttrCase<"Measure", 8, "measure">]>;
def Qsat_PolicyAttr : EnumAttr<Qsat_Dialect, Qsat_Policy, "policy"> {
  let assemblyFormat = "`<` $value `>`";
}

def Qsat_Background : Qsat_Enum<"Background", "what stands in for the unselected keys", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Rank1", 1, "rank1">,
  I32EnumAttrCase<"Centroid", 2, "centroid">,
  I32EnumAttrCase<"T2", 3, "t2">]>;
def Qsat_BackgroundAttr : EnumAttr<Qsat_Dialect, Qsat_Background, "background"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif // QSAT_DIALECT_IR_QSATBASE_TD
