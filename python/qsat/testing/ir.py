"""A small model of MLIR functions on tensors: enough to build, change and print them.

A ``Function`` is a list of ``Op``s in order; an ``Op`` has operands and results
(``Value``s) and attributes. The bodies of ``linalg.generic`` are trees of ``Scalar``s.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

#: numpy's names of the element types; bf16 has none there and travels as bits.
NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.uint16,
         "i64": np.int64, "i32": np.int32, "i8": np.int8, "i1": np.bool_}
#: Bits of -inf, +inf and NaN by float type: MLIR writes them in hexadecimal.
_SPECIAL = {
    "f64": (0xFFF0000000000000, 0x7FF0000000000000, 0x7FF8000000000000),
    "f32": (0xFF800000, 0x7F800000, 0x7FC00000),
    "f16": (0xFC00, 0x7C00, 0x7E00),
    "bf16": (0xFF80, 0x7F80, 0x7FC0),
}
#: The lowest finite number of each float type.
LOWEST = {"f64": -np.finfo(np.float64).max, "f32": -float(np.finfo(np.float32).max),
          "f16": -65504.0, "bf16": -3.3895313892515355e38}
WIDTH = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8, "i1": 1}


def is_float(elem):
    return elem in _SPECIAL


def literal(value, elem):
    """An attribute of MLIR: ``1.5``, ``0x7F800000``, ``true``, ``3``."""
    if elem == "i1":
        return "true" if value else "false"
    if not is_float(elem):
        return str(int(value))
    if math.isnan(value) or math.isinf(value):
        bits = _SPECIAL[elem][2 if math.isnan(value) else int(value > 0)]
        return f"0x{bits:0{WIDTH[elem] // 4}X}"
    return f"{float(value):.17e}"


@dataclass(frozen=True)
class Dim:
    """A dimension. ``symbols`` are the run-time sizes (name, size) it is a multiple of."""

    size: int
    symbols: tuple[tuple[str, int], ...] = ()

    @property
    def factor(self):
        """What the run-time sizes are multiplied by."""
        return self.size // math.prod(size for _, size in self.symbols)

    def __str__(self):
        return "?" if self.symbols else str(self.size)


class Value:
    """A tensor. ``groups`` are the axes of each dimension: the builder's notes."""

    __slots__ = ("dims", "elem", "groups", "name")

    def __init__(self, dims, elem, groups=None, name=None):
        self.dims, self.elem, self.groups, self.name = tuple(dims), elem, groups, name

    @property
    def shape(self):
        return tuple(d.size for d in self.dims)

    @property
    def type(self):
        return f"tensor<{''.join(f'{d}x' for d in self.dims)}{self.elem}>"


@dataclass(eq=False)
class Scalar:
    """One scalar of a body: a leaf or an operation on others.

    Leaves: ``in`` and ``out`` (a block argument, by number), ``const``, ``index``
    (a loop, by number), ``extract`` (an element of a captured tensor, by number; the
    arguments are its indices); before they are placed in a body ``tensor`` (a Value)
    and ``axis`` (a name).
    """

    op: str
    args: list["Scalar"] = field(default_factory=list)
    elem: str = "f32"
    attr: object = None

    LEAVES = ("in", "out", "const", "index", "extract", "tensor", "axis")

    def walk(self):
        """This and everything it is computed from, each once."""
        seen, stack = set(), [self]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            stack.extend(node.args)


def const(value, elem):
    return Scalar("const", [], elem, value)


def apply(op, *args, elem=None, attr=None):
    """An operation; its type is that of the last argument if not given."""
    return Scalar(op, list(args), elem or args[-1].elem, attr)


def compare(predicate, x, y):
    return Scalar("arith.cmpf" if is_float(x.elem) else "arith.cmpi", [x, y], "i1", predicate)


def cast(x, elem):
    """x as ``elem``, between floats or between integers (signed) and index."""
    if x.elem == elem:
        return x
    if "index" in (x.elem, elem):
        return apply("arith.index_cast", x, elem=elem)
    wider = WIDTH[elem] > WIDTH[x.elem]
    if is_float(x.elem) and is_float(elem):
        if WIDTH[elem] == WIDTH[x.elem]:
            return cast(cast(x, "f32"), elem)
        return apply("arith.extf" if wider else "arith.truncf", x, elem=elem)
    if is_float(elem):
        return apply("arith.uitofp" if x.elem == "i1" else "arith.sitofp", x, elem=elem)
    return apply("arith.extui" if x.elem == "i1" else "arith.extsi" if wider else "arith.trunci",
                 x, elem=elem)


_CASTS = {"arith.extf", "arith.truncf", "arith.index_cast", "arith.sitofp", "arith.uitofp",
          "arith.extui", "arith.extsi", "arith.trunci"}


class Op:
    """One operation. ``kind`` selects the printer below; see there for the attributes."""

    def __init__(self, kind, operands, results, **attrs):
        self.kind, self.operands, self.results, self.attrs = kind, list(operands), results, attrs

    @property
    def result(self):
        return self.results[0]


@dataclass
class Function:
    name: str
    arguments: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)

    def text(self):
        return _Printer(self).print()

    def prune(self):
        """Drops what nothing reads."""
        live = {id(v) for v in self.results}
        kept = []
        for op in reversed(self.ops):
            if any(id(r) in live for r in op.results):
                live.update(id(v) for v in op.operands)
                kept.append(op)
        self.ops = kept[::-1]


def affine_map(loops, exprs):
    """``exprs``: a loop number, None for 0, or (loop, "floordiv" or "mod", number)."""
    def one(e):
        if e is None:
            return "0"
        return f"d{e}" if isinstance(e, int) else f"d{e[0]} {e[1]} {e[2]}"

    dims = ", ".join(f"d{i}" for i in range(loops))
    return f"affine_map<({dims}) -> ({', '.join(map(one, exprs))})>"


def _constant(value, elem):
    return f"arith.constant {literal(value, elem)}" + ("" if elem == "i1" else f" : {elem}")


def dense(array, elem):
    """The elements of a constant tensor."""
    def nest(a):
        return literal(a.item(), elem) if a.ndim == 0 else f"[{', '.join(map(nest, a))}]"

    same = array.size and np.all(array == array.flat[0])
    return literal(array.flat[0].item(), elem) if same else nest(array)


class _Printer:
    def __init__(self, function):
        self.function, self.lines, self.names = function, [], {}
        self.counter, self.sizes, self.empties = itertools.count(), {}, {}

    def fresh(self):
        return f"%{next(self.counter)}"

    def add(self, text, indent=4):
        self.lines.append(" " * indent + text)

    def define(self, text):
        name = self.fresh()
        self.add(f"{name} = {text}")
        return name

    def print(self):
        f = self.function
        for i, value in enumerate(f.arguments):
            self.names[id(value)] = f"%arg{i}"
        self.declare_sizes()
        for op in f.ops:
            getattr(self, "print_" + op.kind)(op)
        types = [v.type for v in f.results]
        arguments = ", ".join(f"%arg{i}: {v.type} {{bufferization.writable = false}}"
                              for i, v in enumerate(f.arguments))
        returned = ", ".join(self.names[id(v)] for v in f.results)
        result = types[0] if len(types) == 1 else f"({', '.join(types)})"
        head = f"  func.func @{f.name}({arguments}) -> {result} attributes {{llvm.emit_c_interface}} {{"
        return "\n".join([head, *self.lines, f"    return {returned} : {', '.join(types)}", "  }"])

    # -- sizes -------------------------------------------------------------------

    def declare_sizes(self):
        """The run-time sizes, from arguments that have them as a dimension."""
        for value in self.function.arguments:
            for position, dim in enumerate(value.dims):
                if len(dim.symbols) == 1 and dim.factor == 1 and dim not in self.sizes:
                    at = self.define(f"arith.constant {position} : index")
                    self.sizes[dim] = self.define(
                        f"tensor.dim {self.names[id(value)]}, {at} : {value.type}")

    def size(self, dim):
        """The run-time size of ``dim``: a product of those of single axes."""
        if dim not in self.sizes:
            product = self.define(f"arith.constant {dim.factor} : index")
            for symbol in dim.symbols:
                single = self.sizes[Dim(symbol[1], (symbol,))]
                product = self.define(f"arith.muli {product}, {single} : index")
            self.sizes[dim] = product
        return self.sizes[dim]

    def empty(self, value):
        sizes = ", ".join(self.size(d) for d in value.dims if d.symbols)
        return self.define(f"tensor.empty({sizes}) : {value.type}")

    def init(self, op, index):
        """What result ``index`` starts from: ``inits`` has None for anything, a
        number, or "operand" for the next of the last operands."""
        init, result = op.attrs.get("inits", [None] * len(op.results))[index], op.results[index]
        if init == "operand":
            taken = op.attrs["inits"][:index].count("operand")
            total = op.attrs["inits"].count("operand")
            return self.names[id(op.operands[len(op.operands) - total + taken])]
        empty = self.empty(result)
        if init is None:
            return empty
        number = self.define(_constant(init, result.elem))
        return self.define(f"linalg.fill ins({number} : {result.elem}) outs({empty} : {result.type})"
                           f" -> {result.type}")

    def inputs(self, op):
        return op.operands[:len(op.operands) - op.attrs.get("inits", []).count("operand")
                           - op.attrs.get("captures", 0)]

    def list(self, values):
        return (f"{', '.join(self.names[id(v)] for v in values)} : "
                f"{', '.join(v.type for v in values)}")

    # -- operations --------------------------------------------------------------

    def print_generic(self, op):
        """maps (inputs, then results), iterators, body (a scalar per result), inits, captures."""
        ins, loops = self.inputs(op), len(op.attrs["iterators"])
        outs = [self.init(op, i) for i in range(len(op.results))]
        maps = ", ".join(affine_map(loops, m) for m in op.attrs["maps"])
        iterators = ", ".join(f'"{i}"' for i in op.attrs["iterators"])
        types = [r.type for r in op.results]
        names = [self.fresh() for _ in op.results]
        text = f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}}"
        if ins:
            text += f" ins({self.list(ins)})"
        text += f" outs({', '.join(outs)} : {', '.join(types)}) {{"
        self.add(f"{', '.join(names)} = {text}")
        arguments = [f"%in{i}: {v.elem}" for i, v in enumerate(ins)]
        arguments += [f"%out{i}: {v.elem}" for i, v in enumerate(op.results)]
        self.add(f"^bb0({', '.join(arguments)}):")
        self.yield_body(op, op.operands[len(ins):])
        result = types[0] if len(types) == 1 else f"({', '.join(types)})"
        self.add(f"}} -> {result}")
        for value, name in zip(op.results, names):
            self.names[id(value)] = name

    def yield_body(self, op, captures):
        memo = {}
        names = [self.scalar(s, memo, captures) for s in op.attrs["body"]]
        elems = ", ".join(s.elem for s in op.attrs["body"])
        self.add(f"linalg.yield {', '.join(names)} : {elems}", 6)

    def scalar(self, s, memo, captures):
        if id(s) in memo:
            return memo[id(s)]
        if s.op in ("in", "out"):
            return f"%{s.op}{s.attr}"
        args = [self.scalar(a, memo, captures) for a in s.args]
        name = self.fresh()
        memo[id(s)] = name
        if s.op == "const":
            text = _constant(s.attr, s.elem)
        elif s.op == "index":
            text = f"linalg.index {s.attr} : index"
        elif s.op == "extract":
            tensor = captures[s.attr]
            text = f"tensor.extract {self.names[id(tensor)]}[{', '.join(args)}] : {tensor.type}"
        elif s.op in _CASTS:
            text = f"{s.op} {args[0]} : {s.args[0].elem} to {s.elem}"
        elif s.op in ("arith.cmpf", "arith.cmpi"):
            text = f"{s.op} {s.attr}, {', '.join(args)} : {s.args[0].elem}"
        else:
            text = f"{s.op} {', '.join(args)} : {s.elem}"
        self.add(f"{name} = {text}", 6)
        return name

    def set(self, op, text):
        self.names[id(op.result)] = self.define(text)

    def print_named(self, op):
        """name, attributes (text after the name), inits."""
        out = self.init(op, 0)
        self.set(op, f"{op.attrs['name']} {op.attrs.get('attributes', '')}ins({self.list(self.inputs(op))})"
                     f" outs({out} : {op.result.type}) -> {op.result.type}")

    def print_tensor_arith(self, op):
        """name: an arith or math operation on whole tensors."""
        names = ", ".join(self.names[id(v)] for v in op.operands)
        self.set(op, f"{op.attrs['name']} {names} : {op.result.type}")

    def print_transpose(self, op):
        """permutation."""
        self.structured(op, "transpose", f"permutation = {op.attrs['permutation']}")

    def print_broadcast(self, op):
        """dimensions: those that are new."""
        self.structured(op, "broadcast", f"dimensions = {op.attrs['dimensions']}")

    def structured(self, op, name, tail):
        out = self.empty(op.result)
        self.set(op, f"linalg.{name} ins({self.list(op.operands)}) outs({out} : {op.result.type}) {tail}")

    def print_reduce(self, op):
        """combiner (an arith operation), dimension, inits."""
        out = self.init(op, 0)
        source = op.operands[0]
        self.set(op, f"linalg.reduce {{ {op.attrs['combiner']} }} ins({self.list([source])})"
                     f" outs({out} : {op.result.type}) dimensions = [{op.attrs['dimension']}]")

    def print_softmax(self, op):
        """dimension."""
        out = self.empty(op.result)
        self.set(op, f"linalg.softmax dimension({op.attrs['dimension']}) ins({self.list(op.operands)})"
                     f" outs({out} : {op.result.type}) -> {op.result.type}")

    def print_collapse(self, op):
        """reassociation."""
        source = op.operands[0]
        self.set(op, f"tensor.collapse_shape {self.names[id(source)]} {op.attrs['reassociation']}"
                     f" : {source.type} into {op.result.type}")

    def print_expand(self, op):
        """reassociation."""
        source = op.operands[0]
        sizes = ", ".join(self.size(d) if d.symbols else str(d.size) for d in op.result.dims)
        self.set(op, f"tensor.expand_shape {self.names[id(source)]} {op.attrs['reassociation']}"
                     f" output_shape [{sizes}] : {source.type} into {op.result.type}")

    def print_constant(self, op):
        """array."""
        self.set(op, f"arith.constant dense<{dense(op.attrs['array'], op.result.elem)}> : {op.result.type}")

    def print_slice(self, op):
        """offsets; the sizes are the result's."""
        source, rank = op.operands[0], len(op.result.dims)
        sizes = ", ".join(self.size(d) if d.symbols else str(d.size) for d in op.result.dims)
        self.set(op, f"tensor.extract_slice {self.names[id(source)]}{list(op.attrs['offsets'])}"
                     f" [{sizes}] {[1] * rank} : {source.type} to {op.result.type}")

    def print_concat(self, op):
        """dimension."""
        names = ", ".join(self.names[id(v)] for v in op.operands)
        types = ", ".join(v.type for v in op.operands)
        self.set(op, f"tensor.concat dim({op.attrs['dimension']}) {names} : ({types}) -> {op.result.type}")


    def print_tosa(self, op):
        """name; array of a const, shape of a reshape or tile, perms, axis."""
        name, operands, attributes = op.attrs["name"], list(map(self.operand, op.operands)), ""
        if name == "const":
            values = f"dense<{dense(op.attrs['array'], op.result.elem)}> : {op.result.type}"
            self.set(op, f'"tosa.const"() <{{values = {values}}}> : () -> {op.result.type}')
            return
        if "shape" in op.attrs:
            rank = len(op.attrs["shape"])
            values = f"dense<{op.attrs['shape']}> : tensor<{rank}xindex>" if rank else \
                "dense<> : tensor<0xindex>"
            shape = self.define(f"tosa.const_shape {{values = {values}}} : () -> !tosa.shape<{rank}>")
            operands.append((shape, f"!tosa.shape<{rank}>"))
        elif name == "mul":
            operands.append(self.tosa_zero("i8"))
        elif name == "matmul":
            operands += [self.tosa_zero(v.elem) for v in op.operands]
        if "perms" in op.attrs:
            attributes = f" {{perms = array<i32: {', '.join(map(str, op.attrs['perms']))}>}}"
        elif "axis" in op.attrs:
            attributes = f" {{axis = {op.attrs['axis']} : i32}}"
        self.set(op, f"tosa.{name} {', '.join(n for n, _ in operands)}{attributes}"
                     f" : ({', '.join(t for _, t in operands)}) -> {op.result.type}")

    def operand(self, value):
        return self.names[id(value)], value.type

    def tosa_zero(self, elem):
        zero = self.define(f'"tosa.const"() <{{values = dense<{literal(0, elem)}> : tensor<1x{elem}>}}>'
                           f" : () -> tensor<1x{elem}>")
        return zero, f"tensor<1x{elem}>"
