"""``#qsat.amplification``: the probability P of the marked keys, given their mass a.

Sources: Brassard, Hoyer, Mosca, Tapp, "Quantum amplitude amplification and
estimation" (2002) for rounds; Yoder, Low, Chuang, "Fixed-point quantum search with
an optimal number of queries" (2014) for the fixed point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KINDS = ("born", "full", "rounds", "optimal", "fixed_point")


def chebyshev(order, x):
    """T_order(x) for real ``order`` >= 0 and x >= 0: cos(order acos x), cosh(order acosh x)."""
    x = np.asarray(x, np.float64)
    inside = np.cos(order * np.arccos(np.minimum(x, 1.0)))
    outside = np.cosh(order * np.arccosh(np.maximum(x, 1.0)))
    return np.where(x <= 1.0, inside, outside)


def amplified(a, m):
    """sin^2((2m+1) asin sqrt a): the marked mass after m rounds about the prepared state."""
    return np.sin((2 * np.asarray(m) + 1) * np.arcsin(np.sqrt(a))) ** 2


def fixed_point_length(a, delta):
    """L, the least odd integer >= ln(2/delta) / sqrt(a); a > 0."""
    least = np.log(2.0 / delta) / np.sqrt(a)
    return 2 * np.maximum(np.ceil((least - 1) / 2), 0) + 1


def fixed_point_probability(a, length, delta):
    """1 - delta^2 T_L(T_{1/L}(1/delta) sqrt(1-a))^2: length L (odd) has L - 1 queries."""
    gain = chebyshev(1.0 / length, 1.0 / delta)
    return 1.0 - delta**2 * chebyshev(length, gain * np.sqrt(1.0 - a)) ** 2


@dataclass(frozen=True)
class Amplification:
    """One of `KINDS`; ``rounds`` is for ``rounds``, ``delta`` in (0, 1) for ``fixed_point``."""

    kind: str = "born"
    rounds: int = 0
    delta: float = 0.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"expected an amplification of {KINDS}, but got {self.kind!r}")
        if self.kind == "fixed_point" and not 0.0 < self.delta < 1.0:
            raise ValueError(f"expected 0 < delta < 1, but got {self.delta}")

    def num_rounds(self, a) -> np.ndarray:
        """Rounds m for the mass a (clamped to [0, 1]), f64; 0 where a = 0 and for ``full``."""
        a = np.clip(np.asarray(a, np.float64), 0.0, 1.0)
        positive = np.where(a > 0.0, a, 1.0)
        if self.kind == "rounds":
            m = np.full(a.shape, float(self.rounds))
        elif self.kind == "optimal":
            m = np.maximum(0.0, np.rint(np.pi / (4 * np.arcsin(np.sqrt(positive))) - 0.5))
        elif self.kind == "fixed_point":
            m = (fixed_point_length(positive, self.delta) - 1) / 2
        else:
            m = np.zeros(a.shape)
        return np.where(a > 0.0, m, 0.0)

    def queries(self, a) -> np.ndarray:
        """Modelled oracle calls of one preparation, f64: m, or L - 1 = 2m for the fixed point."""
        m = self.num_rounds(a)
        return 2 * m if self.kind == "fixed_point" else m

    def probability(self, a) -> np.ndarray:
        """P for the mass a (clamped to [0, 1]), f64."""
        a = np.clip(np.asarray(a, np.float64), 0.0, 1.0)
        if self.kind == "full":
            return np.ones(a.shape)
        if self.kind == "born":
            return a
        positive = np.where(a > 0.0, a, 1.0)
        if self.kind == "fixed_point":
            length = fixed_point_length(positive, self.delta)
            p = fixed_point_probability(positive, length, self.delta)
        else:
            p = amplified(positive, self.num_rounds(positive))
        return np.where(a > 0.0, p, 0.0)
