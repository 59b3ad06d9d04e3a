"""``qsat.amplitude_score``: the estimators of block amplitudes."""

from __future__ import annotations

import math

import numpy as np

from qsat.reference.dense import ORIGIN, Position, ScoreFunction, Scores, heads, log_sum_exp, normalised
from qsat.reference.mask import EVERYTHING, Mask, diagonal_blocks
from qsat.reference.statistics import block_sizes, block_statistics

ESTIMATORS = ("exact", "pooled", "centroid", "d2", "antidiagonal", "rows", "cascade")
#: The estimators that compute single scores, and so can have a score function.
REGION_ESTIMATORS = ("exact", "rows", "antidiagonal")


def amplitude_score(q, k, *, scale: float = 1.0, mask: Mask | None = None,
                    score: ScoreFunction | None = None, at: Position = ORIGIN,
                    estimator: str = "rows", block_m: int = 128, block_n: int = 128,
                    stride: int = 16, share: float = 0.5, int8: bool = False,
                    dtype=np.float64) -> tuple[np.ndarray, np.ndarray]:
    """``qsat.amplitude_score``: amplitude[b,h,I,J] = sqrt(mean over contributing rows of P_i(J)).

    q ``[B,H,M,D]``, k ``[B,Hkv,N,D]`` -> amplitude ``[B,H,Mb,Nb]`` and
    lse ``[B,H,Mb]`` (the mean, over the contributing rows that see a key, of the log
    of the denominator of P_i), in ``dtype``; see the op for the estimators.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"expected an estimator of {ESTIMATORS}, but got {estimator!r}")
    if score is not None and estimator not in REGION_ESTIMATORS:
        raise ValueError(f"expected no score function with the estimator {estimator!r}")
    if estimator == "antidiagonal" and (block_m % stride or block_n % stride):
        raise ValueError(f"expected stride to divide both blocks, but got {stride}")
    if int8 and estimator != "rows":
        raise ValueError(f"expected int8 with the estimator 'rows', but got {estimator!r}")
    if int8:
        q, k = rounded_to_8_bits(q), rounded_to_8_bits(k)
    q, k = (np.asarray(x).astype(dtype, copy=False) for x in (q, k))
    num_rows, num_keys = q.shape[2], k.shape[2]
    sizes_m, sizes_n = block_sizes(num_rows, block_m), block_sizes(num_keys, block_n)
    amplitude = np.zeros((*q.shape[:2], len(sizes_m), len(sizes_n)), dtype)
    lse = np.full((*q.shape[:2], len(sizes_m)), -np.inf, dtype)
    for b, h, hkv in heads(q, k):
        scores = Scores(q[b, h], k[b, hkv], b, h, scale, mask, score, at)
        estimate = _Estimate(scores, block_n, stride, share)
        for block in range(len(sizes_m)):
            rows = np.arange(sizes_m[block]) + block * block_m
            p, row_lse = getattr(estimate, estimator)(rows)
            amplitude[b, h, block] = np.sqrt(p.mean(axis=0))
            seeing = row_lse[row_lse != -np.inf]
            if seeing.size:
                lse[b, h, block] = seeing.mean()
    return amplitude, lse


def rounded_to_8_bits(x) -> np.ndarray:
    """rint(x * (127 / t)) * (t / 127), t = max |x| of a row, the quotients and the first product in
    f32; f64. NaN in rows that are not all finite."""
    x = np.asarray(x).astype(np.float32)
    with np.errstate(all="ignore"):
        t = np.abs(x).max(axis=-1, keepdims=True)
        inverse = np.float32(127) / t
        whole = np.where(np.isfinite(inverse), np.rint(x * inverse), np.float32(0)).astype(np.float64)
        return np.where(np.isfinite(t), whole * (t / np.float32(127)), np.nan)


class _Estimate:
    """The estimators of one head. Each maps the rows of a query block to
    (P ``[contributing rows, Nb]``, lse ``[contributing rows]``)."""

    def __init__(self, scores: Scores, block_n: int, stride: int, share: float):
        self.scores, self.block_n, self.stride, self.share = scores, block_n, stride, share
        self.starts = np.arange(0, scores.k.shape[0], block_n)
        self.kbar, self.variance, self.sizes = block_statistics(scores.k, block_n, scores.k.dtype)
        self.log_sizes = np.log(self.sizes.astype(scores.k.dtype))

    # Single scores.

    def exact(self, rows):
        z = self.scores(rows)
        lse = log_sum_exp(z)
        return np.add.reduceat(normalised(z, lse), self.starts, axis=1), lse

    def rows(self, rows):
        return self.exact(self._sampled(rows))

    def cascade(self, rows):
        z = self.scores(self._sampled(rows))
        z = np.where(np.repeat(self._let_through(rows), self.sizes)[None, :], z, -np.inf)
        lse = log_sum_exp(z)
        return np.add.reduceat(normalised(z, lse), self.starts, axis=1), lse

    def antidiagonal(self, rows):
        """Rows in groups g, keys in groups c of ``stride``: y ``[g,c]``, the mean over t of
        z[g*stride + t, c*stride + stride-1-t] over the visible pairs."""
        s, num_keys = self.stride, self.scores.k.shape[0]
        z = self.scores(rows)
        groups_m, groups_n = -(-len(rows) // s), -(-num_keys // s)
        padded = np.full((groups_m * s, groups_n * s), -np.inf, z.dtype)
        padded[:len(rows), :num_keys] = z
        t = np.arange(s)
        pairs = padded.reshape(groups_m, s, groups_n, s)[:, t, :, s - 1 - t]  # [t,g,c]
        seen = pairs != -np.inf
        count = seen.sum(axis=0)
        total = np.where(seen, pairs, 0.0).sum(axis=0)
        y = np.where(count > 0, total / np.maximum(count, 1), -np.inf)
        lse = log_sum_exp(y)
        first_groups = np.arange(0, groups_n, self.block_n // s)
        return np.add.reduceat(normalised(y, lse), first_groups, axis=1), lse

    # Block statistics.

    def pooled(self, rows):
        logits = self.scores.scale * (self.kbar @ self.scores.q[rows].mean(axis=0))
        logits = logits + self.log_sizes
        logits = np.where(self._seen(rows).any(axis=0), logits, -np.inf)[None, :]
        lse = log_sum_exp(logits)
        return normalised(logits, lse), lse

    def centroid(self, rows):
        return self._by_blocks(rows, second_order=False)

    def d2(self, rows):
        return self._by_blocks(rows, second_order=True)

    def _by_blocks(self, rows, second_order: bool):
        """Softmax over blocks: centroid logits where a row sees the whole block, the exact
        log-sum-exp where it sees a part, -inf where it sees nothing."""
        q, scale = self.scores.q[rows], self.scores.scale
        logits = scale * (q @ self.kbar.T) + self.log_sizes
        if second_order:
            logits = logits + 0.5 * scale**2 * ((q * q) @ self.variance.T)
        seen = self._seen(rows)
        logits = np.where(seen == self.sizes, logits, -np.inf)
        partial = (seen > 0) & (seen < self.sizes)
        for block in np.flatnonzero(partial.any(axis=0)):
            keys = np.arange(self.sizes[block]) + block * self.block_n
            some = np.flatnonzero(partial[:, block])
            logits[some, block] = log_sum_exp(self.scores(rows[some], keys))
        lse = log_sum_exp(logits)
        return normalised(logits, lse), lse

    # Which rows, which blocks.

    def _seen(self, rows) -> np.ndarray:
        """How many keys of each block each row sees: ``[rows, Nb]``."""
        return np.add.reduceat(self.scores.visible(rows).astype(np.int64), self.starts, axis=1)

    def _sampled(self, rows) -> np.ndarray:
        """r_t = min(stride/2 + t*stride, rows-1), t = 0 .. ceil(rows/stride)-1."""
        t = np.arange(-(-len(rows) // self.stride))
        return rows[np.minimum(self.stride // 2 + t * self.stride, len(rows) - 1)]

    def _let_through(self, rows) -> np.ndarray:
        """The blocks that ``cascade`` looks at: bool ``[Nb]``."""
        p, _ = self.d2(rows)
        d2_amplitude = np.sqrt(p.mean(axis=0))
        seen = np.flatnonzero(self._seen(rows).any(axis=0))
        order = seen[np.argsort(-d2_amplitude[seen], kind="stable")]
        through = np.zeros(len(self.sizes), bool)
        through[order[:math.ceil(self.share * len(seen))]] = True
        mask = self.scores.mask or EVERYTHING
        diagonal = diagonal_blocks(rows, mask, self.scores.at, self.block_n, len(self.sizes))
        through[list(diagonal)] = True
        return through
