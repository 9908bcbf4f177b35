"""The input columns that a feature may use, as expressions.

Everything here is known at a bar's close. Calendar columns come from the exchange's
scheduled sessions, which are known in advance; nothing else may look ahead.
"""

from __future__ import annotations

from typing import final

from barwise.stream import Expr, column
from barwise.stream.expr import is_nan, lag, log, maximum, minimum, where

CALENDAR_COLUMNS = (
    "local_hour",
    "session_day",
    "session_weekday",
    "minutes_since_open",
    "minutes_to_close",
    "session_length",
    "is_rth",
    "holiday_adjacent",
)
"""Columns that need a session table; NaN for a bar outside every session."""


@final
class BarColumns:
    """What a feature function gets as ``bars``.

    ``open, high, low, close`` are prices, ``volume`` is as the source gives it. Over
    the rolls of a future, prices are on the scale of the first contract of the stream
    (see ``roll_adjustment`` of :class:`barwise.features.FeatureGraph`): what is anchored
    to a session, or left in price units, has that scale and not the traded one.
    """

    @property
    def open(self) -> Expr:
        """First price of the bar."""
        return column("open")

    @property
    def high(self) -> Expr:
        """Highest price of the bar."""
        return column("high")

    @property
    def low(self) -> Expr:
        """Lowest price of the bar."""
        return column("low")

    @property
    def close(self) -> Expr:
        """Last price of the bar."""
        return column("close")

    @property
    def volume(self) -> Expr:
        """Traded volume of the bar."""
        return column("volume")

    @property
    def log_high(self) -> Expr:
        """Logarithm of the high."""
        return log(self.high)

    @property
    def log_low(self) -> Expr:
        """Logarithm of the low."""
        return log(self.low)

    @property
    def log_close(self) -> Expr:
        """Logarithm of the close."""
        return log(self.close)

    @property
    def log_change(self) -> Expr:
        """Log return of one bar, close to close."""
        return log(self.close / self.previous_close)

    @property
    def previous_close(self) -> Expr:
        """Close of the bar before."""
        return lag(self.close, 1)

    @property
    def typical(self) -> Expr:
        """Mean of high, low and close."""
        return (self.high + self.low + self.close) / 3.0

    @property
    def median(self) -> Expr:
        """Middle of the bar's range."""
        return (self.high + self.low) / 2.0

    @property
    def true_range(self) -> Expr:
        """Range of the bar, the gap from the previous close included (Wilder, 1978)."""
        top = maximum(self.high, self.previous_close)
        return top - minimum(self.low, self.previous_close)

    @property
    def local_hour(self) -> Expr:
        """Exchange-local time of day at the close, in hours 0..24."""
        return column("local_hour")

    @property
    def session_weekday(self) -> Expr:
        """Weekday of the exchange's session day, Monday 0."""
        return column("session_weekday")

    @property
    def minutes_since_open(self) -> Expr:
        """Minutes from the session's open to the bar's close."""
        return column("minutes_since_open")

    @property
    def minutes_to_close(self) -> Expr:
        """Minutes from the bar's close to the session's scheduled close."""
        return column("minutes_to_close")

    @property
    def session_length(self) -> Expr:
        """Scheduled length of the session in minutes."""
        return column("session_length")

    @property
    def is_rth(self) -> Expr:
        """1 inside regular trading hours, else 0."""
        return column("is_rth")

    @property
    def holiday_adjacent(self) -> Expr:
        """1 on a session next to an exchange holiday, else 0."""
        return column("holiday_adjacent")

    @property
    def new_session(self) -> Expr:
        """1 on the first bar of a session day, else 0; the first row counts as one."""
        day = column("session_day")
        before = lag(day, 1)
        changed = where(day - before, 1.0, 0.0)
        return where(is_nan(before), where(is_nan(day), 0.0, 1.0), changed)
