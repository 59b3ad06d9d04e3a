"""Tests the recognition of attention on programs made up from a seed.

    python -m qsat.testing.fuzz spellings   --count=2000 --seed=1 --jobs=2
    python -m qsat.testing.fuzz near-misses --count=100000 --seed=1 --jobs=2
    python -m qsat.testing.fuzz references  --count=200

``spellings`` writes attentions in many ways: each has to be raised, without an N x N
tensor left, with the mask as structure where it is one, and with the numbers that the
recipe gives in numpy. ``near-misses`` changes such programs: whatever is raised has to
give the numbers of the program that was not. ``references`` compares the spellings as
written with their recipes: a test of this test. Prints tables; the exit code is 1 when
something is wrong, and then the smallest program of each kind is written to --keep.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import math
import pathlib
import re
import sys
import time

from . import execute, mutations
from .near_miss_check import near_miss_batch
from .spelling_check import PREPARED, reference_batch, spelling_batch
from .twists import FAMILIES


def run_batches(work, tasks, jobs, seconds):
    """Statistics and failures of all batches; a worker that dies is a failure."""
    total, failures = collections.Counter(), []
    counters = collections.defaultdict(collections.Counter)

    def add(result):
        statistics, failed = result
        failures.extend(failed)
        for key, value in statistics.items():
            if isinstance(value, collections.Counter):
                counters[key].update(value)
            else:
                total[key] += value

    for task, result in each(work, tasks, jobs, seconds):
        if isinstance(result, BaseException):
            failures.append(dict(kind=f"batch failed: {result}"[:200], name="", text="", seed=task["seed"],
                                 passes=task["prepared"]))
        else:
            add(result)
    return total, counters, failures


def each(work, tasks, jobs, seconds):
    """(task, its result or exception); no more tasks are begun after ``seconds``."""
    end = time.monotonic() + seconds
    # A short life for each worker: what the compiled functions allocate goes with it.
    with concurrent.futures.ProcessPoolExecutor(jobs, max_tasks_per_child=20) as pool:
        running = {}
        for task in tasks:
            if time.monotonic() > end:
                break
            running[pool.submit(work, task)] = task
            while len(running) >= 2 * jobs:
                yield from finished(running)
        while running:
            yield from finished(running)


def finished(running):
    done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.exception() or future.result()


def table(title, rows, columns):
    if not rows:
        return
    width = max(len(title), *(len(r[0]) for r in rows))
    print(f"\n{title:<{width}}  " + "  ".join(f"{c:>9}" for c in columns))
    for row in rows:
        print(f"{row[0]:<{width}}  " + "  ".join(f"{x:>9}" for x in row[1:]))


def keep(failures, folder):
    """The smallest program of each kind of failure, with what is known about it."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = collections.defaultdict(list)
    for failure in failures:
        kinds[failure["kind"]].append(failure)
    for kind, group in kinds.items():
        for rank, failure in enumerate(sorted(group, key=lambda f: len(f["text"]))[:5]):
            name = re.sub(r"\W+", "-", kind)[:50].strip("-")
            notes = "".join(f"// {k}: {v}\n" for k, v in failure.items() if k != "text")
            (folder / f"{name}-{rank}.mlir").write_text(notes + execute.module([failure["text"]]))


def tasks_of(args):
    count, number = args.count, 0
    prepared = list(PREPARED)
    while count > 0:
        size = min(args.batch, count)
        yield dict(qsat_opt=args.qsat_opt, seed=args.seed * 1_000_000 + number, size=size,
                   prepared=prepared[number % len(prepared)])
        count -= size
        number += 1


def report_spellings(args, total, counters, failures):
    rows = [(f, n, counters["wrong"][f], f"{100 * (1 - counters['wrong'][f] / n):.1f}%")
            for f, n in sorted(counters["features"].items())]
    if not args.brief:
        table("feature", rows, ["spellings", "wrong", "right"])
    kinds = collections.Counter(f["kind"] for f in failures)
    table("what is wrong", [(k, n) for k, n in kinds.most_common()], ["count"])
    print(f"\n{total['count']} spellings, {total['count'] - len(failures)} right, {len(failures)} wrong")


def report_near_misses(args, total, counters, failures):
    for title, names in (("family", FAMILIES), ("change", [f.__name__ for f in mutations.ALL])):
        rows = [(m, n, counters["raised"][m], f"{100 * counters['raised'][m] / n:.1f}%",
                 counters["checked"][m], counters["excused"][m], counters["wrong"][m])
                for m, n in sorted(counters["changed"].items()) if m in names]
        table(title, rows, ["programs", "raised", "share", "checked", "excused", "wrong"])
    kinds = collections.Counter(f["kind"] for f in failures)
    table("what is wrong", [(k, n) for k, n in kinds.most_common()], ["count"])
    print(f"\n{total['count']} programs, {total['raised_total']} raised, "
          f"{total['checked_total']} checked, {total['excused_total']} excused, {len(failures)} wrong")


def report_references(args, total, counters, failures):
    print(f"{total['count']} spellings as written, {len(failures)} with other numbers than their recipe")


CHECKS = {"spellings": (spelling_batch, report_spellings), "references": (reference_batch, report_references),
          "near-misses": (near_miss_batch, report_near_misses)}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(CHECKS))
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing after so long")
    parser.add_argument("--batch", type=int, default=50, help="functions to a module")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for programs that fail")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead")
    parser.add_argument("--brief", action="store_true", help="no table of features")
    args = parser.parse_args(argv)
    start = time.time()
    work, report = CHECKS[args.what]
    total, counters, failures = run_batches(work, tasks_of(args), args.jobs, args.seconds)
    if args.json:
        print(json.dumps(dict(total=total, **counters, failures=[
            {k: v for k, v in f.items() if k != "text"} for f in failures]), indent=1))
    else:
        report(args, total, counters, failures)
        print(f"seed {args.seed}, {time.time() - start:.0f} s")
    if args.keep and failures:
        keep(failures, args.keep)
    return 1 if failures or not total["count"] else 0


if __name__ == "__main__":
    sys.exit(main())
