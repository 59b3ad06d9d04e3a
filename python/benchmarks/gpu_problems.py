"""Random attention problems on a GPU for gpu_attention.py, and torch's attention on them."""

from __future__ import annotations

import math

BLOCK = 128


class Problem:
    """Random inputs of one shape, and outputs that start as NaN."""

    def __init__(self, kernel, heads, kv_heads, rows, keys, batches=1, density=0.0, transposed=False, seed=0):
        import torch

        torch.manual_seed(seed)
        self.kernel, self.shape = kernel, (batches, heads, rows, keys)
        dtype = {"bf16": torch.bfloat16, "f16": torch.float16}[kernel.element]

        def array(h, n, d):
            if transposed:  # rows of all heads side by side, as a projection gives them
                return torch.randn(batches, n, h, d, device="cuda").to(dtype).transpose(1, 2)
            return torch.randn(batches, h, n, d, device="cuda").to(dtype)

        self.q, self.k, self.v = (array(heads, rows, kernel.width), array(kv_heads, keys, kernel.width),
                                  array(kv_heads, keys, kernel.dv))
        self.o = torch.full_like(array(heads, rows, kernel.dv), math.nan)
        if kernel.output == "f32":
            self.o = self.o.float()
        self.lse = torch.full((batches, heads, rows), math.nan, device="cuda")
        self.lists = self.make_lists(density) if kernel.block else None
        if kernel.shares_lists:
            self.lists = tuple(x[:, :: heads // kv_heads].contiguous() for x in self.lists)
        self.bias = torch.randn(heads, rows, keys, device="cuda") if kernel.region == "bias" else None

    def make_lists(self, density):
        """Ascending random blocks; under a causal mask those that hold the diagonal, and others before."""
        import torch

        batches, heads, rows, keys = self.shape
        block, blocks = self.kernel.block, -(-keys // self.kernel.block)
        query_blocks = -(-rows // self.kernel.block_rows)
        limit = torch.full((query_blocks,), blocks)
        if self.kernel.causal:
            last = (torch.arange(query_blocks) + 1) * self.kernel.block_rows - 1
            limit = (last.clamp(max=rows - 1) // block + 1).clamp(max=blocks)
        always = max(self.kernel.block_rows // block, 1) if self.kernel.causal else 0
        counts = torch.maximum(torch.ceil(limit * density).long(), torch.tensor(max(always, 1)))
        counts = torch.minimum(counts, limit)
        weights = torch.rand(batches, heads, query_blocks, blocks)
        number = torch.arange(blocks)
        weights[..., :][:, :, number[None] >= limit[:, None]] = -1
        if always:
            weights[:, :, (number[None] >= limit[:, None] - always) & (number[None] < limit[:, None])] = 2
        chosen = weights.argsort(-1, descending=True)[..., : int(counts.max())]
        listed = torch.arange(int(counts.max()))[None] < counts[:, None]
        chosen = torch.where(listed, chosen, 1 << 30).sort(-1).values
        # Past the counts lies what must not be read.
        indices = torch.where(listed, chosen, 1 << 30).int().cuda().contiguous()
        return indices, counts.int().expand(batches, heads, query_blocks).contiguous().cuda()

    def arguments(self):
        lists = list(self.lists) if self.lists else []
        extras = [self.bias] if self.bias is not None else []
        return [self.q, self.k, self.v, *lists, *extras, self.o, self.lse]

    def block_mask(self):
        """[B,H,query blocks,key blocks]: what is listed; numbers outside are ignored."""
        import torch

        indices, counts = self.lists
        blocks = -(-self.shape[3] // self.kernel.block)
        mask = torch.zeros(*indices.shape[:3], blocks + 1, dtype=torch.bool, device="cuda")
        listed = torch.arange(indices.shape[3], device="cuda") < counts[..., None]
        inside = (indices >= 0) & (indices < blocks)
        mask.scatter_(3, torch.where(listed & inside, indices, blocks).long(), True)
        return mask[..., :blocks].repeat_interleave(self.shape[1] // indices.shape[1], 1)

    def visible(self):
        """[B or 1,H or 1,M,N]: what each row sees."""
        import torch

        _, _, rows, keys = self.shape
        i, j = torch.arange(rows, device="cuda")[:, None], torch.arange(keys, device="cuda")[None]
        kernel, seen = self.kernel, torch.ones(rows, keys, dtype=torch.bool, device="cuda")
        if kernel.causal:
            seen &= j <= i + kernel.offset
        if kernel.window:
            seen &= (j > i + kernel.offset - kernel.window) | (j < kernel.sinks)
        seen = seen[None, None]
        if kernel.block:
            mask = self.block_mask()
            seen = seen & mask.repeat_interleave(kernel.block_rows, 2)[:, :, :rows].repeat_interleave(kernel.block, 3)[..., :keys]
        return seen

    def reference(self):
        """(o, lse) in f64."""
        import torch

        if self.kernel.background:
            return self.reference_with_background()
        group = self.q.shape[1] // self.k.shape[1]
        q, k, v = (x.double() for x in (self.q, self.k.repeat_interleave(group, 1), self.v.repeat_interleave(group, 1)))
        z = q @ k.transpose(2, 3) * self.kernel.scale()
        if self.kernel.region == "softcap":
            z = 2 * torch.tanh(z / 2)
        if self.kernel.region == "alibi":
            i, j = torch.arange(z.shape[2], device="cuda")[:, None], torch.arange(z.shape[3], device="cuda")
            z = z + 0.125 * (j - i)
        if self.kernel.region == "bias":
            z = z + self.bias.double()
        z = z.masked_fill(~self.visible(), -math.inf)
        lse = torch.logsumexp(z, -1)
        p = torch.exp(z - torch.where(lse == -math.inf, 0.0, lse)[..., None])
        return p @ v, lse

    def reference_with_background(self):
        import torch

        from qsat.reference import Mask, sparse_attention

        kernel = self.kernel
        mask = Mask(0 if kernel.causal else None, kernel.offset, kernel.window, kernel.sinks)
        o, lse, _ = sparse_attention(*(x.double().cpu().numpy() for x in (self.q, self.k, self.v)),
                                     *(x.cpu().numpy() for x in self.lists), scale=kernel.scale(), mask=mask,
                                     block_m=kernel.block_rows, block_n=kernel.block, background=kernel.background)
        return torch.from_numpy(o).cuda(), torch.from_numpy(lse).cuda()

    def pairs(self):
        """Visible pairs of a query and a key over all heads."""
        batches, heads, rows, keys = self.shape
        if not self.kernel.block:
            assert not self.kernel.window and (not self.kernel.causal or rows == keys)
            return batches * heads * (rows * (rows + 1) / 2 if self.kernel.causal else rows * keys)
        pairs = float(self.lists[1].sum()) * BLOCK * self.kernel.block
        if self.kernel.causal:  # the listed blocks on the diagonal: what lies behind it is not seen
            hidden = BLOCK * (BLOCK - 1) / 2
            pairs -= batches * heads * (rows // BLOCK) * hidden
        return pairs

    def useful(self):
        """Operations that are asked for."""
        return 2 * (self.kernel.width + self.kernel.dv) * self.pairs()


def sdpa(problem, backend):
    """torch's attention on the problem with `backend`, or None where it has no such mask."""
    import torch.nn.functional as functional
    from torch.nn.attention import SDPBackend, sdpa_kernel

    kernel = problem.kernel
    _, _, rows, keys = problem.shape
    if kernel.block or kernel.window or kernel.offset or kernel.region or (kernel.causal and rows != keys):
        return None
    which = {"cudnn": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION}[backend]
    grouped = problem.q.shape[1] != problem.k.shape[1]
    k, v = problem.k, problem.v

    def call():
        with sdpa_kernel(which):
            return functional.scaled_dot_product_attention(problem.q, k, v, is_causal=kernel.causal,
                                                           scale=kernel.scale(), enable_gqa=grouped)

    return call


def flex(problem):
    """FlexAttention, compiled, with the same mask and the same blocks."""
    import torch
    from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

    kernel = problem.kernel
    batches, heads, rows, keys = problem.shape
    causal = (lambda b, h, i, j: i >= j) if kernel.causal else (lambda b, h, i, j: i >= 0)
    if not kernel.block:
        mask = create_block_mask(causal, None, None, rows, keys, device="cuda") if kernel.causal else None
    else:
        blocks = problem.block_mask()
        first_row = torch.arange(blocks.shape[2], device="cuda")[:, None] * BLOCK
        last_key = (torch.arange(blocks.shape[3], device="cuda") + 1) * kernel.block - 1
        diagonal = (last_key > first_row) & bool(kernel.causal)

        def ordered(marks):
            return (marks.sum(-1).int(),
                    torch.argsort(marks.int(), dim=-1, descending=True, stable=True).int())

        mask = BlockMask.from_kv_blocks(*ordered(blocks & diagonal), *ordered(blocks & ~diagonal),
                                        BLOCK_SIZE=(BLOCK, kernel.block), mask_mod=causal,
                                        seq_lengths=(rows, keys))
    compiled = torch.compile(flex_attention, dynamic=False)
    grouped = problem.q.shape[1] != problem.k.shape[1]
    return lambda: compiled(problem.q, problem.k, problem.v, block_mask=mask, scale=kernel.scale(),
                            enable_gqa=grouped)
