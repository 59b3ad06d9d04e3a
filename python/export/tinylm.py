#!/usr/bin/env python3
"""Exports a TinyLM checkpoint as linalg IR and an archive of its weights.

TinyLM is a 26M-parameter byte-level decoder of a 32k context: ByteLM (model.py) with 8 layers
of width 512, 8 query heads on 2 key heads of 128, and other names of the weights. Writes to the
output folder, for every length N:

  tinylm_N.mlir  func @main(ids: [1, N] i64, weights: bf16...) -> logits: [1, N, 256] f32
  weights.npz    the weights in the order of the arguments, as bf16 bit patterns (uint16)

The weights are widened to f32 once, at the top of the IR, and all arithmetic is f32.

    python tinylm.py tinylm.safetensors build/tinylm --lengths 8192 16384 32768
"""

import argparse
import pathlib

import numpy as np
import torch
from bytelm import WeightsAsArguments, export_ir
from model import Config
from safetensors.torch import load_file

TINYLM = Config(width=512, layers=8, heads=8, kv_heads=2, head_dim=128, hidden=1280)


def checkpoint_name(name):
    """The name in a TinyLM checkpoint of the ByteLM parameter `name`."""
    parts = name.split(".")
    if parts[0] == "blocks":
        norms = {"norm1": "n1", "norm2": "n2"}
        part = parts[2]
        parts[2] = norms.get(part, f"attn.{part}" if part in ("q", "k", "v", "o") else part)
    return ".".join(parts)


def load_weights(path, names):
    """Returns the weights of a TinyLM checkpoint, bf16, in the order of the parameters `names`."""
    weights = load_file(path)
    return [weights[checkpoint_name(name)].to(torch.bfloat16) for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="tinylm.safetensors")
    parser.add_argument("output", type=pathlib.Path, help="folder to write to")
    parser.add_argument("--lengths", type=int, nargs="*", default=[8192, 16384, 32768], help="context lengths to export")
    args = parser.parse_args()

    model = WeightsAsArguments(TINYLM).eval()
    weights = load_weights(args.checkpoint, model.names)
    args.output.mkdir(parents=True, exist_ok=True)
    bits = {name: w.view(torch.uint16).numpy() for name, w in zip(model.names, weights)}
    np.savez(args.output / "weights.npz", **bits)
    for n in args.lengths:
        (args.output / f"tinylm_{n}.mlir").write_text(export_ir(model, weights, n))


if __name__ == "__main__":
    main()
