// Every op, on tensors and on memrefs, with every attribute and optional part:
// the assembly, the generic form and bytecode all read back as the same op.
// RUN: qsat-opt %s | qsat-opt | FileCheck %s
// RUN: qsat-opt %s --mlir-print-op-generic | qsat-opt | FileCheck %s
// RUN: qsat-opt %s --emit-bytecode | qsat-opt | FileCheck %s

// CHECK:       #[[HEAD:.*]] = affine_map<(d0, d1, d2, d3) -> (d1)>

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @attention(
// CHECK-SAME:    %[[Q:.*]]: tensor<1x8x512x64xf32>, %[[K:.*]]: tensor<1x2x512x64xf32>, %[[V:.*]]: tensor<1x2x512x64xf32>, %[[INIT:.*]]: tensor<1x8x512x64xf32>)
// CHECK:         %[[O:.*]] = qsat.attention ins(%[[Q]], %[[K]], %[[V]] : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
// CHECK-SAME:      outs(%[[INIT]] : tensor<1x8x512x64xf32>) -> tensor<1x8x512x64xf32>
// CHECK:         return %[[O]]
func.func @attention(%q: tensor<1x8x512x64xf32>, %k: tensor<1x2x512x64xf32>,
                     %v: tensor<1x2x512x64xf32>, %init: tensor<1x8x512x64xf32>)
    -> tensor<1x8x512x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
         outs(%init : tensor<1x8x512x64xf32>) -> tensor<1x8x512x64xf32>
  return %o : tensor<1x8x512x64xf32>
}

// CHECK-LABEL: func.func @attention_lse_mask_scale(
// CHECK:         %[[OL:.*]]:2 = qsat.attention
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<2x4x7x16xf32>, tensor<2x4x7xf32>)
// CHECK-SAME:      {mask = #qsat.mask<causal, offset = 2, window = 5, sinks = 1>, scale = 2.500000e-01 : f64}
// CHECK-SAME:      -> tensor<2x4x7x16xf32>, tensor<2x4x7xf32>
// CHECK:         return %[[OL]]#0, %[[OL]]#1
func.func @attention_lse_mask_scale(%q: tensor<2x4x7x8xbf16>, %k: tensor<2x1x9x8xbf16>,
                                    %v: tensor<2x1x9x16xbf16>, %o0: tensor<2x4x7x16xf32>,
                                    %l0: tensor<2x4x7xf32>)
    -> (tensor<2x4x7x16xf32>, tensor<2x4x7xf32>) {
  %o, %lse = qsat.attention
               ins(%q, %k, %v : tensor<2x4x7x8xbf16>, tensor<2x1x9x8xbf16>, tensor<2x1x9x16xbf16>)
               outs(%o0, %l0 : tensor<2x4x7x16xf32>, tensor<2x4x7xf32>)
               {scale = 0.25 : f64, mask = #qsat.mask<causal, offset = 2, window = 5, sinks = 1>}
               -> tensor<2x4x7x16xf32>, tensor<2x4x7xf32>
  return %o, %lse : tensor<2x4x7x16xf32>, tensor<2x4x7xf32>
}

// CHECK-LABEL: func.func @attention_region(
// CHECK-SAME:    %[[SLOPES:[^:]*]]: tensor<8xf32>, %[[B:[^:]*]]: index, %[[I:[^:]*]]: index,
// CHECK:         qsat.attention
// CHECK-SAME:      extras(%[[SLOPES]] : tensor<8xf32>)
// CHECK-SAME:      at(%[[B]], %[[B]], %[[I]], %[[B]])
// CHECK-SAME:      {extra_maps = [#[[HEAD]]]} score {
// CHECK-NEXT:      ^bb0(%[[Z:.*]]: f32, %[[SLOPE:.*]]: f32, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index):
// CHECK-NEXT:        %[[Y:.*]] = arith.addf %[[Z]], %[[SLOPE]]
// CHECK-NEXT:        qsat.yield %[[Y]] : f32
// CHECK-NEXT:      } -> tensor<?x8x?x64xf16>
func.func @attention_region(%slopes: tensor<8xf32>, %b: index, %i: index,
                            %q: tensor<?x8x?x64xf16>, %k: tensor<?x8x?x64xf16>,
                            %v: tensor<?x8x?x64xf16>, %init: tensor<?x8x?x64xf16>)
    -> tensor<?x8x?x64xf16> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<?x8x?x64xf16>, tensor<?x8x?x64xf16>, tensor<?x8x?x64xf16>)
         extras(%slopes : tensor<8xf32>) at(%b, %b, %i, %b)
         outs(%init : tensor<?x8x?x64xf16>)
         {extra_maps = [affine_map<(b, h, i, j) -> (h)>]}
         score {
         ^bb0(%z: f32, %slope: f32, %bb: index, %h: index, %ii: index, %j: index):
           %y = arith.addf %z, %slope : f32
           qsat.yield %y : f32
         } -> tensor<?x8x?x64xf16>
  return %o : tensor<?x8x?x64xf16>
}

// CHECK-LABEL: func.func @attention_memref(
// CHECK:         qsat.attention ins(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : memref<1x2x3x4xf64>, memref<1x2x3x4xf64>, memref<1x2x3x4xf64>)
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}} : memref<1x2x3x4xf64, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x3xf64>){{$}}
func.func @attention_memref(%x: memref<1x2x3x4xf64>,
                            %o: memref<1x2x3x4xf64, strided<[?, ?, ?, 1], offset: ?>>,
                            %lse: memref<1x2x3xf64>) {
  qsat.attention ins(%x, %x, %x : memref<1x2x3x4xf64>, memref<1x2x3x4xf64>, memref<1x2x3x4xf64>)
                 outs(%o, %lse : memref<1x2x3x4xf64, strided<[?, ?, ?, 1], offset: ?>>,
                                 memref<1x2x3xf64>)
  return
}

// No head, row or key at all is a shape like any other.
// CHECK-LABEL: func.func @attention_empty(
// CHECK:         qsat.attention
func.func @attention_empty(%q: tensor<0x2x0x4xf32>, %k: tensor<0x1x0x4xf32>)
    -> tensor<0x2x0x4xf32> {
  %o = qsat.attention
         ins(%q, %k, %k : tensor<0x2x0x4xf32>, tensor<0x1x0x4xf32>, tensor<0x1x0x4xf32>)
         outs(%q : tensor<0x2x0x4xf32>) -> tensor<0x2x0x4xf32>
  return %o : tensor<0x2x0x4xf32>
}

//===----------------------------------------------------------------------===//
// amplitude_score
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @amplitude_score(
// CHECK:         qsat.amplitude_score ins(%{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x500x64xf32>, tensor<1x2x300x64xf32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}} : tensor<1x8x4x3xf32>) -> tensor<1x8x4x3xf32>
func.func @amplitude_score(%q: tensor<1x8x500x64xf32>, %k: tensor<1x2x300x64xf32>,
                           %init: tensor<1x8x4x3xf32>) -> tensor<1x8x4x3xf32> {
  %a = qsat.amplitude_score ins(%q, %k : tensor<1x8x500x64xf32>, tensor<1x2x300x64xf32>)
         outs(%init : tensor<1x8x4x3xf32>) -> tensor<1x8x4x3xf32>
  return %a : tensor<1x8x4x3xf32>
}

// CHECK-LABEL: func.func @amplitude_score_attributes(
// CHECK:         %{{.*}}:2 = qsat.amplitude_score
// CHECK-SAME:      extras(%{{[^ ,):]+}} : tensor<f32>) at(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}})
// CHECK-SAME:      {block_m = 32 : i64, block_n = 16 : i64, estimator = #qsat.estimator<antidiagonal>
// CHECK-SAME:       extra_maps = [#{{.*}}], mask = #qsat.mask<lookahead = 3>, scale = 5.000000e-01 : f64
// CHECK-SAME:       share = 2.500000e-01 : f64, stride = 8 : i64} score {
// CHECK:         } -> tensor<1x8x?x?xf32>, tensor<1x8x?xf32>
func.func @amplitude_score_attributes(%q: tensor<1x8x?x64xf32>, %k: tensor<1x2x?x64xf32>,
                                      %cap: tensor<f32>, %at: index, %a0: tensor<1x8x?x?xf32>,
                                      %l0: tensor<1x8x?xf32>)
    -> (tensor<1x8x?x?xf32>, tensor<1x8x?xf32>) {
  %a, %lse = qsat.amplitude_score ins(%q, %k : tensor<1x8x?x64xf32>, tensor<1x2x?x64xf32>)
               extras(%cap : tensor<f32>) at(%at, %at, %at, %at)
               outs(%a0, %l0 : tensor<1x8x?x?xf32>, tensor<1x8x?xf32>)
               {scale = 0.5 : f64, mask = #qsat.mask<lookahead = 3>,
                estimator = #qsat.estimator<antidiagonal>, block_m = 32 : i64, block_n = 16 : i64,
                stride = 8 : i64, share = 0.25 : f64,
                extra_maps = [affine_map<(b, h, i, j) -> ()>]}
               score {
               ^bb0(%z: f32, %c: f32, %b: index, %h: index, %i: index, %j: index):
                 %y = arith.minimumf %z, %c : f32
                 qsat.yield %y : f32
               } -> tensor<1x8x?x?xf32>, tensor<1x8x?xf32>
  return %a, %lse : tensor<1x8x?x?xf32>, tensor<1x8x?xf32>
}

// CHECK-LABEL: func.func @amplitude_score_memref(
// CHECK:         qsat.amplitude_score ins(%{{[^ ,):]+}}, %{{[^ ,):]+}} : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}} : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<exact>}
// CHECK-COUNT-6: qsat.amplitude_score
func.func @amplitude_score_memref(%x: memref<1x2x128x4xf32>, %a: memref<1x2x1x1xf32>) {
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<exact>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<pooled>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<centroid>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<d2>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<antidiagonal>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<rows>}
  qsat.amplitude_score ins(%x, %x : memref<1x2x128x4xf32>, memref<1x2x128x4xf32>)
    outs(%a : memref<1x2x1x1xf32>) {estimator = #qsat.estimator<cascade>}
  return
}

//===----------------------------------------------------------------------===//
// amplified_select
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @amplified_select(
// CHECK:         %{{.*}}:4 = qsat.amplified_select ins(%{{[^ ,):]+}} : tensor<1x8x4x4xf32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x4x3xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>)
// CHECK-SAME:      -> tensor<1x8x4x3xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>
func.func @amplified_select(%a: tensor<1x8x4x4xf32>, %i0: tensor<1x8x4x3xi32>,
                            %c0: tensor<1x8x4xi32>, %f0: tensor<1x8x4xf32>)
    -> tensor<1x8x4x3xi32> {
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x8x4x4xf32>)
    outs(%i0, %c0, %f0, %f0 : tensor<1x8x4x3xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>)
    -> tensor<1x8x4x3xi32>, tensor<1x8x4xi32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>
  return %i : tensor<1x8x4x3xi32>
}

// CHECK-LABEL: func.func @amplified_select_attributes(
// CHECK:         qsat.amplified_select ins(%{{[^ ,):]+}} : memref<1x8x4x4xf32>) at(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}})
// CHECK-SAME:      {alpha = 2.000000e+00 : f64, block_m = 64 : i64, block_n = 32 : i64, entangle
// CHECK-SAME:       exponent = 7.500000e-01 : f64, iterations = #qsat.amplification<fixed_point = 1.000000e-01>
// CHECK-SAME:       k = 4 : i64, local = 2 : i64, mask = #qsat.mask<causal>, no_diagonal, policy = #qsat.policy<measure>
// CHECK-SAME:       seed = -7 : i64, sinks = 1 : i64, theta = 1.000000e-03 : f64}
func.func @amplified_select_attributes(%a: memref<1x8x4x4xf32>, %at: index,
                                       %i: memref<1x2x4x3xi32>, %c: memref<1x2x4xi32>,
                                       %m: memref<1x2x4xf32>, %n: memref<1x2x4xf32>) {
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>) at(%at, %at, %at, %at)
    outs(%i, %c, %m, %n : memref<1x2x4x3xi32>, memref<1x2x4xi32>, memref<1x2x4xf32>, memref<1x2x4xf32>)
    {policy = #qsat.policy<measure>, k = 4 : i64, theta = 1.0e-3 : f64, alpha = 2.0 : f64,
     exponent = 0.75 : f64, seed = -7 : i64, sinks = 1 : i64, local = 2 : i64, no_diagonal,
     entangle, mask = #qsat.mask<causal>, block_m = 64 : i64, block_n = 32 : i64,
     iterations = #qsat.amplification<fixed_point = 0.1>}
  return
}

// CHECK-LABEL: func.func @amplified_select_policies(
// A default is not printed.
// CHECK:         qsat.amplified_select
// CHECK-NOT:       policy
// CHECK-SAME:      {theta = 5.000000e-01 : f64}
// CHECK:         {k = 2 : i64, policy = #qsat.policy<top_k>}
// CHECK:         lse(%{{[^ ,):]+}} : memref<1x8x4xf32>)
// CHECK-SAME:      {policy = #qsat.policy<logit_threshold>, theta = -3.000000e+00 : f64}
// CHECK:         {policy = #qsat.policy<relative_threshold>
// CHECK:         {policy = #qsat.policy<mass>
// CHECK:         {policy = #qsat.policy<budget>}
// CHECK:         spread(%{{[^ ,):]+}} : memref<1x2x4xf32>)
// CHECK-SAME:      {policy = #qsat.policy<residual>}
// CHECK:         {k = 1 : i64, policy = #qsat.policy<heavy_hitter>}
func.func @amplified_select_policies(%a: memref<1x8x4x4xf32>, %lse: memref<1x8x4xf32>,
                                     %spread: memref<1x2x4xf32>, %i: memref<1x8x4x4xi32>,
                                     %c: memref<1x8x4xi32>, %f: memref<1x8x4xf32>) {
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<threshold>, theta = 0.5 : f64}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<top_k>, k = 2 : i64}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>) lse(%lse : memref<1x8x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<logit_threshold>, theta = -3.0 : f64}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<relative_threshold>, theta = 0.1 : f64}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<mass>, theta = 0.9 : f64}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<budget>}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>) spread(%spread : memref<1x2x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<residual>}
  qsat.amplified_select ins(%a : memref<1x8x4x4xf32>)
    outs(%i, %c, %f, %f : memref<1x8x4x4xi32>, memref<1x8x4xi32>, memref<1x8x4xf32>, memref<1x8x4xf32>)
    {policy = #qsat.policy<heavy_hitter>, k = 1 : i64}
  return
}

//===----------------------------------------------------------------------===//
// sparse_attention
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @sparse_attention(
// CHECK:         %{{.*}}:2 = qsat.sparse_attention
// CHECK-SAME:      list(%{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x2x4x4xi32>, tensor<1x2x4xi32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x512x64xf32>, tensor<1x8x512xf32>)
// CHECK-SAME:      -> tensor<1x8x512x64xf32>, tensor<1x8x512xf32>
func.func @sparse_attention(%q: tensor<1x8x512x64xf32>, %k: tensor<1x2x512x64xf32>,
                            %i: tensor<1x2x4x4xi32>, %c: tensor<1x2x4xi32>,
                            %l0: tensor<1x8x512xf32>) -> tensor<1x8x512x64xf32> {
  %o, %lse = qsat.sparse_attention
    ins(%q, %k, %k : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
    list(%i, %c : tensor<1x2x4x4xi32>, tensor<1x2x4xi32>)
    outs(%q, %l0 : tensor<1x8x512x64xf32>, tensor<1x8x512xf32>)
    -> tensor<1x8x512x64xf32>, tensor<1x8x512xf32>
  return %o : tensor<1x8x512x64xf32>
}

// CHECK-LABEL: func.func @sparse_attention_attributes(
// CHECK:         qsat.sparse_attention
// CHECK-SAME:      at(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}})
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : memref<1x8x64x16xbf16>, memref<1x8x64xf32>, memref<1x8x64xf32>)
// CHECK-SAME:      {amplification = #qsat.amplification<rounds = 2>, background = #qsat.background<rank1>
// CHECK-SAME:       background_logit = -1.500000e+00 : f64, block_m = 16 : i64, block_n = 8 : i64
// CHECK-SAME:       mask = #qsat.mask<causal>, scale = 2.500000e-01 : f64}
// CHECK:         {amplification = #qsat.amplification<born>, background = #qsat.background<centroid>
// CHECK:         {amplification = #qsat.amplification<optimal>, background = #qsat.background<t2>
// CHECK:         {amplification = #qsat.amplification<full>, block_m = 16 : i64}
func.func @sparse_attention_attributes(%x: memref<1x8x64x16xbf16>, %i: memref<1x8x4x8xi32>,
                                       %c: memref<1x8x4xi32>, %l: memref<1x8x64xf32>,
                                       %kept: memref<1x8x64xf32>, %at: index) {
  qsat.sparse_attention
    ins(%x, %x, %x : memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>)
    list(%i, %c : memref<1x8x4x8xi32>, memref<1x8x4xi32>) at(%at, %at, %at, %at)
    outs(%x, %l, %kept : memref<1x8x64x16xbf16>, memref<1x8x64xf32>, memref<1x8x64xf32>)
    {scale = 0.25 : f64, mask = #qsat.mask<causal>, block_m = 16 : i64, block_n = 8 : i64,
     background = #qsat.background<rank1>, background_logit = -1.5 : f64,
     amplification = #qsat.amplification<rounds = 2>}
  qsat.sparse_attention
    ins(%x, %x, %x : memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>)
    list(%i, %c : memref<1x8x4x8xi32>, memref<1x8x4xi32>)
    outs(%x, %l : memref<1x8x64x16xbf16>, memref<1x8x64xf32>)
    {block_m = 16 : i64, background = #qsat.background<centroid>,
     amplification = #qsat.amplification<born>}
  qsat.sparse_attention
    ins(%x, %x, %x : memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>)
    list(%i, %c : memref<1x8x4x8xi32>, memref<1x8x4xi32>)
    outs(%x, %l : memref<1x8x64x16xbf16>, memref<1x8x64xf32>)
    {block_m = 16 : i64, background = #qsat.background<t2>,
     amplification = #qsat.amplification<optimal>}
  qsat.sparse_attention
    ins(%x, %x, %x : memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>, memref<1x8x64x16xbf16>)
    list(%i, %c : memref<1x8x4x8xi32>, memref<1x8x4xi32>)
    outs(%x, %l : memref<1x8x64x16xbf16>, memref<1x8x64xf32>)
    {block_m = 16 : i64, background = #qsat.background<none>,
     amplification = #qsat.amplification<full>}
  return
}

// CHECK-LABEL: func.func @sparse_attention_region(
// CHECK:         qsat.sparse_attention
// CHECK-SAME:      extras(%{{[^ ,):]+}} : tensor<?x?xf16>)
// CHECK-SAME:      score {
// CHECK-NEXT:      ^bb0(%{{[^ ,):]+}}: f64, %{{[^ ,):]+}}: f16, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index, %{{[^ ,):]+}}: index):
// CHECK:           qsat.yield %{{[^ ,):]+}} : f64
func.func @sparse_attention_region(%x: tensor<1x?x?x?xf64>, %i: tensor<1x?x?x?xi32>,
                                   %c: tensor<1x?x?xi32>, %bias: tensor<?x?xf16>,
                                   %l0: tensor<1x?x?xf64>) -> tensor<1x?x?xf64> {
  %o, %lse = qsat.sparse_attention
    ins(%x, %x, %x : tensor<1x?x?x?xf64>, tensor<1x?x?x?xf64>, tensor<1x?x?x?xf64>)
    list(%i, %c : tensor<1x?x?x?xi32>, tensor<1x?x?xi32>)
    extras(%bias : tensor<?x?xf16>)
    outs(%x, %l0 : tensor<1x?x?x?xf64>, tensor<1x?x?xf64>)
    {extra_maps = [affine_map<(b, h, i, j) -> (i, j)>]}
    score {
    ^bb0(%z: f64, %e: f16, %b: index, %h: index, %i_: index, %j: index):
      %w = arith.extf %e : f16 to f64
      %y = arith.addf %z, %w : f64
      qsat.yield %y : f64
    } -> tensor<1x?x?x?xf64>, tensor<1x?x?xf64>
  return %lse : tensor<1x?x?xf64>
}

//===----------------------------------------------------------------------===//
// overlap
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @overlap(
// CHECK:         %{{.*}} = qsat.overlap ins(%{{[^ ,):]+}} : tensor<1x?x4x?xf32>) outs(%{{[^ ,):]+}} : tensor<1x?x4x?xf32>) {record} -> tensor<1x?x4x?xf32>
func.func @overlap(%a: tensor<1x?x4x?xf32>, %init: tensor<1x?x4x?xf32>) -> tensor<1x?x4x?xf32> {
  %rho = qsat.overlap ins(%a : tensor<1x?x4x?xf32>) outs(%init : tensor<1x?x4x?xf32>) {record} -> tensor<1x?x4x?xf32>
  return %rho : tensor<1x?x4x?xf32>
}

// CHECK-LABEL: func.func @overlap_memref(
// CHECK:         qsat.overlap ins(%{{[^ ,):]+}} : memref<1x8x4x4xf32>) outs(%{{[^ ,):]+}} : memref<1x8x4x2xf32>){{$}}
func.func @overlap_memref(%a: memref<1x8x4x4xf32>, %rho: memref<1x8x4x2xf32>) {
  qsat.overlap ins(%a : memref<1x8x4x4xf32>) outs(%rho : memref<1x8x4x2xf32>)
  return
}

//===----------------------------------------------------------------------===//
// merge
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @merge(
// CHECK:         %{{.*}}:2 = qsat.merge
// CHECK-SAME:      ins(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>, tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>) -> tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>
func.func @merge(%o1: tensor<1x8x?x64xbf16>, %l1: tensor<1x8x?xf32>, %o2: tensor<1x8x?x64xbf16>,
                 %l2: tensor<1x8x?xf32>) -> tensor<1x8x?x64xbf16> {
  %o, %lse = qsat.merge
    ins(%o1, %l1, %o2, %l2 : tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>, tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>)
    outs(%o1, %l1 : tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>) -> tensor<1x8x?x64xbf16>, tensor<1x8x?xf32>
  return %o : tensor<1x8x?x64xbf16>
}

// CHECK-LABEL: func.func @merge_memref(
// CHECK:         qsat.merge ins(
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}} : memref<1x8x5x64xf64>, memref<1x8x5xf64>){{$}}
func.func @merge_memref(%o: memref<1x8x5x64xf64>, %l: memref<1x8x5xf64>) {
  qsat.merge
    ins(%o, %l, %o, %l : memref<1x8x5x64xf64>, memref<1x8x5xf64>, memref<1x8x5x64xf64>, memref<1x8x5xf64>)
    outs(%o, %l : memref<1x8x5x64xf64>, memref<1x8x5xf64>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// audit
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @audit(
// CHECK:         qsat.audit ins(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x500x64xbf16>, tensor<1x2x300x64xbf16>, tensor<1x2x300x32xbf16>)
// CHECK-SAME:      of(%{{[^ ,):]+}} : tensor<1x8x500x32xf32>) lse(%{{[^ ,):]+}} : tensor<1x8x500xf32>)
// CHECK-SAME:      outs(%{{[^ ,):]+}}, %{{[^ ,):]+}}, %{{[^ ,):]+}} : tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>)
// CHECK-SAME:      {mask = #qsat.mask<causal>, record, scale = 1.250000e-01 : f64, seed = -3 : i64, share = 1.000000e-02 : f64}
func.func @audit(%q: tensor<1x8x500x64xbf16>, %k: tensor<1x2x300x64xbf16>, %v: tensor<1x2x300x32xbf16>,
                 %o: tensor<1x8x500x32xf32>, %lse: tensor<1x8x500xf32>, %e: tensor<1x8x3x2xf32>) -> tensor<1x8x3x2xf32> {
  %0:3 = qsat.audit ins(%q, %k, %v : tensor<1x8x500x64xbf16>, tensor<1x2x300x64xbf16>, tensor<1x2x300x32xbf16>)
    of(%o : tensor<1x8x500x32xf32>) lse(%lse : tensor<1x8x500xf32>)
    outs(%e, %e, %e : tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>)
    {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>, seed = -3 : i64, share = 1.000000e-02 : f64, record}
    -> tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>, tensor<1x8x3x2xf32>
  return %0#0 : tensor<1x8x3x2xf32>
}
