"""Runs the reference cases through qsat-run and compares with the reference.

    run_reference_cases.py --qsat-run=PATH [--lowering=loops|linalg|gpu] [--only=SUBSTR] [--skip=SUBSTR]
                           [--seed=N] [--jobs=N] [--keep=DIR]
    run_reference_cases.py --qsat-opt=PATH        parses and verifies the programs only

Prints a line for each case and `N passed, N failed`; exit code 1 if any failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import reference_cases  # noqa: E402


def call(command: list[str], seconds: int) -> str:
    """Runs a command; what is wrong with how it ended, or ""."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, errors="replace")
    except subprocess.TimeoutExpired:
        return f"no answer in {seconds} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    message = next((line for line in lines if "error" in line), lines[-1] if lines else "")
    return f"exit code {done.returncode}: {message.strip()[:300]}"


def run(case, arguments, directory: Path) -> str:
    """What is wrong with a case, or ""."""
    reference_cases.write(case, directory)
    program = str(directory / f"{case.name}.mlir")
    if arguments.qsat_opt:
        return call([arguments.qsat_opt, program, "-o", "/dev/null"], arguments.timeout)
    result = directory / f"{case.name}.result.npz"
    lowering = [f"--lowering={arguments.lowering}"] if arguments.lowering else []
    wrong = call([arguments.qsat_run, program, "--entry=main", f"--inputs={directory / case.name}.in.npz",
                  f"--outputs={result}", *lowering], arguments.timeout)
    if wrong:
        return wrong
    if not result.exists():
        return "no outputs written"
    with np.load(result) as outputs:
        return case.compare(dict(outputs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tool = parser.add_mutually_exclusive_group(required=True)
    tool.add_argument("--qsat-run", help="the program to test")
    tool.add_argument("--qsat-opt", help="parse and verify with this only")
    parser.add_argument("--lowering", choices=("loops", "linalg", "gpu"))
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--skip", action="append", default=[], help="leave out cases whose name contains this; repeatable")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=60, help="seconds for a case")
    parser.add_argument("--keep", type=Path, help="leave programs, inputs and outputs in this directory")
    arguments = parser.parse_args()

    chosen = [case for case in reference_cases.cases(arguments.seed)
              if arguments.only in case.name and not any(part in case.name for part in arguments.skip)]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(arguments.jobs) as pool:
        directory = arguments.keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        for case, wrong in zip(chosen, pool.map(lambda case: run(case, arguments, directory), chosen)):
            failed += bool(wrong)
            print(f"FAIL {case.name}: {wrong}" if wrong else f"ok   {case.name}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
