//===- GPUTarget.cpp - What kernels need to know of a GPU -----------------===//

#include "qsat/Target/GPUTarget.h"

using namespace llvm;
using namespace qsat;

Expected<GPUTarget> GPUTarget::get(StringRef chip) {
  GPUTarget target;
  target.chip = chip.str();
  if (chip == "sm_90a") {
    target.features = "+ptx83";
    target.hasWarpgroupMMA = true;
    target.sharedBytes = 227 << 10;
    return target;
  }
  return createStringError("expected a chip that there are kernels for (sm_90a), but got '%s'",
                           target.chip.c_str());
}
