"""The accuracy study (python/benchmarks/accuracy) means what qsat's ops mean."""

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the study runs in PyTorch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "benchmarks" / "accuracy"))

from attend import Attention, Method  # noqa: E402
from qsat import reference  # noqa: E402

LENGTH, WIDTH, HEADS, KV_HEADS = 296, 16, 4, 2
MASK = reference.Mask.causal()
SCALE = WIDTH**-0.5
BLOCKS = "block_m=32 block_n=32"  # 9.25 blocks: the last one is partial.


def problem():
    generator = np.random.default_rng(0)
    q = 2 * generator.standard_normal((1, HEADS, LENGTH, WIDTH))
    k, v = (generator.standard_normal((1, KV_HEADS, LENGTH, WIDTH)) for _ in range(2))
    topics = generator.standard_normal((1, KV_HEADS, 8, WIDTH))  # Blocks have to differ in mass.
    return q, k + topics.repeat(37, 2), v


def reference_attention(q, k, v, method):
    """(amplitude, selection, o) of qsat's reference for a Method."""
    form, rule = method.estimator, method.rule
    amplitude, lse = reference.amplitude_score(
        q, k, scale=SCALE, mask=MASK, estimator=form.estimator, block_m=form.block_m, block_n=form.block_n,
        stride=form.stride, share=form.share)
    selection = reference.amplified_select(
        amplitude, lse=lse if rule.policy == "logit_threshold" else None, mask=MASK, policy=rule.policy,
        block_m=form.block_m, block_n=form.block_n, theta=rule.theta, alpha=rule.alpha, exponent=rule.exponent,
        seed=rule.seed, sinks=rule.sinks, local=rule.local, no_diagonal=not rule.diagonal,
        num_lists=KV_HEADS if rule.entangle else None)
    o, _, _ = reference.sparse_attention(
        q, k, v, selection.indices, selection.counts, scale=SCALE, mask=MASK, block_m=form.block_m,
        block_n=form.block_n, background=method.background)
    return amplitude, selection, o


ESTIMATORS = ["exact", "pooled", "centroid", "d2", "antidiagonal stride=8", "rows stride=8", "rows stride=16",
              "cascade stride=8 share=.5", "cascade stride=4 share=.25"]
RULES = ["threshold theta=.05", "budget alpha=.3", "budget alpha=1 exponent=.5", "mass theta=.7",
         "relative_threshold theta=.3", "logit_threshold theta=-.5", "budget alpha=.2 sinks=1 local=1",
         "threshold theta=.05 entangle=1", "threshold theta=.05 diagonal=0"]
CASES = [f"estimator={e} policy=threshold theta=.05" for e in ESTIMATORS]
CASES += [f"estimator=rows stride=8 policy={r}" for r in RULES]
CASES += [f"estimator=d2 policy=budget alpha=.3 background={b}" for b in ("rank1", "centroid", "t2")]


@pytest.mark.parametrize("text", CASES)
def test_same_masses_lists_and_outputs(text):
    q, k, v = problem()
    method = Method.parse(f"{text} {BLOCKS}")
    amplitude, selection, o = reference_attention(q, k, v, method)
    tensors = [torch.from_numpy(x) for x in (q, k, v)]
    masses, _ = method.estimator(*tensors[:2], SCALE)
    np.testing.assert_allclose(masses.numpy(), amplitude**2, rtol=1e-9, atol=1e-12)
    attention = Attention(method, SCALE)
    ours = attention(*tensors)
    _, indices, counts = attention.lists
    group = HEADS // selection.counts.shape[1]
    np.testing.assert_array_equal(counts.numpy(), selection.counts.repeat(group, 1))
    assert 0 < counts.sum() < HEADS * 55  # The rule is no more all or nothing than the case is.
    for listed, theirs, count in zip(indices.numpy().reshape(-1, 10),
                                     selection.indices.repeat(group, 1).reshape(-1, 10), counts.flatten()):
        np.testing.assert_array_equal(listed[:count], theirs[:count])
    np.testing.assert_allclose(ours.numpy(), o, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("policy", ["measure", "heavy_hitter"])
def test_same_lists_by_count(policy):
    """The op counts k, the study a share of what is eligible: the last query block has all ten."""
    q, k, _ = problem()
    method = Method.parse(f"estimator=rows stride=8 policy={policy} alpha=.4 seed=5 {BLOCKS}")
    amplitude, lse = reference.amplitude_score(q, k, scale=SCALE, mask=MASK, estimator="rows", block_m=32,
                                               block_n=32, stride=8)
    selection = reference.amplified_select(amplitude, mask=MASK, policy=policy, k=4, seed=5, block_m=32, block_n=32)
    marked = method.rule(torch.from_numpy(amplitude**2), torch.from_numpy(lse), method.estimator, LENGTH, KV_HEADS)
    for h in range(HEADS):
        theirs = selection.indices[0, h, -1, :selection.counts[0, h, -1]]
        np.testing.assert_array_equal(np.flatnonzero(marked[0, h, -1].numpy()), theirs)
