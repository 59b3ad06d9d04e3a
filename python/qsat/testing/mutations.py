"""Changes to a program that may or may not leave it an attention.

Each takes a ``Function`` of ``ir`` and a random generator, changes it in place at a
random spot and returns True, or returns False where it finds none. All keep the program
valid; whether the result is still an attention is for numbers to decide.
"""

from __future__ import annotations

import math

import numpy as np

from .ir import Op, Scalar, Value, apply, cast, compare, const, is_float

_BINARY = ["arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.maximumf", "arith.minimumf"]
_UNARY = ["math.exp", "math.exp2", "math.tanh", "math.absf", "arith.negf", "math.sqrt", "math.log",
          "math.sin"]
_INTEGER = ["arith.addi", "arith.subi", "arith.muli", "arith.maxsi", "arith.minsi"]
_PREDICATES = ["slt", "sle", "sgt", "sge", "eq", "ne", "ult", "ule", "ugt", "uge"]


# -- places ----------------------------------------------------------------------


def _generics(function):
    return [op for op in function.ops if op.kind == "generic"]


def _scalars(function, wanted):
    """(op, scalar) of all bodies for which ``wanted(scalar)``, but for what would leave
    behaviour undefined when changed: subscripts and integer division."""
    places = []
    for op in _generics(function):
        for root in op.attrs["body"]:
            nodes = list(root.walk())
            unsafe = {id(s) for s in nodes if "div" in s.op and not is_float(s.elem) or "rem" in s.op}
            unsafe |= {id(a) for s in nodes if id(s) in unsafe for a in s.args}
            unsafe |= {id(a) for s in nodes if s.op == "extract" for i in s.args for a in i.walk()}
            places += [(op, s) for s in nodes if id(s) not in unsafe and wanted(s)]
    return places


def _edges(function, wanted=lambda value: True):
    """(op, operand number): uses of tensors."""
    return [(op, n) for op in function.ops for n, v in enumerate(op.operands) if wanted(v)]


def _floats(function):
    return _edges(function, lambda v: is_float(v.elem))


def _insert_before(function, op, new):
    function.ops.insert(next(i for i, o in enumerate(function.ops) if o is op), new)


def _earlier(function, op):
    """Values that may be used where ``op`` is."""
    values = list(function.arguments)
    for other in function.ops:
        if other is op:
            return values
        values.extend(other.results)
    return values


def _alike(x, y):
    """The same type, and the same sizes where they are known at run time only."""
    return x.elem == y.elem and x.dims == y.dims


def _map(v, body):
    """An op that computes ``body(element, indices)`` at every point of v."""
    rank = len(v.dims)
    indices = [Scalar("index", [], "index", i) for i in range(rank)]
    out = Value(v.dims, v.elem, v.groups)
    return Op("generic", [v], [out], maps=[list(range(rank))] * 2, iterators=["parallel"] * rank,
              body=[body(Scalar("in", [], v.elem, 0), indices)], inits=[None])


def _rewire(function, rng, op, number, new):
    """Makes operand ``number`` of ``op`` the result of ``new``; sometimes all later uses."""
    old = op.operands[number]
    _insert_before(function, op, new)
    everywhere = rng.random() < 0.4
    seen = False
    for other in function.ops:
        seen = seen or other is op
        if seen and (everywhere or other is op):
            for n, v in enumerate(other.operands):
                if v is old and other is not new and (everywhere or n == number):
                    other.operands[n] = new.result
    if everywhere:
        function.results = [new.result if v is old else v for v in function.results]


# -- constants and scalars -------------------------------------------------------


def constant(function, rng):
    """Another number in a body."""
    places = _scalars(function, lambda s: s.op == "const" and s.elem != "i1")
    if not places:
        return False
    _, s = rng.choice(places)
    if is_float(s.elem):
        s.attr = rng.choice([s.attr * 2, -s.attr, s.attr * 1.01, s.attr + 1, 0.0, 1.0, -1e4, -1e9,
                             math.inf, -math.inf, 0.5, -3.0, s.attr / math.log(2)])
        if math.isnan(s.attr):
            s.attr = 1.0
    else:
        big = {"i8": 127, "i32": 2**31 - 1}.get(s.elem, 2**63 - 1)
        s.attr = rng.choice([s.attr + 1, s.attr - 1, -s.attr, s.attr * 2, 0, big, -big - 1, big - 3])
        low, high = -big - 1, big
        s.attr = max(low, min(high, s.attr))
    return True


def whole_constant(function, rng):
    """Another element, or other elements, in a constant tensor."""
    places = [op for op in function.ops if op.kind == "constant" and op.attrs["array"].size]
    if not places:
        return False
    op = rng.choice(places)
    array = np.array(op.attrs["array"])
    at = rng.randrange(array.size)
    with np.errstate(over="ignore"):
        if op.result.elem == "i1":
            array.flat[at] = not array.flat[at]
        elif rng.random() < 0.5:
            array.flat[at] = array.flat[at] * 2 + 1
        else:
            array = array * 2
    op.attrs["array"] = array
    return True


def init(function, rng):
    """What a reduction or a contraction starts from."""
    places = [(op, i) for op in function.ops for i, x in enumerate(op.attrs.get("inits", []))
              if x is not None and x != "operand" and is_float(op.results[i].elem)]
    if not places:
        return False
    op, i = rng.choice(places)
    numbers = [0.0, 1.0, -1.0, 0.5, 1e-3, -math.inf, math.inf, math.nan, -0.0]
    if op.attrs["inits"][i]:
        # Of a maximum. Not of a sum: next to these, scores are lost by rounding.
        numbers += [-1e4, -1e30, -3.0e38]
    op.attrs["inits"][i] = rng.choice(numbers)
    return True


def operation(function, rng):
    """Another scalar operation of the same type."""
    families = [_BINARY, _UNARY, _INTEGER, ["arith.andi", "arith.ori", "arith.xori"]]
    places = [(s, f) for op, s in _scalars(function, lambda s: True) for f in families if s.op in f]
    if not places:
        return False
    s, family = rng.choice(places)
    s.op = rng.choice([o for o in family if o != s.op])
    return True


def predicate(function, rng):
    """Another comparison."""
    places = _scalars(function, lambda s: s.op in ("arith.cmpi", "arith.cmpf"))
    if not places:
        return False
    _, s = rng.choice(places)
    options = _PREDICATES if s.op == "arith.cmpi" else ["oeq", "ogt", "olt", "une", "ole", "ugt", "ueq"]
    s.attr = rng.choice([p for p in options if p != s.attr])
    return True


def swap(function, rng):
    """The operands of a scalar operation the other way round."""
    def swappable(s):
        return (s.op not in Scalar.LEAVES and len(s.args) >= 2
                and s.args[-1].elem == s.args[-2].elem and s.args[-1] is not s.args[-2])

    places = _scalars(function, swappable)
    if not places:
        return False
    _, s = rng.choice(places)
    s.args[-1], s.args[-2] = s.args[-2], s.args[-1]
    return True


def argument(function, rng):
    """A scalar operation on another scalar of its body."""
    places = _scalars(function, lambda s: s.op not in Scalar.LEAVES and s.args)
    rng.shuffle(places)
    for op, s in places:
        n = rng.randrange(len(s.args))
        options = [x for root in op.attrs["body"] for x in root.walk()
                   if x.elem == s.args[n].elem and x is not s.args[n]
                   and all(y is not s for y in x.walk())]
        options += [Scalar("in", [], v.elem, i) for i, v in enumerate(
            op.operands[:len(op.attrs["maps"]) - len(op.results)]) if v.elem == s.args[n].elem]
        if options:
            s.args[n] = rng.choice(options)
            return True
    return False


def square(function, rng):
    """A tensor times itself, or in the power of something."""
    places = _floats(function)
    if not places:
        return False
    op, n = rng.choice(places)
    v = op.operands[n]
    how = rng.choice([lambda x, i: apply("arith.mulf", x, x), lambda x, i: apply("arith.addf", x, x),
                      lambda x, i: apply("math.absf", x), lambda x, i: apply("arith.negf", x)])
    _rewire(function, rng, op, n, _map(v, how))
    return True


# -- tensors ---------------------------------------------------------------------


def operand(function, rng):
    """Another tensor of the same type as an operand."""
    places = _edges(function)
    rng.shuffle(places)
    for op, n in places:
        v = op.operands[n]
        options = [x for x in _earlier(function, op) if x is not v and _alike(x, v)]
        if options:
            op.operands[n] = rng.choice(options)
            return True
    return False


def factor(function, rng):
    """A tensor times (or plus, or clamped by) a number that is the same everywhere."""
    places = _floats(function)
    if not places:
        return False
    op, n = rng.choice(places)
    number = const(rng.choice([2.0, -1.0, 0.5, 1.25, 0.0]), op.operands[n].elem)
    how = rng.choice(["arith.mulf", "arith.mulf", "arith.addf", "arith.divf", "arith.maximumf",
                      "arith.minimumf", "arith.subf"])
    if how == "arith.divf" and number.attr == 0.0:
        number.attr = 3.0
    _rewire(function, rng, op, n, _map(op.operands[n], lambda x, i: apply(how, x, number)))
    return True


def uneven(function, rng):
    """A tensor times (or plus) what differs along one of its dimensions."""
    places = [(op, n) for op, n in _floats(function) if op.operands[n].dims]
    if not places:
        return False
    op, n = rng.choice(places)
    v = op.operands[n]
    dim = rng.randrange(len(v.dims))

    def body(x, indices):
        at = cast(cast(indices[dim], "i64"), v.elem)
        amount = apply("arith.addf", apply("arith.mulf", at, const(0.25, v.elem)), const(0.75, v.elem))
        return apply(rng.choice(["arith.mulf", "arith.addf", "arith.subf", "arith.divf"]), x, amount)

    _rewire(function, rng, op, n, _map(v, body))
    return True


def masked(function, rng):
    """A tensor with a number in some places: by index, as dropout and masks do."""
    places = [(op, n) for op, n in _floats(function) if op.operands[n].dims]
    if not places:
        return False
    op, n = rng.choice(places)
    v = op.operands[n]
    first, second = rng.randrange(len(v.dims)), rng.randrange(len(v.dims))
    number = const(rng.choice([0.0, 0.0, -math.inf, -1e4, -1e9, 1.0, -2.0]), v.elem)
    kind = rng.choice(["order", "last", "odd", "value"])

    def body(x, indices):
        i, j = indices[first], indices[second]
        if kind == "value":
            hidden = compare("ogt", x, const(0.5, v.elem))
        elif kind == "order" and first != second:
            hidden = compare("slt", i, j)
        elif kind == "odd":
            hidden = compare("eq", apply("arith.remui", i, const(2, "index")), const(1, "index"))
        else:
            hidden = compare("eq", i, const(v.dims[first].size - 1, "index"))
        return apply("arith.select", hidden, number, x, elem=v.elem)

    _rewire(function, rng, op, n, _map(v, body))
    return True


def combined(function, rng):
    """A tensor times, plus or replaced by another of the same type."""
    places = _floats(function)
    rng.shuffle(places)
    for op, n in places:
        v = op.operands[n]
        options = [x for x in _earlier(function, op) if _alike(x, v)]
        if options:
            other = rng.choice(options)
            rank = len(v.dims)
            how = rng.choice(["arith.mulf", "arith.addf", "arith.subf", "arith.maximumf"])
            new = Op("generic", [v, other], [Value(v.dims, v.elem, v.groups)],
                     maps=[list(range(rank))] * 3, iterators=["parallel"] * rank,
                     body=[apply(how, Scalar("in", [], v.elem, 0), Scalar("in", [], v.elem, 1))],
                     inits=[None])
            _rewire(function, rng, op, n, new)
            return True
    return False


def turned(function, rng):
    """A tensor with its elements moved along a dimension: reversed or by one."""
    places = [(op, n) for op, n in _edges(function)
              if any(d.size > 1 and not d.symbols for d in op.operands[n].dims)]
    if not places:
        return False
    op, n = rng.choice(places)
    v = op.operands[n]
    dim = rng.choice([i for i, d in enumerate(v.dims) if d.size > 1 and not d.symbols])
    size, rank = v.dims[dim].size, len(v.dims)
    indices = [Scalar("index", [], "index", i) for i in range(rank)]
    if rng.random() < 0.5:
        indices[dim] = apply("arith.subi", const(size - 1, "index"), indices[dim])
    else:
        moved = apply("arith.addi", indices[dim], const(1, "index"))
        indices[dim] = apply("arith.remui", moved, const(size, "index"))
    new = Op("generic", [v], [Value(v.dims, v.elem, v.groups)], maps=[list(range(rank))],
             iterators=["parallel"] * rank, body=[Scalar("extract", indices, v.elem, 0)],
             inits=[None], captures=1)
    _rewire(function, rng, op, n, new)
    return True


def rounded(function, rng):
    """A tensor through a narrower type."""
    places = _edges(function, lambda v: v.elem in ("f64", "f32"))
    if not places:
        return False
    op, n = rng.choice(places)
    narrow = rng.choice(["f16", "bf16"] + ["f32"] * (op.operands[n].elem == "f64"))
    _rewire(function, rng, op, n, _map(op.operands[n], lambda x, i: cast(cast(x, narrow), x.elem)))
    return True


# -- axes ------------------------------------------------------------------------


def _pairs(sizes):
    """Pairs of different positions of equal size."""
    return [(i, j) for i in range(len(sizes)) for j in range(i) if sizes[i] == sizes[j]]


def exchanged(function, rng):
    """A tensor transposed along two dimensions of equal size."""
    places = [(op, n) for op, n in _edges(function) if _pairs(op.operands[n].dims)]
    if not places:
        return False
    op, n = rng.choice(places)
    v = op.operands[n]
    i, j = rng.choice(_pairs(v.dims))
    permutation = list(range(len(v.dims)))
    permutation[i], permutation[j] = j, i
    new = Op("transpose", [v], [Value(v.dims, v.elem, v.groups)], permutation=permutation)
    _rewire(function, rng, op, n, new)
    return True


def axis(function, rng):
    """Another axis in the map of a generic: two of equal size are exchanged."""
    places = []
    for op in _generics(function):
        sizes = {}
        for v, m in zip([*op.operands[:len(op.attrs["maps"]) - len(op.results)], *op.results],
                        op.attrs["maps"]):
            sizes.update({e: d for e, d in zip(m, v.dims) if isinstance(e, int)})
        loops = sorted(sizes)
        for i, j in _pairs([sizes[x] for x in loops]):
            for number, m in enumerate(op.attrs["maps"]):
                if loops[i] in m or loops[j] in m:
                    places.append((op, number, loops[i], loops[j]))
    if not places:
        return False
    op, number, i, j = rng.choice(places)
    maps = [list(m) for m in op.attrs["maps"]]
    if number >= len(maps) - len(op.results):
        # The result: which of two equal loops is reduced.
        kinds = op.attrs["iterators"]
        if kinds[i] == kinds[j] or any(m.count(i) + m.count(j) > 1 for m in maps[-len(op.results):]):
            return False
        op.attrs["iterators"] = list(kinds)
        op.attrs["iterators"][i], op.attrs["iterators"][j] = kinds[j], kinds[i]
        changed = range(len(maps) - len(op.results), len(maps))
    else:
        changed = [number]
    for c in changed:
        maps[c] = [j if e == i else i if e == j else e for e in maps[c]]
    op.attrs["maps"] = maps
    return True


def index(function, rng):
    """Another loop index of equal size in a body, or one shifted, scaled or wrapped."""
    places = _scalars(function, lambda s: s.op == "arith.index_cast" and s.elem != "index")
    if not places:
        return False
    op, s = rng.choice(places)
    inner = Scalar(s.op, list(s.args), s.elem, s.attr)
    how = rng.choice(["loop", "shift", "scale", "narrow", "wrap", "modulo"])
    if how == "loop":
        others = [i for i in range(len(op.attrs["iterators"]))]
        s.args = [Scalar("index", [], "index", rng.choice(others))]
        return True
    if how == "narrow":
        new = cast(apply("arith.addi", cast(inner, "i8"), const(rng.choice([1, 120, 124, -126]), "i8")), s.elem)
    elif how == "wrap":
        big = 2 ** (31 if s.elem == "i32" else 63) - 1
        new = apply("arith.addi", inner, const(big - rng.randrange(4), s.elem))
    elif how == "scale":
        new = apply("arith.muli", inner, const(rng.choice([2, -1, 0, 3]), s.elem))
    elif how == "modulo":
        new = apply(rng.choice(["arith.remsi", "arith.divsi"]), inner, const(rng.choice([2, 3]), s.elem))
    else:
        new = apply("arith.addi", inner, const(rng.choice([1, -1, 2]), s.elem))
    s.op, s.args, s.attr = new.op, new.args, new.attr
    return True


def partial(function, rng):
    """Part of the axis that a contraction or a reduction sums over."""
    places = []
    for op in function.ops:
        if op.kind in ("generic", "reduce") and len(op.operands) >= 1:
            inputs = op.operands[:len(op.operands) - op.attrs.get("inits", []).count("operand")]
            if op.attrs.get("captures") or op.kind == "generic" and any(
                    s.op == "index" for root in op.attrs["body"] for s in root.walk()):
                continue
            if op.kind == "reduce":
                places.append((op, inputs, [[op.attrs["dimension"]]]))
                continue
            for loop, kind in enumerate(op.attrs["iterators"]):
                if kind == "reduction":
                    at = [[i for i, e in enumerate(m) if e == loop] for m in op.attrs["maps"]]
                    places.append((op, inputs, at))
    places = [(op, inputs, at) for op, inputs, at in places
              if all(v.dims[i].size > 1 and not v.dims[i].symbols
                     for v, where in zip(inputs, at) for i in where)]
    if not places:
        return False
    op, inputs, at = rng.choice(places)
    from_start = rng.random() < 0.5
    for n, (v, where) in enumerate(zip(inputs, at)):
        if not where:
            continue
        dims, offsets = list(v.dims), [0] * len(v.dims)
        for i in where:
            dims[i] = type(dims[i])(dims[i].size - 1)
            offsets[i] = 0 if from_start else 1
        new = Op("slice", [v], [Value(dims, v.elem)], offsets=offsets)
        _insert_before(function, op, new)
        op.operands[n] = new.result
    return True


ALL = [constant, whole_constant, init, operation, predicate, swap, argument, square, operand, factor,
       uneven, masked, combined, turned, rounded, exchanged, axis, index, partial]


def mutate(function, rng, count=1):
    """``count`` random changes; the names of those that were made."""
    made = []
    for _ in range(20 * count):
        if len(made) == count:
            break
        change = rng.choice(ALL)
        if change(function, rng):
            made.append(change.__name__)
    function.prune()
    return made
