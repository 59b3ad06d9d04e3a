"""The entropy of the heads of a group, from what ``qsat.overlap`` found.

    >>> from qsat.entanglement import entropy
    >>> entropy(overlap)     # the op's result [B,H,Mb,G] -> [B,H/G,Mb]

The amplitudes psi_hJ of the G query heads of a group over the key blocks J make a state
sum_hJ G^(-1/2) psi_hJ |h>|J> of two parts, heads and blocks. E is its entropy of entanglement:
with s_r the singular values of M_hJ = psi_hJ G^(-1/2), E = -sum s_r^2 ln s_r^2. E = 0: the heads
agree, and one list of blocks serves all of them; E = ln G: no two look at the same block. A model of
a quantum state on a classical computer, and a diagnostic: see docs/accuracy.md for what it predicts.
"""

from __future__ import annotations

import numpy as np


def entropy(overlap) -> np.ndarray:
    """E of each group and query block; NaN where no head sees a key."""
    overlap = np.asarray(overlap, np.float64)
    batch, heads, blocks, group = overlap.shape
    rho = overlap.reshape(batch, heads // group, group, blocks, group).swapaxes(2, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = rho / np.trace(rho, axis1=-2, axis2=-1)[..., None, None]
    seen = np.isfinite(rho).all((-2, -1))
    values = np.linalg.eigvalsh(np.where(seen[..., None, None], rho, 0)).clip(min=1e-300)
    return np.where(seen, np.maximum(-(values * np.log(values)).sum(-1), 0), np.nan)
