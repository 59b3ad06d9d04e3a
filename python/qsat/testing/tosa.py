"""The operations of attention as TOSA: whole tensors of one rank, broadcast by unit
dimensions, reductions that keep theirs, matrix products of rank 3 and no division."""

from __future__ import annotations

import numpy as np

from .builder import Builder
from .ir import Scalar, is_float

_BINARY = {"arith.addf": "add", "arith.subf": "sub", "arith.mulf": "mul", "arith.maximumf": "maximum",
           "arith.addi": "add", "arith.subi": "sub", "arith.andi": "logical_and",
           "arith.ori": "logical_or", "math.powf": "pow"}
_UNARY = {"math.exp": "exp", "math.tanh": "tanh", "math.log": "log"}
#: predicate -> (operation, operands swapped, result negated)
_COMPARE = {"sge": ("greater_equal", False, False), "sle": ("greater_equal", True, False),
            "sgt": ("greater", False, False), "slt": ("greater", True, False),
            "eq": ("equal", False, False), "oeq": ("equal", False, False),
            "une": ("equal", False, True), "ogt": ("greater", False, False)}


class TosaBuilder(Builder):
    """As Builder, in TOSA."""

    def tosa(self, name, operands, groups, elem, **attrs):
        return self.op("tosa", operands, groups, elem, name=name, **attrs)

    # -- layouts -----------------------------------------------------------------

    def constant(self, array, groups, elem):
        return self.tosa("const", [], groups, elem, array=np.asarray(array))

    def reshape(self, v, groups):
        return self.tosa("reshape", [v], groups, v.elem, shape=[d.size for d in self.dims(groups)])

    collapse = expand = reshape

    def transpose(self, v, groups):
        groups = tuple(groups)
        if v.groups == groups:
            return v
        return self.tosa("transpose", [v], groups, v.elem, perms=[v.groups.index(g) for g in groups])

    def broadcast(self, v, axes):
        groups = list(v.groups)
        for a in axes:
            groups.insert(self.rng.randrange(len(groups) + 1), (a,))
        v = self.expand(v, tuple(g if g in v.groups else () for g in groups))
        sizes = [d.size if old == () else 1 for d, old in zip(self.dims(groups), v.groups)]
        return self.tosa("tile", [v], groups, v.elem, shape=sizes)

    # -- elementwise -------------------------------------------------------------

    def number(self, value, elem):
        return Scalar("const", [], elem, value)

    def axis(self, name, elem="i64"):
        return Scalar("axis", [], "i32", name)

    def elementwise(self, expr, axes=()):
        axes = set(axes) | self.axes_of(expr)
        loops = self.loop_groups(expr, axes)
        memo = {}
        value = self.at(expr, loops, memo)
        return value if value.elem == expr.elem else self.tosa("cast", [value], value.groups, expr.elem)

    def at(self, s, loops, memo):
        """The scalar at the rank of ``loops``, with units where it does not vary."""
        if id(s) not in memo:
            memo[id(s)] = self.place(s, loops, memo)
        return memo[id(s)]

    def place(self, s, loops, memo):
        units = ((),) * len(loops)
        if s.op == "const":
            elem = "i32" if s.elem in ("i64", "index") else s.elem
            return self.constant(np.full((1,) * len(loops), s.attr), units, elem)
        if s.op == "axis":
            group = next(g for g in loops if s.attr in g)
            at = group.index(s.attr)
            inner = int(np.prod([self.sizes[a] for a in group[at + 1:]], dtype=int))
            size = self.dims([group])[0].size
            values = np.arange(size) // inner % self.sizes[s.attr]
            return self.arrange(self.constant(values, (group,), "i32"),
                                [group if g == group else () for g in loops])
        if s.op == "tensor":
            v, _ = self.fit(s.attr, loops)
            mine = [g for g in v.groups if g]
            v = self.arrange(v, [g for g in loops if g in mine])
            return self.arrange(v, [g if g in mine else () for g in loops])
        args = [self.at(a, loops, memo) for a in s.args]
        return self.operate(s, args)

    def operate(self, s, args):
        groups = tuple(next((a.groups[i] for a in args if a.groups[i]), ())
                       for i in range(len(args[0].groups)))
        make = lambda name, operands, elem: self.tosa(name, operands, groups, elem)
        if s.op == "arith.divf":
            inverse = self.tosa("reciprocal", [args[1]], args[1].groups, args[1].elem)
            return make("mul", [args[0], inverse], s.elem)
        if s.op == "math.exp2":
            two = self.constant(np.full((1,) * len(groups), 2.0), ((),) * len(groups), s.elem)
            return make("pow", [two, args[0]], s.elem)
        if s.op in ("arith.cmpi", "arith.cmpf"):
            if args[0].elem == "i1":  # x == false
                return make("logical_not", [args[0]], "i1")
            name, swapped, negated = _COMPARE[s.attr]
            result = make(name, args[::-1] if swapped else args, "i1")
            return self.tosa("logical_not", [result], groups, "i1") if negated else result
        if s.op == "arith.xori":
            return make("logical_not", [args[0]], "i1")
        if s.op == "arith.select":
            return make("select", args, s.elem)
        if s.op in _UNARY:
            return make(_UNARY[s.op], args, s.elem)
        if s.op in _BINARY:
            elem = s.elem if is_float(s.elem) or s.elem == "i1" else "i32"
            return make(_BINARY[s.op], args, elem)
        elem = "i32" if s.elem in ("i64", "index") else s.elem
        return args[0] if args[0].elem == elem else make("cast", args, elem)

    # -- reductions and contractions ---------------------------------------------

    def reduce(self, v, axis, combiner, init, keep=None):
        if (axis,) not in v.groups:
            v = self.arrange(v, self.fold([a for g in v.groups for a in g if a != axis]) + ((axis,),))
        name = {"arith.addf": "reduce_sum", "arith.andi": "reduce_all", "arith.ori": "reduce_any"}.get(
            combiner, "reduce_max")
        at = v.groups.index((axis,))
        return self.tosa(name, [v], v.groups[:at] + ((),) + v.groups[at + 1:], v.elem, axis=at)

    def argmax(self, v, axis, init):
        return self.reduce(v, axis, "arith.maximumf", init)

    def contract(self, a, b, summed, elem, init=0.0):
        mine, other = ({x for g in v.groups for x in g} for v in (a, b))
        if self.chance(0.2):
            a, b, mine, other = b, a, other, mine
        ordered = lambda axes: tuple(sorted(axes, key=self.order))
        batch, m = ordered((mine & other) - set(summed)), ordered(mine - other - set(summed))
        n, k = ordered(other - mine - set(summed)), ordered(summed)
        a, b = self.arrange(a, (batch, m, k)), self.arrange(b, (batch, k, n))
        wide = "f32" if a.elem in ("f16", "bf16") else a.elem
        product = self.tosa("matmul", [a, b], (batch, m, n), wide)
        product = product if elem == wide else self.tosa("cast", [product], product.groups, elem)
        if not isinstance(init, (int, float)):
            init = self.arrange(init, product.groups)
            product = self.tosa("add", [product, init], product.groups, elem)
        return product

