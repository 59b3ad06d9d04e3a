"""The main job: a trained model's IR, compiled dense and sparse, on real text.

For each document, ByteLM (test/Models/bytelm) is compiled twice by `qsat-run`, dense and sparse,
and run; the table shows what sparsity costs in bits per byte and what it saves in time. The IR
after each stage and the reports stay in the output directory.

Run by `tools/demo`; options are passed on: `tools/demo --quality=fast --context=4096`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "test" / "Models" / "bytelm"


@dataclass
class Result:
    """One run of the model on one document. Times in milliseconds."""

    bits: np.ndarray  # [N - 1] bits of each byte after the first
    total_ms: float
    attention_ms: float  # scoring and selection included
    density: float  # of the visible pairs
    mass: float  # kept, as the scoring rows estimate it


def bits_per_byte(logits: np.ndarray, text: np.ndarray) -> np.ndarray:
    """-log2 of the probability of each next byte.

    logits: [N, 256] f32, row t predicts byte t + 1; text: [N] uint8. Returns [N - 1] f64.
    """
    z = logits[:-1].astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z).sum(axis=1))
    return (log_sum - z[np.arange(len(z)), text[1:]]) / np.log(2)


def run(arguments: argparse.Namespace, document: Path, mode: str) -> Result:
    """Compiles and runs the model on `document`; `mode` is dense or sparse."""
    text = np.frombuffer(document.read_bytes()[: arguments.context], np.uint8)
    if len(text) < arguments.context:
        sys.exit(f"{document}: expected at least {arguments.context} bytes, but got {len(text)}")
    work = arguments.output / mode / document.stem
    work.mkdir(parents=True, exist_ok=True)
    np.save(work / "ids.npy", text.astype(np.int64)[None])
    if mode == "dense":
        selection = "--quality=exact"
    elif arguments.density:
        selection = f"--density={arguments.density}"
    else:
        selection = f"--quality={arguments.quality}"
    command = [
        str(arguments.build / "bin" / "qsat-run"),
        str(MODEL / f"bytelm_{arguments.context}.mlir"),
        "--entry=main",
        f"--inputs={work / 'ids.npy'},{MODEL / 'weights.npz'}",
        f"--outputs={work / 'logits.npz'}",
        f"--time={arguments.repeat}",
        f"--report={work / 'report.json'},{work / 'report.html'}",
        f"--save-ir={work / 'ir'}",
        selection,
    ]
    if arguments.threads:
        command.append(f"--threads={arguments.threads}")
    # Progress goes to the terminal, the tables of qsat-run to the log.
    with open(work / "log.txt", "w") as log:
        status = subprocess.run(command, stdout=log)
    if status.returncode:
        sys.exit(f"qsat-run failed: {' '.join(command)}")
    with np.load(work / "logits.npz") as outputs:
        bits = bits_per_byte(outputs[outputs.files[0]][0], text)
    return summarise(bits, json.loads((work / "report.json").read_text()))


def summarise(bits: np.ndarray, report: dict) -> Result:
    """Picks from qsat-run's report what the table shows."""
    selections = report.get("selections", [])
    visible = sum(s["visible_pairs"] for s in selections)
    return Result(
        bits=bits,
        total_ms=report["run_ms"]["median"],
        attention_ms=sum(op["ms"] for op in report["ops"]),
        density=sum(s["marked_pairs"] for s in selections) / visible if visible else 1.0,
        mass=float(np.mean([s["mass"] for s in selections])) if selections else 1.0,
    )


def table(rows: list[list[str]]) -> str:
    """`rows` with columns aligned, the first row a heading."""
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    lines = [
        "  ".join(cell.rjust(w) if c else cell.ljust(w) for c, (cell, w) in enumerate(zip(row, widths)))
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def report_rows(name: str, dense: Result, sparse: Result) -> list[list[str]]:
    """The two rows of one document."""
    rows = []
    for mode, r in (("dense", dense), ("sparse", sparse)):
        half = len(r.bits) // 2
        rows.append(
            [
                name,
                mode,
                f"{r.bits.mean():.4f}",
                f"{r.bits[half:].mean():.4f}",
                f"{r.attention_ms:.0f}",
                f"{r.total_ms:.0f}",
                f"{r.density:.3f}",
                f"{r.mass:.3f}",
                f"{dense.attention_ms / r.attention_ms:.2f}x",
                f"{dense.total_ms / r.total_ms:.2f}x",
            ]
        )
        name = ""
    return rows


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__.split("\n")[0])
    contexts = sorted(int(p.stem.split("_")[1]) for p in MODEL.glob("bytelm_*.mlir"))
    parser.add_argument("--context", type=int, choices=contexts, default=max(contexts, default=None))
    parser.add_argument("--quality", choices=["high", "balanced", "fast"], default="balanced")
    parser.add_argument("--density", type=float, help="keep this share of the key blocks instead")
    parser.add_argument("--repeat", type=int, default=3, help="timed runs; the median is shown")
    parser.add_argument("--threads", type=int, help="default: all cores")
    parser.add_argument("--documents", type=Path, nargs="*", help="text files (default: the two that ship)")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "demo")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    documents = arguments.documents or sorted((MODEL / "docs").glob("*.txt"))
    rows = [
        ["document", "", "bits/byte", "2nd half", "attention ms", "total ms", "density", "mass kept", "attention", "total"]
    ]
    for number, document in enumerate(documents):
        results = {}
        for step, mode in enumerate(("dense", "sparse")):
            print(f"[{2 * number + step + 1}/{2 * len(documents)}] {document.name}, {mode}", file=sys.stderr)
            results[mode] = run(arguments, document, mode)
        rows += report_rows(document.stem, results["dense"], results["sparse"])
    print(f"\nByteLM, {arguments.context} bytes of context, f32 on the CPU")
    print(table(rows))
    print(f"\nThe IR after each stage, the reports and the logits are in {arguments.output}")


if __name__ == "__main__":
    main()
