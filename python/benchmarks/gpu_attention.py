"""qsat's attention kernels on a Hopper GPU beside torch and cuBLAS, in one process.

    python python/benchmarks/gpu_attention.py --qsat-compile build/bin/qsat-compile --kernels DIR
    python python/benchmarks/gpu_attention.py --kernels DIR --check --time --json out.json --picture out.png

The first line compiles the kernels (no GPU needed), the second runs them (no LLVM needed,
but torch with CUDA). Inputs are N(0, 1). Times are medians of CUDA events over rounds in
which every candidate runs once, in random order, an 8192^3 cuBLAS product among them as the
anchor of the minute. TFLOP/s count 4 D per visible pair of query and key, in listed blocks
for lists, whatever else a candidate computes.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
from pathlib import Path

import gpu_kernels
from gpu_checks import check, check_merge, guard, print_checks
from gpu_problems import Problem, flex, sdpa
from gpu_time import anchor, begin, make_parser, measure, sustain

# -- time --------------------------------------------------------------------


def shapes_to_time(lengths):
    by_name = {kernel.name: kernel for kernel in gpu_kernels.TIMED}
    for length in lengths:
        for name in ("dense", "dense_causal"):
            yield by_name[name], dict(heads=16, kv_heads=16, rows=length, keys=length)
        for name in ("dense64", "dense64_causal"):
            yield by_name[name], dict(heads=32, kv_heads=32, rows=length, keys=length)


def time_dense(libraries, lengths, rounds, with_flex):
    """Each shape: all variants of the kernel, cuDNN, FlashAttention-2, Flex and the anchor."""
    import torch

    results = []
    product, product_operations = anchor()
    for kernel, shape in shapes_to_time(lengths):
        problem = Problem(kernel, **shape)
        candidates, operations = {}, {}
        for variant, library in libraries.items():
            if kernel.name in library.functions:
                call = library.functions[kernel.name].bind(*problem.arguments())
                candidates[f"qsat {variant}"] = lambda call=call: call(torch.cuda.current_stream().cuda_stream)
        candidates["cuDNN"], candidates["FlashAttention-2"] = sdpa(problem, "cudnn"), sdpa(problem, "flash")
        if with_flex:
            candidates["FlexAttention"] = flex(problem)
        operations = dict.fromkeys(candidates, problem.useful())
        candidates["cuBLAS"], operations["cuBLAS"] = product, product_operations
        results += run_candidates(kernel, shape, 1.0, candidates, operations, rounds)
    return results


def run_candidates(kernel, shape, density, candidates, operations, rounds):
    working = {}
    for name, run in candidates.items():
        try:
            run()
            guard(name)
            working[name] = run
        except Exception as error:
            print(f"{kernel.name}: {name}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
    times, (clock, power) = measure(working, rounds)
    return [{"kernel": kernel.name, **shape, "density": density, "candidate": name, "milliseconds": t,
             "tflops": operations[name] / t / 1e9, "MHz": clock, "W": power} for name, t in times.items()]


def time_lists(libraries, rounds, with_flex, cases):
    """Lists of blocks beside dense attention of the same shape, and Flex with the same blocks."""
    import torch

    results = []
    product, product_operations = anchor()
    by_name = {kernel.name: kernel for kernel in gpu_kernels.TIMED}
    library = libraries["default"]
    for name, length, density in cases:
        kernel = by_name[name]
        shape = dict(heads=8, kv_heads=2, rows=length, keys=length)
        problem = Problem(kernel, density=density, **shape)
        stream = torch.cuda.current_stream().cuda_stream
        call = library.functions[name].bind(*problem.arguments())
        dense_kernel = by_name["dense_causal" if kernel.causal else "dense"]
        dense = Problem(dense_kernel, **shape)
        dense_call = library.functions[dense_kernel.name].bind(*dense.arguments())
        candidates = {"qsat list": lambda: call(stream), "qsat dense": lambda: dense_call(stream),
                      "cuDNN dense": sdpa(dense, "cudnn")}
        operations = {"qsat list": problem.useful(), "qsat dense": dense.useful(), "cuDNN dense": dense.useful()}
        if with_flex:
            candidates["FlexAttention"], operations["FlexAttention"] = flex(problem), problem.useful()
        candidates["cuBLAS"], operations["cuBLAS"] = product, product_operations
        results += run_candidates(kernel, shape, problem.pairs() / dense.pairs(), candidates, operations, rounds)
    return results


def time_sustained(libraries, seconds):
    import torch

    results = []
    product, product_operations = anchor()
    ms, (clock, power) = sustain(product, seconds)
    results.append({"kernel": "8192^3", "candidate": "cuBLAS", "milliseconds": ms,
                    "tflops": product_operations / ms / 1e9, "MHz": clock, "W": power})
    for kernel in gpu_kernels.TIMED[:2]:
        problem = Problem(kernel, 16, 16, 16384, 16384)
        candidates = {"cuDNN": sdpa(problem, "cudnn")}
        for variant, library in libraries.items():
            call = library.functions[kernel.name].bind(*problem.arguments())
            candidates[f"qsat {variant}"] = lambda call=call: call(torch.cuda.current_stream().cuda_stream)
        for name in random.sample(list(candidates), len(candidates)):
            ms, (clock, power) = sustain(candidates[name], seconds)
            results.append({"kernel": kernel.name, "candidate": name, "milliseconds": ms,
                            "tflops": problem.useful() / ms / 1e9, "MHz": clock, "W": power})
    return results


# -- output ------------------------------------------------------------------


def print_rates(title, results):
    print(title)
    rows = {}
    for r in results:
        key = (r["kernel"], r.get("heads"), r.get("kv_heads"), r.get("rows"), round(r.get("density", 1), 3))
        rows.setdefault(key, []).append(r)
    for (kernel, heads, kv_heads, length, density), entries in rows.items():
        rates = "  ".join(f"{r['candidate']} {r['tflops']:.0f} ({r['milliseconds']:.3f} ms)" for r in entries)
        place = f"H {heads}:{kv_heads} n {length} density {density}" if heads else ""
        print(f"  {kernel:16} {place}  {rates}  [{entries[0]['MHz']} MHz, {entries[0]['W']} W]", flush=True)


def draw(results, path):
    """Time against density, with the dense time as the line of break-even."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    lengths = sorted({(r["kernel"], r["rows"]) for r in results})
    for color, (kernel, length) in zip(pyplot.rcParams["axes.prop_cycle"].by_key()["color"], lengths):
        mine = [r for r in results if (r["kernel"], r["rows"]) == (kernel, length)]
        for candidate, style in (("qsat list", "o-"), ("FlexAttention", "x--")):
            points = sorted((r["density"], r["milliseconds"]) for r in mine if r["candidate"] == candidate)
            if points:
                axes.plot(*zip(*points), style, color=color, label=f"{candidate}, {kernel}, {length}")
        for candidate, style in (("qsat dense", "-"), ("cuDNN dense", ":")):
            times = [r["milliseconds"] for r in mine if r["candidate"] == candidate]
            if times:
                axes.axhline(statistics.median(times), linestyle=style, color=color, alpha=0.5,
                             label=f"{candidate}, {length}")
    axes.set(xlabel="share of visible pairs in listed blocks", ylabel="milliseconds", xscale="log", yscale="log")
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--variants", nargs="*", default=[], metavar="NAME=OPTIONS",
                        help="more compilations of the dense kernels: keys128=--keys=128")
    parser.add_argument("--time", nargs="*", choices=("dense", "lists", "sustained"), metavar="WHAT",
                        help="dense, lists, sustained; all when none is named")
    parser.add_argument("--lengths", type=int, nargs="+", default=[16384], help="contexts of dense attention")
    parser.add_argument("--densities", type=float, nargs="+", default=[1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0],
                        help="shares of the key blocks that lists name")
    parser.add_argument("--list-length", type=int, nargs="+", default=[32768], help="contexts of lists")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one kernel alone, sustained")
    parser.add_argument("--no-flex", action="store_true", help="without FlexAttention, which compiles for minutes")
    parser.add_argument("--picture", type=Path, help="draw time against density, a PNG, of what --time lists measures")
    arguments = parser.parse_args()
    variants = {"default": [], **{name: options.split() for name, _, options in
                                  (v.partition("=") for v in arguments.variants)}}
    if arguments.qsat_compile:
        gpu_kernels.build(arguments.kernels, arguments.qsat_compile, variants)
    what = ["dense", "lists", "sustained"] if arguments.time == [] else arguments.time or []
    if arguments.picture and "lists" not in what:
        parser.error("--picture draws what --time lists measures")
    if not arguments.check and not what:
        return

    libraries, results = begin(arguments.kernels, variants)
    if arguments.check:
        results["check"] = check(libraries["default"], gpu_kernels.CHECKED) + check_merge(libraries["default"])
        print_checks(results["check"])
    if "dense" in what:
        results["dense"] = time_dense(libraries, arguments.lengths, arguments.rounds, not arguments.no_flex)
        print_rates(f"dense, TFLOP/s (median of {arguments.rounds} in random order)", results["dense"])
    if "lists" in what:
        cases = [(name, length, density) for length in arguments.list_length
                 for name in ("list", "list_causal", "list64_causal") for density in arguments.densities]
        results["lists"] = time_lists(libraries, arguments.rounds, not arguments.no_flex, cases)
        print_rates("lists of key blocks, TFLOP/s on what is listed", results["lists"])
        if arguments.picture:
            draw(results["lists"], arguments.picture)
    if "sustained" in what:
        results["sustained"] = time_sustained(libraries, arguments.seconds)
        print_rates(f"one kernel alone for {arguments.seconds} s, TFLOP/s, 16384", results["sustained"])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
