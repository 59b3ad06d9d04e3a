"""`qsat.amplitude_score` in PyTorch for causal self-attention, and what it costs.

Every estimator gives block masses p = amplitude^2 ``[B,H,Mb,Nb]``. Beside the op's estimators
there are forms that were tried and are not in the op: rounded queries and keys, random rows,
other means over the rows, and a cascade whose first stage sees the sampled rows only.
"""

from dataclasses import dataclass

import torch

from kernels import NEGATIVE_INFINITY, block_lse

#: Price of a product by the bits of its factors, in products of 16 bits.
PRICE = {32: 1.0, 16: 1.0, 8: 0.5, 4: 0.25}


@dataclass(frozen=True)
class Estimator:
    """estimator, stride, share, block_m and block_n as in the op; `bits` of the scores' factors
    (32: not rounded), `sample` of rows strided | random | jitter, `norm` of the mean over rows
    (1: the op's; 2: root mean square; 0: maximum)."""

    estimator: str = "rows"
    stride: int = 16
    share: float = 0.5
    block_m: int = 128
    block_n: int = 128
    bits: int = 32
    sample: str = "strided"
    norm: int = 1

    def cost(self, length):
        """FLOPs over those of dense causal attention (4 D per visible pair) on `length` rows."""
        row = 0.5 * PRICE[self.bits] / self.stride
        centroid, diagonal = 0.5 / self.block_n, self.block_n / length
        return {
            "exact": 0.0 if self.bits == 32 else 0.5 * PRICE[self.bits],  # 32: the oracle, not charged
            "pooled": 0.5 / self.block_m / self.block_n,
            "centroid": centroid + diagonal,
            "d2": 2 * centroid + diagonal,
            "antidiagonal": row,
            "rows": row,
            "cascade": 2 * centroid + diagonal + self.share * row,
            "sampled_cascade": (2 * centroid + diagonal) / self.stride + self.share * row,
        }[self.estimator]

    def __call__(self, q, k, scale):
        """q ``[B,H,N,D]``, k ``[B,Hkv,N,D]`` -> block masses ``[B,H,Mb,Nb]``, mean lse ``[B,H,Mb]``."""
        return getattr(_Scoring(self, q, k, scale), self.estimator)()


def rounded(x, bits):
    """x with each row rounded to signed integers of `bits` bits times one scale per row."""
    if bits == 32:
        return x
    if bits == 16:
        return x.bfloat16().to(x.dtype)
    most = 2 ** (bits - 1) - 1
    step = x.abs().amax(-1, keepdim=True).clamp_min(1e-20) / most
    return (x / step).round() * step


def block_statistics(x, block):
    """Mean and biased variance ``[..,Nb,D]`` and size ``[Nb]`` of blocks of rows of x ``[..,N,D]``."""
    length, blocks = x.shape[-2], -(-x.shape[-2] // block)
    sizes = torch.full((blocks,), block, device=x.device, dtype=x.dtype)
    sizes[-1] = length - (blocks - 1) * block
    padded = torch.nn.functional.pad(x, (0, 0, 0, blocks * block - length)).unflatten(-2, (blocks, block))
    mean = padded.sum(-2) / sizes[:, None]
    inside = torch.arange(block, device=x.device) < sizes[:, None]
    deviation = (padded - mean.unsqueeze(-2)) * inside[..., None]
    return mean, deviation.square().sum(-2) / sizes[:, None], sizes


class _Scoring:
    """One call of an estimator."""

    def __init__(self, form, q, k, scale):
        self.form, self.q, self.k, self.scale = form, q, k, scale
        self.length = q.shape[2]
        self.group = q.shape[1] // k.shape[1]
        self.num_m, self.num_n = -(-self.length // form.block_m), -(-self.length // form.block_n)

    # Single scores.

    def exact(self):
        return self._over_rows(self._lse(self._all_rows()), self.form.block_m)

    def rows(self):
        return self._over_rows(self._lse(self._sampled()), self._per_block())

    def cascade(self):
        return self._second_stage(self.d2()[0])

    def sampled_cascade(self):
        return self._second_stage(
            self._by_blocks(self._sampled(), second_order=True, per_block=self._per_block())[0])

    def _second_stage(self, first):
        """`rows` over the blocks that the masses `first` let through, and the diagonal ones."""
        seen = visible_blocks(self.form, self.length, self.q.device)  # [Mb]
        rank = first.argsort(dim=-1, descending=True, stable=True).argsort(-1)
        through = rank < torch.ceil(self.form.share * seen.double())[:, None]
        through |= diagonal_mask(self.form, self.length, self.q.device)
        rows = self._sampled()
        lse = self._lse(rows)
        through = through.index_select(2, rows // self.form.block_m)
        return self._over_rows(lse.masked_fill(~through, NEGATIVE_INFINITY), self._per_block())

    def antidiagonal(self):
        """See the op: means of scores over antidiagonals of stride x stride squares."""
        s = self.form.stride
        assert self.length % s == 0 and self.form.block_n % s == 0
        groups = self.length // s
        q = rounded(self.q, self.form.bits).unflatten(2, (groups, s))
        k = rounded(self.k, self.form.bits).unflatten(2, (groups, s)).flip(3).repeat_interleave(self.group, 1)
        seen = torch.arange(s, device=q.device) >= torch.arange(s - 1, -1, -1, device=q.device)
        diagonal = self.scale * ((q * k).sum(-1) * seen).sum(-1) / seen.sum()
        above = torch.ones(groups, groups, dtype=torch.bool, device=q.device).triu(1)
        parts, lse = [], []
        for h in range(self.q.shape[1]):
            y = self.scale / s * q[:, h].flatten(-2) @ k[:, h].flatten(-2).transpose(-1, -2)
            y.diagonal(dim1=-2, dim2=-1).copy_(diagonal[:, h])
            y.masked_fill_(above, NEGATIVE_INFINITY)
            lse.append(y.logsumexp(-1))
            weights = torch.nn.functional.pad(y.softmax(-1), (0, self.num_n * self.form.block_n // s - groups))
            parts.append(weights.unflatten(-1, (self.num_n, -1)).sum(-1))
        per_block = self.form.block_m // s
        return self._mean(torch.stack(parts, 1), per_block), self._mean(torch.stack(lse, 1)[..., None], per_block)[..., 0]

    # Block statistics.

    def pooled(self):
        mean_q, _, _ = block_statistics(self.q, self.form.block_m)
        mean_k, _, sizes = block_statistics(self.k, self.form.block_n)
        logits = self.scale * mean_q @ self._heads(mean_k).transpose(-1, -2) + sizes.log()
        seen = visible_blocks(self.form, self.length, self.q.device)
        hidden = torch.arange(self.num_n, device=self.q.device) >= seen[:, None]
        return self._over_rows(logits.masked_fill(hidden, NEGATIVE_INFINITY), 1)

    def centroid(self):
        return self._by_blocks(self._all_rows(), second_order=False, per_block=self.form.block_m)

    def d2(self):
        return self._by_blocks(self._all_rows(), second_order=True, per_block=self.form.block_m)

    def _by_blocks(self, rows, second_order, per_block):
        mean, variance, sizes = block_statistics(self.k, self.form.block_n)
        q = self.q if rows.numel() == self.length else self.q.index_select(2, rows)
        logits = self.scale * q @ self._heads(mean).transpose(-1, -2) + sizes.log()
        if second_order:
            logits += 0.5 * self.scale**2 * q.square() @ self._heads(variance).transpose(-1, -2)
        starts = torch.arange(self.num_n, device=q.device) * self.form.block_n
        seen = (rows[:, None] + 1 - starts).clamp_min(0)  # Past the block's size: all of it.
        logits.masked_fill_(seen < sizes, NEGATIVE_INFINITY)
        some = rows[seen.gather(1, (rows // self.form.block_n)[:, None])[:, 0] < sizes[rows // self.form.block_n]]
        where = torch.searchsorted(rows, some)
        logits[:, :, where, some // self.form.block_n] = self._own_block_lse(some)
        return self._over_rows(logits, per_block)

    def _own_block_lse(self, rows):
        """The log-sum-exp of each row over the visible keys of the block that it lies in: ``[B,H,R]``."""
        parts, block = [], self.form.block_n
        for start in range(0, rows.numel(), 4096):
            some = rows[start:start + 4096]
            first = int(some[0]) // block * block
            span = int(some[-1]) // block * block + block - first
            keys = torch.nn.functional.pad(self.k[:, :, first:first + span],
                                           (0, 0, 0, max(0, first + span - self.length)))
            # Rows are ascending and spread evenly, so that each block's rows are found by a batched product.
            blocks = (some - first) // block
            per_block = torch.bincount(blocks, minlength=span // block)
            most = int(per_block.max())
            slot = torch.arange(some.numel(), device=some.device) - (per_block.cumsum(0) - per_block)[blocks]
            q = self.q.new_zeros(*self.q.shape[:2], span // block, most, self.q.shape[3])
            q[:, :, blocks, slot] = self.q.index_select(2, some)
            z = self.scale * q @ self._heads(keys.unflatten(2, (-1, block))).transpose(-1, -2)
            hidden = torch.arange(block, device=some.device) > (some % block)[:, None]
            parts.append(z[:, :, blocks, slot].masked_fill(hidden, NEGATIVE_INFINITY).logsumexp(-1))
        return torch.cat(parts, -1) if parts else self.q.new_zeros(*self.q.shape[:2], 0)

    # Rows.

    def _heads(self, x):
        return x.repeat_interleave(self.group, 1)

    def _all_rows(self):
        return torch.arange(self.length, device=self.q.device)

    def _per_block(self):
        return -(-self.form.block_m // self.form.stride)

    def _sampled(self):
        """The sampled rows, ascending. Strided: min(stride/2 + t*stride, rows-1) in each block."""
        s, m = self.form.stride, self.form.block_m
        starts = torch.arange(0, self.length, m)
        sizes = (self.length - starts).clamp_max(m)
        if self.form.sample == "strided":
            t = s // 2 + torch.arange(self._per_block()) * s
            rows = starts[:, None] + torch.minimum(t, sizes[:, None] - 1)
            rows = torch.cat([r[:-(-int(n) // s)] for r, n in zip(rows, sizes)])
            return rows.to(self.q.device)
        generator = torch.Generator().manual_seed(0)
        if self.form.sample == "random":
            shuffled = torch.rand(len(starts), m, generator=generator).argsort(1)[:, :self._per_block()]
            rows = starts[:, None] + shuffled.sort(1).values
        else:
            t = torch.arange(self._per_block()) * s
            rows = starts[:, None] + t + torch.randint(s, (len(starts), len(t)), generator=generator)
        assert self.length % m == 0
        return rows.flatten().to(self.q.device)

    def _lse(self, rows):
        q = self.q if rows.numel() == self.length else self.q.index_select(2, rows)
        return block_lse(rounded(q, self.form.bits), rounded(self.k, self.form.bits), rows, self.form.block_n,
                         self.scale)

    def _over_rows(self, logits, per_block):
        """(masses, mean lse) of the query blocks from logits of rows and blocks ``[B,H,R,Nb]``."""
        lse = self._mean(logits.logsumexp(-1, keepdim=True), per_block, norm=1)[..., 0]
        return self._mean(logits.softmax(-1), per_block, self.form.norm), lse

    def _mean(self, p, per_block, norm=1):
        """The mean over the rows of each query block: ``[B,H,R,X]`` -> ``[B,H,Mb,X]``."""
        rows = p.shape[2]
        p = torch.nn.functional.pad(p, (0, 0, 0, self.num_m * per_block - rows)).unflatten(2, (self.num_m, per_block))
        counts = torch.full((self.num_m, 1), per_block, device=p.device, dtype=p.dtype)
        counts[-1] = rows - (self.num_m - 1) * per_block
        if norm == 0:
            return p.amax(3)
        if norm == 2:
            return (p.square().sum(3) / counts).sqrt()
        return p.sum(3) / counts


def visible_keys(form, length, device):
    """Keys that the last row of each query block sees: i64 ``[Mb]``."""
    blocks = torch.arange(-(-length // form.block_m), device=device)
    return ((blocks + 1) * form.block_m).clamp_max(length)


def visible_blocks(form, length, device):
    """Key blocks that some row of each query block sees: i64 ``[Mb]``."""
    return -(-visible_keys(form, length, device) // form.block_n)


def diagonal_mask(form, length, device):
    """The key blocks that hold a row of each query block: bool ``[Mb,Nb]``."""
    last = visible_keys(form, length, device) - 1
    first = torch.arange(len(last), device=device) * form.block_m
    key_blocks = torch.arange(-(-length // form.block_n), device=device)
    return ((key_blocks >= (first // form.block_n)[:, None]) & (key_blocks <= (last // form.block_n)[:, None]))
