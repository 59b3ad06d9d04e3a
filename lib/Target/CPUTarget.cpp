//===- CPUTarget.cpp - What kernels need to know of a CPU -----------------===//

#include "qsat/Target/CPUTarget.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include <unistd.h>

using namespace llvm;
using namespace qsat;

/// Adds `feature` and what it implies.
static void addX86Feature(StringRef feature, StringSet<> &set) {
  StringMap<bool> implied;
  X86::updateImpliedFeatures(feature, /*Enabled=*/true, implied);
  set.insert(feature);
  for (const auto &entry : implied)
    set.insert(entry.first());
}

/// Removes `feature` and what implies it.
static void removeX86Feature(StringRef feature, StringSet<> &set) {
  StringMap<bool> implied;
  X86::updateImpliedFeatures(feature, /*Enabled=*/false, implied);
  set.erase(feature);
  for (const auto &entry : implied)
    set.erase(entry.first());
}

/// Adds to `set` what LLVM knows of the x86 CPU `cpu`.
static Error addX86Features(StringRef cpu, StringSet<> &set) {
  if (X86::parseArchX86(cpu) == X86::CK_None)
    return createStringError("unknown CPU '%s'", cpu.str().c_str());
  SmallVector<StringRef> known;
  X86::getFeaturesForCPU(cpu, known);
  for (StringRef feature : known)
    addX86Feature(feature, set);
  return Error::success();
}

/// Size in bytes of a cache of this machine, or `fallback` where it is not told.
static int64_t getHostCache(int name, int64_t fallback) {
  long size = sysconf(name);
  return size > 0 ? size : fallback;
}

/// Fills `target` from the names of x86 features.
static void setX86Facts(const StringSet<> &set, CPUTarget &target) {
  target.hasAVX2 = set.contains("avx2");
  target.hasFMA = set.contains("fma");
  target.hasRounding = set.contains("sse4.1");
  target.hasAVX512 = set.contains("avx512f") && set.contains("avx512bw") &&
                     set.contains("avx512dq") && set.contains("avx512vl");
  target.hasBF16Conversion = target.hasAVX512 && set.contains("avx512bf16");
  bool isAMD = StringRef(target.cpu).starts_with("znver");
  target.hasFastBF16Dot = target.hasBF16Conversion && isAMD;
  target.prefersWideTiles = target.hasAVX512 && !isAMD;
  target.hasByteDot = target.hasAVX512 && set.contains("avx512vnni");
  target.hasAMX = set.contains("amx-tile") && set.contains("amx-bf16");
  target.hasAMXBytes = target.hasAVX512 && set.contains("amx-tile") && set.contains("amx-int8");
  target.hasAMXFP16 = set.contains("amx-tile") && set.contains("amx-fp16");
  target.vectorBits = target.hasAVX512 ? 512 : set.contains("avx") ? 256 : 128;
  target.vectorRegisters = target.hasAVX512 ? 32 : 16;
}

Expected<CPUTarget> CPUTarget::get(StringRef cpu, StringRef features) {
  CPUTarget target;
  bool isHost = cpu.empty() || cpu == "host";
  target.cpu = isHost ? sys::getHostCPUName().str() : cpu.str();
  target.features = features.str();

  StringSet<> set;
  bool isAArch64 = AArch64::parseCpu(target.cpu).has_value() ||
                   (isHost && Triple(sys::getProcessTriple()).isAArch64());
  if (isHost) {
    for (const auto &feature : sys::getHostCPUFeatures())
      if (feature.second)
        set.insert(feature.first());
    target.l1Bytes = getHostCache(_SC_LEVEL1_DCACHE_SIZE, target.l1Bytes);
    target.l2Bytes = getHostCache(_SC_LEVEL2_CACHE_SIZE, target.l2Bytes);
  } else if (!isAArch64) {
    if (Error error = addX86Features(target.cpu, set))
      return std::move(error);
  }
  SmallVector<StringRef> given;
  features.split(given, ',', -1, /*KeepEmpty=*/false);
  for (StringRef feature : given) {
    if (feature.consume_front("+"))
      isAArch64 ? (void)set.insert(feature) : addX86Feature(feature, set);
    else if (feature.consume_front("-"))
      isAArch64 ? (void)set.erase(feature) : removeX86Feature(feature, set);
    else
      return createStringError("expected a feature like +avx2 or -avx512f, but got '%s'",
                               feature.str().c_str());
  }
  if (isAArch64) {
    target.hasFMA = true;
    target.hasRounding = true;
    target.vectorRegisters = 32;
    target.hasBF16Conversion = set.contains("bf16");
  } else {
    setX86Facts(set, target);
  }
  return target;
}
