//===- GPUTarget.cpp - What kernels need to know of a GPU -----------------===//

#include "qsat/Target/GPUTarget.h"

using namespace llvm;
using namespace qsat;

Expected<GPUTarget> GPUTarget::get(StringRef chip) {
  GPUTarget target;
  target.chip = chip.str();
  target.hasRuntime = chip.starts_with("sm_");
  target.warpLanes = target.hasRuntime ? 32 : 1;
  if (chip == "sm_90a") {
    target.features = "+ptx83";
    target.hasWarpMMA = target.hasWarpgroupMMA = target.hasEarlyLaunch = true;
    target.sharedBytes = 227 << 10;
    return target;
  }
  if (chip == "generic") {
    target.isHost = true;
    return target;
  }
  // sm_80 and newer: bf16, and what the newest version of PTX here knows.
  StringRef digits = chip;
  unsigned version;
  if (digits.consume_front("sm_") && !digits.getAsInteger(10, version) && version >= 80 && version <= 121) {
    target.features = version >= 100 ? "+ptx88" : "+ptx83";
    target.hasWarpMMA = true;
    target.hasEarlyLaunch = version >= 90;
    // CUDA's programming guide, technical specifications per compute capability.
    bool isSmall = version == 86 || version == 89 || version >= 120;
    target.sharedBytes = (isSmall ? 99 : version < 90 ? 163 : 227) << 10;
    return target;
  }
  if (chip.starts_with("gfx9") || chip.starts_with("gfx10") || chip.starts_with("gfx11") ||
      chip.starts_with("gfx12"))
    return target;
  return createStringError("expected sm_90a, sm_80 to sm_121, gfx9 to gfx12 or generic, but got '%s'",
                           target.chip.c_str());
}
