"""A result's Sharpe ratio after all trials that a ledger knows of the same data.

Trials are compared on the session days of the result at hand, where they traded on at
least half of them. Those of another part of the data are compared with one another, and
what was not traded at all counts as a trial of its own: alike trials on different days
count twice, which deflates too much rather than too little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.datasets.ledger import Trial
from barwise.trading.performance import period_moments
from barwise.validation.sharpe import (
    deflated_sharpe_ratio,
    probabilistic_sharpe_ratio,
)
from barwise.validation.trials import effective_number_of_trials

_COMPARABLE = 0.5
_FEWEST_IN_COMMON = 3
_FEWEST_DAYS = 10


@final
@dataclass(frozen=True)
class Deflation:
    """What is left of a Sharpe ratio.

    Parameters
    ----------
    trials : int
        Configurations that were tried on the data, this one among them.
    effective_trials : int
        Independent ones: clusters of alike returns count once.
    sharpe_variance : float
        Of the trials' Sharpe ratios a session day.
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
    effective_trials: int
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
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio; Lopez de Prado and
    Lewis (2019) for clusters of trials.

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
    (1, True)
    >>> among = deflate(days, best.returns, noise)
    >>> among.effective_trials, among.deflated < 0.8
    (50, True)
    """
    moments = period_moments(returns)
    count = _independent(days, trials)
    variance = _variance(trials)
    if not math.isfinite(moments.sharpe) or len(days) < _FEWEST_DAYS:
        return Deflation(len(trials), count, variance, math.nan, math.nan)
    shape = (moments.n_periods, moments.skewness, moments.kurtosis)
    return Deflation(
        len(trials),
        count,
        variance,
        probabilistic_sharpe_ratio(moments.sharpe, *shape),
        deflated_sharpe_ratio(
            moments.sharpe, shape[0], max(count, 1), variance, shape[1], shape[2]
        ),
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


def _independent(days: np.ndarray, trials: Sequence[Trial]) -> int:
    """Count clusters of trials, those on the same days together."""
    count, rest = 0, list(trials)
    while rest:
        found = [one for one in rest if _covers(days, one)]
        if found:
            count += effective_number_of_trials(comparable(days, found))
            rest = [one for one in rest if not _covers(days, one)]
        # Next, the days of the trial that traded on most of them.
        longest = max(rest, key=lambda one: len(one.days), default=None)
        if longest is None or len(longest.days) < _FEWEST_IN_COMMON:
            return count + len(rest)
        days = longest.days
    return count


def _variance(trials: Sequence[Trial]) -> float:
    """Variance of the Sharpe ratios a day; never to have traded is one of zero."""
    found = [period_moments(one.returns).sharpe for one in trials if len(one.returns)]
    sharpes = np.nan_to_num(np.array(found))
    return float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0
