"""Overlaps of heads and their entropy against the singular values that define it."""

import numpy as np
import pytest

from qsat.entanglement import entropy
from qsat.reference import overlap


def entropy_by_singular_values(amplitude):
    """E of one group [G,Nb]: -sum s^2 ln s^2 of M = psi / sqrt(sum psi^2)."""
    s = np.linalg.svd(amplitude / np.linalg.norm(amplitude), compute_uv=False) ** 2
    s = s[s > 1e-300]
    return -(s * np.log(s)).sum()


def test_overlap_is_the_definition():
    a = np.random.default_rng(0).random((2, 6, 3, 7))
    found = overlap(a, 3)
    for b, h, i, t in np.ndindex(found.shape):
        assert np.isclose(found[b, h, i, t], a[b, h, i] @ a[b, h - h % 3 + t, i])
    with pytest.raises(ValueError, match="expected H to be a multiple of G, but got 6 and 4"):
        overlap(a, 4)


def test_entropy_is_that_of_the_singular_values():
    a = np.sqrt(np.random.default_rng(1).dirichlet(0.3 * np.ones(11), size=(2, 6, 4)))
    found = entropy(overlap(a, 3))
    assert found.shape == (2, 2, 4)
    for b, g, i in np.ndindex(found.shape):
        assert np.isclose(found[b, g, i], entropy_by_singular_values(a[b, 3 * g:3 * g + 3, i]))


def test_limits():
    same = np.tile(np.sqrt(np.random.default_rng(2).dirichlet(np.ones(8))), (1, 4, 1, 1)).reshape(1, 4, 1, 8)
    assert abs(entropy(overlap(same, 4)).item()) < 1e-12
    assert np.isclose(entropy(overlap(np.eye(4)[None, :, None], 4)).item(), np.log(4))
    assert np.isnan(entropy(overlap(np.zeros((1, 4, 1, 8)), 4)).item())
    assert entropy(overlap(same, 1)).max() < 1e-12  # a head agrees with itself
