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

import argparse
import json
import math
import os
import random
import statistics
import sys
import threading
import time
from pathlib import Path

import gpu_kernels

BLOCK = 128


# -- problems ----------------------------------------------------------------


class Problem:
    """Random inputs of one shape, and outputs that start as NaN."""

    def __init__(self, kernel, heads, kv_heads, rows, keys, batches=1, density=0.0, transposed=False, seed=0):
        import torch

        torch.manual_seed(seed)
        self.kernel, self.shape = kernel, (batches, heads, rows, keys)
        dtype = {"bf16": torch.bfloat16, "f16": torch.float16}[kernel.element]

        def array(h, n, d):
            if transposed:  # rows of all heads side by side, as a projection gives them
                return torch.randn(batches, n, h, d, device="cuda").to(dtype).transpose(1, 2)
            return torch.randn(batches, h, n, d, device="cuda").to(dtype)

        self.q, self.k, self.v = (array(heads, rows, kernel.width), array(kv_heads, keys, kernel.width),
                                  array(kv_heads, keys, kernel.dv))
        self.o = torch.full_like(array(heads, rows, kernel.dv), math.nan)
        self.lse = torch.full((batches, heads, rows), math.nan, device="cuda")
        self.lists = self.make_lists(density) if kernel.block else None
        self.bias = torch.randn(heads, rows, keys, device="cuda") if kernel.region == "bias" else None

    def make_lists(self, density):
        """Ascending random blocks; under a causal mask those that hold the diagonal, and others before."""
        import torch

        batches, heads, rows, keys = self.shape
        block, blocks = self.kernel.block, -(-keys // self.kernel.block)
        query_blocks = -(-rows // BLOCK)
        limit = torch.full((query_blocks,), blocks)
        if self.kernel.causal:
            last = torch.arange(query_blocks) * BLOCK + BLOCK - 1
            limit = (last.clamp(max=rows - 1) // block + 1).clamp(max=blocks)
        always = BLOCK // block if self.kernel.causal else 0
        counts = torch.maximum(torch.ceil(limit * density).long(), torch.tensor(max(always, 1)))
        counts = torch.minimum(counts, limit)
        weights = torch.rand(batches, heads, query_blocks, blocks)
        number = torch.arange(blocks)
        weights[..., :][:, :, number[None] >= limit[:, None]] = -1
        if always:
            weights[:, :, (number[None] >= limit[:, None] - always) & (number[None] < limit[:, None])] = 2
        chosen = weights.argsort(-1, descending=True)[..., : int(counts.max())]
        listed = torch.arange(int(counts.max()))[None] < counts[:, None]
        chosen = torch.where(listed, chosen, 1 << 30).sort(-1).values
        # Past the counts lies what must not be read.
        indices = torch.where(listed, chosen, 1 << 30).int().cuda().contiguous()
        return indices, counts.int().expand(batches, heads, query_blocks).contiguous().cuda()

    def arguments(self):
        lists = list(self.lists) if self.lists else []
        extras = [self.bias] if self.bias is not None else []
        return [self.q, self.k, self.v, *lists, *extras, self.o, self.lse]

    def block_mask(self):
        """[B,H,query blocks,key blocks]: what is listed; numbers outside are ignored."""
        import torch

        indices, counts = self.lists
        blocks = -(-self.shape[3] // self.kernel.block)
        mask = torch.zeros(*indices.shape[:3], blocks + 1, dtype=torch.bool, device="cuda")
        listed = torch.arange(indices.shape[3], device="cuda") < counts[..., None]
        inside = (indices >= 0) & (indices < blocks)
        mask.scatter_(3, torch.where(listed & inside, indices, blocks).long(), True)
        return mask[..., :blocks]

    def visible(self):
        """[B or 1,H or 1,M,N]: what each row sees."""
        import torch

        _, _, rows, keys = self.shape
        i, j = torch.arange(rows, device="cuda")[:, None], torch.arange(keys, device="cuda")[None]
        kernel, seen = self.kernel, torch.ones(rows, keys, dtype=torch.bool, device="cuda")
        if kernel.causal:
            seen &= j <= i + kernel.offset
        if kernel.window:
            seen &= (j > i + kernel.offset - kernel.window) | (j < kernel.sinks)
        seen = seen[None, None]
        if kernel.block:
            mask = self.block_mask()
            seen = seen & mask.repeat_interleave(BLOCK, 2)[:, :, :rows].repeat_interleave(kernel.block, 3)[..., :keys]
        return seen

    def reference(self):
        """(o, lse) in f64."""
        import torch

        group = self.q.shape[1] // self.k.shape[1]
        q, k, v = (x.double() for x in (self.q, self.k.repeat_interleave(group, 1), self.v.repeat_interleave(group, 1)))
        z = q @ k.transpose(2, 3) * self.kernel.scale()
        if self.kernel.region == "softcap":
            z = 2 * torch.tanh(z / 2)
        if self.kernel.region == "alibi":
            i, j = torch.arange(z.shape[2], device="cuda")[:, None], torch.arange(z.shape[3], device="cuda")
            z = z + 0.125 * (j - i)
        if self.kernel.region == "bias":
            z = z + self.bias.double()
        z = z.masked_fill(~self.visible(), -math.inf)
        lse = torch.logsumexp(z, -1)
        p = torch.exp(z - torch.where(lse == -math.inf, 0.0, lse)[..., None])
        return p @ v, lse

    def pairs(self):
        """Visible pairs of a query and a key over all heads."""
        batches, heads, rows, keys = self.shape
        if not self.kernel.block:
            assert not self.kernel.window and (not self.kernel.causal or rows == keys)
            return batches * heads * (rows * (rows + 1) / 2 if self.kernel.causal else rows * keys)
        pairs = float(self.lists[1].sum()) * BLOCK * self.kernel.block
        if self.kernel.causal:  # the listed blocks on the diagonal: what lies behind it is not seen
            hidden = BLOCK * (BLOCK - 1) / 2
            pairs -= batches * heads * (rows // BLOCK) * hidden
        return pairs

    def useful(self):
        """Operations that are asked for."""
        return 2 * (self.kernel.width + self.kernel.dv) * self.pairs()


# -- correctness -------------------------------------------------------------


def relative(x, reference):
    return float((x.double() - reference).norm() / reference.norm())


def problems_to_check(kernel):
    """Shapes that no tile divides, one row, grouped heads, lengths that differ, strided rows."""
    square = not (kernel.offset or kernel.region == "bias")
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
    indices[:, 1, :, -1] = -7
    counts[:, 0, 0] = 1 << 30
    counts[:, 1, 0] = -3


def check(library, kernels):
    """Errors against f64, beside those of torch's SDPA (cuDNN's where it has the case)."""
    import torch

    results = []
    for kernel in kernels:
        for number, shape in enumerate(problems_to_check(kernel)):
            problem = Problem(kernel, density=0.4, seed=number, **shape)
            if kernel.block and number % 2:
                spoil(problem)
            call = library.functions[kernel.name].bind(*problem.arguments())
            call(torch.cuda.current_stream().cuda_stream)
            guard(kernel.name)
            first = problem.o.clone()
            call(torch.cuda.current_stream().cuda_stream)
            guard(kernel.name)
            o, lse = problem.reference()
            finite = lse.isfinite()
            result = {"kernel": kernel.name, **shape, "error": relative(problem.o, o) if o.norm() else 0.0,
                      "lse": float((problem.lse.double() - lse)[finite].abs().max()) if finite.any() else 0.0,
                      "empty rows": int((~finite).sum()),
                      "same": bool(torch.equal(first.nan_to_num(7), problem.o.nan_to_num(7)))}
            peer = sdpa(problem, "cudnn")
            if peer is not None:
                try:
                    result["cudnn"] = relative(peer(), o)
                except Exception:  # cuDNN has no kernel for the shape
                    pass
            limit = 1.2 * result.get("cudnn", 0.0) or (6e-3 if kernel.element == "bf16" else 1e-3)
            limit = max(limit, 1e-3)
            result["pass"] = (result["error"] <= limit and result["lse"] < 2e-4 and result["same"]
                              and bool((problem.lse[~finite] == -math.inf).all())
                              and bool((problem.o[~finite] == 0).all()))
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


# -- peers -------------------------------------------------------------------


def sdpa(problem, backend):
    """torch's attention on the problem with `backend`, or None where it has no such mask."""
    import torch
    import torch.nn.functional as functional
    from torch.nn.attention import SDPBackend, sdpa_kernel

    kernel = problem.kernel
    _, _, rows, keys = problem.shape
    if kernel.block or kernel.window or kernel.offset or kernel.region or (kernel.causal and rows != keys):
        return None
    which = {"cudnn": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION}[backend]
    grouped = problem.q.shape[1] != problem.k.shape[1]
    k, v = problem.k, problem.v

    def call():
        with sdpa_kernel(which):
            return functional.scaled_dot_product_attention(problem.q, k, v, is_causal=kernel.causal,
                                                           scale=kernel.scale(), enable_gqa=grouped)

    return call


def flex(problem):
    """FlexAttention, compiled, with the same mask and the same blocks."""
    import torch
    from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

    kernel = problem.kernel
    batches, heads, rows, keys = problem.shape
    causal = (lambda b, h, i, j: i >= j) if kernel.causal else (lambda b, h, i, j: i >= 0)
    if not kernel.block:
        mask = create_block_mask(causal, None, None, rows, keys, device="cuda") if kernel.causal else None
    else:
        blocks = problem.block_mask()
        first_row = torch.arange(blocks.shape[2], device="cuda")[:, None] * BLOCK
        last_key = (torch.arange(blocks.shape[3], device="cuda") + 1) * kernel.block - 1
        diagonal = (last_key > first_row) & bool(kernel.causal)

        def ordered(marks):
            return (marks.sum(-1).int(),
                    torch.argsort(marks.int(), dim=-1, descending=True, stable=True).int())

        mask = BlockMask.from_kv_blocks(*ordered(blocks & diagonal), *ordered(blocks & ~diagonal),
                                        BLOCK_SIZE=(BLOCK, kernel.block), mask_mod=causal,
                                        seq_lengths=(rows, keys))
    compiled = torch.compile(flex_attention, dynamic=False)
    grouped = problem.q.shape[1] != problem.k.shape[1]
    return lambda: compiled(problem.q, problem.k, problem.v, block_mask=mask, scale=kernel.scale(),
                            enable_gqa=grouped)


# -- time --------------------------------------------------------------------


class PowerMeter:
    """Median clock (MHz) and power (W) while it runs; zeros without NVML."""

    def __enter__(self):
        self.samples, self.stop = [], threading.Event()
        try:
            import pynvml

            pynvml.nvmlInit()
            device = pynvml.nvmlDeviceGetHandleByIndex(0)
        except Exception:
            return self

        def sample():
            while not self.stop.wait(0.02):
                self.samples.append((pynvml.nvmlDeviceGetClockInfo(device, 1),
                                     pynvml.nvmlDeviceGetPowerUsage(device) / 1000))

        self.thread = threading.Thread(target=sample)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        if hasattr(self, "thread"):
            self.thread.join()

    def median(self):
        return [round(statistics.median(x)) for x in zip(*self.samples)] if self.samples else [0, 0]


def measure(candidates, rounds):
    """Median milliseconds of each candidate; all run once a round, in random order."""
    import torch

    for run in candidates.values():
        run()
        run()
    torch.cuda.synchronize()
    events = []
    with PowerMeter() as meter:
        for _ in range(rounds):
            for name in random.sample(list(candidates), len(candidates)):
                begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
                begin.record()
                candidates[name]()
                end.record()
                events.append((name, begin, end))
        torch.cuda.synchronize()
    times = {name: [] for name in candidates}
    for name, begin, end in events:
        times[name].append(begin.elapsed_time(end))
    return {name: statistics.median(t) for name, t in times.items()}, meter.median()


def sustain(run, seconds):
    """Milliseconds of one run over `seconds` of nothing else, and clock and power then."""
    import torch

    begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
    run()
    torch.cuda.synchronize()
    start = time.time()
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    count = max(10, math.ceil(seconds / (time.time() - start) * 5))
    with PowerMeter() as meter:
        begin.record()
        for _ in range(count):
            run()
        end.record()
        torch.cuda.synchronize()
    return begin.elapsed_time(end) / count, meter.median()


def anchor():
    """An 8192^3 product of bf16 by cuBLAS, and its operations."""
    import torch

    x, y = (torch.randn(8192, 8192, device="cuda").to(torch.bfloat16) for _ in range(2))
    return (lambda: x @ y), 2 * 8192**3


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
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-compile", help="compile the kernels to --kernels with this program")
    parser.add_argument("--kernels", type=Path, required=True, help="directory of the compiled kernels")
    parser.add_argument("--variants", nargs="*", default=[], metavar="NAME=OPTIONS",
                        help="more compilations of the dense kernels: keys128=--keys=128")
    parser.add_argument("--check", action="store_true", help="compare with f64")
    parser.add_argument("--time", nargs="*", choices=("dense", "lists", "sustained"), metavar="WHAT",
                        help="dense, lists, sustained; all when none is named")
    parser.add_argument("--lengths", type=int, nargs="+", default=[16384])
    parser.add_argument("--densities", type=float, nargs="+", default=[1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0])
    parser.add_argument("--list-length", type=int, nargs="+", default=[32768])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one kernel alone, sustained")
    parser.add_argument("--no-flex", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    variants = {"default": [], **{name: options.split() for name, _, options in
                                  (v.partition("=") for v in arguments.variants)}}
    if arguments.qsat_compile:
        gpu_kernels.build(arguments.kernels, os.path.abspath(arguments.qsat_compile), variants)
    if not arguments.check and arguments.time is None:
        return

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import torch

    from qsat.compiled import Library

    libraries = {name: Library(arguments.kernels / f"{name}.so") for name in variants}
    what = arguments.time if arguments.time else ["dense", "lists", "sustained"] if arguments.time == [] else []
    results = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    print(results["device"], "torch", results["torch"], flush=True)
    if arguments.check:
        results["check"] = check(libraries["default"], gpu_kernels.CHECKED)
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
