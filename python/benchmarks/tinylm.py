"""The whole of TinyLM through the compiler: bits per byte of documents, dense and sparse.

Runs what python/export/tinylm.py exported by qsat-run, once for each document, length and
quality, and prints bits per byte by position, the density and cost of attention, and what the
audits of the layers found. Dense attention is the peer, compiled by the same program. What the
same model gives in PyTorch, dense and with the same rule simulated: python/benchmarks/accuracy.

    python python/export/tinylm.py tinylm.safetensors build/tinylm
    python python/benchmarks/tinylm.py --models build/tinylm --documents docs/*.txt --lengths 8192
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

#: Positions are reported in these ranges.
EDGES = [0, 1024, 4096, 8192, 16384, 24576, 32768]


def bits_per_byte(logits, ids):
    """Bits of each byte but the first, [N-1]: logits [N, 256] f32, ids [N]."""
    z = logits[:-1].astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), ids[1:]]) / np.log(2)


def name_of_range(low, high):
    return f"{low // 1024}-{high // 1024}k"


def run(arguments, document, length, quality, folder):
    """One line of the table."""
    ids = np.fromfile(document, np.uint8)[:length].astype(np.int64)
    if len(ids) < length:
        sys.exit(f"{document}: expected at least {length} bytes, but got {len(ids)}")
    np.save(folder / "ids.npy", ids[None])
    command = [arguments.qsat_run, str(arguments.models / f"tinylm_{length}.mlir"),
               f"--inputs={folder / 'ids.npy'},{arguments.models / 'weights.npz'}",
               f"--outputs={folder / 'out.npz'}", f"--report={folder / 'report.json'}"]
    if quality != "exact":
        command += [f"--quality={quality}", "--audit"]
    if arguments.threads:
        command.append(f"--threads={arguments.threads}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    with np.load(folder / "out.npz") as file:
        bits = bits_per_byte(file["out0"][0], ids)
    report = json.loads((folder / "report.json").read_text())
    ms = {}
    for op in report["ops"]:
        ms[op["op"].split(".")[1]] = ms.get(op["op"].split(".")[1], 0) + op["ms"]
    line = {"document": pathlib.Path(document).stem, "length": length, "quality": quality, "bits": bits.mean(),
            "by_position": {name_of_range(low, high): bits[low:min(high, length - 1)].mean()
                            for low, high in zip(EDGES, EDGES[1:]) if low < length},
            "run_ms": report["run_ms"]["median"], "op_ms": ms,
            "density": np.mean([s["density"] for s in report["selections"]]) if report["selections"] else 1.0,
            "mass": np.mean([s["mass"] for s in report["selections"]]) if report["selections"] else 1.0,
            "audits": [{k: a[k] for k in ("relative_error", "low", "high", "kept_mass")} for a in report["audits"]]}
    return line


def print_table(lines):
    ranges = list(lines[0]["by_position"])
    print(f"{'document':<24}{'n':>6} {'quality':<9}{'bits/byte':>10}" + "".join(f"{r:>9}" for r in ranges)
          + f"{'density':>9}{'mass':>7}{'run s':>8}{'attn s':>8}{'audit s':>8}  relative error of layers")
    for line in lines:
        audits = line["audits"]
        errors = " ".join(f"{a['relative_error']:.3f}" for a in audits)
        attention = sum(ms for name, ms in line["op_ms"].items() if name != "audit")
        print(f"{line['document'][:23]:<24}{line['length']:>6} {line['quality']:<9}{line['bits']:10.4f}"
              + "".join(f"{line['by_position'].get(r, float('nan')):9.4f}" for r in ranges)
              + f"{line['density']:9.3f}{line['mass']:7.3f}{line['run_ms'] / 1e3:8.2f}{attention / 1e3:8.2f}"
              + f"{line['op_ms'].get('audit', 0) / 1e3:8.3f}  {errors}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qsat-run", default="build/bin/qsat-run")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="what python/export/tinylm.py wrote")
    parser.add_argument("--documents", nargs="+", required=True)
    parser.add_argument("--lengths", type=int, nargs="+", default=[8192])
    parser.add_argument("--qualities", nargs="+", default=["exact", "high", "balanced", "fast"])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = [run(arguments, document, length, quality, pathlib.Path(folder))
                 for length in arguments.lengths for document in arguments.documents
                 for quality in arguments.qualities]
    if arguments.json:
        print(json.dumps(lines, indent=1, default=float))
    else:
        print_table(lines)


if __name__ == "__main__":
    main()
