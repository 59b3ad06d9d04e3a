"""One-op programs with inputs and the outputs that `qsat.reference` expects of them.

``cases(seed)`` gives the table. `CPU/run_reference_cases.py` runs them through qsat-run; by itself
this file writes them out:

    python reference_cases.py [--seed=N] [--only=SUBSTR] [--list] DIR

writes DIR/NAME.mlir, DIR/NAME.in.npz (arg0, arg1, ...) and DIR/NAME.out.npz (out0, out1, ...).
bf16 arrays are uint16 bits, as qsat-run reads and writes them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "python"), str(Path(__file__).resolve().parent)]

from case_builder import decode, encode  # noqa: E402

#: (rtol, atol) by the element type of an output. An output of a low type is rounded to it, and its
#: kernel may round the probabilities to it; f32 covers reassociated sums and polynomial exp and tanh.
TOLERANCE = {"f64": (1e-10, 1e-11), "f32": (3e-5, 2e-5), "f16": (2e-3, 2e-3), "bf16": (1e-2, 1e-2), "i32": (0, 0)}


@dataclass
class Case:
    """A program ``@main``, its inputs, and what it returns.

    expected: out0, out1 ... as files hold them; ``elements``: their element types, in order.
    ``rtol`` and ``atol`` are of the least exact output; `compare` takes each output's own.
    ``counts``: the output that counts the valid entries of out0, a list of blocks, if there is one.
    """

    name: str
    mlir: str
    inputs: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]
    elements: list[str]
    counts: str | None = None
    tolerance: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def rtol(self) -> float:
        return max(self.tolerance_of(element)[0] for element in self.elements)

    @property
    def atol(self) -> float:
        return max(self.tolerance_of(element)[1] for element in self.elements)

    def tolerance_of(self, element: str) -> tuple[float, float]:
        return self.tolerance.get(element, TOLERANCE[element])

    def compare(self, outputs) -> str:
        """What is wrong with ``outputs`` (a mapping out0 -> array), or "" when nothing is."""
        if sorted(outputs) != sorted(self.expected):
            return f"expected outputs {sorted(self.expected)}, but got {sorted(outputs)}"
        for (name, expected), element in zip(self.expected.items(), self.elements):
            actual = np.asarray(outputs[name])
            if actual.shape != expected.shape or actual.dtype != expected.dtype:
                return (f"{name}: expected {expected.dtype}{list(expected.shape)}, but got "
                        f"{actual.dtype}{list(actual.shape)}")
            x, y = decode(actual, element), decode(expected, element)
            rtol, atol = self.tolerance_of(element)
            with np.errstate(invalid="ignore"):
                wrong = ~((np.abs(x - y) <= atol + rtol * np.abs(y)) | (x == y) | (np.isnan(x) & np.isnan(y)))
            if self.counts and name == "out0":  # what is past the count is not written
                counts = self.expected[self.counts]
                wrong &= np.arange(expected.shape[-1]) < counts[..., None]
                if not np.array_equal(outputs[self.counts], counts):
                    continue  # the counts are told about instead
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                with np.errstate(invalid="ignore"):
                    worst = np.nanmax(np.abs(x - y)[wrong], initial=0)
                return (f"{name}: {wrong.sum()} of {wrong.size} differ, worst by {worst:.3g}; at {list(at)} "
                        f"expected {y[at]:.8g}, but got {x[at]:.8g}")
        return ""


def finish(name, program, lines, values, elements, returned, types, **options) -> Case:
    """Assembles a case from a program and the reference's values of its results."""
    expected = {f"out{n}": encode(value, element) for n, (value, element) in enumerate(zip(values, elements))}
    return Case(name, program.text(lines, returned, types), program.inputs, expected, list(elements), **options)


def cases(seed: int = 0) -> list[Case]:
    """The table, deterministic in ``seed``."""
    import attention_cases
    import audit_cases
    import decode_cases
    import selection_cases
    import sparse_cases

    modules = (attention_cases, selection_cases, sparse_cases, decode_cases, audit_cases)
    table = [case for module in modules for case in module.cases(seed)]
    assert len({case.name for case in table}) == len(table), "names of cases are unique"
    return table


def write(case: Case, directory: Path):
    """Writes NAME.mlir, NAME.in.npz and NAME.out.npz."""
    (directory / f"{case.name}.mlir").write_text(case.mlir)
    np.savez(directory / f"{case.name}.in.npz", **case.inputs)
    np.savez(directory / f"{case.name}.out.npz", **case.expected)


def main():
    parser = argparse.ArgumentParser(description="Writes the reference cases.")
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the names only")
    arguments = parser.parse_args()
    if not arguments.list and not arguments.directory:
        parser.error("expected a directory, or --list")
    for case in cases(arguments.seed):
        if arguments.only not in case.name:
            continue
        print(case.name)
        if not arguments.list:
            arguments.directory.mkdir(parents=True, exist_ok=True)
            write(case, arguments.directory)


if __name__ == "__main__":
    # Under its own name, so that the modules of the table see this Case.
    from reference_cases import main as run

    run()
