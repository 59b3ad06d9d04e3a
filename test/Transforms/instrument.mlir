// RUN: qsat-opt %s --qsat-instrument --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: module attributes {qsat.instrumented = {{\[\[}}"qsat.merge", "{{.*}}instrument.mlir:{{[0-9]+}}:{{[0-9]+}}"]]}
// CHECK-DAG: func.func private @qsat_op_begin(i32)
// CHECK-DAG: func.func private @qsat_op_end(i32)
// CHECK-LABEL: @times
func.func @times(%o1: memref<1x2x4x8xf32>, %l1: memref<1x2x4xf32>, %o: memref<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  // CHECK: %[[ID:.*]] = arith.constant 0 : i32
  // CHECK: call @qsat_op_begin(%[[ID]])
  // CHECK: qsat.merge
  // CHECK: %[[SAME:.*]] = arith.constant 0 : i32
  // CHECK: call @qsat_op_end(%[[SAME]])
  qsat.merge ins(%o1, %l1, %o1, %l1 : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>)
    outs(%o, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
}

// -----

// Times are the caller's: an op that several threads run is left alone.
// CHECK: module attributes {qsat.instrumented = []}
// CHECK-LABEL: @parallel
func.func @parallel(%o1: memref<1x2x4x8xf32>, %l1: memref<1x2x4xf32>, %o: memref<1x2x4x8xf32>, %l: memref<1x2x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // CHECK-NOT: qsat_op
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    qsat.merge ins(%o1, %l1, %o1, %l1 : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4x8xf32>, memref<1x2x4xf32>)
      outs(%o, %l : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  }
  return
}

// -----

// The extents are those of the attention that reads the lists, not whole blocks.
// CHECK-DAG: func.func private @qsat_report_selection(i32, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64)
// CHECK-LABEL: @selection
// CHECK-SAME: %{{[^:]*}}: memref<1x2x3x3xf32>, %[[Q:[^:]*]]: memref<1x2x300x8xf32>, %[[K:[^:]*]]: memref<1x1x290x8xf32>
func.func @selection(%a: memref<1x2x3x3xf32>, %q: memref<1x2x300x8xf32>, %k: memref<1x1x290x8xf32>,
                     %i: memref<1x2x3x3xi32>, %c: memref<1x2x3xi32>, %m: memref<1x2x3xf32>, %n: memref<1x2x3xf32>,
                     %o: memref<1x2x300x8xf32>, %l: memref<1x2x300xf32>) {
  // CHECK: qsat.amplified_select
  // CHECK: call @qsat_op_end
  // CHECK: memref.dim %[[Q]]
  // CHECK: memref.dim %[[K]]
  // CHECK: memref.extract_aligned_pointer_as_index
  // CHECK: call @qsat_report_selection
  qsat.amplified_select ins(%a : memref<1x2x3x3xf32>)
    outs(%i, %c, %m, %n : memref<1x2x3x3xi32>, memref<1x2x3xi32>, memref<1x2x3xf32>, memref<1x2x3xf32>)
    {policy = #qsat.policy<threshold>, theta = 6.000000e-03 : f64, mask = #qsat.mask<causal>}
  // CHECK: call @qsat_op_begin
  // CHECK: qsat.sparse_attention
  // CHECK: call @qsat_op_end
  qsat.sparse_attention ins(%q, %k, %k : memref<1x2x300x8xf32>, memref<1x1x290x8xf32>, memref<1x1x290x8xf32>)
    list(%i, %c : memref<1x2x3x3xi32>, memref<1x2x3xi32>)
    outs(%o, %l : memref<1x2x300x8xf32>, memref<1x2x300xf32>) {mask = #qsat.mask<causal>}
  return
}

// -----

func.func @tensors(%o1: tensor<1x2x4x8xf32>, %l1: tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32> {
  // expected-error @below {{'qsat.merge' op expected memrefs, but got tensors: instrument after bufferization}}
  %o, %l = qsat.merge ins(%o1, %l1, %o1, %l1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
    outs(%o1, %l1 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %o : tensor<1x2x4x8xf32>
}

// -----

// A recorded audit is handed to the report; another is timed only. The third
// result, where there is none, is a null pointer.
// CHECK-DAG: func.func private @qsat_report_audit(i32, i64, i64, i64, i64)
// CHECK-LABEL: @audit
func.func @audit(%q: memref<1x2x256x8xf32>, %l: memref<1x2x256xf32>, %e: memref<1x2x2x2xf32>, %n: memref<1x2x2x2xf32>, %k: memref<1x2x2x2xf32>) {
  // CHECK: qsat.audit
  // CHECK: call @qsat_op_end
  // CHECK-COUNT-3: memref.extract_aligned_pointer_as_index
  // CHECK: call @qsat_report_audit
  qsat.audit ins(%q, %q, %q : memref<1x2x256x8xf32>, memref<1x2x256x8xf32>, memref<1x2x256x8xf32>)
    of(%q : memref<1x2x256x8xf32>) lse(%l : memref<1x2x256xf32>)
    outs(%e, %n, %k : memref<1x2x2x2xf32>, memref<1x2x2x2xf32>, memref<1x2x2x2xf32>) {record}
  // CHECK: qsat.audit
  // CHECK: %[[NONE:.*]] = arith.constant 0 : i64
  // CHECK: call @qsat_report_audit(%{{.*}}, %{{.*}}, %{{.*}}, %[[NONE]], %{{.*}})
  qsat.audit ins(%q, %q, %q : memref<1x2x256x8xf32>, memref<1x2x256x8xf32>, memref<1x2x256x8xf32>)
    of(%q : memref<1x2x256x8xf32>) outs(%e, %n : memref<1x2x2x2xf32>, memref<1x2x2x2xf32>) {record}
  // CHECK: qsat.audit
  // CHECK-NOT: call @qsat_report_audit
  // CHECK: return
  qsat.audit ins(%q, %q, %q : memref<1x2x256x8xf32>, memref<1x2x256x8xf32>, memref<1x2x256x8xf32>)
    of(%q : memref<1x2x256x8xf32>) outs(%e, %n : memref<1x2x2x2xf32>, memref<1x2x2x2xf32>)
  return
}

// -----

// An overlap is told with the numbers of the lists per head and per group beside it. Lists
// that nothing reads are reported for the extents of those that are read.
// CHECK: module attributes {qsat.instrumented = {{\[\[}}"qsat.amplified_select", "{{[^"]*}}"], ["qsat.sparse_attention", "{{[^"]*}}"], ["qsat.amplified_select", "{{[^"]*}}", "record"], ["qsat.overlap", "{{[^"]*}}", 0, 2], ["qsat.overlap", "{{[^"]*}}"]]}
// CHECK-DAG: func.func private @qsat_report_overlap(i32, i64, i64, i64, i64, i64)
// CHECK-LABEL: @overlap
// CHECK-SAME: %{{[^:]*}}: memref<1x2x3x3xf32>, %[[Q:[^:]*]]: memref<1x2x300x8xf32>, %[[K:[^:]*]]: memref<1x1x290x8xf32>
func.func @overlap(%a: memref<1x2x3x3xf32>, %q: memref<1x2x300x8xf32>, %k: memref<1x1x290x8xf32>,
                   %i: memref<1x2x3x3xi32>, %c: memref<1x2x3xi32>, %m: memref<1x2x3xf32>, %n: memref<1x2x3xf32>,
                   %is: memref<1x1x3x3xi32>, %cs: memref<1x1x3xi32>, %ms: memref<1x1x3xf32>, %ns: memref<1x1x3xf32>,
                   %o: memref<1x2x300x8xf32>, %l: memref<1x2x300xf32>, %v: memref<1x2x3x2xf32>, %other: memref<1x2x3x3xf32>) {
  qsat.amplified_select ins(%a : memref<1x2x3x3xf32>)
    outs(%i, %c, %m, %n : memref<1x2x3x3xi32>, memref<1x2x3xi32>, memref<1x2x3xf32>, memref<1x2x3xf32>) {theta = 6.000000e-03 : f64}
  qsat.sparse_attention ins(%q, %k, %k : memref<1x2x300x8xf32>, memref<1x1x290x8xf32>, memref<1x1x290x8xf32>)
    list(%i, %c : memref<1x2x3x3xi32>, memref<1x2x3xi32>)
    outs(%o, %l : memref<1x2x300x8xf32>, memref<1x2x300xf32>)
  // CHECK: qsat.amplified_select {{.*}} record
  // CHECK: memref.dim %[[Q]]
  // CHECK: memref.dim %[[K]]
  // CHECK: call @qsat_report_selection
  qsat.amplified_select ins(%a : memref<1x2x3x3xf32>)
    outs(%is, %cs, %ms, %ns : memref<1x1x3x3xi32>, memref<1x1x3xi32>, memref<1x1x3xf32>, memref<1x1x3xf32>)
    {entangle, record, theta = 6.000000e-03 : f64}
  // CHECK: qsat.overlap
  // CHECK: call @qsat_op_end
  // CHECK: memref.extract_aligned_pointer_as_index
  // CHECK: call @qsat_report_overlap
  qsat.overlap ins(%a : memref<1x2x3x3xf32>) outs(%v : memref<1x2x3x2xf32>) {record}
  // CHECK: qsat.overlap
  // CHECK-NOT: call @qsat_report_overlap
  // CHECK: return
  qsat.overlap ins(%other : memref<1x2x3x3xf32>) outs(%v : memref<1x2x3x2xf32>)
  return
}
