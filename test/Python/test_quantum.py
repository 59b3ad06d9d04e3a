"""The seeds' statements, by simulation and by numbers; docs/quantum.md is run too."""

import doctest
import math
from pathlib import Path

import numpy as np
import pytest

from qsat import quantum
from qsat.reference import Amplification, Mask, amplified_select, amplitude_score, attention, sparse_attention

ROOT = Path(__file__).resolve().parents[2]


def test_page():
    result = doctest.testfile(str(ROOT / "docs" / "quantum.md"), module_relative=False)
    assert result.attempted > 20 and result.failed == 0


# -- searches --


def grover(n, marked, rounds):
    """The probability of the marked items, from the state vector of n uniform amplitudes."""
    psi = np.full(n, 1 / math.sqrt(n))
    state = psi.copy()
    for _ in range(rounds):
        state[:marked] *= -1
        state = 2 * psi * (psi @ state) - state
    return (state[:marked] ** 2).sum()


@pytest.mark.parametrize("n, t", [(64, 1), (64, 5), (256, 16)])
def test_measured_rounds_equal_the_state_vector(n, t):
    """The mean over j < m of sin^2((2j+1) theta) is 1/2 - sin(4 m theta) / (4 m sin 2 theta)."""
    theta = math.asin(math.sqrt(t / n))
    for m in (1, 3, 7):
        mean = np.mean([grover(n, t, j) for j in range(m)])
        assert mean == pytest.approx(0.5 - math.sin(4 * m * theta) / (4 * m * math.sin(2 * theta)), abs=1e-12)
        if m >= 1 / math.sin(2 * theta):
            assert mean >= 0.25


# Means of 4000 trials, from an independent simulation.
@pytest.mark.parametrize("n, t, mean", [(256, 1, 15.7), (1024, 1, 36.8), (1024, 4, 15.6), (4096, 16, 15.5), (4096, 512, 1.1)])
def test_search_unknown(n, t, mean):
    r = np.random.default_rng(n + t)
    trials = [quantum.search_unknown(r, n, t)[0] for _ in range(1500)]
    error = np.std(trials) / math.sqrt(1500)
    assert abs(np.mean(trials) - mean) < 4.5 * error + 0.05
    assert np.mean(trials) + 4 * error < quantum.search_unknown_bound(n, t)


@pytest.mark.parametrize("n, mean", [(64, 6.7), (256, 20.1), (1024, 51.7)])
def test_find_maximum(n, mean):
    r = np.random.default_rng(n)
    trials = [quantum.find_maximum(r, n) for _ in range(1500)]
    iterations = np.array([x for x, _ in trials])
    error = iterations.std() / math.sqrt(1500)
    assert abs(iterations.mean() - mean) < 4.5 * error + 0.05
    assert iterations.mean() + 4 * error < quantum.find_maximum_bound(n)
    # The element of rank r is ever the threshold with probability 1 / r.
    for rank in (1, 2, 3, 5, 10):
        share = np.mean([rank in ranks for _, ranks in trials])
        assert abs(share - 1 / rank) < 4.5 * math.sqrt((1 / rank) * (1 - 1 / rank) / 1500) + 1e-9


def test_find_all():
    r = np.random.default_rng(0)
    known = [quantum.find_all(r, 4096, 64, True) for _ in range(60)]
    unknown = [quantum.find_all(r, 4096, 64, False) for _ in range(60)]
    assert np.mean(known) == pytest.approx(702, rel=0.03)
    assert quantum.find_all_estimate(4096, 64) == pytest.approx(734, abs=1)
    assert math.pi / 2 * math.sqrt(4096 * 64) == pytest.approx(804, abs=1)
    assert np.mean(unknown) == pytest.approx(906, rel=0.04)
    assert np.mean(unknown) < 9 * math.sqrt(4096 * 64)


def test_break_even():
    n = 10**6
    for share, pays in ((0.99 * quantum.BREAK_EVEN, True), (1.01 * quantum.BREAK_EVEN, False)):
        assert (math.pi / 2 * math.sqrt(n * share * n) < n) == pays


# -- good rows, B = B1 + B2 --


def rows(count=200, n=60, seed=0):
    r = np.random.default_rng(seed)
    for _ in range(count):
        width = r.choice([0.05, 0.5, 3.0])
        z = -width * r.random(n)
        z[r.integers(0, n, size=r.integers(0, 6))] = 5 * r.random()
        yield z, r.standard_normal((n, 4))


@pytest.mark.parametrize("c", [0.0, -0.3, None])
def test_bounds_of_good_rows(c):
    for z, v in rows():
        row = quantum.good_row(z, 1e-9, c)
        p, q, rho = row.exact, row.approximate, row.width
        bound = math.tanh(rho / 4)
        assert np.all(np.abs(p - q) <= (math.exp(rho) - 1) * q + 1e-15)  # (1)
        assert row.total_variation <= bound + 1e-15  # (2)
        assert np.abs(p - q).max() <= bound + 1e-15
        span = v.max(0) - v.min(0)
        assert np.all(np.abs((p - q) @ v) <= bound * span + 1e-15)  # (3)
        if c is None:
            assert row.total_variation <= row.dropped * bound + 1e-15  # (5)
        # (6): dropping loses what the mass outside says, exactly.
        kept = np.where(z >= 1e-9, p, 0)
        if kept.any():
            assert np.abs(p - kept / kept.sum()).sum() / 2 == pytest.approx(row.dropped)


def test_papers_regime():
    """-eta <= z <= 0 off S, eta <= 0.1: |A - B| <= 2 eta, |D(A) - D(B)| <= 2 eta n, error <= eta / 2."""
    r, eta = np.random.default_rng(1), 0.1
    for _ in range(200):
        z = -eta * r.random(50)
        z[:3] = 4 * r.random(3) + 1e-6
        a, b = np.exp(z), np.exp(np.where(z > 0, z, 0))
        assert np.abs(a - b).max() <= 2 * eta and abs(a.sum() - b.sum()) <= 2 * eta * 50
        row, v = quantum.good_row(z, 1e-9), eta * (2 * r.random((50, 3)) - 1)
        assert np.abs(row.exact - row.approximate).sum() <= eta / 2
        assert np.abs((row.exact - row.approximate) @ v).max() <= eta**2 / 2


def test_bound_is_attained():
    """Background scores of -eta and 0, half of the rest each: the bound is tight."""
    eta = 0.1
    z = np.concatenate([np.full(5000, -eta), np.zeros(5000), [1e-6]])
    best = max(quantum.good_row(np.concatenate([np.full(m, -eta), np.zeros(10000 - m), [1e-6]]), 1e-9).total_variation
               for m in (4800, 5000, 5100, 5125, 5150, 5200))
    assert len(z) == 10001 and 0.999 * math.tanh(eta / 4) < best <= math.tanh(eta / 4)


def test_rank1_is_b1_plus_b2():
    """sparse_attention with background rank1 and logit 0, blocks of one key, causal: the formula
    with prefix sums of v."""
    r = np.random.default_rng(2)
    q, k, v = r.standard_normal((1, 1, 40, 8)), r.standard_normal((1, 1, 40, 8)), r.standard_normal((1, 1, 40, 5))
    z = q[0, 0] @ k[0, 0].T
    lists = [np.flatnonzero(z[i, :i + 1] >= 2.0) for i in range(40)]
    indices, counts = np.full((1, 1, 40, 40), -1), np.array([[[len(x) for x in lists]]])
    for i, x in enumerate(lists):
        indices[0, 0, i, :len(x)] = x
    o, _, _ = sparse_attention(q, k, v, indices, counts, mask=Mask.causal(), block_m=1, block_n=1, background="rank1")
    for i, large in enumerate(lists):
        b1 = np.exp(z[i, large]) - 1
        expected = (b1 @ v[0, 0, large] + v[0, 0, :i + 1].sum(0)) / (b1.sum() + i + 1)
        np.testing.assert_allclose(o[0, 0, i], expected, atol=1e-13)


# -- amplitudes, P = a and P = 1, budgets, bounded entries, heavy hitters --


def qkv(n=64, seed=3):
    r = np.random.default_rng(seed)
    return r.standard_normal((1, 2, n, 8)), r.standard_normal((1, 2, n, 8)), r.standard_normal((1, 2, n, 5))


def test_limits_of_amplification():
    """P o_S + (1 - P) o_rest is dense attention for P = a and sparse attention for P = 1; a is the
    best P (its error is |P - a| |o_S - o_rest|)."""
    q, k, v = qkv()
    dense, lse = attention(q, k, v)
    chosen = np.random.default_rng(0).random(64) < 0.3
    hide = lambda keep: (lambda z, b, h, i, j: np.where(keep[j], z, -np.inf))
    (inside, lse_s), (rest, _) = attention(q, k, v, score=hide(chosen)), attention(q, k, v, score=hide(~chosen))
    a = np.exp(lse_s - lse)[..., None]
    for amplification in (Amplification("born"), Amplification("rounds", 1), Amplification("full")):
        p = amplification.probability(a)
        error = np.linalg.norm(p * inside + (1 - p) * rest - dense, axis=-1)
        np.testing.assert_allclose(error, np.abs(p - a)[..., 0] * np.linalg.norm(inside - rest, axis=-1), atol=1e-12)
    indices, counts = np.broadcast_to(np.flatnonzero(chosen), (1, 2, 1, chosen.sum())), np.full((1, 2, 1), chosen.sum())
    np.testing.assert_allclose(sparse_attention(q, k, v, indices, counts, block_m=64, block_n=1)[0], inside, atol=1e-12)


@pytest.mark.parametrize("estimator", ["exact", "rows", "pooled", "centroid", "d2", "antidiagonal", "cascade"])
def test_amplitudes_square_to_one(estimator):
    q, k, _ = qkv(60)
    amplitude, _ = amplitude_score(q, k, mask=Mask.causal(), estimator=estimator, block_m=16, block_n=8, stride=4)
    np.testing.assert_allclose((amplitude**2).sum(-1), 1, atol=1e-12)


def test_budget_is_a_power_of_the_context():
    for n in (16, 100, 400):
        amplitude = np.full((1, 1, 1, n), 1 / math.sqrt(n))
        selection = amplified_select(amplitude, policy="budget", alpha=1.6, exponent=0.5, no_diagonal=True)
        assert selection.counts[0, 0, 0] == math.ceil(1.6 * n**0.5)


def test_bounded_entries():
    q, k, _ = qkv(256)
    found = quantum.bounded_entries(q, k, 8**-0.5)
    z = np.einsum("bhid,bhjd->bhij", q, k) * 8**-0.5
    assert found.largest >= np.abs(z).max() and not found.applies
    assert quantum.bounded_entries(q / 100, k, 8**-0.5).applies


def test_heavy_hitters():
    """A key that all rows look at stays; with room for all nothing is evicted; no more stay than fit."""
    r = np.random.default_rng(5)
    z = r.standard_normal((80, 80))
    z[:, 7] += 6
    p = np.exp(np.where(np.tri(80, dtype=bool), z, -np.inf))
    p /= p.sum(1, keepdims=True)
    seen = quantum.heavy_hitters(p, keep=8, recent=8)
    assert seen[7:, 7].all() and seen.sum(1).max() <= 17
    assert all(seen[i, i] for i in range(80)) and not np.any(seen & ~np.tri(80, dtype=bool))
    assert np.all(seen[1:] <= seen[:-1] | np.eye(80, dtype=bool)[1:])  # nothing comes back
    np.testing.assert_array_equal(quantum.heavy_hitters(p, keep=80, recent=1), np.tri(80, dtype=bool))
    random = np.tri(80, dtype=bool) & (r.random((80, 80)) < seen.sum(1, keepdims=True) / np.arange(1, 81)[:, None])
    assert (p * seen).sum(1)[40:].mean() > (p * random).sum(1)[40:].mean() + 0.2
