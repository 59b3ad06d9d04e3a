//===- HopperAttention.h - Attention on warpgroups ------------*- C++ -*-===//
// One thread block works on tiles of 64 query rows per consumer warpgroup until
// none are left. One thread of the first warpgroup brings tiles to shared
// memory; the other groups compute, each row a quarter of a warp wide:
//
//   producer                         consumers
//   next query tile -> full Q        wait full Q
//   K_0 -> full K                    wait K;       S = Q K^T       startScores
//   K_t, V_t-1 -> full K, full V     wait V;       O += P V        startWeightedSum
//   ...                              S = region(S), mask(S)        scoreTile.modify
//   V_last                           m, l, P = 2^(S - m), O *= ..  softmax.update
//                                    O / l -> O area -> memory     finish
//
// The products of one group run while another does its softmax (FlashAttention-3:
// Shah et al. 2024), which seldom needs maxima: see OnlineSoftmax. What the consumers need to know of a tile is in words that ride on the
// barriers. Query tiles are taken from a counter, those with most keys first.

#ifndef QSAT_CONVERSION_QSATTOGPU_HOPPERATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_HOPPERATTENTION_H

#include "HopperBuilder.h"
#include "HopperPlan.h"
#include "OnlineSoftmax.h"

namespace qsat {

class HopperAttention {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  /// `shared` is the first byte of shared memory; `args` are the parameters.
  /// `captures` are what the score region takes from around it.
  HopperAttention(HopperBuilder &b, const FlashOp &op, const HopperPlan &plan,
                  const HopperArguments &args, mlir::ValueRange captures, Value shared);

  virtual ~HopperAttention() = default;

  void build();

protected:
  /// A place in the ring of stages: its number, and the parity of the phase.
  struct Ring {
    Value stage, phase;
  };
  Ring next(Ring ring);

  //===--- the walk (HopperWalk.cpp) --------------------------------------===//

  /// Rows [firstRow, firstRow + rows) of a head of all B H, and the tiles of
  /// keys to visit.
  struct QueryTile {
    Value head, firstRow;
    KeyWalk::Span keys;
  };
  Value queryTiles(); ///< of one head
  QueryTile decode(Value number);
  /// First keys of the parts of tile t of a query tile.
  virtual Values firstKeys(const QueryTile &tile, Value t) { return keyWalk.firstKeys(tile.keys, t); }

  //===--- the producer (HopperProducer.cpp) ------------------------------===//

  void initBarriers();
  void produce();
  void produceTile(const QueryTile &tile, Ring &ring);
  void loadQueries(const QueryTile &tile, Value phase);
  void loadTile(int64_t area, Value map, int64_t full, int64_t empty, int64_t width, Ring ring,
                mlir::ValueRange firstKeys, Value head);

  //===--- the consumers (HopperConsumer.cpp) -----------------------------===//

  /// Per thread: two rows r, r + 8 of its group. Accumulator 4 c + 2 r + e is
  /// row r, column 8 c + 2 (lane % 4) + e.
  struct State : SoftmaxState {
    Values p, o; ///< weights of the last tile in pairs, output
    Values flatten() const;
    static State unflatten(mlir::ValueRange values, int64_t pairs);
  };
  void consume();
  void beginConsuming();
  Value firstRowOf(Value number);
  Value numberAgain();
  Ring consumeTile(Value count, Ring ring, Value head, Value firstRow);
  virtual ScoreTile::Place placeOf(mlir::ValueRange firstKeys, Value head, Value firstRow);
  Values startScores(Ring ring);
  void waitTurn();
  void passTurn();
  void startWeightedSum(Ring ring, State &state);
  /// `sums` are l of whole rows.
  virtual void finish(const State &state, mlir::ArrayRef<Value> sums, Value head, Value firstRow);
  void storeStatistics(const State &state, mlir::ArrayRef<Value> sums, Value head, Value firstRow);
  void storeOutput(mlir::ValueRange o, Value head, Value firstRow);
  void arriveWarp(Value barrier);

  Value at(int64_t offset) { return b.add(shared, offset); }
  Value at(int64_t offset, Value stage, int64_t step) {
    return b.add(at(offset), b.mul(stage, step));
  }

  HopperBuilder &b;
  const FlashOp &op;
  const HopperPlan &plan;
  const HopperArguments &args;
  ScoreTile scoreTile;
  KeyWalk keyWalk;
  mlir::FloatType element;
  OnlineSoftmax softmax;
  Value shared, thread, warpgroup;
  // Of a consumer thread: its number in the group, lane, group, first row of its
  // two in the tile, first column.
  Value inGroup, lane, isFirstLane, group, rowInTile, column;
  Value queriesDescriptor;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOPPERATTENTION_H
