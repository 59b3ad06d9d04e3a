//===- HopperPlan.h - Extents of the attention kernel ---------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOGPU_HOPPERPLAN_H
#define QSAT_CONVERSION_QSATTOGPU_HOPPERPLAN_H

#include "KeyWalk.h"

#include "qsat/Target/GPUTarget.h"

namespace qsat {

/// The extents of the kernel, all static, and where its areas lie in shared
/// memory (bytes).
struct HopperPlan {
  int64_t width, valueWidth; ///< D and Dv
  int64_t groups;            ///< consumer warpgroups, of 64 query rows each
  int64_t keys;              ///< keys of a tile
  int64_t blockKeys;         ///< consecutive keys; a tile is keys / blockKeys of them
  int64_t stages;            ///< tiles of keys, and of values, that are in flight
  int64_t producerRegisters, consumerRegisters; ///< of a thread

  int64_t q, k, v, o;                ///< areas of the tiles
  int64_t barriers, slots;           ///< areas of barriers and of words that ride on them
  int64_t sharedBytes;               ///< all of it

  /// The plan for `op`, or the reason why there is none. `keys` of a tile of dense
  /// attention; 0: as is best for the shape.
  static llvm::Expected<HopperPlan> get(const FlashOp &op, const GPUTarget &target, int64_t keys);

  int64_t rows() const { return 64 * groups; }
  int64_t threads() const { return 128 * (groups + 1); }
  int64_t parts() const { return keys / blockKeys; }
  int64_t queryBytes() const { return 64 * width * 2; } ///< of one group
  int64_t keyBytes() const { return keys * width * 2; }
  int64_t valueBytes() const { return keys * valueWidth * 2; }
  int64_t outputBytes() const { return 64 * valueWidth * 2; } ///< of one group
  /// Whether O has an area of its own: the next Q loads while O is stored.
  bool hasOutputArea() const { return o != q; }

  int64_t fullQ() const { return barriers; }
  int64_t emptyQ() const { return barriers + 8; }
  // Rings: barrier of stage s at + 8 s.
  int64_t fullK() const { return barriers + 16; }
  int64_t emptyK() const { return fullK() + 8 * stages; }
  int64_t fullV() const { return emptyK() + 8 * stages; }
  int64_t emptyV() const { return fullV() + 8 * stages; }
  // Words: of the query tile, and first keys of the parts of each key tile.
  int64_t headSlot() const { return slots; }
  int64_t rowSlot() const { return slots + 4; }
  int64_t countSlot() const { return slots + 8; }
  int64_t keySlots() const { return slots + 16; }
};

/// What the kernel is called with: on the host the values passed, in the kernel
/// its arguments. Null what this kernel does not take.
struct HopperArguments {
  mlir::Value q, k, v, o;      ///< tensor maps over [B,H,rows,columns]
  mlir::Value counter;         ///< i32 in device memory, 0 between launches
  mlir::Value lse, kept;       ///< [B,H,M] f32
  // i32:
  mlir::Value allHeads, heads, kvShare; ///< B H, H, H / Hkv
  mlir::Value rows, keys;               ///< M, N
  mlir::Value headGroup;                ///< heads that run side by side
  ListArguments lists;
  MaskArguments mask;
  RegionArguments region;

  /// All that are not null, in the order of the parameters; the first four are
  /// the maps.
  llvm::SmallVector<mlir::Value *> fields();
};

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_HOPPERPLAN_H
