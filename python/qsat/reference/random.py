"""Random numbers that depend on a seed and a position only: equal for tiles and threads."""

from __future__ import annotations

import numpy as np


def hash32(seed: int, terms) -> np.ndarray:
    """seed + sum of factor * position mod 2^32, mixed by the finaliser of MurmurHash3 (Appleby).

    ``terms``: (factor, integers or integer array); the arrays broadcast. uint32.
    """
    x = np.uint32(seed % 2**32)
    with np.errstate(over="ignore"):
        for factor, position in terms:
            x = x + np.uint32(factor) * np.asarray(position).astype(np.uint32)
        x = x ^ (x >> np.uint32(16))
        x = x * np.uint32(0x85EBCA6B)
        x = x ^ (x >> np.uint32(13))
        x = x * np.uint32(0xC2B2AE35)
        return x ^ (x >> np.uint32(16))
