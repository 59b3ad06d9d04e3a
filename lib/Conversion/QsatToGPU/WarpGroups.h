//===- WarpGroups.h - Groups of rows by antidiagonals, by warps -*- C++ -*-===//
// What GroupMasses.cpp computes one by one, as products of a warp (sm_80 and newer).
// A group is `stride` rows; a key block is 8 groups of keys, the columns of a product.
// A warp has 16 groups of rows and looks at 4 key blocks:
//
//   for t: S_t [16,8] = <row t of a group, key stride - 1 - t of a group>
//          sum, count += S_t where the pair is seen
//   s = log2 sum_8 2^(scale log2(e) sum / count)

#ifndef QSAT_CONVERSION_QSATTOGPU_WARPGROUPS_H
#define QSAT_CONVERSION_QSATTOGPU_WARPGROUPS_H

#include "WarpScores.h"

namespace qsat {

class WarpGroups : public WarpScores {
public:
  static constexpr int64_t kGroups = 16;
  /// Groups of keys of a block; key blocks of a warp.
  static constexpr int64_t kColumns = 8, kBlocks = 4;

  WarpGroups(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled, const WarpLogitsArguments &args)
      : WarpScores(b, op, sampled, args) {}

  void build();

private:
  void findPlace();
  /// Of each key block, of the thread's scores: s, for both rows.
  Values findMasses();
  /// <q, k> of pair `t` of the groups, 4 for each key block.
  Values scorePairs(Value t);
  Value sees(Value row, Value key);
  /// s of a key block from the thread's sums and counts.
  Value massOf(mlir::ValueRange sums, mlir::ValueRange counts);
  void store(Value mass, Value block, int64_t r);

  Value firstGroup, group[2]; ///< of rows: of the warp, and of the thread
  Value firstBlock;           ///< of keys
  Value groups;               ///< of all rows
};

/// Why there is no kernel of this kind; empty where there is one.
std::string whyNoWarpGroups(AmplitudeScoreOp op, const GPUTarget &target);
/// As `launchGroups`.
void launchWarpGroups(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_WARPGROUPS_H
