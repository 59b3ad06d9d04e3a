// RUN: not qsat-opt %s --qsat-sparsify="policy=best" 2>&1 | FileCheck %s --check-prefix=POLICY
// RUN: not qsat-opt %s --qsat-sparsify="policy=residual" 2>&1 | FileCheck %s --check-prefix=RESIDUAL
// RUN: not qsat-opt %s --qsat-sparsify="policy=top_k" 2>&1 | FileCheck %s --check-prefix=TOPK
// RUN: not qsat-opt %s --qsat-sparsify="policy=budget" 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not qsat-opt %s --qsat-sparsify="density=1.5" 2>&1 | FileCheck %s --check-prefix=DENSITY
// RUN: not qsat-opt %s --qsat-sparsify="estimator=guess" 2>&1 | FileCheck %s --check-prefix=ESTIMATOR
// RUN: not qsat-opt %s --qsat-sparsify="background=noise" 2>&1 | FileCheck %s --check-prefix=BACKGROUND
// RUN: not qsat-opt %s --qsat-sparsify="block-m=0" 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not qsat-opt %s --qsat-sparsify="estimator=antidiagonal stride=24" 2>&1 | FileCheck %s --check-prefix=STRIDE
// RUN: not qsat-opt %s --qsat-sparsify="estimator=d2 int8" 2>&1 | FileCheck %s --check-prefix=INT8
// RUN: not qsat-opt %s --qsat-sparsify="quality=best" 2>&1 | FileCheck %s --check-prefix=QUALITY
// RUN: not qsat-opt %s --qsat-sparsify="report=%t.dir/none/report.json" 2>&1 | FileCheck %s --check-prefix=REPORT

// POLICY: error: qsat-sparsify: unknown policy 'best'
// RESIDUAL: error: qsat-sparsify: policy residual needs a spread operand
// TOPK: error: qsat-sparsify: policy top_k needs k >= 1, but got 0
// BUDGET: error: qsat-sparsify: policy budget needs density > 0
// DENSITY: error: qsat-sparsify: expected 0 <= density <= 1, but got 1.5
// ESTIMATOR: error: qsat-sparsify: unknown estimator 'guess'
// BACKGROUND: error: qsat-sparsify: unknown background 'noise'
// BLOCK: error: qsat-sparsify: expected positive block-m and block-n, and stride
// STRIDE: error: qsat-sparsify: expected stride to divide block-m and block-n
// INT8: error: qsat-sparsify: expected int8 with estimator rows, but got estimator d2
// QUALITY: Cannot find option named 'best'
// REPORT: error: qsat-sparsify: cannot write report:
func.func @nothing() {
  return
}
