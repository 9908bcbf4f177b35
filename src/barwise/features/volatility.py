"""Volatility features: ranges, bands and range-based estimators."""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    clip,
    diff,
    ema,
    lag,
    log,
    ratio,
    rma,
    rolling_max,
    rolling_mean,
    rolling_min,
    rolling_std,
    rolling_sum,
    rolling_var,
    sqrt,
)

_LOG_RETURN = "log return per bar, >= 0"


@feature(
    family="volatility",
    unit="price, >= 0",
    full=({"period": 7}, {"period": 14}, {"period": 28}),
    price_units=True,
)
def atr(bars: BarColumns, *, period: int = 14) -> Expr:
    """Average true range (Wilder, 1978)."""
    return rma(bars.true_range, period)


@feature(
    family="volatility",
    unit="fraction of close, >= 0",
    full=({"period": 7}, {"period": 14}, {"period": 28}),
)
def atr_ratio(bars: BarColumns, *, period: int = 14) -> Expr:
    """Average true range over the close."""
    return atr(bars, period=period) / bars.close


@feature(family="volatility", unit="ratio, >= -1", columns=["atr_trend_{fast}_{slow}"])
def atr_trend(bars: BarColumns, *, fast: int = 7, slow: int = 28) -> Expr:
    """Fast over slow average true range, minus one: above 0 while volatility grows.

    0 where nothing ever moved.
    """
    base = atr(bars, period=slow)
    return ratio(atr(bars, period=fast), base, 1.0) - 1.0


@feature(
    family="volatility",
    unit="ratio, >= 0",
    full=({"period": 14},),
    columns=["true_range_ratio_{period}"],
)
def true_range_ratio(bars: BarColumns, *, period: int = 14) -> Expr:
    """True range over its Wilder average, the bar itself in it; 1 where nothing moved."""
    usual = atr(bars, period=period)
    return ratio(bars.true_range, usual, 1.0)


@feature(
    family="volatility",
    unit="price, unbounded",
    columns=["bb_upper_{period}", "bb_lower_{period}"],
    price_units=True,
)
def bollinger_bands(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Mean plus and minus two standard deviations (Bollinger, 2001)."""
    middle = rolling_mean(bars.close, period)
    spread = 2.0 * rolling_std(bars.close, period)
    return middle + spread, middle - spread


@feature(
    family="volatility",
    unit=(
        "fraction of the mean, >= 0",
        "0 at the lower band and 1 at the upper, unbounded",
    ),
    full=({"period": 20}, {"period": 50}),
    columns=["bb_width_{period}", "bb_position_{period}"],
)
def bollinger(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Width of the Bollinger bands and place of the close in them; 0.5 if flat."""
    upper, lower = bollinger_bands(bars, period=period)
    width = upper - lower
    place = ratio(bars.close - lower, width, 0.5)
    return width / rolling_mean(bars.close, period), place


@feature(
    family="volatility",
    unit=(
        "fraction of the EMA, >= 0",
        "0 at the lower band and 1 at the upper, unbounded",
    ),
    columns=["kc_width_{period}", "kc_position_{period}"],
)
def keltner(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Keltner channel: EMA plus and minus two average true ranges (Raschke, 1980s).

    Its width, and the place of the close in it; 0.5 where it has none.
    """
    middle, reach = ema(bars.close, period), 2.0 * atr(bars, period=period)
    width = 2.0 * reach
    place = ratio(bars.close - (middle - reach), width, 0.5)
    return width / middle, place


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=({"period": 10}, {"period": 20}, {"period": 60}),
)
def hvol(bars: BarColumns, *, period: int = 20) -> Expr:
    """Population standard deviation of one-bar log returns."""
    return rolling_std(bars.log_change, period)


@feature(family="volatility", unit=_LOG_RETURN, full=({"period": 20}, {"period": 60}))
def parkinson(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volatility from highs and lows (Parkinson, 1980)."""
    reach = log(bars.high / bars.low)
    return sqrt(rolling_mean(reach * reach, period) / (4.0 * math.log(2.0)))


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=({"period": 20},),
    columns=["garman_klass_{period}"],
)
def garman_klass(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volatility from open, high, low and close (Garman and Klass, 1980)."""
    reach, body = log(bars.high / bars.low), log(bars.close / bars.open)
    daily = 0.5 * reach * reach - (2.0 * math.log(2.0) - 1.0) * body * body
    # One bar's value can be below zero, the mean of a window too: no volatility then.
    return sqrt(clip(rolling_mean(daily, period), lower=0.0))


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=({"period": 20},),
    columns=["rogers_satchell_{period}"],
)
def rogers_satchell(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volatility that allows for drift (Rogers and Satchell, 1991)."""
    return sqrt(clip(rolling_mean(_rogers_satchell(bars), period), lower=0.0))


def _rogers_satchell(bars: BarColumns) -> Expr:
    up, down = log(bars.high / bars.open), log(bars.low / bars.open)
    body = log(bars.close / bars.open)
    return up * (up - body) + down * (down - body)


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=({"period": 20},),
    columns=["yangzhang_{period}"],
)
def yang_zhang(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volatility that allows for drift and gaps (Yang and Zhang, 2000)."""
    sample = period / (period - 1.0)
    gap = rolling_var(log(bars.open / bars.previous_close), period) * sample
    body = rolling_var(log(bars.close / bars.open), period) * sample
    k = 0.34 / (1.34 + (period + 1.0) / (period - 1.0))
    within = rolling_mean(_rogers_satchell(bars), period)
    return sqrt(clip(gap + k * body + (1.0 - k) * within, lower=0.0))


@feature(family="volatility", unit="ratio, >= 0", columns=["hvol_ratio_{fast}_{slow}"])
def hvol_ratio(bars: BarColumns, *, fast: int = 10, slow: int = 60) -> Expr:
    """Fast over slow historical volatility; 1 where the slow one is zero."""
    base = hvol(bars, period=slow)
    return ratio(hvol(bars, period=fast), base, 1.0)


@feature(family="volatility", unit=_LOG_RETURN, full=({"period": 20},))
def vol_of_vol(bars: BarColumns, *, period: int = 20) -> Expr:
    """Standard deviation of the changes of historical volatility."""
    return rolling_std(diff(hvol(bars, period=period)), period)


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=({"period": 20},),
    columns=["upside_vol_{period}", "downside_vol_{period}"],
)
def semivolatility(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Root mean square of the rising and of the falling log returns.

    Each over all bars of the window: their squares add up to the realised variance
    (Barndorff-Nielsen, Kinnebrock and Shephard, 2010).
    """
    up = clip(bars.log_change, lower=0.0)
    down = clip(bars.log_change, upper=0.0)
    return (
        sqrt(rolling_mean(up * up, period)),
        sqrt(rolling_mean(down * down, period)),
    )


@feature(
    family="volatility",
    unit=_LOG_RETURN,
    full=(),
    columns=["realized_vol_{period}", "bipower_vol_{period}"],
)
def realized(bars: BarColumns, *, period: int = 30) -> tuple[Expr, Expr]:
    """Realised volatility, and its part that jumps leave alone (bipower variation).

    Of returns finer than the rows (``mtf_1min_realized_vol_30``) they estimate the
    volatility inside a bar (Barndorff-Nielsen and Shephard, 2004).
    """
    size = abs(bars.log_change)
    smooth = rolling_mean(size * lag(size, 1), period) * (math.pi / 2.0)
    return sqrt(rolling_mean(size * size, period)), sqrt(smooth)


@feature(family="volatility", unit="0..1", full=({"period": 60},))
def jump_share(bars: BarColumns, *, period: int = 60) -> Expr:
    """Share of the realised variance that jumps made; 0 where nothing moved.

    One minus bipower over realised variance, never below 0 (Barndorff-Nielsen and
    Shephard, 2004).
    """
    size = abs(bars.log_change)
    realised = rolling_sum(size * size, period)
    smooth = rolling_sum(size * lag(size, 1), period) * (math.pi / 2.0)
    return clip(1.0 - ratio(smooth, realised, 1.0), lower=0.0)


@feature(family="volatility", unit=_LOG_RETURN, full=({"span": 32},))
def ewma_vol(bars: BarColumns, *, span: int = 32) -> Expr:
    """Root of the exponentially weighted mean of squared log returns.

    A span of 32 is the weight 0.94 of RiskMetrics (1996).
    """
    return sqrt(ema(bars.log_change * bars.log_change, span))


@feature(family="volatility", unit="ratio, >= 0", full=({"period": 20},))
def squeeze(bars: BarColumns, *, period: int = 20) -> Expr:
    """Bollinger width over Keltner width (Carter, 2005); 1 where nothing moved.

    Below 1 the Bollinger bands lie inside the channel: a quiet market.
    """
    reach = atr(bars, period=period)
    return ratio(rolling_std(bars.close, period), reach, 1.0)


@feature(family="volatility", unit="fraction, 0..1", full=({"period": 14},))
def ulcer(bars: BarColumns, *, period: int = 14) -> Expr:
    """Ulcer index: root mean square fall from the highest close (Martin, 1987)."""
    fall = bars.close / rolling_max(bars.close, period) - 1.0
    return sqrt(rolling_mean(fall * fall, period))


@feature(family="volatility", unit="bars, >= 0", full=({"period": 25},))
def mass_index(bars: BarColumns, *, period: int = 25) -> Expr:
    """Sum of the range's EMA 9 over the EMA 9 of that (Dorsey, 1992).

    ``period`` where ranges stay equal; a bar counts 1 where nothing ever moved.
    """
    once = ema(bars.high - bars.low, 9)
    twice = ema(once, 9)
    return rolling_sum(ratio(once, twice, 1.0), period)


@feature(family="volatility", unit="percent, 0..100", full=({"period": 14},))
def choppiness(bars: BarColumns, *, period: int = 14) -> Expr:
    """Choppiness index (Dreiss, 1993): 100 for a walk in place, 0 for a straight line.

    Logarithm of the summed true ranges over the range of all bars, over that of
    ``period``; at most 100, and 100 where nothing moved.
    """
    height = rolling_max(bars.high, period) - rolling_min(bars.low, period)
    path = log(ratio(rolling_sum(bars.true_range, period), height, float(period)))
    return clip(path * (100.0 / math.log(period)), lower=0.0, upper=100.0)
