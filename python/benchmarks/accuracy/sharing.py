"""Does the entropy of the heads of a group predict what lists shared by the group cost? On TinyLM.

    python python/benchmarks/accuracy/sharing.py --model tinylm.safetensors --documents docs/

Every layer has lists per head by the rule of `--method`, one layer in turn lists per group. Per
layer, on the documents: the entropy E of the estimated block masses (`qsat.overlap`), mass kept and
density of both kinds of lists, as the remark of `qsat-run --audit` reports them; the price: the output
error of the layer on equal inputs, and the extra bits per byte of the whole document.
"""

import argparse
import json
import pathlib

import torch

import tinylm
from attend import Attention, Method
from kernels import block_attention
from qsat.entanglement import entropy
from qsat.reference import overlap
from results import mean_interval
from rules import lists_of


class Sharing:
    """Attention with lists per head, of layer `shared` per group; measures both kinds if `measures`."""

    def __init__(self, method, shared, measures):
        self.method, self.shared, self.measures = method, shared, measures
        self.own = Attention(method, tinylm.SCALE)
        self.layer, self.found = 0, []

    def __call__(self, q, k, v):
        form, rule = self.method.estimator, self.method.rule
        p, lse = form(q, k, tinylm.SCALE)
        kinds = {}
        for name, entangle in (("own", False), ("shared", True)):
            if self.measures or entangle == (self.layer == self.shared):
                marked = type(rule)(**{**vars(rule), "entangle": entangle})(p, lse, form, q.shape[2], k.shape[1])
                o, _ = block_attention(q, k, v, *lists_of(marked), form.block_m, form.block_n, tinylm.SCALE)
                kinds[name] = marked, o
        if self.measures:
            self.found.append(self.measure(q, k, v, p, kinds))
        self.layer += 1
        return kinds["shared" if self.layer - 1 == self.shared else "own"][1]

    def measure(self, q, k, v, p, kinds):
        form = self.method.estimator
        marked, indices, counts = self.own._everything(q)
        dense, _ = block_attention(q, k, v, indices, counts, form.block_m, form.block_n, tinylm.SCALE)
        rho = overlap(p.sqrt().cpu().numpy(), q.shape[1] // k.shape[1])
        line = {"E": float(entropy(rho).mean())}
        for name, (marked_here, o) in kinds.items():
            line[f"{name} mass"] = float((p * marked_here).sum(-1).mean())
            line[f"{name} density"] = float(marked_here.sum() / marked.sum())
            line[f"{name} error"] = float((o - dense).norm() / dense.norm())
        return line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--documents", required=True)
    parser.add_argument("--length", type=int, default=16384)
    parser.add_argument("--only", default="", help="FIRST:END:STEP of the sorted documents (default: all)")
    parser.add_argument("--method", default="estimator=rows stride=16 local=1 block_m=64 block_n=64 theta=.008",
                        help="(default: quality=balanced)")
    parser.add_argument("--json", help="file for the numbers of each document")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    model = tinylm.TinyLM(arguments.model, "cuda" if torch.cuda.is_available() else "cpu")
    method = Method.parse(arguments.method)
    chosen = slice(*(int(x) if x else None for x in arguments.only.split(":"))) if arguments.only else slice(None)
    paths = sorted(p for p in pathlib.Path(arguments.documents).iterdir() if p.is_file())[chosen]
    lines = [[] for _ in range(tinylm.LAYERS)]
    for path in paths:
        ids = torch.tensor(list(path.read_bytes()[:arguments.length]), device=model.device)[None]
        attend = Sharing(method, None, measures=True)
        base = model.bits(ids, attend).mean()
        for layer, line in enumerate(attend.found):
            bits = model.bits(ids, Sharing(method, layer, measures=False)).mean()
            lines[layer].append(line | {"extra": float(bits - base)})
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"documents": [p.name for p in paths], "layers": lines}))
    names = [name for name in lines[0][0] if name != "extra"]
    print(f"{len(paths)} documents of {arguments.length} bytes, {arguments.method}")
    print("| layer | " + " | ".join(names) + " | extra bits |\n" + "|---" * (len(names) + 2) + "|")
    for layer, of_documents in enumerate(lines):
        means = [sum(line[name] for line in of_documents) / len(of_documents) for name in names]
        extra = "%+.4f ± %.4f" % mean_interval([line["extra"] for line in of_documents])
        print(f"| {layer} | " + " | ".join(f"{x:.4f}" for x in means) + f" | {extra} |")


if __name__ == "__main__":
    main()
