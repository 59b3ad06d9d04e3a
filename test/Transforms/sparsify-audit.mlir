// With `audit` each sparse attention is followed by the recomputation of a sample of
// its rows: two of each query block or 128 rows, or as many as asked for. Where heads
// come in groups, by what says whether a group could share lists: the overlaps of its
// heads, and the lists that are not used.
// RUN: qsat-opt %s --qsat-sparsify="quality=fast audit seed=3" | FileCheck %s
// RUN: qsat-opt %s --qsat-sparsify="quality=fast audit block-m=256" | FileCheck %s --check-prefix=BLOCK
// RUN: qsat-opt %s --qsat-sparsify="quality=fast audit audit-share=0.25" | FileCheck %s --check-prefix=SHARE
// RUN: qsat-opt %s --qsat-sparsify="quality=fast audit entangle" | FileCheck %s --check-prefix=SHARED
// RUN: qsat-opt %s --qsat-sparsify="quality=fast audit" --cse --canonicalize | FileCheck %s --check-prefix=STAYS
// RUN: not qsat-opt %s --qsat-sparsify="audit audit-share=2" 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: qsat-sparsify: expected 0 <= audit-share <= 1, but got 2

// CHECK-LABEL: func.func @audit
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x8x8200x64xf32>, %[[K:[a-z0-9]+]]: tensor<1x2x8200x64xf32>, %[[V:[a-z0-9]+]]: tensor<1x2x8200x64xf32>
// CHECK: %[[O:.*]]:2 = qsat.sparse_attention
// CHECK: qsat.audit ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) of(%[[O]]#0 : tensor<1x8x8200x64xf32>) lse(%[[O]]#1 : tensor<1x8x8200xf32>)
// CHECK-SAME: outs({{.*}} : tensor<1x8x65x2xf32>, tensor<1x8x65x2xf32>, tensor<1x8x65x2xf32>) {mask = #qsat.mask<causal>, record, seed = 3 : i64} score {
// CHECK: qsat.amplified_select ins(%[[A:.*]] : tensor<1x8x129x129xf32>) outs({{.*}} : tensor<1x2x129x129xi32>, {{.*}} entangle, {{.*}} record, 
// CHECK: qsat.overlap ins(%[[A]] : tensor<1x8x129x129xf32>) outs({{.*}} : tensor<1x8x129x4xf32>) {record} -> tensor<1x8x129x4xf32>
// CHECK: return %[[O]]#0
// SHARED: qsat.amplified_select {{.*}} entangle,
// SHARED: qsat.sparse_attention
// SHARED-NOT: entangle
// SHARED: qsat.amplified_select {{.*}} outs({{.*}} : tensor<1x8x129x129xi32>, {{.*}} record,
// SHARED: qsat.overlap
// STAYS: qsat.audit
// STAYS: qsat.amplified_select {{.*}} record,
// STAYS: qsat.overlap
// BLOCK: qsat.audit {{.*}} share = 7.812500e-03 : f64}
// SHARE: qsat.audit {{.*}}tensor<1x8x1025x2xf32>) {{.*}} share = 2.500000e-01 : f64}
func.func @audit(%q: tensor<1x8x8200x64xf32>, %k: tensor<1x2x8200x64xf32>, %v: tensor<1x2x8200x64xf32>, %init: tensor<1x8x8200x64xf32>) -> tensor<1x8x8200x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x8200x64xf32>, tensor<1x2x8200x64xf32>, tensor<1x2x8200x64xf32>)
         outs(%init : tensor<1x8x8200x64xf32>) {mask = #qsat.mask<causal>}
         score {
         ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
           %y = math.tanh %z : f32
           qsat.yield %y : f32
         } -> tensor<1x8x8200x64xf32>
  return %o : tensor<1x8x8200x64xf32>
}

// A head for each key/value head: nothing to share.
// CHECK-LABEL: func.func @single_heads
// CHECK: qsat.audit
// CHECK-NOT: qsat.overlap
func.func @single_heads(%q: tensor<1x2x8200x64xf32>, %init: tensor<1x2x8200x64xf32>) -> tensor<1x2x8200x64xf32> {
  %o = qsat.attention
         ins(%q, %q, %q : tensor<1x2x8200x64xf32>, tensor<1x2x8200x64xf32>, tensor<1x2x8200x64xf32>)
         outs(%init : tensor<1x2x8200x64xf32>) {mask = #qsat.mask<causal>} -> tensor<1x2x8200x64xf32>
  return %o : tensor<1x2x8200x64xf32>
}

// The size of a group follows from the heads at run time.
// CHECK-LABEL: func.func @dynamic_heads
// CHECK: %[[G:.*]] = affine.apply
// CHECK: %[[I:.*]] = tensor.empty({{.*}}%[[G]]) : tensor<1x?x129x?xf32>
// CHECK: qsat.overlap {{.*}} outs(%[[I]] : tensor<1x?x129x?xf32>)
func.func @dynamic_heads(%q: tensor<1x?x8200x64xf32>, %k: tensor<1x2x8200x64xf32>, %init: tensor<1x?x8200x64xf32>) -> tensor<1x?x8200x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %k : tensor<1x?x8200x64xf32>, tensor<1x2x8200x64xf32>, tensor<1x2x8200x64xf32>)
         outs(%init : tensor<1x?x8200x64xf32>) {mask = #qsat.mask<causal>} -> tensor<1x?x8200x64xf32>
  return %o : tensor<1x?x8200x64xf32>
}
