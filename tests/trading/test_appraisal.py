"""The appraisal ratio is that of a regression, and its interval as wide as promised."""

import math

import numpy as np
import pytest
from scipy import stats

from barwise.core.errors import DataError
from barwise.trading import sharpe_interval, sharpe_ratio
from barwise.trading.appraisal import appraisal_intervals


def market(seed, days=250, drift=0.0):
    return np.random.default_rng(seed).normal([[drift]] * 2, 0.01, (2, days))


def test_the_value_is_that_of_a_regression():
    b, own = market(1, days=600, drift=0.001)
    m = 0.7 * b + own
    found = appraisal_intervals(m, {"b": b}, 252, block_length=1)["b"]
    line = stats.linregress(b, m)
    left = m - line.slope * b
    assert found.value == pytest.approx(sharpe_ratio(left, 252), rel=1e-9)
    # A t value is a ratio over its error, but for the mean of the baseline.
    half = 1.96 * math.sqrt(252 / 600)
    assert (found.upper - found.lower) / 2 == pytest.approx(half, rel=0.1)
    t = line.intercept / line.intercept_stderr
    assert found.value / half * 1.96 == pytest.approx(t, rel=0.02)


def test_over_one_who_never_trades_it_is_the_sharpe_ratio():
    m, b = market(2, drift=0.001)
    once = np.zeros_like(b)
    once[10] = 0.02
    known = sharpe_interval(m, 252)
    others = {"never": np.zeros_like(b), "once": once, "against": b - 2 * m}
    for found in appraisal_intervals(m, others, 252).values():
        # In resamples that miss its only trade a baseline has no variance.
        assert found.n_resamples == 1000
    found = appraisal_intervals(m, others, 252)
    assert list(found) == list(others)
    # No one takes a losing baseline the other way round.
    for name in ("never", "against"):
        assert found[name].lower == pytest.approx(known.lower, rel=1e-9)
        assert found[name].upper == pytest.approx(known.upper, rel=1e-9)


def test_one_who_is_nearly_always_long_is_not_praised_for_a_rising_market():
    """Its Sharpe ratio may be above the baseline's by luck alone."""
    claimed, hasty = 0, 0
    for seed in range(300):
        b, own = market(seed, drift=0.002)
        m = 0.9 * b + 0.3 * (own - 0.002)
        found = appraisal_intervals(m, {"long": b}, 252, n_resamples=200)["long"]
        claimed += found.lower > 0
        hasty += sharpe_ratio(m, 252) > sharpe_ratio(b, 252)
    assert claimed <= stats.binom.ppf(0.999, 300, 0.025)
    assert hasty > 60


def test_days_without_an_interval():
    one, two = np.array([0.01]), np.array([0.02, 0.01])
    assert math.isnan(appraisal_intervals(one, {"b": one}, 252)["b"].lower)
    # Nothing is left of a copy, and of no trades.
    assert math.isnan(appraisal_intervals(3 * two, {"b": two}, 252)["b"].value)
    assert math.isnan(appraisal_intervals(0 * two, {"b": two}, 252)["b"].value)
    with pytest.raises(DataError, match="b has 1 days and the strategy 2"):
        appraisal_intervals(two, {"b": one}, 252)
