// How the attributes print: the short form, without what is the default.
// RUN: qsat-opt %s -split-input-file | qsat-opt -split-input-file | FileCheck %s

// CHECK-LABEL: module @masks
// CHECK-SAME:    a0 = #qsat.mask<>
// CHECK-SAME:    a1 = #qsat.mask<causal>
// CHECK-SAME:    a2 = #qsat.mask<causal>
// CHECK-SAME:    a3 = #qsat.mask<lookahead = 64, window = 65>
// CHECK-SAME:    a4 = #qsat.mask<causal, offset = -3, window = 1024, sinks = 4>
// CHECK-SAME:    a5 = #qsat.mask<offset = 281474976710656>
module @masks attributes {
  test.a0 = #qsat.mask<window = 0>,
  test.a1 = #qsat.mask<causal>,
  test.a2 = #qsat.mask<lookahead = 0>,
  test.a3 = #qsat.mask<window = 65, lookahead = 64>,
  test.a4 = #qsat.mask<sinks = 4, window = 1024, offset = -3, causal>,
  test.a5 = #qsat.mask<offset = 281474976710656>
} {}

// -----

// CHECK-LABEL: module @amplifications
// CHECK-SAME:    a0 = #qsat.amplification<born>
// CHECK-SAME:    a1 = #qsat.amplification<full>
// CHECK-SAME:    a2 = #qsat.amplification<rounds = 0>
// CHECK-SAME:    a3 = #qsat.amplification<optimal>
// A delta reads back as the same number.
// CHECK-SAME:    a4 = #qsat.amplification<fixed_point = 0.12345678901234568>
module @amplifications attributes {
  test.a0 = #qsat.amplification<born>,
  test.a1 = #qsat.amplification<full>,
  test.a2 = #qsat.amplification<rounds = 0>,
  test.a3 = #qsat.amplification<optimal>,
  test.a4 = #qsat.amplification<fixed_point = 0.12345678901234568>
} {}
