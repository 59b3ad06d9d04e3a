"""The cases of `qsat.attention` and `qsat.merge`."""

from __future__ import annotations

import zlib

import numpy as np

import score_regions
from case_builder import Program, accumulation, attributes_text, float_text, mask_text
from qsat.reference import Mask, attention, merge
from reference_cases import Case, finish

#: Every dimension but the head widths, which are rarely unknown.
BUT_WIDTHS = frozenset("B H Hkv M N Hx Mx Nx".split())
ALL = BUT_WIDTHS | {"D", "Dv"}
MINUS_INFINITY = -np.inf


def generator(seed: int, name: str) -> np.random.Generator:
    """Of the name too, so that a case does not change when others come and go."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def qkv(r, extents, size=1.0, values=True):
    """Random q, k, v of extents B, H, Hkv, M, N, D, Dv: logits of standard deviation ``size`` at
    scale 1/sqrt(D)."""
    b, h, hkv, m, n, d, dv = extents
    q, k = size * r.standard_normal((b, h, m, d)), r.standard_normal((b, hkv, n, d))
    return (q, k, r.standard_normal((b, hkv, n, dv))) if values else (q, k)


def attention_case(seed, name, *, extents=(2, 4, 4, 40, 40, 16, 16), element="f32", mask=None, region=None, at=None,
                   lse=True, low_o=True, dynamic=(), size=1.5, scale=None, change=None, tolerance=None) -> Case:
    """extents: B, H, Hkv, M, N, D, Dv of the op. ``low_o``: o has the element type, else the
    accumulation type. ``scale=0`` leaves the attribute out (1.0)."""
    r, acc = generator(seed, name), accumulation(element)
    program = Program(frozenset(dynamic))
    q, k, v = qkv(r, extents, size)
    if change:
        change(q, k, v)
    (qs, q), (ks, k), (vs, v) = (program.argument(dims, x, element) for dims, x in
                                 (("B H M D", q), ("B Hkv N D", k), ("B Hkv N Dv", v)))
    extras, maps, score, function = "", None, "", None
    if region:
        problem = np.add((extents[0], extents[1], extents[3], extents[4]), at or 0).tolist()
        extras, maps, score, function = region(problem, r).add_to(program, acc)
    o_element = element if low_o else acc
    results = [("B H M Dv", o_element), ("B H M", acc)][:2 if lse else 1]
    outs, types = program.empties(results)
    scale = 1 / np.sqrt(extents[5]) if scale is None else scale
    attributes = attributes_text(dict(scale=f"{float_text(scale)} : f64" if scale else None,
                                      mask=mask and mask_text(mask), extra_maps=maps))
    qkv_types = ", ".join((program.type("B H M D", element), program.type("B Hkv N D", element),
                           program.type("B Hkv N Dv", element)))
    names = ["%o", "%lse"][:len(results)]
    lines = [f"{', '.join(names)} = qsat.attention ins({qs}, {ks}, {vs} : {qkv_types}) {extras} "
             f"{program.position(at)} {outs} {attributes} {score} -> {types}"]
    values = attention(q, k, v, scale=scale or 1.0, mask=mask, score=function, at=at or (0, 0, 0, 0))
    return finish(name, program, lines, values, [element for _, element in results], names,
                  [program.type(*result) for result in results], tolerance=tolerance or {})


def merge_case(seed, name, *, element="f32", extents=(2, 3, 19, 8), dynamic=(), holes=True) -> Case:
    """extents: B, H, M, Dv. ``holes``: rows where one, the other or both sides are empty."""
    r, acc = generator(seed, name), accumulation(element)
    program = Program(frozenset(dynamic))
    o1, o2 = r.standard_normal((2, *extents))
    lse1, lse2 = 3 * r.standard_normal((2, *extents[:3]))
    if holes:
        for o, lse, rows in ((o1, lse1, [1, 3]), (o2, lse2, [2, 3])):
            o[:, :, rows], lse[:, :, rows] = 0, MINUS_INFINITY
    operands = [program.argument(dims, x, e) for dims, x, e in
                (("B H M Dv", o1, element), ("B H M", lse1, acc), ("B H M Dv", o2, element), ("B H M", lse2, acc))]
    results = [("B H M Dv", element), ("B H M", acc)]
    outs, types = program.empties(results)
    lines = [f"%o, %lse = qsat.merge ins({', '.join(name for name, _ in operands)} : {types}, {types}) {outs} -> {types}"]
    return finish(name, program, lines, merge(*(x for _, x in operands)), [element, acc], ["%o", "%lse"],
                  [program.type(*result) for result in results])


def nan_in_one_row(q, k, v):
    q[0, 1, 3, 2] = np.nan


def cases(seed: int) -> list[Case]:
    def make(name, **options):
        return attention_case(seed, f"attention_{name}", **options)

    def make_merge(name, **options):
        return merge_case(seed, f"merge_{name}", **options)

    gqa = (2, 6, 2, 37, 53, 16, 16)
    return [
        make("plain"),
        make("one_result", lse=False),
        make("default_scale", scale=0, size=0.4),
        make("causal", mask=Mask.causal()),
        make("causal_gqa", mask=Mask.causal(offset=16), extents=gqa),
        make("causal_fewer_keys", mask=Mask.causal(), extents=(1, 2, 1, 53, 37, 16, 16)),
        make("masked_rows", mask=Mask.causal(offset=-11), extents=gqa),
        make("nothing_visible", mask=Mask.causal(offset=-100), extents=gqa),
        make("window", mask=Mask.causal(window=9), extents=gqa),
        make("window_sinks", mask=Mask.causal(offset=16, window=9, sinks=3), extents=gqa),
        make("window_both_sides", mask=Mask(lookahead=6, window=7), extents=gqa),
        make("window_without_lookahead", mask=Mask(window=5), extents=gqa),
        make("decode", mask=Mask.causal(offset=210), extents=(2, 8, 2, 1, 211, 64, 64)),
        make("long", mask=Mask.causal(), extents=(1, 2, 2, 333, 333, 64, 64)),
        make("wide_values", extents=(1, 2, 2, 21, 70, 24, 40), mask=Mask.causal(offset=49)),
        make("narrow", extents=(1, 1, 1, 3, 5, 1, 1)),
        make("huge_logits", size=3e4, mask=Mask.causal(), tolerance={"f32": (3e-5, 3e-2)}),
        make("nan_row", change=nan_in_one_row, mask=Mask.causal()),
        make("f64", element="f64", mask=Mask.causal(), extents=gqa),
        make("f16", element="f16", mask=Mask.causal(offset=16), extents=gqa),
        make("bf16", element="bf16", mask=Mask.causal(offset=16), extents=gqa),
        make("bf16_long", element="bf16", mask=Mask.causal(), extents=(1, 4, 2, 200, 200, 64, 64)),
        make("bf16_f32_output", element="bf16", low_o=False, extents=gqa, tolerance={"f32": (4e-3, 4e-3)}),
        make("softcap", region=score_regions.softcap, mask=Mask.causal(offset=16), extents=gqa, size=5),
        make("alibi", region=score_regions.alibi, mask=Mask.causal(offset=16), extents=gqa),
        make("bias", region=score_regions.bias, extents=gqa),
        make("bias_bf16", element="bf16", region=score_regions.bias_bf16, extents=gqa),
        make("padding", region=score_regions.padding, mask=Mask.causal(offset=16), extents=gqa),
        make("documents", region=score_regions.documents, mask=Mask.causal(offset=16), extents=gqa),
        make("relative_position", region=score_regions.relative_position, extents=gqa),
        make("region_f64", element="f64", region=score_regions.checkerboard, mask=Mask.causal(), extents=gqa),
        make("at", at=(1, 2, 8, 5), mask=Mask.causal(offset=4), extents=gqa),
        make("at_region", at=(1, 2, 8, 5), region=score_regions.bias, mask=Mask.causal(), extents=gqa),
        make("dynamic", dynamic=BUT_WIDTHS, mask=Mask.causal(offset=16), extents=gqa),
        make("dynamic_widths", dynamic=ALL, mask=Mask.causal(offset=16), extents=gqa),
        make("dynamic_sequence", dynamic={"M", "N", "Mx", "Nx"}, region=score_regions.bias, extents=gqa),
        make_merge("f32"),
        make_merge("f64", element="f64"),
        make_merge("bf16", element="bf16"),
        make_merge("dynamic", dynamic=ALL),
    ]
