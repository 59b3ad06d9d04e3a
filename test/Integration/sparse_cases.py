"""The cases of `qsat.sparse_attention`, and of the three ops in a row."""

from __future__ import annotations

import numpy as np

import score_regions
from attention_cases import generator, qkv
from case_builder import Program, accumulation, amplification_text, attributes_text, float_text, mask_text
from qsat.reference import Amplification, Mask, amplified_select, amplitude_score, sparse_attention
from reference_cases import Case, finish
from selection_cases import is_stable

#: Every dimension but the head widths.
BUT_WIDTHS = frozenset("B H Hkv Hs M N Mb Max".split())
#: What stands in a list past its count: an implementation that reads it goes far out of bounds.
JUNK = 2**30


def random_lists(r, batch, lists, num_m, num_n, density=0.4, empty=True):
    """indices ``[B,Hs,Mb,Nb]``, counts ``[B,Hs,Mb]``; the second (or only) list of the first head is empty."""
    chosen = r.random((batch, lists, num_m, num_n)) < density
    if empty:
        chosen[0, 0, min(1, num_m - 1)] = False
    counts = chosen.sum(-1)
    indices = np.sort(np.where(chosen, np.arange(num_n), JUNK), axis=-1)
    return indices, counts


def sparse_case(seed, name, *, extents=(2, 4, 2, 39, 53, 16, 16), lists=None, element="f32", mask=None, region=None,
                at=None, block_m=16, block_n=8, background=None, background_logit=None, amplification=None, kept=True,
                dynamic=(), size=1.5, tolerance=None) -> Case:
    """extents: B, H, Hkv, M, N, D, Dv of the op; ``lists`` is Hs (H by default)."""
    r, acc = generator(seed, name), accumulation(element)
    program = Program(frozenset(dynamic))
    (qs, q), (ks, k), (vs, v) = (program.argument(dims, x, element) for dims, x in
                                 zip(("B H M D", "B Hkv N D", "B Hkv N Dv"), qkv(r, extents, size)))
    num_m, num_n = -(-extents[3] // block_m), -(-extents[4] // block_n)
    indices, counts = random_lists(r, extents[0], lists or extents[1], num_m, num_n)
    hs = "Hs" if lists else "H"
    (i_s, indices), (c_s, counts) = (program.argument(f"B {hs} Mb Max", indices, "i32"),
                                     program.argument(f"B {hs} Mb", counts, "i32"))
    extras, maps, region_text, function = "", None, "", None
    if region:
        problem = np.add((extents[0], extents[1], extents[3], extents[4]), at or 0).tolist()
        extras, maps, region_text, function = region(problem, r).add_to(program, acc)
    results = [("B H M Dv", element), ("B H M", acc), ("B H M", "f32")][:3 if kept else 2]
    outs, types = program.empties(results)
    scale = 1 / np.sqrt(extents[5])
    attributes = attributes_text(dict(
        scale=f"{float_text(scale)} : f64", mask=mask and mask_text(mask), extra_maps=maps,
        block_m=f"{block_m} : i64", block_n=f"{block_n} : i64",
        background=background and f"#qsat.background<{background}>",
        background_logit=background_logit and f"{float_text(background_logit)} : f64",
        amplification=amplification and amplification_text(amplification)))
    qkv_types = ", ".join(program.type(dims, element) for dims in ("B H M D", "B Hkv N D", "B Hkv N Dv"))
    names = ["%o", "%lse", "%kept"][:len(results)]
    lines = [f"{', '.join(names)} = qsat.sparse_attention ins({qs}, {ks}, {vs} : {qkv_types}) list({i_s}, {c_s} : "
             f"{program.type(f'B {hs} Mb Max', 'i32')}, {program.type(f'B {hs} Mb', 'i32')}) {extras} "
             f"{program.position(at)} {outs} {attributes} {region_text} -> {types}"]
    values = sparse_attention(q, k, v, indices, counts, scale=scale, mask=mask, score=function, at=at or (0, 0, 0, 0),
                              block_m=block_m, block_n=block_n, background=background or "none",
                              background_logit=background_logit or 0.0, amplification=amplification)
    return finish(name, program, lines, values, [e for _, e in results], names,
                  [program.type(*result) for result in results], tolerance=tolerance or {})


def row_case(seed, name, *, extents=(1, 4, 2, 200, 200, 32, 32), element="f32", estimator="rows", theta=0.05,
             background=None, entangle=False, mask=Mask.causal(), block_m=32, block_n=32, attempt=0) -> Case:
    """amplitude_score, amplified_select and sparse_attention in a row: returns o, lse, counts."""
    r, acc = generator(seed, f"{name}#{attempt}" if attempt else name), accumulation(element)
    program = Program()
    (qs, q), (ks, k), (vs, v) = (program.argument(dims, x, element) for dims, x in
                                 zip(("B H M D", "B Hkv N D", "B Hkv N Dv"), qkv(r, extents, 2.5)))
    program.blocks("Mb", "M", block_m)
    program.blocks("Nb", "N", block_n)
    hs = "Hkv" if entangle else "H"
    results = [("B H Mb Nb", "f32"), (f"B {hs} Mb Nb", "i32"), *((f"B {hs} Mb", e) for e in ("i32", "f32", "f32")),
               ("B H M Dv", element), ("B H M", acc)]
    program.empties(results)
    types = [program.type(*result) for result in results]
    blocks = f"mask = {mask_text(mask)}, block_m = {block_m} : i64, block_n = {block_n} : i64"
    scale = 1 / np.sqrt(extents[5])
    scale_text = f"scale = {float_text(scale)} : f64"
    select_types, sparse_types = ", ".join(types[1:5]), ", ".join(types[5:])
    lines = [
        f"%a = qsat.amplitude_score ins({qs}, {ks} : {program.type('B H M D', element)}, "
        f"{program.type('B Hkv N D', element)}) outs(%init0 : {types[0]}) "
        f"{{{scale_text}, {blocks}, estimator = #qsat.estimator<{estimator}>}} -> {types[0]}",
        f"%i, %c, %m, %n = qsat.amplified_select ins(%a : {types[0]}) "
        f"outs(%init1, %init2, %init3, %init4 : {select_types}) "
        f"{{{blocks}, theta = {float_text(theta)} : f64{', entangle' if entangle else ''}}} -> {select_types}",
        f"%o, %lse = qsat.sparse_attention ins({qs}, {ks}, {vs} : {program.type('B H M D', element)}, "
        f"{program.type('B Hkv N D', element)}, {program.type('B Hkv N Dv', element)}) "
        f"list(%i, %c : {types[1]}, {types[2]}) outs(%init5, %init6 : {sparse_types}) "
        f"{{{scale_text}, {blocks}{f', background = #qsat.background<{background}>' if background else ''}}} "
        f"-> {sparse_types}"]

    def select(q, k):
        amplitude, _ = amplitude_score(q, k, scale=scale, mask=mask, estimator=estimator, block_m=block_m,
                                       block_n=block_n)
        return amplified_select(amplitude, mask=mask, theta=theta, block_m=block_m, block_n=block_n,
                                num_lists=extents[2] if entangle else extents[1])

    if not is_stable(select, lambda s: (s.indices,), q, k):
        return row_case(seed, name, extents=extents, element=element, estimator=estimator, theta=theta,
                        background=background, entangle=entangle, mask=mask, block_m=block_m, block_n=block_n,
                        attempt=attempt + 1)
    selection = select(q, k)
    o, lse, _ = sparse_attention(q, k, v, selection.indices, selection.counts, scale=scale, mask=mask, block_m=block_m,
                                 block_n=block_n, background=background or "none")
    return finish(name, program, lines, (o, lse, selection.counts), [element, acc, "i32"], ["%o", "%lse", "%c"],
                  [types[5], types[6], types[2]])


def cases(seed: int) -> list[Case]:
    def sparse(name, **options):
        return sparse_case(seed, f"sparse_{name}", **options)

    def row(name, **options):
        return row_case(seed, f"row_{name}", **options)

    causal, tile = Mask.causal(offset=14), dict(at=(1, 2, 32, 8))
    kinds = (Amplification("born"), Amplification("full"), Amplification("rounds", 1), Amplification("optimal"),
             Amplification("fixed_point", delta=0.2))
    return [
        sparse("plain"),
        sparse("two_results", kept=False, mask=causal),
        sparse("causal", mask=causal),
        sparse("masked_rows", mask=Mask.causal(offset=-9)),
        sparse("window", mask=Mask.causal(offset=10, window=17, sinks=3)),
        sparse("lists_of_kv_heads", lists=2, mask=causal),
        sparse("one_list", lists=1, mask=causal),
        sparse("wide_values", extents=(1, 4, 4, 39, 53, 24, 40), mask=causal),
        sparse("long", extents=(1, 2, 1, 300, 310, 64, 64), mask=Mask.causal(offset=10), block_m=64, block_n=32),
        *(sparse(name, background=name, mask=causal) for name in ("rank1", "centroid", "t2")),
        *(sparse(f"{name}_window", background=name, mask=Mask.causal(offset=-5, window=19, sinks=3))
          for name in ("rank1", "centroid", "t2")),
        *(sparse(f"{name}_at", background=name, mask=Mask.causal(offset=-9), **tile)
          for name in ("rank1", "centroid", "t2")),
        sparse("rank1_logit", background="rank1", background_logit=-0.7, lists=2),
        *(sparse(f"t2_{kind.kind}", background="t2", amplification=kind, mask=causal) for kind in kinds),
        sparse("at", mask=Mask.causal(offset=-9), **tile),
        sparse("softcap", region=score_regions.softcap, mask=causal, size=5),
        sparse("documents", region=score_regions.documents, mask=causal),
        sparse("bias_at", region=score_regions.bias, mask=Mask.causal(offset=-9), **tile),
        sparse("f64", element="f64", mask=causal),
        sparse("t2_f64", element="f64", background="t2", mask=causal),
        sparse("f16", element="f16", mask=causal),
        sparse("bf16", element="bf16", mask=causal),
        sparse("centroid_bf16", element="bf16", background="centroid", mask=causal),
        sparse("dynamic", dynamic=BUT_WIDTHS, lists=2, mask=causal),
        sparse("dynamic_widths", dynamic=BUT_WIDTHS | {"D", "Dv"}, lists=2, mask=causal),
        sparse("t2_dynamic", dynamic={"M", "N", "Mb", "Max"}, background="t2", mask=causal),
        row("rows"),
        row("cascade_entangle", estimator="cascade", entangle=True),
        row("d2_t2", estimator="d2", background="t2"),
        row("rows_bf16", element="bf16"),
    ]
