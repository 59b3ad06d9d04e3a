"""Score regions that the cases use: what models do to a score, in IR and in numpy.

Each takes the extents (B, H, M, N) of the problem (not of a tile) and a generator.
"""

from __future__ import annotations

import numpy as np

from case_builder import ScoreRegion


def softcap(extents, r) -> ScoreRegion:
    """z -> 5 tanh(z / 5)."""
    return ScoreRegion([], """
        %cap = arith.constant 5.0 : {acc}
        %x = arith.divf %z, %cap : {acc}
        %t = math.tanh %x : {acc}
        %y = arith.mulf %t, %cap : {acc}
    """, lambda _: lambda z, b, h, i, j: 5 * np.tanh(z / 5))


def alibi(extents, r) -> ScoreRegion:
    """z + slope_h (j - i)."""
    slopes = 2.0 ** -np.arange(1, extents[1] + 1)
    return ScoreRegion([("Hx", "h", slopes, "f32")], """
        %d = arith.subi %j, %i : index
        %di = arith.index_cast %d : index to i32
        %df = arith.sitofp %di : i32 to f32
        %p = arith.mulf %e0, %df : f32
        %y = arith.addf %z, %p : f32
    """, lambda e: lambda z, b, h, i, j: z + e[0][h] * (j - i))


def bias(extents, r) -> ScoreRegion:
    """z + bias_hij, an f32 tensor without a batch dimension."""
    return ScoreRegion([("Hx Mx Nx", "h, i, j", r.standard_normal(extents[1:]), "f32")], """
        %y = arith.addf %z, %e0 : f32
    """, lambda e: lambda z, b, h, i, j: z + e[0][h, i, j])


def bias_bf16(extents, r) -> ScoreRegion:
    """z + bias_bij, a bf16 tensor that the heads share."""
    return ScoreRegion([("Bx One Mx Nx", "b, 0, i, j", r.standard_normal((extents[0], 1, *extents[2:])), "bf16")], """
        %e = arith.extf %e0 : bf16 to {acc}
        %y = arith.addf %z, %e : {acc}
    """, lambda e: lambda z, b, h, i, j: z + e[0][b, 0, i, j])


def padding(extents, r) -> ScoreRegion:
    """Hides the keys from length_b on; the first sequence is empty."""
    lengths = r.integers(1, extents[3], size=extents[0])
    lengths[0] = 0
    return ScoreRegion([("Bx", "b", lengths, "i32")], """
        %hidden = arith.constant {minus_infinity} : {acc}
        %ji = arith.index_cast %j : index to i32
        %in = arith.cmpi slt, %ji, %e0 : i32
        %y = arith.select %in, %z, %hidden : {acc}
    """, lambda e: lambda z, b, h, i, j: np.where(j < e[0][b], z, -np.inf))


def documents(extents, r) -> ScoreRegion:
    """Hides the keys of other documents: ids of rows and of keys."""
    rows = np.sort(r.integers(0, 4, size=(extents[0], extents[2])))
    keys = np.sort(r.integers(0, 3, size=(extents[0], extents[3])))
    return ScoreRegion([("Bx Mx", "b, i", rows, "i32"), ("Bx Nx", "b, j", keys, "i32")], """
        %hidden = arith.constant {minus_infinity} : {acc}
        %same = arith.cmpi eq, %e0, %e1 : i32
        %y = arith.select %same, %z, %hidden : {acc}
    """, lambda e: lambda z, b, h, i, j: np.where(e[0][b, i] == e[1][b, j], z, -np.inf))


def relative_position(extents, r) -> ScoreRegion:
    """z + table[h, j - i + M - 1]: an affine map that is not a projection."""
    table = r.standard_normal((extents[1], extents[2] + extents[3] - 1))
    last = extents[2] - 1
    return ScoreRegion([("Hx Rx", f"h, j - i + {last}", table, "f32")], """
        %y = arith.addf %z, %e0 : f32
    """, lambda e: lambda z, b, h, i, j: z + e[0][h, j - i + last])


def checkerboard(extents, r) -> ScoreRegion:
    """Hides every third pair, from the indices alone."""
    return ScoreRegion([], """
        %hidden = arith.constant {minus_infinity} : {acc}
        %three = arith.constant 3 : index
        %zero = arith.constant 0 : index
        %sum = arith.addi %i, %j : index
        %mod = arith.remui %sum, %three : index
        %out = arith.cmpi eq, %mod, %zero : index
        %y = arith.select %out, %hidden, %z : {acc}
    """, lambda _: lambda z, b, h, i, j: np.where((i + j) % 3 == 0, -np.inf, z))
