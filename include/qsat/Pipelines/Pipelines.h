//===- Pipelines.h - From model IR to a target -------------------*- C++ -*-===//

#ifndef QSAT_PIPELINES_PIPELINES_H
#define QSAT_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassOptions.h"

#include <functional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace qsat {

/// Options of `qsat-cpu-pipeline`.
struct CPUPipelineOptions : public mlir::PassPipelineOptions<CPUPipelineOptions> {
  Option<bool> raise{*this, "raise", llvm::cl::desc("Raise attention to qsat.attention"), llvm::cl::init(true)};
  Option<std::string> quality{
      *this, "quality",
      llvm::cl::desc("Sparsify attention: exact (no), high, balanced or fast"), llvm::cl::init("exact")};
  Option<double> density{
      *this, "density",
      llvm::cl::desc("Sparsify attention to this share of the visible pairs, 0 < density <= 1; 0: as quality says"),
      llvm::cl::init(0.0)};
  Option<bool> int8{
      *this, "int8", llvm::cl::desc("Score blocks for sparse attention in 8 bits, by every 8th row"), llvm::cl::init(false)};
  Option<bool> audit{
      *this, "audit", llvm::cl::desc("Recompute a random sample of rows exactly after each sparse attention"),
      llvm::cl::init(false)};
  Option<double> auditShare{
      *this, "audit-share",
      llvm::cl::desc("Share of the rows that audit recomputes; 0: 1/64 (two of max(block-m, 128) rows)"),
      llvm::cl::init(0.0)};
  Option<int64_t> seed{*this, "seed", llvm::cl::desc("Seed of audit"), llvm::cl::init(0)};
  Option<std::string> lowering{
      *this, "lowering",
      llvm::cl::desc("How qsat ops are lowered: loops (kernels), linalg (their executable reference) or gpu (attention "
                     "by the portable GPU kernels, run by threads of the host)"),
      llvm::cl::init("loops")};
  Option<bool> instrument{
      *this, "instrument", llvm::cl::desc("Call the profiling functions of the runtime around qsat ops"),
      llvm::cl::init(false)};
};

/// Options of `qsat-nvidia-pipeline`.
struct NvidiaPipelineOptions : public mlir::PassPipelineOptions<NvidiaPipelineOptions> {
  Option<bool> raise{*this, "raise", llvm::cl::desc("Raise attention to qsat.attention"), llvm::cl::init(true)};
  Option<std::string> quality{
      *this, "quality",
      llvm::cl::desc("Sparsify attention: exact (no), high, balanced or fast"), llvm::cl::init("exact")};
  Option<double> density{
      *this, "density",
      llvm::cl::desc("Sparsify attention to this share of the visible pairs, 0 < density <= 1; 0: as quality says"),
      llvm::cl::init(0.0)};
  Option<std::string> chip{*this, "chip", llvm::cl::desc("GPU to compile for, as CUDA names it"),
                           llvm::cl::init("sm_90a")};
  Option<std::string> ptxas{*this, "ptxas", llvm::cl::desc("CUDA's assembler; without it PTX stays PTX"),
                            llvm::cl::init("ptxas")};
  Option<int64_t> keys{*this, "keys", llvm::cl::desc("Keys of a tile of dense attention; 0: best for the shape"),
                       llvm::cl::init(0)};
};

/// A named part of a pipeline; `build` adds its passes to a pass manager of
/// the module.
struct PipelineStage {
  std::string name;
  std::function<void(mlir::OpPassManager &)> build;
};

/// The stages of `qsat-cpu-pipeline`, in order. What they do is said where they
/// are built.
std::vector<PipelineStage> getCPUPipelineStages(const CPUPipelineOptions &options);

/// Model IR (func, linalg, tensor, tosa, ...) to the LLVM dialect for a CPU,
/// with OpenMP calls.
void buildCPUPipeline(mlir::OpPassManager &pm, const CPUPipelineOptions &options);

/// The stages of `qsat-nvidia-pipeline`; `options` must outlive them.
std::vector<PipelineStage> getNvidiaPipelineStages(const NvidiaPipelineOptions &options);

/// Model IR to the LLVM dialect on the host and machine code in gpu.binary.
/// Arguments are arrays in device memory; what is no qsat op must not touch
/// them.
void buildNvidiaPipeline(mlir::OpPassManager &pm, const NvidiaPipelineOptions &options);

/// Registers `qsat-cpu-pipeline` and `qsat-nvidia-pipeline`.
void registerPipelines();

} // namespace qsat

#endif // QSAT_PIPELINES_PIPELINES_H
