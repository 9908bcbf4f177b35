"""How much of a Sharpe ratio is left once luck and selection are taken off.

Notation
--------
SR : Sharpe ratio of one period (mean / standard deviation of its returns), not
    annualised: divide an annual one by the root of the periods in a year
n : periods; g3, g4 : skewness and raw kurtosis of the returns (normal: 0 and 3)
N : independent trials; V : variance of SR over the trials
Phi : normal distribution function; z its inverse; c : Euler's constant

Standard error of SR (Mertens, 2002): sqrt((1 - g3 SR + (g4 - 1) / 4 SR^2) / (n - 1)).
NaN in, NaN out: a Sharpe ratio that is undefined stays so.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from barwise.core.errors import ConfigError

_EULER = float(np.euler_gamma)


def expected_maximum_sharpe(n_trials: float, sharpe_variance: float) -> float:
    """Sharpe ratio that the best of some trials without any skill is expected to have.

    Parameters
    ----------
    n_trials : float
        Independent trials, >= 1. Of correlated ones either the plain number, with the
        variance over them, which is smaller already, or the effective number
        (:func:`~barwise.validation.effective_number_of_trials`) with that of one trial.
    sharpe_variance : float
        Variance of the Sharpe ratio over the trials, >= 0.

    Returns
    -------
    float
        In the unit of the variance's root: per period where that is per period. One
        trial gives 0, for nothing was selected.

    Raises
    ------
    ConfigError
        If there is less than one trial, or the variance is negative.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, equation 1.

    Examples
    --------
    >>> expected_maximum_sharpe(100, 0.5 / 250)
    0.1132
    """
    if n_trials < 1:
        raise ConfigError(f"n_trials must be at least 1, got {n_trials}")
    if sharpe_variance < 0:
        raise ConfigError(f"sharpe_variance cannot be negative, got {sharpe_variance}")
    return math.sqrt(sharpe_variance) * _expected_maximum(n_trials)


def probabilistic_sharpe_ratio(
    sharpe: float,
    n_observations: int,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    *,
    benchmark: float = 0.0,
) -> float:
    """Probability that the true Sharpe ratio is above a benchmark.

    Parameters
    ----------
    sharpe : float
        Sharpe ratio of a period, not annualised.
    n_observations : int
        Periods it was estimated from, >= 2.
    skewness, kurtosis : float
        Of the returns; the kurtosis is raw (normal = 3).
    benchmark : float
        Sharpe ratio to beat, of a period.

    Raises
    ------
    ConfigError
        If there are fewer than two observations, or no distribution has such moments.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier.

    Examples
    --------
    Two years of monthly returns of a hedge fund, as the paper has them:

    >>> probabilistic_sharpe_ratio(0.458, 24, -2.448, 10.164)
    0.913
    """
    if n_observations < 2:
        raise ConfigError(
            f"a Sharpe ratio needs at least 2 observations, got {n_observations}"
        )
    spread = _variance_factor(sharpe, skewness, kurtosis)
    score = (sharpe - benchmark) * math.sqrt((n_observations - 1) / spread)
    return float(stats.norm.cdf(score))


def deflated_sharpe_ratio(
    sharpe: float,
    n_observations: int,
    n_trials: float,
    sharpe_variance: float,
    skewness: float,
    kurtosis: float,
) -> float:
    """Probability that the best of many trials has a Sharpe ratio beyond their luck.

    The benchmark is what the best of as many trials would have without any skill, see
    :func:`expected_maximum_sharpe`. Above 0.95 the result is usually called
    significant.

    Parameters
    ----------
    sharpe : float
        Sharpe ratio of a period of the chosen strategy, not annualised.
    n_observations : int
        Periods, >= 2.
    n_trials : float
        Independent trials that the strategy was chosen from, >= 1.
    sharpe_variance : float
        Variance of the Sharpe ratio, per period, over the trials.
    skewness, kurtosis : float
        Of the returns of the chosen strategy; the kurtosis is raw (normal = 3).

    Raises
    ------
    ConfigError
        If a count is too small or no distribution has such moments.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio: Correcting for
    Selection Bias, Backtest Overfitting and Non-Normality.

    Examples
    --------
    The paper's own: an annual Sharpe ratio of 2.5 over five years of 250 days, the best
    of 100 trials whose annual Sharpe ratios have a variance of 1/2.

    >>> deflated_sharpe_ratio(2.5 / 250**0.5, 1250, 100, 0.5 / 250, -3, 10)
    0.9004
    """
    return probabilistic_sharpe_ratio(
        sharpe,
        n_observations,
        skewness,
        kurtosis,
        benchmark=expected_maximum_sharpe(n_trials, sharpe_variance),
    )


def minimum_track_record_length(
    sharpe: float,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    *,
    benchmark: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Periods after which a Sharpe ratio is above a benchmark with some confidence.

    Parameters
    ----------
    sharpe, skewness, kurtosis, benchmark
        As in :func:`probabilistic_sharpe_ratio`.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    float
        Infinity where the Sharpe ratio is not above the benchmark.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier.

    Examples
    --------
    Years of daily returns until an annual 2 is known to be above 1:

    >>> a_day = 252**-0.5
    >>> minimum_track_record_length(2 * a_day, benchmark=a_day) / 252
    2.73
    """
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must be between 0 and 1, got {confidence}")
    spread = _variance_factor(sharpe, skewness, kurtosis)
    if sharpe <= benchmark:
        return math.inf
    return 1 + spread * (float(stats.norm.ppf(confidence)) / (sharpe - benchmark)) ** 2


def minimum_backtest_length(n_trials: float, sharpe: float = 1.0) -> float:
    """Years below which the best of some trials reaches a Sharpe ratio by luck alone.

    Parameters
    ----------
    n_trials : float
        Independent trials, >= 1.
    sharpe : float
        Annual Sharpe ratio, > 0, that trials without skill are not to reach.

    Returns
    -------
    float
        Years: (expected maximum of N standard normals / sharpe)^2.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2014), Pseudo-Mathematics and Financial
    Charlatanism, theorem 2.

    Examples
    --------
    With five years of data no more than 45 trials:

    >>> minimum_backtest_length(45)
    5.0
    """
    if not sharpe > 0:
        raise ConfigError(f"sharpe must be positive, got {sharpe}")
    return (expected_maximum_sharpe(n_trials, 1.0) / sharpe) ** 2


def _expected_maximum(count: float) -> float:
    """Expected maximum of some standard normals, approximated; 0 for one."""
    if count == 1:
        return 0.0
    # Not ppf(1 - 1 / count), which is infinite from 10^16 trials on.
    first = float(stats.norm.isf(1 / count))
    second = float(stats.norm.isf(1 / (count * math.e)))
    # Little more than one trial would fall below zero, which no maximum does.
    return max((1 - _EULER) * first + _EULER * second, 0.0)


def _variance_factor(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Variance of an estimated Sharpe ratio, times n - 1."""
    factor = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if kurtosis < 1 or factor <= 0:
        raise ConfigError(
            f"no distribution has skewness {skewness:g} and raw kurtosis {kurtosis:g}: "
            "kurtosis is at least 1 + skewness^2 (3 for a normal distribution); add 3 "
            "to an excess kurtosis"
        )
    return factor
