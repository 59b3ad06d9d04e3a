#!/usr/bin/env python3
"""Exports a trained ByteLM as linalg IR and an archive of its weights.

Writes to the output folder, for every length N:

  bytelm_N.mlir     func @main(ids: [1, N] i64, weights: bf16...) -> logits: [1, N, 256] f32
  weights.npz       the weights in the order of the arguments, as bf16 bit patterns (uint16)
  expected_512.npz  `ids` [1, 512] of the first document in the folder's docs/, and `logits`
                    [64, 256] f32 of its last 64 positions, as PyTorch computes them

The weights are widened to f32 once, at the top of the IR, and all arithmetic is f32.
"""

import argparse
import pathlib

import numpy as np
import torch
from model import ByteLM, Config
from safetensors.torch import load_file
from torch_mlir import fx


class WeightsAsArguments(torch.nn.Module):
    """ByteLM as a function of the ids and of its bf16 weights, computed in f32."""

    def __init__(self, config=Config()):
        super().__init__()
        net = ByteLM(config)
        self.names = [name for name, _ in net.named_parameters()]
        # Not a submodule: its parameters would become constants of the export.
        self.__dict__["net"] = net

    def forward(self, ids, *weights):
        """ids: [1, N] int64, weights: bf16 in the order of `names` -> logits: [1, N, 256] f32."""
        widened = {name: w.to(torch.float32) for name, w in zip(self.names, weights, strict=True)}
        return torch.func.functional_call(self.net, widened, (ids,))


def load_weights(path, names):
    """Returns the weights of a checkpoint, bf16, in the order of `names`."""
    weights = load_file(path)
    return [weights[name].to(torch.bfloat16) for name in names]


def export_ir(model, weights, n):
    """Returns the text of the IR at the static length `n`, without locations."""
    ids = torch.zeros(1, n, dtype=torch.int64)
    module = fx.export_and_import(model, ids, *weights, output_type="linalg-on-tensors")
    return module.operation.get_asm(enable_debug_info=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="what train.py wrote, .safetensors")
    parser.add_argument("output", type=pathlib.Path, help="folder to write to")
    parser.add_argument("--lengths", type=int, nargs="*", default=[512, 4096, 16384], help="context lengths to export")
    args = parser.parse_args()

    model = WeightsAsArguments().eval()
    weights = load_weights(args.checkpoint, model.names)
    args.output.mkdir(parents=True, exist_ok=True)
    bits = {name: w.view(torch.uint16).numpy() for name, w in zip(model.names, weights)}
    np.savez(args.output / "weights.npz", **bits)
    for n in args.lengths:
        (args.output / f"bytelm_{n}.mlir").write_text(export_ir(model, weights, n))
    for path in sorted((args.output / "docs").glob("*.txt"))[:1]:
        ids = np.fromfile(path, np.uint8)[None, :512].astype(np.int64)
        with torch.no_grad():
            logits = model(torch.from_numpy(ids), *weights)[0, -64:].numpy()
        np.savez(args.output / "expected_512.npz", ids=ids, logits=logits)


if __name__ == "__main__":
    main()
