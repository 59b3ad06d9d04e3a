//===- Processor.cpp - What the system grants of the processor ------------===//

#include "qsat/Runtime/Runtime.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

static int32_t requestTiles() {
  // asm/prctl.h: ARCH_REQ_XCOMP_PERM of the state component XTILEDATA. A kernel
  // or a processor without them refuses.
  constexpr long kRequest = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}
#else
static int32_t requestTiles() { return 0; }
#endif

int32_t qsat_request_amx() {
  static const int32_t isGranted = requestTiles();
  return isGranted;
}
