//===- KeyWalk.h - Which tiles of keys some rows visit --------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_KEYWALK_H
#define QSAT_CONVERSION_QSATTOGPU_KEYWALK_H

#include "ScoreTile.h"

namespace qsat {

/// What a kernel takes for lists of blocks; null for dense attention.
struct ListArguments {
  mlir::Value indices, counts;      ///< [B,Hs,Mb,max] and [B,Hs,Mb] i32
  mlir::Value share, blocks, max; ///< H / Hs, Mb, max: i32

  /// The values to pass for `op`; `heads` is H (i64).
  static ListArguments get(HostBuilder &b, const FlashOp &op, mlir::Value heads);
};

class KeyWalk {
public:
  using Value = mlir::Value;
  using Values = DeviceBuilder::Values;

  /// Tiles of `parts` x `partKeys` keys; the parts of a tile lie anywhere. Of a
  /// list, a block is a whole number of parts. `keys` is N.
  KeyWalk(NvidiaBuilder &b, const FlashOp &op, ScoreTile &scores, const MaskArguments &mask,
          const ListArguments &lists, Value keys, int64_t parts, int64_t partKeys)
      : b(b), op(op), scores(scores), mask(mask), lists(lists), keys(keys), parts(parts), partKeys(partKeys) {}

  /// `count` tiles: those below `sinkTiles`, then those from `start` on; or
  /// `listed` parts of the blocks from position `list` of the indices.
  struct Span {
    Value count;
    Value sinkTiles, start;
    Value list, listed;
  };
  /// What some row of [firstRow, lastRow] sees.
  Span visible(Value firstRow, Value lastRow);
  /// What is listed for a block of rows of a head.
  Span listed(Value batch, Value head, Value heads, Value rowBlock);
  /// First key of each part of tile t; a part that shows nothing lies past the
  /// last key.
  Values firstKeys(const Span &span, Value t);

private:
  int64_t partsPerBlock() const { return op.blockKeys / partKeys; }

  NvidiaBuilder &b;
  const FlashOp &op;
  ScoreTile &scores;
  const MaskArguments &mask;
  const ListArguments &lists;
  Value keys;
  int64_t parts, partKeys;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_KEYWALK_H
