"""The structural mask and the block diagonal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mask:
    """``#qsat.mask``: query i sees key j (both in problem coordinates) when

        j <= i + offset + lookahead                     (causal: lookahead = 0)
        j >  i + offset - window   or   j < sinks       (window > 0)

    A bound that is absent (``lookahead = None``, ``window = 0``) does not apply.
    """

    lookahead: int | None = None
    offset: int = 0
    window: int = 0
    sinks: int = 0

    @staticmethod
    def causal(offset: int = 0, window: int = 0, sinks: int = 0) -> "Mask":
        return Mask(0, offset, window, sinks)

    def visible(self, i, j) -> np.ndarray:
        """Whether query i sees key j: bool, of the broadcast shape of i and j."""
        i, j = np.asarray(i), np.asarray(j)
        seen = np.ones(np.broadcast_shapes(i.shape, j.shape), bool)
        if self.lookahead is not None:
            seen &= j <= i + self.offset + self.lookahead
        if self.window > 0:
            seen &= (j > i + self.offset - self.window) | (j < self.sinks)
        return seen


#: What an absent mask attribute means: every query sees every key.
EVERYTHING = Mask()


def diagonal_blocks(rows: np.ndarray, mask: Mask, at, block_n: int, num_blocks: int) -> range:
    """The key blocks that hold a key i + offset, clamped into the key blocks, of a
    row i of ``rows`` (consecutive, in the coordinates of the op)."""
    first = int(rows[0]) + at[2] + mask.offset - at[3]
    last = int(rows[-1]) + at[2] + mask.offset - at[3]
    low, high = (min(max(key // block_n, 0), num_blocks - 1) for key in (first, last))
    return range(low, high + 1)
