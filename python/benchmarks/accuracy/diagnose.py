"""What the attention of the model is like: how far the premises of the theory hold.

    python python/benchmarks/accuracy/diagnose.py --model tinylm.safetensors --documents docs/

Per layer, over the documents and heads of dense attention:

* bounded entries (Alman, Song 2023): the largest |score|, and what the bound asks for,
  sqrt(log n), of max |q| max |k| scale;
* (tau, k)-good rows (Gao, Song, Yang, Zhang 2023): the width rho of the scores off the best k keys
  of sampled rows, which the bound tanh(rho / 4) on the error needs small, and the mass there;
* entanglement of the heads of a group: with M_hJ = sqrt(p_hJ / heads) of a query block and singular
  values s of M, E = -sum s^2 ln s^2. E = 0: the heads agree and one list serves all; ln heads at
  most. Beside it the mass that the 16 best blocks hold by shared and by own lists.
"""

import argparse
import math
import pathlib

import torch

import tinylm
from attend import Attention, Method
from estimators import Estimator

KEPT_KEYS, KEPT_BLOCKS, SAMPLED = 1024, 16, 128


class Diagnosis:
    """Dense attention that measures what it sees; `layers` holds one dict per call."""

    def __init__(self):
        self.dense, self.layers = Attention(Method("dense"), tinylm.SCALE), []

    def __call__(self, q, k, v):
        line = {"largest |q| |k| scale": tinylm.SCALE * float(q.norm(dim=-1).max() * k.norm(dim=-1).max())}
        line |= self.rows(q, k) | self.entanglement(q, k)
        self.layers.append(line)
        return self.dense(q, k, v)

    @staticmethod
    def rows(q, k):
        """Of rows that see all of the second half of the keys."""
        length, group = q.shape[2], q.shape[1] // k.shape[1]
        rows = torch.linspace(length // 2, length - 1, SAMPLED, device=q.device).long()
        z = tinylm.SCALE * q[:, :, rows] @ k.repeat_interleave(group, 1).transpose(-1, -2)
        seen = torch.arange(length, device=q.device) <= rows[:, None]
        largest = z.masked_fill(~seen, 0).abs().amax()
        ordered = z.masked_fill(~seen, float("-inf")).sort(-1, descending=True).values
        p = ordered.softmax(-1)
        lowest = z.masked_fill(~seen, float("inf")).amin(-1)
        return {"largest |score|": float(largest), "width rho": float((ordered[..., KEPT_KEYS] - lowest).median()),
                f"mass off {KEPT_KEYS} keys": float(p[..., KEPT_KEYS:].sum(-1).mean())}

    @staticmethod
    def entanglement(q, k):
        p, _ = Estimator("exact")(q, k, tinylm.SCALE)
        p = p[:, :, p.shape[2] // 2:].unflatten(1, (k.shape[1], -1))  # [B,Hkv,heads,Mb/2,Nb]
        m = p.transpose(2, 3).sqrt() / math.sqrt(p.shape[2])
        weights = torch.linalg.eigvalsh((m @ m.transpose(-1, -2)).double()).clamp_min(1e-30)
        own = p.sort(-1, descending=True).values[..., :KEPT_BLOCKS].sum(-1).mean()
        best = p.mean(2, keepdim=True).argsort(dim=-1, descending=True)[..., :KEPT_BLOCKS]
        shared = p.gather(-1, best.expand(*p.shape[:-1], -1)).sum(-1).mean()
        return {"entropy E": float(-(weights * weights.log()).sum(-1).mean()),
                f"mass in {KEPT_BLOCKS} own blocks": float(own), "in shared blocks": float(shared)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--documents", required=True)
    parser.add_argument("--length", type=int, default=32768)
    parser.add_argument("--count", type=int, default=4, help="documents (default %(default)s)")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    model = tinylm.TinyLM(arguments.model, "cuda" if torch.cuda.is_available() else "cpu")
    paths = sorted(p for p in pathlib.Path(arguments.documents).iterdir() if p.is_file())[:arguments.count]
    found = []
    for path in paths:
        ids = torch.tensor(list(path.read_bytes()[:arguments.length]), device=model.device)[None]
        diagnosis = Diagnosis()
        model.bits(ids, diagnosis)
        found.append(diagnosis.layers)
    names = list(found[0][0])
    print(f"{len(paths)} documents of {arguments.length} bytes, sqrt(log n) = {math.sqrt(math.log(arguments.length)):.2f}")
    print("| layer | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    for layer in range(len(found[0])):
        means = (sum(f[layer][name] for f in found) / len(found) for name in names)
        print(f"| {layer} | " + " | ".join(f"{x:.3g}" for x in means) + " |")


if __name__ == "__main__":
    main()
