// The plugin in a stock mlir-opt: the dialect is parsed, verified and printed.
// REQUIRES: plugin
// UNSUPPORTED: sanitize
// RUN: mlir-opt-22 --load-dialect-plugin=%qsat_lib_dir/qsatPlugin.so %s | FileCheck %s
// RUN: mlir-opt-22 --load-dialect-plugin=%qsat_lib_dir/qsatPlugin.so \
// RUN:   --load-pass-plugin=%qsat_lib_dir/qsatPlugin.so %s -canonicalize 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CANON --implicit-check-not="Failed to load"

// CHECK-LABEL: func.func @dense(
// CHECK:         qsat.attention
// CHECK-SAME:      mask = #qsat.mask<offset = 3>
// CANON-LABEL: func.func @dense(
// CANON:         qsat.attention
// CANON-NOT:     #qsat.mask
func.func @dense(%q: tensor<1x8x64x32xf32>, %k: tensor<1x2x64x32xf32>, %v: tensor<1x2x64x32xf32>,
                 %init: tensor<1x8x64x32xf32>) -> tensor<1x8x64x32xf32> {
  %o = qsat.attention
         ins(%q, %k, %v : tensor<1x8x64x32xf32>, tensor<1x2x64x32xf32>, tensor<1x2x64x32xf32>)
         outs(%init : tensor<1x8x64x32xf32>)
         {mask = #qsat.mask<offset = 3>} -> tensor<1x8x64x32xf32>
  return %o : tensor<1x8x64x32xf32>
}
