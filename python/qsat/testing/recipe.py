"""What an attention computes: sampled, and evaluated in numpy in f64.

The numbers follow from the recipe alone, not from any IR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

#: Axes in their usual order: batches, key/value head, query heads of one, rows, keys,
#: features of q and k, features of v.
AXES = ("x", "b", "g", "r", "i", "j", "d", "e")
#: Sizes that tell the axes apart, and sizes that do not.
DISTINCT = {"x": (2, 3), "b": (2, 3), "g": (2, 3), "r": (2, 3), "i": (5, 11), "j": (7, 13),
            "d": (4, 8), "e": (6, 9)}


@dataclass
class Term:
    """One step from the product to the softmax."""

    kind: str                 # scale, softcap, bias, alibi, mask
    value: float = 0.0        # the factor, the cap, or what a mask fills in
    axes: tuple = ()          # of the bias or the mask argument
    place: str = "scores"     # of a scale: q, k or scores
    form: str = ""            # of a mask: fill or add
    mask: "Mask | None" = None


@dataclass
class Mask:
    """A condition under which row i sees key j: a conjunction of parts.

    Parts, by name: ``upper`` j <= i + value, ``lower`` j >= i + value, ``prefix``
    (j <= i or j < value), ``sinks`` (j >= i + value or j < 1), ``padding`` (an i1
    argument [.., j]), ``length`` (j < value), ``documents`` (an integer argument per
    position, equal for row and key), ``matrix`` (an i1 argument [i, j]), ``constant``
    (an i1 constant [i, j]).
    """

    parts: list = field(default_factory=list)


@dataclass
class Recipe:
    sizes: dict
    batch: tuple              # axes of q, k and v
    heads: tuple              # axes of q alone: query heads of one key/value head
    row: bool                 # whether there is a query axis
    storage: str              # element type of q, k, v
    compute: str              # of the softmax
    terms: list = field(default_factory=list)
    sink: bool = False        # a further logit per head takes mass but no value
    guarded: bool = False     # rows without a visible key give 0 instead of NaN
    addend: bool = False      # the result starts from an argument
    dynamic: tuple = ()       # axes of run-time size

    @property
    def rows(self):
        return ("i",) if self.row else ()

    @property
    def q_axes(self):
        return (*self.batch, *self.heads, *self.rows, "d")

    @property
    def k_axes(self):
        return (*self.batch, "j", "d")

    @property
    def v_axes(self):
        return (*self.batch, "j", "e")

    @property
    def score_axes(self):
        return (*self.batch, *self.heads, *self.rows, "j")

    @property
    def out_axes(self):
        return (*self.batch, *self.heads, *self.rows, "e")


#: What hides a key: replaced by it, or added to the score.
def hiding(rng, compute):
    lowest = {"f64": -1.7976931348623157e308, "f32": -3.4028234663852886e38, "f16": -65504.0,
              "bf16": -3.3895313892515355e38}[compute]
    return rng.choice([-math.inf, -math.inf, lowest, -65504.0 if compute == "f16" else -1e9, -1e4])


def sample_mask(rng, recipe, structural):
    """A mask under which every row sees a key, except by arguments."""
    m, n = recipe.sizes["i"] if recipe.row else 1, recipe.sizes["j"]
    parts = []
    if recipe.row:
        kind = rng.choice(["causal", "causal", "offset", "window", "band", "prefix", "sinks"])
        if kind in ("causal", "prefix", "window", "sinks"):
            if kind != "prefix":
                parts.append(("upper", 0))
            if kind == "prefix":
                parts.append(("prefix", rng.randrange(n)))
            # The last row must see a key: m - 1 - width < n.
            width = rng.randrange(max(1, m - n), m + 3)
            if kind == "window":
                parts.append(("lower", -width))
            if kind == "sinks":
                parts.append(("sinks", -width))
        elif kind == "offset":
            parts.append(("upper", max(n - m, 0) if rng.random() < 0.5 else rng.randrange(0, n)))
        else:
            width = rng.randrange(max(1, m - n), m + 3)
            parts += [("lower", -width), ("upper", rng.randrange(0, n))]
    if structural and parts:
        return Mask(parts)
    extra = rng.choice(["padding", "padding", "length", "documents", "matrix", "constant"])
    if extra in ("documents", "matrix", "constant") and not recipe.row:
        extra = "padding"
    if extra in ("documents", "matrix", "constant") or rng.random() < 0.5:
        parts = []
    value = rng.randrange(1, n + 1) if extra == "length" else None
    if extra == "length" and any(p[0] in ("lower",) for p in parts):
        parts = []
    if extra == "documents" and m > n:
        return Mask([("upper", 0)])
    if extra == "padding":
        parts = [p for p in parts if p[0] not in ("lower",)]
    if extra == "constant":
        seen = np.array([[rng.random() < 0.6 for _ in range(n)] for _ in range(m)])
        seen[:, 0] = True
        value = seen
    return Mask([*parts, (extra, value)])


def sample(rng, dynamic_share=0.1):
    """A recipe; its axes have sizes of their own."""
    sizes = {a: rng.choice(DISTINCT[a]) for a in AXES}
    if rng.random() < 0.2:
        sizes["e"] = sizes["d"]
    types = ["f32"] * 6 + ["f64", "f64", "f16", "bf16"]
    return complete(rng, sizes, rng.choice(types), dynamic_share)


def sample_tosa(rng):
    """A recipe that TOSA can say: no f64, no run-time sizes."""
    sizes = {a: rng.choice(DISTINCT[a]) for a in AXES}
    return without_f64(complete(rng, sizes, rng.choice(["f32"] * 8 + ["f16", "bf16"]), 0))


def without_f64(recipe):
    if recipe.compute == "f64":
        recipe.compute = "f32"
        for term in recipe.terms:
            if math.isfinite(term.value):
                term.value = max(term.value, -3.4028234663852886e38)
    return recipe


def alike(rng):
    """Few and small sizes, many of them equal."""
    common = rng.randrange(2, 5)
    return {a: common if rng.random() < 0.65 else rng.randrange(1, 6) for a in AXES}


def sample_alike(rng):
    """A recipe whose axes have sizes that are often equal: a program that confuses two
    axes is still valid. Mostly f64, in which a wrong number stands out."""
    return complete(rng, alike(rng), rng.choice(["f64"] * 7 + ["f32"] * 2 + ["f16"]), 0.05)


def sample_tosa_alike(rng):
    return without_f64(complete(rng, alike(rng), "f32", 0))


def complete(rng, sizes, storage, dynamic_share):
    """A recipe with these sizes and the element type ``storage`` of q, k and v."""
    batch = tuple(a for a, p in (("x", 0.15), ("b", 0.6), ("g", 0.6)) if rng.random() < p)
    heads = ("r",) if rng.random() < 0.3 else ()
    row = rng.random() < 0.9
    compute = storage
    if storage in ("f16", "bf16"):
        compute = "f32" if rng.random() < 0.8 else storage
    elif storage == "f32" and rng.random() < 0.1:
        compute = "f64"
    recipe = Recipe(sizes, batch, heads, row, storage, compute)
    recipe.terms = sample_terms(rng, recipe)
    has_inf = any(t.kind == "mask" and math.isinf(t.value) for t in recipe.terms)
    recipe.guarded = has_inf and rng.random() < 0.4
    recipe.sink = not recipe.guarded and rng.random() < 0.08
    recipe.addend = rng.random() < 0.05
    if rng.random() < dynamic_share:
        recipe.dynamic = tuple(
            a for a in (*batch[:1], *recipe.rows, "j") if rng.random() < 0.7)
        # A constant matrix has the sizes that it has.
        if any(p[0] == "constant" for t in recipe.terms if t.mask for p in t.mask.parts):
            recipe.dynamic = tuple(a for a in recipe.dynamic if a not in ("i", "j"))
    return recipe


def sample_terms(rng, recipe):
    terms = []
    scale = rng.choice([1 / math.sqrt(recipe.sizes["d"]), 0.125, 0.3, 1.7])
    how = rng.choice(["none", "scores", "scores", "q", "k", "both", "three"])
    places = {"none": [], "both": ["q", "k"], "three": ["q", "k", "scores"]}.get(how, [how])
    for place in places:
        terms.append(Term("scale", scale ** (1 / len(places)), place=place))
    if rng.random() < 0.12:
        terms.append(Term("softcap", rng.choice([2.0, 5.0, 30.0])))
    extras = []
    full = recipe.score_axes
    if rng.random() < 0.2:
        axes = tuple(a for a in full if a == "j" or rng.random() < 0.6)
        extras.append(Term("bias", axes=axes))
    if rng.random() < 0.1 and recipe.row:
        extras.append(Term("alibi", 0.5, axes=tuple(a for a in ("g", "r") if a in full)))
    if rng.random() < 0.6:
        structural = rng.random() < 0.6
        fill = hiding(rng, recipe.compute)
        form = rng.choice(["fill", "add"])
        extras.append(Term("mask", fill, form=form, mask=sample_mask(rng, recipe, structural)))
        if rng.random() < 0.15:
            # Causal: what the first mask lets each row see stays seen.
            second = Mask([("upper", 0)] if recipe.row else [("length", 1)])
            extras.append(Term("mask", fill, form=form, mask=second))
    rng.shuffle(extras)
    # A mask of -inf or of the lowest number is last, as in all models: nothing is
    # added to it.
    extras.sort(key=lambda t: t.kind == "mask")
    return terms + extras


# -- arguments -------------------------------------------------------------------


def mask_arguments(recipe):
    """(term number, part number) -> (axes, element type) of the arguments of masks."""
    result = {}
    for t, term in enumerate(recipe.terms):
        for p, (kind, _) in enumerate(term.mask.parts if term.mask else ()):
            batch = tuple(a for a in recipe.batch if a in ("x", "b"))
            if kind == "padding":
                result[t, p] = ((*batch, "j"), "i1")
            elif kind == "documents":
                result[t, p] = ((*batch, "j"), "i64")
            elif kind == "matrix":
                result[t, p] = (("i", "j"), "i1")
    return result


def sample_inputs(recipe, rng, magnitude=1.0):
    """Arrays by name, in f64 or integers, with the axes in the order of the recipe."""
    size = lambda axes: tuple(recipe.sizes[a] for a in axes)
    normal = lambda axes: rng.standard_normal(size(axes)) * magnitude
    arrays = {"q": normal(recipe.q_axes), "k": normal(recipe.k_axes), "v": normal(recipe.v_axes)}
    for t, term in enumerate(recipe.terms):
        if term.kind == "bias":
            arrays["bias", t] = normal(term.axes)
        if term.kind == "alibi":
            arrays["alibi", t] = rng.uniform(0.1, 0.6, size(term.axes))
    for (t, p), (axes, elem) in mask_arguments(recipe).items():
        if elem == "i64":
            ids = np.sort(rng.integers(0, 3, size(axes)), axis=-1)
            arrays["mask", t, p] = ids
            arrays["rows", t, p] = ids[..., :recipe.sizes["i"]]
        else:
            seen = rng.random(size(axes)) < 0.7
            if not recipe.guarded:
                seen[..., 0] = True
            arrays["mask", t, p] = seen
    if recipe.sink:
        arrays["sink"] = normal(tuple(a for a in ("g", "r") if a in recipe.score_axes))
    if recipe.addend:
        arrays["addend"] = normal(recipe.out_axes)
    return arrays


# -- numbers ---------------------------------------------------------------------


def spread(array, axes, target):
    """An array with axes ``axes`` shaped to broadcast against ``target``."""
    order = sorted(range(len(axes)), key=lambda n: target.index(axes[n]))
    array = np.transpose(array, order)
    have = [axes[n] for n in order]
    return array.reshape([array.shape[have.index(a)] if a in have else 1 for a in target])


def visible(recipe, t, arrays):
    """The mask of term ``t``: bool, to broadcast against the scores."""
    target = recipe.score_axes
    i = spread(np.arange(recipe.sizes["i"]), ("i",), target) if recipe.row else np.int64(0)
    j = spread(np.arange(recipe.sizes["j"]), ("j",), target)
    seen = np.array(True)
    for p, (kind, value) in enumerate(recipe.terms[t].mask.parts):
        if kind == "upper":
            part = j <= i + value
        elif kind == "lower":
            part = j >= i + value
        elif kind == "prefix":
            part = (j <= i) | (j < value)
        elif kind == "sinks":
            part = (j >= i + value) | (j < 1)
        elif kind == "length":
            part = j < value
        elif kind == "constant":
            part = spread(value, ("i", "j"), target)
        else:
            axes, _ = mask_arguments(recipe)[t, p]
            array = arrays["mask", t, p]
            if kind == "documents":
                rows = tuple("i" if a == "j" else a for a in axes)
                part = spread(array, axes, target) == spread(arrays["rows", t, p], rows, target)
            else:
                part = spread(array, axes, target)
        seen = seen & part
    return seen


def evaluate(recipe, arrays):
    """The result, with the axes of ``recipe.out_axes``, in f64."""
    target = recipe.score_axes
    letters = lambda axes: "".join(axes)
    scores = np.einsum(f"{letters(recipe.q_axes)},{letters(recipe.k_axes)}->{letters(target)}",
                       arrays["q"], arrays["k"])
    for t, term in enumerate(recipe.terms):
        if term.kind == "scale":
            scores = scores * term.value
        elif term.kind == "softcap":
            scores = term.value * np.tanh(scores / term.value)
        elif term.kind == "bias":
            scores = scores + spread(arrays["bias", t], term.axes, target)
        elif term.kind == "alibi":
            i = spread(np.arange(recipe.sizes["i"]), ("i",), target)
            j = spread(np.arange(recipe.sizes["j"]), ("j",), target)
            scores = scores + spread(arrays["alibi", t], term.axes, target) * (j - i)
        elif term.form == "fill":
            scores = np.where(visible(recipe, t, arrays), scores, term.value)
        else:
            with np.errstate(over="ignore"):
                scores = scores + np.where(visible(recipe, t, arrays), 0.0, term.value)
    top = scores.max(-1, keepdims=True)
    top = np.where(np.isneginf(top), 0.0, top)
    weights = np.exp(scores - top)
    total = weights.sum(-1, keepdims=True)
    if recipe.sink:
        axes = tuple(a for a in ("g", "r") if a in target)
        total = total + np.exp(spread(arrays["sink"], axes, target) - top)
    p = weights / np.where(total == 0, 1.0, total)
    out = np.einsum(f"{letters(target)},{letters(recipe.v_axes)}->{letters(recipe.out_axes)}",
                    p, arrays["v"])
    return out + arrays["addend"] if recipe.addend else out


def bounds(recipe):
    """(lower, upper) with i + lower <= j <= i + upper if the masks are exactly that and
    hide for certain, else None."""
    lower, upper = None, None
    for term in recipe.terms:
        if term.kind != "mask":
            continue
        # -1e4 does not hide to the last bit.
        if term.value > -6e4:
            return None
        for kind, value in term.mask.parts:
            if kind == "upper":
                upper = value if upper is None else min(upper, value)
            elif kind == "lower":
                lower = value if lower is None else max(lower, value)
            else:
                return None
    return lower, upper
