"""The functions that gpu_attention.py measures: their source, and how to compile them.

Extents are dynamic: a function serves any batch, heads and lengths.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ALIBI = """
    %d = arith.subi %j, %i : index
    %di = arith.index_cast %d : index to i32
    %df = arith.sitofp %di : i32 to f32
    %slope = arith.constant 1.250000e-01 : f32
    %bias = arith.mulf %slope, %df : f32
    %y = arith.addf %z, %bias : f32"""
SOFTCAP = """
    %cap = arith.constant 2.000000e+00 : f32
    %x = arith.divf %z, %cap : f32
    %t = math.tanh %x : f32
    %y = arith.mulf %t, %cap : f32"""
BIAS = """
    %y = arith.addf %z, %e : f32"""


@dataclass(frozen=True)
class Kernel:
    """One function: dense, or from lists of key blocks of ``block`` keys."""

    name: str
    width: int = 128
    value_width: int = 0  # 0: width
    element: str = "bf16"
    causal: bool = False
    offset: int = 0
    window: int = 0
    sinks: int = 0
    block: int = 0  # 0: dense
    region: str = ""  # "", alibi, softcap or bias
    block_rows: int = 128  # rows of one list
    shares_lists: bool = False  # one for all heads that share keys
    rows: int = 0  # query rows that are known when it is compiled; 0: any number
    output: str = ""  # element type of o, if not that of q
    background: str = ""  # what stands in for keys that are not listed

    @property
    def dv(self) -> int:
        return self.value_width or self.width

    def scale(self) -> float:
        return self.width ** -0.5

    def text(self) -> str:
        layout = "strided<[?, ?, ?, 1], offset: ?>"
        rows, k, v = self.rows or "?", *(f"memref<?x?x?x{width}x{self.element}, {layout}>"
                                         for width in (self.width, self.dv))
        q = f"memref<?x?x{rows}x{self.width}x{self.element}, {layout}>"
        o = f"memref<?x?x{rows}x{self.dv}x{self.output or self.element}, {layout}>"
        lse, extra = f"memref<?x?x{rows}xf32>", "memref<?x?x?xf32>"
        mask = [m for m, on in (("causal", self.causal), (f"offset = {self.offset}", self.offset),
                                (f"window = {self.window}", self.window), (f"sinks = {self.sinks}", self.sinks)) if on]
        attributes = [f"scale = {self.scale():.17e} : f64"]
        if mask:
            attributes.append(f"mask = #qsat.mask<{', '.join(mask)}>")
        arguments = [("%q", q), ("%k", k), ("%v", v)]
        op, lists, extras, region = "qsat.attention", "", "", ""
        if self.block:
            op, indices, counts = "qsat.sparse_attention", "memref<?x?x?x?xi32>", "memref<?x?x?xi32>"
            lists = f" list(%lists, %counts : {indices}, {counts})"
            arguments += [("%lists", indices), ("%counts", counts)]
            attributes += [f"block_m = {self.block_rows} : i64", f"block_n = {self.block} : i64"]
        if self.background:
            attributes.append(f"background = #qsat.background<{self.background}>")
        if self.region:
            body = {"alibi": ALIBI, "softcap": SOFTCAP, "bias": BIAS}[self.region]
            if self.region == "bias":
                extras = f" extras(%bias : {extra})"
                arguments.append(("%bias", extra))
                attributes.append("extra_maps = [affine_map<(b, h, i, j) -> (h, i, j)>]")
            element = "%e: f32, " if extras else ""
            region = (f" score {{\n  ^bb0(%z: f32, {element}%b: index, %h: index, %i: index, %j: index):{body}\n"
                      "    qsat.yield %y : f32\n  }")
        arguments += [("%o", o), ("%l", lse)]
        signature = ", ".join(f"{name}: {type_}" for name, type_ in arguments)
        return (f"func.func @{self.name}({signature}) {{\n  {op} ins(%q, %k, %v : {q}, {k}, {v}){lists}{extras}\n"
                f"    outs(%o, %l : {o}, {lse}) {{{', '.join(attributes)}}}{region}\n  return\n}}\n")


TIMED = [
    Kernel("dense"), Kernel("dense_causal", causal=True),
    Kernel("dense64", width=64), Kernel("dense64_causal", width=64, causal=True),
    Kernel("list", block=128), Kernel("list_causal", block=128, causal=True),
    Kernel("list64_causal", block=64, causal=True),
]
CHECKED = TIMED + [
    Kernel("dense_f16", element="f16", causal=True),
    Kernel("dense256", width=256, causal=True),
    Kernel("dense192_128", width=192, value_width=128, causal=True),
    Kernel("dense128_64", width=128, value_width=64),
    Kernel("dense_offset", causal=True, offset=1000),
    Kernel("dense_before", causal=True, offset=-300),
    Kernel("dense_window", causal=True, window=200),
    Kernel("dense_sinks", causal=True, window=300, sinks=5),
    Kernel("dense_band", window=129),
    Kernel("list_window", block=128, causal=True, window=300, sinks=130),
    Kernel("list_d64", width=64, block=64, causal=True),
    Kernel("dense_alibi", causal=True, region="alibi"),
    Kernel("dense_softcap", region="softcap"),
    Kernel("dense_bias", causal=True, region="bias"),
    Kernel("list_alibi", block=128, causal=True, region="alibi"),
    # What wgmma is not made for: products of warps.
    Kernel("dense96", width=96, causal=True),
    Kernel("dense80_48", width=80, value_width=48),
    Kernel("dense_to_f32", causal=True, output="f32"),
    Kernel("list_rows64", block=64, block_rows=64, causal=True),
    Kernel("list_pages", block=16, causal=True),
    Kernel("list_rank1", block=128, background="rank1"),
    Kernel("list_centroid", block=64, causal=True, background="centroid"),
    Kernel("list_window_centroid", block=128, causal=True, window=300, sinks=130, background="centroid"),
]
# Few rows to many keys: their number is part of the type.
DECODE = [
    Kernel("decode", rows=1),
    Kernel("decode64", width=64, rows=1),
    Kernel("decode_pages", block=16, rows=1, shares_lists=True),
]
CHECKED_DECODE = DECODE + [
    Kernel("decode_f16", element="f16", rows=1),
    Kernel("decode256", width=256, rows=1),
    Kernel("decode96_80", width=96, value_width=80, rows=1),
    Kernel("decode_to_f32", output="f32", rows=1),
    Kernel("decode5_causal", causal=True, offset=700, rows=5),
    Kernel("decode16_window", causal=True, offset=900, window=300, sinks=20, rows=16),
    Kernel("decode_alibi", region="alibi", rows=3),
    Kernel("decode_bias", region="bias", rows=2),
    Kernel("decode_list128", block=128, rows=4),
]

# merge(o1, l1, o2, l2, o, l): two results for the same queries as one.
MERGED = "memref<?x?x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>"
MERGE = f"""func.func @merge(%o1: {MERGED}, %l1: memref<?x?x?xf32>, %o2: {MERGED}, %l2: memref<?x?x?xf32>,
                %o: {MERGED}, %l: memref<?x?x?xf32>) {{
  qsat.merge ins(%o1, %l1, %o2, %l2 : {MERGED}, memref<?x?x?xf32>, {MERGED}, memref<?x?x?xf32>)
    outs(%o, %l : {MERGED}, memref<?x?x?xf32>)
  return
}}
"""


def build(directory: Path, qsat_compile: str, variants: dict[str, list[str]]):
    """Compiles all functions, once for each variant: name -> options of qsat-compile."""
    directory.mkdir(parents=True, exist_ok=True)
    for variant, options in variants.items():
        source = directory / f"{variant}.mlir"
        whole = variant in ("default", "sm_80")
        kernels = CHECKED + CHECKED_DECODE if whole else TIMED[:2 if "--keys" in " ".join(options) else 4]
        source.write_text("".join(kernel.text() for kernel in kernels) + MERGE * whole)
        subprocess.run([qsat_compile, str(source), "-o", str(directory / f"{variant}.so"), *options], check=True)
