//===- HopperRows.h - The mass of rows in key blocks, on warpgroups -*- C++ -*-===//
// A thread block takes some sampled rows of one head, of many query blocks, and a
// run of key blocks. Its rows stay in shared memory; each key block is loaded once
// for all of them. As the blocks of a row do not depend on each other, nothing is
// carried from one to the next:
//
//   producer             consumers (64 rows each)
//   K_J -> full          Q: gathered rows -> shared memory     loadQueries
//                        wait full; S = Q K_J^T                visitBlock
//                        S = region(S), mask(S)
//                        s = log2 sum 2^S -> memory            findMasses

#ifndef QSAT_CONVERSION_QSATTOGPU_HOPPERROWS_H
#define QSAT_CONVERSION_QSATTOGPU_HOPPERROWS_H

#include "HopperBuilder.h"
#include "ScoreRows.h"
#include "ScoreTile.h"

#include <optional>

namespace qsat {

/// The extents of the kernel, all static, and its areas in shared memory.
struct HopperRowsPlan {
  int64_t width, keys; ///< D; keys of a block
  int64_t groups;      ///< consumer warpgroups, of 64 rows each
  int64_t stages;      ///< blocks of keys in flight
  int64_t producerRegisters, consumerRegisters; ///< of a thread: see HopperPlan
  int64_t q, k, barriers, sharedBytes;

  /// The plan for `op`, or why there is none.
  static llvm::Expected<HopperRowsPlan> get(AmplitudeScoreOp op, const GPUTarget &target);

  static constexpr int64_t kGroupRows = HopperBuilder::kGroupRows;
  int64_t rows() const { return groups * kGroupRows; }
  int64_t threads() const { return 128 * (groups + 1); }
  int64_t queryBytes() const { return kGroupRows * width * 2; } ///< of one group
  int64_t keyBytes() const { return keys * width * 2; }
  // Barriers of stage s at + 8 s.
  int64_t full() const { return barriers; }
  int64_t empty() const { return barriers + 8 * stages; }
};

/// What the kernel is called with: on the host the values passed, in the kernel
/// its arguments. Null what this kernel does not take.
struct HopperRowsArguments {
  mlir::Value k;                     ///< tensor map over [B,Hkv,N,D]
  mlir::Value q, masses;             ///< pointers
  mlir::Value strides[3];            ///< of q: batch, head, row; i64
  mlir::Value heads, kvShare;        ///< H, H / Hkv: i32, as all below
  mlir::Value rows, keys;            ///< M, N
  mlir::Value queryBlocks, keyBlocks;
  mlir::Value rowTiles, chunks, chunkBlocks; ///< of a head; key blocks of a chunk
  MaskArguments mask;
  RegionArguments region;

  /// All that are not null, in the order of the parameters.
  llvm::SmallVector<mlir::Value *> fields();
};

/// s [B,H,Mb,Nb,R], as `launchPortableRows`.
void launchHopperRows(AmplitudeScoreOp op, const HopperRowsPlan &plan, const SampledRows &sampled,
                      mlir::Value masses, GPULoweringContext &context);

class HopperRows {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  /// `inner` are what the score region takes from around it.
  HopperRows(HopperBuilder &b, const FlashOp &op, const SampledRows &sampled, const HopperRowsPlan &plan,
             const HopperRowsArguments &args, mlir::ValueRange inner, Value shared)
      : b(b), op(op), sampled(sampled), plan(plan), args(args), shared(shared),
        tile(b, op, args.mask, args.region, inner, args.rows, args.keys),
        element(mlir::cast<mlir::FloatType>(mlir::cast<mlir::MemRefType>(op.q.getType()).getElementType())) {}

  void build();

private:
  /// A place in the ring of stages: its number, and the parity of the phase.
  struct Ring {
    Value stage, phase;
  };
  Ring next(Ring ring);
  /// The row of q that is number `index` of the sampled ones of a head.
  Value rowAt(Value index);
  /// The key blocks of [begin, end) that a row up to `lastRow` may see end here.
  Value endFor(Value lastRow);
  void produce();
  void consume();
  void loadQueries(Value firstIndex);
  /// The two rows of a thread.
  struct Rows {
    ScoreTile::Place place;
    Value target[2]; ///< where their masses go: element for key block 0, i64
    Value stores[2]; ///< whether this thread stores them
    Value reference[2]; ///< log2 of the largest mass so far
  };
  Rows findRows(Value firstIndex);
  void visitBlock(Ring ring, Value block, Rows &rows);
  void release(Ring ring);
  void findMasses(mlir::ValueRange scores, Rows &rows, Value masses[2]);
  void storeMasses(Values scores, Value block, Rows &rows);

  Value at(int64_t offset) { return b.add(shared, offset); }
  Value at(int64_t offset, Value stage, int64_t step) { return b.add(at(offset), b.mul(stage, step)); }

  HopperBuilder &b;
  const FlashOp &op;
  const SampledRows &sampled;
  const HopperRowsPlan &plan;
  const HopperRowsArguments &args;
  Value shared;
  ScoreTile tile;
  mlir::FloatType element;
  Value thread, warpgroup;
  Value allRows;                   ///< sampled rows of a head
  Value batch, head, firstIndex;   ///< of this thread block
  Value begin, end;                ///< its key blocks
  Value group, inGroup, lane;      ///< of a consumer thread
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOPPERROWS_H
