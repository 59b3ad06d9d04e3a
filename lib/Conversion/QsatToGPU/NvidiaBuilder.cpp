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
void NvidiaBuilder::syncWarp() { create<NVVM::SyncWarpOp>(i32(kAllLanes)); }
void NvidiaBuilder::fenceDevice() { create<LLVM::FenceOp>(LLVM::AtomicOrdering::acq_rel, "device"); }

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

Value NvidiaBuilder::loadSharedF32(Value address) {
  return create<LLVM::LoadOp>(getF32Type(), sharedPointer(address), /*alignment=*/4, /*isVolatile=*/true);
}

void NvidiaBuilder::storeShared(Value value, Value address) {
  create<LLVM::StoreOp>(value, sharedPointer(address), /*alignment=*/4, /*isVolatile=*/true);
}

static constexpr unsigned kGlobal = 1;

void NvidiaBuilder::copyAsync(Value address, Value source, Value isInside) {
  constexpr unsigned kBytes = 16;
  Value from = create<LLVM::IntToPtrOp>(pointer(kGlobal), source);
  Value bytes = select(isInside, i32(kBytes), i32(0));
  create<NVVM::CpAsyncOp>(sharedPointer(address), from, kBytes,
                          NVVM::LoadCacheModifierKind::CG, bytes);
}

void NvidiaBuilder::commitCopies() { create<NVVM::CpAsyncCommitGroupOp>(); }
void NvidiaBuilder::waitCopies(int64_t pending) { create<NVVM::CpAsyncWaitGroupOp>(pending); }

/// The fields of a struct.
static Values unpack(NvidiaBuilder &b, Value value, int64_t count) {
  Values fields;
  for (int64_t i = 0; i < count; ++i)
    fields.push_back(b.create<LLVM::ExtractValueOp>(value, i));
  return fields;
}

Values NvidiaBuilder::loadMatrices(Value address, bool transposed) {
  constexpr int64_t kCount = 4;
  Type type = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(kCount, getI32Type()));
  auto shape = NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8);
  Value matrices = create<NVVM::LdMatrixOp>(type, sharedPointer(address), kCount,
                                            transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape,
                                            NVVM::LdStMatrixEltType::B16);
  return unpack(*this, matrices, kCount);
}

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

Values NvidiaBuilder::loadGlobal(Value address, int64_t count) {
  auto type = VectorType::get(count, getF32Type());
  Value from = create<LLVM::IntToPtrOp>(pointer(kGlobal), address);
  Value vector = create<LLVM::LoadOp>(type, from, /*alignment=*/4 * count);
  Values values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(create<LLVM::ExtractElementOp>(vector, i32(i)));
  return values;
}

void NvidiaBuilder::storeGlobal(ValueRange values, Value address) {
  Value vector = create<LLVM::PoisonOp>(VectorType::get(values.size(), getF32Type()));
  for (auto [i, value] : llvm::enumerate(values))
    vector = create<LLVM::InsertElementOp>(vector, value, i32(i));
  Value to = create<LLVM::IntToPtrOp>(pointer(kGlobal), address);
  create<LLVM::StoreOp>(vector, to, /*alignment=*/4 * values.size());
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Values NvidiaBuilder::multiplyAdd(ValueRange c, ValueRange a, ValueRange b, FloatType element) {
  // bf16 pairs are i32 for this op, those of f16 vectors.
  auto asOperand = [&](ValueRange pairs) {
    Values operands(pairs);
    if (element.isF16())
      for (Value &pair : operands)
        pair = create<LLVM::BitcastOp>(VectorType::get(2, element), pair);
    return operands;
  };
  NVVM::MMATypes type = element.isBF16() ? NVVM::MMATypes::bf16 : NVVM::MMATypes::f16;
  Type result = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(c.size(), getF32Type()));
  Value sum = create<NVVM::MmaOp>(result, asOperand(a), asOperand(b), c, ArrayRef<int64_t>{16, 8, 16}, std::nullopt,
                                  std::nullopt, std::array<NVVM::MMATypes, 2>{type, type},
                                  std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return unpack(*this, sum, c.size());
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
