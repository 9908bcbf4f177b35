"""Momentum features: oscillators and rates of change."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    clip,
    diff,
    ema,
    lag,
    minimum,
    ratio,
    rma,
    rolling_max,
    rolling_mean,
    rolling_min,
    rolling_std,
    rolling_sum,
    wma,
)


@feature(
    family="momentum",
    unit="percent, 0..100",
    full=({"period": 7}, {"period": 14}, {"period": 21}),
)
def rsi(bars: BarColumns, *, period: int = 14) -> Expr:
    """Relative strength index (Wilder, 1978).

    50 where nothing moved at all, which is neither strength nor weakness; TA-Lib
    says 0 there.
    """
    change = diff(bars.close)
    up = rma(clip(change, lower=0.0), period)
    down = rma(clip(-change, lower=0.0), period)
    return ratio(100.0 * up, up + down, 50.0)


@feature(
    family="momentum",
    unit="price, unbounded",
    columns=["macd", "macd_signal", "macd_hist"],
    price_units=True,
)
def macd(bars: BarColumns) -> tuple[Expr, Expr, Expr]:
    """Difference of EMA 12 and EMA 26, its EMA 9, and their difference (Appel, 1979).

    Each average starts from its own first values; TA-Lib delays the fast one's start,
    and the two agree once the start is forgotten.
    """
    line = ema(bars.close, 12) - ema(bars.close, 26)
    signal = ema(line, 9)
    return line, signal, line - signal


@feature(
    family="momentum",
    unit="fraction of close, unbounded",
    columns=["macd_pct", "macd_signal_pct", "macd_hist_pct"],
)
def macd_pct(bars: BarColumns) -> tuple[Expr, Expr, Expr]:
    """MACD, its signal and their difference, over the close."""
    line, signal, hist = macd(bars)
    return line / bars.close, signal / bars.close, hist / bars.close


@feature(
    family="momentum",
    unit="percent, >= -100",
    full=({"period": 5}, {"period": 10}, {"period": 20}),
)
def roc(bars: BarColumns, *, period: int = 10) -> Expr:
    """Rate of change: percent move over ``period`` bars."""
    before = lag(bars.close, period)
    return 100.0 * ((bars.close - before) / before)


@feature(
    family="momentum", unit="price, unbounded", full=({"period": 10},), price_units=True
)
def momentum(bars: BarColumns, *, period: int = 10) -> Expr:
    """Close minus the close ``period`` bars ago."""
    return bars.close - lag(bars.close, period)


@feature(
    family="momentum",
    unit="percent, -100..0",
    full=({"period": 14}, {"period": 28}),
)
def williams_r(bars: BarColumns, *, period: int = 14) -> Expr:
    """Williams %R (1973); -50 where the range is zero (TA-Lib: 0)."""
    highest, lowest = rolling_max(bars.high, period), rolling_min(bars.low, period)
    height = highest - lowest
    return ratio(-100.0 * (highest - bars.close), height, -50.0)


@feature(
    family="momentum",
    unit="percent, 0..100",
    columns=["stoch_k_{period}", "stoch_d_{period}"],
)
def stoch(bars: BarColumns, *, period: int = 14) -> tuple[Expr, Expr]:
    """Slow stochastic (Lane, 1950s): %K smoothed over 3 bars, and its mean of 3.

    50 where the range is zero (TA-Lib: 0).
    """
    slow = rolling_mean(_fast_k(bars, period), 3)
    return slow, rolling_mean(slow, 3)


def _fast_k(bars: BarColumns, period: int) -> Expr:
    highest, lowest = rolling_max(bars.high, period), rolling_min(bars.low, period)
    height = highest - lowest
    return ratio(100.0 * (bars.close - lowest), height, 50.0)


@feature(
    family="momentum",
    unit="percent, 0..100",
    columns=["stoch_rsi_{period}"],
)
def stoch_rsi(bars: BarColumns, *, period: int = 14) -> Expr:
    """Place of the RSI inside its own range (Chande and Kroll, 1994); 50 if flat."""
    value = rsi(bars, period=period)
    highest, lowest = rolling_max(value, period), rolling_min(value, period)
    height = highest - lowest
    return ratio(100.0 * (value - lowest), height, 50.0)


@feature(family="momentum", unit="percent, -100..100", full=({"period": 14},))
def cmo(bars: BarColumns, *, period: int = 14) -> Expr:
    """Chande momentum oscillator (1994), smoothed as Wilder's; 0 where flat."""
    change = diff(bars.close)
    up = rma(clip(change, lower=0.0), period)
    down = rma(clip(-change, lower=0.0), period)
    return ratio(100.0 * (up - down), up + down)


@feature(
    family="momentum",
    unit="percent, unbounded",
    columns=["ppo_{fast}_{slow}"],
)
def ppo(bars: BarColumns, *, fast: int = 12, slow: int = 26) -> Expr:
    """Percentage price oscillator (Appel): EMA difference over the slow EMA."""
    base = ema(bars.close, slow)
    return 100.0 * (ema(bars.close, fast) - base) / base


@feature(family="momentum", unit="percent, unbounded", columns=["trix_{period}"])
def trix(bars: BarColumns, *, period: int = 15) -> Expr:
    """One-bar percent change of a triple EMA (Hutson, 1983)."""
    smooth = ema(ema(ema(bars.close, period), period), period)
    before = lag(smooth, 1)
    return 100.0 * ((smooth - before) / before)


@feature(family="momentum", unit="percent, unbounded")
def coppock(
    bars: BarColumns, *, slow: int = 14, fast: int = 11, window: int = 10
) -> Expr:
    """Linearly weighted mean of two rates of change, added up (Coppock, 1962)."""
    return wma(roc(bars, period=slow) + roc(bars, period=fast), window)


@feature(family="momentum", unit="percent, 0..100", columns=["ultimate_oscillator"])
def ultimate_oscillator(bars: BarColumns) -> Expr:
    """Buying pressure over 7, 14 and 28 bars, weighted 4:2:1 (Williams, 1976).

    A part is 50 where nothing moved in its bars (TA-Lib: 0).
    """
    pressure = bars.close - minimum(bars.low, bars.previous_close)

    def part(n: int) -> Expr:
        reach = rolling_sum(bars.true_range, n)
        return ratio(rolling_sum(pressure, n), reach, 0.5)

    parts = [part(n) for n in (7, 14, 28)]
    return 100.0 * (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 7.0


@feature(
    family="momentum", unit="standard deviations, unbounded", full=({"period": 20},)
)
def price_zscore(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close in standard deviations from its mean; 0 where nothing moved."""
    spread = rolling_std(bars.close, period)
    return ratio(bars.close - rolling_mean(bars.close, period), spread)


@feature(family="momentum", unit="fraction of close, unbounded", columns=["ao_pct"])
def awesome(bars: BarColumns) -> Expr:
    """Awesome oscillator (Williams, 1998), over the close.

    Mean of 5 bars' middles minus that of 34.
    """
    return (rolling_mean(bars.median, 5) - rolling_mean(bars.median, 34)) / bars.close


@feature(family="momentum", unit="percent, -100..100", columns=["tsi_{slow}_{fast}"])
def tsi(bars: BarColumns, *, slow: int = 25, fast: int = 13) -> Expr:
    """True strength index (Blau, 1991); 0 where nothing moved.

    The twice smoothed change over the twice smoothed size of the change.
    """
    change = diff(bars.close)
    path = ema(ema(abs(change), slow), fast)
    move = ema(ema(change, slow), fast)
    return ratio(100.0 * move, path)


@feature(
    family="momentum",
    unit="fraction of close, unbounded",
    columns=["elder_bull_{period}", "elder_bear_{period}"],
)
def elder_ray(bars: BarColumns, *, period: int = 13) -> tuple[Expr, Expr]:
    """High and low against the EMA of the close, over the close (Elder, 1993)."""
    middle = ema(bars.close, period)
    return (bars.high - middle) / bars.close, (bars.low - middle) / bars.close
