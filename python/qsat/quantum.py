"""The quantum side of qsat as numbers: query counts of searches, and what they assume.

Closed forms of amplitude amplification are in `qsat.reference.Amplification`. Here are the
searches built on it, simulated with the success probability sin^2((2m+1) theta) of each run, their
bounds, and the statements about attention that the dialect's seeds make. A simulator knows how
many items are marked; the algorithms do not. Counts are of oracle calls; nothing here is faster
because of quantum mechanics.

BBHT: Boyer, Brassard, Hoyer, Tapp, "Tight bounds on quantum searching" (1998). Maximum: Durr and
Hoyer (1996). Good rows and B = B1 + B2: Gao, Song, Yang, Zhang, "Fast quantum algorithm for
attention computation" (2023). Bounded entries: Alman and Song, "Fast attention requires bounded
entries" (2023). Heavy hitters: Zhang et al., "H2O" (2023).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from qsat.reference.amplification import amplified

# -- searches -------------------------------------------------------------------------------


def search_unknown(rng, n: int, marked: int) -> tuple[int, int]:
    """BBHT for one of ``marked`` >= 1 of n items, their number unknown: (iterations, measurements)."""
    limit, iterations, measurements = 1.0, 0, 0
    while True:
        rounds = int(rng.integers(0, math.ceil(limit)))
        iterations, measurements = iterations + rounds, measurements + 1
        if rng.random() < amplified(marked / n, rounds):
            return iterations, measurements
        limit = min(1.2 * limit, math.sqrt(n))


def search_unknown_bound(n: int, marked: int) -> float:
    """BBHT's bound on the expected iterations: 9/2 m_0, m_0 = n / (2 sqrt((n - t) t)), t < n."""
    return 4.5 * n / (2 * math.sqrt((n - marked) * marked))


def find_maximum(rng, n: int) -> tuple[int, list[int]]:
    """Durr and Hoyer on n distinct items: (iterations until the maximum is the threshold, the
    ranks that were a threshold, 1 being the maximum)."""
    rank, iterations = int(rng.integers(1, n + 1)), 0
    ranks = [rank]
    while rank > 1:  # rank - 1 items are larger
        iterations += search_unknown(rng, n, rank - 1)[0]
        rank = int(rng.integers(1, rank))
        ranks.append(rank)
    return iterations, ranks


def find_maximum_bound(n: int) -> float:
    """45/4 sqrt n + 7/10 lg^2 n: the expected iterations are no more."""
    return 11.25 * math.sqrt(n) + 0.7 * math.log2(n) ** 2


def find_all(rng, n: int, marked: int, known: bool) -> int:
    """Iterations to find all marked items one by one, what is found being excluded. ``known``: their
    number is, and each search runs its best number of rounds."""
    iterations = 0
    for left in range(marked, 0, -1):
        if not known:
            iterations += search_unknown(rng, n, left)[0]
            continue
        rounds = max(0, round(math.pi / (4 * math.asin(math.sqrt(left / n))) - 0.5))
        found = False
        while not found:
            iterations += rounds
            found = rng.random() < amplified(left / n, rounds)
    return iterations


def find_all_estimate(n: int, marked: int) -> float:
    """sum over j <= k of pi/4 sqrt(n / j), about pi/2 sqrt(n k)."""
    return sum(math.pi / 4 * math.sqrt(n / j) for j in range(1, marked + 1))


#: A row with fewer than this share of marked keys takes fewer oracle calls, pi/2 sqrt(n k), than
#: a scan of n keys. Calls, not time.
BREAK_EVEN = 4 / math.pi**2

# -- attention ------------------------------------------------------------------------------


class GoodRow(NamedTuple):
    """One row of scores approximated by its large ones and a constant: B = B1 + B2.

    exact, approximate: P = softmax(z) and Q, ``[n]``; width: rho, the range of z - c outside of
    S, 0 included; dropped: the softmax mass outside of S.
    """

    exact: np.ndarray
    approximate: np.ndarray
    width: float
    dropped: float

    @property
    def total_variation(self) -> float:
        return float(np.abs(self.exact - self.approximate).sum() / 2)


def good_row(z, tau: float, c: float | None = 0.0) -> GoodRow:
    """Row z ``[n]`` with S = {j : z_j >= tau}, and e^c for the others (c = 0 in the paper).
    ``c = None`` keeps the exact denominator: c = log mean exp z outside of S."""
    z = np.asarray(z, np.float64)
    large, top = z >= tau, z.max()
    rest = z[~large]
    if c is None:
        c = float(np.log(np.mean(np.exp(rest - top))) + top) if rest.size else 0.0
    exact, b = np.exp(z - top), np.exp(np.where(large, z, c) - top)
    width = 0.0
    if rest.size:
        low, high = rest.min() - c, rest.max() - c
        width = float(max(high, 0.0) - min(low, 0.0)) if large.any() else float(high - low)
    p = exact / exact.sum()
    return GoodRow(p, b / b.sum(), width, float(p[~large].sum()))


class BoundedEntries(NamedTuple):
    """Alman and Song: approximating attention in n^(1+o(1)) needs |scores| = o(sqrt(log n));
    from about sqrt(log n) on there is no truly subquadratic algorithm under SETH."""

    largest: float  # the bound max |q_i| |k_j| scale of a head, the largest over heads
    sqrt_log_n: float

    @property
    def applies(self) -> bool:
        return self.largest < self.sqrt_log_n


def bounded_entries(q, k, scale: float) -> BoundedEntries:
    """q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``: the bound costs two passes over rows, not M x N."""
    group = q.shape[1] // k.shape[1]
    norms = [np.sqrt((np.asarray(x, np.float64) ** 2).sum(-1)).max(-1) for x in (q, k)]
    return BoundedEntries(float((norms[0] * np.repeat(norms[1], group, axis=1)).max() * scale),
                          math.sqrt(math.log(k.shape[2])))


def heavy_hitters(p, keep: int, recent: int) -> np.ndarray:
    """H2O's eviction while decoding one head: which keys each row may see, ``[M,N]`` bool.

    p ``[M,N]``: the probabilities of dense causal attention (M = N), renormalised over what is
    left. Of the older keys at most ``keep`` stay, those of the largest probability summed over the
    rows so far; the last ``recent`` keys always do. What is evicted does not come back.
    """
    n = len(p)
    alive, total, seen = np.zeros(n, bool), np.zeros(n), np.zeros((n, n), bool)
    for i in range(n):
        alive[i] = True
        seen[i] = alive
        left = np.where(alive, p[i], 0.0)
        total += left / max(left.sum(), np.finfo(float).tiny)
        old = np.flatnonzero(alive[:max(0, i + 1 - recent)])
        if len(old) > keep:
            alive[old[np.argsort(-total[old], kind="stable")[keep:]]] = False
    return seen
