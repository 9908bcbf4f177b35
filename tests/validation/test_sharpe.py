"""Sharpe ratios under selection: published figures, and someone else's arithmetic."""

import math

import numpy as np
import purgedcv
import pytest
from scipy import stats

from barwise.core.errors import ConfigError
from barwise.validation import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "deflated"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_the_worked_example_of_the_deflated_sharpe_ratio(
    trials, skewness, kurtosis, deflated
):
    """Bailey and Lopez de Prado (2014), "A numerical example": an annual Sharpe ratio
    of 2.5 over 1,250 days, variance 1/2 over the trials; 100 trials give 0.9004, 46
    would give 0.9505, and so would 88 if returns were normal."""
    found = deflated_sharpe_ratio(
        2.5 / math.sqrt(250), 1250, trials, 0.5 / 250, skewness, kurtosis
    )
    assert found == pytest.approx(deflated, abs=5e-5)


def test_the_benchmark_of_the_worked_example():
    """The same example: SR_0 is 0.1132 a day."""
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "probability"), [(-2.448, 10.164, 0.913), (0, 3, 0.982)]
)
def test_the_worked_example_of_the_probabilistic_sharpe_ratio(
    skewness, kurtosis, probability
):
    """Bailey and Lopez de Prado (2012), "Numerical example": a monthly Sharpe ratio of
    0.458 over 24 months is above 0 with 0.982, with the true moments with 0.913."""
    found = probabilistic_sharpe_ratio(0.458, 24, skewness, kurtosis)
    assert found == pytest.approx(probability, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skewness", "kurtosis", "years"),
    [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_track_records_of_the_paper(periods, skewness, kurtosis, years):
    """Bailey and Lopez de Prado (2012), "Minimum track record length": an annual 2 over
    a benchmark of 1 takes 2.73 years of days, 2.83 of weeks, 3.24 of months, and 4.99
    of months with the moments of hedge funds."""
    a_period = 1 / math.sqrt(periods)
    found = minimum_track_record_length(
        2 * a_period, skewness, kurtosis, benchmark=a_period
    )
    assert found / periods == pytest.approx(years, abs=0.005)


def test_backtest_lengths_of_the_paper():
    """Bailey, Borwein, Lopez de Prado and Zhu (2014): ten trials without skill have an
    expected maximum of 1.57 in a year; with five years of data no more than 45
    configurations should be tried; the bound is 2 ln(N) / E^2."""
    assert expected_maximum_sharpe(10, 1) == pytest.approx(1.57, abs=0.01)
    assert minimum_backtest_length(45) <= 5 < minimum_backtest_length(46)
    assert minimum_backtest_length(45, sharpe=2) == minimum_backtest_length(45) / 4
    for trials in (5, 45, 1000):
        assert minimum_backtest_length(trials) < 2 * math.log(trials)


@pytest.mark.parametrize("trials", [5, 30, 300])
def test_the_expected_maximum_is_that_of_drawn_normals(trials):
    drawn = np.random.default_rng(0).normal(0, 0.1, (20_000, trials)).max(axis=1)
    assert expected_maximum_sharpe(trials, 0.01) == pytest.approx(
        drawn.mean(), rel=0.03
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_peer_has_the_same_probabilities(seed):
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(5, 400) * 0.01 + 0.001
    # The peer takes its own moments: n for the deviation, unbiased higher ones.
    moments = (
        returns.mean() / returns.std(),
        len(returns),
        stats.skew(returns, bias=False),
        stats.kurtosis(returns, bias=False, fisher=False),
    )
    ours = probabilistic_sharpe_ratio(*moments, benchmark=0.03)
    assert ours == pytest.approx(purgedcv.probabilistic_sharpe_ratio(returns, 0.03))
    sharpe, count, skewness, kurtosis = moments
    ours = deflated_sharpe_ratio(sharpe, count, 40, 0.002, skewness, kurtosis)
    assert ours == pytest.approx(purgedcv.deflated_sharpe_ratio(returns, 40, 0.002))


def test_selection_lowers_what_one_trial_leaves_alone():
    given = (0.1, 500)
    moments = (-0.5, 5.0)
    alone = deflated_sharpe_ratio(*given, 1, 0.01, *moments)
    assert alone == probabilistic_sharpe_ratio(*given, *moments)
    # A number of effective trials need not be whole.
    tried = [
        deflated_sharpe_ratio(*given, n, 0.01, *moments) for n in (1.01, 2.5, 9, 99)
    ]
    assert alone >= tried[0] > tried[1] > tried[2] > tried[3]


def test_without_skill_the_best_of_many_is_rarely_significant():
    """The deflated ratio of the best of 20 noise strategies is above 0.95 in about 5 %
    of the draws; undeflated it is in most of them."""
    rng = np.random.default_rng(3)
    deflated, naive = [], []
    for _ in range(200):
        returns = rng.normal(size=(300, 20))
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, ratios.argmax()]
        moments = stats.skew(best), stats.kurtosis(best, fisher=False)
        naive.append(probabilistic_sharpe_ratio(ratios.max(), 300, *moments))
        deflated.append(
            deflated_sharpe_ratio(ratios.max(), 300, 20, ratios.var(ddof=1), *moments)
        )
    assert np.mean(np.array(naive) > 0.95) > 0.5
    assert np.mean(np.array(deflated) > 0.95) < stats.binom.ppf(0.99, 200, 0.05) / 200


def test_any_number_of_trials_has_a_finite_best():
    # Extreme value theory: sqrt(2 ln N) and a little less.
    for count in (1e15, 1e17, 1e100):
        best = expected_maximum_sharpe(count, 1.0)
        assert 0.9 < best / math.sqrt(2 * math.log(count)) < 1


def test_what_is_undefined_stays_undefined():
    nan = math.nan
    assert math.isnan(probabilistic_sharpe_ratio(nan, 100))
    assert math.isnan(deflated_sharpe_ratio(0.1, 100, 10, nan, 0, 3))
    assert math.isnan(deflated_sharpe_ratio(0.1, 100, 10, 0.1, nan, nan))
    assert math.isnan(minimum_track_record_length(nan))
    assert minimum_track_record_length(0.1, benchmark=0.1) == math.inf


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: probabilistic_sharpe_ratio(0.1, 1), "at least 2 observations, got 1"),
        (lambda: probabilistic_sharpe_ratio(0.1, 9, 0, 0), "add 3 to an excess"),
        (lambda: probabilistic_sharpe_ratio(0.5, 9, 4, 5), "no distribution has"),
        (
            lambda: deflated_sharpe_ratio(0.1, 9, 0, 0.1, 0, 3),
            "n_trials must be at least",
        ),
        (lambda: deflated_sharpe_ratio(0.1, 9, 2, -1, 0, 3), "cannot be negative"),
        (lambda: minimum_backtest_length(10, sharpe=0), "sharpe must be positive"),
        (lambda: minimum_track_record_length(0.1, confidence=1), "between 0 and 1"),
    ],
)
def test_impossible_arguments_are_named(call, says):
    with pytest.raises(ConfigError, match=says):
        call()
