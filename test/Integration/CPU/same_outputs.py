"""Runs two programs on the same inputs and compares all outputs.

    same_outputs.py QSAT_RUN A.mlir B.mlir INPUTS.npz [options of qsat-run]

Integers must be the same, floats close (they may be summed in another order).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


def outputs(qsat_run: str, program: str, inputs: str, options: list[str], directory: str) -> dict[str, np.ndarray]:
    """The outputs of a program, by name."""
    result = Path(directory) / "outputs.npz"
    subprocess.run([qsat_run, program, "--entry=main", f"--inputs={inputs}", f"--outputs={result}", *options], check=True)
    with np.load(result) as arrays:
        return dict(arrays)


def main() -> int:
    qsat_run, first, second, inputs, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        a, b = (outputs(qsat_run, program, inputs, options, directory) for program in (first, second))
    if not a or sorted(a) != sorted(b):
        print(f"expected the outputs {sorted(a)}, but got {sorted(b)}")
        return 1
    for name, x in a.items():
        exact = np.issubdtype(x.dtype, np.integer)
        if not (np.array_equal(x, b[name]) if exact else np.allclose(x, b[name], 1e-5, 1e-6, equal_nan=True)):
            print(f"{name} differs: {x} and {b[name]}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
