//===- QsatTransformOps.td - qsat in the transform dialect -*- tablegen -*-===//

#ifndef QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_TD
#define QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_TD

include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/Interfaces/MatchInterfaces.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RaiseAttentionOp : Op<Transform_Dialect, "qsat.raise_attention",
    [DeclareOpInterfaceMethods<TransformOpInterface>,
     DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
     ReportTrackingListenerFailuresOpTrait]> {
  let summary = "rewrites attention in linalg on tensors to qsat.attention";
  let description = [{
    What `qsat-raise-attention` does, to chosen payload. A payload op that holds
    functions, or is one, has all its attentions raised; any other payload op is
    where an attention ends: the sum over the keys of weights times values, or the
    division after it where normalisation is deferred. What computed the attention
    is left without users (`transform.apply_dce`).

    A silenceable failure, with the reason as a note at the payload, where a payload
    op holds no attention; then nothing is changed. The operand is read, and stays
    valid; the results are the new `qsat.attention` ops.

    ```mlir
    %attention = transform.qsat.raise_attention %decoder
        : (!transform.any_op) -> !transform.op<"qsat.attention">
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
    UnitAttr:$allow_unshifted_softmax, UnitAttr:$ignore_hidden_rows);
  let results = (outs TransformHandleTypeInterface:$attentions);
  let assemblyFormat = "$target attr-dict `:` functional-type(operands, results)";
}

def MatchAttentionOp : Op<Transform_Dialect, "match.qsat.attention",
    [SingleOpMatcher, MatchOpInterface, MemoryEffectsOpInterface]> {
  let summary = "succeeds for an op in which an attention ends";
  let description = [{
    For `transform.collect_matching` and `transform.foreach_match`: a silenceable
    failure, with the reason as a note at the payload, unless the payload op is one
    that `transform.qsat.raise_attention` would raise.

    ```mlir
    transform.named_sequence @ends_attention(%op: !transform.any_op {transform.readonly}) -> !transform.any_op {
      transform.match.qsat.attention %op : !transform.any_op
      transform.yield %op : !transform.any_op
    }
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$operand_handle,
    UnitAttr:$allow_unshifted_softmax, UnitAttr:$ignore_hidden_rows);
  let assemblyFormat = "$operand_handle attr-dict `:` type($operand_handle)";
  let extraClassDeclaration = SingleOpMatcher.extraDeclaration;
}

#endif // QSAT_DIALECT_TRANSFORMOPS_QSATTRANSFORMOPS_TD
