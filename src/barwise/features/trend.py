"""Trend features: direction, strength and stops."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.features.volatility import atr
from barwise.stream import Expr
from barwise.stream.expr import (
    both,
    clip,
    diff,
    ema,
    lag,
    psar,
    ratio,
    rma,
    rolling_mad,
    rolling_max,
    rolling_mean,
    rolling_min,
    rolling_slope,
    rolling_sum,
    rolling_var,
    rows_since_max,
    rows_since_min,
    supertrend,
    where,
)


def _directional(bars: BarColumns, period: int) -> tuple[Expr, Expr]:
    up, down = diff(bars.high), -diff(bars.low)
    rise = where(both(up > down, up > 0.0), up, 0.0)
    fall = where(both(down > up, down > 0.0), down, 0.0)
    reach = rma(bars.true_range, period)

    def share(move: Expr) -> Expr:
        return ratio(100.0 * rma(move, period), reach)

    return share(rise), share(fall)


@feature(
    family="trend",
    unit="percent, 0..100",
    full=({"period": 14},),
    columns=["adx_{period}", "plus_di_{period}", "minus_di_{period}"],
)
def adx(bars: BarColumns, *, period: int = 14) -> tuple[Expr, Expr, Expr]:
    """Average directional index and its two directional indicators (Wilder, 1978).

    Each average is seeded with ``period`` values; TA-Lib seeds the directional sums
    with one less, and the two agree once the start is forgotten. Where neither side
    moved the index of that bar counts as 0, and so do the indicators.
    """
    plus, minus = _directional(bars, period)
    total = plus + minus
    index = ratio(100.0 * abs(plus - minus), total)
    return rma(index, period), plus, minus


@feature(family="trend", unit="percent, 0..100", full=({"period": 14},))
def adxr(bars: BarColumns, *, period: int = 14) -> Expr:
    """Mean of the ADX and the one ``period - 1`` bars ago (Wilder, 1978)."""
    strength = adx(bars, period=period)[0]
    return (strength + lag(strength, period - 1)) / 2.0


@feature(
    family="trend",
    unit=("percent, 0..100", "percent, 0..100", "percent, -100..100"),
    full=({"period": 25},),
    columns=["aroon_up_{period}", "aroon_down_{period}", "aroon_osc_{period}"],
)
def aroon(bars: BarColumns, *, period: int = 25) -> tuple[Expr, Expr, Expr]:
    """Rows since the last extreme of period + 1 bars (Chande, 1995)."""
    up = 100.0 - rows_since_max(bars.high, period + 1) * (100.0 / period)
    down = 100.0 - rows_since_min(bars.low, period + 1) * (100.0 / period)
    return up, down, up - down


@feature(
    family="trend",
    unit="index, mostly within 200 of 0, unbounded",
    full=({"period": 14}, {"period": 20}),
)
def cci(bars: BarColumns, *, period: int = 20) -> Expr:
    """Commodity channel index (Lambert, 1980); 0 where nothing moved."""
    price = bars.typical
    mean = rolling_mean(price, period)
    spread = rolling_mad(price, mean, period)
    return ratio(price - mean, 0.015 * spread)


@feature(
    family="trend",
    unit="log return per bar, unbounded",
    full=({"period": 10}, {"period": 20}, {"period": 50}),
    columns=["slope_{period}"],
)
def slope(bars: BarColumns, *, period: int = 20) -> Expr:
    """Slope of the least-squares line through the log closes."""
    return rolling_slope(bars.log_close, period)


@feature(
    family="trend", unit="0..1", full=({"period": 20},), columns=["r_squared_{period}"]
)
def r_squared(bars: BarColumns, *, period: int = 20) -> Expr:
    """Share of the log closes' variance that their line explains; 0 where flat."""
    price = bars.log_close
    spread = rolling_var(price, period)
    line = rolling_slope(price, period)
    along = (period * period - 1.0) / 12.0
    return clip(ratio(line * line * along, spread), upper=1.0)


@feature(family="trend", unit="ratio, unbounded", columns=["vortex_{period}"])
def vortex(bars: BarColumns, *, period: int = 14) -> Expr:
    """Positive minus negative vortex movement over the true range (Botes, 2010).

    0 where nothing moved.
    """
    plus = abs(bars.high - lag(bars.low, 1))
    minus = abs(bars.low - lag(bars.high, 1))
    reach = rolling_sum(bars.true_range, period)
    return ratio(rolling_sum(plus - minus, period), reach)


@feature(
    family="trend",
    unit="fraction of close, unbounded",
    columns=[
        "ichimoku_tenkan_distance",
        "ichimoku_kijun_distance",
        "ichimoku_cloud_distance",
    ],
)
def ichimoku(bars: BarColumns) -> tuple[Expr, Expr, Expr]:
    """Close against the 9- and 26-bar middles and the cloud's middle (Hosoda, 1969).

    The cloud is the one drawn for this bar: computed 26 bars earlier. The lagging
    line, which plots today's close in the past, holds nothing that is not in the
    close.
    """
    fast, base, first, second = _ichimoku_lines(bars)
    cloud = (first + second) / 2.0
    close = bars.close
    return (close - fast) / close, (close - base) / close, (close - cloud) / close


def _ichimoku_lines(bars: BarColumns) -> tuple[Expr, Expr, Expr, Expr]:
    """Turning line, base line, and the two edges of the cloud drawn for this bar."""

    def middle(n: int) -> Expr:
        return (rolling_max(bars.high, n) + rolling_min(bars.low, n)) / 2.0

    fast, base = middle(9), middle(26)
    return fast, base, lag((fast + base) / 2.0, 26), lag(middle(52), 26)


@feature(
    family="trend",
    unit="fraction of close, unbounded",
    columns=["ichimoku_turn_spread", "ichimoku_cloud_spread"],
)
def ichimoku_spreads(bars: BarColumns) -> tuple[Expr, Expr]:
    """Turning minus base line, and first minus second edge of the cloud (Hosoda, 1969)."""
    fast, base, first, second = _ichimoku_lines(bars)
    return (fast - base) / bars.close, (first - second) / bars.close


@feature(
    family="trend",
    unit=("fraction of close, unbounded", "-1 or 1"),
    columns=["supertrend_distance", "supertrend_side"],
)
def super_trend(bars: BarColumns) -> tuple[Expr, Expr]:
    """Distance to and side of the SuperTrend, 10 bars and 3 ATR (Seban, 2009)."""
    reach = 3.0 * atr(bars, period=10)
    band = supertrend(bars.close, bars.median + reach, bars.median - reach)
    distance = (bars.close - band) / bars.close
    return distance, where(distance < 0.0, -1.0, 1.0)


@feature(
    family="trend",
    unit=("fraction of close, unbounded", "-1 or 1"),
    columns=["psar_distance", "psar_side"],
)
def parabolic(bars: BarColumns) -> tuple[Expr, Expr]:
    """Distance to and side of the parabolic stop, step 0.02 to 0.2 (Wilder, 1978)."""
    stop = psar(bars.high, bars.low, step=0.02, increment=0.02, most=0.2)
    distance = (bars.close - stop) / bars.close
    return distance, where(distance < 0.0, -1.0, 1.0)


@feature(
    family="trend",
    unit="fraction of close, unbounded",
    full=({"fast": 10, "slow": 50}, {"fast": 20, "slow": 100}),
)
def ema_spread(bars: BarColumns, *, fast: int = 10, slow: int = 50) -> Expr:
    """Fast minus slow EMA over the close."""
    return (ema(bars.close, fast) - ema(bars.close, slow)) / bars.close


@feature(family="trend", unit="fraction of close, unbounded", full=({"period": 10},))
def qstick(bars: BarColumns, *, period: int = 10) -> Expr:
    """Mean of close minus open, over the close (Chande and Kroll, 1994)."""
    return rolling_mean(bars.close - bars.open, period) / bars.close


@feature(
    family="trend", unit="fraction of close, unbounded", columns=["heikin_ashi_body"]
)
def heikin_ashi(bars: BarColumns) -> Expr:
    """Body of the Heikin-Ashi candle, over the close (Valcu, 2004).

    Its close is the mean of the bar's four prices; its open is half of the open before
    plus half of the close before, that is, an EMA of weight 1/2.
    """
    last = (bars.open + bars.high + bars.low + bars.close) / 4.0
    return (last - ema(lag(last, 1), 3)) / bars.close
