// What --report says of qsat ops: each once, and the density in pairs that the
// mask shows. Two diagonal blocks of 128: 2 * (128 * 129 / 2) of 256 * 257 / 2.
//
// REQUIRES: qsat-run, numpy
// RUN: %python %S/Inputs/arrays.py write %t.npz q=f4:1x1x256x64:0.5
// RUN: qsat-run %s --inputs=%t.npz --time=2 --report=%t.json,%t.html | FileCheck %s --check-prefix=TABLE
// RUN: FileCheck %s < %t.json
// RUN: FileCheck %s --check-prefix=PAGE < %t.html
// RUN: not qsat-run %s --inputs=%t.npz --report=%t.txt 2>&1 | FileCheck %s --check-prefix=NAME

// TABLE: qsat.amplitude_score 1
// TABLE: qsat.amplified_select 1 {{.*}} 0.5019
// TABLE: qsat.sparse_attention 1

// CHECK: "ops": [
// CHECK-COUNT-3: "op": "qsat.
// CHECK-NOT: "op":
// CHECK: "selections": [
// CHECK: "marked_pairs": 16512,
// CHECK: "visible_pairs": 32896

// PAGE: <h1>qsat-run-report.mlir, attention dense</h1>
// PAGE: over 2 runs
// PAGE-LABEL: Where the time goes
// PAGE: <td>qsat.amplitude_score</td>
// PAGE: <td>rest of the model</td>
// PAGE-LABEL: What the selections keep
// PAGE: qsat-run-report.mlir:{{.*}}0.5019</td>
// PAGE-LABEL: Each op
// PAGE-LABEL: Compilation
// PAGE: <td>machine code</td>

// NAME: error: --report: expected a file that ends in .json or .html, but got {{.*}}.txt

func.func @main(%q: tensor<1x1x256x64xf32>) -> tensor<1x1x256x64xf32> {
  %a0 = tensor.empty() : tensor<1x1x2x2xf32>
  %a = qsat.amplitude_score ins(%q, %q : tensor<1x1x256x64xf32>, tensor<1x1x256x64xf32>) outs(%a0 : tensor<1x1x2x2xf32>)
    {mask = #qsat.mask<causal>, estimator = #qsat.estimator<rows>} -> tensor<1x1x2x2xf32>
  %i0 = tensor.empty() : tensor<1x1x2x2xi32>
  %c0 = tensor.empty() : tensor<1x1x2xi32>
  %m0 = tensor.empty() : tensor<1x1x2xf32>
  %n0 = tensor.empty() : tensor<1x1x2xf32>
  %i, %c, %m, %n = qsat.amplified_select ins(%a : tensor<1x1x2x2xf32>)
    outs(%i0, %c0, %m0, %n0 : tensor<1x1x2x2xi32>, tensor<1x1x2xi32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>)
    {policy = #qsat.policy<top_k>, k = 1 : i64, mask = #qsat.mask<causal>}
    -> tensor<1x1x2x2xi32>, tensor<1x1x2xi32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>
  %o0 = tensor.empty() : tensor<1x1x256x64xf32>
  %l0 = tensor.empty() : tensor<1x1x256xf32>
  %o, %l = qsat.sparse_attention ins(%q, %q, %q : tensor<1x1x256x64xf32>, tensor<1x1x256x64xf32>, tensor<1x1x256x64xf32>)
    list(%i, %c : tensor<1x1x2x2xi32>, tensor<1x1x2xi32>)
    outs(%o0, %l0 : tensor<1x1x256x64xf32>, tensor<1x1x256xf32>) {mask = #qsat.mask<causal>}
    -> tensor<1x1x256x64xf32>, tensor<1x1x256xf32>
  return %o : tensor<1x1x256x64xf32>
}
