"""Compares programs from files with what raising makes of them, by their numbers.

    python -m qsat.testing.same_numbers --qsat-opt=build/bin/qsat-opt FILE.mlir...

Each file holds one function. Where its arguments have run-time sizes, a line says those to
take: ``// sizes: 3x4, 3x5``. For counter-examples once found.
"""

import argparse
import pathlib
import re
import sys

from . import execute
from .ir import Dim, Function, Value
from .near_miss_check import AGREEMENT, disagreement, narrowest, with_originals
from .spelling_check import passes


def tensors(text, sizes):
    """The values of the tensor types in ``text``, in order, with the ``sizes`` of each, a
    list of texts like "3x4", where there are any."""
    for number, shape in enumerate(re.findall(r"tensor<([^<>]*)>", text)):
        *dims, elem = shape.split("x")
        known = sizes[number].split("x") if sizes else dims
        # Of a result only the rank counts.
        yield Value([Dim(0 if s == "?" else int(s)) for s in known], elem)


def compare(tools, path):
    """"not raised", "raised, the same numbers", or what is wrong."""
    whole = path.read_text()
    sizes = re.search(r"^// sizes: (.*)", whole, re.M)
    head, functions = execute.split(whole)
    (name, text), = functions.items()
    # Written out, so that the text stands beside that of the raised function.
    aliases = dict(line.split(" = ", 1) for line in head.splitlines())
    text = re.sub(r"#\w+\b", lambda m: aliases.get(m.group(0), m.group(0)), text)
    functions = {name: text}
    arguments, results = re.match(r"\s*func\.func @\w+\((.*?)\) -> (.*?) attributes", text).groups()
    function = Function(name, list(tensors(arguments, sizes and sizes.group(1).split(", "))), [],
                        list(tensors(results, None)))
    libraries, errors = tools.compiled(functions, passes(""), execute.ATTENTION.search,
                                       with_originals(functions))
    if errors:
        return str(errors[0])
    if libraries[0][0] is None:
        return "not raised"
    why, _, _ = disagreement(function, name, f"{name}_original", libraries[0][0], 0,
                             AGREEMENT[narrowest(text)])
    return why or "raised, the same numbers"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    arguments = parser.parse_args()
    tools, wrong = execute.Tools(arguments.qsat_opt), 0
    for path in arguments.files:
        outcome = compare(tools, path)
        wrong += outcome not in ("not raised", "raised, the same numbers")
        print(f"{path.name}: {outcome}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
