"""Session features: the price against this session's and the last one's.

In the first session of a stream the first row stands for the open; from the next
session on every stream agrees.
"""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    carry,
    constant,
    lag,
    log,
    max_since,
    min_since,
    ratio,
    where,
)


def _at_open(bars: BarColumns, value: Expr) -> Expr:
    """Return the value that a column had on the session's first bar."""
    return carry(where(bars.new_session, value, constant(float("nan"))))


def _extremes(bars: BarColumns) -> tuple[Expr, Expr]:
    new = bars.new_session
    return max_since(bars.high, new), min_since(bars.low, new)


@feature(family="session", unit="log return, unbounded", columns=["session_return"])
def session_return(bars: BarColumns) -> Expr:
    """Logarithm of the close over the session's open."""
    return log(bars.close / _at_open(bars, bars.open))


@feature(
    family="session",
    unit=("fraction of close, >= 0", "0..1"),
    columns=["session_range", "session_position"],
)
def session_range(bars: BarColumns) -> tuple[Expr, Expr]:
    """Range of the session so far, over the close, and the place of the close in it.

    0.5 where the session has no range yet.
    """
    highest, lowest = _extremes(bars)
    height = highest - lowest
    place = ratio(bars.close - lowest, height, 0.5)
    return height / bars.close, place


@feature(
    family="session",
    unit="fraction of close, unbounded",
    columns=["session_last_high_distance", "session_last_low_distance"],
)
def session_last_extremes(bars: BarColumns) -> tuple[Expr, Expr]:
    """Close against the high and low of the session before, over the close.

    Undefined in the first session of a stream.
    """
    highest, lowest = (_at_open(bars, lag(x, 1)) for x in _extremes(bars))
    return (bars.close - highest) / bars.close, (bars.close - lowest) / bars.close
