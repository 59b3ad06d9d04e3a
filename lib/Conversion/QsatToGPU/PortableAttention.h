//===- PortableAttention.h - Attention on any GPU -------------*- C++ -*-===//
// One thread computes one query row, in ops of gpu, memref, vector, scf and
// arith only: no barrier, no shared memory, nothing that a chip might lack.
//
//   for keys j that the row sees:
//     z = region(scale <q, k_j>)
//     m, l, p = 2^(z - m), o *= 2^(m_before - m)
//     o += p v_j
//   o / l, (m + log2 l) ln 2

#ifndef QSAT_CONVERSION_QSATTOGPU_PORTABLEATTENTION_H
#define QSAT_CONVERSION_QSATTOGPU_PORTABLEATTENTION_H

#include "../QsatToLoops/FlashKernel.h"

namespace qsat {

/// Reports what the kernel cannot do. `captures` are what the region takes from around it.
mlir::LogicalResult verifyPortable(const FlashOp &op, mlir::ValueRange captures);

class PortableAttention {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  /// `operands` stand for those of `op`; `inner` are what the score region takes
  /// from around it, and `captures` the values for them.
  PortableAttention(KernelBuilder &kb, const FlashOp &op, mlir::ValueRange operands,
                    mlir::ValueRange inner, mlir::ValueRange captures);

  /// The work of the thread for `row` of (batch, head).
  void build(Value batch, Value head, Value row);

  /// Some of the keys only: those of [first, end).
  struct Part {
    Value first, end;
    Value head, row; ///< where the results go
  };
  void buildPart(Value batch, Value head, Value row, const Part &part);

private:
  /// m, l, and o in chunks.
  using State = Values;
  /// The row sees the keys from `low`, and those below `sinks`, up to `high`.
  struct Visible {
    Value low, sinks, high;
  };
  Visible visibleKeys();
  State visitBlock(State state, Value first, Value end);
  State visitList(State state);
  State visitKeys(State state, Value first, Value end);
  Value score(Value key);
  Value applyRegion(Value score, Value key);
  Value multiplyAdd(Value a, Value b, Value c);
  Value loadChunk(Value memref, Value head, Value row, int64_t chunk);
  /// Reads the query; the state before the first key.
  State begin(Value batch, Value head, Value row);
  void finish(const State &state, Value head, Value row);

  KernelBuilder &kb;
  const FlashOp &op;
  Values operands, inner, captures;
  mlir::FloatType acc;
  int64_t width, valueWidth, lanes; ///< D, Dv, and columns of a chunk
  Value q, k, v, o, extent;
  // Of the thread:
  Value batch, head, kvHead, row;
  Values query;
  Visible visible;
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_PORTABLEATTENTION_H
