"""Tensors with named axes, and the operations of attention on them in many layouts.

Every dimension of a ``Value`` stands for a group of axes, outer to inner: ``(("b", "h"),
("i",), ("d",))`` has batch and head folded into one dimension; ``()`` is a unit
dimension. What an operation means follows from the names; how it is written, from the
layouts and from the random choices of the ``Style``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .ir import (Dim, Function, Op, Scalar, Value, affine_map, apply, cast, compare, const,
                 is_float)


@dataclass
class Style:
    """How likely each freedom is taken in one program."""

    cut: float = 0.7           # an elementwise step is an operation of its own
    shuffle: float = 0.1       # a result has its axes in another order
    named: float = 0.1         # elementwise steps as named operations or arith on tensors
    fold: float = 0.2          # axes are folded into one dimension
    units: float = 0.2         # unit dimensions stand where an axis is missing
    generic: float = 0.4       # structured operations as generics
    spread: float = 0.15       # operands are repeated to the full shape first
    constant_tensor: float = 0.15  # a constant is a tensor of rank 0
    wide_constant: float = 0.3     # a constant is f64 and cast in the body
    contraction: str = ""      # one form of contraction throughout, or any

    @staticmethod
    def sample(rng):
        level = lambda low, high: low + (high - low) * rng.random()
        return Style(
            cut=rng.choice([0.0, 0.3, 0.8, 1.0]), shuffle=rng.choice([0, 0, 0.3]),
            named=rng.choice([0, 0, 0.1, 0.7]), fold=level(0, 0.5), units=level(0, 0.5),
            generic=rng.choice([0, 0.3, 1]), spread=rng.choice([0, 0, 0.3]),
            constant_tensor=rng.choice([0, 0, 0.5]), wide_constant=rng.choice([0, 0.5, 1]),
            contraction=rng.choice(["", "", "generic", "batch_matmul", "contract"]))


_NAMED = {"arith.addf": "linalg.add", "arith.subf": "linalg.sub", "arith.mulf": "linalg.mul",
          "arith.divf": "linalg.div", "math.exp": "linalg.exp", "math.tanh": "linalg.tanh",
          "arith.maximumf": "linalg.max"}


class Builder:
    def __init__(self, name, rng, style, sizes, dynamic=()):
        self.function = Function(name)
        self.rng, self.style, self.sizes, self.dynamic = rng, style, sizes, frozenset(dynamic)

    def chance(self, p):
        return self.rng.random() < p

    def dims(self, groups):
        return tuple(Dim(math.prod(self.sizes[a] for a in g),
                         tuple((a, self.sizes[a]) for a in g if a in self.dynamic))
                     for g in groups)

    def argument(self, groups, elem):
        value = Value(self.dims(groups), elem, tuple(groups))
        self.function.arguments.append(value)
        return value

    def op(self, kind, operands, groups, elem, **attrs):
        value = Value(self.dims(groups), elem, tuple(groups))
        self.function.ops.append(Op(kind, operands, [value], **attrs))
        return value

    def constant(self, array, groups, elem):
        return self.op("constant", [], groups, elem, array=array)

    # -- layouts -----------------------------------------------------------------

    def arrange(self, v, groups):
        """v with the dimensions ``groups``; axes that it lacks are broadcast."""
        groups = tuple(tuple(g) for g in groups)
        if v.groups == groups:
            return v
        have = [g for g in v.groups if g]
        want = [g for g in groups if g]
        v = self.drop_units(v)
        if sorted(have) != sorted(want):
            v = self.split(v)
            missing = [a for g in want for a in g if (a,) not in v.groups]
            if missing:
                v = self.broadcast(v, missing)
            want = [(a,) for g in want for a in g]
        v = self.transpose(v, want)
        return self.merge(v, groups)

    def drop_units(self, v):
        kept = tuple(g for g in v.groups if g)
        return v if kept == v.groups else self.collapse(v, kept)

    def split(self, v):
        """v with one axis per dimension."""
        v = self.drop_units(v)
        atoms = tuple((a,) for g in v.groups for a in g)
        return v if atoms == v.groups else self.expand(v, atoms)

    def merge(self, v, groups):
        """v, whose axes are in order already, folded into ``groups``."""
        kept = tuple(g for g in groups if g)
        if v.groups != kept:
            v = self.collapse(v, kept)
        return v if v.groups == groups else self.expand(v, groups)

    @staticmethod
    def reassociation(fine, coarse):
        """Which dimensions of ``fine`` make up each of ``coarse``; units go along."""
        if not coarse:
            return []
        parts, at = [], 0
        for group in coarse:
            part, axes = [], []
            while axes != list(group) or not part:
                axes += fine[at]
                part.append(at)
                at += 1
            parts.append(part)
        parts[-1].extend(range(at, len(fine)))
        return parts

    def collapse(self, v, groups):
        return self.op("collapse", [v], groups, v.elem,
                       reassociation=self.reassociation(v.groups, groups))

    def expand(self, v, groups):
        return self.op("expand", [v], groups, v.elem,
                       reassociation=self.reassociation(groups, v.groups))

    def transpose(self, v, groups):
        groups = tuple(groups)
        if v.groups == groups:
            return v
        permutation = [v.groups.index(g) for g in groups]
        if not self.chance(self.style.generic):
            return self.op("transpose", [v], groups, v.elem, permutation=permutation)
        rank = len(groups)
        source = [groups.index(g) for g in v.groups]
        return self.op("generic", [v], groups, v.elem, maps=[source, list(range(rank))],
                       iterators=["parallel"] * rank, body=[Scalar("in", [], v.elem, 0)], inits=[None])

    def broadcast(self, v, axes):
        """v (one axis per dimension) repeated along ``axes``, in a random place."""
        groups = list(v.groups)
        for a in axes:
            groups.insert(self.rng.randrange(len(groups) + 1) if self.chance(0.5) else 0, (a,))
        rank, form = len(groups), self.rng.choice(["generic", "unit", "named", "extract"])
        if form == "named":
            return self.op("broadcast", [v], groups, v.elem,
                           dimensions=[i for i, g in enumerate(groups) if g not in v.groups])
        if form == "unit" and v.groups:
            v = self.expand(v, tuple(g if g in v.groups else () for g in groups))
        source = [groups.index(g) if g else None for g in v.groups]
        identity, parallel = list(range(rank)), ["parallel"] * rank
        if form == "extract":
            indices = [Scalar("index", [], "index", i) for i in source]
            element = Scalar("extract", indices, v.elem, 0)
            return self.op("generic", [v], groups, v.elem, maps=[identity], iterators=parallel,
                           body=[element], inits=[None], captures=1)
        return self.op("generic", [v], groups, v.elem, maps=[source, identity], iterators=parallel,
                       body=[Scalar("in", [], v.elem, 0)], inits=[None])

    def vary(self, v):
        """v in another layout, perhaps."""
        if self.chance(self.style.shuffle):
            groups = list(self.split(v).groups) if self.chance(0.5) else [g for g in v.groups if g]
            self.rng.shuffle(groups)
            v = self.arrange(v, groups)
        return v

    def fold(self, axes):
        """``axes`` as groups: some neighbours folded into one dimension."""
        groups = [[axes[0]]] if axes else []
        for a in axes[1:]:
            # Upstream's passes do not take two run-time sizes in one dimension.
            if self.chance(self.style.fold) and len(self.dynamic & {a, *groups[-1]}) < 2:
                groups[-1].append(a)
            else:
                groups.append([a])
        return tuple(tuple(g) for g in groups)

    # -- elementwise -------------------------------------------------------------

    def number(self, value, elem):
        """The constant as a scalar: of another type, or read from a tensor."""
        if is_float(elem) and abs(value) < 1e30:
            if elem != "f64" and self.chance(self.style.wide_constant):
                return cast(const(value, "f64"), elem)
        if self.chance(self.style.constant_tensor):
            groups = () if self.chance(0.7) else ((),)
            shape = (1,) * len(groups)
            return self.leaf(self.constant(np.full(shape, value, np.float64 if is_float(elem) else np.int64),
                                           groups, elem))
        return const(value, elem)

    def leaf(self, value):
        return Scalar("tensor", [], value.elem, value)

    def axis(self, name, elem="i64"):
        position = Scalar("axis", [], "index", name)
        return position if elem == "index" else cast(position, elem)

    def elementwise(self, expr, axes=()):
        """The scalar expression at every point of its axes, and of ``axes``."""
        axes = set(axes)
        return self.evaluate(self.cut(expr, axes), axes)

    def cut(self, expr, axes):
        """Some subexpressions evaluated to tensors of their own."""
        memo = {}

        def visit(s):
            if id(s) in memo:
                return memo[id(s)]
            args = []
            for a in s.args:
                a = visit(a)
                if a.op not in Scalar.LEAVES and self.chance(self.style.cut) and self.axes_of(a):
                    key = ("cut", id(a))
                    if key not in memo:
                        memo[key] = self.leaf(self.evaluate(a, set()))
                        memo[("keep", id(a))] = a
                    a = memo[key]
                args.append(a)
            memo[id(s)] = s if args == s.args else Scalar(s.op, args, s.elem, s.attr)
            return memo[id(s)]

        return visit(expr)

    def axes_of(self, expr):
        axes = set()
        for s in expr.walk():
            if s.op == "tensor":
                axes.update(a for g in s.attr.groups for a in g)
            elif s.op == "axis":
                axes.add(s.attr)
        return axes

    def evaluate(self, expr, axes):
        axes = axes | self.axes_of(expr)
        if expr.op == "tensor" and axes == self.axes_of(expr):
            return expr.attr
        loops = self.loop_groups(expr, axes)
        named = self.evaluate_named(expr, loops)
        if named is not None:
            return named
        inputs, maps, memo = [], [], {}

        def place(s):
            if id(s) in memo:
                return memo[id(s)]
            if s.op == "tensor":
                value, source = self.fit(s.attr, loops)
                known = [i for i, v in enumerate(inputs) if v is value]
                if not known:
                    inputs.append(value)
                    maps.append(source)
                made = Scalar("in", [], s.elem, known[0] if known else len(inputs) - 1)
            elif s.op == "axis":
                made = self.position(s.attr, loops)
            else:
                made = Scalar(s.op, [place(a) for a in s.args], s.elem, s.attr)
            memo[id(s)] = made
            return made

        body = place(expr)
        rank, out = len(loops), list(range(len(loops)))
        if self.chance(self.style.shuffle / 2):
            self.rng.shuffle(out)
        return self.op("generic", inputs, [loops[i] for i in out], expr.elem, maps=[*maps, out],
                       iterators=["parallel"] * rank, body=[body], inits=[None])

    def evaluate_named(self, expr, loops):
        """A single operation on tensors of the full shape, or None."""
        if expr.op not in _NAMED or not self.chance(self.style.named):
            return None
        if any(a.op not in ("tensor", "const") for a in expr.args):
            return None
        operands = []
        for a in expr.args:
            if a.op == "const":
                shape = [d.size for d in self.dims(loops)]
                if math.prod(shape) > 4096 or any(d.symbols for d in self.dims(loops)):
                    return None
                operands.append(self.constant(np.full(shape, a.attr), loops, a.elem))
            else:
                operands.append(self.arrange(a.attr, loops))
        if self.chance(0.5):
            return self.op("tensor_arith", operands, loops, expr.elem, name=expr.op)
        return self.op("named", operands, loops, expr.elem, name=_NAMED[expr.op], inits=[None])

    def loop_groups(self, expr, axes):
        """The dimensions to compute ``expr`` in: those of an operand that has all."""
        full = [s.attr for s in expr.walk()
                if s.op == "tensor" and {a for g in s.attr.groups for a in g} == axes]
        order = sorted(axes, key=self.order)
        if full and not self.chance(0.1):
            groups = max(full, key=lambda v: len(v.groups)).groups
        else:
            groups = self.fold(order)
        # ``position`` takes sizes as constants.
        asked = {s.attr for s in expr.walk() if s.op == "axis"}
        if any(len(g) > 1 and asked & set(g) and self.dynamic & set(g) for g in groups):
            return tuple((a,) for a in order)
        return groups

    def order(self, axis):
        """The usual order of axes: batches, heads, rows, keys, features."""
        return list(self.sizes).index(axis)

    def fit(self, v, loops):
        """v so that each of its dimensions is a loop or a unit: (v, map)."""
        where = {g: i for i, g in enumerate(loops)}
        if any(g and g not in where for g in v.groups):
            mine = {a for g in v.groups for a in g}
            v = self.arrange(v, [g for g in loops if mine & set(g)])
        elif self.chance(self.style.spread) and any(g not in v.groups for g in loops if g):
            v = self.arrange(v, [g for g in loops if g])
        if self.chance(self.style.units):
            mine = [g for g in v.groups if g]
            if mine == [g for g in loops if g in mine]:
                v = self.arrange(v, [g if g in mine else () for g in loops])
        return v, [where[g] if g else None for g in v.groups]

    def position(self, axis, loops):
        """The index along ``axis`` from those of the loops."""
        for i, group in enumerate(loops):
            if axis in group:
                at, inner = group.index(axis), math.prod(
                    self.sizes[a] for a in group[group.index(axis) + 1:])
                index = Scalar("index", [], "index", i)
                if inner > 1:
                    index = apply("arith.divui", index, const(inner, "index"))
                if at > 0:
                    index = apply("arith.remui", index, const(self.sizes[axis], "index"))
                return index
        raise AssertionError(f"no loop over {axis}")

    # -- reductions --------------------------------------------------------------

    def reduce(self, v, axis, combiner, init, keep=None):
        """v reduced over ``axis`` by an arith operation from ``init``."""
        if (axis,) not in v.groups:
            v = self.arrange(v, self.fold([a for g in v.groups for a in g if a != axis]) + ((axis,),))
        if self.chance(self.style.shuffle / 2):
            v = self.transpose(self.drop_units(v), [g for g in v.groups if g and g != (axis,)] + [(axis,)])
        at, keep = v.groups.index((axis,)), self.chance(0.5) if keep is None else keep
        if not keep and not self.chance(self.style.generic) and all(v.groups):
            groups = v.groups[:at] + v.groups[at + 1:]
            return self.op("reduce", [v], groups, v.elem, combiner=combiner, dimension=at, inits=[init])
        groups = tuple(() if g == (axis,) else g for g in v.groups)
        target = [None if i == at else i for i in range(len(groups))]
        if not keep:
            groups, target = groups[:at] + groups[at + 1:], target[:at] + target[at + 1:]
        out, element = Scalar("out", [], v.elem, 0), Scalar("in", [], v.elem, 0)
        body = apply(combiner, *((out, element) if self.chance(0.5) else (element, out)))
        return self.op("generic", [v], groups, v.elem,
                       maps=[list(range(len(v.groups))), target],
                       iterators=["reduction" if i == at else "parallel" for i in range(len(v.groups))],
                       body=[body], inits=[init])

    def argmax(self, v, axis, init):
        """The maximum over ``axis`` as frameworks write it, with a dead index."""
        if (axis,) not in v.groups:
            v = self.arrange(v, self.fold([a for g in v.groups for a in g if a != axis]) + ((axis,),))
        at = v.groups.index((axis,))
        groups = v.groups[:at] + v.groups[at + 1:]
        target = [i for i in range(len(v.groups)) if i != at]
        x, best = Scalar("in", [], v.elem, 0), Scalar("out", [], v.elem, 0)
        index = cast(Scalar("index", [], "index", at), "i64")
        where = apply("arith.select", compare("ogt", x, best), index, Scalar("out", [], "i64", 1))
        values = [Value(self.dims(groups), v.elem, groups), Value(self.dims(groups), "i64", groups)]
        self.function.ops.append(Op(
            "generic", [v], values, maps=[list(range(len(v.groups))), target, target],
            iterators=["reduction" if i == at else "parallel" for i in range(len(v.groups))],
            body=[apply("arith.maximumf", x, best), where], inits=[init, 0]))
        return values[0]

    # -- contractions ------------------------------------------------------------

    def contract(self, a, b, summed, elem, init=0.0):
        """The sum over the axes ``summed`` of a * b, in the type ``elem``. ``init`` is a
        number, or a Value with the axes of the result."""
        mine, other = ({x for g in v.groups for x in g} for v in (a, b))
        summed = set(summed)
        if isinstance(init, Value):
            form = "generic"
        else:
            form = self.style.contraction or self.rng.choice(
                ["generic", "batch_matmul", "batch_matmul", "contract"])
        if self.chance(0.5):
            a, b, mine, other = b, a, other, mine
        ordered = lambda axes: tuple(sorted(axes, key=self.order))
        batch, m = ordered((mine & other) - summed), ordered(mine - other - summed)
        n, k = ordered(other - mine - summed), ordered(summed)
        if form == "batch_matmul":
            return self.matmul(a, b, batch, m, n, k, elem, init)
        return self.contract_generic(a, b, batch, m, n, k, elem, init, form)

    def matmul(self, a, b, batch, m, n, k, elem, init):
        """As linalg.matmul and its relatives, after folding into their ranks."""
        lead = (batch,) if batch else ()
        if not m:
            return self.matmul(b, a, batch, n, m, k, elem, init) if n else \
                self.contract_generic(a, b, batch, m, n, k, elem, init, "generic")
        if not n and self.chance(0.7):
            a, b = self.arrange(a, (*lead, m, k)), self.arrange(b, (*lead, k))
            name = "linalg.batch_matvec" if batch else "linalg.matvec"
            return self.op("named", [a, b], (*lead, m), elem, name=name, inits=[init])
        if not lead and self.chance(0.5):
            lead = ((),)
        rank = 3 if lead else 2
        a_groups, b_groups = (*lead, m, k), (*lead, k, n)
        attributes = ""
        # A transposed operand is a map of the operation.
        if self.chance(0.2):
            exprs = {"a": [rank - 2, rank], "b": [rank, rank - 1], "c": [rank - 2, rank - 1]}
            if self.chance(0.5):
                a_groups, exprs["a"] = (*lead, k, m), [rank, rank - 2]
            else:
                b_groups, exprs["b"] = (*lead, n, k), [rank - 1, rank]
            prefix = [0] if rank == 3 else []
            maps = ", ".join(affine_map(rank + 1, prefix + exprs[x]) for x in "abc")
            attributes = f"indexing_maps = [{maps}] "
        a, b = self.arrange(a, a_groups), self.arrange(b, b_groups)
        name = "linalg.batch_matmul" if rank == 3 else "linalg.matmul"
        return self.op("named", [a, b], (*lead, m, n), elem, name=name, attributes=attributes,
                       inits=[init])

    def contract_generic(self, a, b, batch, m, n, k, elem, init, form):
        """As linalg.generic or linalg.contract, over the operands' own dimensions."""
        out = [*batch, *m, *n]
        if isinstance(init, Value):
            init = self.arrange(init, [(x,) for x in out])
        a, b = (self.split(v) if any(0 < len(set(g) & set(k)) < len(g) for g in v.groups) else v
                for v in (a, b))
        a, b = self.align(a, b)
        groups = []
        for v in (a, b):
            groups += [g for g in v.groups if g and g not in groups]
        result = [g for g in groups if not set(g) & set(k)]
        if isinstance(init, Value):
            a, b = self.split(a), self.split(b)
            result, groups = [(x,) for x in out], [(x,) for x in (*out, *k)]
        elif not self.chance(self.style.shuffle):
            result.sort(key=lambda g: out.index(g[0]))
        if form == "contract":
            a, b = self.drop_units(a), self.drop_units(b)
        loops = result + [g for g in groups if set(g) & set(k)]
        maps = [[loops.index(g) if g else None for g in v.groups] for v in (a, b)]
        maps.append([loops.index(g) for g in result])
        operands, inits = ([a, b, init], ["operand"]) if isinstance(init, Value) else ([a, b], [init])
        if form == "contract":
            text = ", ".join(affine_map(len(loops), m) for m in maps)
            return self.op("named", operands, result, elem, name="linalg.contract",
                           attributes=f"indexing_maps = [{text}] ", inits=inits)
        x, y = (cast(Scalar("in", [], v.elem, i), elem) for i, v in enumerate((a, b)))
        product = apply("arith.mulf", *((x, y) if self.chance(0.5) else (y, x)))
        total = Scalar("out", [], elem, 0)
        body = apply("arith.addf", *((total, product) if self.chance(0.5) else (product, total)))
        return self.op("generic", operands, result, elem, maps=maps,
                       iterators=["reduction" if set(g) & set(k) else "parallel" for g in loops],
                       body=[body], inits=inits)

    def align(self, a, b):
        """a and b so that no dimension of one is part of a dimension of the other."""
        for _ in range(2):
            other = {g for g in b.groups if g}
            axes = {x for g in other for x in g}
            if any(len(g) > 1 and g not in other and set(g) & axes for g in a.groups) or any(
                    g not in other and set(g) & axes for g in a.groups if g):
                a = self.split(self.drop_units(a))
            a, b = b, a
        return a, b
