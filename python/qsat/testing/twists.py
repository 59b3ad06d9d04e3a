"""Attention that is not quite attention: one step of the formula done otherwise.

While a spelling is made, each of its tensors passes ``twist(speller, place, value)``:
``scores``, ``max``, ``weights`` (the exponentials), ``sum``, ``numerator`` (the
exponentials once the sum is made), ``p`` and ``out``. A ``Twist`` changes one of them.
Some leave an attention behind, with other numbers; numbers tell.
"""

from __future__ import annotations

import math

from .ir import Scalar, apply, cast, compare, const


class Twist:
    """The family ``name``; ``done`` once the program has come by its place."""

    def __init__(self, name):
        self.name, self.done = name, False
        self.place, self.change = FAMILIES[name]

    def __call__(self, speller, place, value):
        if place != self.place or self.done:
            return value
        changed = self.change(speller, value)
        self.done = changed is not None
        return changed if self.done else value


# -- helpers ---------------------------------------------------------------------


def _axes(value):
    return [a for g in value.groups for a in g]


def _axis(sp, value, besides=()):
    """An axis of ``value``, or None."""
    axes = [a for a in _axes(value) if a not in besides]
    return sp.rng.choice(axes) if axes else None


def _number(value, x):
    return const(value, x.elem)


def _map(sp, value, body):
    """``body(element)`` at every element."""
    return sp.compute(body(sp.leaf(value)))


def _ramp(sp, axis, elem):
    """0.75, 1, 1.25 … along an axis."""
    return apply("arith.addf", apply("arith.mulf", cast(sp.b.axis(axis), elem), const(0.25, elem)),
                 const(0.75, elem))


def _condition(sp, value, besides=()):
    """A condition that holds in some places of ``value``: by index, or by an argument."""
    first, second = _axis(sp, value, besides), _axis(sp, value, besides)
    if first is None:
        return None
    if sp.rng.random() < 0.3:
        return sp.leaf(sp.argument(("twist", len(sp.spelling.arguments)), [first], "i1"))
    if first != second:
        return compare("sle", sp.b.axis(second), sp.b.axis(first))
    return compare("slt", sp.b.axis(first), const(max(1, sp.recipe.sizes[first] - 1), "i64"))


def _select(sp, value, condition, otherwise=0.0):
    """``value`` where the condition holds."""
    if condition is None:
        return None
    return _map(sp, value, lambda x: apply("arith.select", condition, x, _number(otherwise, x),
                                           elem=x.elem))


def _factor(*choices):
    def change(sp, value):
        c = sp.rng.choice(choices)
        return _map(sp, value, lambda x: apply("arith.mulf", x, _number(c, x)))
    return change


def _uneven(sp, value):
    axis = _axis(sp, value)
    if axis is None:
        return None
    return _map(sp, value, lambda x: apply("arith.mulf", x, _ramp(sp, axis, x.elem)))


def _shifted(sp, m=None, factor=1.0):
    """exp of factor (z - m)."""
    x = apply("arith.subf", sp.leaf(sp.made["scores"]), sp.leaf(m or sp.made["max"]))
    if factor != 1.0:
        x = apply("arith.mulf", x, _number(factor, x))
    return apply("math.exp", x)


def _softmax(sp, z):
    m = sp.b.reduce(z, "j", "arith.maximumf", -math.inf)
    e = sp.compute(apply("math.exp", apply("arith.subf", sp.leaf(z), sp.leaf(m))))
    return sp.compute(apply("arith.divf", sp.leaf(e), sp.leaf(sp.total(e))))


# -- families --------------------------------------------------------------------


def _reduced(combiner, init, source, both):
    """The sum or maximum over another axis than the keys, or over one more."""
    def change(sp, value):
        over = sp.made[source]
        axis = _axis(sp, over, ("j",))
        if axis is None:
            return None
        return sp.b.reduce(value if both else over, axis, combiner, init)
    return change


def _partial_sum(sp, value):
    e = sp.made["weights"]
    kept = _select(sp, e, _condition(sp, e))
    return kept and sp.total(kept)


def _other_sum(sp, value):
    """The sum of exponentials of other scores, or of the scores before a change."""
    z = sp.made["scores"]
    how = sp.rng.choice(["scaled", "uneven", "masked"])
    other = (_factor(1.01, 2.0)(sp, z) if how == "scaled" else _uneven(sp, z) if how == "uneven"
             else _select(sp, z, _condition(sp, z), -math.inf))
    if other is None:
        return None
    return sp.total(sp.compute(apply("math.exp", apply("arith.subf", sp.leaf(other),
                                                       sp.leaf(sp.made["max"])))))


def _other_base(sp, value):
    """Powers of 2 of multiples of z - max."""
    c = sp.rng.choice([1.0, 1.44, 1.5, math.log2(math.e), 2.0])
    x = apply("arith.subf", sp.leaf(sp.made["scores"]), sp.leaf(sp.made["max"]))
    return sp.compute(apply("math.exp2", apply("arith.mulf", x, _number(c, x))))


def _other_shift(sp, value):
    """Another number for the maximum."""
    how = sp.rng.choice(["half", "plus", "floor"])
    if how == "half":
        return _map(sp, value, lambda x: apply("arith.mulf", x, _number(0.5, x)))
    if how == "plus":
        return _map(sp, value, lambda x: apply("arith.addf", x, _number(1.0, x)))
    return _map(sp, value, lambda x: apply("arith.maximumf", x, _number(sp.rng.choice([0.0, -1e4]), x)))


def _numerator_shift(sp, value):
    """Another maximum in the numerator than in the sum."""
    axis = _axis(sp, sp.made["scores"], ("j",))
    if axis is None:
        return None
    return sp.compute(_shifted(sp, sp.b.reduce(sp.made["max"], axis, "arith.maximumf", -math.inf)
                               if axis in _axes(sp.made["max"]) else None, 1.0))


def _dropout(sp, value):
    keep = sp.leaf(sp.argument(("twist", 0), _axes(value), "i1"))
    return _map(sp, value, lambda x: apply(
        "arith.select", keep, apply("arith.mulf", x, _number(2.0, x)), _number(0.0, x), elem=x.elem))


def _row_guard(sp, value):
    """0 for rows, keys or heads that are chosen by something else than the mask."""
    how = sp.rng.choice(["axis", "scores", "positive"])
    if how == "axis" or "scores" not in sp.made:
        axis = _axis(sp, value)
        if axis is None:
            return None
        return _select(sp, value, compare("sgt", sp.b.axis(axis), const(0, "i64")))
    z = sp.made["scores"]
    low = const(-math.inf if how == "scores" else 0.0, z.elem)
    seen = sp.compute(compare("une" if how == "scores" else "ogt", sp.leaf(z), low))
    axis = sp.rng.choice(["j", *[a for a in _axes(z) if a != "j"]])
    return _select(sp, value, sp.leaf(sp.b.reduce(seen, axis, "arith.ori", 0)))


def _squared(sp, value):
    return _map(sp, value, lambda x: apply("arith.mulf", x, x))


def _second_use(sp, value):
    """The result plus a number per row that the weights give too."""
    p = sp.made.get("p")
    if p is None:
        return None
    row = sp.b.reduce(p, "j", sp.rng.choice(["arith.maximumf", "arith.addf"]), 0.0)
    kept = [a for a in _axes(row) if a in _axes(value)]
    if len(kept) != len(_axes(row)):
        return None
    return sp.compute(apply("arith.addf", sp.leaf(value), cast(sp.leaf(row), value.elem)))


def _turned(sp, value):
    """Rows and keys exchanged, where they are as many."""
    sizes = sp.recipe.sizes
    if not sp.recipe.row or sizes["i"] != sizes["j"] or {"i", "j"} & set(sp.recipe.dynamic):
        return None
    value = sp.b.split(value)
    if not {"i", "j"} <= set(_axes(value)):
        return None
    i, j = value.groups.index(("i",)), value.groups.index(("j",))
    permutation = list(range(len(value.groups)))
    permutation[i], permutation[j] = j, i
    return sp.b.op("generic", [value], value.groups, value.elem,
                   maps=[permutation, list(range(len(permutation)))],
                   iterators=["parallel"] * len(permutation),
                   body=[_input(value.elem)], inits=[None])


def _input(elem):
    return Scalar("in", [], elem, 0)


def _added(sp, value):
    c = sp.rng.choice([1e-2, 0.5, -0.25])
    return _map(sp, value, lambda x: apply("arith.addf", x, _number(c, x)))


def _added_sum(sp, value):
    """One more in the sum: a sink that the shift forgot, or an epsilon."""
    c = sp.rng.choice([1.0, 1e-3, 0.1])
    return _map(sp, value, lambda x: apply("arith.addf", x, _number(c, x)))


def _differential(sp, value):
    z = sp.made["scores"]
    other = _softmax(sp, _factor(0.5, 2.0)(sp, z))
    difference = apply("arith.subf", sp.leaf(value), apply("arith.mulf", cast(sp.leaf(other), value.elem),
                                                           const(0.5, value.elem)))
    return sp.compute(difference)


def _clipped(sp, value):
    c = sp.rng.choice([-1.0, 0.0, -1e4, -1e9])
    return _map(sp, value, lambda x: apply("arith.maximumf", x, _number(c, x)))


def _rectified(sp, value):
    """Positive scores instead of exponentials."""
    z = sp.made["scores"]
    return _map(sp, z, lambda x: apply("arith.maximumf", x, _number(0.0, x)))


#: name -> (place, change): what the issue of soundness asks to be told apart.
FAMILIES = {
    "double scale": ("scores", _factor(2.0, 0.125, -1.0, 1e3)),
    "uneven scale": ("scores", _uneven),
    "scaled weights": ("p", _factor(2.0, 0.5, 1.01)),
    "scaled numerator": ("numerator", _factor(2.0, 0.5, 1.01)),
    "uneven weights": ("p", _uneven),
    "uneven numerator": ("numerator", _uneven),
    "sum over another axis": ("sum", _reduced("arith.addf", 0.0, "weights", False)),
    "sum over one axis more": ("sum", _reduced("arith.addf", 0.0, "weights", True)),
    "maximum over another axis": ("max", _reduced("arith.maximumf", -math.inf, "scores", False)),
    "maximum over one axis more": ("max", _reduced("arith.maximumf", -math.inf, "scores", True)),
    "mask after softmax": ("p", lambda sp, p: _select(sp, p, _condition(sp, p))),
    "mask of exponentials": ("weights", lambda sp, e: _select(sp, e, _condition(sp, e))),
    "mask of the numerator": ("numerator", lambda sp, e: _select(sp, e, _condition(sp, e))),
    "mask of scores": ("scores", lambda sp, z: _select(
        sp, z, _condition(sp, z), sp.rng.choice([-math.inf, -1e9, -1e4, -3.0, 0.0]))),
    "partial sum": ("sum", _partial_sum),
    "sum of other scores": ("sum", _other_sum),
    "another base": ("weights", _other_base),
    "another base in the numerator": ("numerator", _other_base),
    "another shift": ("max", _other_shift),
    "another shift in the numerator": ("numerator", _numerator_shift),
    "dropout": ("p", _dropout),
    "zero rows": ("p", _row_guard),
    "weights squared": ("p", _squared),
    "exponentials squared": ("numerator", _squared),
    "weights used twice": ("out", _second_use),
    "rows and keys exchanged": ("p", _turned),
    "added to weights": ("p", _added),
    "added to the sum": ("sum", _added_sum),
    "softmax of softmax": ("p", lambda sp, p: _softmax(sp, p)),
    "difference of softmaxes": ("p", _differential),
    "clipped scores": ("scores", _clipped),
    "no exponential": ("weights", _rectified),
}
