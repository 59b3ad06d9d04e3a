"""What scoring and selection cost, as a share of our own dense attention.

Causal, grouped-query heads; estimators with the default policy (`threshold`), on the blocks
and, of `rows`, by the stride of quality `balanced` unless said; an estimator's statistics are
part of its time. Dense attention, scoring and selection are functions of one library, run in
one process and interleaved round by round, on the same threads; the table gives medians.

    python python/benchmarks/selection_cost.py --qsat-opt build/bin/qsat-opt
    python python/benchmarks/selection_cost.py --stride 8 --theta 0.006          # quality=high
"""

import argparse
import json
import os
import statistics

import numpy as np

from cpu_decode import to_element
from native import Module, aligned, measure


def spelled(estimator):
    """The attributes of an estimator; `rows_int8` is `rows` in 8 bits."""
    name = estimator.removesuffix("_int8")
    return f"estimator = #qsat.estimator<{name}>" + (", int8" if name != estimator else "")


def module_text(n, width, element, arguments):
    """`dense`, `select` and a function for each estimator; q [1,heads,n,width], k and v [1,kv_heads,..]."""
    heads, kv_heads, block = arguments.heads, arguments.kv_heads, arguments.block
    q, k = f"memref<1x{heads}x{n}x{width}x{element}>", f"memref<1x{kv_heads}x{n}x{width}x{element}>"
    blocks = -(-n // block)
    sizes = f"block_m = {block} : i64, block_n = {block} : i64"
    amplitude, row = f"memref<1x{heads}x{blocks}x{blocks}xf32>", f"memref<1x{heads}x{blocks}xf32>"
    indices, counts = amplitude.replace("f32", "i32"), row.replace("f32", "i32")
    scale = f"scale = {width ** -0.5:.17e} : f64, mask = #qsat.mask<causal>"
    scores = "".join(f"""
func.func @{estimator}(%q: {q}, %k: {k}, %a: {amplitude}) attributes {{llvm.emit_c_interface}} {{
  qsat.amplitude_score ins(%q, %k : {q}, {k}) outs(%a : {amplitude})
    {{{scale}, {sizes}, stride = {arguments.stride} : i64, {spelled(estimator)}}}
  return
}}""" for estimator in arguments.estimators)
    return f"""{scores}
func.func @dense(%q: {q}, %k: {k}, %v: {k}, %o: {q}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {q}, {k}, {k}) outs(%o : {q}) {{{scale}}}
  return
}}
func.func @select(%a: {amplitude}, %i: {indices}, %c: {counts}, %m: {row}, %n: {row})
    attributes {{llvm.emit_c_interface}} {{
  qsat.amplified_select ins(%a : {amplitude})
    outs(%i, %c, %m, %n : {indices}, {counts}, {row}, {row})
    {{{sizes}, theta = {arguments.theta:e} : f64, local = 1 : i64, mask = #qsat.mask<causal>}}
  return
}}"""


def costs(n, width, element, arguments):
    """The lines of the table for one problem."""
    heads, kv_heads = arguments.heads, arguments.kv_heads
    generator = np.random.default_rng(1)
    q, k, v = (aligned(to_element(generator.standard_normal((1, h, n, width), dtype=np.float32), element))
               for h in (heads, kv_heads, kv_heads))
    blocks = -(-n // arguments.block)
    amplitude = np.zeros((1, heads, blocks, blocks), np.float32)
    counts = np.zeros((1, heads, blocks), np.int32)
    module = Module(module_text(n, width, element, arguments), os.path.abspath(arguments.qsat_opt),
                    arguments.target_cpu, load=not arguments.compile_only)
    if arguments.compile_only:
        return
    module.set_threads(arguments.threads)
    candidates = {name: module.bind(name, q, k, amplitude) for name in arguments.estimators}
    candidates["dense"] = module.bind("dense", q, k, v, np.zeros_like(q))
    candidates["select"] = module.bind("select", amplitude, np.zeros_like(amplitude, np.int32), counts,
                                       np.zeros(counts.shape, np.float32), np.zeros(counts.shape, np.float32))
    seconds = {name: statistics.median(t) for name, t in measure(candidates, arguments.rounds).items()}
    for estimator in arguments.estimators:
        yield {"n": n, "width": width, "element": element, "estimator": estimator, "heads": heads,
               "kv_heads": kv_heads, "dense_milliseconds": seconds["dense"] * 1e3,
               "score_milliseconds": seconds[estimator] * 1e3, "select_milliseconds": seconds["select"] * 1e3,
               "share_of_dense": (seconds[estimator] + seconds["select"]) / seconds["dense"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--lengths", type=int, nargs="+", default=[8192, 32768])
    parser.add_argument("--widths", type=int, nargs="+", default=[128])
    parser.add_argument("--elements", nargs="+", choices=("bf16", "f16", "f32"), default=["bf16", "f32"])
    parser.add_argument("--estimators", nargs="+", default=["rows", "rows_int8", "d2"],
                        help="as in the op; rows_int8: rows in 8 bits")
    parser.add_argument("--block", type=int, default=64, help="rows and keys of a block")
    parser.add_argument("--stride", type=int, default=16)
    parser.add_argument("--theta", type=float, default=0.008)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--target-cpu", default="host",
                        help="compile for this CPU, as LLVM names it (default: this one)")
    parser.add_argument("--compile-only", action="store_true",
                        help="into QSAT_KERNELS, for a machine without LLVM")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    lines = [line for element in arguments.elements for width in arguments.widths for n in arguments.lengths
             for line in costs(n, width, element, arguments)]
    if arguments.compile_only:
        return
    if arguments.json:
        print(json.dumps(lines, indent=1))
        return
    print(f"causal, {arguments.heads} heads on {arguments.kv_heads} kv heads, blocks of {arguments.block}, "
          f"stride {arguments.stride}, theta {arguments.theta:g}, "
          f"{arguments.threads} threads, medians of {arguments.rounds} interleaved runs")
    print(f"{'':>4} {'n':>6} {'D':>4} {'estimator':>10} {'dense ms':>9} {'score ms':>9} {'select ms':>10} "
          f"{'(score + select) / dense':>25}")
    for r in lines:
        print(f"{r['element']:>4} {r['n']:>6} {r['width']:>4} {r['estimator']:>10} {r['dense_milliseconds']:9.1f} "
              f"{r['score_milliseconds']:9.2f} {r['select_milliseconds']:10.2f} "
              f"{100 * r['share_of_dense']:23.1f} %")


if __name__ == "__main__":
    main()
