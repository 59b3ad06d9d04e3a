"""Many ways to write one recipe as linalg on tensors.

``spell(recipe, rng, name)`` makes one program; which freedoms it takes is drawn from
``rng``. The steps follow the formula: operands, product, terms, softmax, values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from . import recipe as recipes
from .builder import Builder, Style
from .ir import LOWEST, apply, cast, compare, const


@dataclass
class Spelling:
    """A program, its recipe, and which array of the recipe each argument is."""

    function: object
    recipe: object
    arguments: list = field(default_factory=list)   # (key of the array, its axes)
    features: list = field(default_factory=list)    # names of what was drawn

    def inputs(self, arrays):
        """The arrays of the recipe as the function takes them, of the right types."""
        result = []
        for (key, axes), value in zip(self.arguments, self.function.arguments):
            order = [a for g in value.groups for a in g]
            array = np.transpose(arrays[key], [axes.index(a) for a in order])
            result.append(np.ascontiguousarray(array.reshape(value.shape)))
        return result

    def restore(self, array, value, axes):
        """The array of ``value``, an argument or a result, with the axes in this order."""
        order = [a for g in value.groups for a in g]
        return np.transpose(array.reshape([self.recipe.sizes[a] for a in order]),
                            [order.index(a) for a in axes])


def spell(recipe, rng, name, style=None, builder=Builder, twist=None):
    """One spelling of the recipe; ``builder`` is Builder (linalg) or TosaBuilder. With a
    ``twist`` it may be none: see ``twists``."""
    return _Speller(recipe, rng, name, style or Style.sample(rng), builder, twist).spell()


class _Speller:
    def __init__(self, recipe, rng, name, style, builder, twist):
        self.recipe, self.rng, self.twist = recipe, rng, twist
        self.made = {}  # tensors by their place in the formula
        self.tosa = builder is not Builder
        self.b = builder(name, rng, style, recipe.sizes, recipe.dynamic)
        self.spelling = Spelling(self.b.function, recipe)

    # -- small helpers -----------------------------------------------------------

    def pick(self, what, *choices):
        """One of the choices, noted as a feature."""
        choice = self.rng.choice(choices)
        self.spelling.features.append(f"{what}:{choice}")
        return choice

    def argument(self, key, axes, elem):
        """The array ``key`` of the recipe, in a layout of its own."""
        axes = tuple(axes)
        order = list(axes)
        if self.b.chance(self.b.style.shuffle) or (
                key in ("q", "k", "v") and self.b.chance(0.3)):
            self.rng.shuffle(order)
        single = set(self.recipe.dynamic) if key in ("q", "k", "v") else ()
        groups = [(order[0],)] if order else []
        for a in order[1:]:
            foldable = (a not in single and not set(groups[-1]) & set(single)
                        and len(self.b.dynamic & {a, *groups[-1]}) < 2)
            if self.b.chance(self.b.style.fold) and foldable:
                groups[-1] = (*groups[-1], a)
            else:
                groups.append((a,))
        self.spelling.arguments.append((key, axes))
        return self.b.argument(tuple(groups), elem)

    def at(self, place, value):
        """``value``, which stands at ``place`` in the formula, or what the twist makes of it."""
        self.made[place] = value
        if self.twist:
            value = self.made[place] = self.twist(self, place, value)
        return value

    def leaf(self, value):
        return self.b.leaf(value)

    def compute(self, expr, axes=()):
        return self.b.vary(self.b.elementwise(expr, axes))

    def number(self, value, elem=None):
        return self.b.number(value, elem or self.recipe.compute)

    # -- the formula -------------------------------------------------------------

    def spell(self):
        r, b = self.recipe, self.b
        q = self.argument("q", r.q_axes, r.storage)
        k = self.argument("k", r.k_axes, r.storage)
        v = self.argument("v", r.v_axes, r.storage)
        early = r.compute != r.storage and self.pick("upcast", "operands", "scores") == "operands"
        if early:
            q, k = (self.compute(cast(self.leaf(x), r.compute)) for x in (q, k))
        q, k = self.scale(q, "q"), self.scale(k, "k")
        if r.heads and self.pick("repeat", "no", "no", "keys") == "keys":
            k = self.repeat(k)
            if b.chance(0.7):
                v = self.repeat(v)
        z = self.product(q, k)
        base = "e"
        if not r.sink:
            base = self.pick("base", "e", "e", "e", "e", "2-scaled")
        for number, term in enumerate(r.terms):
            z = self.term(z, number, term)
        if base == "2-scaled":
            z = self.compute(apply("arith.mulf", self.leaf(z), self.number(math.log2(math.e))))
        o = self.values(z, v, base)
        axes = [a for g in o.groups for a in g]
        if self.b.chance(0.3):
            o = b.arrange(o, b.fold(axes))
        elif self.b.chance(0.3):
            # A twist may have brought in another axis.
            o = b.arrange(o, b.fold(list(r.out_axes) if set(axes) == set(r.out_axes) else axes))
        b.function.results = [o]
        b.function.prune()
        return self.spelling

    def scale(self, x, place):
        for term in self.recipe.terms:
            if term.kind == "scale" and term.place == place:
                x = self.compute(self.scaled(self.leaf(x), term.value))
        return x

    def scaled(self, x, factor):
        how = self.pick("scale", "mul", "mul", "div", "mul-swapped")
        if how == "div":
            return apply("arith.divf", x, self.number(1 / factor, x.elem))
        factor = self.number(factor, x.elem)
        return apply("arith.mulf", *((x, factor) if how == "mul" else (factor, x)), elem=x.elem)

    def repeat(self, x):
        """Keys or values once per query head."""
        groups = list(self.b.split(x).groups)
        at = groups.index(("g",)) + 1 if ("g",) in groups else 0
        return self.b.arrange(x, (*groups[:at], ("r",), *groups[at:]))

    def product(self, q, k):
        r = self.recipe
        elem = q.elem
        if elem in ("f16", "bf16"):
            elem = self.pick("accumulate", "f32", "f32", elem) if r.compute == "f32" else elem
        z = self.b.contract(q, k, {"d"}, elem)
        if z.elem != q.elem and self.b.chance(0.4):
            z = self.compute(cast(self.leaf(z), q.elem))
        if z.elem != r.compute:
            z = self.compute(cast(self.leaf(z), r.compute))
        return self.b.vary(z)

    # -- terms -------------------------------------------------------------------

    def term(self, z, number, term):
        r, x = self.recipe, self.leaf(z)
        if term.kind == "scale":
            return self.compute(self.scaled(x, term.value)) if term.place == "scores" else z
        if term.kind == "softcap":
            if self.b.chance(0.5):
                inner = apply("arith.divf", x, self.number(term.value))
            else:
                inner = apply("arith.mulf", x, self.number(1 / term.value))
            capped = apply("arith.mulf", apply("math.tanh", inner), self.number(term.value))
            return self.compute(capped)
        if term.kind == "bias":
            bias = self.argument(("bias", number), term.axes, r.compute)
            return self.compute(self.added(x, self.leaf(bias)))
        if term.kind == "alibi":
            slope = self.leaf(self.argument(("alibi", number), term.axes, r.compute))
            distance = apply("arith.subi", self.b.axis("j"), self.b.axis("i"))
            return self.compute(self.added(x, apply("arith.mulf", slope, cast(distance, r.compute))))
        return self.mask(x, number, term)

    def added(self, x, y):
        return apply("arith.addf", *((x, y) if self.b.chance(0.7) else (y, x)))

    def mask(self, x, number, term):
        r = self.recipe
        fill = self.number(term.value)
        parts = [self.part(number, p, kind, value)
                 for p, (kind, value) in enumerate(term.mask.parts)]
        seen = parts[0]
        for part in parts[1:]:
            seen = apply("arith.andi", seen, part)
        if term.form == "fill":
            if self.pick("fill", "visible", "hidden") == "visible":
                return self.compute(apply("arith.select", seen, x, fill, elem=x.elem))
            return self.compute(apply("arith.select", self.negated(seen), fill, x, elem=x.elem))
        zero = self.number(0.0)
        how = self.pick("add", "select", "select", "multiply")
        if how == "multiply" and math.isfinite(term.value):
            hidden = apply("arith.subf", self.number(1.0), cast(seen, r.compute))
            added = apply("arith.mulf", hidden, fill, elem=x.elem)
        elif self.b.chance(0.5):
            added = apply("arith.select", seen, zero, fill, elem=x.elem)
        else:
            added = apply("arith.select", self.negated(seen), fill, zero, elem=x.elem)
        return self.compute(self.added(x, added))

    def negated(self, condition):
        how = self.pick("not", "xor", "compare", "false")
        if how == "xor":
            return apply("arith.xori", condition, const(1, "i1"))
        if how == "compare":
            return compare("eq", condition, const(0, "i1"))
        return apply("arith.select", condition, const(0, "i1"), const(1, "i1"), elem="i1")

    def part(self, number, p, kind, value):
        """One part of a mask, as a condition under which the key is visible."""
        if kind == "padding":
            return self.leaf(self.argument(("mask", number, p), *self.mask_argument(number, p)))
        if kind == "matrix":
            return self.leaf(self.argument(("mask", number, p), ("i", "j"), "i1"))
        if kind == "documents":
            axes, elem = self.mask_argument(number, p)
            keys = self.leaf(self.argument(("mask", number, p), axes, elem))
            rows = self.leaf(self.argument(
                ("rows", number, p), ["i" if a == "j" else a for a in axes], elem))
            return compare("eq", *((keys, rows) if self.b.chance(0.5) else (rows, keys)))
        if kind == "constant":
            return self.leaf(self.b.constant(value, [("i",), ("j",)], "i1"))
        integer = self.rng.choice(["i64", "i64", "i32", "index"])
        static = not set(self.recipe.dynamic) & {"i", "j"}
        if static and kind in ("upper", "lower") and self.b.chance(0.15):
            return self.band_constant(kind, value)
        j = self.b.axis("j", integer)
        if kind == "length":
            return self.at_most(j, const(value - 1, integer), integer)
        i = self.b.axis("i", integer)
        if kind == "upper":
            return self.ordered(j, i, value, integer)
        if kind == "lower":
            return self.ordered(i, j, -value, integer)
        if kind == "prefix":
            return apply("arith.ori", self.ordered(j, i, 0, integer),
                         self.at_most(j, const(value - 1, integer), integer))
        return apply("arith.ori", self.ordered(i, j, -value, integer),
                     self.at_most(j, const(0, integer), integer))

    def mask_argument(self, number, p):
        return recipes.mask_arguments(self.recipe)[number, p]

    def band_constant(self, kind, value):
        """Part of a band as a constant matrix, as torch's tril and triu fold to."""
        i, j = np.arange(self.recipe.sizes["i"])[:, None], np.arange(self.recipe.sizes["j"])
        seen = j <= i + value if kind == "upper" else j >= i + value
        self.spelling.features.append("band:constant")
        return self.leaf(self.b.constant(seen, [("i",), ("j",)], "i1"))

    def ordered(self, x, y, slack, elem):
        """x <= y + slack, by some arrangement of the inequality."""
        how = self.pick("order", "plain", "moved", "difference", "shifted", "strict", "greater")
        number = lambda n: const(n, elem)
        if how == "plain":
            return self.at_most(x, self.plus(y, slack, elem), elem)
        if how == "moved":
            return self.at_most(self.plus(x, -slack, elem), y, elem)
        if how == "difference":
            return compare("sle", apply("arith.subi", x, y), number(slack))
        if how == "shifted":
            return compare("sge", apply("arith.subi", self.plus(y, slack, elem), x), number(0))
        if how == "strict":
            return compare("slt", apply("arith.subi", x, y), number(slack + 1))
        return compare("sgt", self.plus(y, slack + 1, elem), x)

    def plus(self, x, n, elem):
        return x if n == 0 and self.b.chance(0.7) else apply("arith.addi", x, const(n, elem))

    def at_most(self, x, y, elem):
        how = self.rng.choice(["sle", "sge", "not"])
        if how == "sle":
            return compare("sle", x, y)
        if how == "sge":
            return compare("sge", y, x)
        return self.negated(compare("sgt", x, y))

    # -- softmax and values ------------------------------------------------------

    def maximum(self, z):
        how = self.pick("max", "maximumf", "maximumf", "maxnumf", "maxnumf-nan", "lowest", "argmax",
                        "clamped")
        if how == "argmax":
            return self.b.argmax(z, "j", -math.inf)
        if how == "maxnumf-nan":
            return self.b.reduce(z, "j", "arith.maxnumf", math.nan)
        if how == "maxnumf":
            return self.b.reduce(z, "j", "arith.maxnumf",
                                 self.rng.choice([-math.inf, LOWEST[z.elem]]))
        init = LOWEST[z.elem] if how == "lowest" and not self.recipe.guarded else -math.inf
        m = self.b.reduce(z, "j", "arith.maximumf", init)
        if how == "clamped":
            m = self.compute(apply("arith.maximumf", const(-math.inf, z.elem), self.leaf(m)))
        return m

    def exponential(self, x, base):
        elem = x.elem
        if base == "2-scaled":
            if self.pick("exp2", "exp2", "powf") == "exp2":
                return apply("math.exp2", x)
            return apply("math.powf", const(2.0, elem), x)
        how = self.pick("exp", "exp", "exp", "exp", "exp2")
        if how == "exp":
            return apply("math.exp", x)
        return apply("math.exp2", apply("arith.mulf", x, self.number(math.log2(math.e), elem), elem=elem))

    def total(self, e):
        return self.b.reduce(e, "j", "arith.addf", 0.0)

    def values(self, z, v, base):
        """softmax(z) v."""
        r, z = self.recipe, self.at("scores", z)
        if not r.guarded and not r.sink and base == "e" and not self.tosa and self.b.chance(0.06):
            self.spelling.features.append("softmax:named")
            z = self.b.arrange(z, [g for g in z.groups if g and "j" not in g] + [("j",)]) \
                if ("j",) in z.groups else self.b.split(z)
            p = self.b.op("softmax", [z], z.groups, z.elem, dimension=z.groups.index(("j",)))
            return self.weighted(p, v)
        m = self.at("max", self.maximum(z))
        sink = None
        if r.sink:
            axes = tuple(a for a in ("g", "r") if a in r.score_axes)
            sink = self.argument("sink", axes, z.elem)
            if self.b.chance(0.7):
                m = self.compute(apply("arith.maximumf", self.leaf(m), self.leaf(sink)))
        shifted = apply("arith.subf", self.leaf(z), self.leaf(m))
        if r.guarded:
            return self.guarded(z, shifted, v, base)
        forms = ["divide"] * 3 + ["reciprocal", "deferred", "deferred-reciprocal"]
        if base == "e" and not r.sink:
            forms += ["log-softmax", "lse"]
        if r.addend:
            forms = [f for f in forms if not f.startswith("deferred")]
        form = self.pick("normalise", *forms)
        if form == "log-softmax":
            x = self.compute(shifted)
            e = self.at("weights", self.compute(apply("math.exp", self.leaf(x))))
            s = self.at("sum", self.total(e))
            log = self.compute(apply("math.log", self.leaf(s)))
            return self.weighted(self.compute(apply("math.exp", apply("arith.subf", self.leaf(x), self.leaf(log)))), v)
        if form == "lse":
            e = self.at("weights", self.compute(apply("math.exp", shifted)))
            s = self.at("sum", self.total(e))
            lse = self.compute(apply("arith.addf", apply("math.log", self.leaf(s)), self.leaf(m)))
            return self.weighted(self.compute(apply("math.exp", apply("arith.subf", self.leaf(z), self.leaf(lse)))), v)
        e = self.at("weights", self.compute(self.exponential(shifted, base)))
        s = self.at("sum", self.total(e))
        e = self.at("numerator", e)
        if sink:
            s = self.compute(apply("arith.addf", self.leaf(s), self.exponential(
                apply("arith.subf", self.leaf(sink), self.leaf(m)), base)))
        if form == "divide":
            return self.weighted(self.compute(apply("arith.divf", self.leaf(e), self.leaf(s))), v)
        inverse = apply("arith.divf", const(1.0, s.elem), self.leaf(s))
        if form == "reciprocal":
            return self.weighted(self.compute(apply("arith.mulf", self.leaf(e), inverse)), v)
        o = self.leaf(self.weighted(e, v, finish=False))
        if form == "deferred":
            result = apply("arith.divf", o, cast(self.leaf(s), o.elem))
        else:
            result = apply("arith.mulf", o, cast(inverse, o.elem))
        return self.finish(self.compute(result))

    def guarded(self, z, shifted, v, base):
        """Softmax whose rows without a visible key are 0."""
        # The maximum of TOSA starts from the lowest number: it is never -inf.
        how = self.pick("guard", "all-infinite", "any-finite", *(() if self.tosa else ("max",)))
        e = self.at("weights", self.compute(self.exponential(shifted, base)))
        s = self.at("sum", self.total(e))
        p = apply("arith.divf", self.leaf(self.at("numerator", e)), self.leaf(s))
        low = const(-math.inf, z.elem)
        zero = const(0.0, z.elem)
        if how == "all-infinite":
            each = self.compute(compare("oeq", self.leaf(z), low))
            hidden = self.b.reduce(each, "j", "arith.andi", 1)
            return self.weighted(self.compute(apply("arith.select", self.leaf(hidden), zero, p)), v)
        if how == "any-finite":
            each = self.compute(compare("une", self.leaf(z), low))
            seen = self.b.reduce(each, "j", "arith.ori", 0)
            return self.weighted(self.compute(apply("arith.select", self.leaf(seen), p, zero, elem=z.elem)), v)
        m = self.b.reduce(z, "j", "arith.maximumf", -math.inf)
        hidden = compare("oeq", self.leaf(m), low)
        return self.weighted(self.compute(apply("arith.select", hidden, zero, p)), v)

    def weighted(self, p, v, finish=True):
        """The sum over the keys of p times v."""
        r = self.recipe
        p = self.at("p", self.b.vary(p))
        elem = p.elem
        if p.elem != v.elem:
            if self.pick("downcast", "weights", "values") == "weights":
                p = self.compute(cast(self.leaf(p), v.elem))
                elem = p.elem
            else:
                v = self.compute(cast(self.leaf(v), p.elem))
        if elem in ("f16", "bf16"):
            elem = self.pick("accumulate", "f32", elem)
        init = 0.0
        if r.addend:
            init = self.argument("addend", r.out_axes, elem)
        o = self.b.contract(p, v, {"j"}, elem, init)
        return self.finish(o) if finish else o

    def finish(self, o):
        if o.elem != self.recipe.storage and self.b.chance(0.7):
            o = self.compute(cast(self.leaf(o), self.recipe.storage))
        return self.at("out", o)
