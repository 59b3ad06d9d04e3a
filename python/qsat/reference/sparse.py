"""``qsat.sparse_attention``: attention over listed key blocks, and a background."""

from __future__ import annotations

import numpy as np

from qsat.reference.amplification import Amplification
from qsat.reference.dense import (ORIGIN, Position, ScoreFunction, Scores, heads, log_sum_exp, merge,
                                  normalised)
from qsat.reference.mask import Mask
from qsat.reference.statistics import block_sizes, block_statistics

BACKGROUNDS = ("none", "rank1", "centroid", "t2")


def sparse_attention(q, k, v, indices, counts, *, scale: float = 1.0, mask: Mask | None = None,
                     score: ScoreFunction | None = None, at: Position = ORIGIN,
                     block_m: int = 128, block_n: int = 128, background: str = "none",
                     background_logit: float = 0.0, amplification: Amplification | None = None,
                     dtype=np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``qsat.sparse_attention``: o = P o_S + (1 - P) o_bg, lse, kept.

    q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``, v ``[B,Hkv,N,Dv]``, indices ``[B,Hs,Mb,max]``,
    counts ``[B,Hs,Mb]`` -> o ``[B,H,M,Dv]``, lse ``[B,H,M]``, kept ``[B,H,M]`` (the share
    a of the selection in exp lse), in ``dtype``. ``amplification`` is ``full`` by default
    without a background, else ``born``. Entries of indices past the count are not read.
    """
    if background not in BACKGROUNDS:
        raise ValueError(f"expected a background of {BACKGROUNDS}, but got {background!r}")
    if background != "none" and score is not None:
        raise ValueError("expected no score function with a background")
    amplification = amplification or Amplification("full" if background == "none" else "born")
    if background == "none" and amplification.kind != "full":
        raise ValueError(f"expected a background with the amplification {amplification.kind!r}")
    q, k, v = (np.asarray(x).astype(dtype, copy=False) for x in (q, k, v))
    indices, counts = np.asarray(indices), np.asarray(counts)
    sizes_m, sizes_n = block_sizes(q.shape[2], block_m), block_sizes(k.shape[2], block_n)
    heads_per_list = q.shape[1] // counts.shape[1]
    o = np.zeros((*q.shape[:3], v.shape[3]), dtype)
    lse = np.full(q.shape[:3], -np.inf, dtype)
    kept = np.zeros(q.shape[:3], dtype)
    for b, h, hkv in heads(q, k):
        scores = Scores(q[b, h], k[b, hkv], b, h, scale, mask, score, at)
        rest = _Background(scores, v[b, hkv], block_n, background, background_logit)
        for block in range(len(sizes_m)):
            rows = np.arange(sizes_m[block]) + block * block_m
            hs = h // heads_per_list
            listed = _listed(indices[b, hs, block, :counts[b, hs, block]], len(sizes_n))
            keys = np.flatnonzero(np.repeat(listed, sizes_n))
            z = scores(rows, keys)
            lse_s = log_sum_exp(z)
            o_s = normalised(z, lse_s) @ v[b, hkv][keys]
            o_bg, lse_bg = rest(rows, ~listed)
            _, total = merge(o_s, lse_s, o_bg, lse_bg, dtype)
            a = normalised(lse_s[:, None], total)[:, 0]
            p = np.where(lse_bg == -np.inf, 1.0, amplification.probability(a))
            p = np.where(lse_s == -np.inf, 0.0, p).astype(dtype)[:, None]
            o[b, h, rows] = p * o_s + (1 - p) * o_bg
            lse[b, h, rows], kept[b, h, rows] = total, a
    return o, lse, kept


def _listed(blocks: np.ndarray, num_n: int) -> np.ndarray:
    """The list of a query block as bool ``[Nb]``."""
    if np.any((blocks < 0) | (blocks >= num_n)):
        raise ValueError(f"expected key blocks below {num_n}, but got {blocks}")
    listed = np.zeros(num_n, bool)
    listed[blocks] = True
    return listed


class _Background:
    """What stands in for the visible keys of the unlisted blocks of one head."""

    def __init__(self, scores: Scores, v: np.ndarray, block_n: int, kind: str, logit: float):
        self.scores, self.v, self.kind, self.logit = scores, v, kind, logit
        self.starts = np.arange(0, v.shape[0], block_n)
        self.sizes = block_sizes(v.shape[0], block_n)
        if kind in ("centroid", "t2"):
            self.kbar, self.variance, _ = block_statistics(scores.k, block_n, scores.k.dtype)
            self.vbar, _, _ = block_statistics(v, block_n, v.dtype)

    def __call__(self, rows: np.ndarray, unlisted: np.ndarray):
        """(o_bg ``[rows,Dv]``, lse_bg ``[rows]``) of the unlisted blocks (bool ``[Nb]``)."""
        if self.kind == "none":
            return (np.zeros((len(rows), self.v.shape[1]), self.v.dtype),
                    np.full(len(rows), -np.inf, self.v.dtype))
        visible = self.scores.visible(rows) & np.repeat(unlisted, self.sizes)[None, :]
        seen = np.add.reduceat(visible.astype(self.v.dtype), self.starts, axis=1)  # n_iJ
        with np.errstate(divide="ignore"):
            log_weight = np.log(seen) + self._logits(rows)
        log_weight = np.where(seen > 0, log_weight, -np.inf)
        lse = log_sum_exp(log_weight)
        weights = normalised(log_weight, lse)  # [rows, Nb]
        if self.kind == "rank1":
            # The weight of a block over its visible keys, so that each v is met by its share.
            per_key = np.repeat(weights / np.maximum(seen, 1), self.sizes, axis=1)
            return np.where(visible, per_key, 0.0).astype(self.v.dtype) @ self.v, lse
        return weights @ self.vbar, lse

    def _logits(self, rows):
        """The log weight of a block without log n_iJ: broadcastable to ``[rows, Nb]``."""
        if self.kind == "rank1":
            return self.logit
        q, scale = self.scores.q[rows], self.scores.scale
        logits = scale * (q @ self.kbar.T)
        if self.kind == "t2":
            logits = logits + np.log1p(0.5 * scale**2 * ((q * q) @ self.variance.T))
        return logits
