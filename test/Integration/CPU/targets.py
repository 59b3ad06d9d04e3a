"""The CPUs whose kernels a test runs on this one, and the loop over them and over the test's cases."""

import argparse
import platform
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "python" / "benchmarks"), str(ROOT / "python")]

from amx_emulation import EmulatedModule, RefusedModule  # noqa: E402
from native import Module  # noqa: E402

#: What stands behind the name of a CPU says how its code is run: with tile instructions in C, which gives the
#: numbers of the tiles on any machine, or where the system refuses AMX.
KINDS = {"emulated": EmulatedModule, "refused": RefusedModule}

AVX512 = "avx512f avx512bw avx512dq avx512vl"

#: What /proc/cpuinfo calls the instructions that a path needs.
NEEDS = {
    "x86-64": "",
    "x86-64-v3": "avx2 fma",
    "x86-64-v4": AVX512,
    "znver5": f"{AVX512} avx512_bf16",
    # Where the system refuses AMX the same program runs without: that is tested too.
    "sapphirerapids": f"{AVX512} avx512_bf16",
    "sapphirerapids-emulated": f"{AVX512} avx512_bf16",
    # Tiles of f16 besides. (Its own code has instructions of AVX-512 FP16 too.)
    "graniterapids-refused": f"{AVX512} avx512_bf16",
    "graniterapids-emulated": f"{AVX512} avx512_bf16",
}


def to_bits(x, element):
    """`x` as an array of the element type; bf16, rounded to nearest even, as its bits (uint16)."""
    if element != "bf16":
        return x.astype({"f32": np.float32, "f16": np.float16}[element])
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bits(x):
    """What `to_bits` made, in f64."""
    if x.dtype != np.uint16:
        return x.astype(np.float64)
    return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def memref(element, *shape):
    """The type of an array."""
    return f"memref<{'x'.join(map(str, shape))}x{element}>"


def run(doc, cases, needs, wrong_with, serves=lambda cpu, case: True, options=lambda case: ""):
    """Runs the cases as each CPU of `needs` that `serves` them; prints a line for each; returns the exit code.

    A case has `text()`, its program, and a string. `wrong_with(case, module)` says what is wrong with what the
    module computes, or nothing. `options(case)` are further ones of its lowering. A CPU whose instructions this
    machine lacks is passed over (and named).
    """
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--qsat-opt", default="", help="compiles the programs")
    parser.add_argument("--cpus", nargs="+", default=list(needs), choices=list(needs), metavar="CPU", help=", ".join(needs))
    parser.add_argument("--compile-only", action="store_true", help="fill the directory of QSAT_KERNELS, run nothing")
    arguments = parser.parse_args()
    have = set(Path("/proc/cpuinfo").read_text().split()) if platform.machine() == "x86_64" else set()
    failed = passed = 0
    for name in arguments.cpus:
        missing = set(needs[name].split()) - have
        if missing and not arguments.compile_only:
            print(f"passed over {name}: this machine has no {' '.join(sorted(missing))}")
            continue
        cpu, _, mode = name.rpartition("-")
        cpu, kind = (cpu, KINDS[mode]) if mode in KINDS else (name, Module)
        if name == "sapphirerapids":
            print("AMX" if "amx_bf16" in have else "no AMX: what runs where it is refused")
        for case in cases:
            if not serves(cpu, case):
                continue
            module = kind(case.text(), arguments.qsat_opt, cpu, load=not arguments.compile_only,
                          options=options(case))
            if arguments.compile_only:
                continue
            wrong = wrong_with(case, module)
            failed, passed = failed + bool(wrong), passed + (not wrong)
            print(f"FAIL {name}: {case}: {wrong}" if wrong else f"ok   {name}: {case}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
