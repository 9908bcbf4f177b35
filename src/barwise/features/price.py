"""Price features: returns, ranges, gaps, the shape of a bar, fractional differences."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    carry,
    constant,
    diff,
    fir,
    lag,
    log,
    maximum,
    minimum,
    ratio,
    rolling_max,
    rolling_min,
    where,
)

_SPANS = tuple({"rows": n} for n in (1, 2, 3, 5, 10, 20, 60))


@feature(family="price", unit="fraction, >= -1", full=_SPANS, columns=["return_{rows}"])
def simple_return(bars: BarColumns, *, rows: int = 1) -> Expr:
    """Close over the close ``rows`` bars ago, minus one."""
    return bars.close / lag(bars.close, rows) - 1.0


@feature(family="price", unit="log return, unbounded", full=_SPANS)
def log_return(bars: BarColumns, *, rows: int = 1) -> Expr:
    """Natural logarithm of close over the close ``rows`` bars ago."""
    return log(bars.close / lag(bars.close, rows))


@feature(
    family="price",
    unit="log return, unbounded",
    columns=["log_return_high", "log_return_low"],
)
def log_return_extremes(bars: BarColumns) -> tuple[Expr, Expr]:
    """Logarithms of high and low over the previous close.

    With ``gap_open`` and ``log_return_1`` they are the whole bar without its level.
    """
    before = bars.previous_close
    return log(bars.high / before), log(bars.low / before)


@feature(family="price", unit="fraction of close, >= 0", columns=["range_pct"])
def bar_range(bars: BarColumns) -> Expr:
    """High minus low, over the close."""
    return (bars.high - bars.low) / bars.close


@feature(family="price", unit="0..1", columns=["close_location"])
def close_location(bars: BarColumns) -> Expr:
    """Place of the close inside the bar's range; 0.5 for a bar without range."""
    height = bars.high - bars.low
    return ratio(bars.close - bars.low, height, 0.5)


@feature(family="price", unit="-1..1", columns=["body_ratio"])
def body_ratio(bars: BarColumns) -> Expr:
    """Close minus open over the bar's range; 0 for a bar without range."""
    height = bars.high - bars.low
    return ratio(bars.close - bars.open, height)


@feature(family="price", unit="0..1", columns=["upper_wick_ratio", "lower_wick_ratio"])
def wick_ratio(bars: BarColumns) -> tuple[Expr, Expr]:
    """Share of the range above and below the body; 0 for a bar without range."""
    height = bars.high - bars.low
    upper = bars.high - maximum(bars.open, bars.close)
    lower = minimum(bars.open, bars.close) - bars.low
    return ratio(upper, height), ratio(lower, height)


@feature(family="price", unit="log return, unbounded", columns=["gap_open"])
def gap_open(bars: BarColumns) -> Expr:
    """Logarithm of the open over the previous close."""
    return log(bars.open / bars.previous_close)


@feature(family="price", unit="log return, unbounded", columns=["gap_session"])
def gap_session(bars: BarColumns) -> Expr:
    """Logarithm of the session's first open over the close before it.

    Known from the session's first bar on; the first session of a file has none.
    """
    jump = gap_open(bars)
    return carry(where(bars.new_session, jump, constant(float("nan"))))


@feature(
    family="price",
    unit="fraction of close, >= 0",
    full=({"rows": 20}, {"rows": 60}),
    columns=["high_distance_{rows}", "low_distance_{rows}"],
)
def extreme_distance(bars: BarColumns, *, rows: int = 20) -> tuple[Expr, Expr]:
    """Distance of the close from the highest high and lowest low of ``rows`` bars."""
    highest, lowest = rolling_max(bars.high, rows), rolling_min(bars.low, rows)
    return (highest - bars.close) / bars.close, (bars.close - lowest) / bars.close


@feature(
    family="price",
    unit="log return, unbounded",
    full=({"rows": 5},),
    columns=["acceleration_{rows}"],
)
def acceleration(bars: BarColumns, *, rows: int = 5) -> Expr:
    """Change of the ``rows``-bar log return over ``rows`` bars."""
    return diff(log_return(bars, rows=rows), rows)


def _fractional_weights(order: float, width: int) -> list[float]:
    """Weights of (1 - lag)^order, oldest first, cut off after ``width`` values."""
    weights = [1.0]
    for k in range(1, width):
        weights.append(-weights[-1] * (order - k + 1.0) / k)
    return weights[::-1]


@feature(
    family="price",
    unit="log price, unbounded",
    full=({"order": 0.3}, {"order": 0.6}),
    columns=["ffd_{order}_{width}"],
)
def ffd(bars: BarColumns, *, order: float = 0.4, width: int = 50) -> Expr:
    """Fractional difference of the log close, of fixed width (Lopez de Prado, 2018).

    Chapter 5 there: the weights of ``(1 - lag) ** order``, cut off after ``width``.
    What is cut off would leave a share of the price level in the column, so the price
    before the window counts as equal to the window's first one ("type II" of
    Marinucci and Robinson, 1999): the weights sum to 0 and no level remains.
    """
    weights = _fractional_weights(order, width)
    weights[0] -= sum(weights)
    return fir(bars.log_close, weights)


@feature(
    family="price",
    unit="price, unbounded",
    columns=["ffd_price_{order}_{width}"],
    price_units=True,
)
def ffd_price(bars: BarColumns, *, order: float = 0.4, width: int = 50) -> Expr:
    """Fractional difference of the close, of fixed width (Lopez de Prado, 2018, ch. 5).

    As in the book: the weights that are cut off leave a share of the level.
    """
    return fir(bars.close, _fractional_weights(order, width))
