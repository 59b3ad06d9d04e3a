"""``qsat.attention`` and ``qsat.merge``, and the scores that all score ops share."""

from __future__ import annotations

from typing import Callable, Iterator

import numpy as np

from qsat.reference.mask import EVERYTHING, Mask

ScoreFunction = Callable[..., np.ndarray]
Position = tuple[int, int, int, int]
ORIGIN: Position = (0, 0, 0, 0)
#: Rows that are scored at once, so that memory stays linear in the number of keys.
ROWS = 1024


def log_sum_exp(z: np.ndarray) -> np.ndarray:
    """log sum exp over the last axis; -inf for rows without a finite entry (or without any)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.max(z, axis=-1, keepdims=True, initial=-np.inf)
        shift = np.where(top == -np.inf, 0.0, top).astype(z.dtype)
        return (np.log(np.sum(np.exp(z - shift), axis=-1, keepdims=True)) + shift)[..., 0]


def normalised(z: np.ndarray, lse: np.ndarray) -> np.ndarray:
    """exp(z - lse) over the last axis, and 0 in rows with lse = -inf."""
    empty = (lse == -np.inf)[..., None]
    with np.errstate(invalid="ignore"):
        return np.exp(z - np.where(empty, 0.0, lse[..., None]).astype(z.dtype))


def heads(q, k) -> Iterator[tuple[int, int, int]]:
    """(b, h, hkv) for every head of q ``[B,H,..]``, hkv the head of k ``[B,Hkv,..]`` it reads."""
    if q.shape[1] % k.shape[1] != 0:
        raise ValueError(f"expected H to be a multiple of Hkv, but got {q.shape[1]} and {k.shape[1]}")
    group = q.shape[1] // k.shape[1]
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            yield b, h, h // group


class Scores:
    """The scores of one head: ``scale <q_i, k_j>``, the score function, the mask.

    q: ``[M,D]``, k: ``[N,D]`` of head (b, h) of an op at position ``at``.
    """

    def __init__(self, q, k, b: int, h: int, scale: float, mask: Mask | None,
                 score: ScoreFunction | None, at: Position):
        self.q, self.k, self.scale = q, k, scale
        self.mask, self.score, self.at = mask or EVERYTHING, score, at
        self.b, self.h = b + at[0], h + at[1]

    def visible(self, rows: np.ndarray, keys: np.ndarray | None = None) -> np.ndarray:
        """Whether the mask shows the keys (all by default) to the rows: ``[m,n]`` bool."""
        keys = np.arange(self.k.shape[0]) if keys is None else keys
        return self.mask.visible(rows[:, None] + self.at[2], keys[None, :] + self.at[3])

    def __call__(self, rows: np.ndarray, keys: np.ndarray | None = None) -> np.ndarray:
        """Scores of the rows and keys (all by default): ``[m,n]``, -inf where hidden."""
        keys = np.arange(self.k.shape[0]) if keys is None else keys
        z = self.scale * (self.q[rows] @ self.k[keys].T)
        if self.score is not None:
            i, j = rows[:, None] + self.at[2], keys[None, :] + self.at[3]
            z = np.broadcast_to(self.score(z, self.b, self.h, i, j), z.shape).astype(z.dtype)
        return np.where(self.visible(rows, keys), z, -np.inf).astype(z.dtype)


def attention(q, k, v, *, scale: float = 1.0, mask: Mask | None = None,
              score: ScoreFunction | None = None, at: Position = ORIGIN,
              dtype=np.float64) -> tuple[np.ndarray, np.ndarray]:
    """``qsat.attention``: o_i = sum_j softmax(z_i)_j v_j and lse_i = log sum_j exp z_ij.

    q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``, v ``[B,Hkv,N,Dv]`` -> o ``[B,H,M,Dv]``,
    lse ``[B,H,M]`` (natural log), in ``dtype``. A row that sees no key gives 0 and -inf.
    """
    q, k, v = (np.asarray(x).astype(dtype, copy=False) for x in (q, k, v))
    o = np.zeros((*q.shape[:3], v.shape[3]), dtype)
    lse = np.full(q.shape[:3], -np.inf, dtype)
    for b, h, hkv in heads(q, k):
        scores = Scores(q[b, h], k[b, hkv], b, h, scale, mask, score, at)
        for start in range(0, q.shape[2], ROWS):
            rows = np.arange(start, min(start + ROWS, q.shape[2]))
            z = scores(rows)
            lse[b, h, rows] = log_sum_exp(z)
            o[b, h, rows] = normalised(z, lse[b, h, rows]) @ v[b, hkv]
    return o, lse


def merge(o1, lse1, o2, lse2, dtype=np.float64) -> tuple[np.ndarray, np.ndarray]:
    """``qsat.merge``: the attention over the union of two disjoint sets of keys.

    o1, o2 ``[...,M,Dv]``, lse1, lse2 ``[...,M]`` -> o, lse:
    lse = log(exp lse1 + exp lse2), o = exp(lse1 - lse) o1 + exp(lse2 - lse) o2, and
    0 where both are -inf.
    """
    o1, lse1, o2, lse2 = (np.asarray(x).astype(dtype, copy=False) for x in (o1, lse1, o2, lse2))
    both = np.stack([lse1, lse2], axis=-1)
    lse = log_sum_exp(both)
    weights = normalised(both, lse)
    return weights[..., :1] * o1 + weights[..., 1:] * o2, lse
