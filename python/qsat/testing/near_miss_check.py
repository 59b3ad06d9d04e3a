"""Does what is raised of changed programs keep their numbers?"""

from __future__ import annotations

import collections
import math
import random
import re

import numpy as np

from . import execute, mutations, recipe as recipes, spellings
from .builder import Builder
from .ir import NUMPY, is_float
from .spelling_check import PREPARED, passes
from .tosa import TosaBuilder
from .twists import FAMILIES, Twist
from .wide import Reference

#: Between two compiled forms of a program that may be ill-conditioned.
AGREEMENT = {"f64": 1e-6, "f32": 2e-3, "f16": 5e-2, "bf16": 2e-1}


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
    if exact:
        # In a narrow type a row with all keys at -1e4 has lost its scores.
        yield make(1.0, hidden=1)
        yield make(12.0)
        yield [execute.to_elem(np.full(v.shape, 1 if is_float(v.elem) else 0), v.elem)
               for v in function.arguments]
        yield make(1e-3)


def narrowest(text):
    """The narrowest float type of a program."""
    return max((t for t in AGREEMENT if re.search(rf"(?:\b|x){t}\b", text)), key=AGREEMENT.get)


def disagreement(function, name, original, library, seed, limit, reference=None):
    """Why the raised function is wrong, or None; whether a NaN became a number; and the
    size of a disagreement, relative to the result.

    Excused is what raising makes better: the result of a row that sees no key is NaN in many
    spellings and 0 after raising, and infinite where the reciprocal of a sum of tiny weights
    overflowed; but not that NaN everywhere becomes anything but 0, unless it becomes what
    ``reference``, the program in f64, computes (a narrow type had overflowed), or no row of
    the arguments sees a key. Excused is also a result that is no further from ``reference``
    than four times the program's own: rounding has taken what they differ by.
    """
    result = function.results[0]
    elem, rank = result.elem, len(result.dims)
    excused, all_nan, largest = False, True, 0.0
    for number, arrays in enumerate(special_inputs(function, np.random.default_rng(seed), limit < 1e-2)):
        want, got = (execute.from_elem(library.call(n, arrays, rank, NUMPY[elem]), elem)
                     for n in (original, name))
        if want.shape != got.shape:
            return f"wrong shape: {got.shape}, expected {want.shape}", excused, math.inf
        nan = np.isnan(want) | (np.isinf(want) & np.isfinite(got))
        excused |= bool((nan & ~np.isnan(got)).any())
        all_nan &= bool(nan.all())
        largest = max(largest, np.nanmax(np.abs(got), initial=0.0))
        same = nan | (want == got)
        if same.all():
            continue
        scale = max(1.0, np.abs(want[np.isfinite(want)]).max(initial=0.0))
        with np.errstate(invalid="ignore"):
            error = np.abs(got - want)[~same].max()
        if not error <= limit * scale and not (
                reference and as_accurate(got, want, reference(arrays), limit * scale)):
            return (f"wrong numbers: input set {number}, off by {error:.2g} of {scale:.2g}", excused,
                    error / scale)
    if all_nan and largest > 0:
        # Zero rows and what is added to them do not depend on q, k and v.
        rng = np.random.default_rng(seed)
        first = next(iter(special_inputs(function, rng, False)))
        again = [*next(iter(special_inputs(function, rng, False)))[:3], *first[3:]]
        one, other = (library.call(name, arrays, rank, NUMPY[elem]) for arrays in (first, again))
        if not np.array_equal(np.where(np.isnan(other), other, one), np.where(np.isnan(one), one, other),
                              equal_nan=True):
            if reference and close(execute.from_elem(one, elem), reference(first), limit):
                return None, True, 0.0
            if only_hidden(function, original, name, library, first, limit):
                return None, True, 0.0
            return "NaN everywhere became numbers", excused, math.inf
    return None, excused, 0.0


def close(got, exact, limit):
    """``got`` is ``exact``, all of whose numbers are finite, to ``limit``."""
    if exact is None or exact.shape != got.shape or not np.isfinite(exact).all():
        return False
    return bool(np.abs(got - exact).max(initial=0.0) <= limit * max(1.0, np.abs(exact).max(initial=0.0)))


def only_hidden(function, original, name, library, arrays, limit):
    """NaN everywhere is what the masks among ``arrays`` make: with all booleans false, or
    all true, the program has numbers and the raised one the same."""
    result = function.results[0]
    for value in (False, True):
        given = [np.full_like(a, value) if v.elem == "i1" else a for v, a in zip(function.arguments, arrays)]
        want, got = (execute.from_elem(library.call(n, given, len(result.dims), NUMPY[result.elem]), result.elem)
                     for n in (original, name))
        known = np.isfinite(want)
        scale = max(1.0, np.abs(want[known]).max(initial=0.0))
        if known.any() and bool((np.abs(got - want)[known] <= limit * scale).all()):
            return True
    return False


def as_accurate(got, want, exact, slack):
    """``got`` is as close to ``exact`` as ``want``, to a factor of four and ``slack``."""
    if exact is None or exact.shape != want.shape:
        return False
    known = np.isfinite(exact) & np.isfinite(want)
    with np.errstate(invalid="ignore"):
        errors = [np.abs(x - exact)[known].max(initial=0.0) for x in (got, want)]
    return bool(np.isfinite(got[known]).all() and errors[0] <= 4 * errors[1] + slack)


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
            if scale > 1e30 or np.nanmax(np.abs(one - other), initial=0.0) > limit * scale / 10:
                return True
    return False


_LARGE = re.compile(r"-?\d\.\d{17}e\+(?:0[4-9]|[1-9]\d|\d{3})\b|(?<=constant )-?\d{5,}(?= : i)")


def with_originals(originals):
    """What to compile: raised functions beside what they were, called NAME_original."""
    def texts(raised, head):
        return [*raised.values(), *(originals[n].replace(f"@{n}(", f"@{n}_original(") for n in raised)]

    return texts


def absorbed(tools, function, text, prepared, seed, limit, error):
    """True when a disagreement is what numbers as large as those of masks do to others by
    rounding: it goes away with smaller ones in the program. Only where that is to be
    expected and no wider type tells: with exp(x - lse), where the logarithm of a sum is
    lost next to a maximum of -1e9 or of the lowest number, or when a disagreement in f64 is
    small."""
    name = function.name
    expected = re.search(r"(math|tosa)\.log ", text) or (limit <= AGREEMENT["f64"] and error < 1e-2)
    if not expected or not _LARGE.search(text):
        return False

    def shrink(match):
        return ("-" if match.group(0)[0] == "-" else "") + ("30.0" if "." in match.group(0) else "30")

    smaller = {name: _LARGE.sub(shrink, text)}
    libraries, errors = tools.compiled(smaller, passes(PREPARED[prepared]), lambda t: True,
                                       with_originals(smaller))
    return not errors and disagreement(function, name, f"{name}_original", libraries[0][0], seed,
                                       limit)[0] is None


def near_miss(rng, name, prepared):
    """(function, names of what was changed): an attention that is twisted as it is written,
    or changed afterwards at one or two places, or both."""
    tosa = prepared.startswith("tosa")
    builder, sample = (TosaBuilder, recipes.sample_tosa_alike) if tosa else (Builder, recipes.sample_alike)
    twist = Twist(rng.choice(list(FAMILIES))) if rng.random() < 0.5 else None
    function = spellings.spell(sample(rng), rng, name, builder=builder, twist=twist).function
    names = [twist.name] if twist and twist.done else []
    changes = rng.choice([0, 0, 0, 1]) if names else rng.choice([1, 1, 1, 2])
    return function, names + (mutations.mutate(function, rng, changes) if changes else [])


def near_miss_batch(task):
    """(statistics, failures) of one batch of changed programs."""
    tools, seed, prepared = execute.Tools(task["qsat_opt"]), task["seed"], task["prepared"]
    made, changes = {}, {}
    for n in range(task["size"]):
        name = f"f{n}"
        made[name], changes[name] = near_miss(random.Random(f"near/{seed}/{n}"), name, prepared)
    texts = {n: f.text() for n, f in made.items()}
    libraries, errors = tools.compiled(texts, passes(PREPARED[prepared]), execute.ATTENTION.search,
                                       with_originals(texts))
    failures = [dict(kind=e.kind, name=e.name, text=e.text) for e in errors]
    counts = {key: collections.Counter() for key in ("changed", "raised", "checked", "excused", "wrong")}
    totals = collections.Counter(count=task["size"])

    def note(key, name):
        totals[f"{key}_total"] += 1
        counts[key].update(set(changes[name]))

    for name in made:
        note("changed", name)
    for library, functions in libraries:
        for name in (n for n, t in functions.items() if execute.ATTENTION.search(t)):
            note("raised", name)
            function, text, limit = made[name], texts[name], AGREEMENT[narrowest(texts[name])]
            original = f"{name}_original"
            reference = Reference(tools, function, text) if limit > AGREEMENT["f64"] else None
            why, excuse, error = disagreement(function, name, original, library, seed, limit, reference)
            if why and (ill_conditioned(function, original, library, seed, limit)
                        or absorbed(tools, function, text, prepared, seed, limit, error)):
                why, excuse = None, True
            note("checked", name)
            if excuse:
                note("excused", name)
            if why:
                note("wrong", name)
                failures.append(dict(kind=why.split(":")[0], why=why, name=name, text=text))
    for failure in failures:
        failure.update(seed=seed, passes=prepared, changes=changes[failure["name"]])
    return dict(totals, **counts), failures
