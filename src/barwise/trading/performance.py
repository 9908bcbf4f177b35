"""Trading metrics of a one-position account, from its P&L by session day.

Notation
--------
r : (day,) net mark-to-market P&L of a session day over capital; days without a trade
    are zeros and count
The quantity is fixed and nothing is reinvested, so returns add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from barwise.metrics.classification import json_number
from barwise.metrics.intervals import Interval, bootstrap_interval
from barwise.trading.result import BacktestResult


@final
@dataclass(frozen=True)
class PeriodMoments:
    """Moments of the returns of session days, as the deflation of a Sharpe wants them.

    Parameters
    ----------
    n_periods : int
    mean, deviation : float
        ``deviation`` divides by n - 1.
    sharpe : float
        mean / deviation, not annualised.
    skewness, kurtosis : float
        Kurtosis is raw: 3 for a normal distribution.
    """

    n_periods: int
    mean: float
    deviation: float
    sharpe: float
    skewness: float
    kurtosis: float


@final
@dataclass(frozen=True)
class Performance:
    """Trading metrics; NaN where one is undefined.

    Parameters
    ----------
    sharpe_ratio : float
        mean / deviation of r, times the root of the session days in a year.
    annualized_return : float
        Mean of r times the session days in a year; no compounding.
    max_drawdown : float
        Largest fall of the account at day ends from its highest value so far, as a
        share of that value (capital counts as the first); at least 0.
    win_rate : float
        Share of trades with a net profit.
    profit_factor : float
        Net profits over net losses; undefined without a loss.
    num_trades : int
    sharpe_interval : Interval
        Block bootstrap of the Sharpe ratio.
    moments : PeriodMoments
    """

    sharpe_ratio: float
    annualized_return: float
    max_drawdown: float
    win_rate: float
    profit_factor: float
    num_trades: int
    sharpe_interval: Interval
    moments: PeriodMoments

    def scores(self) -> dict[str, float | int | None]:
        """The six metrics for JSON, None where one is undefined."""
        return {
            "sharpe_ratio": json_number(self.sharpe_ratio),
            "annualized_return": json_number(self.annualized_return),
            "max_drawdown": json_number(self.max_drawdown),
            "win_rate": json_number(self.win_rate),
            "profit_factor": json_number(self.profit_factor),
            "num_trades": self.num_trades,
        }


def performance(
    result: BacktestResult,
    *,
    of: Literal["strategy", "buy_and_hold"] = "strategy",
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Performance:
    """Trading metrics of a backtest, or of holding the same quantity throughout.

    Parameters
    ----------
    result : BacktestResult
    of : {"strategy", "buy_and_hold"}
        Holding is one trade without an end: it has no win rate.
    level, n_resamples, seed
        Of the Sharpe ratio's block bootstrap.

    References
    ----------
    Sharpe (1994); Lo (2002), The Statistics of Sharpe Ratios.
    """
    strategy = of == "strategy"
    pnl = result.daily_pnl if strategy else result.daily_buy_and_hold
    trades = result.trades.net if strategy else np.zeros(0)
    returns = pnl / result.account.capital
    return Performance(
        sharpe_ratio(returns, result.days_per_year),
        float(returns.mean() * result.days_per_year),
        max_drawdown(returns),
        float(np.mean(trades > 0)) if len(trades) else math.nan,
        profit_factor(trades),
        len(trades) if strategy else 1,
        sharpe_interval(
            returns,
            result.days_per_year,
            level=level,
            n_resamples=n_resamples,
            seed=seed,
        ),
        period_moments(returns),
    )


def sharpe_ratio(returns: np.ndarray, periods_per_year: float) -> float:
    """Annualised mean over standard deviation (n - 1); NaN where returns never vary.

    Examples
    --------
    >>> sharpe_ratio(np.array([0.01, -0.01, 0.02, 0.0]), 252)
    6.148
    """
    if len(returns) < 2 or np.ptp(returns) == 0:
        return math.nan
    a_period = float(returns.mean() / returns.std(ddof=1))
    return a_period * math.sqrt(periods_per_year)


def max_drawdown(returns: np.ndarray) -> float:
    """Largest fall of 1 + cumulative returns from its highest value so far, a share.

    Examples
    --------
    1.0, 1.1, 0.88, 0.99: from 1.1 down to 0.88.

    >>> max_drawdown(np.array([0.10, -0.22, 0.11]))
    0.2
    """
    account = 1 + np.concatenate([[0.0], np.cumsum(returns)])
    peak = np.maximum.accumulate(account)
    return float(np.max((peak - account) / peak))


def profit_factor(net: np.ndarray) -> float:
    """Sum of net profits over the sum of net losses; NaN without a loss.

    Examples
    --------
    >>> profit_factor(np.array([30.0, -10.0, -5.0]))
    2.0
    """
    losses = -float(net[net < 0].sum())
    return float(net[net > 0].sum()) / losses if losses > 0 else math.nan


def period_moments(returns: np.ndarray) -> PeriodMoments:
    """Moments of returns; NaN where they are undefined.

    Examples
    --------
    >>> period_moments(np.array([0.01, -0.01, 0.02, 0.0])).kurtosis
    1.640
    """
    from scipy import stats

    n = len(returns)
    if n < 2 or np.ptp(returns) == 0:
        mean = float(returns.mean()) if n else math.nan
        return PeriodMoments(n, mean, 0.0 if n else math.nan, *[math.nan] * 3)
    return PeriodMoments(
        n,
        float(returns.mean()),
        float(returns.std(ddof=1)),
        sharpe_ratio(returns, 1.0),
        float(stats.skew(returns)),
        float(stats.kurtosis(returns, fisher=False)),
    )


def sharpe_interval(
    returns: np.ndarray,
    periods_per_year: float,
    *,
    block_length: int | None = None,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Block-bootstrap interval of the annualised Sharpe ratio.

    Parameters
    ----------
    returns : ndarray of float64, shape (period,)
    block_length : int, optional
        Periods in a block; None takes the cube root of their number, rounded up.

    Notes
    -----
    Bounds are NaN where fewer than two periods exist or they never vary.

    Examples
    --------
    >>> r = np.random.default_rng(0).normal(0.0005, 0.01, 750)
    >>> found = sharpe_interval(r, 252)
    >>> found.contains(0.0), found.block_length
    (True, 10)
    """
    n = len(returns)
    block = math.ceil(round(n ** (1 / 3), 9)) if block_length is None else block_length
    if n < 2 or np.ptp(returns) == 0:
        return Interval(math.nan, math.nan, math.nan, level, max(block, 1), 0)
    return bootstrap_interval(
        lambda drawn: sharpe_ratio(drawn, periods_per_year),
        returns,
        block_length=block,
        level=level,
        n_resamples=n_resamples,
        seed=seed,
    )
