"""Dense attention, merge, sparse attention: brute force and the identities of the project."""

import itertools
import math

import numpy as np
import pytest

from qsat.reference import Amplification, Mask, attention, merge, sparse_attention

NEGATIVE = -np.inf
MASKS = [None, Mask.causal(), Mask.causal(offset=5), Mask(offset=-40), Mask.causal(offset=-9),
         Mask.causal(window=7, sinks=3), Mask(lookahead=4, window=5), Mask(window=6, offset=2)]


def data(seed=0, batch=2, heads=4, kv_heads=2, m=37, n=53, d=8, dv=5, size=1.0):
    r = np.random.default_rng(seed)
    return (size * r.standard_normal((batch, heads, m, d)), r.standard_normal((batch, kv_heads, n, d)),
            r.standard_normal((batch, kv_heads, n, dv)))


def sees(mask, i, j):
    """The mask in the words of its description, one pair at a time."""
    if mask is None:
        return True
    if mask.lookahead is not None and not j <= i + mask.offset + mask.lookahead:
        return False
    return mask.window == 0 or j > i + mask.offset - mask.window or j < mask.sinks


def brute_row(q, k, v, b, h, i, *, scale=1.0, mask=None, score=None, keys=None):
    """One output row from its definition with plain Python sums: (o, lse)."""
    hkv = h // (q.shape[1] // k.shape[1])
    weights = []
    for j in range(k.shape[2]) if keys is None else keys:
        z = scale * math.fsum(x * y for x, y in zip(q[b, h, i], k[b, hkv, j]))
        z = z if score is None else float(score(np.float64(z), b, h, i, j))
        if sees(mask, i, j) and z != NEGATIVE:
            weights.append((math.exp(z), j))
    total = math.fsum(w for w, _ in weights)
    if not weights:
        return np.zeros(v.shape[3]), NEGATIVE
    o = [math.fsum(w * v[b, hkv, j, e] for w, j in weights) / total for e in range(v.shape[3])]
    return np.array(o), math.log(total)


def alibi(z, b, h, i, j):
    return z - 2.0 ** -(h + 1) * abs(i - j)


def every_third_hidden(z, b, h, i, j):
    return np.where((i + j) % 3 == 0, NEGATIVE, 2 * np.tanh(z / 2))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("score", [None, alibi, every_third_hidden])
def test_attention_equals_brute_force(mask, score):
    q, k, v = data()
    o, lse = attention(q, k, v, scale=0.3, mask=mask, score=score)
    for b, h, i in itertools.product(range(2), range(4), range(0, 37, 3)):
        o_row, lse_row = brute_row(q, k, v, b, h, i, scale=0.3, mask=mask, score=score)
        np.testing.assert_allclose(o[b, h, i], o_row, atol=1e-13)
        np.testing.assert_allclose(lse[b, h, i], lse_row, atol=1e-13)


@pytest.mark.filterwarnings("error")
def test_rows_without_keys_give_zero():
    q, k, v = data()
    o, lse = attention(q, k, v, mask=Mask.causal(offset=-10))
    assert np.all(o[:, :, :10] == 0) and np.all(lse[:, :, :10] == NEGATIVE)
    assert np.all(np.isfinite(lse[:, :, 10:])) and not np.isnan(o).any()
    o, lse = attention(q, k, v, score=lambda z, b, h, i, j: np.full_like(z, NEGATIVE))
    assert np.all(o == 0) and np.all(lse == NEGATIVE)


@pytest.mark.filterwarnings("error")
def test_huge_logits():
    q, k, v = data(size=1e5)
    o, lse = attention(q, k, v)
    best = np.argmax(np.einsum("bhmd,bhnd->bhmn", q, np.repeat(k, 2, axis=1)), axis=-1)
    expected = np.take_along_axis(np.repeat(v, 2, axis=1), best[..., None], axis=2)
    np.testing.assert_allclose(o, expected, atol=1e-10)
    assert np.isfinite(lse).all()


def test_nan_and_infinity_propagate():
    q, k, v = data()
    q[0, 1, 3, 0] = np.nan
    k[1, 0, 7, 0] = np.inf
    o, _ = attention(q, k, v)
    assert np.isnan(o[0, 1, 3]).all() and np.isnan(o).any(axis=-1)[0].sum() == 1
    assert np.isnan(o[1, :2]).any() and not np.isnan(o[1, 2:]).any()


def test_dtype_is_that_of_the_computation():
    q, k, v = data(size=2.0)
    single = attention(q, k, v, dtype=np.float32)
    assert single[0].dtype == single[1].dtype == np.float32
    np.testing.assert_allclose(single[0], attention(q, k, v)[0], atol=1e-5)
    assert np.abs(single[0] - attention(q, k, v)[0]).max() > 0


@pytest.mark.parametrize("mask", MASKS)
def test_attention_tile_equals_slice(mask):
    q, k, v = data(heads=4, kv_heads=4)
    whole = attention(q, k, v, mask=mask, score=alibi)
    tile = attention(q[1:, 2:4, 10:30], k[1:, 2:4], v[1:, 2:4], mask=mask, score=alibi, at=(1, 2, 10, 0))
    for x, y in zip(whole, tile):
        np.testing.assert_allclose(y, x[1:, 2:4, 10:30], atol=1e-13)


@pytest.mark.parametrize("mask", MASKS)
def test_tiles_of_keys_merge_to_the_whole(mask):
    q, k, v = data(kv_heads=4)
    whole = attention(q, k, v, mask=mask, score=alibi)
    parts = [attention(q, k[:, :, s:e], v[:, :, s:e], mask=mask, score=alibi, at=(0, 0, 0, s))
             for s, e in ((0, 20), (20, 21), (21, 53))]
    left = merge(*merge(*parts[0], *parts[1]), *parts[2])
    right = merge(*parts[0], *merge(*parts[2], *parts[1]))
    for x, y, z in zip(whole, left, right):
        np.testing.assert_allclose(y, x, atol=1e-12)
        np.testing.assert_allclose(z, x, atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_merge_identity_and_empty():
    q, k, v = data()
    o, lse = attention(q, k, v)
    nothing = np.zeros_like(o), np.full_like(lse, NEGATIVE)
    for x, y in ((merge(o, lse, *nothing), (o, lse)), (merge(*nothing, o, lse), (o, lse)),
                 (merge(*nothing, *nothing), nothing)):
        np.testing.assert_array_equal(x[0], y[0])
        np.testing.assert_allclose(x[1], y[1], rtol=1e-15)


# Sparse attention.

BLOCKS = dict(block_m=16, block_n=8)  # 37 x 53 keys: 3 x 7 blocks, the last of 5 rows, 5 keys


def random_lists(seed=1, lists=4, batch=2, mb=3, nb=7, share=0.4, empty=()):
    """Random selections: bool ``[B,Hs,Mb,Nb]`` and their indices (junk past the count), counts."""
    r = np.random.default_rng(seed)
    chosen = r.random((batch, lists, mb, nb)) < share
    for e in empty:
        chosen[e] = False
    counts = chosen.sum(-1).astype(np.int32)
    indices = np.full((batch, lists, mb, nb), 10**6, np.int32)
    for at in np.ndindex(batch, lists, mb):
        indices[at][:counts[at]] = np.flatnonzero(chosen[at])
    return chosen, indices, counts


def complement(chosen):
    indices = np.argsort(chosen, axis=-1, kind="stable").astype(np.int32)
    return indices, (~chosen).sum(-1).astype(np.int32)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("score", [None, alibi])
@pytest.mark.parametrize("lists", [4, 2, 1])
def test_without_background_it_is_softmax_over_the_selection(mask, score, lists):
    q, k, v = data()
    chosen, indices, counts = random_lists(lists=lists, empty=[(0, 0, 1)])
    o, lse, kept = sparse_attention(q, k, v, indices, counts, scale=0.3, mask=mask, score=score, **BLOCKS)
    for b, h, i in itertools.product(range(2), range(4), range(0, 37, 2)):
        keys = [j for j in range(53) if chosen[b, h * lists // 4, i // 16, j // 8]]
        o_row, lse_row = brute_row(q, k, v, b, h, i, scale=0.3, mask=mask, score=score, keys=keys)
        np.testing.assert_allclose(o[b, h, i], o_row, atol=1e-13)
        np.testing.assert_allclose(lse[b, h, i], lse_row, atol=1e-13)
        assert kept[b, h, i] == (lse_row != NEGATIVE)


@pytest.mark.parametrize("mask", MASKS)
def test_born_with_the_exact_rest_is_dense(mask):
    """P = a: the selection and its complement merge to dense attention."""
    q, k, v = data()
    chosen, indices, counts = random_lists(empty=[(0, 0, 1)])
    o1, lse1, _ = sparse_attention(q, k, v, indices, counts, mask=mask, **BLOCKS)
    o2, lse2, _ = sparse_attention(q, k, v, *complement(chosen), mask=mask, **BLOCKS)
    o, lse = attention(q, k, v, mask=mask)
    merged = merge(o1, lse1, o2, lse2)
    np.testing.assert_allclose(merged[0], o, atol=1e-12)
    np.testing.assert_allclose(merged[1], lse, atol=1e-12)
    with np.errstate(invalid="ignore"):
        a = np.where(lse == NEGATIVE, 0, np.exp(lse1 - lse))[..., None]
    np.testing.assert_allclose(a * o1 + (1 - a) * o2, o, atol=1e-12)


@pytest.mark.parametrize("mask", MASKS)
def test_full_amplification_ignores_the_background_in_o(mask):
    """P = 1: softmax over S, except for rows with an empty selection."""
    q, k, v = data()
    _, indices, counts = random_lists(empty=[(0, 0, 1)])
    plain = sparse_attention(q, k, v, indices, counts, mask=mask, **BLOCKS)
    full = sparse_attention(q, k, v, indices, counts, mask=mask, background="centroid",
                            amplification=Amplification("full"), **BLOCKS)
    born = sparse_attention(q, k, v, indices, counts, mask=mask, background="centroid", **BLOCKS)
    some = plain[1] != NEGATIVE
    np.testing.assert_allclose(full[0][some], plain[0][some], atol=1e-13)
    np.testing.assert_array_equal(full[0][~some], born[0][~some])
    np.testing.assert_array_equal(full[1], born[1])
    np.testing.assert_array_equal(full[2], born[2])


@pytest.mark.parametrize("background", ["rank1", "centroid", "t2"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("amplification", [None, Amplification("full"), Amplification("rounds", 1),
                                           Amplification("optimal"), Amplification("fixed_point", delta=0.2)])
@pytest.mark.filterwarnings("error")
def test_backgrounds_equal_their_table(background, mask, amplification):
    q, k, v = data()
    chosen, indices, counts = random_lists(empty=[(0, 0, 1)])
    logit, scale = -0.3, 0.4
    o, lse, kept = sparse_attention(q, k, v, indices, counts, mask=mask, scale=scale, background=background,
                                    background_logit=logit, amplification=amplification, **BLOCKS)
    for b, h, i in itertools.product(range(2), range(4), range(0, 37, 4)):
        row = chosen[b, h, i // 16]
        o_s, lse_s = brute_row(q, k, v, b, h, i, scale=scale, mask=mask,
                               keys=[j for j in range(53) if row[j // 8]])
        weight, value = 0.0, np.zeros(5)
        for block in np.flatnonzero(~row):
            keys = np.arange(8 * block, min(8 * block + 8, 53))
            seen = [j for j in keys if sees(mask, i, j)]
            if not seen:
                continue
            kb, vb = k[b, h // 2][keys], v[b, h // 2][keys]
            s = scale**2 * sum(q[b, h, i, d] ** 2 * np.var(kb[:, d]) for d in range(8))
            z = scale * sum(q[b, h, i, d] * np.mean(kb[:, d]) for d in range(8))
            w, x = {"rank1": (math.exp(logit), v[b, h // 2][seen].mean(axis=0)),
                    "centroid": (math.exp(z), vb.mean(axis=0)),
                    "t2": (math.exp(z) * (1 + s / 2), vb.mean(axis=0))}[background]
            weight, value = weight + w * len(seen), value + w * len(seen) * x
        total = weight + math.exp(lse_s)
        a = math.exp(lse_s) / total if total else 0.0
        p = float((amplification or Amplification("born")).probability(a)) if weight else 1.0
        p = p if lse_s != NEGATIVE else 0.0
        expected = p * o_s + (1 - p) * (value / weight if weight else value)
        np.testing.assert_allclose(o[b, h, i], expected, atol=1e-12)
        np.testing.assert_allclose(lse[b, h, i], math.log(total) if total else NEGATIVE, atol=1e-12)
        np.testing.assert_allclose(kept[b, h, i], a, atol=1e-12)


@pytest.mark.parametrize("eta", [0.01, 0.1, 1.0])
def test_rank1_is_the_paper_and_within_its_bound(eta):
    """B = B1 + B2 of Gao, Song, Yang, Zhang (2023): B_ij = exp z_ij on S_i, 1 elsewhere.

    Exactly D(B)^{-1} B V, and close to D(A)^{-1} A V: total variation <= tanh(rho/4), rho the range
    of the logits off S_i with 0 included.
    """
    r = np.random.default_rng(3)
    n, d, blocks = 64, 6, dict(block_m=1, block_n=1)
    q = k = None
    # Logits: off S_i in [-eta, 0], on S_i up to 4. z = Z is reached with q = Z, k = identity.
    z = -eta * r.random((n, n))
    chosen = r.random((n, n)) < 0.1
    z[chosen] = 4 * r.random(chosen.sum())
    q, k, v = z[None, None], np.eye(n)[None, None], r.standard_normal((1, 1, n, d))
    counts = chosen.sum(-1)[None, None]
    indices = np.argsort(~chosen, axis=-1, kind="stable")[None, None]
    o, _, _ = sparse_attention(q, k, v, indices, counts, background="rank1", **blocks)
    b = np.where(chosen, np.exp(z), 1.0)
    b1, b2 = np.where(chosen, np.exp(z) - 1, 0.0), np.ones((n, n))
    np.testing.assert_array_equal(np.where(chosen, b1 + b2, b), b1 + b2)
    np.testing.assert_allclose(o[0, 0], (b @ v[0, 0]) / b.sum(1, keepdims=True), rtol=1e-12, atol=1e-13)

    a = np.exp(z)
    p, approx = a / a.sum(1, keepdims=True), b / b.sum(1, keepdims=True)
    off = np.where(chosen, 0.0, z)
    rho = off.max(1) - off.min(1)
    variation = 0.5 * np.abs(p - approx).sum(1)
    assert np.all(variation <= np.tanh(rho / 4) + 1e-15) and np.all(rho <= eta)
    dense, _ = attention(q, k, v)
    spread = v[0, 0].max(0) - v[0, 0].min(0)
    error = np.abs(dense[0, 0] - o[0, 0])
    assert np.all(error <= np.tanh(rho / 4)[:, None] * spread + 1e-14)
    assert error.max() > 0


def test_dropping_costs_the_dropped_mass():
    """Without a background the total variation is the mass outside S_i exactly."""
    q, k, _ = data(heads=2, kv_heads=2)
    v = np.broadcast_to(np.eye(53), (2, 2, 53, 53))  # so that o is the probabilities
    _, indices, counts = random_lists(lists=2)
    o, _, _ = sparse_attention(q, k, v, indices, counts, **BLOCKS)
    p, _ = attention(q, k, v)
    kept = np.where(o > 0, p, 0).sum(-1)
    some = np.repeat(counts > 0, BLOCKS["block_m"], axis=-1)[:, :, :37]
    np.testing.assert_allclose((0.5 * np.abs(o - p).sum(-1))[some], (1 - kept)[some], atol=1e-13)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("background", ["none", "rank1", "centroid", "t2"])
def test_sparse_tile_equals_slice(mask, background):
    q, k, v = data(kv_heads=4)
    _, indices, counts = random_lists()
    whole = sparse_attention(q, k, v, indices, counts, mask=mask, background=background, **BLOCKS)
    tile = sparse_attention(q[1:, 1:3, 16:], k[1:, 1:3], v[1:, 1:3], indices[1:, 1:3, 1:],
                            counts[1:, 1:3, 1:], mask=mask, background=background, at=(1, 1, 16, 0), **BLOCKS)
    for x, y in zip(whole, tile):
        np.testing.assert_allclose(y, x[1:, 1:3, 16:], atol=1e-13)


def test_everything_listed_is_dense():
    q, k, v = data()
    indices, counts = np.broadcast_to(np.arange(7), (2, 1, 3, 7)), np.full((2, 1, 3), 7)
    dense = attention(q, k, v, mask=Mask.causal())
    for background in ("none", "t2"):
        sparse = sparse_attention(q, k, v, indices, counts, mask=Mask.causal(), background=background, **BLOCKS)
        np.testing.assert_allclose(sparse[0], dense[0], atol=1e-13)
        np.testing.assert_allclose(sparse[1], dense[1], atol=1e-13)
        np.testing.assert_allclose(sparse[2], 1, atol=1e-13)
