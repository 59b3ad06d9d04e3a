"""Checks the documentation that `qsat-doc` generates from the .td files.

    check_docs.py --docs=BUILD/docs --source=ROOT --qsat-opt=PATH

Every op of the .td files and every pass that qsat-opt knows has a section with a description; every
example of an op is accepted by qsat-opt. Prints what was counted, or what is wrong with exit code 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path


def sections(text: str) -> dict[str, str]:
    """The text under each heading of level three, by the name in its back quotes."""
    parts = re.split(r"^### `-?([\w.-]+)`.*$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def declared_ops(source: Path) -> set[str]:
    names = set()
    for file in (source / "include" / "qsat" / "Dialect" / "IR").glob("*Ops.td"):
        names |= set(re.findall(r'^def \w+Op\s*:\s*\w+<(?:Qsat_Dialect,\s*)?"(\w+)"', file.read_text(), re.M))
    return {f"qsat.{name}" for name in names}


def registered_passes(qsat_opt: str) -> set[str]:
    """The passes of qsat in `qsat-opt --help`; pipelines are not documented by the generator."""
    text = subprocess.run([qsat_opt, "--help"], capture_output=True, text=True, check=True).stdout
    passes = text.split("Passes:", 1)[1].split("Pass Pipelines:", 1)[0]
    return set(re.findall(r"--((?:qsat|convert-qsat)-[\w-]+)", passes))


def wrap(example: str) -> str:
    """`example` in a function that has its free values, typed where the op names them."""
    arguments = {}
    for names, types in re.findall(r"\(((?:%\w+(?:, )?)+) : ([^)]*)\)", example):
        for name, type_ in zip(names.split(", "), types.split(", ")):
            arguments.setdefault(name, type_)
    signature = ", ".join(f"{name}: {type_}" for name, type_ in arguments.items())
    return f"func.func @example({signature}) {{\n{example}\n  return\n}}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--qsat-opt", required=True)
    arguments = parser.parse_args()
    wrong = []

    op_docs = sections((arguments.docs / "Dialect" / "QsatDialect.md").read_text())
    pass_docs: dict[str, str] = {}
    for file in sorted((arguments.docs / "Passes").glob("*.md")):
        pass_docs |= sections(file.read_text())

    ops, passes, examples = declared_ops(arguments.source), registered_passes(arguments.qsat_opt), 0
    for name in sorted(ops):
        if len(op_docs.get(name, "").strip()) < 20:
            wrong.append(f"op {name} has no section")
    for name in sorted(passes):
        summary, _, description = pass_docs.get(name, "").strip().partition("\n")
        if not summary or not description.strip():
            wrong.append(f"pass {name} has no section with a summary and a description")
    for name in sorted(set(pass_docs) - passes):
        wrong.append(f"pass {name} is documented, but qsat-opt does not have it")
    for name in sorted(ops):
        for example in re.findall(r"^```mlir\n(.*?)^```", op_docs.get(name, ""), re.M | re.S):
            examples += 1
            done = subprocess.run([arguments.qsat_opt], input=wrap(example), capture_output=True, text=True)
            if done.returncode:
                wrong.append(f"the example of {name}: {done.stderr.splitlines()[0]}\n{wrap(example)}")

    for line in wrong:
        print(f"expected documentation to be complete: {line}")
    print(f"{len(ops)} ops, {len(passes)} passes, {examples} examples")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
