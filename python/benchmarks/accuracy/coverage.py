"""How often the interval of `qsat.audit` covers the true error, layer by layer, on TinyLM.

    python python/benchmarks/accuracy/coverage.py --model tinylm.safetensors --documents docs/ --only 0:2

Attention of all layers is made sparse as a quality says, so that each layer reads what the ones
before it made of their errors. The errors of all rows are known then; rows are drawn with many
seeds as the audit draws them, and the interval from them is compared with the truth.
"""

import argparse
import concurrent.futures
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

import tinylm
from attend import Attention, Method
from qsat.audit import relative_error
from qsat.reference import draw_rows

#: `quality` of qsat-sparsify.
QUALITIES = {
    "high": "estimator=rows stride=8 local=1 block_m=64 block_n=64 theta=.006",
    "balanced": "estimator=rows stride=16 local=1 block_m=64 block_n=64 theta=.008",
    "fast": "estimator=rows stride=16 local=1 block_m=64 block_n=64 theta=.016",
}


class Rows:
    """Sparse attention that keeps, per layer, the squared error and norm of each row, f64 ``[H,N]``."""

    def __init__(self, method):
        self.sparse, self.layers = Attention(method, tinylm.SCALE), []

    def __call__(self, q, k, v):
        o = self.sparse(q, k, v)
        exact = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=tinylm.SCALE, enable_gqa=True)
        self.layers.append(tuple(x[0].double().square().sum(-1).cpu().numpy() for x in (o - exact, exact)))
        return o


def coverage(job):
    """Of (error, norm, seeds): (true relative error, share of the seeds whose interval covers it,
    median width of an interval / truth)."""
    error, norm, seeds = job
    truth = np.sqrt(error.sum() / norm.sum())
    hits, widths = [], []
    for seed in range(seeds):
        rows, weights = (x.reshape(len(error), -1) for x in draw_rows(1, *error.shape, seed=seed))
        estimate = relative_error(*(np.take_along_axis(x, rows, 1) * weights for x in (error, norm)))
        hits.append(estimate.low <= truth <= estimate.high)
        widths.append((estimate.high - estimate.low) / truth)
    return truth, np.mean(hits), np.median(widths)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--documents", required=True)
    parser.add_argument("--only", default="0:2", help="FIRST:END:STEP of the sorted documents (default %(default)s)")
    parser.add_argument("--length", type=int, default=16384)
    parser.add_argument("--quality", default="balanced", choices=list(QUALITIES))
    parser.add_argument("--seeds", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    model = tinylm.TinyLM(arguments.model, "cuda" if torch.cuda.is_available() else "cpu")
    chosen = slice(*(int(x) if x else None for x in arguments.only.split(":")))
    paths = sorted(p for p in pathlib.Path(arguments.documents).iterdir() if p.is_file())[chosen]
    print(f"{arguments.length} bytes, quality {arguments.quality}, {arguments.seeds} seeds: true error, coverage, median "
          "width of the interval / error")
    print("| document | " + " | ".join(f"layer {n}" for n in range(tinylm.LAYERS)) + " | all |")
    print("|---" * (tinylm.LAYERS + 2) + "|")
    # Forked before any thread of the model starts.
    pool = concurrent.futures.ProcessPoolExecutor()
    pool.submit(abs, 0).result()
    for path in paths:
        rows = Rows(Method.parse(QUALITIES[arguments.quality]))
        model.bits(torch.tensor(list(path.read_bytes()[:arguments.length]), device=model.device)[None], rows)
        found = list(pool.map(coverage, [(*layer, arguments.seeds) for layer in rows.layers]))
        cells = [f"{truth:.4f} {hits:.3f} {width:.2f}" for truth, hits, width in found]
        print(f"| {path.stem} | " + " | ".join(cells) + f" | {np.mean([hits for _, hits, _ in found]):.3f} |", flush=True)


if __name__ == "__main__":
    main()
