"""``qsat.audit``: a random sample of rows recomputed exactly and compared."""

from __future__ import annotations

import numpy as np

from qsat.reference.dense import ORIGIN, Position, ScoreFunction, Scores, heads, log_sum_exp, normalised
from qsat.reference.mask import Mask
from qsat.reference.random import hash32
from qsat.reference.statistics import block_sizes


def stratum_rows(share: float) -> int:
    """n, the rows of a stratum: 1 / share to the nearest integer."""
    return int(np.rint(1.0 / share))


def drawn_rows(batch: int, num_heads: int, num_rows: int, *, share: float = 1 / 64, seed: int = 0,
               at: Position = ORIGIN) -> np.ndarray:
    """The row that is drawn from each stratum: ``[B,H,S]`` int64, S = ceil(M / n)."""
    n = stratum_rows(share)
    sizes = block_sizes(num_rows, n)
    b, h, t = np.ix_(range(batch), range(num_heads), range(len(sizes)))
    u = hash32(seed, ((0x9E3779B9, t + at[2] // n + 1), (0xC2B2AE3D, h + at[1]), (0x27D4EB2F, b + at[0])))
    return t * n + ((u.astype(np.uint64) * sizes.astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def audit(q, k, v, o, lse=None, *, scale: float = 1.0, mask: Mask | None = None,
          score: ScoreFunction | None = None, at: Position = ORIGIN, share: float = 1 / 64,
          seed: int = 0, dtype=np.float64):
    """``qsat.audit``: (error, norm), and kept with ``lse``; each ``[B,H,S]`` in ``dtype``.

    q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``, v ``[B,Hkv,N,Dv]``, o ``[B,H,M,Dv]``, lse ``[B,H,M]``.
    The terms are weighted with the rows of their stratum, so that their sums estimate the
    squared error and the squared norm over all rows without bias.
    """
    q, k, v, o = (np.asarray(x).astype(dtype, copy=False) for x in (q, k, v, o))
    rows = drawn_rows(*q.shape[:3], share=share, seed=seed, at=at)
    weights = block_sizes(q.shape[2], stratum_rows(share)).astype(dtype)
    error, norm, kept = (np.zeros(rows.shape, dtype) for _ in range(3))
    for b, h, hkv in heads(q, k):
        z = Scores(q[b, h], k[b, hkv], b, h, scale, mask, score, at)(rows[b, h])
        exact_lse = log_sum_exp(z)
        exact = normalised(z, exact_lse) @ v[b, hkv]
        error[b, h] = weights * ((o[b, h, rows[b, h]] - exact) ** 2).sum(-1)
        norm[b, h] = weights * (exact**2).sum(-1)
        if lse is not None:
            given = np.asarray(lse[b, h, rows[b, h]]).astype(dtype)
            kept[b, h] = normalised(given[:, None], exact_lse)[:, 0]
            kept[b, h][exact_lse == -np.inf] = 0
    return (error, norm) if lse is None else (error, norm, kept)
