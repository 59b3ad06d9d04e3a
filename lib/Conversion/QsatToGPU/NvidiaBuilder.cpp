//===- NvidiaBuilder.cpp - What NVIDIA's GPUs add to a kernel -------------===//

#include "NvidiaBuilder.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

static constexpr int64_t kAllLanes = -1, kLastLane = 31;

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

Value NvidiaBuilder::threadId() { return create<NVVM::ThreadIdXOp>(getI32Type()); }
Value NvidiaBuilder::blockId() { return create<NVVM::BlockIdXOp>(getI32Type()); }
Value NvidiaBuilder::gridSize() { return create<NVVM::GridDimXOp>(getI32Type()); }

Value NvidiaBuilder::uniform(Value value) {
  return create<NVVM::ShflOp>(value.getType(), i32(kAllLanes), value, i32(0), i32(kLastLane),
                              NVVM::ShflKind::idx, UnitAttr());
}

Value NvidiaBuilder::exchange(Value value, int64_t lanes) {
  return create<NVVM::ShflOp>(value.getType(), i32(kAllLanes), value, i32(lanes), i32(kLastLane),
                              NVVM::ShflKind::bfly, UnitAttr());
}

void NvidiaBuilder::syncBlock() { create<NVVM::BarrierOp>(); }

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

Value NvidiaBuilder::sharedPointer(Value address) {
  return create<LLVM::IntToPtrOp>(pointer(/*space=*/3), address);
}

// Volatile: only barriers that LLVM does not see through order these.
Value NvidiaBuilder::loadShared(Value address) {
  return create<LLVM::LoadOp>(getI32Type(), sharedPointer(address), /*alignment=*/4,
                              /*isVolatile=*/true);
}

void NvidiaBuilder::storeShared(Value value, Value address) {
  create<LLVM::StoreOp>(value, sharedPointer(address), /*alignment=*/4, /*isVolatile=*/true);
}

//===----------------------------------------------------------------------===//
// Special functions and conversions
//===----------------------------------------------------------------------===//

Value NvidiaBuilder::reciprocal(Value x) {
  return create<NVVM::RcpApproxFtzF32Op>(x.getType(), x);
}

Value NvidiaBuilder::log2(Value x) {
  return assembly(x.getType(), "lg2.approx.ftz.f32 $0, $1;", "=f,f", x, /*pure=*/true);
}

Value NvidiaBuilder::pack(Value low, Value high, FloatType element) {
  auto pair = VectorType::get(2, element);
  Value packed =
      element.isBF16()
          ? create<NVVM::ConvertF32x2ToBF16x2Op>(pair, high, low, Value(), NVVM::FPRoundingMode::RN)
                .getResult()
          : create<NVVM::ConvertF32x2ToF16x2Op>(pair, high, low, Value(), NVVM::FPRoundingMode::RN)
                .getResult();
  return create<LLVM::BitcastOp>(getI32Type(), packed);
}
