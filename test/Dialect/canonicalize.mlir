// RUN: qsat-opt %s -canonicalize -split-input-file | FileCheck %s

//===----------------------------------------------------------------------===//
// Masks and positions
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @mask_that_hides_nothing(
// CHECK-COUNT-2: qsat.{{.*}} outs({{.*}}) ->
// CHECK-NOT:     mask
func.func @mask_that_hides_nothing(%q: tensor<1x2x256x8xf32>, %i: tensor<1x2x2x2xi32>,
                                   %c: tensor<1x2x2xi32>, %l: tensor<1x2x256xf32>)
    -> (tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>) {
  %0 = qsat.attention ins(%q, %q, %q : tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>)
         outs(%q : tensor<1x2x256x8xf32>) {mask = #qsat.mask<offset = 5>} -> tensor<1x2x256x8xf32>
  %1:2 = qsat.sparse_attention ins(%q, %q, %q : tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>)
         list(%i, %c : tensor<1x2x2x2xi32>, tensor<1x2x2xi32>)
         outs(%q, %l : tensor<1x2x256x8xf32>, tensor<1x2x256xf32>) {mask = #qsat.mask<offset = 5>}
         -> tensor<1x2x256x8xf32>, tensor<1x2x256xf32>
  return %0, %1#0 : tensor<1x2x256x8xf32>, tensor<1x2x256x8xf32>
}

// A mask that hides keys stays.
// CHECK-LABEL: func.func @mask_that_hides(
// CHECK:         qsat.attention {{.*}} {mask = #qsat.mask<lookahead = 1>}
func.func @mask_that_hides(%q: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  %0 = qsat.attention ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
         outs(%q : tensor<1x2x4x8xf32>) {mask = #qsat.mask<lookahead = 1>} -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}

// The offset of a mask also says where the diagonal blocks are: where an op reads
// it for that, the mask stays.
// CHECK-LABEL: func.func @mask_that_places_the_diagonal(
// CHECK:         qsat.amplitude_score {{.*}} {estimator = #qsat.estimator<exact>}
// CHECK:         qsat.amplitude_score {{.*}} {estimator = #qsat.estimator<cascade>, mask = #qsat.mask<offset = 200>}
// CHECK:         qsat.amplified_select {{.*}} {mask = #qsat.mask<offset = 200>}
// CHECK:         qsat.amplified_select {{.*}} {no_diagonal}
func.func @mask_that_places_the_diagonal(%x: memref<1x2x256x8xf32>, %a: memref<1x2x2x2xf32>,
                                         %i: memref<1x2x2x2xi32>, %c: memref<1x2x2xi32>,
                                         %f: memref<1x2x2xf32>) {
  qsat.amplitude_score ins(%x, %x : memref<1x2x256x8xf32>, memref<1x2x256x8xf32>)
    outs(%a : memref<1x2x2x2xf32>) {estimator = #qsat.estimator<exact>, mask = #qsat.mask<offset = 200>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x256x8xf32>, memref<1x2x256x8xf32>)
    outs(%a : memref<1x2x2x2xf32>) {estimator = #qsat.estimator<cascade>, mask = #qsat.mask<offset = 200>}
  qsat.amplified_select ins(%a : memref<1x2x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x2x2x2xi32>, memref<1x2x2xi32>, memref<1x2x2xf32>, memref<1x2x2xf32>)
    {mask = #qsat.mask<offset = 200>}
  qsat.amplified_select ins(%a : memref<1x2x2x2xf32>)
    outs(%i, %c, %f, %f : memref<1x2x2x2xi32>, memref<1x2x2xi32>, memref<1x2x2xf32>, memref<1x2x2xf32>)
    {mask = #qsat.mask<offset = 200>, no_diagonal}
  return
}

// CHECK-LABEL: func.func @position(
// CHECK:         qsat.attention
// CHECK-NOT:       at(
// CHECK:         qsat.attention {{.*}} at(
func.func @position(%x: memref<1x2x4x8xf32>, %i: index) {
  %c0 = arith.constant 0 : index
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    at(%c0, %c0, %c0, %c0) outs(%x : memref<1x2x4x8xf32>)
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    at(%c0, %c0, %i, %c0) outs(%x : memref<1x2x4x8xf32>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// Score regions
//===----------------------------------------------------------------------===//

// The region is the identity once its arithmetic is folded; nothing of it stays.
// CHECK-LABEL: func.func @identity_region(
// CHECK-SAME:    %[[X:[^:]*]]: memref<1x2x4x8xf32>
// CHECK-NEXT:    qsat.attention ins(%[[X]], %[[X]], %[[X]] : {{.*}}) outs(%[[X]] : memref<1x2x4x8xf32>)
// CHECK-NEXT:    return
func.func @identity_region(%x: memref<1x2x4x8xf32>, %bias: memref<4x4xf32>) {
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    extras(%bias : memref<4x4xf32>) outs(%x : memref<1x2x4x8xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (i, j)>]}
    score {
    ^bb0(%z: f32, %e: f32, %b: index, %h: index, %i: index, %j: index):
      %one = arith.constant 1.0 : f32
      %unused = arith.mulf %e, %e : f32
      %y = arith.mulf %z, %one : f32
      qsat.yield %y : f32
    }
  return
}

// -----

// CHECK:       #[[COLUMN:.*]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-LABEL: func.func @unused_extra(
// CHECK-SAME:    %{{[^:]*}}: memref<1x2x4x8xf32>, %{{[^:]*}}: memref<4xf32>, %[[READ:[^:]*]]: memref<4xf32>)
// CHECK:         qsat.attention {{.*}} extras(%[[READ]] : memref<4xf32>) outs
// CHECK-SAME:      extra_maps = [#[[COLUMN]]]
// CHECK-NEXT:    ^bb0(%[[Z:.*]]: f32, %[[E:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT:      arith.addf %[[Z]], %[[E]]
func.func @unused_extra(%x: memref<1x2x4x8xf32>, %unread: memref<4xf32>, %read: memref<4xf32>) {
  qsat.attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    extras(%unread, %read : memref<4xf32>, memref<4xf32>) outs(%x : memref<1x2x4x8xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (i)>, affine_map<(b, h, i, j) -> (j)>]}
    score {
    ^bb0(%z: f32, %d: f32, %e: f32, %b: index, %h: index, %i: index, %j: index):
      %y = arith.addf %z, %e : f32
      qsat.yield %y : f32
    }
  return
}

// -----

// CHECK-LABEL: func.func @identity_region_of_the_others(
// CHECK:         qsat.amplitude_score
// CHECK-NOT:       score {
// CHECK:         qsat.sparse_attention
// CHECK-NOT:       score {
// CHECK:         return
func.func @identity_region_of_the_others(%x: memref<1x2x4x8xf32>, %a: memref<1x2x1x1xf32>,
                                         %i: memref<1x2x1x1xi32>, %c: memref<1x2x1xi32>,
                                         %l: memref<1x2x4xf32>) {
  qsat.amplitude_score ins(%x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    outs(%a : memref<1x2x1x1xf32>)
    score {
    ^bb0(%z: f32, %b: index, %h: index, %ii: index, %j: index):
      qsat.yield %z : f32
    }
  qsat.sparse_attention ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
    list(%i, %c : memref<1x2x1x1xi32>, memref<1x2x1xi32>)
    outs(%x, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    score {
    ^bb0(%z: f32, %b: index, %h: index, %ii: index, %j: index):
      qsat.yield %z : f32
    }
  return
}

// -----

//===----------------------------------------------------------------------===//
// Results that nobody reads
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @unused_lse(
// CHECK:         %[[O:.*]] = qsat.attention {{.*}} outs(%{{[^ ,]*}} : tensor<1x2x4x8xf32>)
// CHECK-SAME:      {scale = 5.000000e-01 : f64, test.tag = "kept"} score {
// CHECK:           math.tanh
// CHECK:         } -> tensor<1x2x4x8xf32>
// CHECK:         return %[[O]]
func.func @unused_lse(%q: tensor<1x2x4x8xf32>, %l: tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32> {
  %0:2 = qsat.attention ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%q, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) {scale = 0.5 : f64, test.tag = "kept"}
    score {
    ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):
      %y = math.tanh %z : f32
      qsat.yield %y : f32
    } -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %0#0 : tensor<1x2x4x8xf32>
}

// CHECK-LABEL: func.func @used_lse(
// CHECK:         %[[O:.*]]:2 = qsat.attention
// CHECK:         return %[[O]]#1
func.func @used_lse(%q: tensor<1x2x4x8xf32>, %l: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %0:2 = qsat.attention ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%q, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %0#1 : tensor<1x2x4xf32>
}

// CHECK-LABEL: func.func @unused_score_lse(
// CHECK:         %[[A:.*]] = qsat.amplitude_score {{.*}} outs(%{{[^ ,]*}} : tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
// CHECK:         return %[[A]]
func.func @unused_score_lse(%q: tensor<1x2x4x8xf32>, %a: tensor<1x2x1x1xf32>,
                            %l: tensor<1x2x1xf32>) -> tensor<1x2x1x1xf32> {
  %0:2 = qsat.amplitude_score ins(%q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%a, %l : tensor<1x2x1x1xf32>, tensor<1x2x1xf32>) -> tensor<1x2x1x1xf32>, tensor<1x2x1xf32>
  return %0#0 : tensor<1x2x1x1xf32>
}

// lse is no option of sparse_attention: only kept is dropped.
// CHECK-LABEL: func.func @unused_kept(
// CHECK:         %[[O:.*]]:2 = qsat.sparse_attention
// CHECK-SAME:      outs(%{{[^ ,]*}}, %{{[^ ,]*}} : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
// CHECK-SAME:      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
// CHECK:         return %[[O]]#0
func.func @unused_kept(%q: tensor<1x2x4x8xf32>, %i: tensor<1x2x1x1xi32>, %c: tensor<1x2x1xi32>,
                       %l: tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32> {
  %0:3 = qsat.sparse_attention ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    list(%i, %c : tensor<1x2x1x1xi32>, tensor<1x2x1xi32>)
    outs(%q, %l, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
    -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return %0#0 : tensor<1x2x4x8xf32>
}

// An op on tensors without any use is dead.
// CHECK-LABEL: func.func @unused_op(
// CHECK-NEXT:    return
func.func @unused_op(%q: tensor<1x2x4x8xf32>) {
  %0 = qsat.attention ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    outs(%q : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Merge
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @merge_with_nothing(
// CHECK-SAME:    %[[O1:[^:]*]]: tensor<1x2x4x8xf32>, %[[L1:[^:]*]]: tensor<1x2x4xf32>, %
// CHECK:         return %[[O1]], %[[L1]]
func.func @merge_with_nothing(%o1: tensor<1x2x4x8xf32>, %l1: tensor<1x2x4xf32>,
                              %o2: tensor<1x2x4x8xf32>)
    -> (tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) {
  %nothing = arith.constant dense<0xFF800000> : tensor<1x2x4xf32>
  %0:2 = qsat.merge
    ins(%o1, %l1, %o2, %nothing : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
    outs(%o1, %l1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %0#0, %0#1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
}

// The first part is empty, by a fill; the result has the type of the init.
// CHECK-LABEL: func.func @merge_nothing_with(
// CHECK-SAME:    %[[O2:[^:]*]]: tensor<1x2x?x8xf32>, %[[L2:[^:]*]]: tensor<1x2x?xf32>, %
// CHECK-DAG:     %[[O:.*]] = tensor.cast %[[O2]] : tensor<1x2x?x8xf32> to tensor<1x2x4x8xf32>
// CHECK-DAG:     %[[L:.*]] = tensor.cast %[[L2]] : tensor<1x2x?xf32> to tensor<1x2x4xf32>
// CHECK:         return %[[O]], %[[L]]
func.func @merge_nothing_with(%o2: tensor<1x2x?x8xf32>, %l2: tensor<1x2x?xf32>,
                              %o0: tensor<1x2x4x8xf32>, %l0: tensor<1x2x4xf32>)
    -> (tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) {
  %ninf = arith.constant 0xFF800000 : f32
  %nothing = linalg.fill ins(%ninf : f32) outs(%l0 : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %0:2 = qsat.merge
    ins(%o0, %nothing, %o2, %l2 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
    outs(%o0, %l0 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %0#0, %0#1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
}

// +inf is something, and on memrefs somebody has to write the inits.
// CHECK-LABEL: func.func @merge_stays(
// CHECK:         qsat.merge
// CHECK:         qsat.merge
func.func @merge_stays(%o1: tensor<1x2x4x8xf32>, %l1: tensor<1x2x4xf32>,
                       %mo: memref<1x2x4x8xf32>, %ml: memref<1x2x4xf32>) -> tensor<1x2x4x8xf32> {
  %inf = arith.constant dense<0x7F800000> : tensor<1x2x4xf32>
  %0:2 = qsat.merge
    ins(%o1, %l1, %o1, %inf : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
    outs(%o1, %l1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  qsat.merge ins(%mo, %ml, %mo, %ml : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    outs(%mo, %ml : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return %0#0 : tensor<1x2x4x8xf32>
}

// -----

//===----------------------------------------------------------------------===//
// What the destination-style interface gives
//===----------------------------------------------------------------------===//

// A cast that forgets extents is looked through.
// CHECK-LABEL: func.func @cast(
// CHECK:         qsat.attention ins({{.*}} : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
// CHECK-SAME:      -> tensor<1x2x4x8xf32>
func.func @cast(%x: tensor<1x2x4x8xf32>) -> tensor<?x?x?x?xf32> {
  %d = tensor.cast %x : tensor<1x2x4x8xf32> to tensor<?x?x?x?xf32>
  %0 = qsat.attention ins(%d, %d, %d : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
    outs(%d : tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %0 : tensor<?x?x?x?xf32>
}

// With a score region too, and for the extra that it reads.
// CHECK-LABEL: func.func @cast_region(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x2x4x8xf32>, %[[E:[^:]*]]: tensor<4xf32>)
// CHECK:         %[[O:.*]] = qsat.attention ins(%[[X]], %[[X]], %[[X]] : {{.*}}) extras(%[[E]] : tensor<4xf32>)
// CHECK-SAME:      outs(%[[X]] : tensor<1x2x4x8xf32>)
// CHECK:           qsat.yield
// CHECK:         %[[D:.*]] = tensor.cast %[[O]] : tensor<1x2x4x8xf32> to tensor<1x2x?x8xf32>
// CHECK:         return %[[D]]
func.func @cast_region(%x: tensor<1x2x4x8xf32>, %e: tensor<4xf32>) -> tensor<1x2x?x8xf32> {
  %d = tensor.cast %x : tensor<1x2x4x8xf32> to tensor<1x2x?x8xf32>
  %de = tensor.cast %e : tensor<4xf32> to tensor<?xf32>
  %0 = qsat.attention ins(%d, %d, %d : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
    extras(%de : tensor<?xf32>) outs(%d : tensor<1x2x?x8xf32>)
    {extra_maps = [affine_map<(b, h, i, j) -> (j)>]}
    score {
    ^bb0(%z: f32, %s: f32, %b: index, %h: index, %i: index, %j: index):
      %y = arith.addf %z, %s : f32
      qsat.yield %y : f32
    } -> tensor<1x2x?x8xf32>
  return %0 : tensor<1x2x?x8xf32>
}

// -----

//===----------------------------------------------------------------------===//
// Evidence
//===----------------------------------------------------------------------===//

// An audit that is recorded stays though nothing reads it; another does not. What
// says nothing is dropped as from any score op.
// CHECK-LABEL: func.func @recorded_audit(
// CHECK-NOT:     seed = 1
// CHECK:         qsat.audit ins({{.*}}) of({{.*}}) outs({{.*}}) {record, seed = 2 : i64} ->
// CHECK-NOT:     qsat.audit
func.func @recorded_audit(%x: tensor<1x2x4x8xf32>, %e: tensor<1x2x1x2xf32>) {
  %c0 = arith.constant 0 : index
  %0:2 = qsat.audit ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    of(%x : tensor<1x2x4x8xf32>) outs(%e, %e : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) {seed = 1 : i64}
    -> tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>
  %1:2 = qsat.audit ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
    of(%x : tensor<1x2x4x8xf32>) at(%c0, %c0, %c0, %c0)
    outs(%e, %e : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>) {seed = 2 : i64, record, mask = #qsat.mask<offset = 3>}
    -> tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32>
  return
}
