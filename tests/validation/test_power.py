"""Shares with their intervals, and the size of an edge that is found."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from barwise.core.errors import ConfigError
from barwise.validation.power import Rate, minimum_detectable


@pytest.mark.parametrize(("count", "total"), [(0, 20), (1, 20), (7, 9), (30, 30)])
def test_the_interval_is_that_of_the_beta_distribution(count, total):
    rate = Rate(count, total)
    low = 0.0 if count == 0 else beta.ppf(0.025, count, total - count + 1)
    high = 1.0 if count == total else beta.ppf(0.975, count + 1, total - count)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-9)
    assert rate.value == count / total


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for truth in (0.02, 0.05, 0.3):
        drawn = rng.binomial(100, truth, 60)
        covered = [
            Rate(k, 100).low <= truth <= Rate(k, 100).high for k in drawn.tolist()
        ]
        assert np.mean(covered) >= 0.9


def test_of_none_nothing_is_known():
    none = Rate(0, 0)
    assert math.isnan(none.value)
    assert (none.low, none.high) == (0.0, 1.0)
    with pytest.raises(ConfigError, match="3 of 2 is no share"):
        Rate(3, 2)


def test_the_detectable_size_of_a_known_curve_is_found():
    """Shares of a normal power curve: 80 % lies at 1.96 + 0.84."""
    from scipy.stats import norm

    sizes = np.linspace(0, 6, 13)
    shares = norm.cdf(sizes - 1.96)
    assert minimum_detectable(sizes, shares) == pytest.approx(2.80, abs=0.05)
    mixed = np.random.default_rng(1).permutation(13)
    assert minimum_detectable(sizes[mixed], shares[mixed]) == pytest.approx(
        2.80, abs=0.05
    )


def test_a_dip_is_luck_and_a_missed_power_is_said():
    assert minimum_detectable([0, 1, 2], [0.0, 0.9, 0.7], [10, 10, 10]) == 1.0
    assert minimum_detectable([0, 1, 2], [0.0, 0.9, 0.6], [10, 10, 10]) == math.inf
    assert minimum_detectable([0, 5], [0.9, 1.0]) == 0.0
    with pytest.raises(ConfigError, match="do not belong together"):
        minimum_detectable([0, 1], [0.5])
