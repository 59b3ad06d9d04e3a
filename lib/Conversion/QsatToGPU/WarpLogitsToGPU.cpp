//===- WarpLogitsToGPU.cpp - Scores by warps, to launches -----------------===//

#include "NvidiaKernel.h"
#include "WarpGroups.h"
#include "WarpLogits.h"

using namespace mlir;
using namespace qsat;

SmallVector<Value *> WarpLogitsArguments::fields() {
  SmallVector<Value *> all;
  for (RowArray *array : {&q, &k})
    for (Value *field : {&array->data, &array->batch, &array->head, &array->row})
      all.push_back(field);
  all.append({&means, &variances, &masses, &heads, &kvShare, &rows, &keys, &queryBlocks, &keyBlocks, &mask.highShift,
              &mask.lowShift, &mask.sinks});
  llvm::erase_if(all, [](Value *value) { return !*value; });
  return all;
}

WarpLogitsArguments qsat::describeScores(HostBuilder &b, const FlashOp &op, Value masses) {
  HostBuilder::Array q = b.describe(op.q), k = b.describe(op.k), out = b.describe(masses);
  // Loads are of 16 bytes: the runtime tells of arrays that are not made for it.
  auto pass = [&](const HostBuilder::Array &array) {
    SmallVector<Value> arguments{array.data, b.i64(2)};
    llvm::append_range(arguments, ArrayRef(array.extents).drop_back());
    llvm::append_range(arguments, ArrayRef(array.strides).drop_back());
    return RowArray{b.call("qsat_gpu_rows", b.pointer(), arguments), array.strides[0], array.strides[1],
                    array.strides[2]};
  };
  WarpLogitsArguments args;
  args.q = pass(q);
  args.k = pass(k);
  args.masses = out.data;
  args.heads = b.toI32(q.extents[1]);
  args.kvShare = b.toI32(b.div(q.extents[1], k.extents[1]));
  args.rows = b.toI32(q.extents[2]);
  args.keys = b.toI32(k.extents[2]);
  args.queryBlocks = b.toI32(out.extents[2]);
  args.keyBlocks = b.toI32(out.extents[3]);
  args.mask = MaskArguments::get(b, op);
  return args;
}

/// What both kernels ask of q and k.
static std::string whyNoRows(AmplitudeScoreOp op, const GPUTarget &target) {
  std::string reason;
  llvm::raw_string_ostream os(reason);
  auto q = cast<MemRefType>(op.getQ().getType()), k = cast<MemRefType>(op.getK().getType());
  int64_t width = q.getDimSize(3);
  if (!target.hasWarpMMA)
    os << "the chip has no mma.sync";
  else if (!q.getElementType().isBF16() && !q.getElementType().isF16())
    os << "expected q and k of bf16 or f16, but got " << q.getElementType();
  else if (q.getStridesAndOffset().first.back() != 1 || k.getStridesAndOffset().first.back() != 1)
    os << "expected rows of q and k with unit stride";
  else if (width % WarpRows::kChunk || width <= 0 || width > 256)
    os << "expected a head width that is a multiple of 32 up to 256, but got " << width;
  return reason;
}

std::string qsat::whyNoWarpLogits(AmplitudeScoreOp op, const GPUTarget &target) {
  std::string reason = whyNoRows(op, target);
  llvm::raw_string_ostream os(reason);
  if (reason.empty() && (op.getBlockM() % WarpLogits::kRows || op.getBlockN() % 32))
    os << "expected block_m that is a multiple of 16 and block_n of 32, but got " << op.getBlockM() << " and "
       << op.getBlockN();
  return reason;
}

std::string qsat::whyNoWarpGroups(AmplitudeScoreOp op, const GPUTarget &target) {
  std::string reason = whyNoRows(op, target);
  llvm::raw_string_ostream os(reason);
  if (reason.empty() && op.getBlockN() != WarpGroups::kColumns * op.getStride())
    os << "expected a block_n of 8 groups of keys, but got " << op.getBlockN() << " keys and a stride of "
       << op.getStride();
  else if (reason.empty() && op.hasScoreRegion())
    os << "expected no score region";
  return reason;
}

/// A launch of `blocks` thread blocks for each head, unless there is nothing to do.
/// `build` fills the kernel.
static void launchScores(AmplitudeScoreOp score, StringRef name, const FlashOp &op, Value masses,
                         const BlockMeans *means, int64_t threads, GPULoweringContext &context,
                         function_ref<Value(HostBuilder &, const HostBuilder::Array &)> countBlocks,
                         function_ref<void(NvidiaBuilder &, const WarpLogitsArguments &)> build) {
  HostBuilder b(score.getLoc(), OpBuilder(score), context.symbols);
  HostBuilder::Array q = b.describe(op.q), out = b.describe(masses);
  Value blocks = countBlocks(b, out);
  Value total = b.mul(b.mul(q.extents[0], q.extents[1]), b.mul(blocks, out.extents[3]));
  Value isEmpty = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, total, b.i64(0));
  auto unless = b.create<scf::IfOp>(isEmpty, /*withElseRegion=*/true);
  b.setInsertionPoint(unless.elseYield());

  WarpLogitsArguments args = describeScores(b, op, masses);
  if (means) {
    args.means = b.describe(means->mean).data;
    if (means->variance)
      args.variances = b.describe(means->variance).data;
  }
  SymbolRefAttr kernel = context.getKernel(score, name, [&](gpu::GPUModuleOp module) {
    NvidiaBuilder device(score.getLoc(), OpBuilder::atBlockEnd(module.getBody()));
    WarpLogitsArguments inside = args;
    beginKernel(device, name, inside.fields(), threads, /*blocks=*/2);
    build(device, inside);
    endKernel(device);
  });
  Value stream = b.call("qsat_gpu_stream", b.pointer(), {});
  launchKernel(b, kernel, {blocks, q.extents[1], q.extents[0], threads, /*sharedBytes=*/0}, args.fields(), stream);
}

void qsat::launchWarpLogits(AmplitudeScoreOp score, const SampledRows &sampled, Value masses, const BlockMeans &keys,
                            GPULoweringContext &context) {
  FlashOp op(score);
  auto countBlocks = [&](HostBuilder &b, const HostBuilder::Array &out) {
    return b.ceilDiv(b.mul(out.extents[2], b.i64(sampled.blockRows / (WarpLogits::groupsOf(op, sampled) * WarpLogits::kRows))), WarpLogits::kWarps);
  };
  launchScores(score, "qsat_score_blocks", op, masses, &keys, WarpLogits::kThreads, context, countBlocks,
               [&](NvidiaBuilder &b, const WarpLogitsArguments &args) { WarpLogits(b, op, sampled, args).build(); });
}

void qsat::launchWarpGroups(AmplitudeScoreOp score, const SampledRows &sampled, Value masses,
                            GPULoweringContext &context) {
  FlashOp op(score);
  auto countBlocks = [&](HostBuilder &b, const HostBuilder::Array &out) {
    Value rows = b.ceilDiv(b.mul(out.extents[2], b.i64(sampled.perBlock)), WarpGroups::kGroups);
    return b.ceilDiv(b.mul(rows, b.ceilDiv(out.extents[3], WarpGroups::kBlocks)), WarpGroups::kWarps);
  };
  launchScores(score, "qsat_score_groups", op, masses, /*means=*/nullptr, WarpGroups::kThreads, context, countBlocks,
               [&](NvidiaBuilder &b, const WarpLogitsArguments &args) { WarpGroups(b, op, sampled, args).build(); });
}
