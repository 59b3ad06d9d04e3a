"""The cases of attention with few query rows: what the split over keys, and its merge, must get right."""

from __future__ import annotations

import score_regions
from attention_cases import attention_case, nan_in_one_row
from qsat.reference import Mask
from reference_cases import Case
from sparse_cases import sparse_case


def cases(seed: int) -> list[Case]:
    def dense(name, *, rows=1, heads=(8, 2), keys=1100, widths=(32, 32), batch=1, **options):
        extents = (batch, *heads, rows, keys, *widths)
        return attention_case(seed, f"few_rows_{name}", extents=extents, **options)

    def pages(name, *, rows=1, heads=(8, 2), keys=1100, widths=(32, 32), batch=2, block_n=128, **options):
        extents = (batch, *heads, rows, keys, *widths)
        return sparse_case(seed, f"few_rows_{name}", extents=extents, block_n=block_n, **options)

    return [
        dense("one", widths=(128, 128)),
        dense("two", rows=2, heads=(3, 3), widths=(64, 80), mask=Mask.causal(offset=1098)),
        dense("three", rows=3, heads=(6, 2), widths=(40, 24), mask=Mask.causal(offset=1090), batch=2),
        dense("five", rows=5, widths=(72, 136), keys=700),
        dense("seven", rows=7, heads=(4, 1), widths=(16, 1), keys=513),
        dense("eight", rows=8, widths=(1, 16), keys=97, mask=Mask.causal(offset=89)),
        dense("one_key", rows=2, keys=1),
        dense("many_heads", heads=(96, 1), keys=300),
        dense("too_many_heads", heads=(99, 1), keys=100),
        dense("f64", element="f64", rows=3, widths=(20, 28), mask=Mask.causal(offset=1000)),
        dense("f16", element="f16", rows=2, widths=(40, 72), mask=Mask.causal(offset=900)),
        dense("bf16", element="bf16", widths=(128, 128)),
        dense("bf16_tails", element="bf16", rows=3, widths=(72, 40), mask=Mask.causal(offset=1000)),
        dense("bf16_window", element="bf16", rows=4, mask=Mask.causal(offset=1095, window=300, sinks=5)),
        dense("window", rows=4, mask=Mask.causal(offset=1095, window=70)),
        dense("window_sinks", rows=3, mask=Mask.causal(offset=600, window=40, sinks=530)),
        dense("window_both_sides", rows=8, mask=Mask(offset=500, lookahead=90, window=7)),
        dense("masked_rows", rows=8, keys=200, mask=Mask.causal(offset=-5)),
        dense("nothing_visible", rows=3, keys=600, mask=Mask.causal(offset=-50)),
        dense("huge_logits", rows=2, size=3e4, tolerance={"f32": (3e-5, 3e-2)}),
        dense("nan", rows=4, keys=600, change=nan_in_one_row),
        dense("softcap", rows=3, region=score_regions.softcap, mask=Mask.causal(offset=1080), size=5),
        dense("alibi", rows=2, region=score_regions.alibi, mask=Mask.causal(offset=1080)),
        dense("bias", rows=2, region=score_regions.bias, keys=601),
        dense("bias_bf16", rows=2, element="bf16", region=score_regions.bias_bf16, keys=601),
        dense("documents", rows=5, region=score_regions.documents, mask=Mask.causal(offset=1080)),
        dense("region_f64", rows=2, element="f64", region=score_regions.checkerboard, keys=530),
        dense("at", rows=4, at=(1, 2, 700, 5), mask=Mask.causal(offset=4, window=400, sinks=50)),
        dense("at_region", rows=4, at=(1, 2, 8, 5), region=score_regions.bias, keys=600),
        dense("dynamic", rows=2, dynamic={"B", "N"}, batch=2, mask=Mask.causal(offset=1098)),
        dense("dynamic_rows", rows=2, dynamic={"M", "N"}, mask=Mask.causal(offset=1098)),
        pages("pages", widths=(64, 64)),
        pages("pages_of_a_group", rows=3, lists=2, mask=Mask.causal(offset=1090)),
        pages("small_pages", lists=2, block_n=16),
        pages("odd_pages", rows=5, block_n=24, mask=Mask.causal(offset=900)),
        pages("long_pages", lists=2, block_n=600, widths=(40, 24)),
        pages("pages_bf16", element="bf16", lists=2, block_n=64, widths=(128, 128)),
        pages("pages_window", rows=2, lists=2, block_n=32, mask=Mask.causal(offset=1000, window=200, sinks=20)),
        pages("pages_region", rows=2, lists=2, block_n=32, region=score_regions.alibi, mask=Mask.causal(offset=1000)),
        pages("pages_two_blocks", rows=8, block_m=4, keys=300),
        pages("pages_background", lists=2, background="centroid"),
        pages("pages_dynamic", lists=2, block_n=32, dynamic={"B", "N", "Max"}),
    ]
