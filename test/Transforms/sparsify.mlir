// RUN: qsat-opt %s -split-input-file --qsat-sparsify | FileCheck %s
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="density=0.2 entangle" | FileCheck %s --check-prefix=BUDGET
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="quality=exact" | FileCheck %s --check-prefix=EXACT
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="quality=high local=0 block-m=128 block-n=128" | FileCheck %s --check-prefix=HIGH
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="quality=fast" | FileCheck %s --check-prefix=FAST
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="quality=fast int8" | FileCheck %s --check-prefix=INT8
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="policy=logit_threshold theta=-2.5 background=t2" | FileCheck %s --check-prefix=LOGIT
// RUN: qsat-opt %s -split-input-file --qsat-sparsify -o /dev/null --remarks-filter-missed=qsat --remarks-filter-passed=qsat 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="estimator=d2" -o /dev/null --remarks-filter-missed=qsat 2>&1 | FileCheck %s --check-prefix=D2
// RUN: qsat-opt %s -split-input-file --qsat-sparsify=int8 -o /dev/null --remarks-filter-missed=qsat 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: qsat-opt %s -split-input-file --qsat-sparsify="min-speedup=50" -o /dev/null --remarks-filter-missed=qsat 2>&1 | FileCheck %s --check-prefix=SLOW

// EXACT-NOT: qsat.sparse_attention

// CHECK-LABEL: func.func @causal_gqa
// CHECK-SAME: %[[Q:[^:]*]]: tensor<1x8x8192x64xf32>, %[[K:[^:]*]]: tensor<1x2x8192x64xf32>, %[[V:[^:]*]]: tensor<1x2x8192x64xf32>
// CHECK: %[[AMPLITUDE:.*]] = qsat.amplitude_score ins(%[[Q]], %[[K]] :
// CHECK-SAME: {block_m = 64 : i64, block_n = 64 : i64, mask = #qsat.mask<causal>, scale = 1.250000e-01 : f64} -> tensor<1x8x128x128xf32>
// CHECK: %[[SELECT:.*]]:4 = qsat.amplified_select ins(%[[AMPLITUDE]] :
// CHECK-SAME: {block_m = 64 : i64, block_n = 64 : i64, local = 1 : i64, mask = #qsat.mask<causal>, theta = 8.000000e-03 : f64} -> tensor<1x8x128x128xi32>, tensor<1x8x128xi32>, tensor<1x8x128xf32>, tensor<1x8x128xf32>
// CHECK: %[[O:.*]]:2 = qsat.sparse_attention ins(%[[Q]], %[[K]], %[[V]] :
// CHECK-SAME: list(%[[SELECT]]#0, %[[SELECT]]#1 :
// CHECK-SAME: {block_m = 64 : i64, block_n = 64 : i64, mask = #qsat.mask<causal>, scale = 1.250000e-01 : f64}
// CHECK: return %[[O]]#0
// HIGH-LABEL: func.func @causal_gqa
// HIGH: amplitude_score{{.*}}stride = 8 : i64
// HIGH: amplified_select{{.*}} {mask = #qsat.mask<causal>, theta = 6.000000e-03 : f64}
// FAST-LABEL: func.func @causal_gqa
// FAST-NOT: stride
// FAST: amplified_select{{.*}} {block_m = 64 : i64, block_n = 64 : i64, local = 1 : i64, mask = #qsat.mask<causal>, theta = 1.600000e-02 : f64}
// INT8-LABEL: func.func @causal_gqa
// INT8: amplitude_score{{.*}}int8,{{.*}}stride = 8 : i64
// INT8: amplified_select{{.*}}theta = 1.600000e-02 : f64
// BUDGET-LABEL: func.func @causal_gqa
// BUDGET: amplified_select{{.*}} {alpha = 2.000000e-01 : f64, block_m = 64 : i64, block_n = 64 : i64, entangle, local = 1 : i64, mask = #qsat.mask<causal>, policy = #qsat.policy<budget>
// BUDGET-SAME: -> tensor<1x2x128x128xi32>
// LOGIT-LABEL: func.func @causal_gqa
// LOGIT: %[[SCORE:.*]]:2 = qsat.amplitude_score{{.*}} -> tensor<1x8x128x128xf32>, tensor<1x8x128xf32>
// LOGIT: amplified_select ins(%[[SCORE]]#0 : tensor<1x8x128x128xf32>) lse(%[[SCORE]]#1 : tensor<1x8x128xf32>){{.*}}policy = #qsat.policy<logit_threshold>, theta = -2.500000e+00
// LOGIT: qsat.sparse_attention{{.*}}background = #qsat.background<t2>
// REMARK: [Passed] sparsify {{.*}}Function=causal_gqa{{.*}}made attention sparse{{.*}}expected density 0.{{.*}}speed-up
// SLOW: [Missed] sparsify {{.*}}Function=causal_gqa{{.*}}below min-speedup=50.00
func.func @causal_gqa(%q: tensor<1x8x8192x64xf32>, %k: tensor<1x2x8192x64xf32>, %v: tensor<1x2x8192x64xf32>) -> tensor<1x8x8192x64xf32> {
  %init = tensor.empty() : tensor<1x8x8192x64xf32>
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x8192x64xf32>, tensor<1x2x8192x64xf32>, tensor<1x2x8192x64xf32>)
         outs(%init : tensor<1x8x8192x64xf32>)
         {scale = 1.250000e-01 : f64, mask = #qsat.mask<causal>} -> tensor<1x8x8192x64xf32>
  return %o : tensor<1x8x8192x64xf32>
}

// -----

// The score region and its extras go with the scores of both ops.
// CHECK-LABEL: func.func @softcap
// CHECK: qsat.amplitude_score {{.*}} extras(%[[CAP:.*]] : tensor<f32>)
// CHECK: math.tanh
// CHECK: qsat.sparse_attention {{.*}} extras(%[[CAP]] : tensor<f32>)
// CHECK: math.tanh
// REMARK: [Passed] sparsify {{.*}}Function=softcap
// D2: [Missed] sparsify {{.*}}Function=softcap{{.*}}its score region cannot be seen by estimator d2
func.func @softcap(%q: tensor<1x8x8192x64xf32>, %k: tensor<1x8x8192x64xf32>, %v: tensor<1x8x8192x64xf32>, %cap: tensor<f32>, %init: tensor<1x8x8192x64xf32>) -> tensor<1x8x8192x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x8192x64xf32>, tensor<1x8x8192x64xf32>, tensor<1x8x8192x64xf32>)
         extras(%cap : tensor<f32>)
         outs(%init : tensor<1x8x8192x64xf32>)
         {mask = #qsat.mask<causal>, extra_maps = [affine_map<(b, h, i, j) -> ()>]}
         score {
         ^bb0(%z: f32, %c: f32, %b: index, %h: index, %i: index, %j: index):
           %x = arith.divf %z, %c : f32
           %t = math.tanh %x : f32
           %y = arith.mulf %t, %c : f32
           qsat.yield %y : f32
         } -> tensor<1x8x8192x64xf32>
  return %o : tensor<1x8x8192x64xf32>
}

// -----

// A dynamic context: the number of keys decides at run time.
// CHECK-LABEL: func.func @dynamic_context
// CHECK: %[[N:.*]] = tensor.dim %{{.*}}, %c2
// CHECK: %[[PAYS:.*]] = arith.cmpi sge, %[[N]], %c{{.*}} : index
// CHECK: scf.if %[[PAYS]]
// CHECK: qsat.sparse_attention
// CHECK: } else {
// CHECK: qsat.attention
// REMARK: [Passed] sparsify {{.*}}Function=dynamic_context{{.*}}keys on, decided at run time
func.func @dynamic_context(%q: tensor<1x8x?x64xf32>, %k: tensor<1x2x?x64xf32>, %v: tensor<1x2x?x64xf32>, %init: tensor<1x8x?x64xf32>) -> tensor<1x8x?x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x?x64xf32>, tensor<1x2x?x64xf32>, tensor<1x2x?x64xf32>)
         outs(%init : tensor<1x8x?x64xf32>)
         {mask = #qsat.mask<causal>} -> tensor<1x8x?x64xf32>
  return %o : tensor<1x8x?x64xf32>
}

// -----

// An lse result is that of the sparse attention.
// CHECK-LABEL: func.func @with_lse
// CHECK: %[[O:.*]]:2 = qsat.sparse_attention
// CHECK: return %[[O]]#0, %[[O]]#1
func.func @with_lse(%q: tensor<1x4x16384x64xf32>, %k: tensor<1x4x16384x64xf32>, %v: tensor<1x4x16384x64xf32>, %o: tensor<1x4x16384x64xf32>, %l: tensor<1x4x16384xf32>) -> (tensor<1x4x16384x64xf32>, tensor<1x4x16384xf32>) {
  %r:2 = qsat.attention
         ins(%q, %k, %v : tensor<1x4x16384x64xf32>, tensor<1x4x16384x64xf32>, tensor<1x4x16384x64xf32>)
         outs(%o, %l : tensor<1x4x16384x64xf32>, tensor<1x4x16384xf32>)
         {mask = #qsat.mask<causal>} -> tensor<1x4x16384x64xf32>, tensor<1x4x16384xf32>
  return %r#0, %r#1 : tensor<1x4x16384x64xf32>, tensor<1x4x16384xf32>
}

// -----

// CHECK-LABEL: func.func @short
// CHECK-NOT: qsat.sparse_attention
// CHECK: qsat.attention
// REMARK: [Missed] sparsify {{.*}}Function=short{{.*}}no row sees more than 512 keys, fewer than min-keys=2048
func.func @short(%q: tensor<1x8x512x64xf32>, %k: tensor<1x2x512x64xf32>, %v: tensor<1x2x512x64xf32>, %init: tensor<1x8x512x64xf32>) -> tensor<1x8x512x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x512x64xf32>, tensor<1x2x512x64xf32>, tensor<1x2x512x64xf32>)
         outs(%init : tensor<1x8x512x64xf32>) {mask = #qsat.mask<causal>} -> tensor<1x8x512x64xf32>
  return %o : tensor<1x8x512x64xf32>
}

// -----

// A window is sparse already.
// CHECK-LABEL: func.func @window
// CHECK-NOT: qsat.sparse_attention
// REMARK: [Missed] sparsify {{.*}}Function=window{{.*}}no row sees more than 256 keys
func.func @window(%q: tensor<1x8x8192x64xf32>, %k: tensor<1x2x8192x64xf32>, %v: tensor<1x2x8192x64xf32>, %init: tensor<1x8x8192x64xf32>) -> tensor<1x8x8192x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x8192x64xf32>, tensor<1x2x8192x64xf32>, tensor<1x2x8192x64xf32>)
         outs(%init : tensor<1x8x8192x64xf32>) {mask = #qsat.mask<causal, window = 256>} -> tensor<1x8x8192x64xf32>
  return %o : tensor<1x8x8192x64xf32>
}

// -----

// One query: scoring its block costs as much as attending to it.
// CHECK-LABEL: func.func @decode
// CHECK-NOT: qsat.sparse_attention
// REMARK: [Missed] sparsify {{.*}}Function=decode{{.*}}below min-speedup=1.10
func.func @decode(%q: tensor<1x8x1x64xf32>, %k: tensor<1x2x8192x64xf32>, %v: tensor<1x2x8192x64xf32>, %init: tensor<1x8x1x64xf32>) -> tensor<1x8x1x64xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x1x64xf32>, tensor<1x2x8192x64xf32>, tensor<1x2x8192x64xf32>)
         outs(%init : tensor<1x8x1x64xf32>) -> tensor<1x8x1x64xf32>
  return %o : tensor<1x8x1x64xf32>
}

// -----

// CHECK-LABEL: func.func @f64
// BYTES: [Missed] sparsify {{.*}}Function=f64{{.*}}its elements are f64, which are not scored in 8 bits: leave int8 out
func.func @f64(%q: tensor<1x2x8192x64xf64>, %init: tensor<1x2x8192x64xf64>) -> tensor<1x2x8192x64xf64> {
  %o = qsat.attention ins(%q, %q, %q : tensor<1x2x8192x64xf64>, tensor<1x2x8192x64xf64>, tensor<1x2x8192x64xf64>)
         outs(%init : tensor<1x2x8192x64xf64>) {mask = #qsat.mask<causal>} -> tensor<1x2x8192x64xf64>
  return %o : tensor<1x2x8192x64xf64>
}
