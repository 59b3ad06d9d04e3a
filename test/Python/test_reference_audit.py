"""audit against loops over rows, and what a random sample must be."""

import numpy as np
import pytest

from qsat.reference import Mask, attention, audit, drawn_rows

N = 8


def data(seed=0, m=37, n=53):
    r = np.random.default_rng(seed)
    q, k, v = r.standard_normal((2, 4, m, 8)), r.standard_normal((2, 2, n, 8)), r.standard_normal((2, 2, n, 6))
    o, lse = attention(q, k, v, mask=Mask.causal(offset=16))
    return q, k, v, o + 0.3 * r.standard_normal(o.shape), lse - 0.2 * r.random(lse.shape)


def hash_of(seed, t, h, b):
    """u(b, h, t) in Python integers: exact."""
    x = (seed + 0x9E3779B9 * (t + 1) + 0xC2B2AE3D * h + 0x27D4EB2F * b) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    return x ^ (x >> 16)


@pytest.mark.parametrize("seed", [0, 7, -1, 2**40 + 5])
def test_drawn_rows_by_hand(seed):
    rows = drawn_rows(2, 4, 37, share=1 / N, seed=seed)
    assert rows.shape == (2, 4, 5)
    for b, h, t in np.ndindex(rows.shape):
        size = min(N, 37 - N * t)
        assert rows[b, h, t] == N * t + (hash_of(seed, t, h, b) * size >> 32)


def test_tile_draws_what_the_whole_draws():
    whole = drawn_rows(2, 4, 37, share=1 / N, seed=3)
    tile = drawn_rows(1, 2, 21, share=1 / N, seed=3, at=(1, 2, 2 * N, 0))
    np.testing.assert_array_equal(tile + 2 * N, whole[1:, 2:, 2:])


def test_draws_are_uniform_and_unrelated():
    rows = drawn_rows(4, 16, 64 * 256, seed=5) % 64
    counts = np.bincount(rows.ravel(), minlength=64)
    assert ((counts - 256.0) ** 2 / 256).sum() < 100  # chi^2 with 63 degrees of freedom: p = .002
    x = rows - 31.5
    for a, b in ((x[:, :, 1:], x[:, :, :-1]), (x[:, 1:], x[:, :-1]), (x[1:], x[:-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.03
    assert (drawn_rows(1, 1, 64 * 256, seed=6) != drawn_rows(1, 1, 64 * 256, seed=7)).mean() > 0.9


def test_audit_by_hand():
    q, k, v, o, lse = data()
    mask = Mask.causal(offset=16)
    error, norm, kept = audit(q, k, v, o, lse, mask=mask, share=1 / N, seed=9)
    exact, exact_lse = attention(q, k, v, mask=mask)
    rows = drawn_rows(2, 4, 37, share=1 / N, seed=9)
    for b, h, t in np.ndindex(rows.shape):
        r, size = rows[b, h, t], min(N, 37 - N * t)
        assert error[b, h, t] == pytest.approx(size * ((o - exact)[b, h, r] ** 2).sum())
        assert norm[b, h, t] == pytest.approx(size * (exact[b, h, r] ** 2).sum())
        assert kept[b, h, t] == pytest.approx(np.exp(lse - exact_lse)[b, h, r])


def test_sums_are_unbiased():
    """Their mean over many seeds is the sum over all rows, the partial stratum included."""
    q, k, v, o, _ = data()
    exact, _ = attention(q, k, v)
    draws = np.array([[x.sum() for x in audit(q, k, v, o, share=1 / N, seed=s)] for s in range(600)])
    truth = ((o - exact) ** 2).sum(), (exact**2).sum()
    assert np.all(np.abs(draws.mean(0) - truth) < 4 * draws.std(0) / np.sqrt(600))


def test_every_row_is_exact():
    q, k, v, o, _ = data()
    exact, _ = attention(q, k, v)
    error, norm = audit(q, k, v, o, share=1.0)
    assert error.sum() == pytest.approx(((o - exact) ** 2).sum())
    assert norm.sum() == pytest.approx((exact**2).sum())


def test_rows_that_see_nothing():
    q, k, v, o, lse = data()
    error, norm, kept = audit(q, k, v, 0 * o, lse, mask=Mask.causal(offset=-100), share=1 / N)
    assert not error.any() and not norm.any() and not kept.any()
