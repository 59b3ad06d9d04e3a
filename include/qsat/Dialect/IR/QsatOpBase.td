//===- QsatOpBase.td - What the qsat ops share -------------*- tablegen -*-===//

#ifndef QSAT_DIALECT_IR_QSATOPBASE_TD
#define QSAT_DIALECT_IR_QSATOPBASE_TD

include "qsat/Dialect/IR/QsatBase.td"
include "qsat/Dialect/IR/QsatTiling.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Floating-point operands of attention: f64, f32, f16, bf16.
def Qsat_Float : AnyTypeOf<[F64, F32, F16, BF16]>;
/// Accumulation, log-sum-exp and statistics: f32, or f64 for f64 inputs.
def Qsat_Acc : AnyTypeOf<[F64, F32]>;

class Qsat_Shaped<list<Type> elements, list<int> ranks> : AnyTypeOf<[
  TensorRankOf<elements, ranks>, MemRefRankOf<elements, ranks>]>;

def Qsat_Rank4 : Qsat_Shaped<[Qsat_Float], [4]>;
def Qsat_Stat4 : Qsat_Shaped<[F32], [4]>;
def Qsat_Stat3 : Qsat_Shaped<[F32], [3]>;
def Qsat_Index4 : Qsat_Shaped<[I32], [4]>;
def Qsat_Index3 : Qsat_Shaped<[I32], [3]>;
def Qsat_AnyShaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

/// Destination-style ops on tensors or memrefs: with tensors one result per
/// init, with memrefs none and the inits are written.
class Qsat_DpsOp<string mnemonic, list<Trait> traits = []>
    : Op<Qsat_Dialect, mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        Qsat_TilingTrait,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>])> {
  let hasVerifier = 1;
  string baseDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
  }];
  let extraClassDeclaration = baseDeclaration;
  let extraClassDefinition = Qsat_TilingDefinition<>.definition;
}

/// Ops that compute scores: a scale, a structural mask, and a region for
/// everything else that happens to a score.
class Qsat_ScoreOp<string mnemonic, list<Trait> traits = []>
    : Qsat_DpsOp<mnemonic, !listconcat(traits, [AttrSizedOperandSegments])> {
  string scoreDescription = [{

    **Scores.** `z = scale * <q_i, k_j>` in the accumulation type; then the
    score region, if there is one, maps
    `(z, extras..., b, h, i, j) -> z`; then the mask. `extras` are tensors of
    any rank that the region reads one element of: `extra_maps` holds for each
    an affine map `(b, h, i, j) -> indices`. `at(b, h, i, j)` is the position of
    this op's first element in the problem that it is a tile of (zeros when
    absent): the mask, the region's index arguments and `extra_maps` speak of
    problem coordinates, so a tile of an attention needs no slice of an extra.
    The region's operations have no side effects; it may return -inf, which
    hides the key.
  }];
  string scoreDeclaration = baseDeclaration # [{
    /// True when a score region is present.
    bool hasScoreRegion() { return !getScore().empty(); }
    /// f32, or f64 when q is f64.
    ::mlir::FloatType getAccType();
  }];
  let extraClassDeclaration = scoreDeclaration;
}

#endif // QSAT_DIALECT_IR_QSATOPBASE_TD
