"""What a strategy earns that another one on the same days does not explain.

Notation
--------
m, b : (day,) returns of the strategy and of a baseline, on the same session days
beta : cov(m, b) / var(b), at least 0; 0 where the baseline never traded
e : m - beta * b; the appraisal ratio is the Sharpe ratio of e, a year

A baseline cannot be held the other way round: the costs that it loses are nobody's gain.
Hence beta is never below 0.

References
----------
Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, for the mean of e;
Treynor and Black (1973), How to Use Security Analysis to Improve Portfolio Selection, for
the ratio: above 0, whoever holds the baseline gains by adding the strategy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from barwise.core.errors import DataError
from barwise.metrics.intervals import Interval, interval_of, resampled_sums

_NOTHING = 1e-12
"""Share of a sum of squares below which a variance is rounding."""


def appraisal_intervals(
    returns: np.ndarray,
    baselines: Mapping[str, np.ndarray],
    days_per_year: float,
    *,
    block_length: int | None = None,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Block-bootstrap interval of the appraisal ratio over each baseline.

    A difference of returns asks which of two accounts earned more, and is as wild as
    the wilder one: a strategy of few trades never beats one that is always in the
    market, whatever it earns. Here only what both have in common is taken off. Over a
    baseline that never trades it is the interval of the Sharpe ratio.

    Parameters
    ----------
    returns : ndarray of float64, shape (day,)
        Net return of each session day, zeros included.
    baselines : mapping of str to ndarray of float64, shape (day,)
        Of the same days.
    days_per_year : float
    block_length : int, optional
        Days in a block; None takes the cube root of their number, rounded up.
    level, n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    dict of str to Interval
        By baseline. NaN below two days, and where nothing is left of the strategy.

    Raises
    ------
    DataError
        If a baseline has other days.

    Examples
    --------
    Half the baseline and something of one's own, then half the baseline alone:

    >>> rng = np.random.default_rng(0)
    >>> held, own = rng.normal(0.001, 0.01, (2, 500)) + [[0.0], [0.001]]
    >>> def over(m):
    ...     return appraisal_intervals(m, {"always_long": held}, 252)["always_long"]
    >>> over(0.5 * held + own).lower > 0, over(0.5 * held).lower
    (True, nan)
    """
    n = len(returns)
    for name, one in baselines.items():
        if len(one) != n:
            raise DataError(
                f"{name} has {len(one)} days and the strategy {n}; both are compared on "
                "the same days"
            )
    block = math.ceil(round(n ** (1 / 3), 9)) if block_length is None else block_length
    if n < 2:
        nothing = Interval(math.nan, math.nan, math.nan, level, max(block, 1), 0)
        return dict.fromkeys(baselines, nothing)
    terms = _terms(returns, list(baselines.values()))
    sums = resampled_sums(terms, block_length=block, n_resamples=n_resamples, seed=seed)
    sums = np.concatenate([terms.sum(axis=0, keepdims=True), sums])
    ratios = _ratios(sums, n) * math.sqrt(days_per_year)
    return {
        name: interval_of(float(each[0]), each[1:], n, block, level)
        for name, each in zip(baselines, ratios.T, strict=True)
    }


def _terms(returns: np.ndarray, baselines: list[np.ndarray]) -> np.ndarray:
    """What a day adds: m, m * m, and of each baseline b, m * b, b * b."""
    each = [(b, returns * b, b * b) for b in baselines]
    own = (returns, returns * returns)
    return np.stack([*own, *(term for one in each for term in one)], axis=1)


def _ratios(sums: np.ndarray, n: int) -> np.ndarray:
    """Appraisal ratio a day over each baseline, of each row of sums of terms."""
    m, mm, (b, mb, bb) = sums[:, :1], sums[:, 1:2], (sums[:, k::3] for k in (2, 3, 4))
    spread, both = bb - b * b / n, mb - m * b / n
    moved = spread > _NOTHING * bb
    beta = np.divide(both, spread, out=np.zeros_like(b), where=moved).clip(min=0.0)
    left = mm - m * m / n - beta * both
    ratios: np.ndarray = np.divide(
        (m - beta * b) / n,
        np.sqrt(left.clip(min=0.0) / (n - 1)),
        out=np.full_like(b, np.nan),
        where=left > _NOTHING * mm,
    )
    return ratios
