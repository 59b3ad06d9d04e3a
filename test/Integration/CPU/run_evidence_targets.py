"""Runs scoring of bf16 and in 8 bits, and audits of bf16, as several CPUs do it on this one, and
compares them with the numpy reference.

    run_evidence_targets.py --qsat-opt=PATH [--cpus sapphirerapids ...] [--compile-only]

AMX tiles by their emulation in C, products in vectors, and multiplications. Prints a line for each
case; exit code 1 if any failed. With QSAT_KERNELS=DIR compiled kernels are kept in DIR and taken from it.
"""

import sys
from dataclasses import dataclass

import numpy as np
import targets
from targets import from_bits, memref, to_bits

from qsat.reference import Mask, amplitude_score, attention, audit

#: The code of sapphirerapids may use any of its instructions: not for a machine that has them in part.
NEEDS = {cpu: targets.NEEDS[cpu] for cpu in ("sapphirerapids-emulated", "znver5", "x86-64-v3")}
NEEDS["sapphirerapids"] = "amx_int8 amx_bf16 avx512_fp16"


def random(generator, element, *shape, size=1.0):
    return to_bits(size * generator.standard_normal((1, *shape)), element)


@dataclass
class Problem:
    element: str
    heads: int
    kv_heads: int
    rows: int
    keys: int
    width: int
    offset: int | None = 0  #: of the causal mask; None: there is none
    window: int = 0
    size: float = 1.0  #: of q

    def mask(self):
        return None if self.offset is None else Mask.causal(offset=self.offset, window=self.window)

    def attributes(self):
        window = f", window = {self.window}" if self.window else ""
        mask = "" if self.offset is None else f", mask = #qsat.mask<causal, offset = {self.offset}{window}>"
        return f"scale = {self.width ** -0.5!r} : f64{mask}"

    def arrays(self, generator):
        return (random(generator, self.element, self.heads, self.rows, self.width, size=self.size),
                random(generator, self.element, self.kv_heads, self.keys, self.width),
                random(generator, self.element, self.kv_heads, self.keys, self.width))

    def types(self):
        return (memref(self.element, 1, self.heads, self.rows, self.width),
                memref(self.element, 1, self.kv_heads, self.keys, self.width))


@dataclass
class Score(Problem):
    """amplitude_score by rows, in 8 bits unless said."""

    block_m: int = 64
    block_n: int = 64
    stride: int = 8
    int8: bool = True
    estimator: str = "rows"
    tolerance = (2e-5, 3e-5)

    def text(self):
        q, k = self.types()
        blocks = -(-self.rows // self.block_m)
        a, l = memref("f32", 1, self.heads, blocks, -(-self.keys // self.block_n)), memref("f32", 1, self.heads, blocks)
        return f"""func.func @main(%q: {q}, %k: {k}, %a: {a}, %l: {l}) attributes {{llvm.emit_c_interface}} {{
  qsat.amplitude_score ins(%q, %k : {q}, {k}) outs(%a, %l : {a}, {l}) {{{self.attributes()}{", int8" * self.int8},
    estimator = #qsat.estimator<{self.estimator}>, block_m = {self.block_m} : i64, block_n = {self.block_n} : i64, stride = {self.stride} : i64}}
  return
}}"""

    def operands(self, generator):
        """(operands, what the reference makes of them)."""
        q, k, _ = self.arrays(generator)
        expected = amplitude_score(from_bits(q), from_bits(k), scale=self.width ** -0.5, mask=self.mask(),
                                   int8=self.int8, estimator=self.estimator, block_m=self.block_m,
                                   block_n=self.block_n, stride=self.stride)
        return (q, k), expected


@dataclass
class Audit(Problem):
    """The audit of an attention whose output is off by noise, and whose lse is that of all keys."""

    stratum: int = 128
    tolerance = (2e-2, 2e-2)  # what a kernel rounds on the way is part of the difference

    def text(self):
        q, k = self.types()
        l, t = memref("f32", 1, self.heads, self.rows), memref("f32", 1, self.heads, -(-self.rows // self.stratum), 2)
        return f"""func.func @main(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {l}, %e: {t}, %n: {t}, %m: {t})
    attributes {{llvm.emit_c_interface}} {{
  qsat.audit ins(%q, %k, %v : {q}, {k}, {k}) of(%o : {q}) lse(%l : {l}) outs(%e, %n, %m : {t}, {t}, {t})
    {{{self.attributes()}, share = {2 / self.stratum!r} : f64, seed = 3 : i64}}
  return
}}"""

    def operands(self, generator):
        arrays = self.arrays(generator)
        q, k, v = map(from_bits, arrays)
        options = dict(scale=self.width ** -0.5, mask=self.mask())
        o, lse = attention(q, k, v, **options)
        given = to_bits(o + 0.3 * generator.standard_normal(o.shape), self.element)
        lse = lse.astype(np.float32)
        return (*arrays, given, lse), audit(q, k, v, from_bits(given), lse, share=2 / self.stratum, seed=3, **options)


CASES = [
    Score("f32", 8, 2, 256, 256, 128),
    Score("bf16", 8, 2, 200, 333, 64, offset=133, stride=16),
    Score("f32", 2, 1, 70, 90, 40, offset=14, block_m=16, block_n=8, stride=4),  # nothing that a tile divides
    Score("bf16", 4, 4, 39, 53, 23, offset=-9, block_m=16, block_n=5, stride=3),
    Score("f16", 6, 2, 130, 17, 130, offset=None, block_n=100, stride=7),
    Score("f32", 3, 1, 1, 77, 64, offset=76, block_m=16, block_n=16, stride=16),
    Score("f32", 8, 2, 128, 512, 128, offset=384, size=1e3),
    Score("bf16", 8, 2, 512, 512, 128, stride=16, int8=False),
    Score("bf16", 8, 2, 200, 333, 64, offset=133, window=150, int8=False),
    Score("bf16", 4, 4, 39, 53, 23, offset=-9, block_m=16, block_n=5, stride=3, int8=False),
    Score("bf16", 2, 1, 1, 7, 80, offset=6, block_m=16, block_n=16, int8=False),  # fewer keys than a tile
    Score("bf16", 6, 2, 130, 301, 96, offset=None, block_n=100, stride=7, int8=False),
    Score("bf16", 4, 2, 130, 260, 32, offset=130, size=1e3, int8=False),
    Score("bf16", 4, 2, 100, 130, 48, offset=30, int8=False, estimator="exact"),
    Audit("bf16", 8, 2, 700, 700, 128),
    Audit("bf16", 4, 4, 333, 900, 64, offset=567, stratum=7),
    Audit("bf16", 6, 2, 100, 90, 40, offset=-15, stratum=5),  # rows that see no key
    Audit("bf16", 2, 1, 1, 77, 80, offset=76),
    Audit("bf16", 8, 2, 600, 600, 64, window=90, stratum=16),
    Audit("bf16", 4, 2, 130, 1100, 32, offset=None, size=40.0, stratum=32),
]


def wrong_with(case, module):
    operands, expected = case.operands(np.random.default_rng(5))
    atol, rtol = case.tolerance
    for threads in (1, 2):
        module.set_threads(threads)
        found = [np.full(x.shape, np.nan, np.float32) for x in expected]
        module.call("main", *operands, *found)
        for number, (x, y) in enumerate(zip(found, expected)):
            with np.errstate(invalid="ignore"):
                good = (np.abs(x - y) <= atol + rtol * np.abs(y)) | (x == y)
            if not good.all():
                worst = np.nanmax(np.abs(x - y)[~good], initial=0)
                return f"result {number}: {(~good).sum()} of {good.size} differ, worst by {worst:.2g}"
    return ""


if __name__ == "__main__":
    sys.exit(targets.run(__doc__, CASES, NEEDS, wrong_with))
