"""A bar that is not complete yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from barwise.bars.bars import Bars


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
    def begin(cls, row: Bars, end: int, open_time: int) -> GrowingBar:
        """Begin a bar with one row.

        Parameters
        ----------
        row : Bars, one row
        end, open_time : int
            Of the bar, in nanoseconds UTC.
        """
        return cls(
            end,
            open_time,
            row.time.item(0),
            row.open.item(0),
            row.high.item(0),
            row.low.item(0),
            row.close.item(0),
            row.volume.item(0),
            row.filled.item(0),
            {name: column[:1].copy() for name, column in row.roll_columns().items()},
        )

    def takes(self, row: Bars, within: int) -> bool:
        """Whether a row, which lies in ``(open, close]`` at ``within``, belongs to it."""
        if within > self.end:
            return False
        return row.contract is None or row.contract.item(0) == self.roll["contract"][0]

    def add(self, row: Bars) -> None:
        """Take one more row, with the bits of the column-wise aggregation."""
        self.time, self.close = row.time.item(0), row.close.item(0)
        high, low = row.high.item(0), row.low.item(0)
        # A NaN stays: no comparison with it is true.
        if high > self.high or high != high:
            self.high = high
        if low < self.low or low != low:
            self.low = low
        self.volume += row.volume.item(0)
        self.filled &= row.filled.item(0)
