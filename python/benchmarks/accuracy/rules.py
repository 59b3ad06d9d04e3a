"""`qsat.amplified_select` in PyTorch for causal self-attention: block masses to marked blocks."""

from dataclasses import dataclass

import torch

from estimators import diagonal_mask, visible_blocks, visible_keys


@dataclass(frozen=True)
class Rule:
    """policy, theta, alpha, exponent, seed, sinks, local and entangle as in the op.

    `gamma`: theta holds for a query block whose last row sees `reference` keys; one that sees n
    keys is held to theta * (reference / n)^gamma. `diagonal` False: `no_diagonal`. Not in the op:
    the policy `evict`, heavy hitters among the blocks that were kept so far.
    """

    policy: str = "threshold"
    theta: float = 0.0
    gamma: float = 0.0
    reference: int = 32768
    alpha: float = 1.0
    exponent: float = 1.0
    seed: int = 0
    sinks: int = 0
    local: int = 0
    diagonal: bool = True
    entangle: bool = False

    def __call__(self, p, lse, form, length, kv_heads):
        """Block masses p ``[B,H,Mb,Nb]`` and lse ``[B,H,Mb]`` of `length` rows -> marked: bool like p.

        Heads that share a list (`entangle`) get equal ones.
        """
        heads = p.shape[1]
        if self.entangle:
            p, lse = (x.unflatten(1, (kv_heads, -1)).mean(2) for x in (p, lse))
        seen = visible_blocks(form, length, p.device)
        eligible = torch.arange(p.shape[3], device=p.device) < seen[:, None]
        forced = self._forced(form, length, eligible)
        if self.policy == "logit_threshold":
            marked = p >= (self.theta - lse).exp()[..., None]
        else:
            marked = getattr(self, "_" + self.policy)(p, form, length, eligible, forced)
        marked = marked & eligible | forced
        return marked.repeat_interleave(heads // p.shape[1], 1)

    def _forced(self, form, length, eligible):
        diagonal = diagonal_mask(form, length, eligible.device)
        first = diagonal.int().argmax(-1)[:, None]
        blocks = torch.arange(eligible.shape[1], device=eligible.device)
        forced = (blocks < self.sinks) | ((blocks < first) & (blocks >= first - self.local))
        if self.diagonal:
            forced = forced | diagonal
        return forced & eligible

    # Thresholds.

    def _threshold(self, p, form, length, eligible, forced):
        n = visible_keys(form, length, p.device).float()
        theta = self.theta * (self.reference / n) ** self.gamma
        return p >= theta[:, None]

    def _relative_threshold(self, p, form, length, eligible, forced):
        return p >= self.theta * p.masked_fill(~eligible, 0).amax(-1, keepdim=True)

    def _all(self, p, form, length, eligible, forced):
        return eligible.expand(p.shape)

    # The largest: forced first, then by descending key, ties by lower index.

    def _first(self, key, eligible, forced, counts):
        """The `counts` ``[Mb]`` or ``[..,Mb]`` first of the eligible blocks."""
        key = key.masked_fill(~eligible, float("-inf")).masked_fill(forced & eligible, float("inf"))
        rank = key.argsort(dim=-1, descending=True, stable=True).argsort(-1)
        return rank < counts[..., None]

    def _budget(self, p, form, length, eligible, forced):
        counts = torch.ceil(self.alpha * eligible.sum(-1).double() ** self.exponent)
        return self._first(p, eligible, forced, counts)

    def _mass(self, p, form, length, eligible, forced):
        key = p.masked_fill(~eligible, -1).masked_fill(forced & eligible, float("inf"))
        order = key.argsort(dim=-1, descending=True, stable=True)
        held = p.masked_fill(~eligible, 0)
        before = held.gather(-1, order).cumsum(-1) - held.gather(-1, order)  # of the blocks before
        taken = before < self.theta * held.sum(-1, keepdim=True)
        return torch.zeros_like(taken).scatter_(-1, order, taken)

    def _heavy_hitter(self, p, form, length, eligible, forced):
        counts = torch.ceil(self.alpha * eligible.sum(-1).double() ** self.exponent)
        return self._first(p.cumsum(2), eligible, forced, counts)

    def _evict(self, p, form, length, eligible, forced):
        """A key block that is not among the `alpha n^exponent` heavy hitters once is gone for good."""
        counts = torch.ceil(self.alpha * eligible.sum(-1).double() ** self.exponent)
        heard, alive = torch.zeros_like(p[:, :, 0]), torch.ones_like(p[:, :, 0], dtype=torch.bool)
        marked = []
        for block in range(p.shape[2]):
            here = alive & eligible[block]
            mass = p[:, :, block] * here
            heard = heard + mass / mass.sum(-1, keepdim=True).clamp_min(1e-20)
            kept = self._first(heard.masked_fill(~here, -1), eligible[block], forced[block], counts[block:block + 1])
            marked.append(kept & (here | forced[block]))
            alive = marked[-1] | ~eligible[block]
        return torch.stack(marked, 2)

    def _measure(self, p, form, length, eligible, forced):
        counts = torch.ceil(self.alpha * eligible.sum(-1).double() ** self.exponent)
        b, h, i, j = (torch.arange(n, device=p.device).view([-1 if a == b else 1 for b in range(4)])
                      for a, n in enumerate(p.shape))
        key = p.log() - (-gumbel_uniform(self.seed, b, h, i, j).to(p.dtype).log()).log()
        return self._first(key, eligible, forced, counts)


def gumbel_uniform(seed, b, hs, i, j):
    """u(b, hs, I, J) of the policy `measure`; see the op."""
    word = 0xFFFFFFFF
    x = (seed + 0x9E3779B9 * (j + 1) + 0x85EBCA77 * i + 0xC2B2AE3D * hs + 0x27D4EB2F * b) & word
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = x ^ (x >> shift)
        # A product of two 32-bit words does not fit i64: by halves.
        x = (((x >> 16) * factor & 0xFFFF) << 16) + (x & 0xFFFF) * factor & word
    x = x ^ (x >> 16)
    return ((x >> 9).double() + 0.5) * 2.0**-23


def lists_of(marked):
    """marked bool ``[..,Nb]`` -> indices i32 (ascending) and counts i32, as the op lists them."""
    indices = (~marked).int().argsort(dim=-1, stable=True).int()
    return indices, marked.sum(-1, dtype=torch.int32)
