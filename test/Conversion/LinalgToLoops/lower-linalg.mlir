// RUN: qsat-opt %s --qsat-lower-linalg="cpu=x86-64-v4" --split-input-file | FileCheck %s

// What is the same for a row is read before the loop over vectors.

// CHECK-LABEL: func.func @rows(
// CHECK-NEXT: call @qsat_generic_all(
// CHECK: func.func private @qsat_generic(
// CHECK: scf.for
// CHECK: %[[S:.*]] = memref.load
// CHECK: %[[ROOT:.*]] = math.rsqrt %[[S]] : f32
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<4096x256xf32>, vector<16xf32>
// CHECK: vector.broadcast %[[ROOT]] : f32 to vector<16xf32>
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK: func.func private @qsat_generic_all(
// CHECK: scf.parallel
// CHECK: func.call @qsat_generic(
func.func @rows(%x: memref<4096x256xf32>, %s: memref<4096xf32>, %o: memref<4096x256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<4096x256xf32>, memref<4096xf32>) outs(%o : memref<4096x256xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %root = math.rsqrt %b : f32
    %product = arith.mulf %a, %root : f32
    linalg.yield %product : f32
  }
  return
}

// -----

// Partial sums by lane.

// CHECK-LABEL: func.func @sum(
// CHECK: func.func private @qsat_generic(
// CHECK: %[[PARTIAL:.*]] = scf.for {{.*}} -> (vector<16xf32>)
// CHECK: arith.addf %{{.*}} : vector<16xf32>
// CHECK: vector.reduction <add>, %[[PARTIAL]]
func.func @sum(%x: memref<4096x256xf32>, %o: memref<4096xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4096x256xf32>) outs(%o : memref<4096xf32>) {
  ^bb0(%a: f32, %out: f32):
    %sum = arith.addf %a, %out : f32
    linalg.yield %sum : f32
  }
  return
}

// -----

// An embedding: the row is found and checked once, then copied by vectors.

// CHECK-LABEL: func.func @embedding(
// CHECK: func.func private @qsat_generic(
// CHECK: cf.assert
// CHECK: scf.for
// CHECK-NOT: cf.assert
// CHECK: vector.load %{{.*}} : memref<256x64xf32>, vector<16xf32>
// CHECK-NOT: cf.assert
// CHECK: func.func private @qsat_generic_all
func.func @embedding(%ids: memref<4096xi64>, %table: memref<256x64xf32>, %o: memref<4096x64xf32>) {
  %c256 = arith.constant 256 : index
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%ids : memref<4096xi64>) outs(%o : memref<4096x64xf32>) {
  ^bb0(%id: i64, %out: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %valid = arith.cmpi slt, %row, %c256 : index
    cf.assert %valid, "index must be smaller than dim size"
    %value = memref.load %table[%row, %column] : memref<256x64xf32>
    linalg.yield %value : f32
  }
  return
}

// -----

// i1 has another layout in memory than in a vector: plain loops.

// CHECK-LABEL: func.func @mask(
// CHECK: func.func private @qsat_generic(
// CHECK-NOT: vector
// CHECK: func.func private @qsat_generic_all(
// A small op runs on the calling thread.
// CHECK-NOT: scf.parallel
func.func @mask(%a: memref<32xi1>, %o: memref<32xi1>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : memref<32xi1>) outs(%o : memref<32xi1>) {
  ^bb0(%x: i1, %out: i1):
    %true = arith.constant true
    %not = arith.xori %x, %true : i1
    linalg.yield %not : i1
  }
  return
}

// -----

// CHECK-LABEL: func.func @copy(
// CHECK-NOT: memref.copy
// CHECK: call @qsat_copy_all(
func.func @copy(%a: memref<64x32xf32, strided<[64, 1]>>, %o: memref<64x32xf32>) {
  memref.copy %a, %o : memref<64x32xf32, strided<[64, 1]>> to memref<64x32xf32>
  return
}
