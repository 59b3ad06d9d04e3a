"""Decode with heavy-hitter eviction (H2O, Zhang et al. 2023): keys that were dropped once are gone.

The keys are judged one by one, per key/value head, by the attention that they have had so far.
Teacher-forced: rows are taken 128 at a time and eviction follows each 128, so that up to 128
keys more than the budget are held.
"""

import torch

CHUNK = 128


class Eviction:
    """Attention that keeps `budget` of the visible keys: half heavy hitters, half the most recent."""

    def __init__(self, budget, scale):
        self.budget, self.scale = budget, scale

    def __call__(self, q, k, v):
        length, group = q.shape[2], q.shape[1] // k.shape[1]
        alive = torch.zeros(k.shape[:3], dtype=torch.bool, device=q.device)
        heard = torch.zeros(k.shape[:3], dtype=q.dtype, device=q.device)
        out = torch.empty_like(q)
        for start in range(0, length, CHUNK):
            end = min(start + CHUNK, length)
            alive[:, :, start:end] = True
            rows = torch.arange(start, end, device=q.device)
            part = q[:, :, start:end].unflatten(1, (-1, group)).flatten(2, 3)  # [B,Hkv,group*rows,D]
            z = self.scale * part @ k[:, :, :end].transpose(-1, -2)
            visible = torch.arange(end, device=q.device) <= rows.repeat(group)[:, None]
            z.masked_fill_(~(visible & alive[:, :, None, :end]), float("-inf"))
            p = z.softmax(-1)
            out[:, :, start:end] = (p @ v[:, :, :end]).unflatten(2, (group, -1)).flatten(1, 2)
            heard[:, :, :end] += p.sum(2)
            kept = int(self.budget * end)
            recent = torch.arange(end, device=q.device) >= end - kept // 2
            rank = heard[:, :, :end].masked_fill(~alive[:, :, :end], -1).masked_fill(recent, float("inf"))
            best = rank.topk(max(kept, 1), -1).indices
            alive[:, :, :end] = torch.zeros_like(rank, dtype=torch.bool).scatter_(-1, best, True) & alive[:, :, :end]
        return out
