"""The executable meaning of every op of the qsat dialect, in numpy.

One function per op, with the attributes of the op as keyword arguments, under
their names in IR and with their defaults. The op descriptions in
``include/qsat/Dialect/IR/*.td`` are the text of which this is the program.

Shapes, batch dimensions first: q ``[B,H,M,D]``, k ``[B,Hkv,N,D]``,
v ``[B,Hkv,N,Dv]``, o ``[B,H,M,Dv]``, lse ``[B,H,M]``; query head h reads
key/value head ``h // (H // Hkv)``. ``Mb = ceil(M / block_m)`` and
``Nb = ceil(N / block_n)`` count blocks.

The score ops compute in ``dtype`` (f64 unless asked otherwise) whatever the
type of their inputs, so that they can judge an implementation in any type;
`amplified_select` computes in f32, as the op is defined to.

What an op's operands ``extras`` and region are in IR is one callable here:
``score(z, b, h, i, j)`` takes the scores ``z`` of some rows ``[m, n]``, the
integers b and h and the index arrays i ``[m, 1]`` and j ``[1, n]``, all in problem
coordinates, and returns the modified scores; extras come by closure.
"""

from qsat.reference.amplification import Amplification
from qsat.reference.auditing import audit, draw_rows
from qsat.reference.selection import Selection, amplified_select, gumbel_uniform
from qsat.reference.dense import attention, merge
from qsat.reference.mask import Mask
from qsat.reference.overlap import overlap
from qsat.reference.scoring import amplitude_score
from qsat.reference.sparse import sparse_attention
from qsat.reference.statistics import block_sizes, block_statistics

__all__ = [
    "Amplification",
    "Mask",
    "Selection",
    "amplified_select",
    "amplitude_score",
    "attention",
    "audit",
    "block_sizes",
    "block_statistics",
    "draw_rows",
    "gumbel_uniform",
    "merge",
    "overlap",
    "sparse_attention",
]
