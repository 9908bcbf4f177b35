"""Distribution features: the shape of returns and how they hang together in time."""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.price import log_return
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    clip,
    diff,
    equal,
    lag,
    log,
    minimum,
    ratio,
    rolling_cov,
    rolling_entropy,
    rolling_mean,
    rolling_std,
    rolling_sum,
    rolling_var,
    where,
)


@feature(
    family="distribution",
    unit=("unbounded", "0 for a normal distribution, >= -2"),
    full=({"period": 60},),
    columns=["skew_{period}", "kurtosis_{period}"],
)
def moments(bars: BarColumns, *, period: int = 60) -> tuple[Expr, Expr]:
    """Skewness and excess kurtosis of the log returns, of a population; 0 where flat.

    From sums of powers: returns have means near 0, so nothing cancels.
    """
    change = bars.log_change
    mean = rolling_mean(change, period)
    square = change * change
    second = rolling_mean(square, period)
    third = rolling_mean(square * change, period)
    fourth = rolling_mean(square * square, period)
    spread = rolling_std(change, period)
    variance = spread * spread
    low = third - mean * (3.0 * second - 2.0 * (mean * mean))
    high = fourth - mean * (4.0 * third - mean * (6.0 * second - 3.0 * (mean * mean)))
    return (
        ratio(low, variance * spread),
        ratio(high, variance * variance, 3.0) - 3.0,
    )


@feature(
    family="distribution",
    unit="-1..1",
    full=({"rows": 1}, {"rows": 2}),
    columns=["autocorr_{rows}_{period}"],
)
def autocorr(bars: BarColumns, *, rows: int = 1, period: int = 60) -> Expr:
    """Correlation of log returns with those ``rows`` bars before; 0 where flat."""
    now, before = bars.log_change, lag(bars.log_change, rows)
    spread = rolling_std(now, period) * lag(rolling_std(now, period), rows)
    corr = ratio(rolling_cov(now, before, period), spread)
    return clip(corr, lower=-1.0, upper=1.0)


@feature(
    family="distribution",
    unit="0..1",
    full=({"period": 10}, {"period": 20}, {"period": 60}),
)
def efficiency_ratio(bars: BarColumns, *, period: int = 10) -> Expr:
    """Net over total movement of the close (Kaufman, 1995); 0 where nothing moved."""
    path = rolling_sum(abs(diff(bars.close)), period)
    return clip(ratio(abs(diff(bars.close, period)), path), upper=1.0)


@feature(
    family="distribution",
    unit="1 for a random walk, >= 0",
    full=({"rows": 5},),
    columns=["variance_ratio_{rows}_{period}"],
)
def variance_ratio(bars: BarColumns, *, rows: int = 5, period: int = 60) -> Expr:
    """Variance of ``rows``-bar over ``rows`` times that of one-bar log returns.

    Lo and MacKinlay (1988): above 1 moves go on, below 1 they turn. 1 where flat.
    """
    single = rolling_var(bars.log_change, period) * float(rows)
    several = rolling_var(log_return(bars, rows=rows), period)
    return ratio(several, single, 1.0)


@feature(
    family="distribution",
    unit="0.5 for a random walk, unbounded",
    full=({"period": 100},),
)
def hurst(bars: BarColumns, *, period: int = 100) -> Expr:
    """Hurst exponent, from how fast squared moves grow with their length.

    Slope of half the log of the mean squared move over 1, 2, 4, 8 and 16 bars on the
    log of that length (generalised Hurst exponent of order 2: Di Matteo, 2007). 0.5
    where a length has no move.
    """
    moves = [log_return(bars, rows=2**k) for k in range(5)]
    sizes = [rolling_sum(move * move, period) for move in moves]
    # Least squares over five places in equal steps of log(2): weights -2, -1, 0, 1, 2.
    rise = 2.0 * (log(sizes[4]) - log(sizes[0])) + (log(sizes[3]) - log(sizes[1]))
    smallest = sizes[0]
    for size in sizes[1:]:
        smallest = minimum(smallest, size)
    return where(equal(smallest, 0.0), 0.5, rise * (0.05 / math.log(2.0)))


@feature(
    family="distribution", unit="share of the largest, 0..1", full=({"period": 60},)
)
def permutation_entropy(bars: BarColumns, *, period: int = 60) -> Expr:
    """Entropy of the orders of three successive closes (Bandt and Pompe, 2002).

    1 where all six orders are equally frequent, 0 where one repeats; of equal closes
    the later counts as lower.
    """
    a, b, c = lag(bars.close, 2), lag(bars.close, 1), bars.close
    order = 4.0 * (a < b) + 2.0 * (b < c) + (a < c)
    return rolling_entropy(order, period, 8) / math.log(6.0)


@feature(family="distribution", unit="0..1", full=({"period": 20},))
def up_share(bars: BarColumns, *, period: int = 20) -> Expr:
    """Share of rising closes in the window; an unchanged close counts half."""
    rising = 0.5 * (bars.close > bars.previous_close)
    return rolling_mean(rising + 0.5 * (bars.close >= bars.previous_close), period)
