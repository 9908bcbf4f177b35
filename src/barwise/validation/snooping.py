"""Whether the best of many strategies beats a benchmark, or is only the luckiest.

Notation
--------
d : (period, strategy) returns over the benchmark; n : periods
m_k : mean of d_k; w_k : standard deviation of sqrt(n) m_k in the stationary bootstrap
m*_k : mean of d_k in a resample

Both tests take the largest of sqrt(n) m_k, or of sqrt(n) m_k / w_k, and ask how often
resamples, moved to where no strategy beats the benchmark, have one as large. They are
moved by m_k; but what a hopelessly bad strategy may do, once moved to the benchmark,
makes the test timid, so Hansen leaves it where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.arrays import Matrix
from barwise.core.errors import DataError
from barwise.datasets.splitter import whole
from barwise.metrics.stationary import stationary_sums, stationary_variance
from barwise.validation.returns import returns_table

_LEAST_PERIODS = 20


@final
@dataclass(frozen=True)
class SnoopingTest:
    """Whether the best strategy beats the benchmark, all trials taken into account.

    Parameters
    ----------
    best : int
        Column of the strategy with the largest statistic.
    statistic : float
        The largest statistic, at least 0.
    p_value : float
        Chance of one as large where no strategy is better than the benchmark.
    p_lower, p_upper : float
        Bounds: only strategies that look at least as good as the benchmark are moved
        to it (too bold), all are (too timid, White's).
    mean_block_length : float
        Periods.
    n_resamples : int
    """

    best: int
    statistic: float
    p_value: float
    p_lower: float
    p_upper: float
    mean_block_length: float
    n_resamples: int


def reality_check(
    returns: Any,
    benchmark: Any = None,
    *,
    mean_block_length: float | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> SnoopingTest:
    """White's reality check: the mean return of the best strategy.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Returns of every strategy that was tried, such as daily ones of a leaderboard,
        oldest first; 0 in periods without a trade.
    benchmark : array of float, shape (n_periods,), optional
        Returns to beat; by default 0, not to trade.
    mean_block_length : float, optional
        Of the stationary bootstrap, in periods; by default the cube root of their
        number, rounded up.
    n_resamples, seed : int
        Resamples, and the seed of their draws.

    Returns
    -------
    SnoopingTest
        ``p_value`` is ``p_upper``.

    Raises
    ------
    DataError
        If there are fewer than 20 periods, a return is not finite, or one strategy's
        distance to the benchmark never varies.

    References
    ----------
    White (2000), A Reality Check for Data Snooping, Econometrica 68(5).

    Examples
    --------
    The best of fifty strategies without an edge looks good alone, and is not:

    >>> from scipy import stats
    >>> returns = np.random.default_rng(0).normal(0, 0.01, (500, 50))
    >>> found = reality_check(returns)
    >>> alone = stats.ttest_1samp(returns[:, found.best], 0).pvalue
    >>> bool(alone < 0.05), found.p_value > 0.05
    (True, True)
    """
    excess = _excess(returns, benchmark)
    return _test(excess, mean_block_length, n_resamples, seed, studentised=False)


def superior_predictive_ability(
    returns: Any,
    benchmark: Any = None,
    *,
    mean_block_length: float | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> SnoopingTest:
    """Hansen's test for superior predictive ability: the best strategy, studentised.

    More powerful than :func:`reality_check`: strategies are compared by their
    t-statistics, and hopeless ones do not weaken the test.

    Parameters
    ----------
    returns, benchmark, mean_block_length, n_resamples, seed
        As in :func:`reality_check`.

    Returns
    -------
    SnoopingTest
        ``p_value`` is Hansen's consistent one.

    Raises
    ------
    DataError
        As in :func:`reality_check`.

    References
    ----------
    Hansen (2005), A Test for Superior Predictive Ability, Journal of Business and
    Economic Statistics 23(4).

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0, 0.01, (500, 50))
    >>> returns[:, 7] += 0.002
    >>> found = superior_predictive_ability(returns)
    >>> found.best, found.p_value < 0.01
    (7, True)
    """
    excess = _excess(returns, benchmark)
    return _test(excess, mean_block_length, n_resamples, seed, studentised=True)


def _test(
    excess: Matrix,
    length: float | None,
    n_resamples: int,
    seed: int,
    *,
    studentised: bool,
) -> SnoopingTest:
    rows, n_resamples = len(excess), whole(n_resamples, 1, "n_resamples")
    if length is None:
        length = math.ceil(round(rows ** (1 / 3), 9))
    root, mean = math.sqrt(rows), excess.mean(axis=0)
    deviation = np.sqrt(stationary_variance(excess, mean_block_length=length))
    # What never differs from the benchmark has the statistic 0 and no spread.
    deviation[(excess == 0).all(axis=0)] = 1.0
    scale = deviation if studentised else np.ones_like(deviation)
    observed = root * mean / scale
    largest = max(float(observed.max()), 0.0)
    resampled = stationary_sums(
        excess, mean_block_length=length, n_resamples=n_resamples, seed=seed
    )
    hopeless = root * mean / deviation < -math.sqrt(2 * math.log(math.log(rows)))
    lower, consistent, upper = (
        _exceeded(root * (resampled / rows - moved) / scale, largest)
        for moved in (np.maximum(mean, 0.0), np.where(hopeless, 0.0, mean), mean)
    )
    p_value = consistent if studentised else upper
    best = int(observed.argmax())
    return SnoopingTest(best, largest, p_value, lower, upper, length, n_resamples)


def _exceeded(statistics: Matrix, largest: float) -> float:
    """Share of resamples with a statistic as large, the observed one among them."""
    as_large = np.maximum(statistics.max(axis=1), 0.0) >= largest
    return float((1 + np.count_nonzero(as_large)) / (1 + len(statistics)))


def _excess(returns: Any, benchmark: Any) -> Matrix:
    table = returns_table(returns, at_least=_LEAST_PERIODS)
    if benchmark is not None:
        given = np.asarray(benchmark, dtype=np.float64)
        if given.shape != (len(table),) or not np.isfinite(given).all():
            raise DataError(
                f"the benchmark must have one finite return for each of {len(table)} "
                f"periods, got shape {given.shape}"
            )
        table = table - given[:, None]
    still = (np.ptp(table, axis=0) == 0) & (table[0] != 0)
    if still.any():
        raise DataError(
            f"strategy {int(np.argmax(still))} is always the same distance from the "
            "benchmark, which cannot be tested; leave it out"
        )
    return table
