"""The two kernels of the study: log-sum-exps of key blocks, and attention over listed key blocks.

Causal self-attention only. On a GPU they are Triton kernels (TF32 products, f32 sums), elsewhere
plain PyTorch in the type of the inputs; neither ever holds more than a tile of scores.

Shapes: q ``[B,H,R,D]``, k, v ``[B,Hkv,N,D]``, query head h reads key/value head h // (H / Hkv).
"""

import torch

try:
    import triton
    import triton.language as tl
except ImportError:  # The CPU wheels of PyTorch come without it.
    triton = None

NEGATIVE_INFINITY = float("-inf")


def block_lse(q, k, rows, block_n, scale, precision="tf32"):
    """lse ``[B,H,R,Nb]``: of row ``rows[r]`` (ascending, i64 ``[R]``), whose query is q[:, :, r],
    the log of the sum of exp(scale <q, k_j>) over the visible keys j <= rows[r] of each block."""
    batch, heads, num_rows, width = q.shape
    num_keys, num_blocks = k.shape[2], -(-k.shape[2] // block_n)
    out = torch.full((batch, heads, num_rows, num_blocks), NEGATIVE_INFINITY, device=q.device, dtype=q.dtype)
    if q.is_cuda:
        tile = 64
        _block_lse_kernel[(-(-num_rows // tile), batch * heads)](
            q.contiguous(), k.contiguous(), rows.to(torch.int32), out, heads, heads // k.shape[1],
            num_rows, num_keys, num_blocks, scale, width, block_n, tile, precision, num_warps=4, num_stages=2)
        return out
    group = heads // k.shape[1]
    keys = torch.arange(num_keys, device=q.device)
    for start in range(0, num_rows, 256):
        part = slice(start, min(start + 256, num_rows))
        blocks = int(rows[part][-1]) // block_n + 1
        end = min(blocks * block_n, num_keys)
        z = scale * q[:, :, part] @ k[:, :, :end].repeat_interleave(group, 1).transpose(-1, -2)
        z = z.masked_fill(keys[:end] > rows[part, None], NEGATIVE_INFINITY)
        z = torch.nn.functional.pad(z, (0, blocks * block_n - end), value=NEGATIVE_INFINITY)
        out[:, :, part, :blocks] = z.unflatten(-1, (blocks, block_n)).logsumexp(-1)
    return out


def block_attention(q, k, v, indices, counts, block_m, block_n, scale, precision="tf32"):
    """o ``[B,H,N,D]`` and lse ``[B,H,N]`` over the visible keys of the listed blocks.

    indices ``[B,H,Mb,max]`` i32, counts ``[B,H,Mb]`` i32: as `qsat.sparse_attention` reads them.
    """
    batch, heads, num_rows, width = q.shape
    group = heads // k.shape[1]
    o = torch.zeros(q.shape, device=q.device, dtype=q.dtype)  # Contiguous, as q need not be.
    lse = torch.full(q.shape[:3], NEGATIVE_INFINITY, device=q.device, dtype=q.dtype)
    if q.is_cuda:
        tile_n = min(block_n, 64)
        grid = (counts.shape[2], batch * heads)
        _block_attention_kernel[grid](
            q.contiguous(), k.contiguous(), v.contiguous(), indices.contiguous(), counts.contiguous(), o, lse,
            heads, group, num_rows, k.shape[2], counts.shape[2], indices.shape[3], scale, width,
            block_m, block_n, tile_n, precision, num_warps=8 if block_m >= 128 else 4, num_stages=2)
        return o, lse
    for b in range(batch):
        for h in range(heads):
            for block in range(counts.shape[2]):
                count = int(counts[b, h, block])
                if count == 0:
                    continue
                rows = torch.arange(block * block_m, min((block + 1) * block_m, num_rows))
                listed = indices[b, h, block, :count].long()
                keys = (listed[:, None] * block_n + torch.arange(block_n)).flatten()
                keys = keys[keys < k.shape[2]]
                z = scale * q[b, h, rows] @ k[b, h // group, keys].T
                z = z.masked_fill(keys > rows[:, None], NEGATIVE_INFINITY)
                lse[b, h, rows] = row_lse = z.logsumexp(-1)
                weights = (z - row_lse.masked_fill(row_lse.isinf(), 0)[:, None]).exp()
                o[b, h, rows] = weights @ v[b, h // group, keys]
    return o, lse


if triton is not None:

    @triton.jit
    def _block_lse_kernel(q, k, rows, out, heads, group, num_rows, num_keys, num_blocks, scale,
                          width: tl.constexpr, block_n: tl.constexpr, tile: tl.constexpr,
                          precision: tl.constexpr):
        """One tile of rows of one head against all key blocks that one of them sees."""
        head = tl.program_id(1)
        kv_head = head // heads * (heads // group) + head % heads // group
        r = tl.program_id(0) * tile + tl.arange(0, tile)
        d = tl.arange(0, width)
        inside = r < num_rows
        position = tl.load(rows + r, mask=inside, other=-1)
        q_tile = tl.load(q + (head.to(tl.int64) * num_rows + r[:, None]) * width + d[None, :],
                         mask=inside[:, None], other=0.0)
        last = tl.max(position, 0)
        for block in range(0, last // block_n + 1):
            j = block * block_n + tl.arange(0, block_n)
            k_tile = tl.load(k + (kv_head.to(tl.int64) * num_keys + j[:, None]) * width + d[None, :],
                             mask=(j < num_keys)[:, None], other=0.0)
            z = scale * tl.dot(q_tile, tl.trans(k_tile), input_precision=precision)
            z = tl.where((j[None, :] <= position[:, None]) & (j < num_keys)[None, :], z, float("-inf"))
            top = tl.max(z, 1)
            shift = tl.where(top == float("-inf"), 0.0, top)
            lse = tl.log(tl.sum(tl.exp(z - shift[:, None]), 1)) + shift
            tl.store(out + (head.to(tl.int64) * num_rows + r) * num_blocks + block, lse, mask=inside)

    @triton.jit
    def _block_attention_kernel(q, k, v, indices, counts, o, lse, heads, group, num_rows, num_keys,
                                num_lists, longest, scale, width: tl.constexpr, block_m: tl.constexpr,
                                block_n: tl.constexpr, tile_n: tl.constexpr, precision: tl.constexpr):
        """One query block of one head over its listed key blocks, with an online softmax."""
        block, head = tl.num_programs(0) - 1 - tl.program_id(0), tl.program_id(1)  # Longest first.
        kv_head = head // heads * (heads // group) + head % heads // group
        i = block * block_m + tl.arange(0, block_m)
        d = tl.arange(0, width)
        inside = i < num_rows
        q_tile = tl.load(q + (head.to(tl.int64) * num_rows + i[:, None]) * width + d[None, :],
                         mask=inside[:, None], other=0.0)
        top = tl.full((block_m,), float("-inf"), tl.float32)
        total = tl.zeros((block_m,), tl.float32)
        acc = tl.zeros((block_m, width), tl.float32)
        line = head.to(tl.int64) * num_lists + block
        count = tl.load(counts + line)
        parts: tl.constexpr = block_n // tile_n
        for step in range(0, count * parts):
            key_block = tl.load(indices + line * longest + step // parts)
            j = key_block * block_n + step % parts * tile_n + tl.arange(0, tile_n)
            at = (kv_head.to(tl.int64) * num_keys + j[:, None]) * width + d[None, :]
            k_tile = tl.load(k + at, mask=(j < num_keys)[:, None], other=0.0)
            z = scale * tl.dot(q_tile, tl.trans(k_tile), input_precision=precision)
            z = tl.where((j[None, :] <= i[:, None]) & (j < num_keys)[None, :], z, float("-inf"))
            new_top = tl.maximum(top, tl.max(z, 1))
            shift = tl.where(new_top == float("-inf"), 0.0, new_top)
            p = tl.exp(z - shift[:, None])
            decay = tl.exp(top - shift)
            v_tile = tl.load(v + at, mask=(j < num_keys)[:, None], other=0.0)
            acc = tl.dot(p, v_tile, acc * decay[:, None], input_precision=precision)
            total = total * decay + tl.sum(p, 1)
            top = new_top
        empty = total == 0.0
        acc = acc / tl.where(empty, 1.0, total)[:, None]
        tl.store(o + (head.to(tl.int64) * num_rows + i[:, None]) * width + d[None, :], acc, mask=inside[:, None])
        tl.store(lse + head.to(tl.int64) * num_rows + i,
                 tl.where(empty, float("-inf"), top + tl.log(total)), mask=inside)
