"""Counts the attentions that qsat-raise-attention finds in each file of a folder."""

import argparse
import pathlib
import re
import subprocess
import sys

PASSES = ["--inline", "--canonicalize", "--cse", "--qsat-raise-attention"]
ATTENTION = re.compile(r"^\s*%\S+(?:, %\S+)* = qsat\.attention ", re.M)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--qsat-opt", required=True)
    parser.add_argument("--expect", type=pathlib.Path, help="lines `NAME COUNT`; others have one")
    parser.add_argument("--none", action="store_true", help="no file has any")
    args = parser.parse_args()

    expected = {}
    if args.expect:
        for line in args.expect.read_text().splitlines():
            name, count = line.split()
            expected[name] = int(count)
    files = sorted(args.folder.glob("*.mlir"))
    wrong = 0 if files else 1
    for file in files:
        run = subprocess.run([args.qsat_opt, *PASSES, file], capture_output=True, text=True)
        count = len(ATTENTION.findall(run.stdout)) if run.returncode == 0 else run.stderr.strip()
        want = 0 if args.none else expected.get(file.stem, 1)
        if count != want:
            print(f"{file.name}: expected {want} attentions, but got {count}")
            wrong += 1
    print(f"{len(files)} files, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
