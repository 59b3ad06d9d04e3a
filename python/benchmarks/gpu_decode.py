"""qsat's decoding kernel on a GPU beside torch: one query against many keys.

    python python/benchmarks/gpu_attention.py --qsat-compile build/bin/qsat-compile --kernels DIR
    python python/benchmarks/gpu_decode.py --kernels DIR --check --json out.json

Decoding is bound by reading K and V: what counts is the share of the memory's bandwidth.
Every candidate runs as a CUDA graph of calls on different keys and values, more bytes than
the second-level cache holds, so that none are read from there and no call waits for Python.
Times are medians over rounds in which every candidate runs once, in random order.
"""

from __future__ import annotations

import json
import sys

import gpu_kernels
from gpu_checks import check, guard, print_checks
from gpu_problems import Problem, sdpa
from gpu_time import begin, make_parser, measure

# Bytes per second, as the vendor states them.
PEAK = {"H100 80GB HBM3": 3.35e12, "H200": 4.8e12, "A100-SXM4-80GB": 2.039e12}
# More than any second-level cache.
DISTINCT_BYTES = 400 << 20


def capture(calls):
    """All calls as one graph, on a stream of its own."""
    import torch

    for call in calls:
        call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for call in calls:
            call()
    return graph.replay


def bytes_read(problem):
    """Of the keys and values that are asked for, each once."""
    rows = problem.shape[3] * problem.k.shape[0] * problem.k.shape[1]
    if problem.kernel.block:
        rows = int(problem.lists[1].sum()) * problem.kernel.block
    return rows * (problem.kernel.width + problem.kernel.dv) * problem.k.element_size()


def time_calls(library, kernel, shape, density, rounds):
    import torch

    probe = Problem(kernel, density=density, **shape)
    count = max(4, -(-DISTINCT_BYTES // bytes_read(probe)))
    problems = [Problem(kernel, density=density, seed=seed, **shape) for seed in range(count)]
    candidates = {}

    def ours():
        bound = [library.functions[kernel.name].bind(*p.arguments()) for p in problems]
        return capture([lambda b=b: b(torch.cuda.current_stream().cuda_stream) for b in bound])

    def theirs(backend):
        return capture([sdpa(p, backend) for p in problems])

    makers = {"qsat": ours}
    if not kernel.block:
        makers |= {"cuDNN": lambda: theirs("cudnn"), "FlashAttention-2": lambda: theirs("flash")}
    for name, make in makers.items():
        try:
            candidates[name] = make()
            candidates[name]()
            guard(name)
        except Exception as error:
            print(f"{kernel.name}: {name}: {str(error).splitlines()[0][:160]}", file=sys.stderr)
    times, _ = measure(candidates, rounds)
    peak = next((rate for chip, rate in PEAK.items() if chip in torch.cuda.get_device_name()), float("nan"))
    results = []
    for name in candidates:
        time = times[name] / count
        rate = bytes_read(probe) / time * 1e3
        results.append({"kernel": kernel.name, **shape, "density": density, "candidate": name, "calls": count,
                        "microseconds": time * 1e3, "bytes per second": rate, "share": rate / peak})
    return results


def print_results(results):
    cases = {}
    for r in results:
        cases.setdefault((r["kernel"], r["batches"], r["heads"], r["kv_heads"], r["keys"], r["density"]), []).append(r)
    print("decoding: microseconds of a call, and the share of the memory's peak bandwidth")
    for (kernel, batches, heads, kv_heads, keys, density), entries in cases.items():
        times = "  ".join(f"{r['candidate']} {r['microseconds']:.1f} us ({r['share']:.2f})" for r in entries)
        print(f"  {kernel:14} B {batches:<3} H {heads}:{kv_heads} n {keys} density {density:<5} {times}", flush=True)


def main():
    parser = make_parser(__doc__, compiles=False)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16], help="sequences decoded at once")
    parser.add_argument("--keys", type=int, nargs="+", default=[32768], help="cached keys")
    parser.add_argument("--variant", default="default", help="of the compilations by gpu_attention.py --variants")
    arguments = parser.parse_args()

    libraries, results = begin(arguments.kernels, [arguments.variant])
    library = libraries[arguments.variant]
    if arguments.check:
        results["check"] = check(library, gpu_kernels.CHECKED_DECODE)
        print_checks(results["check"])
    results["decode"] = []
    for kernel in gpu_kernels.DECODE:
        for keys in arguments.keys:
            for batches in arguments.batches:
                shape = dict(heads=8, kv_heads=2, rows=kernel.rows, keys=keys, batches=batches)
                results["decode"] += time_calls(library, kernel, shape, 0.25 if kernel.block else 1.0, arguments.rounds)
    print_results(results["decode"])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
