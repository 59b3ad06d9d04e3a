"""amplified_select against numpy's stable argsort, and against loops over blocks."""

import functools
import itertools
import math

import numpy as np
import pytest

from qsat.reference import Amplification, Mask, Selection, amplified_select, gumbel_uniform

F32 = np.float32
BM, BN = 8, 4
BLOCKS = dict(block_m=BM, block_n=BN)
MASKS = [None, Mask.causal(), Mask.causal(offset=9), Mask.causal(offset=-20), Mask.causal(window=7, sinks=3),
         Mask(lookahead=4, window=5), Mask.causal(offset=1000), Mask.causal(offset=-1000)]
POLICIES = {
    "threshold": dict(theta=0.08),
    "top_k": dict(k=4),
    "logit_threshold": dict(theta=-1.5),
    "relative_threshold": dict(theta=0.3),
    "mass": dict(theta=0.7),
    "budget": dict(alpha=1.5, exponent=0.5),
    "residual": dict(theta=0.1),
    "heavy_hitter": dict(k=3),
    "measure": dict(k=5, seed=1234567890123),
}


def data(seed=0, batch=2, heads=4, mb=5, nb=13, levels=0):
    """Amplitudes whose squares sum to 1; with ``levels``, few distinct values, so many ties."""
    r = np.random.default_rng(seed)
    p = r.dirichlet(0.4 * np.ones(nb), size=(batch, heads, mb))
    if levels:
        p = np.round(p * levels) / levels
    return np.sqrt(p).astype(F32)


def operands(policy, batch=2, heads=4, mb=5, nb=13, kv_heads=2):
    r = np.random.default_rng(9)
    if policy == "logit_threshold":
        lse = r.standard_normal((batch, heads, mb)).astype(F32)
        lse[0, 0, 1] = -np.inf
        return dict(lse=lse)
    if policy == "residual":
        return dict(spread=r.random((batch, kv_heads, nb)).astype(F32))
    return {}


def lists(selection: Selection, *at):
    return list(selection.indices[at][:selection.counts[at]])


# What numpy selects.

@pytest.mark.parametrize("levels", [0, 6])
@pytest.mark.parametrize("k", [1, 3, 13, 20])
def test_top_k_is_numpys_stable_argsort(levels, k):
    amplitude = data(levels=levels)
    selection = amplified_select(amplitude, policy="top_k", k=k, no_diagonal=True, **BLOCKS)
    for at in np.ndindex(2, 4, 5):
        p = amplitude[at] * amplitude[at]
        assert lists(selection, *at) == sorted(np.argsort(-p, kind="stable")[:k])
        assert np.all(selection.indices[at][selection.counts[at]:] == -1)


@pytest.mark.parametrize("levels", [0, 6])
@pytest.mark.parametrize("theta", [0.0, 1 / 6, 0.05, 0.5, 2.0])
def test_threshold_is_numpys_comparison(levels, theta):
    amplitude = data(levels=levels)
    selection = amplified_select(amplitude, theta=theta, no_diagonal=True, **BLOCKS)
    for at in np.ndindex(2, 4, 5):
        assert lists(selection, *at) == list(np.flatnonzero(amplitude[at] ** 2 >= F32(theta)))


def test_ties_go_to_the_lower_index():
    amplitude = np.full((1, 1, 3, 8), math.sqrt(1 / 8), F32)
    selection = amplified_select(amplitude, policy="top_k", k=3, block_m=4, block_n=4)
    assert [lists(selection, 0, 0, i) for i in range(3)] == [[0, 1, 2], [0, 1, 2], [0, 1, 2]]
    assert lists(amplified_select(amplitude, policy="top_k", k=2, block_m=16, block_n=4), 0, 0, 1) == [4, 5, 6, 7]
    no_diagonal = amplified_select(amplitude, policy="measure", k=8, no_diagonal=True, max_blocks=2)
    assert lists(no_diagonal, 0, 0, 2) == [0, 1]  # cut by p, not by what was drawn


def test_amplitudes_too_small_for_f32_squares_tie():
    amplitude = np.array([1e-30, 2e-30, 1e-29, 3e-30], F32).reshape(1, 1, 1, 4)
    selection = amplified_select(amplitude, policy="top_k", k=2, no_diagonal=True)
    assert lists(selection, 0, 0, 0) == [0, 1]


# Every policy, block by block.

@functools.cache
def visible_blocks(mask, mb, nb):
    """The key blocks that each query block sees a pair of."""
    return [[j for j in range(nb) if any(bool(mask.visible(i, key)) for i in range(block * BM, (block + 1) * BM)
                                         for key in range(j * BN, (j + 1) * BN))] for block in range(mb)]


def brute(policy, amplitude, *, mask, forced_options, limit, lse=None, spread=None, lists_=4,
          theta=0.0, k=0, alpha=1.0, exponent=1.0, seed=0):
    """One list at a time from the description: sets of Python ints for each (b, hs, I)."""
    batch, heads, mb, nb = amplitude.shape
    group = heads // lists_
    mask = mask or Mask()
    result = {}
    for b, hs in itertools.product(range(batch), range(lists_)):
        accumulated = [F32(0)] * nb
        for block in range(mb):
            members = range(hs * group, (hs + 1) * group)
            p = []
            for j in range(nb):
                total = F32(0)
                for h in members:
                    total = total + amplitude[b, h, block, j] * amplitude[b, h, block, j]
                p.append(total / F32(group) if group > 1 else total)
            accumulated = [x + y for x, y in zip(accumulated, p)]
            rows = range(block * BM, (block + 1) * BM)
            eligible = visible_blocks(mask, mb, nb)[block]
            diagonal = {min(max(i + mask.offset, 0), nb * BN - 1) // BN for i in rows}
            wanted = set(range(forced_options["sinks"]))
            wanted |= {min(diagonal) - x for x in range(1, forced_options["local"] + 1)}
            wanted |= {max(diagonal) + x for x in range(1, forced_options["local"] + 1)}
            if not forced_options["no_diagonal"]:
                wanted |= diagonal
            forced = [j for j in eligible if j in wanted]

            def largest(key, number):
                order = sorted(eligible, key=lambda j: (j not in forced, -key[j], j))
                return order[:max(number, len(forced))]

            if policy == "threshold":
                taken = [j for j in eligible if p[j] >= F32(theta)]
            elif policy == "top_k":
                taken = largest(p, k)
            elif policy == "logit_threshold":
                tau = sum((lse[b, h, block] for h in members), F32(0)) / F32(group)
                taken = [j for j in eligible if tau != -np.inf and p[j] >= np.exp(F32(theta) - tau)]
            elif policy == "relative_threshold":
                taken = [j for j in eligible if p[j] >= F32(theta) * max(p[c] for c in eligible)]
            elif policy == "mass":
                goal = F32(theta) * sum((p[j] for j in eligible), F32(0))
                taken, total = [], F32(0)
                for j in largest(p, nb):
                    if total >= goal:
                        break
                    taken.append(j)
                    total = total + p[j]
            elif policy == "budget":
                taken = largest(p, math.ceil(alpha * len(eligible) ** exponent))
            elif policy == "residual":
                key = [x * y for x, y in zip(p, spread[b, hs * group // (heads // spread.shape[1])])]
                taken = [j for j in eligible if key[j] >= F32(theta) * sum((key[c] for c in eligible), F32(0))]
            elif policy == "heavy_hitter":
                taken = largest(accumulated, k)
            else:
                def gumbel(j):
                    return -math.log(-math.log(float(murmur_uniform(seed, b, hs, block, j))))
                key = [math.log(x) + gumbel(j) if x > 0 else -math.inf for j, x in enumerate(p)]
                taken = largest(key, k)
            marked = set(forced) | set(taken)
            marked = sorted(marked, key=lambda j: (j not in forced, -p[j], j))[:limit]
            mass = sum((p[j] for j in sorted(marked)), F32(0))
            result[b, hs, block] = sorted(marked), min(max(mass, F32(0)), F32(1))
    return result


def murmur_uniform(seed, b, hs, i, j):
    """u of `measure` in Python integers: exact."""
    x = (seed + 0x9E3779B9 * (j + 1) + 0x85EBCA77 * i + 0xC2B2AE3D * hs + 0x27D4EB2F * b) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 16
    return ((x >> 9) + 0.5) * 2.0**-23


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("levels", [0, 8])
@pytest.mark.filterwarnings("error")
def test_policies_equal_their_table(policy, mask, levels):
    amplitude, extra = data(levels=levels), operands(policy)
    for sinks, local, no_diagonal, limit, num_lists in ((0, 0, False, 13, 4), (2, 1, False, 13, 2),
                                                        (1, 2, True, 4, 4), (3, 3, False, 3, 1)):
        forced = dict(sinks=sinks, local=local, no_diagonal=no_diagonal)
        selection = amplified_select(amplitude, mask=mask, policy=policy, num_lists=num_lists, max_blocks=limit,
                                     **forced, **extra, **POLICIES[policy], **BLOCKS)
        assert selection.indices.shape == (2, num_lists, 5, limit)
        expected = brute(policy, amplitude, mask=mask, forced_options=forced, limit=limit, lists_=num_lists,
                         **extra, **POLICIES[policy])
        for at, (blocks, mass) in expected.items():
            assert lists(selection, *at) == blocks, at
            assert selection.mass[at] == mass
            assert selection.queries[at] == F32(Amplification("optimal").queries(mass))


def test_every_policy_discriminates():
    """No policy above takes everything or only what is forced."""
    amplitude = data()
    for policy, options in POLICIES.items():
        counts = amplified_select(amplitude, policy=policy, no_diagonal=True, **operands(policy), **options,
                                  **BLOCKS).counts
        assert 0 < counts.mean() < 12, policy


def test_logit_threshold_is_the_papers_good_rows():
    """Blocks of one key: p >= exp(tau - lse) is z >= tau."""
    r = np.random.default_rng(4)
    z = r.standard_normal((1, 1, 20, 30))
    lse = np.log(np.exp(z).sum(-1))
    selection = amplified_select(np.exp((z - lse[..., None]) / 2), lse=lse, policy="logit_threshold", theta=0.7,
                                 no_diagonal=True, block_m=1, block_n=1)
    for i in range(20):
        assert lists(selection, 0, 0, i) == list(np.flatnonzero(z[0, 0, i] >= 0.7))


def test_queries():
    amplitude = data()
    for kind in (Amplification("born"), Amplification("full"), Amplification("rounds", 5),
                 Amplification("fixed_point", delta=0.1)):
        selection = amplified_select(amplitude, policy="top_k", k=1, iterations=kind, **BLOCKS)
        np.testing.assert_array_equal(selection.queries, kind.queries(selection.mass).astype(F32))
    nothing = amplified_select(amplitude, theta=2.0, mask=Mask.causal(offset=-1000),
                               iterations=Amplification("rounds", 5), **BLOCKS)
    assert np.all(nothing.counts == 0) and np.all(nothing.mass == 0) and np.all(nothing.queries == 0)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("policy", [p for p in POLICIES if p != "heavy_hitter"])
def test_tile_equals_slice(policy, mask):
    """Not heavy_hitter, which accumulates over the query blocks of its op."""
    amplitude, extra = data(), operands(policy, kv_heads=4)
    options = dict(mask=mask, policy=policy, sinks=1, local=1, **POLICIES[policy], **BLOCKS)
    whole = amplified_select(amplitude, **extra, **options)
    part = {"lse": lambda x: x[1:, 2:, 2:], "spread": lambda x: x[1:, 2:]}
    extra = {name: part[name](x) for name, x in extra.items()}
    tile = amplified_select(amplitude[1:, 2:, 2:], **extra, at=(1, 2, 2 * BM, 0), **options)
    for x, y in zip(whole, tile):
        np.testing.assert_array_equal(y, x[1:, 2:, 2:])
    if policy == "measure" and mask is None:
        elsewhere = amplified_select(amplitude[1:, 2:, 2:], **options)
        assert np.any(elsewhere.indices != tile.indices)


def test_measure_is_exact_and_uniform():
    assert float(gumbel_uniform(0, 0, 0, 0, 0)) == murmur_uniform(0, 0, 0, 0, 0)
    r = np.random.default_rng(5)
    for seed, b, hs, i, j in r.integers(0, [2**60, 8, 64, 4096, 4096], size=(500, 5)).tolist():
        assert float(gumbel_uniform(seed, b, hs, i, j)) == murmur_uniform(seed, b, hs, i, j)
    u = gumbel_uniform(7, *np.ogrid[:2, :8, :128, :128])
    assert u.min() > 0 and u.max() < 1
    counts, _ = np.histogram(u, bins=64, range=(0, 1))
    chi2 = ((counts - u.size / 64) ** 2 / (u.size / 64)).sum()
    assert chi2 < 63 + 5 * math.sqrt(2 * 63)
    for a, b in ((u[:, :, 1:], u[:, :, :-1]), (u[..., 1:], u[..., :-1]), (u[:, 1:], u[:, :-1]), (u[1:], u[:-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(a.size)


def test_measure_draws_from_the_born_distribution():
    """k = 1 draws block J with probability p_J."""
    p = np.array([.5, .25, .125, .0625, .0625, 0])
    amplitude = np.broadcast_to(np.sqrt(p), (4, 8, 256, 6))
    selection = amplified_select(amplitude, policy="measure", k=1, no_diagonal=True, seed=3, block_m=1, block_n=1)
    drawn = np.bincount(selection.indices[..., 0].ravel(), minlength=6) / (4 * 8 * 256)
    np.testing.assert_allclose(drawn, p, atol=5 * math.sqrt(.25 / (4 * 8 * 256)))
    assert drawn[5] == 0


def test_bad_arguments():
    for message, options in (("a policy", dict(policy="best")), ("expected lse", dict(policy="logit_threshold")),
                             ("expected spread", dict(policy="residual")), ("multiple of Hs", dict(num_lists=3))):
        with pytest.raises(ValueError, match=message):
            amplified_select(data(), **options)
