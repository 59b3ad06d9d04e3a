"""``qsat.overlap``: overlaps of the amplitudes of the query heads of a group."""

from __future__ import annotations

import numpy as np


def overlap(amplitude, group: int, *, dtype=np.float64) -> np.ndarray:
    """overlap[b,h,I,t] = sum_J amplitude[b,h,I,J] amplitude[b,h - h mod G + t,I,J].

    amplitude ``[B,H,Mb,Nb]`` -> ``[B,H,Mb,G]`` in ``dtype``, G = ``group``.
    """
    amplitude = np.asarray(amplitude).astype(dtype, copy=False)
    batch, heads, blocks, keys = amplitude.shape
    if heads % group:
        raise ValueError(f"expected H to be a multiple of G, but got {heads} and {group}")
    groups = amplitude.reshape(batch, heads // group, group, blocks, keys)
    return np.einsum("bghij,bgtij->bghit", groups, groups).reshape(batch, heads, blocks, group)
