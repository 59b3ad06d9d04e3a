"""Whole sparse attention on the CPU over our own dense attention, and what memory it takes.

    python python/benchmarks/cpu_sparse.py --qsat-opt build/bin/qsat-opt [--picture FILE]
    python python/benchmarks/cpu_sparse.py --qsat-opt build/bin/qsat-opt --memory

Whole means block statistics, score, select, attention over the lists, and the background; all
that depends on the input is inside the time. Causal, grouped-query heads, blocks of 128; the
policy `budget` marks the given share of the blocks that a row of blocks sees (the diagonal is
among them), so that the density is what was asked for. Dense and sparse attention are functions
of one library, run in one process and interleaved round by round; the speed-up is the median
of per-round ratios.

`--memory` runs each step in a process of its own and prints by how much its peak resident
memory exceeds that of its inputs and outputs, for one kv head and its query heads.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

import numpy as np

from cpu_decode import to_element
from native import Module, measure
from pictures import draw_time_against_density

BLOCK = 128


def operands(heads, kv_heads, n, width, element):
    """The memref types of all operands by name."""
    blocks = -(-n // BLOCK)
    return {"q": f"memref<1x{heads}x{n}x{width}x{element}>", "k": f"memref<1x{kv_heads}x{n}x{width}x{element}>",
            "l": f"memref<1x{heads}x{n}xf32>", "a": f"memref<1x{heads}x{blocks}x{blocks}xf32>",
            "i": f"memref<1x{heads}x{blocks}x{blocks}xi32>", "c": f"memref<1x{heads}x{blocks}xi32>",
            "m": f"memref<1x{heads}x{blocks}xf32>"}


def module_text(heads, kv_heads, n, width, element, densities, scoring, background):
    """`scoring`: further attributes of amplitude_score. `dense`, and for each density `score<d>`, `select<d>`, `attend<d>` and `whole<d>`, all three."""
    t = operands(heads, kv_heads, n, width, element)
    scale = f"scale = {width ** -0.5:.17e} : f64, mask = #qsat.mask<causal>"
    arguments = (f"%q: {t['q']}, %k: {t['k']}, %v: {t['k']}, %a: {t['a']}, %i: {t['i']}, %c: {t['c']}, "
                 f"%m: {t['m']}, %n: {t['m']}, %o: {t['q']}, %l: {t['l']}")
    text = f"""
func.func @dense({arguments}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {t['q']}, {t['k']}, {t['k']}) outs(%o : {t['q']}) {{{scale}}}
  return
}}"""
    score = (f"  qsat.amplitude_score ins(%q, %k : {t['q']}, {t['k']}) outs(%a : {t['a']}) "
             f"{{{scale}, {scoring}}}\n")
    attend = (f"  qsat.sparse_attention ins(%q, %k, %v : {t['q']}, {t['k']}, {t['k']}) list(%i, %c : {t['i']}, {t['c']}) "
              f"outs(%o, %l : {t['q']}, {t['l']}) {{{scale}, block_m = {BLOCK} : i64, block_n = {BLOCK} : i64, "
              f"background = #qsat.background<{background}>}}\n")
    for number, density in enumerate(densities):
        select = (f"  qsat.amplified_select ins(%a : {t['a']}) outs(%i, %c, %m, %n : {t['i']}, {t['c']}, {t['m']}, {t['m']}) "
                  f"{{policy = #qsat.policy<budget>, alpha = {density:.17e} : f64, exponent = 1.0 : f64, "
                  f"mask = #qsat.mask<causal>}}\n")
        for name, body in (("score", score), ("select", select), ("attend", attend), ("whole", score + select + attend)):
            text += f"\nfunc.func @{name}{number}({arguments}) attributes {{llvm.emit_c_interface}} {{\n{body}  return\n}}"
    return text


def scoring_of(arguments):
    """The attributes of amplitude_score that the arguments ask for."""
    return f"estimator = #qsat.estimator<{arguments.estimator}>, stride = {arguments.stride} : i64" + (
        ", int8" if arguments.int8 else "")


def estimator_name(arguments):
    """What the table and the picture call the scoring."""
    by_rows = f" (every {arguments.stride}th row{', in 8 bits' if arguments.int8 else ''})"
    return arguments.estimator + (by_rows if arguments.estimator == "rows" else "")


def arrays(heads, kv_heads, n, width, element):
    """Random q, k, v, and zeros for all else, in the order of the arguments."""
    generator = np.random.default_rng(1)
    q, k, v = (to_element(generator.standard_normal((1, h, n, width), dtype=np.float32), element)
               for h in (heads, kv_heads, kv_heads))
    blocks = -(-n // BLOCK)
    amplitude, row = np.zeros((1, heads, blocks, blocks), np.float32), np.zeros((1, heads, blocks), np.float32)
    return [q, k, v, amplitude, np.zeros_like(amplitude, np.int32), np.zeros_like(row, np.int32), row,
            np.zeros_like(row), np.zeros_like(q), np.zeros((1, heads, n), np.float32)]


def compile_all(n, element, densities, arguments):
    text = module_text(arguments.heads, arguments.kv_heads, n, arguments.width, element, densities,
                       scoring_of(arguments), arguments.background)
    module = Module(text, os.path.abspath(arguments.qsat_opt))
    module.set_threads(arguments.threads)
    return module, arrays(arguments.heads, arguments.kv_heads, n, arguments.width, element)


def lines(n, element, densities, arguments):
    """The lines of the table for one length."""
    module, values = compile_all(n, element, densities, arguments)
    steps = ["score", "select", "attend", "whole"]
    names = ["dense"] + [f"{step}{d}" for d in range(len(densities)) for step in steps
                         if step == "whole" or arguments.steps]
    candidates = {name: module.bind(name, *values) for name in names}
    times = measure(candidates, arguments.rounds)
    dense = times["dense"]
    for number in range(len(densities)):
        module.call(f"whole{number}", *values)
        blocks = values[5].shape[2]
        visible = values[5].shape[1] * blocks * (blocks + 1) / 2
        line = {"element": element, "n": n, "asked_density": densities[number],
                "density": float(values[5].sum()) / visible,
                "speedup": statistics.median(d / w for d, w in zip(dense, times[f"whole{number}"])),
                "dense_milliseconds": statistics.median(dense) * 1e3}
        for step in steps:
            if f"{step}{number}" in times:
                line[f"{step}_milliseconds"] = statistics.median(times[f"{step}{number}"]) * 1e3
                line[f"{step}_share_of_dense"] = statistics.median(
                    s / d for d, s in zip(dense, times[f"{step}{number}"]))
        yield line


#: Runs in a process of its own: the peak of resident memory of one call beyond what was resident before.
MEMORY = """
import sys, json; sys.path[:0] = [{folder!r}]
import argparse, cpu_sparse
def resident(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024
arguments = argparse.Namespace(**{arguments!r})
module, values = cpu_sparse.compile_all({n}, {element!r}, [{density}], arguments)
for x in values:
    x += 0  # resident before the call, and not during it
for name in {before!r}:
    module.call(name, *values)
try:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts anew
except OSError:
    pass
base = resident("VmRSS")
module.call({name!r}, *values)
print(json.dumps(resident("VmHWM") - base))
"""


def memory(arguments):
    """Rows (step, length, megabytes) of one kv head and its query heads."""
    options = dict(vars(arguments), heads=arguments.heads // arguments.kv_heads, kv_heads=1)
    for element in arguments.elements:
        for n in arguments.lengths:
            for name, before in (("score0", []), ("select0", ["score0"]), ("attend0", ["score0", "select0"]),
                                 *([("dense", [])] if arguments.dense_memory else [])):
                text = MEMORY.format(folder=os.path.dirname(os.path.abspath(__file__)), arguments=options, n=n,
                                     element=element, density=arguments.densities[-1], name=name, before=before)
                # What is freed goes back to the system at once, and is not resident before the call.
                environment = dict(os.environ, MALLOC_MMAP_THRESHOLD_="65536")
                done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment)
                if done.returncode != 0:
                    raise RuntimeError(done.stderr[-2000:])
                yield {"element": element, "n": n, "step": name.rstrip("0"), "megabytes": float(done.stdout)}


def draw(rows, file, arguments):
    """Time against density, a curve for each length and a panel for each element type; dashed: dense."""
    panels = {}
    for element in sorted({r["element"] for r in rows}):
        title = f"{element}, estimator {estimator_name(arguments)},\nbackground {arguments.background}"
        for n in sorted({r["n"] for r in rows}):
            mine = [r for r in rows if (r["element"], r["n"]) == (element, n)]
            panels.setdefault(title, []).append(
                {"label": f"{n} keys", "points": [(r["density"], r["whole_milliseconds"]) for r in mine],
                 "lines": {"--": mine[0]["dense_milliseconds"]}})
    draw_time_against_density(panels, "dashed: dense", file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=1)
    parser.add_argument("--lengths", type=int, nargs="+", default=[8192, 32768])
    parser.add_argument("--densities", type=float, nargs="+", default=[0.2, 0.1])
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--elements", nargs="+", choices=("bf16", "f16", "f32"), default=["bf16"])
    parser.add_argument("--estimator", default="rows")
    parser.add_argument("--stride", type=int, default=16, help="rows of q from one that is scored to the next")
    parser.add_argument("--int8", action="store_true", help="score rows in 8 bits (estimator rows)")
    parser.add_argument("--background", default="centroid", choices=("none", "rank1", "centroid", "t2"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", action="store_true", help="time score, select and attend one by one too")
    parser.add_argument("--memory", action="store_true", help="measure memory, not time")
    parser.add_argument("--dense-memory", action="store_true", help="with --memory: of dense attention too")
    parser.add_argument("--picture", metavar="FILE", help="draw time against density and length (needs matplotlib)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    if arguments.memory:
        rows = list(memory(arguments))
        if arguments.json:
            return print(json.dumps(rows, indent=1))
        print(f"One kv head, {arguments.heads // arguments.kv_heads} query heads, D = {arguments.width}, "
              f"estimator {estimator_name(arguments)}, background {arguments.background}, {arguments.threads} threads: "
              f"MiB beyond inputs and outputs")
        for r in rows:
            print(f"{r['element']:>4} {r['n']:>7}  {r['step']:8} {r['megabytes']:8.1f}")
        return None
    rows = [line for element in arguments.elements for n in arguments.lengths
            for line in lines(n, element, arguments.densities, arguments)]
    if arguments.picture:
        draw(rows, arguments.picture, arguments)
    if arguments.json:
        return print(json.dumps(rows, indent=1))
    print(f"Causal, {arguments.heads} heads on {arguments.kv_heads} kv heads, D = {arguments.width}, estimator "
          f"{estimator_name(arguments)}, background {arguments.background}, {arguments.threads} threads, "
          f"{arguments.rounds} interleaved rounds")
    print(f"{'':>4} {'n':>7} {'density':>7} {'dense ms':>9} {'whole ms':>9} {'dense / whole':>13}"
          + (f" {'score':>7} {'select':>7} {'attend':>7}  of dense" if arguments.steps else ""))
    for r in rows:
        shares = "".join(f" {100 * r[f'{s}_share_of_dense']:6.1f}%" for s in ("score", "select", "attend")
                         if f"{s}_share_of_dense" in r)
        print(f"{r['element']:>4} {r['n']:>7} {r['density']:7.3f} {r['dense_milliseconds']:9.1f} "
              f"{r['whole_milliseconds']:9.1f} {r['speedup']:13.2f}{shares}")
    return None


if __name__ == "__main__":
    main()
