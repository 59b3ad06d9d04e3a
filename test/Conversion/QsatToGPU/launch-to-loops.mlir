// RUN: qsat-opt --qsat-launch-to-loops --split-input-file --verify-diagnostics %s | FileCheck %s

// CHECK-LABEL: func.func @host(
// CHECK:         scf.parallel (%{{.*}}, %{{.*}}, %{{.*}}) = (%c0{{.*}}) to (%arg1, %c1{{.*}}, %c1{{.*}})
// CHECK-COUNT-3: scf.for
// CHECK:         func.call @scale
// CHECK-LABEL: func.func private @scale(
// CHECK-SAME:    %[[BX:.*]]: index, %{{.*}}: index, %{{.*}}: index, %[[TX:.*]]: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %[[NX:.*]]: index, %{{.*}}: index, %{{.*}}: index, %[[X:.*]]: memref<?xf32>)
// CHECK-NEXT:    %[[FIRST:.*]] = arith.muli %[[BX]], %[[NX]]
// CHECK-NEXT:    %[[I:.*]] = arith.addi %[[FIRST]], %[[TX]]
// CHECK:         memref.store %{{.*}}, %[[X]][%[[I]]]
// CHECK-NEXT:    return
// CHECK-NOT:     gpu.
module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @scale(%x: memref<?xf32>) kernel {
      %block = gpu.block_id x
      %size = gpu.block_dim x
      %thread = gpu.thread_id x
      %first = arith.muli %block, %size : index
      %i = arith.addi %first, %thread : index
      %y = memref.load %x[%i] : memref<?xf32>
      %z = arith.addf %y, %y : f32
      memref.store %z, %x[%i] : memref<?xf32>
      gpu.return
    }
  }
  func.func @host(%x: memref<?xf32>, %n: index) {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    gpu.launch_func @kernels::@scale blocks in (%n, %c1, %c1) threads in (%c64, %c1, %c1) args(%x : memref<?xf32>)
    return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @wait() kernel {
      // expected-error @+1 {{'gpu.barrier' op expected a kernel whose threads do not depend on each other}}
      gpu.barrier
      gpu.return
    }
  }
  func.func @host() {
    %c1 = arith.constant 1 : index
    gpu.launch_func @kernels::@wait blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    // expected-error @+1 {{'gpu.func' op expected a kernel without memory that threads share}}
    gpu.func @share() workgroup(%shared: memref<4xf32, #gpu.address_space<workgroup>>) kernel {
      gpu.return
    }
  }
  func.func @host() {
    %c1 = arith.constant 1 : index
    gpu.launch_func @kernels::@share blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
}
