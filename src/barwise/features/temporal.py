"""Temporal features: where in the day, the week and the session a bar lies.

They use the exchange's scheduled sessions only, which are known in advance.
"""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import clip, cos, sin


def _circle(value: Expr, period: float) -> tuple[Expr, Expr]:
    angle = value * (2.0 * math.pi / period)
    return sin(angle), cos(angle)


@feature(
    family="temporal", unit="-1..1", columns=["hour_sin", "hour_cos"], role="cyclic"
)
def hour(bars: BarColumns) -> tuple[Expr, Expr]:
    """Exchange-local time of day on a circle of 24 hours."""
    return _circle(bars.local_hour, 24.0)


@feature(
    family="temporal",
    unit="-1..1",
    columns=["dayofweek_sin", "dayofweek_cos"],
    role="cyclic",
)
def dayofweek(bars: BarColumns) -> tuple[Expr, Expr]:
    """Weekday of the session on a circle of 7 days: Sunday evening is Monday."""
    return _circle(bars.session_weekday, 7.0)


@feature(
    family="temporal", unit="0..1", columns=["session_progress"], role="probability"
)
def session_progress(bars: BarColumns) -> Expr:
    """Share of the session's scheduled length that has passed at the close."""
    return bars.minutes_since_open / bars.session_length


@feature(family="temporal", unit="hours, 0..6", columns=["session_hours_to_close"])
def session_hours_to_close(bars: BarColumns) -> Expr:
    """Hours to the session's scheduled close, at most 6."""
    return clip(bars.minutes_to_close / 60.0, upper=6.0)


@feature(family="temporal", unit="hours, 0..6", columns=["session_hours_since_open"])
def session_hours_since_open(bars: BarColumns) -> Expr:
    """Hours from the session's open to the bar's close, at most 6."""
    return clip(bars.minutes_since_open / 60.0, upper=6.0)


@feature(
    family="temporal",
    unit="0 or 1",
    columns=["session_first_hour", "session_last_hour"],
    role="binary",
)
def session_ends(bars: BarColumns) -> tuple[Expr, Expr]:
    """1 in the session's first and in its last scheduled hour."""
    return bars.minutes_since_open <= 60.0, bars.minutes_to_close < 60.0


@feature(family="temporal", unit="0 or 1", columns=["session_is_rth"], role="binary")
def session_is_rth(bars: BarColumns) -> Expr:
    """1 inside regular trading hours."""
    return bars.is_rth


@feature(
    family="temporal",
    unit="0 or 1",
    columns=["session_holiday_adjacent"],
    role="binary",
)
def session_holiday_adjacent(bars: BarColumns) -> Expr:
    """1 on a session next to an exchange holiday."""
    return bars.holiday_adjacent
