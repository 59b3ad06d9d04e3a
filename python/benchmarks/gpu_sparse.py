"""Sparse attention as a whole on a Hopper GPU: scores, selection and attention in one call.

    python python/benchmarks/gpu_sparse.py --qsat-compile build/bin/qsat-compile --kernels DIR
    python python/benchmarks/gpu_sparse.py --kernels DIR --check --time --json out.json --picture out.png

The first line compiles the functions (no GPU needed), the second runs them (no LLVM needed,
but torch with CUDA). Times are medians of CUDA events over rounds in which every candidate
runs once, in random order. Inputs are N(0, 1), where all blocks weigh about the same: a
density is asked for by the policy ``budget``, which keeps that share of the visible blocks.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gpu_kernels
from gpu_checks import guard, relative
from gpu_problems import Problem, sdpa
from gpu_time import anchor, begin, make_parser, measure

#: For blocks of 128 x 128 with a stride of 16 (docs/accuracy.md); those of qsat-sparsify
#: are for 64 x 64.
THETA = 0.012
DENSITIES = (0.02, 0.04, 0.1, 0.25, 0.5, 0.8, 0.9, 1.0)
#: Lengths and the densities that they are expected to need.
WHOLE = ((8192, 0.25), (32768, 0.1), (131072, 0.04))


@dataclass(frozen=True)
class Rule:
    """How blocks of 128 x ``block`` are scored and selected."""

    name: str
    density: float = 0.0  # 0: by THETA
    width: int = 128
    element: str = "bf16"
    causal: bool = True
    window: int = 0
    sinks: int = 0
    block: int = 128
    stride: int = 16
    region: str = ""

    def attributes(self, *more: str) -> str:
        mask = [m for m, on in (("causal", self.causal), (f"window = {self.window}", self.window),
                                (f"sinks = {self.sinks}", self.sinks)) if on]
        shown = [f"mask = #qsat.mask<{', '.join(mask)}>"] if mask else []
        return "{" + ", ".join([*shown, "block_m = 128 : i64", f"block_n = {self.block} : i64", *more]) + "}"

    def score(self) -> str:
        """Scores of %q and %k to %a."""
        return (f"  qsat.amplitude_score ins(%q, %k : !rows{self.width}{self.element}, !rows{self.width}{self.element}) "
                f"outs(%a : !blocks) "
                + self.attributes(f"scale = {self.width ** -0.5:.17e} : f64", f"stride = {self.stride} : i64")
                + self.modified() + "\n")

    def modified(self) -> str:
        """What happens to scores."""
        if not self.region:
            return ""
        return (" score {\n  ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):"
                f"{gpu_kernels.ALIBI}\n    qsat.yield %y : f32\n  }}")

    def select(self) -> str:
        """Lists of %a to %x and %c, mass and calls to %m and %n."""
        policy = (["policy = #qsat.policy<budget>", f"alpha = {self.density} : f64"] if self.density
                  else [f"theta = {THETA} : f64"])
        return ("  qsat.amplified_select ins(%a : !blocks) outs(%x, %c, %m, %n : !lists, !counts, !row, !row) "
                + self.attributes("local = 1 : i64", *policy) + "\n")

    def attend(self) -> str:
        rows = f"!rows{self.width}{self.element}"
        return (f"  qsat.sparse_attention ins(%q, %k, %v : {rows}, {rows}, {rows}) list(%x, %c : !lists, !counts) "
                f"outs(%o, %l : {rows}, !row) " + self.attributes(f"scale = {self.width ** -0.5:.17e} : f64")
                + self.modified() + "\n")

    def functions(self) -> str:
        """score_NAME(q, k, a); pick_NAME(q, k, x, c, m, n); sparse_NAME(q, k, v, o, l)."""
        rows = f"!rows{self.width}{self.element}"
        extents = f"""  %0 = arith.constant 0 : index
  %1 = arith.constant 1 : index
  %2 = arith.constant 2 : index
  %B = memref.dim %q, %0 : {rows}
  %H = memref.dim %q, %1 : {rows}
  %M = memref.dim %q, %2 : {rows}
  %N = memref.dim %k, %2 : {rows}
  %bm = arith.constant 128 : index
  %bn = arith.constant {self.block} : index
  %bm1 = arith.constant 127 : index
  %bn1 = arith.constant {self.block - 1} : index
  %M1 = arith.addi %M, %bm1 : index
  %N1 = arith.addi %N, %bn1 : index
  %Mb = arith.divui %M1, %bm : index
  %Nb = arith.divui %N1, %bn : index
  %a = memref.alloc(%B, %H, %Mb, %Nb) : !blocks
"""
        lists = """  %x = memref.alloc(%B, %H, %Mb, %Nb) : !lists
  %c = memref.alloc(%B, %H, %Mb) : !counts
  %m = memref.alloc(%B, %H, %Mb) : !row
  %n = memref.alloc(%B, %H, %Mb) : !row
"""

        return (f"func.func @score_{self.name}(%q: {rows}, %k: {rows}, %a: !blocks) {{\n" + self.score() + "  return\n}\n"
                f"func.func @pick_{self.name}(%q: {rows}, %k: {rows}, %x: !lists, %c: !counts, %m: !row, %n: !row) {{\n"
                + extents + self.score() + self.select() + "  return\n}\n"
                f"func.func @sparse_{self.name}(%q: {rows}, %k: {rows}, %v: {rows}, %o: {rows}, %l: !row) {{\n"
                + extents + self.score() + lists + self.select() + self.attend() + "  return\n}\n")


def by_density(density: float) -> Rule:
    return Rule(f"d{round(1000 * density)}", density=density)


THRESHOLD = Rule("threshold")
CHECKED = [THRESHOLD, by_density(0.1), Rule("all_keys", causal=False), Rule("window", window=700, sinks=130),
           Rule("narrow", width=64, block=64, density=0.3), Rule("f16", element="f16"), Rule("wide", width=256, block=64),
           Rule("stride7", stride=7), Rule("alibi", region="alibi")]
COMPILED = CHECKED + [by_density(d) for d in DENSITIES if d != 0.1]


def build(directory: Path, qsat_compile: str):
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "sparse.mlir"
    types = sorted({(rule.width, rule.element) for rule in COMPILED})
    aliases = "".join(f"!rows{w}{e} = memref<?x?x?x{w}x{e}, strided<[?, ?, ?, 1], offset: ?>>\n" for w, e in types)
    aliases += ("!blocks = memref<?x?x?x?xf32>\n!lists = memref<?x?x?x?xi32>\n!counts = memref<?x?x?xi32>\n"
                "!row = memref<?x?x?xf32>\n")
    dense = gpu_kernels.Kernel("dense_causal", causal=True).text()
    source.write_text(aliases + "".join(rule.functions() for rule in COMPILED) + dense)
    subprocess.run([qsat_compile, str(source), "-o", str(directory / "sparse.so")], check=True)


# -- checks ------------------------------------------------------------------


class Selection:
    """What a rule gives for a problem, by the compiled functions."""

    def __init__(self, library, rule, problem):
        import torch

        batches, heads, rows, keys = problem.shape
        blocks = (batches, heads, -(-rows // 128), -(-keys // rule.block))
        self.amplitude = torch.full(blocks, math.nan, device="cuda")
        self.indices = torch.full(blocks, -1, device="cuda", dtype=torch.int32)
        self.counts = torch.full(blocks[:3], -1, device="cuda", dtype=torch.int32)
        self.mass, self.calls = (torch.full(blocks[:3], math.nan, device="cuda") for _ in range(2))
        stream = torch.cuda.current_stream().cuda_stream
        self.score = library.functions[f"score_{rule.name}"].bind(problem.q, problem.k, self.amplitude)
        self.pick = library.functions[f"pick_{rule.name}"].bind(problem.q, problem.k, self.indices, self.counts,
                                                                self.mass, self.calls)
        self.score(stream)
        self.pick(stream)


def visible(rule, rows, keys):
    """[rows, keys]: what the mask of the rule shows."""
    import torch

    i, j = rows[:, None], torch.arange(keys, device="cuda")[None]
    seen = torch.ones(len(rows), keys, dtype=torch.bool, device="cuda")
    if rule.causal:
        seen &= j <= i
    if rule.window:
        seen &= (j > i - rule.window) | (j < rule.sinks)
    return seen


def amplitude_reference(rule, problem):
    """Amplitudes in f64: softmax of the sampled rows, summed over blocks of keys."""
    import torch

    _, heads, rows, keys = problem.shape
    group = heads // problem.k.shape[1]
    blocks = -(-keys // rule.block)
    per_block = -(-128 // rule.stride)
    first = torch.arange(0, rows, 128, device="cuda")
    size = (rows - first).clamp(max=128)
    t = torch.arange(per_block, device="cuda") * rule.stride
    contributes = t[None] < size[:, None]
    sampled = (first[:, None] + torch.minimum((t + rule.stride // 2)[None], size[:, None] - 1)).flatten()
    q = problem.q.double()[:, :, sampled]
    z = q @ problem.k.double().repeat_interleave(group, 1).transpose(2, 3) * rule.width ** -0.5
    if rule.region:
        z = z + 0.125 * (torch.arange(keys, device="cuda") - sampled[:, None])
    z = z.masked_fill(~visible(rule, sampled, keys), -math.inf)
    p = torch.softmax(z, -1).nan_to_num(0.0)
    p = torch.nn.functional.pad(p, (0, blocks * rule.block - keys))
    mass = p.view(*p.shape[:3], blocks, rule.block).sum(-1)
    mass = mass.view(*mass.shape[:2], len(first), per_block, blocks) * contributes[:, :, None]
    return (mass.sum(3) / contributes.sum(1)[:, None]).sqrt()


def selection_reference(rule, amplitude, rows, keys):
    """[B,H,Mb,Nb]: what the rule marks, from the amplitudes that were computed."""
    import torch

    p = amplitude * amplitude
    query_blocks, key_blocks = p.shape[2:]
    i = torch.arange(query_blocks * 128, device="cuda")
    padded = visible(rule, i, key_blocks * rule.block)
    eligible = padded.view(query_blocks, 128, key_blocks, rule.block).any(3).any(1)
    block, j = torch.arange(query_blocks, device="cuda")[:, None], torch.arange(key_blocks, device="cuda")[None]
    first = torch.clamp(block * 128 // rule.block, max=key_blocks - 1)
    last = torch.clamp((block * 128 + 127) // rule.block, max=key_blocks - 1)
    forced = (j >= first - 1) & (j <= last + 1) & eligible
    if not rule.density:
        return eligible & (forced | (p >= THETA))
    order = torch.where(eligible, p.double() + 4 * forced, -1.0)
    rank = torch.argsort(torch.sort(order, dim=-1, descending=True, stable=True).indices, -1)
    visible_blocks = eligible.sum(-1)
    length = torch.maximum(torch.ceil(rule.density * visible_blocks.double()).long(), forced.sum(-1))
    return (rank < length[:, None]) & eligible


def check(library):
    """Amplitudes against f64, lists against what the amplitudes ask for, outputs against f64 on these lists."""
    import torch

    results = []
    for rule in CHECKED:
        kernel = gpu_kernels.Kernel("list", block=rule.block, causal=rule.causal, width=rule.width, element=rule.element,
                                    window=rule.window, sinks=rule.sinks, region=rule.region)
        for shape in (dict(heads=2, kv_heads=2, rows=256, keys=256), dict(heads=6, kv_heads=3, rows=1000, keys=1000, batches=2),
                      dict(heads=2, kv_heads=1, rows=900, keys=333), dict(heads=2, kv_heads=2, rows=1, keys=1),
                      dict(heads=4, kv_heads=2, rows=2100, keys=2100, transposed=True),
                      dict(heads=4, kv_heads=1, rows=4096, keys=4096)):
            problem = Problem(kernel, density=1.0, **shape)
            problem.q *= 3  # some blocks weigh more than others
            rows, keys = problem.shape[2:]
            chosen = Selection(library, rule, problem)
            guard(f"pick_{rule.name}")
            wanted = amplitude_reference(rule, problem)
            marks = selection_reference(rule, chosen.amplitude, rows, keys)
            problem.lists = (chosen.indices, chosen.counts)
            listed = problem.block_mask()
            ascending = all(bool((row[1:count] > row[:count - 1]).all()) for row, count in
                            zip(chosen.indices.flatten(0, 2).cpu(), chosen.counts.flatten().tolist()))
            call = library.functions[f"sparse_{rule.name}"].bind(problem.q, problem.k, problem.v, problem.o, problem.lse)
            call(torch.cuda.current_stream().cuda_stream)
            guard(f"sparse_{rule.name}")
            o, lse = problem.reference()
            result = {"rule": rule.name, **shape, "amplitude": float((chosen.amplitude - wanted).abs().max()),
                      "lists differ": int((listed != marks).sum()), "density": float(marks.float().mean()),
                      "error": relative(problem.o, o)}
            result["pass"] = (result["amplitude"] < 1e-4 and result["lists differ"] == 0 and ascending
                              and result["error"] < 6e-3 and not problem.o.isnan().any())
            results.append(result)
    return results


def check_graph(library):
    """A captured call, replayed on other inputs, and the kernels that it launches."""
    import torch

    problem = Problem(gpu_kernels.Kernel("list", block=128, causal=True), 8, 2, 4096, 4096, density=1.0)
    call = library.functions["sparse_threshold"].bind(problem.q, problem.k, problem.v, problem.o, problem.lse)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call(torch.cuda.current_stream().cuda_stream)
    problem.q.copy_(torch.randn_like(problem.q))
    graph.replay()
    torch.cuda.synchronize()
    replayed = problem.o.clone()
    problem.o.fill_(math.nan)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        call(torch.cuda.current_stream().cuda_stream)
        torch.cuda.synchronize()
    launches = [e.key for e in profile.key_averages() for _ in range(e.count) if e.key.startswith("qsat")]
    return {"same": bool((replayed == problem.o).all()), "launches": launches}


# -- time --------------------------------------------------------------------


def time_whole(library, rounds, cases, threshold=True):
    """Score + select and the whole beside dense attention, ours and torch's."""
    import torch

    results = []
    for length, density in cases:
        shape = dict(heads=8, kv_heads=2, rows=length, keys=length)
        rule, kernel = by_density(density), gpu_kernels.Kernel("dense_causal", causal=True)
        problem = Problem(kernel, **shape)
        stream = torch.cuda.current_stream().cuda_stream
        chosen = {r.name: Selection(library, r, problem) for r in (rule, THRESHOLD)}
        inputs = (problem.q, problem.k, problem.v, problem.o, problem.lse)
        candidates = {"score": chosen[rule.name].score, f"score + select, density {density}": chosen[rule.name].pick,
                      f"sparse, density {density}": library.functions[f"sparse_{rule.name}"].bind(*inputs),
                      "dense": library.functions["dense_causal"].bind(*inputs)}
        if threshold:
            candidates[f"score + select, theta {THETA}"] = chosen["threshold"].pick
        candidates = {name: (lambda call=call: call(stream)) for name, call in candidates.items()}
        candidates |= {"cuDNN dense": sdpa(problem, "cudnn"), "FlashAttention-2 dense": sdpa(problem, "flash"),
                       "cuBLAS 8192^3": anchor()[0]}
        working = {}
        for name, run in candidates.items():
            try:
                run()
                guard(name)
                working[name] = run
            except RuntimeError as error:
                print(f"{name}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
        times, (clock, power) = measure(working, rounds if length <= 32768 else max(rounds // 2, 5))
        blocks = length // 128
        realised = float(chosen[rule.name].counts.sum()) / (8 * blocks * (blocks + 1) / 2)
        results.append({**shape, "density": density, "realised": realised, "milliseconds": times, "MHz": clock, "W": power})
    return results


def print_whole(results):
    for r in results:
        times = r["milliseconds"]
        dense, peer = times["dense"], min(times.get("cuDNN dense", math.inf), times.get("FlashAttention-2 dense", math.inf))
        print(f"n {r['rows']} H {r['heads']}:{r['kv_heads']} density {r['density']} (kept {r['realised']:.3f})  "
              f"[{r['MHz']} MHz, {r['W']} W]")
        for name, t in times.items():
            print(f"  {name:34} {t:9.3f} ms  {t / dense:6.1%} of our dense  {peer / t:6.2f} x the best dense peer", flush=True)


def break_even(results, length):
    """The realised density at which the whole takes as long as our dense attention (linear between
    those that were timed), or None where none does."""
    costs = sorted((r["realised"], r["milliseconds"][f"sparse, density {r['density']}"] / r["milliseconds"]["dense"])
                   for r in results if r["rows"] == length)
    for (x, low), (y, high) in zip(costs, costs[1:]):
        if low <= 1 <= high:
            return x + (y - x) * (1 - low) / (high - low)
    return None


def draw(results, path):
    """Time of the whole against density, and dense attention as the line of break-even."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    colors = pyplot.rcParams["axes.prop_cycle"].by_key()["color"]
    for color, length in zip(colors, sorted({r["rows"] for r in results})):
        mine = sorted((r for r in results if r["rows"] == length), key=lambda r: r["realised"])
        axes.plot([r["realised"] for r in mine], [r["milliseconds"][f"sparse, density {r['density']}"] for r in mine],
                  "o-", color=color, label=f"scores, selection and attention, {length}")
        for name, style in (("dense", "-"), ("cuDNN dense", ":"), ("FlashAttention-2 dense", "--")):
            if times := sorted(r["milliseconds"][name] for r in mine if name in r["milliseconds"]):
                axes.axhline(times[len(times) // 2], linestyle=style, color=color, alpha=0.5, label=f"{name}, {length}")
    axes.set(xlabel="share of the visible blocks that is kept", ylabel="milliseconds", xscale="log", yscale="log")
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--time", action="store_true", help="the whole, and its parts, beside torch's dense attention")
    parser.add_argument("--density-length", type=int, nargs="+", default=[32768], help="lengths of the picture")
    parser.add_argument("--picture", type=Path, help="draw time against density, a PNG")
    arguments = parser.parse_args()
    if arguments.qsat_compile:
        build(arguments.kernels, arguments.qsat_compile)
    if not (arguments.check or arguments.time or arguments.picture):
        return

    libraries, results = begin(arguments.kernels, ["sparse"])
    library = libraries["sparse"]
    if arguments.check:
        results["check"], results["graph"] = check(library), check_graph(library)
        for rule in CHECKED:
            mine = [r for r in results["check"] if r["rule"] == rule.name]
            print(f"  {rule.name:10} amplitude {max(r['amplitude'] for r in mine):.1e}  lists differ in "
                  f"{sum(r['lists differ'] for r in mine)} blocks  output {max(r['error'] for r in mine):.2e}  "
                  f"{len(mine)} shapes, {sum(not r['pass'] for r in mine)} failed", flush=True)
        for r in results["check"]:
            if not r["pass"]:
                print("  FAIL", r)
        print("  captured and replayed:", results["graph"])
    if arguments.time:
        results["whole"] = time_whole(library, arguments.rounds, WHOLE)
        print_whole(results["whole"])
    if arguments.picture:
        cases = [(length, density) for length in arguments.density_length for density in DENSITIES]
        results["densities"] = time_whole(library, max(arguments.rounds // 3, 5), cases, threshold=False)
        print_whole(results["densities"])
        results["break-even"] = {length: break_even(results["densities"], length) for length in arguments.density_length}
        print("density at which the whole takes as long as our dense attention:", results["break-even"])
        draw(results["densities"], arguments.picture)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
