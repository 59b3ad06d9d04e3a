"""The whole of ByteLM, compiled by qsat, beside PyTorch eager: both f32, on the same threads.

One process, interleaved round by round, medians; between two candidates the threads of the one
before come to rest. Dense has the numbers of PyTorch, sparse is `quality=balanced` unless said.

    python python/benchmarks/bytelm.py --qsat-opt build/bin/qsat-opt       (needs torch)
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import numpy as np

from native import Model

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "test" / "Models" / "bytelm"


def eager_model(weights):
    """ByteLM in PyTorch with f32 weights; `weights` maps names to bf16 bit patterns."""
    import torch

    sys.path.insert(0, str(ROOT / "python" / "export"))
    from model import ByteLM

    model = ByteLM().eval()
    widened = {name: torch.from_numpy((bits.astype(np.uint32) << 16).view(np.float32))
               for name, bits in weights.items()}
    model.load_state_dict(widened, strict=False)
    return model


def measure(candidates, rounds):
    """Seconds of each candidate in each of `rounds` interleaved rounds, after one of warm-up."""
    times = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            time.sleep(0.3)  # OpenMP threads spin for 0.2 s after their last work
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return times


def compare(n, arguments):
    """One dictionary per candidate at context `n`."""
    import torch

    torch.set_num_threads(arguments.threads)
    text = np.frombuffer((MODEL / "docs" / "10_rust-src.txt").read_bytes()[:n], np.uint8)
    ids = text.astype(np.int64)[None]
    with np.load(MODEL / "weights.npz") as archive:
        weights = {name: archive[name] for name in archive.files}
    eager = eager_model(weights)
    ir = (MODEL / f"bytelm_{n}.mlir").read_text()
    compiled = {}
    for name, options in (("qsat dense", ""), ("qsat sparse", f"quality={arguments.quality}")):
        compiled[name] = Model(ir, arguments.qsat_opt, (1, n, 256), options)
        compiled[name].set_threads(arguments.threads)

    candidates = {"torch eager": lambda: eager(torch.from_numpy(ids))}
    for name, model in compiled.items():
        candidates[name] = lambda model=model: model(ids, *weights.values())
    with torch.no_grad():
        difference = np.abs(candidates["qsat dense"]() - candidates["torch eager"]().numpy()).max()
        assert difference < 1e-2, f"qsat and torch differ by {difference}"
        times = measure(candidates, arguments.rounds)
    ratios = {name: statistics.median(t / e for t, e in zip(seconds, times["torch eager"]))
              for name, seconds in times.items()}
    return [{"n": n, "candidate": name, "milliseconds": statistics.median(seconds) * 1e3,
             "over_torch": ratios[name], "largest_difference": float(difference)}
            for name, seconds in times.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", type=os.path.abspath, default="build/bin/qsat-opt")
    parser.add_argument("--lengths", type=int, nargs="+", choices=[512, 4096, 16384], default=[4096, 16384])
    parser.add_argument("--quality", choices=["high", "balanced", "fast"], default="balanced")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    results = [row for n in arguments.lengths for row in compare(n, arguments)]
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    print(f"ByteLM, f32, {arguments.threads} threads, medians of {arguments.rounds} interleaved runs")
    print(f"{'n':>6}  {'':12} {'ms':>8} {'time / torch':>13}")
    for r in results:
        print(f"{r['n']:>6}  {r['candidate']:12} {r['milliseconds']:8.1f} {r['over_torch']:13.2f}")


if __name__ == "__main__":
    main()
