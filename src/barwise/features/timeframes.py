"""Columns of longer bars beside the rows: what the slower market does.

A row reads the last longer bar that was complete when the row closed; sessions are the
exchange's. See :func:`barwise.features.on`.
"""

from __future__ import annotations

from barwise.bars.intervals import parse_interval
from barwise.features.averages import ema_distance
from barwise.features.columns import BarColumns
from barwise.features.lowering import on, spell_timeframe
from barwise.features.momentum import rsi
from barwise.features.registry import feature
from barwise.features.volatility import atr, atr_ratio
from barwise.stream import Expr
from barwise.stream.expr import ema, log, sign

_LENGTHS = ("15min", "1h", "4h", "1d")
_COLUMNS = (
    "return_1",
    "rsi_14",
    "adx_14",
    "ema_distance_20",
    "atr_ratio_14",
    "bb_position_20",
)


@feature(
    family="timeframes",
    unit="that of the column",
    columns=["mtf_{timeframe}_{column}"],
    full=[{"timeframe": t, "column": c} for t in _LENGTHS for c in _COLUMNS],
)
def on_timeframe(_: BarColumns, *, column: Expr, timeframe: str = "1h") -> Expr:
    """Return any column of the last completed bar of a timeframe: ``mtf_1h_rsi_14``.

    The column keeps its role for scalers and its unit. A timeframe shorter than the
    rows (``mtf_1min_hvol_20`` under 5 minutes) needs finer bars beside them.
    """
    spelled = spell_timeframe(parse_interval(timeframe))
    if timeframe != spelled:
        raise ValueError(f"a timeframe has one spelling: {spelled} for {timeframe}")
    return on(timeframe, column)


def _trend(bars: BarColumns) -> Expr:
    """Distance of the close from its 20-bar average, in average true ranges."""
    return (bars.close - ema(bars.close, 20)) / atr(bars, period=14)


@feature(family="timeframes", unit="share, -1..1", columns=["mtf_alignment"])
def alignment(bars: BarColumns) -> Expr:
    """Agreement of the trends of the rows, 1 hour, 4 hours and 1 day.

    Each counts +1 when its close is above its 20-bar EMA and -1 below; the column is
    their mean: 1 when all point up, 0 when they disagree.
    """
    side = sign(ema_distance(bars, period=20))
    return (side + on("1h", side) + on("4h", side) + on("1d", side)) / 4.0


@feature(
    family="timeframes",
    unit="points, -100..100",
    columns=[f"mtf_divergence_rsi_{timeframe}" for timeframe in _LENGTHS[1:]],
)
def rsi_divergence(bars: BarColumns) -> tuple[Expr, ...]:
    """RSI (14) of the rows less that of a longer timeframe.

    Above zero the rows are stronger than the slower market: a pull against the trend,
    or the first sign of its end.
    """
    fast = rsi(bars, period=14)
    return tuple(fast - on(timeframe, fast) for timeframe in _LENGTHS[1:])


@feature(
    family="timeframes",
    unit="average true ranges, unbounded",
    columns=[f"mtf_divergence_trend_{timeframe}" for timeframe in _LENGTHS[1:]],
)
def trend_divergence(bars: BarColumns) -> tuple[Expr, ...]:
    """Distance from the 20-bar EMA, of the rows less that of a longer timeframe.

    Both are measured in the 14-bar average true range of their own bars.
    """
    fast = _trend(bars)
    return tuple(fast - on(timeframe, fast) for timeframe in _LENGTHS[1:])


@feature(
    family="timeframes",
    unit="log ratio, unbounded",
    columns=["mtf_divergence_volatility"],
)
def volatility_divergence(bars: BarColumns) -> Expr:
    """Logarithm of the ATR ratio (14) of 1-hour bars over that of 1-day bars.

    It rises when the market moves more within the day than the days before suggest.
    """
    ratio = atr_ratio(bars, period=14)
    return log(on("1h", ratio) / on("1d", ratio))


@feature(
    family="timeframes",
    unit="fraction, unbounded",
    columns=[f"mtf_ema_gap_{timeframe}" for timeframe in _LENGTHS[1:]],
)
def ema_gap(bars: BarColumns) -> tuple[Expr, ...]:
    """Close of the row over the 20-bar EMA of a longer timeframe, minus one."""
    slow = ema(bars.close, 20)
    return tuple(bars.close / on(timeframe, slow) - 1.0 for timeframe in _LENGTHS[1:])


@feature(
    family="timeframes",
    unit=(*["daily ranges, unbounded"] * 3, "ratio, unbounded"),
    columns=[
        "mtf_prior_high_distance",
        "mtf_prior_low_distance",
        "mtf_prior_close_distance",
        "mtf_prior_position",
    ],
)
def prior_day(bars: BarColumns) -> tuple[Expr, ...]:
    """Close against the last completed session day's high, low and close.

    Distances are in the day's 14-day average true range, positive above the level;
    the position is 0 at the day's low and 1 at its high, and leaves 0..1 outside.
    """
    high, low, close = (on("1d", x) for x in (bars.high, bars.low, bars.close))
    reach = on("1d", atr(bars, period=14))
    distances = ((bars.close - level) / reach for level in (high, low, close))
    return (*distances, (bars.close - low) / (high - low))
