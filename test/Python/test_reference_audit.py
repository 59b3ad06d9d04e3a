"""audit against loops over rows, and what a random sample must be."""

import numpy as np
import pytest

from qsat.reference import Mask, attention, audit, draw_rows

N = 8
SHARE = 2 / N


def data(seed=0, m=37, n=53):
    r = np.random.default_rng(seed)
    q, k, v = r.standard_normal((2, 4, m, 8)), r.standard_normal((2, 2, n, 8)), r.standard_normal((2, 2, n, 6))
    o, lse = attention(q, k, v, mask=Mask.causal(offset=16))
    return q, k, v, o + 0.3 * r.standard_normal(o.shape), lse - 0.2 * r.random(lse.shape)


def hash_of(seed, draw, number, h, b):
    """The hash in Python integers: exact."""
    x = (seed + 0x9E3779B9 * (draw + 1) + 0x85EBCA77 * number + 0xC2B2AE3D * h + 0x27D4EB2F * b) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    return x ^ (x >> 16)


def levels(size):
    """(first row, end, probability) of each level of a stratum of ``size`` rows."""
    result, first, end = [], 0, 1
    while first < size:
        result.append((first, min(end, size), 2.0 ** -(len(result) + 1)))
        first, end = end, 2 * end
    result[-1] = (*result[-1][:2], 2 * result[-1][2])  # the last takes what is left
    return result


@pytest.mark.parametrize("seed", [0, 7, -1, 2**40 + 5])
@pytest.mark.parametrize("m", [1, 33, 37, 40])
def test_draws_by_hand(seed, m):
    rows, weights = draw_rows(2, 4, m, share=SHARE, seed=seed)
    assert rows.shape == weights.shape == (2, 4, -(-m // N), 2)
    for b, h, t, s in np.ndindex(rows.shape):
        size = min(N, m - N * t)
        first, end = 0, size
        if s == 0:
            zeros = 32 - hash_of(seed, 2 * t, 0, h, b).bit_length()
            first, end, _ = levels(size)[min(zeros, len(levels(size)) - 1)]
        offset = first + (hash_of(seed, 2 * t + s, 1, h, b) * (end - first) >> 32)
        assert rows[b, h, t, s] == N * t + offset
        near = next(p / (end - first) for first, end, p in levels(size) if first <= offset < end)
        assert weights[b, h, t, s] == pytest.approx(1 / (near + 1 / size))


def test_tile_draws_what_the_whole_draws():
    whole, _ = draw_rows(2, 4, 37, share=SHARE, seed=3)
    tile, _ = draw_rows(1, 2, 21, share=SHARE, seed=3, at=(1, 2, 2 * N, 0))
    np.testing.assert_array_equal(tile + 2 * N, whole[1:, 2:, 2:])


def test_draws_have_their_distribution_and_are_unrelated():
    rows, weights = draw_rows(4, 16, 128 * 256, seed=5)
    offsets = rows % 128
    for s, p in ((0, [2.0 ** -min(x.bit_length() + 1, 7) / max(1 << x.bit_length() >> 1, 1) for x in range(128)]),
                 (1, [1 / 128] * 128)):
        assert sum(p) == pytest.approx(1)
        counts, expected = np.bincount(offsets[..., s].ravel(), minlength=128), 16384 * np.array(p)
        assert ((counts - expected) ** 2 / expected).sum() < 190  # chi^2 with 127 degrees of freedom: p = 2e-4
    x = offsets[..., 1] - 63.5
    for a, b in ((x[:, :, 1:], x[:, :, :-1]), (x[:, 1:], x[:, :-1]), (x[1:], x[:-1]), (x, offsets[..., 0])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.03
    assert weights.sum() == pytest.approx(4 * 16 * 128 * 256, rel=0.02)
    assert (draw_rows(1, 1, 128 * 256, seed=6)[0] != draw_rows(1, 1, 128 * 256, seed=7)[0])[..., 1].mean() > 0.9


def test_audit_by_hand():
    q, k, v, o, lse = data()
    mask = Mask.causal(offset=16)
    error, norm, kept = audit(q, k, v, o, lse, mask=mask, share=SHARE, seed=9)
    exact, exact_lse = attention(q, k, v, mask=mask)
    rows, weights = draw_rows(2, 4, 37, share=SHARE, seed=9)
    for at in np.ndindex(rows.shape):
        r, w = (*at[:2], rows[at]), weights[at]
        assert error[at] == pytest.approx(w * ((o - exact)[r] ** 2).sum())
        assert norm[at] == pytest.approx(w * (exact[r] ** 2).sum())
        assert kept[at] == pytest.approx(np.exp(lse - exact_lse)[r])


def test_sums_are_unbiased():
    """Their mean over many seeds is the sum over all rows, the partial stratum included."""
    q, k, v, o, _ = data()
    exact, _ = attention(q, k, v)
    draws = np.array([[x.sum() for x in audit(q, k, v, o, share=SHARE, seed=s)] for s in range(600)])
    truth = ((o - exact) ** 2).sum(), (exact**2).sum()
    assert np.all(np.abs(draws.mean(0) - truth) < 4 * draws.std(0) / np.sqrt(600))


def test_rows_that_see_nothing():
    q, k, v, o, lse = data()
    error, norm, kept = audit(q, k, v, 0 * o, lse, mask=Mask.causal(offset=-100), share=SHARE)
    assert not error.any() and not norm.any() and not kept.any()
