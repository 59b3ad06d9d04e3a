// RUN: qsat-opt %s --qsat-raise-attention=allow-unshifted-softmax | FileCheck %s
// RUN: qsat-opt %s --qsat-raise-attention | FileCheck %s --check-prefix=SAFE

// exp(z - c) / sum exp(z - c) is softmax z in real numbers, whatever c is. In floats it may
// overflow, which attention does not: raised only when the option allows that.
// SAFE-NOT: qsat.attention

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> ()>
#qk = affine_map<(i, j, d) -> (i, d)>
#kk = affine_map<(i, j, d) -> (j, d)>
#ij = affine_map<(i, j, d) -> (i, j)>

// exp(z) / sum exp(z)
// CHECK-LABEL: func.func @no_shift
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @no_shift
// SAFE-NOT: qsat.attention
func.func @no_shift(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// (sum exp(z) v) / sum exp(z)
// CHECK-LABEL: func.func @no_shift_deferred
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @no_shift_deferred
// SAFE-NOT: qsat.attention
func.func @no_shift_deferred(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %o1 = linalg.matmul ins(%w, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  %o = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%o1, %l : tensor<5x6xf32>, tensor<5xf32>) outs(%oe : tensor<5x6xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// exp2(z): the scale takes the change of the base.
// CHECK-LABEL: func.func @power_of_two
// CHECK: qsat.attention{{.*}}scale = 0.69314718{{[0-9]*}} : f64
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @power_of_two
// SAFE-NOT: qsat.attention
func.func @power_of_two(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp2 %x : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// A number that bounds the scores, as FlashDecoding++ has it.
// CHECK-LABEL: func.func @constant_shift
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @constant_shift
// SAFE-NOT: qsat.attention
func.func @constant_shift(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %o: f32):
    %c = arith.constant 8.0 : f32
    %d = arith.subf %x, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// max(0, max z): an exponential of large negative scores underflows.
// CHECK-LABEL: func.func @maximum_from_zero
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @maximum_from_zero
// SAFE-NOT: qsat.attention
func.func @maximum_from_zero(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %m0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %m = linalg.reduce { arith.maximumf } ins(%s : tensor<5x7xf32>) outs(%m0 : tensor<5xf32>) dimensions = [1]
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %m : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %c: f32, %o: f32):
    %d = arith.subf %x, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// The maximum of the matrix: rows far below it underflow.
// CHECK-LABEL: func.func @maximum_of_all_rows
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @maximum_of_all_rows
// SAFE-NOT: qsat.attention
func.func @maximum_of_all_rows(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %least = arith.constant 0xFF800000 : f32
  %a = tensor.empty() : tensor<f32>
  %m0 = linalg.fill ins(%least : f32) outs(%a : tensor<f32>) -> tensor<f32>
  %m = linalg.reduce { arith.maximumf } ins(%s : tensor<5x7xf32>) outs(%m0 : tensor<f32>) dimensions = [0, 1]
  %w = linalg.generic {indexing_maps = [#id, #all, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %m : tensor<5x7xf32>, tensor<f32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %c: f32, %o: f32):
    %d = arith.subf %x, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}

// A number for each row, such as the statistics of an earlier pass.
// CHECK-LABEL: func.func @number_of_the_row
// CHECK: qsat.attention
// CHECK-NOT: math.exp
// SAFE-LABEL: func.func @number_of_the_row
// SAFE-NOT: qsat.attention
func.func @number_of_the_row(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>, %bound: tensor<5xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x7xf32>
  %r = tensor.empty() : tensor<5xf32>
  %oe = tensor.empty() : tensor<5x6xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  %s = linalg.contract indexing_maps = [#qk, #kk, #ij] ins(%q, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%s0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %bound : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %c: f32, %o: f32):
    %d = arith.subf %x, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%r : tensor<5xf32>) -> tensor<5xf32>
  %l = linalg.reduce { arith.addf } ins(%w : tensor<5x7xf32>) outs(%l0 : tensor<5xf32>) dimensions = [1]
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<5x6xf32>) -> tensor<5x6xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%w, %l : tensor<5x7xf32>, tensor<5xf32>) outs(%e : tensor<5x7xf32>) {
  ^bb0(%x: f32, %sum: f32, %o: f32):
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x6xf32>) outs(%o0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %o : tensor<5x6xf32>
}
