//===- WarpLogits.h - Rows against means of blocks, by warps --*- C++ -*-===//
// What BlockLogits.cpp computes one by one, as products of a warp (sm_80 and newer).
// A warp has 32 rows of a query block, two groups of 16 (or one, of blocks that are no
// multiple of 32), and looks at all key blocks, whose means then serve both groups:
//
//   S  = Q Kbar^T, S2 = Q^2 Var^T     8 blocks a tile, tf32     scoreMeans
//   s  = log2(e) (scale S + scale^2 / 2 S2) + log2 n            storeMeans
//   s  = log2 sum 2^(mask(Q K^T))     where not all is seen     exactMasses
//
// Each operand of a product in tf32 is the sum of two numbers of 11 bits, of which
// all products but the smallest are taken: as exact as f32. Operands are read as
// they lie in memory, 16 bytes a thread; a thread's columns need not be those that
// the instruction names, as long as both operands agree.

#ifndef QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H
#define QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H

#include "WarpScores.h"

namespace qsat {

class WarpLogits : public WarpScores {
public:
  static constexpr int64_t kRows = 16;
  /// Groups of kRows of a warp: two where ptxas finds registers for them.
  static int64_t groupsOf(const FlashOp &op, const SampledRows &sampled);

  WarpLogits(NvidiaBuilder &b, const FlashOp &op, const SampledRows &sampled, const WarpLogitsArguments &args);

  void build();

private:
  static constexpr int64_t kLoaded = WarpRows::kLoaded;
  /// Keys that are looked at in one go.
  static constexpr int64_t kPiece = 32;

  void findRows();
  /// Of a chunk, for both rows of a group: kLoaded elements of q, in pairs. Loaded
  /// whenever they are needed: with what is made of them they would take more registers
  /// than there are.
  Values loadRows(int64_t group, int64_t chunk);
  void scoreMeans(Value firstBlock);
  void storeMeans(Value firstBlock, int64_t group, mlir::ValueRange sums, mlir::ValueRange squares);
  void exactMasses();
  Values massesOf(int64_t group, Value first, Value end);
  Values scoreKeys(int64_t group, Value firstKey);

  Value seesAll(Value row, Value first, Value end);
  Value firstKeyOf(Value block) { return b.mul(block, op.blockKeys); }
  Value endOf(Value block) { return b.min(firstKeyOf(b.add(block, 1)), args.keys); }
  Value toFloat(Value pair, int64_t number);
  void store(Value mass, Value block, int64_t group, int64_t r);

  const int64_t groups;
  const int64_t tiles; ///< of 8 key blocks, that are looked at in one go
  Value block;                          ///< of the warp
  Value row[2][2];                      ///< of the thread: of each group, two
  Value end;                            ///< past the last key block that the query block sees
  Value means, variances, target;       ///< addresses of the head's, and of masses of block 0
};

/// The values to pass for `op`; without means.
WarpLogitsArguments describeScores(HostBuilder &b, const FlashOp &op, mlir::Value masses);

/// Why there is no kernel of this kind; empty where there is one.
std::string whyNoWarpLogits(AmplitudeScoreOp op, const GPUTarget &target);
/// As `launchBlockLogits`, of estimators centroid and d2.
void launchWarpLogits(AmplitudeScoreOp op, const SampledRows &sampled, mlir::Value masses, const BlockMeans &keys,
                      GPULoweringContext &context);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_WARPLOGITS_H
