"""Runs ByteLM at 512 bytes and compares its last logits with PyTorch's."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

TOLERANCE = 2e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qsat-run", required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    expected = np.load(arguments.models / "expected_512.npz")
    with tempfile.TemporaryDirectory() as folder:
        ids, out = pathlib.Path(folder, "ids.npy"), pathlib.Path(folder, "out.npz")
        np.save(ids, expected["ids"])
        subprocess.run([arguments.qsat_run, arguments.models / "bytelm_512.mlir", "--entry=main",
                        f"--inputs={ids},{arguments.models / 'weights.npz'}", f"--outputs={out}"], check=True)
        logits = np.load(out)["out0"]
    difference = float(np.abs(logits[0, 448:] - expected["logits"]).max())
    good = difference <= TOLERANCE  # false for NaN
    print(f"512 bytes: largest difference of the logits {difference:.3g}: {'good' if good else 'bad'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
