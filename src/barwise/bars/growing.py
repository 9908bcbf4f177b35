"""A bar that is not complete yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from barwise.bars.bars import Bars, Row


@final
@dataclass(slots=True)
class GrowingBar:
    """A bar that is not complete, as plain numbers: one more row costs next to nothing."""

    end: int
    open_time: int
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    filled: bool
    roll: dict[str, Any]

    @classmethod
    def begin(cls, bars: Bars, end: int, open_time: int) -> GrowingBar:
        """Begin a bar with one row.

        Parameters
        ----------
        bars : Bars, one row
        end, open_time : int
            Of the bar, in nanoseconds UTC.
        """
        row = bars.row
        roll = {name: column.copy() for name, column in bars.roll_columns().items()}
        return cls(
            end,
            open_time,
            row.time,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.filled,
            roll,
        )

    def takes(self, row: Row) -> bool:
        """Whether a row, which lies in ``(open, close]`` of a session, belongs to it."""
        if row.session_time > self.end:
            return False
        return row.contract is None or row.contract == self.roll["contract"][0]

    def add(self, row: Row) -> None:
        """Take one more row, with the bits of the column-wise aggregation."""
        self.time, self.close = row.time, row.close
        # A NaN stays: no comparison with it is true.
        if row.high > self.high or row.high != row.high:
            self.high = row.high
        if row.low < self.low or row.low != row.low:
            self.low = row.low
        self.volume += row.volume
        self.filled &= row.filled
