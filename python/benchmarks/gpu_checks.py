"""The kernels of gpu_attention.py against attention in f64, beside torch's errors."""

from __future__ import annotations

import math
import os
import time

from gpu_problems import Problem, sdpa


def relative(x, reference):
    return float((x.double() - reference).norm() / reference.norm())


def problems_to_check(kernel):
    """Shapes that no tile divides, one row, grouped heads, lengths that differ, strided rows."""
    if kernel.rows:
        for batches, heads, kv_heads, keys in ((1, 8, 2, 1000), (3, 6, 3, 333), (2, 4, 4, 1), (1, 20, 1, 4097),
                                               (40, 16, 8, 700), (1, 2, 1, 32768), (1, 3, 1, 0)):
            # Kernels of warpgroup products take no arrays without rows.
            if keys or not (kernel.block or kernel.region or kernel.width > 128):
                yield dict(heads=heads, kv_heads=kv_heads, rows=kernel.rows, keys=keys, batches=batches)
        return
    square = not (kernel.offset or kernel.region == "bias" or kernel.background)
    yield dict(heads=2, kv_heads=2, rows=256, keys=256)
    yield dict(heads=6, kv_heads=3, rows=1000, keys=1000, batches=2)
    yield dict(heads=4, kv_heads=1, rows=77, keys=1500)
    yield dict(heads=2, kv_heads=1, rows=900, keys=333)
    yield dict(heads=2, kv_heads=2, rows=1, keys=1)
    yield dict(heads=4, kv_heads=2, rows=640, keys=640, transposed=True)
    if square:
        yield dict(heads=8, kv_heads=2, rows=4096, keys=4096)


def spoil(problem):
    """Puts numbers that are no blocks at the end of some lists, and counts that are none."""
    indices, counts = problem.lists
    indices[:, 0, :, -1] = 1 << 29
    indices[:, -1, :, -1] = -7
    counts[:, 0, 0] = 1 << 30
    counts[:, -1, 0] = -3


def make_extreme(problem, extreme):
    """Huge logits; or a row of queries, or of values that all rows see, that is not finite."""
    if extreme == "huge":
        problem.q *= 300
    if extreme == "nan":
        problem.q[0, 0, -1] = math.nan
    if extreme == "inf":
        problem.v[0, 0, 0] = math.inf


def check(library, kernels):
    """Errors against f64, beside those of torch's SDPA (cuDNN's where it has the case)."""
    results = []
    for kernel in kernels:
        for number, shape in enumerate(problems_to_check(kernel)):
            problem = Problem(kernel, density=0.4, seed=number, **shape)
            if kernel.block and number % 2 and not kernel.background:
                spoil(problem)
            results.append({"kernel": kernel.name, **shape, **check_problem(library, problem)})
        if kernel.window or kernel.block or kernel.offset or kernel.region:
            continue  # what a kernel passes over has no weight; what it hides has a weight of 0
        for extreme in ("huge", "nan", "inf"):
            shape = dict(heads=8, kv_heads=2, rows=kernel.rows or 300, keys=kernel.rows and 5000 or 300)
            problem = Problem(kernel, **shape)
            make_extreme(problem, extreme)
            results.append({"kernel": kernel.name, **shape, "extreme": extreme, **check_problem(library, problem)})
    return results


def check_problem(library, problem):
    import torch

    kernel = problem.kernel
    call = library.functions[kernel.name].bind(*problem.arguments())
    call(torch.cuda.current_stream().cuda_stream)
    guard(kernel.name)
    first = problem.o.clone()
    call(torch.cuda.current_stream().cuda_stream)
    guard(kernel.name)
    o, lse = problem.reference()
    empty, known, whole = lse == -math.inf, lse.isfinite(), o.isfinite()

    def error(x):
        return relative(x[whole], o[whole]) if o[whole].norm() else 0.0

    result = {"error": error(problem.o),
              "lse": float((problem.lse.double() - lse)[known].abs().max()) if known.any() else 0.0,
              "empty rows": int(empty.sum()),
              "same": bool(torch.equal(first.nan_to_num(7), problem.o.nan_to_num(7)))}
    # Products are summed in f32, 16 at a time, each sum cut to 24 bits: of the largest
    # that scores can be.
    largest = float(lse[known].abs().max()) if known.any() else 0.0
    if problem.k.numel():
        norms = [float(x.double().norm(dim=-1).nan_to_num(0).max()) for x in (problem.q, problem.k)]
        largest = max(largest, norms[0] * norms[1] * kernel.scale())
    peer = sdpa(problem, "cudnn")
    if peer is not None:
        try:
            result["cudnn"] = error(peer())
        except Exception:  # cuDNN has no kernel for the shape
            pass
    limit = 1.2 * result.get("cudnn", 0.0) or (6e-3 if kernel.element == "bf16" else 1e-3)
    limit = max(limit, 1e-3)
    result["pass"] = (result["error"] <= limit and result["lse"] < 2e-4 + largest * kernel.width * 2**-27 and result["same"]
                      and bool((problem.lse[empty] == -math.inf).all()) and bool((problem.o[empty] == 0).all())
                      and not problem.o[~whole].isfinite().any())
    return result


def check_merge(library):
    """Results of two halves of the keys as one, some of rows that saw nothing, against f64."""
    import torch

    from qsat.reference import merge

    results = []
    for shape in ((2, 3, 700, 128), (1, 1, 1, 128)):
        o1, o2 = (torch.randn(*shape, device="cuda").to(torch.bfloat16) for _ in range(2))
        l1, l2 = (100 * torch.randn(*shape[:3], device="cuda") for _ in range(2))
        if shape[2] > 1:
            l1[..., :9], l2[..., 5:13] = -math.inf, -math.inf
        o, lse = torch.full_like(o1, math.nan), torch.full_like(l1, math.nan)
        library.merge(o1, l1, o2, l2, o, lse, stream=torch.cuda.current_stream().cuda_stream)
        guard("merge")
        wanted, wanted_lse = (torch.from_numpy(x).cuda() for x in merge(
            *(x.double().cpu().numpy() for x in (o1, l1, o2, l2))))
        known = wanted_lse.isfinite()
        result = {"kernel": "merge", "shape": shape, "error": relative(o, wanted),
                  "lse": float((lse.double() - wanted_lse)[known].abs().max()), "empty rows": int((~known).sum()),
                  "same": True}
        result["pass"] = (result["error"] < 6e-3 and result["lse"] < 2e-4
                          and bool((lse[~known] == -math.inf).all()) and bool((o[~known] == 0).all()))
        results.append(result)
    return results


def guard(name, seconds=10):
    """Ends the process when a kernel hangs: nothing else could."""
    import torch

    event = torch.cuda.Event()
    event.record()
    start = time.time()
    while not event.query():
        if time.time() - start > seconds:
            print(f"{name} hangs", flush=True)
            os._exit(3)
        time.sleep(0.0005)


def print_checks(results):
    worst = {}
    for r in results:
        worst.setdefault(r["kernel"], []).append(r)
    print("relative error against f64 (largest of the shapes), of lse (absolute), beside cuDNN's on the same inputs")
    for kernel, entries in worst.items():
        peers = [e["cudnn"] for e in entries if "cudnn" in e]
        print(f"  {kernel:16} {max(e['error'] for e in entries):.2e}  lse {max(e['lse'] for e in entries):.1e}  "
              f"cuDNN {f'{max(peers):.2e}' if peers else '-':9}  empty rows {sum(e['empty rows'] for e in entries)}  "
              f"{len(entries)} shapes, {sum(not e['pass'] for e in entries)} failed", flush=True)
    for r in results:
        if not r["pass"]:
            print("  FAIL", r)
