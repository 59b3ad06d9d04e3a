// What hides keys by index becomes the structural mask, in spellings that exports have.
// RUN: qsat-opt %s --qsat-raise-attention --canonicalize --cse | FileCheck %s

#id = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
#qk = affine_map<(h, i, j, d) -> (h, i, d)>
#kk = affine_map<(h, i, j, d) -> (h, j, d)>
#hij = affine_map<(h, i, j, d) -> (h, i, j)>

// Slopes 1 / 2^(4 (h + 1)), as MPT computes them: at most 1/16, so that what they add is
// known to be far from what hides.
// CHECK-LABEL: func.func @alibi_of_powers
// CHECK: qsat.attention {{.*}}mask = #qsat.mask<causal>
func.func @alibi_of_powers(%q: tensor<2x7x4xf32>, %k: tensor<2x7x4xf32>, %v: tensor<2x7x6xf32>) -> tensor<2x7x6xf32> {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant -3.40282347e+38 : f32
  %e = tensor.empty() : tensor<2x7x7xf32>
  %r = tensor.empty() : tensor<2x7xf32>
  %oe = tensor.empty() : tensor<2x7x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<2x7x7xf32>) -> tensor<2x7x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #hij] ins(%q, %k : tensor<2x7x4xf32>, tensor<2x7x4xf32>) outs(%s0 : tensor<2x7x7xf32>) -> tensor<2x7x7xf32>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<2x7x7xf32>) outs(%e : tensor<2x7x7xf32>) {
  ^bb0(%x: f32, %out: f32):
    %h = linalg.index 0 : index
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %one = arith.constant 1 : index
    %next = arith.addi %h, %one : index
    %n = arith.index_cast %next : index to i64
    %f = arith.sitofp %n : i64 to f32
    %four = arith.constant 4.0 : f32
    %exponent = arith.mulf %f, %four : f32
    %two = arith.constant 2.0 : f32
    %power = math.powf %two, %exponent : f32
    %unit = arith.constant 1.0 : f32
    %slope = arith.divf %unit, %power : f32
    %last = arith.constant 6 : index
    %before = arith.subi %j, %last : index
    %b = arith.index_cast %before : index to i64
    %distance = arith.sitofp %b : i64 to f32
    %bias = arith.mulf %distance, %slope : f32
    %t = arith.addf %x, %bias : f32
    %seen = arith.cmpi sle, %j, %i : index
    %y = arith.select %seen, %t, %least : f32
    linalg.yield %y : f32
  } -> tensor<2x7x7xf32>
  %m0 = linalg.fill ins(%least : f32) outs(%r : tensor<2x7xf32>) -> tensor<2x7xf32>
  %m = linalg.reduce { arith.maximumf } ins(%z : tensor<2x7x7xf32>) outs(%m0 : tensor<2x7xf32>) dimensions = [2]
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%z, %m : tensor<2x7x7xf32>, tensor<2x7xf32>) outs(%e : tensor<2x7x7xf32>) {
  ^bb0(%x: f32, %max: f32, %out: f32):
    %d = arith.subf %x, %max : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<2x7x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2x7xf32>) -> tensor<2x7xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<2x7x7xf32>) outs(%l0 : tensor<2x7xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %l : tensor<2x7x7xf32>, tensor<2x7xf32>) outs(%e : tensor<2x7x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %out: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<2x7x7xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<2x7x6xf32>) -> tensor<2x7x6xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x7x7xf32>, tensor<2x7x6xf32>) outs(%o0 : tensor<2x7x6xf32>) -> tensor<2x7x6xf32>
  return %o : tensor<2x7x6xf32>
}

// Two query heads of five rows each in one index; their positions are one constant.
// CHECK-LABEL: func.func @rows_of_two_heads
// CHECK: qsat.attention ins({{.*}} : tensor<1x4x5x4xf32>, tensor<1x2x7x4xf32>, tensor<1x2x7x6xf32>) {{.*}}mask = #qsat.mask<causal>
// CHECK-NOT: dense<[0, 1
func.func @rows_of_two_heads(%q: tensor<2x10x4xf32>, %k: tensor<2x7x4xf32>, %v: tensor<2x7x6xf32>) -> tensor<2x10x6xf32> {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant -3.40282347e+38 : f32
  %rows = arith.constant dense<[0, 1, 2, 3, 4, 0, 1, 2, 3, 4]> : tensor<10xi32>
  %e = tensor.empty() : tensor<2x10x7xf32>
  %r = tensor.empty() : tensor<2x10xf32>
  %oe = tensor.empty() : tensor<2x10x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<2x10x7xf32>) -> tensor<2x10x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #hij] ins(%q, %k : tensor<2x10x4xf32>, tensor<2x7x4xf32>) outs(%s0 : tensor<2x10x7xf32>) -> tensor<2x10x7xf32>
  %z = linalg.generic {indexing_maps = [#id, affine_map<(h, i, j) -> (i)>, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %rows : tensor<2x10x7xf32>, tensor<10xi32>) outs(%e : tensor<2x10x7xf32>) {
  ^bb0(%x: f32, %i: i32, %out: f32):
    %j = linalg.index 2 : index
    %j32 = arith.index_cast %j : index to i32
    %seen = arith.cmpi sle, %j32, %i : i32
    %y = arith.select %seen, %x, %least : f32
    linalg.yield %y : f32
  } -> tensor<2x10x7xf32>
  %m0 = linalg.fill ins(%least : f32) outs(%r : tensor<2x10xf32>) -> tensor<2x10xf32>
  %m = linalg.reduce { arith.maximumf } ins(%z : tensor<2x10x7xf32>) outs(%m0 : tensor<2x10xf32>) dimensions = [2]
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%z, %m : tensor<2x10x7xf32>, tensor<2x10xf32>) outs(%e : tensor<2x10x7xf32>) {
  ^bb0(%x: f32, %max: f32, %out: f32):
    %d = arith.subf %x, %max : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<2x10x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2x10xf32>) -> tensor<2x10xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<2x10x7xf32>) outs(%l0 : tensor<2x10xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %l : tensor<2x10x7xf32>, tensor<2x10xf32>) outs(%e : tensor<2x10x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %out: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<2x10x7xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<2x10x6xf32>) -> tensor<2x10x6xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x10x7xf32>, tensor<2x7x6xf32>) outs(%o0 : tensor<2x10x6xf32>) -> tensor<2x10x6xf32>
  return %o : tensor<2x10x6xf32>
}

// A causal matrix of constants, whose rows stand one after the other.
// CHECK-LABEL: func.func @band_in_one_dimension
// CHECK: qsat.attention {{.*}}mask = #qsat.mask<causal>
func.func @band_in_one_dimension(%q: tensor<2x5x4xf32>, %k: tensor<2x7x4xf32>, %v: tensor<2x7x6xf32>) -> tensor<2x5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant -3.40282347e+38 : f32
  %flat = arith.constant dense<[true, false, false, false, false, false, false, true, true, false, false, false, false, false, true, true, true, false, false, false, false, true, true, true, true, false, false, false, true, true, true, true, true, false, false]> : tensor<35xi1>
  %band = tensor.expand_shape %flat [[0, 1]] output_shape [5, 7] : tensor<35xi1> into tensor<5x7xi1>
  %e = tensor.empty() : tensor<2x5x7xf32>
  %r = tensor.empty() : tensor<2x5xf32>
  %oe = tensor.empty() : tensor<2x5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<2x5x7xf32>) -> tensor<2x5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #hij] ins(%q, %k : tensor<2x5x4xf32>, tensor<2x7x4xf32>) outs(%s0 : tensor<2x5x7xf32>) -> tensor<2x5x7xf32>
  %z = linalg.generic {indexing_maps = [#id, affine_map<(h, i, j) -> (i, j)>, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %band : tensor<2x5x7xf32>, tensor<5x7xi1>) outs(%e : tensor<2x5x7xf32>) {
  ^bb0(%x: f32, %seen: i1, %out: f32):
    %y = arith.select %seen, %x, %least : f32
    linalg.yield %y : f32
  } -> tensor<2x5x7xf32>
  %m0 = linalg.fill ins(%least : f32) outs(%r : tensor<2x5xf32>) -> tensor<2x5xf32>
  %m = linalg.reduce { arith.maximumf } ins(%z : tensor<2x5x7xf32>) outs(%m0 : tensor<2x5xf32>) dimensions = [2]
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%z, %m : tensor<2x5x7xf32>, tensor<2x5xf32>) outs(%e : tensor<2x5x7xf32>) {
  ^bb0(%x: f32, %max: f32, %out: f32):
    %d = arith.subf %x, %max : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<2x5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<2x5xf32>) -> tensor<2x5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<2x5x7xf32>) outs(%l0 : tensor<2x5xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %l : tensor<2x5x7xf32>, tensor<2x5xf32>) outs(%e : tensor<2x5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %out: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<2x5x7xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x5x7xf32>, tensor<2x7x6xf32>) outs(%o0 : tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  return %o : tensor<2x5x6xf32>
}
