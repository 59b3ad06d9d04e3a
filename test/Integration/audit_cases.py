"""The cases of `qsat.audit`."""

from __future__ import annotations

import numpy as np

import score_regions
from attention_cases import generator, qkv
from case_builder import Program, accumulation, attributes_text, float_text, mask_text
from qsat.reference import Mask, attention, audit
from reference_cases import Case, finish

#: Every dimension but the head widths.
BUT_WIDTHS = frozenset("B H Hkv M N T Hx Mx Nx".split())
#: Of a low type: what a kernel rounds on the way to o* is part of the difference.
LOW = {"f32": (2e-2, 2e-2)}
#: Of the exact output: the error found, 0 but for that rounding, beside norms of up to 1000.
FLOOR = {"f32": (4e-3, 6e-4)}


def audit_case(seed, name, *, extents=(2, 6, 2, 37, 53, 16, 16), element="f32", low_o=True, mask=None, region=None,
               at=None, lse=True, stratum=5, draw=3, dynamic=(), size=1.5, noise=0.3, tolerance=None) -> Case:
    """extents: B, H, Hkv, M, N, D, Dv of the op. o and lse are the exact ones plus noise (of o, of
    this deviation); ``draw`` is the seed of the op, which draws two rows of every ``stratum``."""
    r, acc = generator(seed, name), accumulation(element)
    program = Program(frozenset(dynamic))
    (qs, q), (ks, k), (vs, v) = (program.argument(dims, x, element) for dims, x in
                                 zip(("B H M D", "B Hkv N D", "B Hkv N Dv"), qkv(r, extents, size)))
    extras, maps, region_text, function = "", None, "", None
    scale, position = 1 / np.sqrt(extents[5]), at or (0, 0, 0, 0)
    problem = np.add((extents[0], extents[1], extents[3], extents[4]), position).tolist()
    modification = region(problem, r) if region else None
    # The noise is large beside what f32 and a low type of o round away.
    o, exact_lse = attention(q, k, v, scale=scale, mask=mask, at=position)
    o_element = element if low_o else acc
    os, o = program.argument("B H M Dv", o + noise * r.standard_normal(o.shape), o_element)
    ls = given = None
    if lse:
        ls, given = program.argument("B H M", exact_lse - 0.2 * r.random(exact_lse.shape), acc)
    if region:
        extras, maps, region_text, function = modification.add_to(program, acc)
    program.blocks("T", "M", stratum)
    program.constant("Two", 2)
    results = [("B H T Two", "f32")] * (3 if lse else 2)
    outs, types = program.empties(results)
    attributes = attributes_text(dict(scale=f"{float_text(scale)} : f64", mask=mask and mask_text(mask), extra_maps=maps,
                                      share=f"{float_text(2 / stratum)} : f64", seed=f"{draw} : i64"))
    qkv_types = ", ".join(program.type(dims, element) for dims in ("B H M D", "B Hkv N D", "B Hkv N Dv"))
    names = ["%e", "%n", "%kept"][:len(results)]
    lse_text = f"lse({ls} : {program.type('B H M', acc)})" if lse else ""
    lines = [f"{', '.join(names)} = qsat.audit ins({qs}, {ks}, {vs} : {qkv_types}) "
             f"of({os} : {program.type('B H M Dv', o_element)}) {lse_text} {extras} {program.position(at)} {outs} "
             f"{attributes} {region_text} -> {types}"]
    values = audit(q, k, v, o, given, scale=scale, mask=mask, score=function, at=position, share=2 / stratum, seed=draw)
    return finish(name, program, lines, values, ["f32"] * len(results), names,
                  [program.type(*result) for result in results], tolerance=tolerance or {})


def cases(seed: int) -> list[Case]:
    def make(name, **options):
        return audit_case(seed, f"audit_{name}", **options)

    causal, tile = Mask.causal(offset=16), dict(at=(1, 2, 10, 5))
    return [
        make("plain"),
        make("two_results", lse=False, mask=causal),
        make("causal", mask=causal, draw=-1),
        make("masked_rows", mask=Mask.causal(offset=-11)),
        make("window", mask=Mask.causal(offset=10, window=17, sinks=3)),
        make("window_both_sides", mask=Mask(lookahead=6, window=7)),
        make("long", extents=(1, 4, 2, 700, 700, 64, 64), stratum=7, mask=Mask.causal()),
        make("short_strata", stratum=2, mask=causal),
        make("one_stratum", stratum=64, mask=causal),
        make("one_row", extents=(2, 6, 2, 1, 53, 16, 16), mask=Mask.causal(offset=52)),
        make("wide_values", extents=(1, 4, 4, 39, 53, 24, 40), mask=causal),
        make("at", mask=Mask.causal(offset=4), **tile),
        make("softcap", region=score_regions.softcap, mask=causal),
        make("alibi", region=score_regions.alibi, mask=causal),
        make("bias_at", region=score_regions.bias, mask=causal, **tile),
        make("documents", region=score_regions.documents, mask=causal),
        make("relative_position", region=score_regions.relative_position),
        make("f64", element="f64", mask=causal),
        make("f16", element="f16", mask=causal, tolerance=LOW),
        make("bf16", element="bf16", mask=causal, tolerance=LOW),
        make("bf16_f32_output", element="bf16", low_o=False, mask=causal, tolerance=LOW),
        make("bf16_floor", element="bf16", low_o=False, noise=0, lse=False, extents=(1, 4, 2, 700, 700, 64, 64), stratum=7,
             mask=Mask.causal(), tolerance=FLOOR),
        make("bf16_odd_widths", element="bf16", extents=(1, 4, 4, 39, 53, 23, 41), mask=causal, tolerance=LOW),
        make("bf16_window", element="bf16", mask=Mask.causal(offset=10, window=17, sinks=3), tolerance=LOW),
        make("bf16_masked_rows", element="bf16", mask=Mask.causal(offset=-11), tolerance=LOW),
        make("bf16_bias_at", element="bf16", region=score_regions.bias, mask=causal, **tile, tolerance=LOW),
        make("bf16_huge_logits", element="bf16", size=3e2, mask=causal, tolerance=LOW),
        make("dynamic", dynamic=BUT_WIDTHS, region=score_regions.bias, mask=causal),
        make("dynamic_widths", dynamic=BUT_WIDTHS | {"D", "Dv"}, mask=causal),
    ]
