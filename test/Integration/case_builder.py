"""Text of one-op modules: arrays as arguments, inits by tensor.empty.

Dimensions have names ("B", "H", "M", "Nb" ...). A name says once where its extent
comes from, so that a module can be written with static or with dynamic extents.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.uint16, "i32": np.int32}
MINUS_INFINITY = {"f32": "0xFF800000", "f64": "0xFFF0000000000000"}


def encode(x, element: str) -> np.ndarray:
    """The array as a file holds it: bf16 as uint16 bits, rounded to nearest, ties to even."""
    if element != "bf16":
        return np.asarray(x).astype(NUMPY[element])
    single = np.asarray(x).astype(np.float32)
    bits = single.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(single), 0x7FC0, rounded).astype(np.uint16)


def decode(x, element: str) -> np.ndarray:
    """The values of an array from a file: f64, or as they are for integers."""
    if element == "bf16":
        x = (np.asarray(x).astype(np.uint32) << 16).view(np.float32)
    return np.asarray(x) if element == "i32" else np.asarray(x).astype(np.float64)


def accumulation(element: str) -> str:
    """The accumulation type: f32, or f64 for f64."""
    return "f64" if element == "f64" else "f32"


def float_text(x: float) -> str:
    """A float literal of MLIR, exact."""
    return f"{x:.17e}"


def mask_text(mask) -> str:
    items = []
    if mask.lookahead is not None:
        items.append("causal" if mask.lookahead == 0 else f"lookahead = {mask.lookahead}")
    items += [f"{name} = {getattr(mask, name)}" for name in ("offset", "window", "sinks") if getattr(mask, name)]
    return f"#qsat.mask<{', '.join(items)}>"


def amplification_text(amplification) -> str:
    value = {"rounds": f" = {amplification.rounds}", "fixed_point": f" = {float_text(amplification.delta)}"}
    return f"#qsat.amplification<{amplification.kind}{value.get(amplification.kind, '')}>"


def attributes_text(attributes: dict) -> str:
    """``{name = value, ...}`` of the values that are text, or nothing; True is a unit attribute."""
    items = [name if value is True else f"{name} = {value}" for name, value in attributes.items()
             if value is not None and value is not False]
    return f"{{{', '.join(items)}}}" if items else ""


@dataclass
class Program:
    """A module with one function ``@main``; ``dynamic`` names the dimensions written as ``?``."""

    dynamic: frozenset[str] = frozenset()
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    extents: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)  # dimension -> the line that computes it
    values: dict[str, str] = field(default_factory=dict)  # dimension -> its SSA value

    def argument(self, dims: str, array, element: str) -> tuple[str, np.ndarray]:
        """Adds an argument; returns its SSA name and its values after rounding to ``element``."""
        encoded, name = encode(array, element), f"%arg{len(self.arguments)}"
        for dim, extent in zip(dims.split(), encoded.shape, strict=True):
            assert self.extents.setdefault(dim, extent) == extent, f"{dim} is {self.extents[dim]} and {extent}"
        type_ = self.type(dims, element)
        for axis, dim in enumerate(dims.split()):
            if dim in self.dynamic and dim not in self.sources:
                self.sources[dim] = f"tensor.dim {name}, {self.index(axis)} : {type_}"
        self.inputs[name[1:]] = encoded
        self.arguments.append(f"{name}: {type_}")
        return name, decode(encoded, element)

    def blocks(self, dim: str, of: str, block: int):
        """Defines the dimension ``dim`` as ceil(of / block)."""
        self.extents[dim] = -(-self.extents[of] // block)
        if dim in self.dynamic:
            self.sources[dim] = f"arith.ceildivsi {self.size(of)}, {self.index(block)} : index"

    def constant(self, dim: str, extent: int):
        """Defines the dimension ``dim`` as a constant."""
        self.extents[dim] = extent
        self.sources[dim] = f"arith.constant {extent} : index"

    def index(self, value: int) -> str:
        name = f"%c{value}"
        line = f"{name} = arith.constant {value} : index"
        if line not in self.body:
            self.body.append(line)
        return name

    def size(self, dim: str) -> str:
        """The SSA value of a dimension's extent."""
        if dim not in self.dynamic:
            return self.index(self.extents[dim])
        if dim not in self.values:
            self.values[dim] = f"%extent_{dim.lower()}"
            self.body.append(f"{self.values[dim]} = {self.sources[dim]}")
        return self.values[dim]

    def type(self, dims: str, element: str) -> str:
        shape = ["?" if dim in self.dynamic else str(self.extents[dim]) for dim in dims.split()]
        return f"tensor<{'x'.join([*shape, element])}>"

    def empties(self, results: list[tuple[str, str]]) -> tuple[str, str]:
        """Inits by tensor.empty for results (dims, element): ``outs(...)`` and the result types."""
        names, types = [], [self.type(*result) for result in results]
        for number, ((dims, _), type_) in enumerate(zip(results, types)):
            sizes = ", ".join(self.size(dim) for dim in dims.split() if dim in self.dynamic)
            self.body.append(f"%init{number} = tensor.empty({sizes}) : {type_}")
            names.append(f"%init{number}")
        return f"outs({', '.join(names)} : {', '.join(types)})", ", ".join(types)

    def position(self, at) -> str:
        return "" if at is None else f"at({', '.join(self.index(x) for x in at)})"

    def text(self, lines: list[str], returned: list[str], types: list[str]) -> str:
        """The module: the constants and inits so far, ``lines``, and the return."""
        body = "\n".join(f"  {line}" for line in [*self.body, *lines])
        return (f"func.func @main({', '.join(self.arguments)}) -> ({', '.join(types)}) {{\n{body}\n"
                f"  return {', '.join(returned)} : {', '.join(types)}\n}}\n")


@dataclass
class ScoreRegion:
    """A score region in both languages.

    extras: (dims, map results in b, h, i, j, values, element) of each extra; ``body``: lines that
    compute %y from %z, %e0, %e1 ..., %b, %h, %i, %j, with {acc} and {minus_infinity} to fill in;
    ``apply(arrays)`` gives the score function of the rounded extras.
    """

    extras: list[tuple[str, str, np.ndarray, str]]
    body: str
    apply: object

    def add_to(self, program: Program, acc: str):
        """Adds the extras; returns (`extras` clause, `extra_maps`, `score` clause, function)."""
        names, types, maps, arrays, parameters = [], [], [], [], [f"%z: {acc}"]
        for number, (dims, results, values, element) in enumerate(self.extras):
            name, array = program.argument(dims, values, element)
            names.append(name)
            types.append(program.type(dims, element))
            maps.append(f"affine_map<(b, h, i, j) -> ({results})>")
            arrays.append(array)
            parameters.append(f"%e{number}: {element}")
        parameters += [f"%{x}: index" for x in "bhij"]
        body = self.body.format(acc=acc, minus_infinity=MINUS_INFINITY[acc])
        lines = [line.strip() for line in body.strip().splitlines()]
        region = "\n  ".join(["score {", f"^bb0({', '.join(parameters)}):", *(f"  {line}" for line in lines),
                              f"  qsat.yield %y : {acc}", "}"])
        extras = f"extras({', '.join(names)} : {', '.join(types)})" if names else ""
        return extras, f"[{', '.join(maps)}]" if maps else None, region, self.apply(arrays)
