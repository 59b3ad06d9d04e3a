//===- HopperPlan.cpp - Extents of the attention kernel -------------------===//

#include "HopperPlan.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qsat;

/// Areas of tiles in shared memory start at multiples of it (128-byte swizzle).
static constexpr int64_t kAlignment = 1024;

SmallVector<Value *> HopperArguments::fields() {
  SmallVector<Value *> all{&q,       &k,       &v,         &o,
                           &counter, &lse,     &kept,      &lists.indices,
                           &lists.counts, &allHeads, &heads,  &kvShare,
                           &rows,    &keys,    &headGroup, &lists.share,
                           &lists.blocks, &lists.max, &mask.highShift, &mask.lowShift,
                           &mask.sinks};
  llvm::append_range(all, region.fields());
  llvm::erase_if(all, [](Value *value) { return !*value; });
  return all;
}

/// Lays the areas out for the given tile; false where they do not fit.
static bool layOut(HopperPlan &plan, int64_t sharedBytes) {
  plan.q = 0;
  plan.k = llvm::alignTo(plan.groups * plan.queryBytes(), kAlignment);
  plan.v = plan.k + plan.stages * plan.keyBytes();
  int64_t end = plan.v + plan.stages * plan.valueBytes();
  int64_t words = 16 + 32 * plan.stages + 16 + 4 * plan.stages * plan.parts();
  int64_t output = plan.groups * plan.outputBytes();
  bool fits = end + output + words <= sharedBytes;
  plan.o = fits ? end : plan.q;
  plan.barriers = fits ? end + output : end;
  plan.slots = plan.barriers + 16 + 32 * plan.stages;
  plan.sharedBytes = plan.barriers + words;
  // Without an area of its own O takes that of Q.
  return plan.sharedBytes <= sharedBytes && (fits || plan.valueWidth <= plan.width);
}

llvm::Expected<HopperPlan> HopperPlan::get(const FlashOp &op, const GPUTarget &target, int64_t keys) {
  auto fail = [](const llvm::Twine &reason) { return llvm::createStringError(reason); };
  HopperPlan plan;
  auto width = [](Value v) { return cast<MemRefType>(v.getType()).getDimSize(3); };
  plan.width = width(op.q);
  plan.valueWidth = width(op.v);
  int64_t widest = std::max(plan.width, plan.valueWidth);
  if (plan.width % 64 || plan.valueWidth % 64 || widest > 256)
    return fail("expected head widths of 64, 128, 192 or 256, but got " + llvm::Twine(plan.width) + " and " +
                llvm::Twine(plan.valueWidth));

  // Three groups of 64 rows hold their accumulators only for narrow heads. Lists
  // are for blocks of whole tiles of rows.
  plan.groups = widest <= 64 && !op.isSparse ? 3 : 2;
  // The launch gives (groups + 1) x 128 threads equal shares; the consumers take
  // what the producer gives back (measured: no spills on either side).
  plan.producerRegisters = plan.groups == 3 ? 32 : 40;
  plan.consumerRegisters = plan.groups == 3 ? 160 : 232;
  if (op.isSparse && op.blockRows % plan.rows())
    return fail("expected block_m to be a multiple of " + llvm::Twine(plan.rows()) + ", but got " +
                llvm::Twine(op.blockRows));
  // Scores, weights and outputs of a thread are in registers: keys / 2 +
  // keys / 4 + Dv / 2. A score region needs some for itself.
  // Below a diagonal narrow tiles waste less.
  int64_t most = widest <= 64 && hasHighBound(op) && !op.isSparse ? 112
                 : op.isSparse || op.region || widest <= 64 ? 128 : widest <= 128 ? 176
                 : widest <= 192 ? 112 : 80;
  if (op.isSparse) {
    if (op.blockKeys != 64 && op.blockKeys != 128)
      return fail("expected block_n to be 64 or 128, but got " + llvm::Twine(op.blockKeys));
    most = widest <= 128 ? 128 : 64;
    if (op.blockKeys > most)
      return fail("expected block_n to be at most " + llvm::Twine(most) + " for heads of width " +
                  llvm::Twine(widest) + ", but got " + llvm::Twine(op.blockKeys));
  }
  plan.keys = keys && !op.isSparse ? keys : most;
  plan.blockKeys = op.isSparse ? op.blockKeys : plan.keys;
  if (plan.keys % 16 || plan.keys > 256 || plan.keys < 16)
    return fail("expected tiles of a multiple of 16 up to 256 keys, but got " + llvm::Twine(plan.keys));
  for (plan.stages = 2; plan.stages > 0; --plan.stages)
    if (layOut(plan, target.sharedBytes))
      return plan;
  return fail("expected tiles that fit " + llvm::Twine(target.sharedBytes) +
              " bytes of shared memory, but got tiles of " + llvm::Twine(plan.keys) + " keys of widths " +
              llvm::Twine(plan.width) + " and " + llvm::Twine(plan.valueWidth));
}
