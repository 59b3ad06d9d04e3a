"""Amplitude amplification against golden tables and against simulated state vectors."""

import numpy as np
import pytest

from qsat.reference import Amplification
from qsat.reference.amplification import fixed_point_length, fixed_point_probability

# (N, t marked, m rounds) -> sin^2((2m+1) asin sqrt(t/N)), uniform amplitudes.
UNIFORM = [(4, 1, 1, 1), (8, 1, 1, .78125), (8, 1, 2, .9453125), (8, 2, 1, 1), (16, 1, 3, .96131897),
           (64, 1, 6, .99658568), (1024, 3, 14, .99999987)]
# (l, delta, lambda) -> P with L = 2l + 1.
FIXED_POINT = [(1, .1, .25, .69808799), (2, .1, .1, .65032857), (3, .5, .05, .90025975),
               (9, .03, .05, .99974638)]


@pytest.mark.parametrize("n, t, m, expected", UNIFORM)
def test_uniform_golden(n, t, m, expected):
    assert Amplification("rounds", m).probability(t / n) == pytest.approx(expected, abs=6e-9)


@pytest.mark.parametrize("l, delta, mass, expected", FIXED_POINT)
def test_fixed_point_golden(l, delta, mass, expected):
    assert fixed_point_probability(mass, 2 * l + 1, delta) == pytest.approx(expected, abs=6e-9)


@pytest.mark.parametrize("m", [0, 1, 2, 5, 9])
def test_rounds_equal_the_state_vector(m):
    """Q = (2|psi><psi| - 1)(1 - 2 P_marked), m times, on random amplitudes."""
    r = np.random.default_rng(m)
    psi = np.sqrt(r.dirichlet(np.ones(50)))
    marked = r.random(50) < 0.1
    state = psi.copy()
    for _ in range(m):
        state = np.where(marked, -state, state)
        state = 2 * psi * (psi @ state) - state
    a = (psi[marked] ** 2).sum()
    assert Amplification("rounds", m).probability(a) == pytest.approx((state[marked] ** 2).sum(), abs=1e-13)


@pytest.mark.parametrize("delta", [.03, .1, .5])
@pytest.mark.parametrize("a", [.01, .05, .3, .9])
def test_fixed_point_equals_the_state_vector(a, delta):
    """The phases of Yoder, Low and Chuang, applied in the plane of marked and unmarked."""
    length = int(fixed_point_length(a, delta))
    l = (length - 1) // 2
    gamma = 1 / np.cosh(np.arccosh(1 / delta) / length)
    # 2 arccot(x) = 2 atan2(1, x), in (0, 2 pi)
    alpha = 2 * np.arctan2(1, np.tan(2 * np.pi * np.arange(1, l + 1) / length) * np.sqrt(1 - gamma**2))
    beta = -alpha[::-1]
    start = np.array([np.sqrt(1 - a), np.sqrt(a)], complex)
    state = start.copy()
    for x, y in zip(alpha, beta):
        state = state * np.array([1, np.exp(1j * y)])
        state = -(state - (1 - np.exp(-1j * x)) * start * (start @ state))
    p = Amplification("fixed_point", delta=delta).probability(a)
    assert p == pytest.approx(abs(state[1]) ** 2, abs=1e-12)
    assert p >= 1 - delta**2 - 1e-12


def test_fixed_point_length_is_the_least_odd():
    for a in np.geomspace(1e-6, 1, 200):
        for delta in (.01, .3, .99):
            length = int(fixed_point_length(a, delta))
            least = np.log(2 / delta) / np.sqrt(a)
            assert length % 2 == 1 and length >= least
            assert length == 1 or length - 2 < least
            assert Amplification("fixed_point", delta=delta).queries(a) == length - 1


def test_optimal_is_the_best_number_of_rounds():
    """The first maximum of P_m is at the rounded optimum; ties (a = 1/2) go to the even m."""
    optimal = Amplification("optimal")
    for a in np.geomspace(1e-4, 0.999, 300):
        m = int(optimal.num_rounds(a))
        theta = np.arcsin(np.sqrt(a))
        angles = np.abs((2 * np.arange(2 * m + 3) + 1) * theta - np.pi / 2)
        assert angles[m] <= angles.min() + 1e-9
        assert optimal.queries(a) == m
        assert optimal.probability(a) >= max(1 - a, a) - 1e-12
    assert optimal.num_rounds(1.0) == 0 and optimal.num_rounds(0.5) == 0 and optimal.num_rounds(0.25) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["born", "full", "rounds", "optimal", "fixed_point"])
def test_limits(kind):
    amplification = Amplification(kind, rounds=3, delta=0.1)
    assert amplification.probability(0.0) == (1 if kind == "full" else 0)
    assert amplification.num_rounds(0.0) == 0 and amplification.queries(0.0) == 0
    np.testing.assert_array_equal(amplification.probability([-0.5, 1.5]), amplification.probability([0.0, 1.0]))
    assert amplification.probability(1.0) == pytest.approx(1.0, abs=1e-12)
    p = amplification.probability(np.linspace(0, 1, 101))
    assert p.shape == (101,) and np.all((p >= -1e-12) & (p <= 1 + 1e-12))


def test_born_and_full():
    a = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(Amplification("born").probability(a), a)
    np.testing.assert_array_equal(Amplification("full").queries(a), 0)
    np.testing.assert_array_equal(Amplification("rounds", 0).probability(a).round(15), a.round(15))


def test_bad_arguments():
    with pytest.raises(ValueError, match="expected an amplification"):
        Amplification("best")
    with pytest.raises(ValueError, match="expected 0 < delta < 1"):
        Amplification("fixed_point")
