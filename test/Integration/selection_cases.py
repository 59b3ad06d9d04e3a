"""The cases of `qsat.amplitude_score` and `qsat.amplified_select`."""

from __future__ import annotations

import numpy as np

import score_regions
from attention_cases import generator, qkv
from case_builder import Program, accumulation, amplification_text, attributes_text, float_text, mask_text
from qsat.reference import Amplification, Mask, Selection, amplified_select, amplitude_score, overlap
from reference_cases import Case, finish

#: Every dimension but the head width.
BUT_WIDTHS = frozenset("B H Hkv Hs M N Mb Nb".split())
BLOCKS = dict(block_m=16, block_n=8)


def is_stable(function, decided, *operands) -> bool:
    """Whether what ``decided`` takes from function(*operands) survives relative noise of 2e-6, the
    rounding that an implementation in f32 may add: choices at a hair's breadth test nothing."""
    expected = decided(function(*operands))
    noise = np.random.default_rng(0)
    for _ in range(3):
        near = [x * (1 + 2e-6 * noise.standard_normal(x.shape)) for x in operands]
        if any(np.any(x != y) for x, y in zip(expected, decided(function(*near)))):
            return False
    return True


def score_case(seed, name, *, extents=(2, 4, 2, 39, 53, 16), element="f32", mask=None, region=None, at=None,
               estimator=None, block_m=16, block_n=8, stride=None, share=None, int8=False, lse=True, dynamic=(), size=1.5,
               attempt=0) -> Case:
    """extents: B, H, Hkv, M, N, D of the op. Attributes that are None are left out."""
    r = generator(seed, f"{name}#{attempt}" if attempt else name)
    program = Program(frozenset(dynamic))
    (qs, q), (ks, k) = (program.argument(dims, x, element) for dims, x in
                        zip(("B H M D", "B Hkv N D"), qkv(r, (*extents, 0), size, values=False)))
    extras, maps, region_text, function = "", None, "", None
    if region:
        problem = np.add((extents[0], extents[1], extents[3], extents[4]), at or 0).tolist()
        extras, maps, region_text, function = region(problem, r).add_to(program, accumulation(element))
    program.blocks("Mb", "M", block_m)
    program.blocks("Nb", "N", block_n)
    results = [("B H Mb Nb", "f32"), ("B H Mb", "f32")][:2 if lse else 1]
    outs, types = program.empties(results)
    scale = 1 / np.sqrt(extents[5])
    attributes = attributes_text(dict(
        scale=f"{float_text(scale)} : f64", mask=mask and mask_text(mask), extra_maps=maps,
        estimator=estimator and f"#qsat.estimator<{estimator}>", block_m=f"{block_m} : i64",
        block_n=f"{block_n} : i64", stride=stride and f"{stride} : i64", share=share and f"{float_text(share)} : f64",
        int8=int8 or None))
    names = ["%amplitude", "%lse"][:len(results)]
    lines = [f"{', '.join(names)} = qsat.amplitude_score ins({qs}, {ks} : {program.type('B H M D', element)}, "
             f"{program.type('B Hkv N D', element)}) {extras} {program.position(at)} {outs} {attributes} "
             f"{region_text} -> {types}"]
    given = {key: value for key, value in dict(estimator=estimator, stride=stride, share=share, int8=int8).items()
             if value}

    def compute(q, k):
        return amplitude_score(q, k, scale=scale, mask=mask, score=function, at=at or (0, 0, 0, 0), block_m=block_m,
                               block_n=block_n, **given)

    if estimator == "cascade" and not is_stable(compute, lambda result: [result[0] > 0], q, k):
        return score_case(seed, name, extents=extents, element=element, mask=mask, region=region, at=at,
                          estimator=estimator, block_m=block_m, block_n=block_n, stride=stride, share=share, lse=lse,
                          dynamic=dynamic, size=size, attempt=attempt + 1)
    return finish(name, program, lines, compute(q, k), ["f32"] * len(results), names,
                  [program.type(*result) for result in results])


def select_case(table_seed, name, *, extents=(2, 4, 5, 13), mask=None, policy=None, at=None, lists=None, limit=None,
                spread_heads=2, levels=0, dynamic=(), iterations=None, block_m=16, block_n=8, attempt=0,
                **options) -> Case:
    """extents: B, H, Mb, Nb. ``table_seed`` is of the inputs (``seed`` is an attribute);
    ``limit`` is the extent of indices; ``levels``: amplitudes with ties."""
    batch, heads, num_m, num_n = extents
    r = generator(table_seed, f"{name}#{attempt}" if attempt else name)
    p = r.dirichlet(0.4 * np.ones(num_n), size=(batch, heads, num_m))
    # Ties among powers of 1/4: their squares and sums are exact.
    amplitude = np.sqrt(p) if not levels else 2.0 ** -r.integers(1, levels + 1, size=p.shape)
    program = Program(frozenset(dynamic))
    operands = [program.argument("B H Mb Nb", amplitude, "f32")]
    extra_text, keywords = "", []
    if policy == "logit_threshold":
        operands.append(program.argument("B H Mb", r.standard_normal((batch, heads, num_m)), "f32"))
        extra_text, keywords = f"lse({operands[1][0]} : {program.type('B H Mb', 'f32')})", ["lse"]
    if policy == "residual":
        operands.append(program.argument("B Hkv Nb", r.random((batch, spread_heads, num_n)), "f32"))
        extra_text, keywords = f"spread({operands[1][0]} : {program.type('B Hkv Nb', 'f32')})", ["spread"]
    lists_dim = "H"
    if lists and lists != heads:
        lists_dim = "Hs"
        program.constant("Hs", lists)
    max_dim = "Nb"
    if limit:
        max_dim = "Max"
        program.constant("Max", limit)
    results = [(f"B {lists_dim} Mb {max_dim}", "i32"), *((f"B {lists_dim} Mb", e) for e in ("i32", "f32", "f32"))]
    outs, types = program.empties(results)
    spelled = {key: value if value is True else f"{float_text(value)} : f64" if key in ("theta", "alpha", "exponent")
               else f"{value} : i64" for key, value in options.items()}
    attributes = attributes_text(dict(
        mask=mask and mask_text(mask), policy=policy and f"#qsat.policy<{policy}>", block_m=f"{block_m} : i64",
        block_n=f"{block_n} : i64", entangle=lists_dim == "Hs",
        iterations=iterations and amplification_text(iterations), **spelled))
    names = ["%indices", "%counts", "%mass", "%queries"]
    lines = [f"{', '.join(names)} = qsat.amplified_select ins({operands[0][0]} : {program.type('B H Mb Nb', 'f32')}) "
             f"{extra_text} {program.position(at)} {outs} {attributes} -> {types}"]
    given = dict(policy=policy) if policy else {}
    given |= dict(iterations=iterations) if iterations else {}

    def compute(amplitude, *extra) -> Selection:
        return amplified_select(amplitude, **dict(zip(keywords, extra)), mask=mask, num_lists=lists, max_blocks=limit,
                                at=at or (0, 0, 0, 0), block_m=block_m, block_n=block_n, **given, **options)

    arrays = [x for _, x in operands]
    if not levels and not is_stable(compute, lambda s: (s.indices, s.queries), *arrays):
        return select_case(table_seed, name, extents=extents, mask=mask, policy=policy, at=at, lists=lists, limit=limit,
                           spread_heads=spread_heads, dynamic=dynamic, iterations=iterations, block_m=block_m,
                           block_n=block_n, attempt=attempt + 1, **options)
    return finish(name, program, lines, compute(*arrays), ["i32", "i32", "f32", "f32"], names,
                  [program.type(*result) for result in results], counts="out1")


def overlap_case(seed, name, *, extents=(2, 6, 5, 13), group=3, dynamic=()) -> Case:
    """extents: B, H, Mb, Nb. The rows of the last query block see no key."""
    batch, heads, num_m, num_n = extents
    p = generator(seed, name).dirichlet(0.4 * np.ones(num_n), size=(batch, heads, num_m))
    p[:, :, -1:] *= num_m == 1
    program = Program(frozenset(dynamic))
    text, amplitude = program.argument("B H Mb Nb", np.sqrt(p), "f32")
    program.constant("G", group)
    outs, type_ = program.empties([("B H Mb G", "f32")])
    lines = [f"%overlap = qsat.overlap ins({text} : {program.type('B H Mb Nb', 'f32')}) {outs} -> {type_}"]
    return finish(name, program, lines, [overlap(amplitude, group)], ["f32"], ["%overlap"], [type_])


def cases(seed: int) -> list[Case]:
    def score(name, **options):
        return score_case(seed, f"score_{name}", **options)

    def select(name, **options):
        return select_case(seed, f"select_{name}", **options)

    causal, tile = Mask.causal(offset=14), dict(at=(1, 2, 32, 8))
    return [
        *(score(estimator, estimator=estimator, mask=causal, stride=4, share=0.3) for estimator in
          ("exact", "pooled", "centroid", "d2", "antidiagonal", "rows", "cascade")),
        *(score(f"{estimator}_window", estimator=estimator, mask=Mask.causal(offset=-5, window=19, sinks=3), stride=4)
          for estimator in ("exact", "pooled", "centroid", "d2", "antidiagonal", "rows", "cascade")),
        *(score(f"{estimator}_at", estimator=estimator, mask=Mask.causal(offset=-9), stride=8, **tile)
          for estimator in ("exact", "pooled", "d2", "antidiagonal", "rows", "cascade")),
        score("defaults", extents=(1, 2, 1, 300, 290, 32), block_m=128, block_n=128),
        score("one_result", lse=False, mask=causal),
        score("exact_many_rows", estimator="exact", block_m=40, mask=causal, extents=(1, 4, 2, 100, 90, 16)),
        score("d2_many_rows", estimator="d2", block_m=48, mask=Mask.causal(offset=-20), extents=(1, 4, 2, 100, 90, 16)),
        score("rows_stride_not_dividing", estimator="rows", stride=7, mask=causal),
        score("cascade_small_share", estimator="cascade", stride=4, share=0.1, mask=causal),
        score("nothing_visible", estimator="d2", mask=Mask.causal(offset=-100)),
        score("rows_f64", element="f64", estimator="rows", stride=4, mask=causal),
        score("d2_f64", element="f64", estimator="d2", mask=causal),
        score("rows_bf16", element="bf16", estimator="rows", stride=4, mask=causal),
        score("rows_int8", estimator="rows", stride=4, int8=True, mask=causal),
        score("rows_int8_bf16", element="bf16", estimator="rows", stride=4, int8=True, mask=causal, extents=(1, 8, 2, 70, 90, 40)),
        score("rows_int8_f16", element="f16", estimator="rows", stride=4, int8=True, mask=Mask.causal(offset=-11)),
        score("rows_int8_odd_width", estimator="rows", stride=3, int8=True, mask=causal, extents=(2, 4, 2, 39, 53, 23)),
        score("rows_int8_alibi", estimator="rows", stride=4, int8=True, region=score_regions.alibi, mask=causal),
        score("rows_int8_huge_logits", estimator="rows", stride=4, int8=True, size=1e3, mask=causal),
        score("rows_int8_dynamic", dynamic=BUT_WIDTHS, estimator="rows", stride=4, int8=True, mask=causal),
        score("cascade_bf16", element="bf16", estimator="cascade", stride=4, mask=causal),
        score("exact_f16", element="f16", estimator="exact", mask=causal),
        score("huge_logits", estimator="rows", stride=4, size=1e3, mask=causal),
        score("rows_alibi", estimator="rows", stride=4, region=score_regions.alibi, mask=causal),
        score("exact_documents", estimator="exact", region=score_regions.documents, mask=causal),
        score("antidiagonal_hidden", estimator="antidiagonal", stride=4, region=score_regions.checkerboard, mask=causal),
        score("rows_bias_at", estimator="rows", stride=4, region=score_regions.bias, **tile),
        score("dynamic", dynamic=BUT_WIDTHS, estimator="rows", stride=4, mask=causal),
        score("dynamic_widths", dynamic=BUT_WIDTHS | {"D"}, estimator="rows", stride=4, mask=causal),
        score("cascade_dynamic", dynamic={"M", "N", "Mb", "Nb"}, estimator="cascade", stride=4, mask=causal),

        select("threshold", theta=0.08, mask=causal),
        select("top_k", policy="top_k", k=4, mask=causal),
        select("logit_threshold", policy="logit_threshold", theta=-1.5),
        select("relative_threshold", policy="relative_threshold", theta=0.3),
        select("mass", policy="mass", theta=0.7, mask=causal),
        select("budget", policy="budget", alpha=1.5, exponent=0.5, mask=causal),
        select("residual", policy="residual", theta=0.1),
        select("heavy_hitter", policy="heavy_hitter", k=3),
        select("measure", policy="measure", k=5, seed=7),
        select("measure_at", policy="measure", k=5, seed=-3, at=(1, 4, 48, 0), mask=causal),
        select("ties", policy="top_k", k=5, levels=3, no_diagonal=True),
        select("ties_threshold", theta=1 / 16, levels=4, no_diagonal=True),
        select("ties_limit", theta=1 / 64, levels=3, limit=4, sinks=2),
        select("defaults"),
        select("everything_forced", theta=2.0, sinks=2, local=2, mask=causal),
        select("no_diagonal", theta=0.08, no_diagonal=True, sinks=1, local=1, mask=causal),
        select("local_both_sides", theta=0.3, local=2, mask=Mask(offset=70)),
        select("local_around_the_diagonal", theta=0.3, no_diagonal=True, local=1),
        select("limit", theta=0.01, limit=3, sinks=1),
        select("window", theta=0.05, mask=Mask.causal(offset=9, window=20, sinks=5)),
        select("nothing_eligible", theta=0.0, mask=Mask.causal(offset=-1000)),
        select("at", theta=0.05, mask=causal, at=(0, 0, 32, 0)),
        select("entangle", theta=0.08, lists=2, mask=causal),
        select("entangle_logit_threshold", policy="logit_threshold", theta=-1.5, lists=2),
        select("entangle_residual", policy="residual", theta=0.1, lists=2),
        select("entangle_measure", policy="measure", k=4, lists=1, at=(0, 4, 0, 0)),
        select("born", theta=0.3, no_diagonal=True, iterations=Amplification("born")),
        select("full", theta=0.3, no_diagonal=True, iterations=Amplification("full")),
        select("rounds", theta=0.3, no_diagonal=True, iterations=Amplification("rounds", 3)),
        select("fixed_point", theta=0.3, no_diagonal=True, iterations=Amplification("fixed_point", delta=0.1)),
        select("dynamic", dynamic=BUT_WIDTHS, theta=0.08, mask=causal),
        overlap_case(seed, "overlap"),
        overlap_case(seed, "overlap_of_all_heads", group=6),
        overlap_case(seed, "overlap_of_single_heads", group=1),
        overlap_case(seed, "overlap_one_block", extents=(1, 4, 1, 1), group=2),
        overlap_case(seed, "overlap_dynamic", dynamic=BUT_WIDTHS | {"G"}),
        select("dynamic_top_k", dynamic=BUT_WIDTHS | {"Max"}, policy="top_k", k=4, limit=6, lists=2, mask=causal),
    ]
