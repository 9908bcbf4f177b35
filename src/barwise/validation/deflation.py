"""A result's Sharpe ratio after all trials that a ledger knows of the same data.

Trials are compared on the session days of the result at hand, where they traded on at
least half of them. Those of another part of the data are compared with one another, and
what was not traded at all counts as a trial of its own: alike trials on different days
count twice, which deflates too much rather than too little.

The best of correlated trials is less lucky, and their Sharpe ratios vary less than one
of them would from sample to sample. Each is accounted for once: the luck by the expected
maximum under the trials' own correlations, the variance by undoing what they share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.datasets.ledger import Trial
from barwise.trading.performance import period_moments
from barwise.validation.sharpe import probabilistic_sharpe_ratio
from barwise.validation.trials import (
    expected_best,
    independent_trials,
    mean_correlation,
)

_COMPARABLE = 0.5
_FEWEST_IN_COMMON = 3
_FEWEST_DAYS = 10
_SAME = 1e-9


@final
@dataclass(frozen=True)
class Deflation:
    """What is left of a Sharpe ratio.

    Parameters
    ----------
    trials : int
        Configurations that were tried on the data, this one among them.
    effective_trials : float
        Independent ones whose best would be as lucky.
    sharpe_variance : float
        Of one trial's Sharpe ratio a session day, from how those of all differ.
    probabilistic : float
        Probability that the true Sharpe ratio is above zero, were this the only trial.
    deflated : float
        Probability that it is above what the best of so many trials without skill has.

    Notes
    -----
    Both probabilities are NaN where returns never vary, and below ten days, whose third
    and fourth moments say nothing.
    """

    trials: int
    effective_trials: float
    sharpe_variance: float
    probabilistic: float
    deflated: float


def deflate(
    days: np.ndarray, returns: np.ndarray, trials: Sequence[Trial]
) -> Deflation:
    """Deflate a result's Sharpe ratio for all trials on the same data.

    Parameters
    ----------
    days : ndarray of int64, shape (day,)
        Session days of the result, ascending.
    returns : ndarray of float64, shape (day,)
        Its net return of each, zeros included.
    trials : sequence of Trial
        Everything that the ledger has of these data; the result is one of them.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, whose benchmark for
    independent trials this is. Its variance over correlated trials is that of one of
    them times one less their mean correlation, which is divided out.

    Examples
    --------
    The same returns, as the only trial and as the best of fifty:

    >>> rng, days = np.random.default_rng(0), np.arange(500)
    >>> def trial(number, r):
    ...     return Trial("model", "SP500", 0, 1, {"number": number}, {}, days, r)
    >>> noise = [trial(k, rng.normal(0.0, 0.01, 500)) for k in range(50)]
    >>> best = max(noise, key=lambda one: one.returns.mean())
    >>> alone = deflate(days, best.returns, [best])
    >>> alone.effective_trials, alone.deflated > 0.95
    (1.0, True)
    >>> among = deflate(days, best.returns, noise)
    >>> round(among.effective_trials), among.deflated < 0.8
    (50, True)
    """
    return selection(days, trials).deflate(returns)


@final
@dataclass(frozen=True)
class Selection:
    """What choosing the best of some trials is worth without skill.

    Parameters
    ----------
    trials : int
        How many there are.
    best : float
        Expected best of as many standard normals that correlate as they do.
    variance : float
        Of one trial's Sharpe ratio a session day.
    """

    trials: int
    best: float
    variance: float

    def deflate(self, returns: np.ndarray) -> Deflation:
        """Deflate the Sharpe ratio of one of the trials, see :func:`deflate`."""
        moments, count = period_moments(returns), independent_trials(self.best)
        if not math.isfinite(moments.sharpe) or len(returns) < _FEWEST_DAYS:
            return Deflation(self.trials, count, self.variance, math.nan, math.nan)
        shape = (moments.n_periods, moments.skewness, moments.kurtosis)
        benchmark = math.sqrt(self.variance) * self.best
        return Deflation(
            self.trials,
            count,
            self.variance,
            probabilistic_sharpe_ratio(moments.sharpe, *shape),
            probabilistic_sharpe_ratio(moments.sharpe, *shape, benchmark=benchmark),
        )


def selection(days: np.ndarray, trials: Sequence[Trial]) -> Selection:
    """Return what results on the same session days are all deflated by.

    Parameters
    ----------
    days, trials
        As for :func:`deflate`.
    """
    tables, alone = _tables(days, trials)
    return Selection(
        len(trials), expected_best(tables, alone), _variance(trials, tables)
    )


def comparable(days: np.ndarray, trials: Sequence[Trial]) -> np.ndarray:
    """Return the returns of the trials that traded on at least half of some days.

    Returns
    -------
    ndarray of float64, shape (day, trial)
        0 on days that a trial did not cover.
    """
    columns = []
    for trial in trials:
        if not _covers(days, trial):
            continue
        _, here, there = np.intersect1d(days, trial.days, return_indices=True)
        column = np.zeros(len(days))
        column[here] = trial.returns[there]
        columns.append(column)
    return np.stack(columns, axis=1) if columns else np.zeros((len(days), 0))


def _covers(days: np.ndarray, trial: Trial) -> bool:
    both = np.count_nonzero(np.isin(days, trial.days))
    return bool(both >= max(_COMPARABLE * len(days), _FEWEST_IN_COMMON))


def _tables(days: np.ndarray, trials: Sequence[Trial]) -> tuple[list[np.ndarray], int]:
    """Return the returns of trials on the same days, and how many have none to compare."""
    tables, rest = [], list(trials)
    while rest:
        found = [one for one in rest if _covers(days, one)]
        if found:
            tables.append(comparable(days, found))
            rest = [one for one in rest if not _covers(days, one)]
        # Next, the days of the trial that traded on most of them.
        longest = max(rest, key=lambda one: len(one.days), default=None)
        if longest is None or len(longest.days) < _FEWEST_IN_COMMON:
            break
        days = longest.days
    return tables, len(rest)


def _variance(trials: Sequence[Trial], tables: Sequence[np.ndarray]) -> float:
    """Variance of a Sharpe ratio a day; never to have traded is one of zero."""
    found = [period_moments(one.returns).sharpe for one in trials if len(one.returns)]
    sharpes = np.nan_to_num(np.array(found))
    if len(sharpes) < 2:
        return 0.0
    own = 1.0 - mean_correlation(tables, len(sharpes))
    return float(sharpes.var(ddof=1)) / own if own > _SAME else 0.0
