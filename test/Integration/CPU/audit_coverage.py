"""What `qsat-run --audit` reports of ByteLM is what Python makes of the same rows, and its interval
covers the true error.

    audit_coverage.py --qsat-run=PATH --qsat-opt=PATH --models=DIR [--length=N]

Runs the model with sparse attention, returning the sparse output of each layer and the dense one
of the same inputs; draws rows with many seeds. Prints the coverage over layers and seeds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from qsat.audit import relative_error
from qsat.reference import draw_rows

AUDIT = re.compile(r"^.* = qsat\.audit ins\((?P<ins>[^)]*)\) of\((?P<o>%\S+) : (?P<type>\S+)\).* outs.* "
                   r"\{(?P<attributes>mask = [^}]*?), record, (?P<scale>scale = [^},]*).*$", re.M)


def with_outputs(ir: str) -> str:
    """The sparsified module, returning (sparse o, dense o) of each audited attention too."""
    names, types = [], []

    def replace(match):
        name, type_ = f"%dense{len(names)}", match["type"]
        names.extend((match["o"], name))
        types.extend((type_, type_))
        return (f"    {name} = qsat.attention ins({match['ins']}) outs({match['o']} : {type_}) "
                f"{{{match['attributes']}, {match['scale']}}} -> {type_}")

    ir = AUDIT.sub(replace, ir)
    returned, type_ = re.search(r"^\s*return (%\S+) : (\S+)$", ir, re.M).groups()
    ir = ir.replace(f"return {returned} : {type_}",
                    f"return {', '.join([returned, *names])} : {', '.join([type_, *types])}")
    return ir.replace(f") -> {type_} {{", f") -> ({', '.join([type_, *types])}) {{", 1)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qsat-run", required=True)
    parser.add_argument("--qsat-opt", required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--length", type=int, default=16384)
    arguments = parser.parse_args()
    model = str(arguments.models / f"bytelm_{arguments.length}.mlir")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        text = np.fromfile(arguments.models / "docs" / "10_rust-src.txt", np.uint8)[:arguments.length]
        np.save(folder / "ids.npy", text.astype(np.int64)[None])
        inputs = f"--inputs={folder / 'ids.npy'},{arguments.models / 'weights.npz'}"
        run(arguments.qsat_run, model, inputs, "--quality=fast", "--audit", "--seed=5", f"--report={folder / 'r.json'}")
        audits = json.loads((folder / "r.json").read_text())["audits"]
        sparse = run(arguments.qsat_opt, model, "--inline", "--canonicalize", "--cse", "--qsat-raise-attention",
                     "--qsat-sparsify=quality=fast audit")
        (folder / "m.mlir").write_text(with_outputs(sparse))
        run(arguments.qsat_run, str(folder / "m.mlir"), "--no-raise", inputs, f"--outputs={folder / 'out.npz'}")
        with np.load(folder / "out.npz") as file:
            outputs = [file[f"out{n}"][0].astype(np.float64) for n in range(1, len(file.files))]
    hits = []
    for layer, (o, exact) in enumerate(zip(outputs[::2], outputs[1::2], strict=True)):
        terms = ((o - exact) ** 2).sum(-1), (exact**2).sum(-1)
        truth = np.sqrt(terms[0].sum() / terms[1].sum())
        for seed in range(100):
            rows, weights = (x.reshape(o.shape[0], -1) for x in draw_rows(1, *o.shape[:2], seed=seed))
            estimate = relative_error(*(np.take_along_axis(x, rows, 1) * weights for x in terms))
            hits.append(estimate.low <= truth <= estimate.high)
            if seed == 5:
                reported = [audits[layer][name] for name in ("relative_error", "low", "high")]
                np.testing.assert_allclose(reported, estimate, rtol=2e-3)
                assert audits[layer]["rows"] == rows.size and 0 < audits[layer]["kept_mass"] < 1
        print(f"layer {layer}: true error {truth:.4f}, covered {np.mean(hits[-100:]):.2f}")
    coverage = np.mean(hits)
    print(f"{len(outputs) // 2} layers, coverage {coverage:.3f}: {'good' if coverage >= 0.93 else 'too low'}")


if __name__ == "__main__":
    main()
