"""Are spellings of attention raised, and do they keep their numbers?"""

from __future__ import annotations

import collections
import math
import random
import re

import numpy as np

from ..reference.mask import Mask
from . import execute, recipe as recipes, spellings
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


def passes(prepared):
    # As in qsat's pipelines: upstream folds the cast of a constant true to -1.
    first = "func.func(qsat-tosa-bool-cast),inline,canonicalize,cse"
    return ",".join(p for p in (first, f"func.func({prepared})" if prepared else "",
                                "canonicalize,cse,qsat-raise-attention,canonicalize,cse") if p)


def structure(text):
    """The structural mask in the text of a function: a reference Mask."""
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
    # Scores of 100 of bf16 operands are off by 0.4 as written.
    for magnitude in (1.0, 4.0) if recipe.storage in ("f32", "f64") else (1.0,):
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
