//===- HopperBuilder.cpp - What Hopper adds to a kernel -------------------===//

#include "HopperBuilder.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qsat;

using Values = DeviceBuilder::Values;

/// Attempts of one try_wait before it is asked again.
static constexpr int64_t kWaitTicks = 10000000;

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void HopperBuilder::releaseRegisters(int64_t count) {
  create<NVVM::SetMaxRegisterOp>(count, NVVM::SetMaxRegisterAction::decrease);
}

void HopperBuilder::takeRegisters(int64_t count) {
  create<NVVM::SetMaxRegisterOp>(count, NVVM::SetMaxRegisterAction::increase);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void HopperBuilder::initBarrier(Value address, int64_t arrivals) {
  create<NVVM::MBarrierInitOp>(sharedPointer(address), i32(arrivals), Value());
}

void HopperBuilder::fenceBarrierInit() { create<NVVM::FenceMbarrierInitOp>(); }

void HopperBuilder::arrive(Value barrier) {
  create<NVVM::MBarrierArriveOp>(Type(), sharedPointer(barrier), Value());
}

void HopperBuilder::arriveExpecting(Value barrier, int64_t bytes) {
  create<NVVM::MBarrierArriveExpectTxOp>(Type(), sharedPointer(barrier), i32(bytes),
                                         NVVM::MemScopeKind::CTA, /*relaxed=*/false, Value());
}

void HopperBuilder::wait(Value barrier, Value phase) {
  create<NVVM::MBarrierTryWaitParityOp>(sharedPointer(barrier), phase, i32(kWaitTicks));
}

void HopperBuilder::syncNamed(Value number, int64_t threads) {
  create<NVVM::BarrierOp>(Type(), number, i32(threads), NVVM::BarrierReductionAttr(), Value());
}

void HopperBuilder::arriveNamed(Value number, int64_t threads) {
  create<NVVM::BarrierArriveOp>(number, i32(threads));
}

//===----------------------------------------------------------------------===//
// Shared memory and copies
//===----------------------------------------------------------------------===//

void HopperBuilder::prefetchMap(Value map) {
  create<NVVM::PrefetchOp>(NVVM::PrefetchCacheLevelAttr(), NVVM::CacheEvictionPriorityAttr(), map,
                           Value(), /*tensormap=*/true);
}

void HopperBuilder::loadBox(Value address, Value map, Value barrier, ValueRange coordinates) {
  constexpr unsigned kSharedOfCluster = 7;
  Value target = create<LLVM::AddrSpaceCastOp>(pointer(kSharedOfCluster), sharedPointer(address));
  create<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(
      target, map, coordinates, sharedPointer(barrier), /*im2colOffsets=*/ValueRange(),
      /*multicastMask=*/Value(), /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE,
      /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), Value());
}

void HopperBuilder::storeBox(Value map, Value address, ValueRange coordinates) {
  create<NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp>(map, sharedPointer(address), coordinates,
                                                     /*l2CacheHint=*/Value(),
                                                     NVVM::TMAStoreMode::TILE, Value());
}

void HopperBuilder::commitStores() { create<NVVM::CpAsyncBulkCommitGroupOp>(); }
void HopperBuilder::waitStoresRead() {
  create<NVVM::CpAsyncBulkWaitGroupOp>(0u, getUnitAttr());
}
void HopperBuilder::waitStores() { create<NVVM::CpAsyncBulkWaitGroupOp>(0u, UnitAttr()); }

void HopperBuilder::fenceForCopies() {
  auto space = NVVM::SharedSpaceAttr::get(getContext(), NVVM::SharedSpace::shared_cta);
  create<NVVM::FenceProxyOp>(NVVM::ProxyKind::async_shared, space);
}

void HopperBuilder::storeMatrices(Value address, ValueRange registers) {
  auto shape = NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8);
  create<NVVM::StMatrixOp>(sharedPointer(address), registers, NVVM::MMALayout::row, shape,
                           NVVM::LdStMatrixEltType::B16);
}

//===----------------------------------------------------------------------===//
// Warpgroup products
//===----------------------------------------------------------------------===//

// The 64-bit matrix descriptor (PTX ISA, wgmma): address, leading and stride
// byte offsets in units of 16 bytes, and the swizzle in the last two bits.
Value HopperBuilder::descriptor(Value address, int64_t panelBytes) {
  constexpr uint64_t kSwizzle128 = 1ull << 62, kRowGroupBytes = 1024;
  uint64_t constant = kSwizzle128 | (kRowGroupBytes / kDescriptorUnit) << 32 |
                      static_cast<uint64_t>(panelBytes / kDescriptorUnit) << 16;
  Value start = extendUnsigned(shiftRight(address, 4));
  return createOrFold<arith::AddIOp>(start, i64(static_cast<int64_t>(constant)));
}

Value HopperBuilder::advance(Value descriptor, int64_t bytes) {
  return createOrFold<arith::AddIOp>(descriptor, i64(bytes / kDescriptorUnit));
}

Values HopperBuilder::startProduct(Value a, Value b, int64_t keys, int64_t width,
                                   FloatType element) {
  SmallVector<Type> accumulators(keys / 2, getF32Type());
  Type type = LLVM::LLVMStructType::getLiteral(getContext(), accumulators);
  auto shape = NVVM::MMAShapeAttr::get(getContext(), kGroupRows, keys, kStep);
  auto operand = element.isBF16() ? NVVM::WGMMATypes::bf16 : NVVM::WGMMATypes::f16;
  create<NVVM::WgmmaFenceAlignedOp>();
  Value sum = create<LLVM::UndefOp>(type);
  for (int64_t k = 0; k < width; k += kStep) {
    int64_t panel = k / kPanelColumns, inPanel = k % kPanelColumns * 2;
    Value stepA = advance(a, panel * kGroupRows * kPanelBytes + inPanel);
    Value stepB = advance(b, panel * keys * kPanelBytes + inPanel);
    sum = create<NVVM::WgmmaMmaAsyncOp>(
        type, sum, stepA, stepB, shape, operand, operand, NVVM::WGMMATypes::f32,
        k == 0 ? NVVM::WGMMAScaleOut::zero : NVVM::WGMMAScaleOut::one, NVVM::WGMMAScaleIn::one,
        NVVM::WGMMAScaleIn::one, NVVM::MMALayout::row, NVVM::MMALayout::col,
        NVVM::MMAIntOverflowAttr());
  }
  create<NVVM::WgmmaGroupSyncAlignedOp>();
  Values result;
  for (int64_t i = 0; i < keys / 2; ++i)
    result.push_back(create<LLVM::ExtractValueOp>(sum, i));
  return result;
}

// No op of the dialect takes A from registers. One block for all steps: ptxas
// keeps their products in one pipeline.
Values HopperBuilder::startUpdate(ValueRange o, ValueRange p, Value v, int64_t keys,
                                  int64_t columns, FloatType element) {
  int64_t outputs = o.size(), pairs = p.size(), firstPair = 2 * outputs;
  std::string accumulators, ptx, constraints;
  auto list = [](int64_t begin, int64_t end) {
    std::string text;
    for (int64_t i = begin; i < end; ++i)
      text += (i == begin ? "$" : ", $") + std::to_string(i);
    return "{" + text + "}";
  };
  accumulators = list(0, outputs);
  ptx = "{\n.reg .pred on;\n.reg .b64 v;\nsetp.ne.b32 on, 1, 0;\nwgmma.fence.sync.aligned;\n";
  for (int64_t step = 0; step < keys / kStep; ++step) {
    int64_t first = firstPair + 4 * step;
    ptx += llvm::formatv("add.s64 v, ${0}, {1};\n"
                         "wgmma.mma_async.sync.aligned.m64n{2}k16.f32.{3}.{3} {4}, {5}, v, on, 1, 1, 1;\n",
                         firstPair + pairs, step * kStep * kPanelBytes / kDescriptorUnit, columns,
                         element.isBF16() ? "bf16" : "f16", accumulators, list(first, first + 4))
               .str();
  }
  ptx += "wgmma.commit_group.sync.aligned;\n}";
  for (int64_t i = 0; i < outputs; ++i)
    constraints += "=f,";
  for (int64_t i = 0; i < outputs; ++i)
    constraints += std::to_string(i) + ",";
  for (int64_t i = 0; i < pairs; ++i)
    constraints += "r,";
  constraints += "l";
  Values operands(o);
  llvm::append_range(operands, p);
  operands.push_back(v);
  SmallVector<Type> types(outputs, getF32Type());
  Type type = LLVM::LLVMStructType::getLiteral(getContext(), types);
  Value sum = assembly(type, ptx, constraints, operands, /*pure=*/false);
  Values result;
  for (int64_t i = 0; i < outputs; ++i)
    result.push_back(create<LLVM::ExtractValueOp>(sum, i));
  return result;
}

void HopperBuilder::waitProducts(int64_t pending) {
  create<NVVM::WgmmaWaitGroupSyncOp>(static_cast<uint64_t>(pending));
}
