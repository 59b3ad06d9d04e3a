"""``qsat.amplified_select``: marks key blocks by their amplitudes and lists them.

Computed in f32 with sums in ascending order, as the op is defined to be.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from qsat.reference.amplification import Amplification
from qsat.reference.dense import ORIGIN, Position
from qsat.reference.mask import EVERYTHING, Mask, diagonal_blocks
from qsat.reference.random import hash32

F32 = np.float32
POLICIES = ("threshold", "top_k", "logit_threshold", "relative_threshold", "mass", "budget",
            "residual", "heavy_hitter", "measure")


class Selection(NamedTuple):
    """indices ``[B,Hs,Mb,max]`` i32 (ascending; ``fill`` past the count), counts ``[B,Hs,Mb]``
    i32, mass ``[B,Hs,Mb]`` f32, queries ``[B,Hs,Mb]`` f32."""

    indices: np.ndarray
    counts: np.ndarray
    mass: np.ndarray
    queries: np.ndarray


def gumbel_uniform(seed: int, b, hs, i, j) -> np.ndarray:
    """u(b, hs, I, J) of the policy ``measure``, f32 in (0, 1), exact: a multiple of 2^-24.

    All positions are in blocks of the problem. x = seed + 0x9E3779B9 (J+1)
    + 0x85EBCA77 I + 0xC2B2AE3D hs + 0x27D4EB2F b mod 2^32, mixed by the finaliser of
    MurmurHash3 (Appleby); u = ((x >> 9) + 0.5) 2^-23.
    """
    x = hash32(seed, ((0x9E3779B9, np.asarray(j) + 1), (0x85EBCA77, i), (0xC2B2AE3D, hs),
                      (0x27D4EB2F, b)))
    return ((x >> np.uint32(9)).astype(F32) + F32(0.5)) * F32(2.0**-23)


def ascending_sum(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The f32 sum in ascending order of index (numpy's own sum is pairwise)."""
    total = np.zeros(np.delete(x.shape, axis), F32)
    for term in np.moveaxis(x, axis, 0):
        total = total + term
    return total


def amplified_select(amplitude, *, lse=None, spread=None, mask: Mask | None = None,
                     policy: str = "threshold", block_m: int = 128, block_n: int = 128,
                     theta: float = 0.0, k: int = 0, alpha: float = 1.0, exponent: float = 1.0,
                     seed: int = 0, sinks: int = 0, local: int = 0, no_diagonal: bool = False,
                     num_lists: int | None = None, max_blocks: int | None = None,
                     iterations: Amplification = Amplification("optimal"),
                     at: Position = ORIGIN, fill: int = -1) -> Selection:
    """``qsat.amplified_select``: the marked key blocks of each query block.

    amplitude ``[B,H,Mb,Nb]``, lse ``[B,H,Mb]`` (for ``logit_threshold``),
    spread ``[B,Hkv,Nb]`` (for ``residual``). ``num_lists`` is Hs (H by default; less is
    `entangle`), ``max_blocks`` the extent of indices (Nb by default).
    """
    if policy not in POLICIES:
        raise ValueError(f"expected a policy of {POLICIES}, but got {policy!r}")
    if (lse is not None) != (policy == "logit_threshold"):
        raise ValueError("expected lse with the policy logit_threshold, and only with it")
    if (spread is not None) != (policy == "residual"):
        raise ValueError("expected spread with the policy residual, and only with it")
    amplitude = np.asarray(amplitude).astype(F32)
    batch, num_heads, num_m, num_n = amplitude.shape
    num_lists = num_lists or num_heads
    max_blocks = num_n if max_blocks is None else max_blocks
    if num_heads % num_lists:
        raise ValueError(f"expected H to be a multiple of Hs, but got {num_heads} and {num_lists}")
    group = num_heads // num_lists

    def shared(x):
        """The mean over the heads of a group: ``[B,H,...]`` -> ``[B,Hs,...]``."""
        x = x.reshape(batch, num_lists, group, *x.shape[2:])
        return x[:, :, 0] if group == 1 else ascending_sum(x, axis=2) / F32(group)

    p = shared(amplitude * amplitude)
    accumulated = np.cumsum(p, axis=2, dtype=F32)
    lse = None if lse is None else shared(np.asarray(lse).astype(F32))
    out = Selection(np.full((batch, num_lists, num_m, max_blocks), fill, np.int32),
                    np.zeros((batch, num_lists, num_m), np.int32),
                    np.zeros((batch, num_lists, num_m), F32),
                    np.zeros((batch, num_lists, num_m), F32))
    mask = mask or EVERYTHING
    for block in range(num_m):
        rows = np.arange(block * block_m, (block + 1) * block_m)
        eligible = _eligible(rows, mask, at, block_n, num_n)
        forced = _forced(rows, mask, at, block_n, eligible, sinks, local, no_diagonal)
        for b in range(batch):
            for hs in range(num_lists):
                weights = p[b, hs, block]
                if policy == "heavy_hitter":
                    key = accumulated[b, hs, block]
                elif policy == "measure":
                    u = gumbel_uniform(seed, b + at[0], hs + at[1] // group,
                                       block + at[2] // block_m,
                                       np.arange(num_n) + at[3] // block_n)
                    with np.errstate(divide="ignore"):
                        key = np.log(weights) - np.log(-np.log(u))
                elif policy == "residual":
                    hkv = hs * group // (num_heads // spread.shape[1])
                    key = weights * np.asarray(spread[b, hkv]).astype(F32)
                else:
                    key = weights
                tau = None if lse is None else lse[b, hs, block]
                marked = forced | _taken(policy, weights, key, eligible, forced, F32(theta), tau, k,
                                         alpha, exponent)
                marked = _at_most(max_blocks, marked, forced, weights)
                mass = np.clip(ascending_sum(weights[marked]), F32(0), F32(1))
                out.counts[b, hs, block] = count = marked.sum()
                out.indices[b, hs, block, :count] = np.flatnonzero(marked)
                out.mass[b, hs, block] = mass
                out.queries[b, hs, block] = iterations.queries(mass)
    return out


def _eligible(rows, mask: Mask, at, block_n: int, num_n: int) -> np.ndarray:
    """The blocks that the mask shows to any of the rows, in whole blocks: bool ``[Nb]``."""
    keys = np.arange(num_n * block_n)
    seen = mask.visible(rows[:, None] + at[2], keys[None, :] + at[3]).any(axis=0)
    return seen.reshape(num_n, block_n).any(axis=1)


def _forced(rows, mask: Mask, at, block_n: int, eligible, sinks: int, local: int,
            no_diagonal: bool) -> np.ndarray:
    """The eligible blocks among the diagonal, the sinks and the local ones: bool ``[Nb]``."""
    forced = np.zeros(len(eligible), bool)
    diagonal = diagonal_blocks(rows, mask, at, block_n, len(eligible))
    forced[:sinks] = True
    forced[max(0, diagonal.start - local):diagonal.start] = True
    forced[diagonal.stop:diagonal.stop + local] = True
    if not no_diagonal:
        forced[list(diagonal)] = True
    return forced & eligible


def _order(key, among, forced) -> np.ndarray:
    """The blocks ``among``: forced first, then by descending key, ties by lower index."""
    candidates = np.flatnonzero(among)
    return candidates[np.lexsort((candidates, -key[candidates], ~forced[candidates]))]


def _taken(policy, p, key, eligible, forced, theta, lse, k, alpha, exponent) -> np.ndarray:
    """The eligible blocks that the policy takes: bool ``[Nb]``."""
    if policy == "threshold":
        return eligible & (p >= theta)
    if policy == "logit_threshold":
        with np.errstate(over="ignore"):
            return eligible & (p >= np.exp(theta - lse))
    if policy == "relative_threshold":
        return eligible & (p >= theta * np.max(p[eligible], initial=F32(0)))
    if policy == "residual":
        return eligible & (key >= theta * ascending_sum(key[eligible]))
    order = _order(key, eligible, forced)
    if policy == "mass":
        prefix = np.cumsum(np.append(F32(0), p[order]), dtype=F32)  # of 0, 1, 2 .. blocks
        reached = np.flatnonzero(prefix >= theta * ascending_sum(p[eligible]))
        length = reached[0] if reached.size else len(order)
    elif policy == "budget":
        length = math.ceil(alpha * float(len(order)) ** exponent)
    else:  # top_k, heavy_hitter, measure
        length = k
    taken = np.zeros(len(p), bool)
    taken[order[:length]] = True
    return taken


def _at_most(limit: int, marked, forced, p) -> np.ndarray:
    """The ``limit`` first of the marked in the order forced, descending p, lower index."""
    kept = np.zeros(len(marked), bool)
    kept[_order(p, marked, forced)[:limit]] = True
    return kept
