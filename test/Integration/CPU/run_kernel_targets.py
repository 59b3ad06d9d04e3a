"""Runs the attention kernels of several CPUs on this one, and compares them with numpy in f64.

    run_kernel_targets.py --qsat-opt=PATH [--cpus x86-64-v3 znver5 ...] [--compile-only]

A CPU whose instructions this machine lacks is passed over (and named). Prints a line for each
case; exit code 1 if any failed. With QSAT_KERNELS=DIR compiled kernels are kept in DIR and taken
from it, so that a machine without LLVM can run what another has compiled.
"""

import argparse
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

for folder in (Path(__file__).resolve().parents[3] / "python" / "benchmarks", Path(__file__).parent):
    sys.path.insert(0, str(folder))

from amx_emulation import EmulatedModule, RefusedModule  # noqa: E402
from native import Module  # noqa: E402

#: What /proc/cpuinfo calls the instructions that a path needs.
NEEDS = {
    "x86-64": "",
    "x86-64-v3": "avx2 fma",
    "x86-64-v4": "avx512f avx512bw avx512dq avx512vl",
    "znver5": "avx512f avx512bw avx512dq avx512vl avx512_bf16",
    # Where the system refuses AMX the same program runs without: that is tested too.
    "sapphirerapids": "avx512f avx512bw avx512dq avx512vl avx512_bf16",
    # The same, its tile instructions in C: the numbers of the tiles on any machine.
    "sapphirerapids-emulated": "avx512f avx512bw avx512dq avx512vl avx512_bf16",
    # Tiles of f16 besides. (Its own code has instructions of AVX-512 FP16 too.)
    "graniterapids-refused": "avx512f avx512bw avx512dq avx512vl avx512_bf16",
    "graniterapids-emulated": "avx512f avx512bw avx512dq avx512vl avx512_bf16",
}

KINDS = {"emulated": EmulatedModule, "refused": RefusedModule}

#: The element types that a CPU has kernels of its own for; all where it is not named.
ELEMENTS = {"sapphirerapids": ["bf16"], "graniterapids": ["f16"]}


@dataclass
class Case:
    element: str = "bf16"
    heads: int = 2
    kv_heads: int = 1
    rows: int = 70
    keys: int = 150
    width: int = 64
    value_width: int = 64
    mask: str = ""
    scale: float = 0.125
    size: float = 1.0  #: of q
    softcap: bool = False
    blocks: tuple = ()  #: (block_m, block_n, listed blocks per row of blocks)

    def name(self):
        return " ".join(f"{k}={v}" for k, v in vars(self).items() if v != getattr(Case(), k)) or "default"


CASES = [
    Case(),
    Case(kv_heads=2, rows=200, keys=1100, width=128, value_width=128),
    Case(mask="causal, offset = 80", rows=70, keys=150),
    Case(mask="causal", rows=600, keys=600, width=128, value_width=128),
    Case(mask="causal, window = 40, sinks = 3", rows=333, keys=333, width=80, value_width=48),
    Case(mask="causal, window = 300, sinks = 2", rows=1300, keys=1300),
    Case(mask="causal, offset = -40", rows=100, keys=90, width=32, value_width=33),
    Case(rows=1, keys=77, width=256, value_width=256),
    Case(size=40.0, rows=64, keys=700, width=128, value_width=128),
    Case(size=200.0, mask="causal", rows=300, keys=300),
    Case(scale=-0.2, rows=40, keys=130),
    Case(scale=0.0, rows=40, keys=130),
    Case(softcap=True, mask="causal", rows=150, keys=150),
    Case(softcap=True, rows=33, keys=600, width=72, value_width=72),
    Case(blocks=(128, 128, 3), rows=700, keys=900, width=128, value_width=128),
    Case(blocks=(128, 64, 12), rows=300, keys=1000, mask="causal, offset = 650", value_width=96),
    Case(blocks=(64, 96, 9), rows=300, keys=1300, mask="causal, offset = 900, window = 300, sinks = 200", width=80),
    Case(blocks=(64, 64, 12), rows=130, keys=900, size=40.0, width=128),
    Case(blocks=(64, 100, 2), rows=300, keys=450, mask="causal, offset = 100"),
    Case(blocks=(16, 5, 4), rows=50, keys=63),
    Case(rows=40, keys=2100, value_width=32),
    Case(element="f32", rows=130, keys=300, mask="causal", width=72),
    Case(element="f32", rows=210, keys=300, width=128, value_width=128),
    Case(element="f32", blocks=(64, 96, 3), rows=150, keys=500, value_width=80),
    Case(element="f32", blocks=(128, 128, 2), rows=300, keys=500, mask="causal, offset = 200"),
    Case(element="f16", rows=130, keys=300, mask="causal"),
    # An odd number of keys: the last row of V has no partner. V is read in place.
    Case(rows=151, keys=151, width=128, value_width=128, mask="causal", blocks=(32, 32, 3)),
    Case(rows=70, keys=33 * 1024 + 1, mask=f"causal, offset = {33 * 1024 + 1 - 70}"),
    Case(element="f16", kv_heads=2, rows=70, keys=1100, width=128, value_width=128),
    Case(element="f16", mask="causal, window = 40, sinks = 3", rows=133, keys=133, width=80, value_width=48),
    Case(element="f16", size=40.0, rows=64, keys=700),
    Case(element="f16", scale=-0.2, softcap=True, rows=33, keys=200, width=72, value_width=72),
    Case(element="f16", blocks=(64, 64, 12), rows=130, keys=900, size=20.0, width=128),
]


def to_bits(x, element):
    if element != "bf16":
        return x.astype({"f32": np.float32, "f16": np.float16}[element])
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bits(x):
    if x.dtype != np.uint16:
        return x.astype(np.float64)
    return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def arrays_of(case):
    generator = np.random.default_rng(7)
    shapes = [(1, case.heads, case.rows, case.width), (1, case.kv_heads, case.keys, case.width),
              (1, case.kv_heads, case.keys, case.value_width)]
    arrays = [generator.standard_normal(s) for s in shapes]
    arrays[0] *= case.size
    arrays = [to_bits(a, case.element) for a in arrays]
    if case.blocks:
        block_m, block_n, size = case.blocks
        row_blocks, key_blocks = -(-case.rows // block_m), -(-case.keys // block_n)
        lists = [np.sort(generator.permutation(key_blocks)[:size]) for _ in range(case.heads * row_blocks)]
        arrays.append(np.array(lists, np.int32).reshape(1, case.heads, row_blocks, size))
        counts = generator.integers(0, size + 1, (1, case.heads, row_blocks)).astype(np.int32)
        arrays.append(counts)
    return arrays


def text_of(case):
    def memref(*shape, element=case.element):
        return f"memref<{'x'.join(map(str, shape))}x{element}>"

    q = memref(1, case.heads, case.rows, case.width)
    k = memref(1, case.kv_heads, case.keys, case.width)
    v = memref(1, case.kv_heads, case.keys, case.value_width)
    o = memref(1, case.heads, case.rows, case.value_width)
    lse = memref(1, case.heads, case.rows, element="f32")
    arguments, op, listed = f"%q: {q}, %k: {k}, %v: {v}", "qsat.attention", ""
    attributes = [f"scale = {case.scale!r} : f64"]
    if case.mask:
        attributes.append(f"mask = #qsat.mask<{case.mask}>")
    if case.blocks:
        block_m, block_n, size = case.blocks
        blocks = -(-case.rows // block_m)
        i, c = memref(1, case.heads, blocks, size, element="i32"), memref(1, case.heads, blocks, element="i32")
        arguments += f", %i: {i}, %c: {c}"
        op, listed = "qsat.sparse_attention", f" list(%i, %c : {i}, {c})"
        attributes += [f"block_m = {block_m} : i64", f"block_n = {block_n} : i64"]
    region = ""
    if case.softcap:
        region = """ score {
  ^bb0(%s: f32, %b: index, %h: index, %r: index, %j: index):
    %cap = arith.constant 2.0 : f32
    %inverse = arith.constant 0.5 : f32
    %x = arith.mulf %s, %inverse : f32
    %y = math.tanh %x : f32
    %z = arith.mulf %y, %cap : f32
    qsat.yield %z : f32
  }"""
    return f"""func.func @main({arguments}, %o: {o}, %l: {lse}) attributes {{llvm.emit_c_interface}} {{
  {op} ins(%q, %k, %v : {q}, {k}, {v}){listed} outs(%o, %l : {o}, {lse}) {{{', '.join(attributes)}}}{region}
  return
}}"""


def reference(case, arrays):
    q, k, v = (from_bits(a) for a in arrays[:3])
    group = case.heads // case.kv_heads
    k, v = np.repeat(k, group, 1), np.repeat(v, group, 1)
    z = np.einsum("bhid,bhjd->bhij", q, k) * case.scale
    if case.softcap:
        z = 2 * np.tanh(z / 2)
    fields = dict(re.findall(r"(\w+) = (-?\d+)", case.mask))
    i, j = np.arange(case.rows)[:, None] + int(fields.get("offset", 0)), np.arange(case.keys)[None, :]
    seen = np.ones((case.rows, case.keys), bool)
    if "causal" in case.mask:
        seen &= j <= i
    if "window" in fields:
        seen &= (j > i - int(fields["window"])) | (j < int(fields["sinks"]))
    seen = np.broadcast_to(seen, z.shape).copy()
    if case.blocks:
        block_m, block_n, _ = case.blocks
        indices, counts = arrays[3:]
        for h in range(case.heads):
            for row in range(counts.shape[2]):
                chosen = indices[0, h, row, : counts[0, h, row]]
                seen[0, h, row * block_m : (row + 1) * block_m] &= np.isin(np.arange(case.keys) // block_n, chosen)
    z = np.where(seen, z, -np.inf)
    top = np.where(seen.any(-1, keepdims=True), z.max(-1, keepdims=True), 0)
    p = np.exp(z - top)
    total = p.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        lse = np.where(total > 0, top + np.log(total), -np.inf)[..., 0]
        return np.where(total > 0, np.einsum("bhij,bhjd->bhid", p, v) / total, 0), lse


def compare(case, o, lse, expected, expected_lse):
    """What is wrong, or an empty string. P is rounded to bf16 (2^-9); so is o."""
    tolerance = {"f32": 2e-5, "f16": 2e-3, "bf16": 1.2e-2}[case.element]
    error = np.abs(o - expected).max() / max(1.0, np.abs(expected).max())
    if not error < tolerance:
        return f"o: {error:.1e}"
    hidden = np.isneginf(expected_lse)
    if not (np.isneginf(lse) == hidden).all():
        return "lse: rows without keys"
    lse, expected_lse = lse[~hidden], expected_lse[~hidden]
    error = np.abs(lse - expected_lse) / np.maximum(1.0, np.abs(expected_lse))
    return "" if error.size == 0 or error.max() < 3e-5 else f"lse: {error.max():.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="")
    parser.add_argument("--cpus", nargs="+", default=list(NEEDS))
    parser.add_argument("--compile-only", action="store_true")
    arguments = parser.parse_args()
    have = set(Path("/proc/cpuinfo").read_text().split()) if platform.machine() == "x86_64" else set()
    failed = passed = 0
    for cpu in arguments.cpus:
        missing = set(NEEDS[cpu].split()) - have
        if missing and not arguments.compile_only:
            print(f"passed over {cpu}: this machine has no {' '.join(sorted(missing))}")
            continue
        if cpu == "sapphirerapids":
            print("AMX" if "amx_bf16" in have else "no AMX: what runs where it is refused")
        for case in CASES:
            march, _, mode = cpu.partition("-")
            march = march if mode in KINDS else cpu
            if case.element not in ELEMENTS.get(march, case.element):
                continue
            module = KINDS.get(mode, Module)(text_of(case), arguments.qsat_opt, march,
                          load=not arguments.compile_only)
            if arguments.compile_only:
                continue
            arrays = arrays_of(case)
            expected = reference(case, arrays)
            results = []
            for threads in (1, 2):
                module.set_threads(threads)
                o = np.zeros((1, case.heads, case.rows, case.value_width), arrays[0].dtype)
                lse = np.zeros((1, case.heads, case.rows), np.float32)
                module.call("main", *arrays, o, lse)
                results.append((o, lse))
            wrong = compare(case, from_bits(results[0][0]), results[0][1], *expected)
            if not all(np.array_equal(a, b) for a, b in zip(*results)):
                wrong = "depends on the number of threads"
            failed, passed = failed + bool(wrong), passed + (not wrong)
            print(f"FAIL {cpu}: {case.name()}: {wrong}" if wrong else f"ok   {cpu}: {case.name()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
