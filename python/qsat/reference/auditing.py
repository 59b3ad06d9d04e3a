"""``qsat.audit``: a random sample of rows recomputed exactly and compared."""

from __future__ import annotations

import numpy as np

from qsat.reference.dense import ORIGIN, Position, ScoreFunction, Scores, heads, log_sum_exp, normalised
from qsat.reference.mask import Mask
from qsat.reference.random import hash32
from qsat.reference.statistics import block_sizes


def stratum_rows(share: float) -> int:
    """n, the rows of a stratum, of which two are drawn: 2 / share to the nearest integer."""
    return int(np.rint(2.0 / share))


def bit_width(x) -> np.ndarray:
    """The bits of integers 0 <= x < 2^52 from the leading one on: 0 for 0."""
    return np.frexp(np.asarray(x, np.float64))[1].astype(np.int64)


def level_bounds(level, size):
    """[from, to) of level l of a stratum of ``size`` rows: row 0, then 1, 2-3, 4-7, ..."""
    return np.where(level == 0, 0, 1 << np.maximum(level - 1, 0)), np.minimum(1 << level, size)


def draw_rows(batch: int, num_heads: int, num_rows: int, *, share: float = 1 / 64, seed: int = 0,
              at: Position = ORIGIN) -> tuple[np.ndarray, np.ndarray]:
    """The rows drawn from each stratum and their weights: ``[B,H,T,2]``, T = ceil(M / n).

    Draw 0 is near the start of the stratum (level l with probability 2^-(l+1)), draw 1 uniform.
    The weight of a row is 1 / (p_0 + p_1), whichever draw met it.
    """
    n = stratum_rows(share)
    sizes = block_sizes(num_rows, n)[:, None]  # n_t
    b, h, t, s = np.ix_(range(batch), range(num_heads), range(len(sizes)), range(2))

    def uniform(number, low, high):
        u = hash_of(number)
        return low + ((u.astype(np.uint64) * (high - low).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)

    def hash_of(number):
        return hash32(seed, ((0x9E3779B9, 2 * (t + at[2] // n) + s + 1), (0x85EBCA77, number),
                             (0xC2B2AE3D, h + at[1]), (0x27D4EB2F, b + at[0])))

    last = bit_width(sizes - 1)  # K
    low, high = level_bounds(np.minimum(32 - bit_width(hash_of(0)), last), sizes)
    offset = uniform(1, np.where(s == 0, low, 0), np.where(s == 0, high, sizes))
    level = bit_width(offset)
    low, high = level_bounds(level, sizes)
    near = 2.0 ** -np.where(level == last, last, level + 1) / (high - low)
    return t * n + offset, 1 / (near + 1 / sizes)


def audit(q, k, v, o, lse=None, *, scale: float = 1.0, mask: Mask | None = None,
          score: ScoreFunction | None = None, at: Position = ORIGIN, share: float = 1 / 64,
          seed: int = 0, dtype=np.float64):
    """``qsat.audit``: (error, norm), and kept with ``lse``; each ``[B,H,T,2]`` in ``dtype``.

    q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``, v ``[B,Hkv,N,Dv]``, o ``[B,H,M,Dv]``, lse ``[B,H,M]``.
    Sums of the terms estimate the squared error and the squared norm over all rows without bias.
    """
    q, k, v, o = (np.asarray(x).astype(dtype, copy=False) for x in (q, k, v, o))
    rows, weights = draw_rows(*q.shape[:3], share=share, seed=seed, at=at)
    weights = weights.astype(dtype)
    error, norm, kept = (np.zeros(rows.shape, dtype) for _ in range(3))
    for b, h, hkv in heads(q, k):
        drawn = rows[b, h].ravel()
        z = Scores(q[b, h], k[b, hkv], b, h, scale, mask, score, at)(drawn)
        exact_lse = log_sum_exp(z)
        exact = normalised(z, exact_lse) @ v[b, hkv]
        shape = rows.shape[2:]
        error[b, h] = weights[b, h] * ((o[b, h, drawn] - exact) ** 2).sum(-1).reshape(shape)
        norm[b, h] = weights[b, h] * (exact**2).sum(-1).reshape(shape)
        if lse is not None:
            given = np.asarray(lse[b, h, drawn]).astype(dtype)
            share_kept = np.where(exact_lse == -np.inf, 0, normalised(given[:, None], exact_lse)[:, 0])
            kept[b, h] = share_kept.reshape(shape)
    return (error, norm) if lse is None else (error, norm, kept)
