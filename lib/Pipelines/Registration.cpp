//===- Registration.cpp - The pipelines by name ---------------------------===//

#include "qsat/Pipelines/Pipelines.h"

#include "mlir/Pass/PassRegistry.h"

void qsat::registerPipelines() {
  mlir::PassPipelineRegistration<CPUPipelineOptions>(
      "qsat-cpu-pipeline", "Compile model IR for a CPU: to the LLVM dialect with OpenMP calls", buildCPUPipeline);
  mlir::PassPipelineRegistration<NvidiaPipelineOptions>(
      "qsat-nvidia-pipeline", "Compile model IR for an NVIDIA GPU: to the LLVM dialect and machine code",
      buildNvidiaPipeline);
}
