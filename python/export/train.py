#!/usr/bin/env python3
"""Trains ByteLM for a wall-clock budget on one GPU (or slowly on a CPU).

A phase of short context at a constant rate is followed by a phase of long
context whose rate falls linearly to zero. Muon updates the matrices, AdamW the
embedding and the norm scales. The weights are written as bf16 safetensors, and
the bits per byte of held-out documents are printed by position.
"""

import argparse
import contextlib
import glob
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from model import ByteLM
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

RANGES = ((0, 1024), (1024, 4096), (4096, 8192), (8192, 16384))
WARMUP_STEPS = 200


def save(net, path):
    """Writes the weights of `net` to `path`, rounded to bf16."""
    weights = {k: v.detach().to(torch.bfloat16).contiguous().cpu() for k, v in net.state_dict().items()}
    save_file(weights, path + ".tmp")
    os.replace(path + ".tmp", path)


def load(path, device="cpu"):
    """Returns the model whose weights are at `path`, in f32."""
    net = ByteLM().to(device).eval()
    net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return net


@torch.no_grad()
def position_bits(net, text, n):
    """Returns the bits that each of the bytes 1..n of `text` costs: f32 [n]."""
    ids = torch.from_numpy(text[: n + 1].astype(np.int64)).to(net.embed.weight.device)
    return F.cross_entropy(net(ids[None, :-1]).float()[0], ids[1:], reduction="none") / math.log(2)


def report(net, docs, n):
    """Prints bits per byte by range of positions for every document, and the mean."""
    rows = []
    ranges = [*((a, b) for a, b in RANGES if b <= n), (0, n)]
    print("document".ljust(24), *(f"{a}-{b}".rjust(11) for a, b in ranges))
    for path in sorted(glob.glob(docs + "/*.txt")):
        bits = position_bits(net, np.fromfile(path, np.uint8), n)
        rows.append([bits[a:b].mean().item() for a, b in ranges])
        print(os.path.basename(path).ljust(24), *(f"{x:11.4f}" for x in rows[-1]))
    print("mean".ljust(24), *(f"{x:11.4f}" for x in np.mean(rows, 0)), flush=True)


def optimizers(net, rate):
    """Returns Muon for the matrices of the layers and AdamW for everything else."""
    matrices = [p for p in net.blocks.parameters() if p.ndim == 2]
    norms = [p for p in net.parameters() if p.ndim == 1]
    muon = torch.optim.Muon(matrices, lr=rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    groups = [dict(params=[net.embed.weight], weight_decay=0.1), dict(params=norms, weight_decay=0.0)]
    adam = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))
    return muon, adam


class Trainer:
    """Owns the model, the optimizers and the step counter."""

    def __init__(self, args):
        self.args = args
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.net = ByteLM().to(self.device)
        self.data = torch.from_numpy(np.fromfile(args.corpus, np.uint8)).to(self.device)
        self.optimizers = optimizers(self.net, args.rate)
        self.steps = 0
        cuda = self.device == "cuda"
        self.loss = torch.compile(self.eager_loss, dynamic=False) if cuda else self.eager_loss

    def eager_loss(self, x, y):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            z = self.net(x)
        return F.cross_entropy(z.float().view(-1, z.shape[-1]), y.reshape(-1))

    def gradients(self, n, batch):
        """Adds the gradients of one random batch; returns its loss."""
        start = torch.randint(0, self.data.numel() - n - 1, (batch,), device=self.device)
        window = self.data[start[:, None] + torch.arange(n + 1, device=self.device)].long()
        loss = self.loss(window[:, :-1].contiguous(), window[:, 1:].contiguous())
        loss.backward()
        return loss

    def phase(self, n, batch, seconds, rate_begin, rate_end):
        """Trains for `seconds` at context `n` while the rate goes linearly from one value to the other."""
        self.gradients(n, batch)  # compiles outside of the budget
        self.net.zero_grad(set_to_none=True)
        begin = saved = time.time()
        recent = []
        while (elapsed := time.time() - begin) < seconds:
            rate = rate_begin + (rate_end - rate_begin) * elapsed / seconds
            rate *= min(1, (self.steps + 1) / WARMUP_STEPS)
            for group in (g for o in self.optimizers for g in o.param_groups):
                group["lr"] = rate
            recent.append(self.gradients(n, batch).detach())
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            for o in self.optimizers:
                o.step()
                o.zero_grad(set_to_none=True)
            self.steps += 1
            if len(recent) == 100:
                bits = torch.stack(recent).mean().item() / math.log(2)
                recent.clear()
                print(f"n {n} step {self.steps} {elapsed:.0f}s rate {rate:.5f} bits/byte {bits:.4f}", flush=True)
            if time.time() - saved > 120:
                save(self.net, self.args.out)
                saved = time.time()
        save(self.net, self.args.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", help="training text, one file of bytes")
    parser.add_argument("docs", help="folder of held-out documents, *.txt")
    parser.add_argument("out", help="weights to write, .safetensors")
    parser.add_argument("--short-context", type=int, default=2048)
    parser.add_argument("--long-context", type=int, default=16384)
    parser.add_argument("--batch-bytes", type=int, default=131072, help="bytes in one step")
    parser.add_argument("--short-seconds", type=float, default=300)
    parser.add_argument("--long-seconds", type=float, default=900)
    parser.add_argument("--rate", type=float, default=4e-3, help="peak learning rate")
    parser.add_argument("--cudnn", action="store_true", help="train with the attention of cuDNN")
    args = parser.parse_args()

    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    trainer = Trainer(args)
    print("parameters", sum(p.numel() for p in trainer.net.parameters()), flush=True)
    attention = sdpa_kernel([SDPBackend.CUDNN_ATTENTION]) if args.cudnn else contextlib.nullcontext()
    with attention:
        for n, seconds, end in (
            (args.short_context, args.short_seconds, args.rate),
            (args.long_context, args.long_seconds, 0.0),
        ):
            trainer.phase(n, max(1, args.batch_bytes // n), seconds, args.rate, end)
    torch.set_float32_matmul_precision("highest")
    report(load(args.out, trainer.device), args.docs, args.long_context)


if __name__ == "__main__":
    main()
