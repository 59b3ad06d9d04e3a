"""Rate of qsat's CPU attention kernels beside torch's scaled_dot_product_attention.

All candidates run in one process, interleaved round by round, on the same number of
threads; the table gives medians. GF/s are useful operations: 4 D per visible pair of query
and key (of listed blocks for the sparse kernel), whatever else a candidate computes. Packing
is counted in.

    python python/benchmarks/cpu_attention.py --qsat-opt build/bin/qsat-opt
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16")

import numpy as np

from native import Module

BLOCK = 128


def module_text(heads, n, width, blocks):
    """Dense and sparse causal attention of f32 [1,heads,n,width], lists of `blocks` key blocks."""
    x = f"memref<1x{heads}x{n}x{width}xf32>"
    lse = f"memref<1x{heads}x{n}xf32>"
    rows = -(-n // BLOCK)
    indices, counts = f"memref<1x{heads}x{rows}x{blocks}xi32>", f"memref<1x{heads}x{rows}xi32>"
    attributes = f"scale = {width ** -0.5!r} : f64, mask = #qsat.mask<causal>"
    return f"""
func.func @dense(%q: {x}, %k: {x}, %v: {x}, %o: {x}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {x}, {x}, {x}) outs(%o : {x}) {{{attributes}}}
  return
}}
func.func @sparse(%q: {x}, %k: {x}, %v: {x}, %i: {indices}, %c: {counts}, %o: {x}, %l: {lse})
    attributes {{llvm.emit_c_interface}} {{
  qsat.sparse_attention ins(%q, %k, %v : {x}, {x}, {x}) list(%i, %c : {indices}, {counts})
    outs(%o, %l : {x}, {lse})
    {{{attributes}, block_m = {BLOCK} : i64, block_n = {BLOCK} : i64}}
  return
}}"""


def random_lists(heads, n, density, seed=0):
    """Per query block its diagonal block and others of its past: `density` of them in all."""
    generator = np.random.default_rng(seed)
    rows = -(-n // BLOCK)
    counts = np.maximum(1, np.rint(density * np.arange(1, rows + 1))).astype(np.int32)
    indices = np.zeros((1, heads, rows, counts.max()), np.int32)
    for h in range(heads):
        for block in range(rows):
            past = generator.permutation(block)[: counts[block] - 1]
            indices[0, h, block, : counts[block]] = np.sort(np.append(past, block))
    return indices, np.broadcast_to(counts, (1, heads, rows)).copy()


def visible_pairs(heads, n, counts=None):
    """Pairs (query, key) that a causal mask shows, in listed blocks when `counts` is given."""
    if counts is None:
        return heads * n * (n + 1) / 2
    diagonal = counts.size * BLOCK * (BLOCK + 1) / 2
    return diagonal + float((counts - 1).sum()) * BLOCK * BLOCK


def measure(candidates, rounds):
    """Median seconds of each candidate over interleaved rounds, after one warm-up round."""
    times = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(t) for name, t in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--lengths", type=int, nargs="+", default=[4096, 8192])
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--density", type=float, default=0.2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    qsat_opt = os.path.abspath(arguments.qsat_opt)

    results = []
    for n in arguments.lengths:
        heads, width = arguments.heads, arguments.width
        generator = np.random.default_rng(1)
        q, k, v = (generator.standard_normal((1, heads, n, width), dtype=np.float32)
                   for _ in range(3))
        indices, counts = random_lists(heads, n, arguments.density)
        module = Module(module_text(heads, n, width, indices.shape[3]), qsat_opt)
        module.set_threads(arguments.threads)
        o, lse = np.zeros_like(q), np.zeros(q.shape[:3], np.float32)
        candidates = {
            "qsat dense": module.bind("dense", q, k, v, o),
            "qsat sparse": module.bind("sparse", q, k, v, indices, counts, np.zeros_like(q), lse),
        }
        pairs = {"qsat dense": visible_pairs(heads, n),
                 "qsat sparse": visible_pairs(heads, n, counts)}
        if not arguments.no_torch:
            import torch

            torch.set_num_threads(arguments.threads)
            tensors = [torch.from_numpy(x) for x in (q, k, v)]
            sdpa = torch.nn.functional.scaled_dot_product_attention
            candidates["torch sdpa"] = lambda: sdpa(*tensors, is_causal=True)
            pairs["torch sdpa"] = visible_pairs(heads, n)
            candidates["qsat dense"]()
            error = np.abs(o - candidates["torch sdpa"]().numpy()).max()
            assert error < 1e-4, f"qsat and torch differ by {error}"
        seconds = measure(candidates, arguments.rounds)
        for name, t in seconds.items():
            results.append({"n": n, "heads": heads, "width": width, "candidate": name,
                            "milliseconds": t * 1e3, "gflops": 4 * width * pairs[name] / t / 1e9,
                            "speed_over_dense": seconds["qsat dense"] / t,
                            "density": pairs[name] / visible_pairs(heads, n)})
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    print(f"f32, causal, {arguments.heads} heads, D = {arguments.width}, "
          f"{arguments.threads} threads, medians of {arguments.rounds} interleaved runs")
    print(f"{'n':>6}  {'':12} {'density':>7} {'ms':>8} {'GF/s':>7} {'dense time / time':>18}")
    for r in results:
        print(f"{r['n']:>6}  {r['candidate']:12} {r['density']:7.3f} {r['milliseconds']:8.1f} "
              f"{r['gflops']:7.1f} {r['speed_over_dense']:18.2f}")


if __name__ == "__main__":
    main()
