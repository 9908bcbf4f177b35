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
    equal,
    log,
    rma,
    rolling_mean,
    rolling_std,
    rolling_var,
    sqrt,
    where,
)


@feature(
    family="volatility",
    unit="price",
    full=({"period": 7}, {"period": 14}, {"period": 28}),
    price_units=True,
)
def atr(bars: BarColumns, *, period: int = 14) -> Expr:
    """Average true range (Wilder, 1978)."""
    return rma(bars.true_range, period)


@feature(
    family="volatility",
    unit="fraction of close",
    full=({"period": 7}, {"period": 14}, {"period": 28}),
)
def atr_ratio(bars: BarColumns, *, period: int = 14) -> Expr:
    """Average true range over the close."""
    return atr(bars, period=period) / bars.close


@feature(family="volatility", unit="ratio", columns=["atr_trend_{fast}_{slow}"])
def atr_trend(bars: BarColumns, *, fast: int = 7, slow: int = 28) -> Expr:
    """Fast over slow average true range, minus one: above 0 while volatility grows."""
    return atr(bars, period=fast) / atr(bars, period=slow) - 1.0


@feature(
    family="volatility",
    unit="price",
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
    unit="width: fraction of the mean; position: 0 at the lower band, 1 at the upper",
    full=({"period": 20}, {"period": 50}),
    columns=["bb_width_{period}", "bb_position_{period}"],
)
def bollinger(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Width of the Bollinger bands and place of the close in them; 0.5 if flat."""
    upper, lower = bollinger_bands(bars, period=period)
    width = upper - lower
    place = where(equal(width, 0.0), 0.5, (bars.close - lower) / width)
    return width / rolling_mean(bars.close, period), place


@feature(
    family="volatility",
    unit="width: fraction of the EMA; position: 0 at the lower band, 1 at the upper",
    columns=["kc_width_{period}", "kc_position_{period}"],
)
def keltner(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """Keltner channel: EMA plus and minus two average true ranges (Raschke, 1980s)."""
    middle, reach = ema(bars.close, period), 2.0 * atr(bars, period=period)
    width = 2.0 * reach
    place = where(equal(width, 0.0), 0.5, (bars.close - (middle - reach)) / width)
    return width / middle, place


@feature(
    family="volatility",
    unit="log return per bar",
    full=({"period": 10}, {"period": 20}, {"period": 60}),
)
def hvol(bars: BarColumns, *, period: int = 20) -> Expr:
    """Population standard deviation of one-bar log returns."""
    return rolling_std(log(bars.close / bars.previous_close), period)


@feature(family="volatility", unit="log return per bar", full=({"period": 20},))
def parkinson(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volatility from highs and lows (Parkinson, 1980)."""
    reach = log(bars.high / bars.low)
    return sqrt(rolling_mean(reach * reach, period) / (4.0 * math.log(2.0)))


@feature(
    family="volatility",
    unit="log return per bar",
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
    unit="log return per bar",
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
    unit="log return per bar",
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


@feature(family="volatility", unit="ratio", columns=["hvol_ratio_{fast}_{slow}"])
def hvol_ratio(bars: BarColumns, *, fast: int = 10, slow: int = 60) -> Expr:
    """Fast over slow historical volatility; 1 where the slow one is zero."""
    base = hvol(bars, period=slow)
    return where(equal(base, 0.0), 1.0, hvol(bars, period=fast) / base)


@feature(family="volatility", unit="log return per bar", full=({"period": 20},))
def vol_of_vol(bars: BarColumns, *, period: int = 20) -> Expr:
    """Standard deviation of the changes of historical volatility."""
    return rolling_std(diff(hvol(bars, period=period)), period)
