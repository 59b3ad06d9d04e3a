"""TinyLM: a 26M-parameter byte-level decoder (RMSNorm, RoPE, grouped queries 8:2, SwiGLU), 32k context.

The weights are read from a safetensors file in bf16, and computed with in f32.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD_WIDTH, THETA = 512, 8, 8, 2, 128, 100000.0
SCALE = HEAD_WIDTH**-0.5


class TinyLM:
    def __init__(self, path, device):
        self.device = device
        self.weights = {name: x.to(device, torch.float32) for name, x in load_file(path).items()}

    def __call__(self, ids, attend):
        """Logits by chunks of positions: ids i64 ``[B,N]`` -> generator of f32 ``[B,n,256]``."""
        w = self.weights
        cos, sin = _rope(ids.shape[1], ids.device)
        x = w["embed.weight"][ids]
        for layer in range(LAYERS):
            at = f"blocks.{layer}."
            y = _norm(x, w[at + "n1.weight"])
            q, k, v = (F.linear(y, w[at + f"attn.{name}.weight"]).unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2)
                       for name in "qkv")
            o = attend(*(x.contiguous() for x in (_rotate(q, cos, sin), _rotate(k, cos, sin), v)))
            x = x + F.linear(o.transpose(1, 2).flatten(-2), w[at + "attn.o.weight"])
            y = _norm(x, w[at + "n2.weight"])
            hidden = F.silu(F.linear(y, w[at + "gate.weight"])) * F.linear(y, w[at + "up.weight"])
            x = x + F.linear(hidden, w[at + "down.weight"])
        return F.linear(_norm(x, w["norm.weight"]), w["embed.weight"])

    def bits(self, ids, attend):
        """Bits of each byte given those before it: f32 ``[B,N-1]``."""
        logits = self(ids, attend)[:, :-1]
        return F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none") / 0.6931471805599453


def _norm(x, weight):
    return F.rms_norm(x, (WIDTH,), weight, 1e-5)


def _rope(length, device):
    inverse = THETA ** (-torch.arange(0, HEAD_WIDTH, 2, device=device, dtype=torch.float32) / HEAD_WIDTH)
    angle = torch.outer(torch.arange(length, device=device, dtype=torch.float32), inverse).repeat(1, 2)
    return angle.cos(), angle.sin()


def _rotate(x, cos, sin):
    x1, x2 = x.chunk(2, -1)
    return x * cos + torch.cat((-x2, x1), -1) * sin
