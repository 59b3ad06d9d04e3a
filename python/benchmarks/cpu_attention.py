"""Rate of qsat's CPU attention kernels beside torch: dense, causal and listed blocks.

    python python/benchmarks/cpu_attention.py --qsat-opt build/bin/qsat-opt
    python python/benchmarks/cpu_attention.py --lengths 2048 4096 8192 --densities .05 .1 .2 .4 .8 --picture FILE

Every figure is a ratio taken round by round in one process: in each round every candidate runs
for a while on the same threads, its best run counts, the ratio of two of them is taken within
the round, and the table shows the median of these ratios with their range. Packing, scheduling
and output are inside qsat's time. GF/s are useful operations: 4 D per visible pair of query and
key (of listed blocks for a list), whatever else a candidate computes.

| row | ratio to |
|-|-|
| full, causal | torch's scaled_dot_product_attention |
| list 20 %, 10 % | rate on the selected 128 x 128 blocks over qsat's own dense rate (row `full`) |
| list, `--flex` | torch's compiled flex_attention with the same block mask |

ONEDNN_MAX_CPU_ISA is set to AVX512_CORE_FP16 unless the environment says otherwise: where a
machine hides CPUID leaf 0x1D from its guests, oneDNN's AMX path ends in SIGILL. On a CPU
whose AMX torch can use, set ONEDNN_MAX_CPU_ISA=DEFAULT to compare with it. On CPUs without AMX
the variable changes nothing.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16")

import numpy as np

from native import Module, aligned
from pictures import draw_time_against_density

BLOCK = 128


def module_text(arguments, n, element, width, sizes):
    """Functions full and causal, and list<k> for lists of `sizes[k]` key blocks per row."""
    heads, kv = arguments.heads, arguments.kv_heads or arguments.heads
    x, y = f"memref<1x{heads}x{n}x{width}x{element}>", f"memref<1x{kv}x{n}x{width}x{element}>"
    lse = f"memref<1x{heads}x{n}xf32>"
    rows = -(-n // BLOCK)
    scale = f"scale = {width ** -0.5!r} : f64"
    text = ""
    for name, mask in (("full", ""), ("causal", ", mask = #qsat.mask<causal>")):
        text += f"""
func.func @{name}(%q: {x}, %k: {y}, %v: {y}, %o: {x}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {x}, {y}, {y}) outs(%o : {x}) {{{scale}{mask}}}
  return
}}"""
    for size in sizes:
        indices, counts = f"memref<1x{heads}x{rows}x{size}xi32>", f"memref<1x{heads}x{rows}xi32>"
        text += f"""
func.func @list{size}(%q: {x}, %k: {y}, %v: {y}, %i: {indices}, %c: {counts}, %o: {x}, %l: {lse})
    attributes {{llvm.emit_c_interface}} {{
  qsat.sparse_attention ins(%q, %k, %v : {x}, {y}, {y}) list(%i, %c : {indices}, {counts})
    outs(%o, %l : {x}, {lse})
    {{{scale}, block_m = {BLOCK} : i64, block_n = {BLOCK} : i64}}
  return
}}"""
    return text


def random_lists(heads, n, size, seed=0):
    """`size` random key blocks for each query block, ascending, and their counts."""
    generator = np.random.default_rng(seed)
    rows = -(-n // BLOCK)
    indices = np.stack([np.sort(generator.permutation(rows)[:size]) for _ in range(heads * rows)])
    indices = indices.astype(np.int32).reshape(1, heads, rows, size)
    return indices, np.full((1, heads, rows), size, np.int32)


def to_bits(x, element):
    """An f32 array as the element type; bf16 as its bits, which numpy has no type for."""
    if element != "bf16":
        return x.astype({"f32": np.float32, "f16": np.float16}[element])
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def to_torch(array, element):
    import torch

    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if element == "bf16" else tensor


def flex_candidate(tensors, indices, n, grouped):
    """torch's compiled flex_attention on the blocks of `indices`.

    As blocks that a mask may cut, though none does: the kernel for CPUs passes over the list of
    whole blocks.
    """
    import torch
    from torch.nn.attention.flex_attention import BlockMask, flex_attention

    lists = torch.from_numpy(indices)
    counts = torch.full(lists.shape[:3], lists.shape[3], dtype=torch.int32)
    padded = torch.zeros((*lists.shape[:3], -(-n // BLOCK)), dtype=torch.int32)
    padded[..., : lists.shape[3]] = lists
    mask = BlockMask.from_kv_blocks(counts, padded, BLOCK_SIZE=BLOCK, seq_lengths=(n, n))
    compiled = torch.compile(flex_attention, dynamic=False)
    return lambda: compiled(*tensors, block_mask=mask, enable_gqa=grouped)


def best_rounds(candidates, rounds, seconds):
    """Per candidate the best time of each round, after one round to warm up."""
    best = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            until, times = time.perf_counter() + (seconds if number else 0), []
            while not times or time.perf_counter() < until:
                start = time.perf_counter()
                run()
                times.append(time.perf_counter() - start)
            if number:
                best[name].append(min(times))
    return best


def check(name, ours, theirs, element):
    """Rounding differs, nothing else: against torch's result, relative to its size."""
    error = np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2))
    limit = {"f32": 1e-5, "f16": 2e-3, "bf16": 1e-2}[element]
    assert error < limit, f"{name}: qsat and torch differ by {error:.1e}"


def run_case(arguments, element, width, n):
    """The rows of one element type, head width and length."""
    heads, kv = arguments.heads, arguments.kv_heads or arguments.heads
    generator = np.random.default_rng(1)
    shapes = [(1, heads, n, width), (1, kv, n, width), (1, kv, n, width)]
    arrays = [aligned(to_bits(generator.standard_normal(s, dtype=np.float32), element)) for s in shapes]
    rows = -(-n // BLOCK)
    sizes = {d: max(1, round(d * rows)) for d in arguments.densities}
    module = Module(module_text(arguments, n, element, width, sorted(set(sizes.values()))),
                    os.path.abspath(arguments.qsat_opt), arguments.target_cpu,
                    load=not arguments.compile_only)
    if arguments.compile_only:
        return []
    module.set_threads(arguments.threads)
    o = aligned(np.zeros_like(arrays[0]))
    candidates, pairs, peers, densities = {}, {}, {}, {}
    for name, count in (("full", heads * n * n), ("causal", heads * n * (n + 1) / 2)):
        if name in arguments.masks:
            candidates[name], pairs[name] = module.bind(name, *arrays, o), count
    for density, size in sizes.items():
        name = f"list {density:.0%}"
        indices, counts = random_lists(heads, n, size)
        lse = np.zeros((1, heads, n), np.float32)
        candidates[name] = module.bind(f"list{size}", *arrays, indices, counts, o, lse)
        pairs[name] = heads * rows * size * BLOCK * BLOCK
        densities[name] = size / rows
        if "full" in candidates:
            peers[name] = ["full"]
    if not arguments.no_torch:
        import torch

        torch.set_num_threads(arguments.threads)
        tensors = [to_torch(a, element) for a in arrays]
        sdpa = torch.nn.functional.scaled_dot_product_attention
        for name in ("full", "causal"):
            if name in candidates:
                peer = f"torch {name}"
                candidates[peer] = lambda causal=name == "causal": sdpa(
                    *tensors, is_causal=causal, enable_gqa=kv != heads)
                pairs[peer], peers[name] = pairs[name], [peer]
                candidates[name]()
                ours = to_torch(o, element).float().numpy()
                check(name, ours, candidates[peer]().float().numpy(), element)
        for density, size in sizes.items() if arguments.flex else ():
            name, peer = f"list {density:.0%}", f"flex {density:.0%}"
            candidates[peer] = flex_candidate(tensors, random_lists(heads, n, size)[0], n, kv != heads)
            pairs[peer] = pairs[name]
            peers[name] = [*peers.get(name, []), peer]
            candidates[name]()
            ours = to_torch(o, element).float().numpy()
            check(name, ours, candidates[peer]().float().numpy(), element)

    best = best_rounds(candidates, arguments.rounds, arguments.seconds)
    rates = {c: [4 * width * pairs[c] / t / 1e9 for t in times] for c, times in best.items()}
    results = []
    for name, rounds in rates.items():
        row = {"element": element, "width": width, "length": n, "heads": heads, "kv_heads": kv,
               "candidate": name, "milliseconds": statistics.median(best[name]) * 1e3,
               "gflops": statistics.median(rounds), "gflops_best": max(rounds),
               "ratios": {}}
        if name in densities:
            row["density"] = densities[name]
        for peer in peers.get(name, []):
            ratios = [a / b for a, b in zip(rounds, rates[peer])]
            row["ratios"][peer] = {"median": statistics.median(ratios), "least": min(ratios),
                                   "most": max(ratios), "rounds": ratios}
        results.append(row)
    return results


def draw(results, file):
    """Time of lists against density, a curve for each length and a panel for each element type and width."""
    panels = {}
    for element, width, n in dict.fromkeys((r["element"], r["width"], r["length"]) for r in results):
        mine = [r for r in results if (r["element"], r["width"], r["length"]) == (element, width, n)]
        times = {r["candidate"]: r["milliseconds"] for r in mine}
        panels.setdefault(f"{element}, D = {width}", []).append(
            {"label": f"{n} keys", "points": [(r["density"], r["milliseconds"]) for r in mine if "density" in r],
             "lines": {style: times[name] for style, name in (("--", "full"), (":", "torch full")) if name in times}})
    draw_time_against_density(panels, "dashed: dense\ndotted: torch's dense", file)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt", help="the compiler")
    parser.add_argument("--elements", nargs="+", default=["bf16", "f32"],
                        choices=["f32", "bf16", "f16"], help="element types")
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 64], help="head widths D")
    parser.add_argument("--masks", nargs="*", default=["full", "causal"],
                        choices=["full", "causal"], help="masks of dense attention to time")
    parser.add_argument("--densities", type=float, nargs="*", default=[0.2, 0.1], help="shares of the key blocks that lists name")
    parser.add_argument("--lengths", type=int, nargs="+", default=[4096], help="contexts")
    parser.add_argument("--heads", type=int, default=2, help="query heads")
    parser.add_argument("--kv-heads", type=int, default=0, help="0: as many as heads")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of qsat and of torch")
    parser.add_argument("--rounds", type=int, default=6, help="a ratio is the median over so many")
    parser.add_argument("--seconds", type=float, default=0.3,
                        help="time of a candidate in a round")
    parser.add_argument("--target-cpu", default="host",
                        help="as in LLVM, to force a path: znver5, sapphirerapids, x86-64-v4, ...")
    parser.add_argument("--no-torch", action="store_true", help="qsat alone")
    parser.add_argument("--flex", action="store_true", help="also torch's flex_attention (needs a C++ compiler)")
    parser.add_argument("--compile-only", action="store_true",
                        help="into QSAT_KERNELS, for a machine without LLVM")
    parser.add_argument("--picture", metavar="FILE",
                        help="draw time against density and length (needs matplotlib)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    arguments = parser.parse_args()

    results = [row for element in arguments.elements for width in arguments.widths
               for n in arguments.lengths for row in run_case(arguments, element, width, n)]
    if arguments.picture:
        draw(results, arguments.picture)
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{arguments.heads} heads, {arguments.threads} threads, "
          f"{arguments.rounds} rounds; ratio: median [least, most] of the rounds")
    for r in results:
        ratios = "; ".join(f"{v['median']:.2f} [{v['least']:.2f}, {v['most']:.2f}] of {peer}"
                           for peer, v in r["ratios"].items())
        print(f"{r['element']:>5} D={r['width']:<4} n={r['length']:<6} {r['candidate']:13} {r['gflops']:7.0f} GF/s "
              f"(best {r['gflops_best']:.0f})  {ratios}")


if __name__ == "__main__":
    main()
