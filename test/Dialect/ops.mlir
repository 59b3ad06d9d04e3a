// RUN: qsat-opt %s | qsat-opt | FileCheck %s
// RUN: qsat-opt %s --mlir-print-op-generic | qsat-opt | FileCheck %s
// RUN: qsat-opt %s --emit-bytecode | qsat-opt | FileCheck %s

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
