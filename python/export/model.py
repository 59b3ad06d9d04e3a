"""ByteLM: a small byte-level decoder in the Llama layout (RMSNorm, RoPE, grouped-query attention, SwiGLU)."""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Config:
    """Sizes of the model; the defaults have 3.0M parameters."""

    vocab: int = 256
    width: int = 256
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    hidden: int = 688
    theta: float = 1e5


def rope_tables(n, config, device):
    """Returns cos and sin of the rotary angles, each [n, head_dim]."""
    exponent = -torch.arange(0, config.head_dim, 2, device=device, dtype=torch.float32) / config.head_dim
    position = torch.arange(n, device=device, dtype=torch.float32)
    angle = torch.outer(position, config.theta**exponent)
    angle = torch.cat((angle, angle), -1)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    """Applies the rotary embedding to x: [batch, heads, n, head_dim]."""
    x1, x2 = x.chunk(2, -1)
    return x * cos.to(x.dtype) + torch.cat((-x2, x1), -1) * sin.to(x.dtype)


class Block(nn.Module):
    """One decoder layer: causal self-attention, then a gated MLP, each with a residual."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        c = config
        self.norm1 = nn.RMSNorm(c.width, eps=1e-5)
        self.norm2 = nn.RMSNorm(c.width, eps=1e-5)
        self.q = nn.Linear(c.width, c.heads * c.head_dim, bias=False)
        self.k = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=False)
        self.v = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=False)
        self.o = nn.Linear(c.heads * c.head_dim, c.width, bias=False)
        self.gate = nn.Linear(c.width, c.hidden, bias=False)
        self.up = nn.Linear(c.width, c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)

    def qkv(self, x, cos, sin):
        """Returns q [batch, heads, n, head_dim] and k, v [batch, kv_heads, n, head_dim], q and k rotated."""
        c, (b, n, _) = self.config, x.shape
        h = self.norm1(x)
        q = rotate(self.q(h).view(b, n, c.heads, c.head_dim).transpose(1, 2), cos, sin)
        k = rotate(self.k(h).view(b, n, c.kv_heads, c.head_dim).transpose(1, 2), cos, sin)
        v = self.v(h).view(b, n, c.kv_heads, c.head_dim).transpose(1, 2)
        return q, k, v

    def forward(self, x, cos, sin):
        c, (b, n, _) = self.config, x.shape
        q, k, v = self.qkv(x, cos, sin)
        group = c.heads // c.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(a.transpose(1, 2).reshape(b, n, -1))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class ByteLM(nn.Module):
    """The decoder; the output head is the embedding matrix."""

    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-5)
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, std=0.02)
        for block in self.blocks:
            for linear in (block.o, block.down):
                nn.init.normal_(linear.weight, std=0.02 / (2 * config.layers) ** 0.5)

    def forward(self, ids):
        """ids [batch, n] int64 -> logits [batch, n, vocab]."""
        cos, sin = rope_tables(ids.shape[1], self.config, ids.device)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, cos, sin)
        return F.linear(self.norm(x), self.embed.weight)
