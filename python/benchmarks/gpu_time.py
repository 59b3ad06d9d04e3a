"""What the GPU benchmarks are told, how they start, and how they take times."""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
import threading
import time
from pathlib import Path


def make_parser(doc, compiles=True):
    """The options that all have, with the first line of `doc` for help."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    if compiles:
        parser.add_argument("--qsat-compile", type=os.path.abspath, help="compile the kernels to --kernels with this program")
    parser.add_argument("--kernels", type=Path, required=True, help="directory of the compiled kernels")
    parser.add_argument("--check", action="store_true", help="compare with f64")
    parser.add_argument("--rounds", type=int, default=30, help="times are medians of so many, in random order")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    return parser


def begin(directory: Path, names):
    """The compiled libraries of these names, and what results begin with: device and torch."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import torch

    from qsat.compiled import Library

    results = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    print(results["device"], "torch", results["torch"], flush=True)
    return {name: Library(directory / f"{name}.so") for name in names}, results


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
