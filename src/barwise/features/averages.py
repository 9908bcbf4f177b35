"""Moving averages, and the distance of the close to them."""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream import expr as ex

_LEVELS = ({"period": 20}, {"period": 50})
_DISTANCES = ({"period": 10}, {"period": 20}, {"period": 50}, {"period": 100})


def _distance(bars: BarColumns, average: Expr) -> Expr:
    return (bars.close - average) / average


@feature(family="averages", unit="price, > 0", full=_LEVELS, price_units=True)
def sma(bars: BarColumns, *, period: int = 20) -> Expr:
    """Simple moving average of the close."""
    return ex.rolling_mean(bars.close, period)


@feature(family="averages", unit="price, > 0", full=_LEVELS, price_units=True)
def ema(bars: BarColumns, *, period: int = 20) -> Expr:
    """Exponential moving average of the close, seeded with a simple one."""
    return ex.ema(bars.close, period)


@feature(family="averages", unit="price, > 0", full=_LEVELS[:1], price_units=True)
def wma(bars: BarColumns, *, period: int = 20) -> Expr:
    """Linearly weighted moving average of the close."""
    return ex.wma(bars.close, period)


@feature(family="averages", unit="price, unbounded", full=_LEVELS[:1], price_units=True)
def dema(bars: BarColumns, *, period: int = 20) -> Expr:
    """Double exponential moving average (Mulloy, 1994)."""
    first = ex.ema(bars.close, period)
    return 2.0 * first - ex.ema(first, period)


@feature(family="averages", unit="price, unbounded", full=_LEVELS[:1], price_units=True)
def tema(bars: BarColumns, *, period: int = 20) -> Expr:
    """Triple exponential moving average (Mulloy, 1994)."""
    first = ex.ema(bars.close, period)
    second = ex.ema(first, period)
    return 3.0 * first - 3.0 * second + ex.ema(second, period)


@feature(
    family="averages", unit="price, unbounded", full=({"period": 10},), price_units=True
)
def t3(bars: BarColumns, *, period: int = 10) -> Expr:
    """Six EMAs, one of the other, weighted with a volume factor of 0.7 (Tillson, 1998)."""
    line, lines = bars.close, []
    for _ in range(6):
        line = ex.ema(line, period)
        lines.append(line)
    b = 0.7
    return (
        -(b**3) * lines[5]
        + (3 * b**2 + 3 * b**3) * lines[4]
        - (6 * b**2 + 3 * b + 3 * b**3) * lines[3]
        + (1 + 3 * b + b**3 + 3 * b**2) * lines[2]
    )


@feature(family="averages", unit="price, > 0", full=_LEVELS[:1], price_units=True)
def trima(bars: BarColumns, *, period: int = 20) -> Expr:
    """Triangular moving average: a simple one of a simple one, heaviest in the middle."""
    half = period // 2 + 1
    return ex.rolling_mean(ex.rolling_mean(bars.close, half), period + 1 - half)


@feature(family="averages", unit="price, unbounded", full=_LEVELS[:1], price_units=True)
def lsma(bars: BarColumns, *, period: int = 20) -> Expr:
    """End of the least-squares line through the closes, the last one included."""
    rise = ex.rolling_slope(bars.close, period) * ((period - 1) / 2.0)
    return ex.rolling_mean(bars.close, period) + rise


@feature(family="averages", unit="price, > 0", full=({"period": 10},), price_units=True)
def kama(bars: BarColumns, *, period: int = 10) -> Expr:
    """Kaufman's adaptive moving average (1995), constants 2 and 30."""
    return ex.kama(bars.close, period)


@feature(family="averages", unit="price, unbounded", full=_LEVELS[:1], price_units=True)
def hma(bars: BarColumns, *, period: int = 20) -> Expr:
    """Hull moving average (2005)."""
    half, root = period // 2, round(math.sqrt(period))
    return ex.wma(2.0 * ex.wma(bars.close, half) - ex.wma(bars.close, period), root)


@feature(family="averages", unit="fraction, unbounded", full=_DISTANCES)
def sma_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its simple moving average, minus one."""
    return _distance(bars, sma(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_DISTANCES)
def ema_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its exponential moving average, minus one."""
    return _distance(bars, ema(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_LEVELS[:1])
def wma_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its linearly weighted moving average, minus one."""
    return _distance(bars, wma(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=({"period": 10},))
def kama_distance(bars: BarColumns, *, period: int = 10) -> Expr:
    """Close over Kaufman's adaptive moving average, minus one."""
    return _distance(bars, kama(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_LEVELS[:1])
def hma_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its Hull moving average, minus one."""
    return _distance(bars, hma(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_LEVELS[:1])
def dema_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its double exponential moving average, minus one."""
    return _distance(bars, dema(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_LEVELS[:1])
def tema_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over its triple exponential moving average, minus one."""
    return _distance(bars, tema(bars, period=period))


@feature(family="averages", unit="fraction, unbounded", full=_LEVELS[:1])
def lsma_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close over the end of its least-squares line, minus one."""
    return _distance(bars, lsma(bars, period=period))
