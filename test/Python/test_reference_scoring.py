"""Block amplitudes against definitions written out pair by pair."""

import itertools
import math

import numpy as np
import pytest

from qsat.reference import Mask, amplitude_score, attention, block_sizes, block_statistics
from qsat.reference.scoring import rounded_to_8_bits

NEGATIVE = -np.inf
ESTIMATORS = ["exact", "pooled", "centroid", "d2", "antidiagonal", "rows", "cascade"]
MASKS = [None, Mask.causal(), Mask.causal(offset=11), Mask.causal(offset=-9), Mask.causal(window=7, sinks=3),
         Mask(lookahead=4, window=5), Mask.causal(offset=-100)]
BM, BN, STRIDE = 16, 8, 4
BLOCKS = dict(block_m=BM, block_n=BN, stride=STRIDE)


def data(seed=0, batch=2, heads=4, kv_heads=2, m=39, n=53, d=8):
    r = np.random.default_rng(seed)
    return 1.5 * r.standard_normal((batch, heads, m, d)), r.standard_normal((batch, kv_heads, n, d))


def alibi(z, b, h, i, j):
    return z - 2.0 ** -(h + 1) * abs(i - j)


def every_third_hidden(z, b, h, i, j):
    return np.where((i + j) % 3 == 0, NEGATIVE, z)


class Head:
    """One head, and every estimator from its line in the table, with Python loops."""

    def __init__(self, q, k, scale, mask, score, b, h, share):
        self.q, self.k, self.scale, self.share = q[b, h], k[b, h // (q.shape[1] // k.shape[1])], scale, share
        self.mask, self.m, self.n = mask or Mask(), q.shape[2], k.shape[2]
        z = scale * self.q @ self.k.T
        self.z = np.array([[(score or (lambda z, *_: z))(z[i, j], b, h, i, j) if self.sees(i, j) else NEGATIVE
                            for j in range(self.n)] for i in range(self.m)])
        self.blocks = [range(s, min(s + BN, self.n)) for s in range(0, self.n, BN)]
        self.query_blocks = [range(s, min(s + BM, self.m)) for s in range(0, self.m, BM)]

    def sees(self, i, j):
        return bool(self.mask.visible(i, j))

    @staticmethod
    def softmax(logits):
        finite = [x for x in logits if x != NEGATIVE]
        if not finite:
            return [0.0] * len(logits), NEGATIVE
        total = math.fsum(math.exp(x) for x in finite)
        return [math.exp(x) / total for x in logits], math.log(total)

    def exact_row(self, i, blocks=None):
        p, lse = self.softmax([self.z[i, j] if blocks is None or j // BN in blocks else NEGATIVE
                               for j in range(self.n)])
        return [math.fsum(p[j] for j in block) for block in self.blocks], lse

    def block_row(self, i, second):
        logits = []
        for block in self.blocks:
            seen = [j for j in block if self.sees(i, j)]
            keys = self.k[list(block)]
            if len(seen) == len(block):
                s = self.scale**2 * sum(self.q[i] ** 2 * keys.var(axis=0))
                logits.append(self.scale * self.q[i] @ keys.mean(axis=0) + math.log(len(block)) + second * s / 2)
            elif seen:
                logits.append(math.log(math.fsum(math.exp(self.z[i, j]) for j in seen)))
            else:
                logits.append(NEGATIVE)
        return self.softmax(logits)

    def contributions(self, estimator, rows):
        if estimator == "exact":
            return [self.exact_row(i) for i in rows]
        if estimator in ("centroid", "d2"):
            return [self.block_row(i, estimator == "d2") for i in rows]
        if estimator == "pooled":
            qbar = self.q[list(rows)].mean(axis=0)
            return [self.softmax([self.scale * qbar @ self.k[list(block)].mean(axis=0) + math.log(len(block))
                                  if any(self.sees(i, j) for i in rows for j in block) else NEGATIVE
                                  for block in self.blocks])]
        if estimator == "antidiagonal":
            result = []
            for g in range(rows[0] // STRIDE, (rows[-1] // STRIDE) + 1):
                y = []
                for c in range(math.ceil(self.n / STRIDE)):
                    pairs = [(g * STRIDE + t, c * STRIDE + STRIDE - 1 - t) for t in range(STRIDE)]
                    z = [self.z[i, j] for i, j in pairs if i < self.m and j < self.n]
                    z = [x for x in z if x != NEGATIVE]
                    y.append(sum(z) / len(z) if z else NEGATIVE)
                p, lse = self.softmax(y)
                result.append(([sum(p[c] for c in range(len(p)) if c * STRIDE // BN == block)
                                for block in range(len(self.blocks))], lse))
            return result
        sampled = [rows[min(STRIDE // 2 + t * STRIDE, len(rows) - 1)] for t in range(math.ceil(len(rows) / STRIDE))]
        if estimator == "rows":
            return [self.exact_row(i) for i in sampled]
        d2 = np.mean([p for p, _ in self.contributions("d2", rows)], axis=0)
        seen = [c for c, block in enumerate(self.blocks) if any(self.sees(i, j) for i in rows for j in block)]
        through = sorted(seen, key=lambda c: (-d2[c], c))[:math.ceil(self.share * len(seen))]
        diagonal = {min(max(i + self.mask.offset, 0), self.n - 1) // BN for i in rows}
        return [self.exact_row(i, set(through) | diagonal) for i in sampled]

    def amplitude(self, estimator):
        p = np.array([np.mean([p for p, _ in self.contributions(estimator, rows)], axis=0)
                      for rows in self.query_blocks])
        lse = [[l for _, l in self.contributions(estimator, rows) if l != NEGATIVE] for rows in self.query_blocks]
        return np.sqrt(p), np.array([np.mean(l) if l else NEGATIVE for l in lse])


@pytest.mark.parametrize("estimator, score", [*((e, None) for e in ESTIMATORS), ("exact", every_third_hidden),
                                              ("rows", alibi), ("antidiagonal", every_third_hidden)])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.filterwarnings("error")
def test_estimators_equal_their_table(estimator, mask, score):
    q, k = data()
    amplitude, lse = amplitude_score(q, k, scale=0.4, mask=mask, score=score, estimator=estimator, share=0.3, **BLOCKS)
    assert amplitude.shape == (2, 4, 3, 7) and lse.shape == (2, 4, 3)
    for b, h in ((0, 0), (1, 3)):
        expected = Head(q, k, 0.4, mask, score, b, h, share=0.3).amplitude(estimator)
        np.testing.assert_allclose(amplitude[b, h], expected[0], atol=1e-12)
        np.testing.assert_allclose(lse[b, h], expected[1], atol=1e-12)


def test_the_tests_reach_every_kind_of_block():
    """The cascade above leaves out blocks, and some rows see whole, part and none of a block."""
    q, k = data()
    full, _ = amplitude_score(q, k, mask=Mask.causal(), estimator="rows", **BLOCKS)
    some, _ = amplitude_score(q, k, mask=Mask.causal(), estimator="cascade", share=0.3, **BLOCKS)
    assert np.any((some == 0) & (full > 0))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_amplitudes_are_normalised(estimator):
    """Born rule: sum_J amplitude^2 = 1 where every contributing row sees a key."""
    q, k = data()
    amplitude, _ = amplitude_score(q, k, mask=Mask.causal(offset=3), estimator=estimator, **BLOCKS)
    np.testing.assert_allclose((amplitude**2).sum(-1), 1, atol=1e-13)


def test_exact_with_blocks_of_one_is_the_root_of_the_probabilities():
    q, k = data()
    amplitude, lse = amplitude_score(q, k, mask=Mask.causal(), estimator="exact", block_m=1, block_n=1)
    p, row_lse = attention(q, k, np.broadcast_to(np.eye(53), (2, 2, 53, 53)), mask=Mask.causal())
    np.testing.assert_allclose(amplitude, np.sqrt(p), atol=1e-14)
    np.testing.assert_allclose(lse, row_lse, atol=1e-13)


def test_estimators_agree_when_their_assumptions_hold():
    """Keys that are equal within a block: centroid, d2 and exact agree; stride 1: rows is exact."""
    q, k = data(n=56)
    k = np.repeat(k[:, :, ::BN], BN, axis=2)
    exact = amplitude_score(q, k, mask=Mask.causal(), estimator="exact", **BLOCKS)
    for estimator in ("centroid", "d2"):
        other = amplitude_score(q, k, mask=Mask.causal(), estimator=estimator, **BLOCKS)
        for x, y in zip(exact, other):
            np.testing.assert_allclose(y, x, atol=1e-12)
    for estimator, stride, share in (("rows", 1, 0.5), ("antidiagonal", 1, 0.5), ("cascade", 1, 1.0)):
        q, k = data()
        exact = amplitude_score(q, k, mask=Mask.causal(), estimator="exact", **BLOCKS)
        other = amplitude_score(q, k, mask=Mask.causal(), estimator=estimator, block_m=BM, block_n=BN,
                                stride=stride, share=share)
        for x, y in zip(exact, other):
            np.testing.assert_allclose(y, x, atol=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("mask", MASKS)
def test_tile_equals_slice(estimator, mask):
    q, k = data(kv_heads=4)
    score = alibi if estimator in ("exact", "rows", "antidiagonal") else None
    whole = amplitude_score(q, k, mask=mask, score=score, estimator=estimator, **BLOCKS)
    tile = amplitude_score(q[1:, 2:4, BM:], k[1:, 2:4], mask=mask, score=score, estimator=estimator,
                           at=(1, 2, BM, 0), **BLOCKS)
    for x, y in zip(whole, tile):
        np.testing.assert_allclose(y, x[1:, 2:4, 1:], atol=1e-13)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_huge_logits(estimator):
    q, k = data()
    amplitude, lse = amplitude_score(1e5 * q, k, mask=Mask.causal(offset=-3), estimator=estimator, **BLOCKS)
    assert np.isfinite(amplitude).all() and np.isfinite(lse).all()


def test_int8_rounds_rows_to_their_largest_element():
    x = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [1e30, 1e25, -1e30], [1.0, np.inf, 0.0], [np.nan, 1.0, 2.0]])
    rounded = rounded_to_8_bits(x)
    factor = np.float32(2) / np.float32(127)
    np.testing.assert_array_equal(rounded[0], 0)
    np.testing.assert_array_equal(rounded[1], np.array([64, -127, 32]) * np.float64(factor))
    np.testing.assert_array_equal(rounded[2] / rounded[2, 0], [1, 0, -1])
    assert np.isnan(rounded[3:]).all()
    error = np.abs(rounded_to_8_bits(r := np.random.default_rng(0).standard_normal((50, 64))) - r)
    assert (error.max(-1) <= np.abs(r).max(-1) / 254 * (1 + 1e-6)).all()


def test_int8_scores_are_near_those_of_rows():
    q, k = data(d=64)
    exact, rounded = (amplitude_score(q, k, scale=0.125, int8=int8, **BLOCKS)[0] for int8 in (False, True))
    assert 1e-6 < np.abs(exact - rounded).max() < 0.02
    np.testing.assert_allclose((rounded**2).sum(-1), 1)


def test_block_statistics():
    _, k = data()
    mean, variance, sizes = block_statistics(k, BN)
    np.testing.assert_array_equal(sizes, [8, 8, 8, 8, 8, 8, 5])
    np.testing.assert_array_equal(block_sizes(53, BN), sizes)
    for b, h, block in itertools.product(range(2), range(2), range(7)):
        keys = k[b, h, BN * block:BN * block + BN]
        np.testing.assert_allclose(mean[b, h, block], keys.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(variance[b, h, block], keys.var(axis=0), atol=1e-14)


def test_bad_arguments():
    q, k = data()
    for message, options in (("an estimator", dict(estimator="best")),
                             ("no score function", dict(estimator="d2", score=alibi)),
                             ("stride to divide", dict(estimator="antidiagonal", stride=3)),
                             ("int8 with", dict(estimator="d2", int8=True))):
        with pytest.raises(ValueError, match=message):
            amplitude_score(q, k, **{**BLOCKS, **options})
    with pytest.raises(ValueError, match="multiple of Hkv"):
        amplitude_score(q[:, :3], k)
