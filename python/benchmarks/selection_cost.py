"""What scoring and selection cost, as a share of our own dense attention.

f32, causal, grouped-query heads; the default estimator (`rows`, stride 16) and policy
(`threshold`) on blocks of 128. Dense attention, scoring and selection are functions of
one library, run in one process and interleaved round by round, on the same threads; the
table gives medians.

    python python/benchmarks/selection_cost.py --qsat-opt build/bin/qsat-opt
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

from native import Module

BLOCK = 128


def module_text(heads, kv_heads, n, width):
    """The functions `dense`, `score` and `select` for q [1,heads,n,width], k and v [1,kv_heads,..]."""
    q, k = f"memref<1x{heads}x{n}x{width}xf32>", f"memref<1x{kv_heads}x{n}x{width}xf32>"
    blocks = -(-n // BLOCK)
    amplitude, row = f"memref<1x{heads}x{blocks}x{blocks}xf32>", f"memref<1x{heads}x{blocks}xf32>"
    indices, counts = amplitude.replace("f32", "i32"), row.replace("f32", "i32")
    scale = f"scale = {width ** -0.5:.17e} : f64, mask = #qsat.mask<causal>"
    return f"""
func.func @dense(%q: {q}, %k: {k}, %v: {k}, %o: {q}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {q}, {k}, {k}) outs(%o : {q}) {{{scale}}}
  return
}}
func.func @score(%q: {q}, %k: {k}, %a: {amplitude}) attributes {{llvm.emit_c_interface}} {{
  qsat.amplitude_score ins(%q, %k : {q}, {k}) outs(%a : {amplitude}) {{{scale}}}
  return
}}
func.func @select(%a: {amplitude}, %i: {indices}, %c: {counts}, %m: {row}, %n: {row})
    attributes {{llvm.emit_c_interface}} {{
  qsat.amplified_select ins(%a : {amplitude})
    outs(%i, %c, %m, %n : {indices}, {counts}, {row}, {row})
    {{theta = 6.000000e-03 : f64, mask = #qsat.mask<causal>}}
  return
}}"""


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


def cost(n, width, arguments):
    """One line of the table."""
    heads, kv_heads = arguments.heads, arguments.kv_heads
    generator = np.random.default_rng(1)
    q = generator.standard_normal((1, heads, n, width), dtype=np.float32)
    k, v = (generator.standard_normal((1, kv_heads, n, width), dtype=np.float32) for _ in range(2))
    blocks = -(-n // BLOCK)
    amplitude = np.zeros((1, heads, blocks, blocks), np.float32)
    counts = np.zeros((1, heads, blocks), np.int32)
    module = Module(module_text(heads, kv_heads, n, width), os.path.abspath(arguments.qsat_opt))
    module.set_threads(arguments.threads)
    seconds = measure({
        "dense": module.bind("dense", q, k, v, np.zeros_like(q)),
        "score": module.bind("score", q, k, amplitude),
        "select": module.bind("select", amplitude, np.zeros_like(amplitude, np.int32), counts,
                              np.zeros(counts.shape, np.float32), np.zeros(counts.shape, np.float32)),
    }, arguments.rounds)
    # A sixteenth of the rows, each against half of the keys.
    operations = 2 * width * heads * (n / 16) * (n / 2)
    line = {"n": n, "width": width, "heads": heads, "kv_heads": kv_heads,
            "score_gflops": operations / seconds["score"] / 1e9,
            "share_of_dense": (seconds["score"] + seconds["select"]) / seconds["dense"]}
    line.update({f"{name}_milliseconds": t * 1e3 for name, t in seconds.items()})
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--lengths", type=int, nargs="+", default=[4096, 8192, 16384])
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    lines = [cost(n, width, arguments) for width in arguments.widths for n in arguments.lengths]
    if arguments.json:
        print(json.dumps(lines, indent=1))
        return
    print(f"f32, causal, {arguments.heads} heads on {arguments.kv_heads} kv heads, "
          f"{arguments.threads} threads, medians of {arguments.rounds} interleaved runs")
    print(f"{'n':>6} {'D':>4} {'dense ms':>9} {'score ms':>9} {'select ms':>10} {'score GF/s':>11} "
          f"{'(score + select) / dense':>25}")
    for r in lines:
        print(f"{r['n']:>6} {r['width']:>4} {r['dense_milliseconds']:9.1f} "
              f"{r['score_milliseconds']:9.2f} {r['select_milliseconds']:10.2f} "
              f"{r['score_gflops']:11.1f} {100 * r['share_of_dense']:23.1f} %")


if __name__ == "__main__":
    main()
