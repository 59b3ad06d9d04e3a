"""Runs the attention kernels of several CPUs on this one, and compares them with numpy in f64.

    run_kernel_targets.py --qsat-opt=PATH [--cpus x86-64-v3 znver5 ...] [--compile-only]

A CPU whose instructions this machine lacks is passed over (and named). Prints a line for each
case; exit code 1 if any failed. With QSAT_KERNELS=DIR compiled kernels are kept in DIR and taken
from it, so that a machine without LLVM can run what another has compiled.
"""

import re
import sys
from dataclasses import dataclass

import numpy as np
import targets
from targets import from_bits, memref, to_bits

#: The element types that a CPU has kernels of its own for; all where it is not named.
ELEMENTS = {"sapphirerapids": ["bf16"], "graniterapids": ["f16"]}


#: 2 tanh(z / 2)
SOFTCAP = """ score {
  ^bb0(%s: f32, %b: index, %h: index, %r: index, %j: index):
    %cap = arith.constant 2.0 : f32
    %inverse = arith.constant 0.5 : f32
    %x = arith.mulf %s, %inverse : f32
    %y = math.tanh %x : f32
    %z = arith.mulf %y, %cap : f32
    qsat.yield %z : f32
  }"""


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
    packed_bytes: int = -1  #: of a kv head, to be packed ahead at most; -1: the default
    dynamic: bool = False  #: rows and keys are not known to the compiler

    def __str__(self):
        return " ".join(f"{k}={v}" for k, v in vars(self).items() if v != getattr(Case(), k)) or "default"

    def text(self):
        rows, keys = ("?", "?") if self.dynamic else (self.rows, self.keys)
        q = memref(self.element, 1, self.heads, rows, self.width)
        k = memref(self.element, 1, self.kv_heads, keys, self.width)
        v = memref(self.element, 1, self.kv_heads, keys, self.value_width)
        o = memref(self.element, 1, self.heads, rows, self.value_width)
        lse = memref("f32", 1, self.heads, rows)
        arguments, op, listed = f"%q: {q}, %k: {k}, %v: {v}", "qsat.attention", ""
        attributes = [f"scale = {self.scale!r} : f64"]
        if self.mask:
            attributes.append(f"mask = #qsat.mask<{self.mask}>")
        if self.blocks:
            block_m, block_n, size = self.blocks
            blocks = "?" if self.dynamic else -(-self.rows // block_m)
            i, c = memref("i32", 1, self.heads, blocks, size), memref("i32", 1, self.heads, blocks)
            arguments += f", %i: {i}, %c: {c}"
            op, listed = "qsat.sparse_attention", f" list(%i, %c : {i}, {c})"
            attributes += [f"block_m = {block_m} : i64", f"block_n = {block_n} : i64"]
        region = SOFTCAP if self.softcap else ""
        return f"""func.func @main({arguments}, %o: {o}, %l: {lse}) attributes {{llvm.emit_c_interface}} {{
  {op} ins(%q, %k, %v : {q}, {k}, {v}){listed} outs(%o, %l : {o}, {lse}) {{{', '.join(attributes)}}}{region}
  return
}}"""


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
    # Few rows: a decode.
    Case(heads=16, kv_heads=2, rows=1, keys=1101, width=128, value_width=128),
    Case(heads=4, rows=3, keys=555, width=96, value_width=32, mask="causal, offset = 540"),
    Case(heads=8, rows=2, keys=700, mask="causal, window = 200, sinks = 5, offset = 698", softcap=True),
    Case(heads=8, rows=1, keys=700, size=40.0, width=128, value_width=64, scale=-0.2),
    Case(heads=4, kv_heads=2, rows=1, keys=900, blocks=(64, 128, 5), mask="causal, offset = 890"),
    Case(heads=4, rows=4, keys=13, mask="causal, offset = 7"),
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
    # Some of the keys are packed ahead, the others where they are used; and all of those.
    Case(packed_bytes=300_000, rows=200, keys=1131, width=128, value_width=128),
    Case(packed_bytes=300_000, heads=4, kv_heads=2, rows=333, keys=1500, width=128, value_width=128,
         mask="causal, offset = 1167", dynamic=True),
    Case(packed_bytes=150_000, rows=700, keys=700, mask="causal, window = 300, sinks = 2", value_width=80),
    Case(packed_bytes=0, rows=70, keys=601, softcap=True, width=72, value_width=72),
    Case(packed_bytes=100_000, blocks=(128, 64, 12), rows=300, keys=1000, mask="causal, offset = 650"),
    Case(packed_bytes=100_000, blocks=(128, 128, 5), rows=300, keys=1033, dynamic=True, width=128,
         value_width=128),
    Case(element="f32", packed_bytes=300_000, rows=210, keys=1131, width=128, value_width=128),
    Case(element="f32", packed_bytes=100_000, heads=4, kv_heads=2, rows=400, keys=500, value_width=80,
         mask="causal, offset = 100", dynamic=True),
    Case(element="f32", packed_bytes=100_000, blocks=(64, 96, 5), rows=150, keys=700, value_width=80),
    Case(element="f16", packed_bytes=300_000, heads=4, kv_heads=2, rows=150, keys=1131, width=128,
         value_width=128, mask="causal, offset = 981", dynamic=True),
    Case(element="f16", packed_bytes=100_000, blocks=(64, 64, 12), rows=130, keys=1000, size=20.0),
]


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


def wrong_with(case, module):
    arrays = arrays_of(case)
    results = []
    for threads in (1, 2):
        module.set_threads(threads)
        o = np.zeros((1, case.heads, case.rows, case.value_width), arrays[0].dtype)
        lse = np.zeros((1, case.heads, case.rows), np.float32)
        module.call("main", *arrays, o, lse)
        results.append((o, lse))
    if not all(np.array_equal(a, b) for a, b in zip(*results)):
        return "depends on the number of threads"
    return compare(case, from_bits(results[0][0]), results[0][1], *reference(case, arrays))


def serves(cpu, case):
    return case.element in ELEMENTS.get(cpu, case.element)


def options_of(case):
    return f"packed-bytes={case.packed_bytes}" if case.packed_bytes >= 0 else ""


if __name__ == "__main__":
    sys.exit(targets.run(__doc__, CASES, targets.NEEDS, wrong_with, serves, options_of))
