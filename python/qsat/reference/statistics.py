"""Means and variances of blocks of keys or values."""

from __future__ import annotations

import numpy as np


def block_sizes(length: int, block: int) -> np.ndarray:
    """Elements in each of the ceil(length / block) blocks: int64, the last may be partial."""
    starts = np.arange(0, length, block)
    return np.minimum(starts + block, length) - starts


def block_statistics(x, block: int, dtype=np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, biased variance and size of each block of ``block`` rows.

    x: ``[..., N, D]``. Returns mean ``[..., Nb, D]``, variance ``[..., Nb, D]`` (per
    component, two passes: the mean of ``(x - mean)^2``) in ``dtype``, and size ``[Nb]``.
    """
    x = np.asarray(x).astype(dtype, copy=False)
    sizes = block_sizes(x.shape[-2], block)
    starts = np.arange(0, x.shape[-2], block)
    per_row = sizes.astype(dtype)[:, None]
    mean = np.add.reduceat(x, starts, axis=-2) / per_row
    deviation = x - np.repeat(mean, sizes, axis=-2)
    variance = np.add.reduceat(deviation * deviation, starts, axis=-2) / per_row
    return mean, variance, sizes
