// One-shot bufferization writes each op into the buffers of its inits.
// RUN: qsat-opt %s --one-shot-bufferize="bufferize-function-boundaries" --split-input-file | FileCheck %s

// CHECK-LABEL: func @attention
// CHECK-SAME: %[[Q:[a-z0-9]*]]: memref<1x4x32x8xf32, {{.*}}>, %[[K:[a-z0-9]*]]: memref<1x2x48x8xf32, {{.*}}>, %[[V:[a-z0-9]*]]: memref<1x2x48x16xf32, {{.*}}>, %[[SLOPES:[a-z0-9]*]]: memref<4xf32, {{.*}}>
func.func @attention(%q: tensor<1x4x32x8xf32>, %k: tensor<1x2x48x8xf32>, %v: tensor<1x2x48x16xf32>, %slopes: tensor<4xf32>, %i0: index) -> (tensor<1x4x32x16xf32>, tensor<1x4x32xf32>) {
  %c0 = arith.constant 0 : index
  %o0 = tensor.empty() : tensor<1x4x32x16xf32>
  %l0 = tensor.empty() : tensor<1x4x32xf32>
  // CHECK-DAG: %[[O:.*]] = memref.alloc() {{.*}}: memref<1x4x32x16xf32>
  // CHECK-DAG: %[[LSE:.*]] = memref.alloc() {{.*}}: memref<1x4x32xf32>
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: qsat.attention ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) extras(%[[SLOPES]] : {{.*}}) at({{.*}}) outs(%[[O]], %[[LSE]] : memref<1x4x32x16xf32>, memref<1x4x32xf32>)
  // CHECK-SAME: mask = #qsat.mask<causal>
  // CHECK: ^bb0(%[[Z:.*]]: f32, %[[SLOPE:.*]]: f32,
  // CHECK: arith.mulf %[[Z]], %[[SLOPE]]
  // CHECK-NOT: memref.copy
  // CHECK: return %[[O]], %[[LSE]]
  %o, %lse = qsat.attention ins(%q, %k, %v : tensor<1x4x32x8xf32>, tensor<1x2x48x8xf32>, tensor<1x2x48x16xf32>)
    extras(%slopes : tensor<4xf32>) at(%c0, %c0, %i0, %c0)
    outs(%o0, %l0 : tensor<1x4x32x16xf32>, tensor<1x4x32xf32>)
    {mask = #qsat.mask<causal>, extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
    score {
    ^bb0(%z: f32, %slope: f32, %b: index, %h: index, %i: index, %j: index):
      %y = arith.mulf %z, %slope : f32
      qsat.yield %y : f32
    } -> tensor<1x4x32x16xf32>, tensor<1x4x32xf32>
  return %o, %lse : tensor<1x4x32x16xf32>, tensor<1x4x32xf32>
}

// -----

// CHECK-LABEL: func @score_and_select
func.func @score_and_select(%q: tensor<1x4x256x8xf32>, %k: tensor<1x2x512x8xf32>) -> (tensor<1x4x2x4xi32>, tensor<1x4x2xi32>) {
  %a0 = tensor.empty() : tensor<1x4x2x4xf32>
  %i0 = tensor.empty() : tensor<1x4x2x4xi32>
  %c0 = tensor.empty() : tensor<1x4x2xi32>
  %m0 = tensor.empty() : tensor<1x4x2xf32>
  %n0 = tensor.empty() : tensor<1x4x2xf32>
  // CHECK-COUNT-5: memref.alloc()
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: qsat.amplitude_score ins({{.*}}) outs(%[[A:.*]] : memref<1x4x2x4xf32>)
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x4x256x8xf32>, tensor<1x2x512x8xf32>)
    outs(%a0 : tensor<1x4x2x4xf32>) -> tensor<1x4x2x4xf32>
  // CHECK: qsat.amplified_select ins(%[[A]] : memref<1x4x2x4xf32>)
  // CHECK-SAME: outs(%[[INDICES:.*]], %[[COUNTS:.*]], %{{.*}}, %{{.*}} : memref<1x4x2x4xi32>, memref<1x4x2xi32>, memref<1x4x2xf32>, memref<1x4x2xf32>)
  // CHECK-SAME: theta = 1.000000e-02
  // CHECK: return %[[INDICES]], %[[COUNTS]]
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x4x2x4xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x4x2x4xi32>, tensor<1x4x2xi32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>)
    {theta = 0.01 : f64}
    -> tensor<1x4x2x4xi32>, tensor<1x4x2xi32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>
  return %i, %c : tensor<1x4x2x4xi32>, tensor<1x4x2xi32>
}

// -----

// CHECK-LABEL: func @sparse_attention_dynamic
func.func @sparse_attention_dynamic(%q: tensor<1x4x?x8xbf16>, %k: tensor<1x2x?x8xbf16>, %v: tensor<1x2x?x8xbf16>,
    %i: tensor<1x4x?x4xi32>, %c: tensor<1x4x?xi32>, %m: index) -> tensor<1x4x?x8xbf16> {
  %o0 = tensor.empty(%m) : tensor<1x4x?x8xbf16>
  %l0 = tensor.empty(%m) : tensor<1x4x?xf32>
  %k0 = tensor.empty(%m) : tensor<1x4x?xf32>
  // CHECK-COUNT-3: memref.alloc(
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: qsat.sparse_attention ins({{.*}}) list({{.*}}) outs(%[[O:.*]], %{{.*}}, %{{.*}} : memref<1x4x?x8xbf16>, memref<1x4x?xf32>, memref<1x4x?xf32>)
  // CHECK-SAME: background = #qsat.background<centroid>
  // CHECK: return %[[O]]
  %o, %lse, %kept = qsat.sparse_attention
    ins(%q, %k, %v : tensor<1x4x?x8xbf16>, tensor<1x2x?x8xbf16>, tensor<1x2x?x8xbf16>)
    list(%i, %c : tensor<1x4x?x4xi32>, tensor<1x4x?xi32>)
    outs(%o0, %l0, %k0 : tensor<1x4x?x8xbf16>, tensor<1x4x?xf32>, tensor<1x4x?xf32>)
    {background = #qsat.background<centroid>}
    -> tensor<1x4x?x8xbf16>, tensor<1x4x?xf32>, tensor<1x4x?xf32>
  return %o : tensor<1x4x?x8xbf16>
}

// -----

// Inits that are overwritten anyway: written in place, without a copy.
// CHECK-LABEL: func @merge_into_argument
// CHECK-SAME: %[[O0:[a-z0-9]*]]: memref<1x2x8x4xf32, {{[^%]*}}>, %[[L0:[a-z0-9]*]]: memref<1x2x8xf32, {{[^%]*}}>)
func.func @merge_into_argument(%o1: tensor<1x2x8x4xf32>, %l1: tensor<1x2x8xf32>, %o2: tensor<1x2x8x4xf32>, %l2: tensor<1x2x8xf32>,
    %o0: tensor<1x2x8x4xf32> {bufferization.writable = true}, %l0: tensor<1x2x8xf32> {bufferization.writable = true})
    -> (tensor<1x2x8x4xf32>, tensor<1x2x8xf32>) {
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: qsat.merge ins({{.*}}) outs(%[[O0]], %[[L0]] :
  // CHECK: return %[[O0]], %[[L0]]
  %o, %l = qsat.merge ins(%o1, %l1, %o2, %l2 : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>)
    outs(%o0, %l0 : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8x4xf32>, tensor<1x2x8xf32>
  return %o, %l : tensor<1x2x8x4xf32>, tensor<1x2x8xf32>
}

// -----

// An input that is also the init must survive the op: the output goes elsewhere.
// CHECK-LABEL: func @input_as_init
// CHECK-SAME: %[[Q:[a-z0-9]*]]: memref<1x2x8x4xf32, {{[^%]*}}>, %{{.*}}: memref
func.func @input_as_init(%q: tensor<1x2x8x4xf32> {bufferization.writable = true}, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32> {
  // CHECK: %[[O:.*]] = memref.alloc()
  // CHECK-NOT: memref.copy
  // CHECK: qsat.attention ins(%[[Q]], {{.*}}) outs(%[[O]] : memref<1x2x8x4xf32>)
  %o = qsat.attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%q : tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %o : tensor<1x2x8x4xf32>
}

// -----

// Two inits that are one value, as CSE leaves them, get a buffer each.
// CHECK-LABEL: func @one_value_as_two_inits
// CHECK: qsat.amplified_select {{.*}} outs(%{{.*}}, %{{.*}}, %[[MASS:[^, ]*]], %[[QUERIES:[^ ]*]] :
// CHECK: return %[[MASS]], %[[QUERIES]]
func.func @one_value_as_two_inits(%a: tensor<1x8x4x4xf32>) -> (tensor<1x8x4xf32>, tensor<1x8x4xf32>) {
  %i0 = tensor.empty() : tensor<1x8x4x4xi32>
  %c0 = tensor.empty() : tensor<1x8x4xi32>
  %m0 = tensor.empty() : tensor<1x8x4xf32>
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x8x4x4xf32>)
         outs(%i0, %c0, %m0, %m0 : tensor<1x8x4x4xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>)
         {mask = #qsat.mask<causal>, theta = 1.000000e-02 : f64}
         -> tensor<1x8x4x4xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>
  return %m, %n : tensor<1x8x4xf32>, tensor<1x8x4xf32>
}

// -----

// What is audited is read where it lies.
// CHECK-LABEL: func @audit
func.func @audit(%q: tensor<1x2x128x8xf32>, %o: tensor<1x2x128x8xf32>) -> (tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) {
  %e = tensor.empty() : tensor<1x2x1x2xf32>
  // CHECK-COUNT-2: memref.alloc() {{.*}}: memref<1x2x1x2xf32>
  // CHECK-NOT: memref.copy
  // CHECK: qsat.audit ins({{.*}}) of(%{{.*}} : memref<1x2x128x8xf32, {{.*}}>) outs(%[[E:.*]], %[[N:.*]] : memref<1x2x1x2xf32>, memref<1x2x1x2xf32>) {record}
  // CHECK-NOT: memref.copy
  // CHECK: return %[[E]], %[[N]]
  %0:2 = qsat.audit ins(%q, %q, %q : tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
    of(%o : tensor<1x2x128x8xf32>) outs(%e, %e : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) {record}
    -> tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>
  return %0#0, %0#1 : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>
}
