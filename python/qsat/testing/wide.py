"""A program in f64: what it means before anything is rounded.

The text of a function on f32, f16 or bf16 with every float type replaced by f64. What
TOSA says is lowered first, as it has no f64.
"""

from __future__ import annotations

import re

import numpy as np

from . import execute

_TO_LINALG = "func.func(tosa-to-linalg-named,tosa-to-linalg),func.func(tosa-to-arith,tosa-to-tensor)"
#: Bits of -inf, +inf and NaN in f32, f16 and bf16.
_SPECIAL = {"FF800000": "FFF0000000000000", "FC00": "FFF0000000000000", "FF80": "FFF0000000000000",
            "7F800000": "7FF0000000000000", "7C00": "7FF0000000000000", "7F80": "7FF0000000000000",
            "7FC00000": "7FF8000000000000", "7E00": "7FF8000000000000", "7FC0": "7FF8000000000000"}


def widened(tools, name, text):
    """The function ``text`` in f64, called NAME_wide, or None."""
    if "tosa." in text:
        chunks, errors = tools.opt({name: text}, _TO_LINALG)
        if errors:
            return None
        head, functions = chunks[0]
        aliases = dict(line.split(" = ", 1) for line in head.splitlines())
        text = re.sub(r"#\w+\b", lambda m: aliases.get(m.group(0), m.group(0)), functions[name])
    # A name such as f16 is no type.
    text = text.replace(f"@{name}(", "@(")
    text = re.sub(r"\b0x([0-9A-F]+)\b", lambda m: "0x" + _SPECIAL.get(m.group(1), m.group(1)), text)
    text = re.sub(r"(?:\b|(?<=x))(?:f32|f16|bf16)\b", "f64", text)
    # A cast that has nothing to do.
    text = re.sub(r"arith\.(?:extf|truncf) (%\w+) : f64 to f64", r"arith.bitcast \1 : f64 to f64", text)
    return text.replace("@(", f"@{name}_wide(")


def wide_arguments(function, arrays):
    """The arrays that ``function`` takes, exactly, in f64 where they are floats."""
    return [execute.from_elem(a, v.elem) if a.dtype.kind == "f" or v.elem == "bf16" else a
            for a, v in zip(arrays, function.arguments)]


class Reference:
    """One program in f64, compiled when it is first asked for."""

    def __init__(self, tools, function, text):
        self.tools, self.function, self.text, self.library = tools, function, text, None

    def __call__(self, arrays):
        """Its result for these arguments of ``function``, or None where it has none."""
        if self.library is None:
            text = widened(self.tools, self.function.name, self.text)
            try:
                self.library = text and execute.Library(self.tools, [execute.module([text])])
            except RuntimeError:
                self.library = False
        if not self.library:
            return None
        rank = len(self.function.results[0].dims)
        return self.library.call(f"{self.function.name}_wide", wide_arguments(self.function, arrays),
                                 rank, np.float64)
