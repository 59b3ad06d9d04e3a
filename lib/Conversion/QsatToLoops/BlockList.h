//===- BlockList.h - The listed key blocks of one query block ---*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOLOOPS_BLOCKLIST_H
#define QSAT_CONVERSION_QSATTOLOOPS_BLOCKLIST_H

#include "KernelBuilder.h"

namespace qsat {

/// The list of key blocks of one query block, from indices and counts.
struct BlockList {
  using Value = mlir::Value;

  Value indices, batch, listHead, block, count;

  BlockList(KernelBuilder &kb, Value indices, Value counts, Value batch, Value head, Value heads,
            Value block)
      : indices(indices), batch(batch), block(block) {
    Value group = kb.div(heads, kb.dim(counts, 1));
    listHead = kb.div(head, group);
    Value given = kb.toIndex(kb.load(counts, {batch, listHead, block}));
    count = kb.clamp(given, kb.index(0), kb.dim(indices, 3));
  }
  /// Entry `t` < count: the number of a key block, or anything.
  Value load(KernelBuilder &kb, Value t) const {
    return kb.toIndex(kb.load(indices, {batch, listHead, block, t}));
  }
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_BLOCKLIST_H
