//===- TeamKernel.h - Kernels of teams that work alone --------*- C++ -*-===//
// A team is one thread, or the lanes of a warp where they can exchange values.
// What a team does is written once, in ops of memref, scf, arith and math: a
// team of one runs on every GPU and on threads of the host.

#ifndef QSAT_CONVERSION_QSATTOGPU_TEAMKERNEL_H
#define QSAT_CONVERSION_QSATTOGPU_TEAMKERNEL_H

#include "Lowering.h"

#include "../QsatToLoops/TaskBuilder.h"

namespace qsat {

class TeamBuilder : public TaskBuilder {
public:
  TeamBuilder(mlir::Location loc, mlir::OpBuilder builder, const CPUTarget &target, int64_t lanes, bool onDriver)
      : TaskBuilder(loc, builder, target), lanes(lanes), onDriver(onDriver) {}

  const int64_t lanes; ///< of a team, a power of two
  const bool onDriver; ///< for LLVM's NVPTX back end
  Value lane;          ///< of this thread, an index

  /// The sum (of f32 or index), or the largest, of the values of the lanes whose
  /// numbers differ from this one's in the bits [low, high): both powers of two.
  Value sumOver(Value value, int64_t low, int64_t high);
  Value largestOver(Value value, int64_t low, int64_t high);
  Value sumOfTeam(Value value) { return sumOver(value, 1, lanes); }
  Value largestOfTeam(Value value) { return largestOver(value, 1, lanes); }
  /// The value of the lane whose number differs in `bits`.
  Value exchange(Value value, int64_t bits);
  /// How many lanes have the condition: all, or those before this one; an index.
  Value countOfTeam(Value condition);
  Value countBefore(Value condition);
  bool hasLanes() const { return lanes > 1; }
  /// 2^x, by the special function unit where there is one.
  Value exp2(Value x);
  /// x as a whole number not below it, or the nearest; without a library, which a
  /// target may not have. NaN stays.
  Value roundUp(Value x);
  Value roundToEven(Value x); ///< of x >= 0
  /// The root of an f64 x >= 0 within the range of f32: SPIR-V has that of f32 only.
  Value sqrt(Value x);
};

/// A launch of `teams` x `heads` x `batches` teams.
struct TeamLaunch {
  llvm::StringRef name;
  int64_t lanes; ///< of a team: 1, or as many as the target's warps have
  mlir::Value teams, heads, batches;
  llvm::SmallVector<mlir::Value> arguments; ///< memrefs, indices and numbers
  // For chips with `griddepcontrol`, whose kernels follow each other without a gap:
  bool letsNextStart = false; ///< which waits by itself
  bool startsEarly = false;   ///< before the kernel before it ends, which it waits for
};

/// What a team does: its arguments, and its place in the grid.
using TeamBody = llvm::function_ref<void(TeamBuilder &b, mlir::ValueRange arguments, mlir::Value team,
                                         mlir::Value head, mlir::Value batch)>;

/// Puts the launch in front of `op`, and the kernel, once for its configuration,
/// into the module.
void launchTeams(mlir::Operation *op, GPULoweringContext &context, const TeamLaunch &launch, TeamBody body);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOGPU_TEAMKERNEL_H
