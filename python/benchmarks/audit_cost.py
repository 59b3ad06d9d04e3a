"""What an audit of sparse attention costs, as a share of our own dense attention.

Causal, grouped-query heads, two rows of every 128 (share 1/64). Dense attention and the audit are
functions of one library, run in one process and interleaved round by round, on the same threads;
of the audit, which is short, a round takes the mean of several calls. The table gives medians, and
the median of the ratios of the rounds.

    python python/benchmarks/audit_cost.py --qsat-opt build/bin/qsat-opt
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

from native import Module

#: Calls of the audit in a round.
AUDITS = 8


def module_text(heads, kv_heads, n, width, element):
    """The functions `dense` and `audit` for q [1,heads,n,width], k and v [1,kv_heads,n,width]."""
    q, k = f"memref<1x{heads}x{n}x{width}x{element}>", f"memref<1x{kv_heads}x{n}x{width}x{element}>"
    lse, terms = f"memref<1x{heads}x{n}xf32>", f"memref<1x{heads}x{-(-n // 128)}x2xf32>"
    attributes = f"{{scale = {width ** -0.5:.17e} : f64, mask = #qsat.mask<causal>}}"
    return f"""
func.func @dense(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse}) {attributes}
  return
}}
func.func @audit(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}, %e: {terms}, %n: {terms}, %m: {terms})
    attributes {{llvm.emit_c_interface}} {{
  qsat.audit ins(%q, %k, %v : {q}, {k}, {k}) of(%o : {q}) lse(%l : {lse})
    outs(%e, %n, %m : {terms}, {terms}, {terms}) {attributes}
  return
}}"""


def cost(n, width, element, arguments):
    """One line of the table, or None where it is only compiled."""
    generator = np.random.default_rng(1)

    def random(heads):
        x = generator.standard_normal((1, heads, n, width), dtype=np.float32)
        return x if element == "f32" else (x.view(np.uint32) >> 16).astype(np.uint16)

    q, k, v = random(arguments.heads), random(arguments.kv_heads), random(arguments.kv_heads)
    o, lse = np.zeros_like(q), np.zeros((1, arguments.heads, n), np.float32)
    terms = [np.zeros((1, arguments.heads, -(-n // 128), 2), np.float32) for _ in range(3)]
    module = Module(module_text(arguments.heads, arguments.kv_heads, n, width, element), os.path.abspath(arguments.qsat_opt),
                    arguments.target_cpu, load=not arguments.compile_only)
    if arguments.compile_only:
        return None
    module.set_threads(arguments.threads)
    calls = {"dense": module.bind("dense", q, k, v, o, lse), "audit": module.bind("audit", q, k, v, o, lse, *terms)}
    times = {name: [] for name in calls}
    for number in range(arguments.rounds + 1):
        for name, call in calls.items():
            repeats = AUDITS if name == "audit" else 1
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            if number:
                times[name].append((time.perf_counter() - start) / repeats)
    ratios = [audit / dense for audit, dense in zip(times["audit"], times["dense"])]
    return {"n": n, "width": width, "element": element, "share": statistics.median(ratios),
            **{f"{name}_milliseconds": 1e3 * statistics.median(t) for name, t in times.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--lengths", type=int, nargs="+", default=[16384])
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--elements", nargs="+", choices=("f32", "bf16"), default=["f32", "bf16"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--target-cpu", default="host",
                        help="compile for this CPU, as LLVM names it (default: this one)")
    parser.add_argument("--compile-only", action="store_true",
                        help="into QSAT_KERNELS, for a machine without LLVM")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    lines = [cost(n, width, element, arguments) for n in arguments.lengths for width in arguments.widths
             for element in arguments.elements]
    if arguments.compile_only:
        return
    if arguments.json:
        print(json.dumps(lines, indent=1))
        return
    print(f"causal, {arguments.heads} heads on {arguments.kv_heads} kv heads, {arguments.threads} threads, medians of "
          f"{arguments.rounds} interleaved runs")
    print(f"{'n':>6} {'D':>4} {'type':>5} {'dense ms':>9} {'audit ms':>9} {'audit / dense':>14}")
    for r in lines:
        print(f"{r['n']:>6} {r['width']:>4} {r['element']:>5} {r['dense_milliseconds']:9.1f} "
              f"{r['audit_milliseconds']:9.2f} {100 * r['share']:12.2f} %")


if __name__ == "__main__":
    main()
