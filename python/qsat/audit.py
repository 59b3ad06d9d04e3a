"""The relative error of an attention and its interval, from what ``qsat.audit`` found.

    >>> from qsat.audit import relative_error
    >>> estimate = relative_error(error, norm)   # the op's results, of any heads of a layer
    >>> estimate.value, estimate.low, estimate.high

An estimate over all rows of the sampled heads, with a 95 % interval; not a bound. A
deterministic bound from block statistics is of no use here: on TinyLM the best one within 5 % of
the cost of dense attention is 2e10 times the true error at 128 keys to a block, since the spread
of a block's logits, about 26, stands in an exponent.

Errors of rows are heavy-tailed: a few rows hold most of the sum. So the interval is not the
normal one. It is that of the t statistic of the ratio sum error / sum norm after Hall's
transformation, which takes its skewness out (P. Hall, "On the removal of skewness by
transformation", 1992), with the quantile of a t distribution of as many degrees of freedom as
twice the number of rows that the variance rests on. Measured, it covers a little more often than
the studentised bootstrap, without random numbers, and the percentile bootstrap covers less often
(test/Python/test_audit.py). Draws are taken as independent; that strata share them out makes the
interval a little too wide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Of the normal distribution: two-sided 95 %.
QUANTILE = 1.959963984540054


class Estimate(NamedTuple):
    """A relative error and its interval; NaN where the sample says nothing."""

    value: float
    low: float
    high: float


def inverse_hall(z: float, k: float) -> float:
    """The t with (1 + k t / 3)^3 = 1 + k (z - k / 6), k = skewness / sqrt n."""
    return z if abs(k) < 1e-9 else float((np.cbrt(1 + k * (z - k / 6)) - 1) * 3 / k)


def student_quantile(z: float, nu: float) -> float:
    """The quantile of Student's t for that of the normal distribution, to order nu^-2."""
    return z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)


def relative_error(error, norm) -> Estimate:
    """sqrt(sum error / sum norm) and its interval, from terms of any (equal) shape."""
    error, norm = (np.asarray(x, np.float64).ravel() for x in (error, norm))
    n = error.size
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = error.sum() / norm.sum() if n else np.nan
    if n < 2 or not np.isfinite(ratio):
        return Estimate(float(np.sqrt(ratio)), np.nan, np.nan)
    # The ratio is, to first order, the mean of these.
    terms = (error - ratio * norm) / norm.mean()
    deviation = np.sqrt((terms**2).sum() / (n - 1))
    if deviation == 0:
        return Estimate(*[float(np.sqrt(ratio))] * 3)
    k = (terms**3).mean() / deviation**3 / np.sqrt(n)
    se = deviation / np.sqrt(n)
    resting_on = (terms**2).sum() ** 2 / (terms**4).sum()
    quantile = student_quantile(QUANTILE, 2 * max(resting_on, 1.0))
    low, high = (ratio - se * inverse_hall(z, k) for z in (quantile, -quantile))
    return Estimate(float(np.sqrt(ratio)), float(np.sqrt(max(low, 0.0))), float(np.sqrt(high)))
