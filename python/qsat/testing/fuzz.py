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
import random
import re
import sys
import time

import numpy as np

from . import execute, mutations, recipe as recipes, spellings
from .ir import NUMPY, is_float
from .tosa import TosaBuilder

#: Passes of upstream that a program may have been through: one for each batch.
PREPARED = {
    "as written": "",
    "fused": "linalg-fuse-elementwise-ops,canonicalize,cse",
    "generalized": "linalg-generalize-named-ops,canonicalize",
    "fused generics": "linalg-generalize-named-ops,linalg-fuse-elementwise-ops,canonicalize,cse",
    "no unit dimensions": "linalg-fold-unit-extent-dims,canonicalize,cse",
    "tosa": "",
    "tosa to linalg": "tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith,tosa-to-tensor,canonicalize,cse",
}
_MASK = re.compile(r"mask = #qsat\.mask<([^>]*)>")
#: Of a result, relative to its largest magnitude.
TOLERANCE = {"f64": 1e-9, "f32": 5e-5, "f16": 2e-2, "bf16": 1e-1}
#: Between two compiled forms of a program that may be ill-conditioned.
AGREEMENT = {"f64": 1e-6, "f32": 2e-3, "f16": 5e-2, "bf16": 2e-1}


def passes(prepared):
    return ",".join(p for p in ("inline,canonicalize,cse", f"func.func({prepared})" if prepared else "",
                                "canonicalize,cse,qsat-raise-attention,canonicalize,cse") if p)


# -- spellings -------------------------------------------------------------------


def structure(text):
    """The structural mask in the text of a function: a reference Mask."""
    from ..reference.mask import Mask
    found = _MASK.search(text)
    fields = dict(lookahead=None, offset=0, window=0, sinks=0)
    for item in (found.group(1).split(",") if found else ()):
        name, _, value = item.strip().partition("=")
        fields["lookahead" if name.strip() == "causal" else name.strip()] = int(value or 0)
    return Mask(**fields)


def wrong_structure(spelling, text):
    """Why the mask of a raised spelling is not what it should be, or None."""
    wanted = recipes.bounds(spelling.recipe)
    r = spelling.recipe
    if wanted is None or not r.row or r.guarded:
        return None
    # Where a row may see no key, a finite fill is all that it has: not what the structure
    # does. So may be with -inf in a bias, and with a window over a number of keys unknown.
    finite = any(t.kind == "mask" and math.isfinite(t.value) for t in r.terms)
    if finite and (any(t.kind in ("bias", "alibi") for t in r.terms)
                   or wanted[0] is not None and set(r.dynamic) & {"i", "j"}):
        return None
    lower, upper = wanted
    i = np.arange(spelling.recipe.sizes["i"])[:, None]
    j = np.arange(spelling.recipe.sizes["j"])
    seen = np.ones((len(i), len(j)), bool)
    if lower is not None:
        seen &= j >= i + lower
    if upper is not None:
        seen &= j <= i + upper
    if not np.array_equal(structure(text).visible(i, j), seen):
        return f"mask is not structural: expected {lower} <= j - i <= {upper}"
    return None


def square_tensor(spelling, text):
    """A tensor over rows and keys that the raised program computes, or None."""
    sizes = spelling.recipe.sizes
    if spelling.recipe.dynamic or not spelling.recipe.row:
        return None
    for line in text.splitlines():
        if not re.search(r"= (linalg|arith|math)\.\w+", line) or "dense<" in line:
            continue
        result = re.search(r"tensor<([\dx]+)x\w+>\)?$", line)
        if result:
            dims = [int(d) for d in result.group(1).split("x")]
            if sizes["i"] in dims and sizes["j"] in dims:
                return line.strip()
    return None


def wrong_numbers(spelling, library, seed):
    """How the compiled spelling differs from its recipe in numpy, or None."""
    recipe, result = spelling.recipe, spelling.function.results[0]
    for magnitude in (1.0, 4.0) if recipe.compute in ("f32", "f64") else (1.0,):
        arrays = recipes.sample_inputs(recipe, np.random.default_rng(seed), magnitude)
        rounded = [execute.to_elem(a, v.elem)
                   for a, v in zip(spelling.inputs(arrays), spelling.function.arguments)]
        # The reference takes what the function takes, after rounding.
        exact = dict(arrays)
        for (key, axes), array, value in zip(spelling.arguments, rounded, spelling.function.arguments):
            if is_float(value.elem):
                exact[key] = spelling.restore(execute.from_elem(array, value.elem), value, axes)
        got = library.call(spelling.function.name, rounded, len(result.dims), NUMPY[result.elem])
        if got.shape != result.shape:
            return f"wrong shape: expected {result.shape}, but got {got.shape}"
        got = spelling.restore(execute.from_elem(got, result.elem), result, recipe.out_axes)
        want = recipes.evaluate(recipe, exact)
        coarsest = max((recipe.storage, recipe.compute, result.elem), key=TOLERANCE.get)
        limit = TOLERANCE[coarsest] * max(1.0, np.abs(want).max())
        error = np.abs(got - want).max()
        if not error <= limit:
            return f"wrong numbers: off by {error:.2g}, expected at most {limit:.2g}"
    return None


def check_spelling(spelling, text, library, seed):
    """Why a spelling is wrong, or None."""
    count = len(execute.ATTENTION.findall(text))
    if count != 1:
        return "not raised" if count == 0 else f"raised {count} times"
    if square_tensor(spelling, text):
        return "a tensor over rows and keys is left"
    return wrong_structure(spelling, text) or wrong_numbers(spelling, library, seed)


def make_spellings(seed, size, prepared=""):
    """{name: spelling} of a batch."""
    made = {}
    for n in range(size):
        rng = random.Random(f"{seed}/{n}")
        if prepared.startswith("tosa"):
            made[f"f{n}"] = spellings.spell(recipes.sample_tosa(rng), rng, f"f{n}", builder=TosaBuilder)
        else:
            made[f"f{n}"] = spellings.spell(recipes.sample(rng), rng, f"f{n}")
    return made


def reference_batch(task):
    """As below without raising: the generator against its own reference."""
    tools = execute.Tools(task["qsat_opt"])
    made = make_spellings(task["seed"], task["size"], task["prepared"])
    texts = {n: s.function.text() for n, s in made.items()}
    library = execute.Library(tools, [execute.module(texts.values())])
    failures = []
    for name, spelling in made.items():
        why = wrong_numbers(spelling, library, task["seed"])
        if why:
            failures.append(dict(kind="wrong numbers", name=name, why=why, text=texts[name],
                                 seed=task["seed"], passes="", recipe=str(spelling.recipe),
                                 features=spelling.features))
    return dict(count=len(made)), failures


def spelling_batch(task):
    """(statistics, failures) of one batch of spellings."""
    tools, seed, prepared = execute.Tools(task["qsat_opt"]), task["seed"], task["prepared"]
    made = make_spellings(seed, task["size"], prepared)
    texts = {n: s.function.text() for n, s in made.items()}
    libraries, errors = tools.compiled(texts, passes(PREPARED[prepared]), execute.ATTENTION.search,
                                       lambda raised, head: raised.values())
    failures = [dict(kind=e.kind, name=e.name, text=e.text) for e in errors]
    failed = {e.name: e.kind for e in errors}
    for library, functions in libraries:
        for name, text in functions.items():
            why = check_spelling(made[name], text, library, seed)
            if why == "not raised":
                why += f" ({tools.reason(texts[name], passes(PREPARED[prepared]))})"
            if why:
                failed[name] = why
                failures.append(dict(kind=why.split(":")[0], name=name, why=why, text=texts[name]))
    features = collections.Counter(), collections.Counter()
    for name, spelling in made.items():
        for feature in set(describe(spelling)) | {f"passes:{prepared}"}:
            features[0][feature] += 1
            features[1][feature] += name in failed
    for failure in failures:
        failure.update(seed=seed, passes=prepared, features=made[failure["name"]].features,
                       recipe=str(made[failure["name"]].recipe))
    return dict(count=len(made), features=features[0], wrong=features[1]), failures


def describe(spelling):
    """The features of a spelling for the table."""
    r = spelling.recipe
    yield from spelling.features
    yield f"type:{r.storage}" + (f" in {r.compute}" if r.compute != r.storage else "")
    yield f"batch axes:{len(r.batch)}"
    if r.heads:
        yield "heads:grouped"
    if not r.row:
        yield "rows:none"
    if r.dynamic:
        yield "sizes:dynamic"
    for what in ("sink", "guarded", "addend"):
        if getattr(r, what):
            yield f"recipe:{what}"
    for t in r.terms:
        if t.kind != "mask":
            yield f"term:{t.kind}" + (f" on {t.place}" if t.kind == "scale" else "")
            continue
        yield f"mask form:{t.form} {'-inf' if math.isinf(t.value) else f'{t.value:.2g}'}"
        for kind, _ in t.mask.parts:
            yield f"mask part:{kind}"


# -- near misses -----------------------------------------------------------------


def special_inputs(function, rng, exact):
    """Argument lists: normal numbers, then large, equal, masked and zero ones."""
    def draw(v, magnitude, hidden):
        if v.elem == "i1":
            return rng.random(v.shape) < (0.0 if hidden == 1 else 0.6)
        if not is_float(v.elem):
            return rng.integers(0, 3, v.shape)
        return rng.standard_normal(v.shape) * magnitude

    def make(magnitude, hidden=0):
        return [execute.to_elem(draw(v, magnitude, hidden), v.elem) for v in function.arguments]

    yield make(1.0)
    yield make(1.0, hidden=1)
    if exact:
        yield make(12.0)
        yield [execute.to_elem(np.full(v.shape, 1 if is_float(v.elem) else 0), v.elem)
               for v in function.arguments]
        yield make(1e-3)


def narrowest(text):
    """The narrowest float type of a program."""
    return max((t for t in AGREEMENT if re.search(rf"(?:\b|x){t}\b", text)), key=AGREEMENT.get)


def disagreement(function, name, original, library, seed, limit):
    """Why the raised function is wrong, or None; and whether a NaN became a number.

    The result of a row that sees no key is NaN in many spellings and 0 after raising:
    that is excused, but not that NaN everywhere becomes anything but 0.
    """
    result = function.results[0]
    elem, rank = result.elem, len(result.dims)
    excused, all_nan, largest = False, True, 0.0
    for number, arrays in enumerate(special_inputs(function, np.random.default_rng(seed), limit < 1e-2)):
        want, got = (execute.from_elem(library.call(n, arrays, rank, NUMPY[elem]), elem)
                     for n in (original, name))
        if want.shape != got.shape:
            return f"wrong shape: {got.shape}, expected {want.shape}", excused
        nan = np.isnan(want)
        excused |= bool((nan & ~np.isnan(got)).any())
        all_nan &= bool(nan.all())
        largest = max(largest, np.nanmax(np.abs(got), initial=0.0))
        same = nan | (want == got)
        if same.all():
            continue
        scale = max(1.0, np.abs(want[np.isfinite(want)]).max(initial=0.0))
        with np.errstate(invalid="ignore"):
            error = np.abs(got - want)[~same].max()
        if not error <= limit * scale:
            return f"wrong numbers: input set {number}, off by {error:.2g} of {scale:.2g}", excused
    if all_nan and largest > 0:
        # Zero rows and what is added to them do not depend on q, k and v.
        rng = np.random.default_rng(seed)
        first = next(iter(special_inputs(function, rng, False)))
        again = [*next(iter(special_inputs(function, rng, False)))[:3], *first[3:]]
        one, other = (library.call(name, arrays, rank, NUMPY[elem]) for arrays in (first, again))
        if not np.array_equal(one, other, equal_nan=True):
            return "NaN everywhere became numbers", excused
    return None, excused


def ill_conditioned(function, original, library, seed, limit):
    """True when a change of the inputs in their last bits changes the result of the
    program as it was by more than ``limit``."""
    result, rng = function.results[0], np.random.default_rng(seed)
    for arrays in special_inputs(function, np.random.default_rng(seed), limit < 1e-2):
        moved = [a * (1 + rng.uniform(-8, 8, a.shape) * np.finfo(a.dtype).eps).astype(a.dtype)
                 if a.dtype.kind == "f" else a for a in arrays]
        one, other = (execute.from_elem(library.call(original, x, len(result.dims), NUMPY[result.elem]),
                                        result.elem) for x in (arrays, moved))
        with np.errstate(invalid="ignore"):
            scale = max(1.0, np.abs(one[np.isfinite(one)]).max(initial=0.0))
            if np.nanmax(np.abs(one - other), initial=0.0) > limit * scale / 10:
                return True
    return False


_LARGE = re.compile(r"-?\d\.\d{17}e\+(?:0[4-9]|[1-9]\d|\d{3})\b")


def with_originals(originals):
    """What to compile: raised functions beside what they were, called NAME_original."""
    def texts(raised, head):
        return [*raised.values(), *(originals[n].replace(f"@{n}(", f"@{n}_original(") for n in raised)]

    return texts


def absorbed(tools, function, text, prepared, seed, limit):
    """True when the disagreement of a program with exp(x - lse) goes away with smaller
    numbers in it: next to numbers as large as its masks' the logarithm of a sum is lost,
    and what hides a whole row is no longer divided by its length."""
    if "math.log " not in text or not _LARGE.search(text):
        return False
    name = function.name
    smaller = {name: _LARGE.sub(lambda m: f"{'-' if m.group(0)[0] == '-' else ''}30.0", text)}
    libraries, errors = tools.compiled(smaller, passes(PREPARED[prepared]), lambda t: True,
                                       with_originals(smaller))
    return not errors and disagreement(function, name, f"{name}_original", libraries[0][0], seed,
                                       limit)[0] is None


def near_miss_batch(task):
    """(statistics, failures) of one batch of changed programs."""
    tools, seed, size = execute.Tools(task["qsat_opt"]), task["seed"], task["size"]
    made, changes = {}, {}
    for n in range(size):
        rng = random.Random(f"near/{seed}/{n}")
        name = f"f{n}"
        made[name] = spellings.spell(recipes.sample_alike(rng), rng, name).function
        changes[name] = mutations.mutate(made[name], rng, 2 if rng.random() < 0.25 else 1)
    texts = {n: f.text() for n, f in made.items()}
    libraries, errors = tools.compiled(texts, passes(PREPARED[task["prepared"]]),
                                       execute.ATTENTION.search, with_originals(texts))
    failures = [dict(kind=e.kind, name=e.name, text=e.text) for e in errors]
    count, raised, wrong, excused = (collections.Counter() for _ in range(4))
    found_total = 0
    for name in made:
        count.update(set(changes[name]))
    for library, functions in libraries:
        found = [n for n, t in functions.items() if execute.ATTENTION.search(t)]
        found_total += len(found)
        for name in found:
            raised.update(set(changes[name]))
            limit = AGREEMENT[narrowest(texts[name])]
            why, excuse = disagreement(made[name], name, f"{name}_original", library, seed, limit)
            if why and (ill_conditioned(made[name], f"{name}_original", library, seed, limit)
                        or absorbed(tools, made[name], texts[name], task["prepared"], seed, limit)):
                why, excuse = None, True
            excused.update(set(changes[name]) if excuse else ())
            if why:
                wrong.update(set(changes[name]))
                failures.append(dict(kind=why.split(":")[0], why=why, name=name, text=texts[name]))
    for failure in failures:
        failure.update(seed=seed, passes=task["prepared"], changes=changes[failure["name"]])
    return dict(count=size, raised_total=found_total, changed=count, raised=raised, wrong=wrong,
                excused=excused), failures


# -- running ---------------------------------------------------------------------


def run_batches(work, tasks, jobs):
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

    for task, result in each(work, tasks, jobs):
        if isinstance(result, BaseException):
            failures.append(dict(kind=f"batch failed: {result}"[:200], name="", text="", seed=task["seed"],
                                 passes=task["prepared"]))
        else:
            add(result)
    return total, counters, failures


def each(work, tasks, jobs):
    if jobs <= 1:
        for task in tasks:
            try:
                yield task, work(task)
            except RuntimeError as error:
                yield task, error
        return
    # A short life for each worker: what the compiled functions allocate goes with it.
    with concurrent.futures.ProcessPoolExecutor(jobs, max_tasks_per_child=20) as pool:
        futures = {pool.submit(work, task): task for task in tasks}
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.exception() or future.result()


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
    rows = [(m, n, counters["raised"][m], f"{100 * counters['raised'][m] / n:.1f}%",
             counters["excused"][m], counters["wrong"][m])
            for m, n in sorted(counters["changed"].items())]
    table("change", rows, ["programs", "raised", "share", "excused", "wrong"])
    kinds = collections.Counter(f["kind"] for f in failures)
    table("what is wrong", [(k, n) for k, n in kinds.most_common()], ["count"])
    print(f"\n{total['count']} programs, {total['raised_total']} raised, {len(failures)} wrong")


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
    parser.add_argument("--batch", type=int, default=50, help="functions to a module")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for programs that fail")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead")
    parser.add_argument("--brief", action="store_true", help="no table of features")
    args = parser.parse_args(argv)
    start = time.time()
    work, report = CHECKS[args.what]
    total, counters, failures = run_batches(work, list(tasks_of(args)), args.jobs)
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
